//! Small lists for the tests.

use std::collections::BTreeMap;

use evenhand_catalog::{Parameters, Value, find};
use evenhand_rerank::{RERANKERS, Ranking, Reason, Reranker, Shares, Shortlist};
use evenhand_rows::UNKNOWN;

/// A list with its columns.
pub(crate) struct List {
    pub(crate) scores: Vec<f64>,
    pub(crate) groups: Vec<u32>,
    pub(crate) levels: Vec<String>,
}

/// Levels are letters; `-` is a candidate of unknown group.
pub(crate) fn list(levels: &str, candidates: &[(char, f64)]) -> List {
    let code = |group: char| levels.chars().position(|level| level == group).map_or(UNKNOWN, |code| code as u32);
    List {
        scores: candidates.iter().map(|(_, score)| *score).collect(),
        groups: candidates.iter().map(|(group, _)| code(*group)).collect(),
        levels: levels.chars().map(String::from).collect(),
    }
}

impl List {
    pub(crate) fn shortlist(&self) -> Shortlist<'_> {
        Shortlist::new(&self.scores, &self.groups, &self.levels).unwrap()
    }

    /// Of methods as their papers write them; `kept.rs` tests what is added to them.
    pub(crate) fn shares(&self, shares: &[f64]) -> Shares {
        Shares::in_order(&self.levels, shares.to_vec()).unwrap().as_published()
    }

    pub(crate) fn rank(&self, id: &str, shares: &[f64], length: usize) -> Ranking {
        method(id, &[]).rerank(&self.shortlist(), &self.shares(shares), length, 1).unwrap()
    }

    /// The candidates as `a0 b0 a1`: group, and the how manyth of it in the pool by position.
    pub(crate) fn names(&self, ranking: &Ranking) -> String {
        let name = |candidate: usize| {
            let group = self.groups[candidate];
            let earlier = self.groups[..candidate].iter().filter(|other| **other == group).count();
            format!("{}{earlier}", self.levels.get(group as usize).map_or("-", String::as_str))
        };
        ranking.places.iter().map(|place| name(place.candidate)).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn reasons(&self, ranking: &Ranking) -> Vec<String> {
        ranking.places.iter().map(|place| Reason::text(&place.reason, &self.levels)).collect()
    }
}

/// All lists of up to `longest` candidates of three groups, as the groups in the order of the scores.
pub(crate) fn all_lists(longest: u32) -> impl Iterator<Item = Vec<usize>> {
    (0..=longest).flat_map(|size| (0..3_usize.pow(size)).map(move |code| (0..size).map(|digit| code / 3_usize.pow(digit) % 3).collect()))
}

/// A list with falling scores; every third score ties with the one before, so that the order of the list decides.
pub(crate) fn with_scores(groups: &[usize], levels: usize) -> List {
    List {
        scores: (0..groups.len()).map(|rank| if rank % 3 == 2 { 1.0 - (rank - 1) as f64 } else { 1.0 - rank as f64 }).collect(),
        groups: groups.iter().map(|&group| group as u32).collect(),
        levels: (0..levels).map(|group| format!("g{group}")).collect(),
    }
}

pub(crate) fn ranks(ranking: &Ranking) -> Vec<usize> {
    ranking.places.iter().map(|place| place.candidate).collect()
}

pub(crate) fn method(id: &str, parameters: &[(&str, Value)]) -> Box<dyn Reranker> {
    let given: BTreeMap<String, Value> = parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let entry = find(RERANKERS, id).unwrap();
    (entry.build)(&Parameters::resolve(entry.card, &given).unwrap()).unwrap()
}
