//! SPDD of ranks: the demographic-parity gap averaged over all selection rates.
//!
//! ```text
//! W1(r of a, r of b)     r = (rows that score less + half of those that score the same) / rows, among everybody who is scored; weighted
//! E over q ~ U[0, 1] of |P(among the best q | a) - P(among the best q | b)|     the same number where no two score alike
//! ```
//!
//! Only the order of the scores enters, so that no scorer gets nearer to 0 by giving everybody nearly the same score: whatever keeps the order keeps the number. What
//! a shortlist of any length would show, where SPDD says what any threshold would. Equal scores share the middle of their ranks. Of two groups of which one scores
//! higher everywhere it is ROC AUC of the group by the score, less one half. Fair value 0; most .5 for two groups of any size, below 1 for the farthest two of several. Undefined with
//! fewer than two groups.
//!
//! Intervals and p-values take the ranks among everybody as given, and leave out what a row's rank is off by sampling. Their coverage has not been measured.
//!
//! Source: ranks as in Mann and Whitney 1947; the mean over thresholds of Kim et al. 2023, Eq. 5, taken over selection rates, as by Jiang et al. 2020 for scores.

use std::sync::Arc;

use evenhand_catalog::{Card, Direction, Kind};

use crate::gaps::{self, Marginal, Shape};
use crate::sample::{Sample, Samples};
use crate::{Conventions, Definition, Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "rank-spdd",
    name: "Rank SPDD",
    kind: Kind::Metric,
    summary: "Demographic-parity gap averaged over all selection rates: SPDD of the ranks, which no shrinking of the scores moves.",
    formula: "E over q ~ U[0,1] of |P(among the best q | a) - P(among the best q | b)| = W1(ranks of a, ranks of b)",
    fair_value: Some(0.0),
    range: "[0, 1]",
    direction: Direction::Lower,
    source: "Kim et al. 2023, Eq. 5, on ranks; Mann and Whitney 1947",
    parameters: &[],
};

/// Rank SPDD.
#[derive(Debug)]
pub(crate) struct RankSpdd;

impl Metric for RankSpdd {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::Scores
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        let conventions = Conventions { definition: Definition::Exact, ..outcomes.conventions.clone() };
        let ranked = outcomes.with_samples(conventions, Arc::new(ranked(outcomes.samples())));
        gaps::measure(&GAP, &ranked, plan)
    }
}

const GAP: Marginal = Marginal { id: CARD.id, follows_grid: false, shape: Shape::Area, between: |pair| Ok(pair.area().into()) };

/// The same samples with ranks for scores.
fn ranked(samples: &Samples) -> Samples {
    let (pooled, apart) = pooled(samples);
    let total: f64 = pooled.iter().map(|(_, weight)| weight).sum();
    // Distinct scores, and the rank that each has.
    let (mut scores, mut ranks) = (Vec::new(), Vec::new());
    let (mut start, mut below) = (0, 0.0);
    while start < pooled.len() {
        let first = pooled[start].0;
        let end = start + pooled[start..].iter().take_while(|(score, _)| score - first <= apart).count();
        let tied: f64 = pooled[start..end].iter().map(|(_, weight)| weight).sum();
        scores.push(first);
        ranks.push((below + tied / 2.0) / total);
        below += tied;
        start = end;
    }
    let of = |sample: &Sample| {
        let mut at = 0;
        let rank = |score: &f64| {
            while scores.get(at + 1).is_some_and(|next| next <= score) {
                at += 1;
            }
            ranks[at]
        };
        sample.with_scores(sample.scores.iter().map(rank).collect())
    };
    Samples { groups: samples.groups.iter().map(of).collect(), all: of(&samples.all) }
}

/// The scores of everybody in ascending order with their weights, and how far apart equal ones may be.
fn pooled(samples: &Samples) -> (Vec<(f64, f64)>, f64) {
    let entries = |sample: &Sample| sample.scores.iter().copied().zip(sample.weights.iter().copied()).collect::<Vec<(f64, f64)>>();
    if samples.all.has_rows() {
        return (entries(&samples.all), 0.0);
    }
    // Of sums every group has its own means of the same scores, and equal scores give means that differ by rounding.
    let mut pooled: Vec<(f64, f64)> = samples.groups.iter().flat_map(entries).collect();
    pooled.sort_by(|one, other| one.0.total_cmp(&other.0));
    let range = pooled.first().zip(pooled.last()).map_or(0.0, |(first, last)| last.0 - first.0);
    (pooled, 1e-12 * range)
}

#[cfg(test)]
mod tests {
    use evenhand_rows::Groups;

    use super::*;

    fn of(scores: &[f64], groups: &[&str], weights: Option<&[f64]>) -> f64 {
        let groups = Groups::from_texts("g", groups.iter().map(|group| Some(*group)));
        let mut outcomes = Outcomes::new(scores, &groups).unwrap();
        if let Some(weights) = weights {
            outcomes = outcomes.weights(weights).unwrap();
        }
        RankSpdd.measure(&outcomes, None).estimate.number().unwrap()
    }

    #[test]
    fn four_rows_by_hand() {
        // Ranks 1/8, 3/8, 5/8, 7/8: b b a a are apart by one half.
        assert_eq!(of(&[0.9, 0.8, 0.1, 0.2], &["a", "a", "b", "b"], None), 0.5);
        // a b a b: by two times an eighth and once more, in the middle.
        assert_eq!(of(&[0.1, 0.2, 0.3, 0.4], &["a", "b", "a", "b"], None), 0.25);
        // All alike: one rank.
        assert_eq!(of(&[0.7; 4], &["a", "a", "b", "b"], None), 0.0);
        // A row that counts twice is two rows.
        let doubled = of(&[0.1, 0.2, 0.3, 0.3, 0.4], &["a", "b", "a", "a", "b"], None);
        assert!((of(&[0.1, 0.2, 0.3, 0.4], &["a", "b", "a", "b"], Some(&[1.0, 1.0, 2.0, 1.0])) - doubled).abs() < 1e-15);
    }

    #[test]
    fn a_group_above_the_other_has_auc_less_one_half() {
        let scores = [0.1, 0.15, 0.2, 0.3, 0.35, 0.4, 0.5];
        let groups = ["b", "b", "a", "b", "a", "b", "a"];
        // Pairs of an a above a b: 2 + 3 + 4 of 12.
        assert!((of(&scores, &groups, None) - (9.0 / 12.0 - 0.5)).abs() < 1e-15);
    }

    #[test]
    fn sums_of_tied_scores_give_the_same() {
        let scores: Vec<f64> = (0..300_u32).map(|row| f64::from(1 + row * row % 5) / 7.0).collect();
        let levels = ["a", "b", "c"].map(str::to_owned);
        let codes: Vec<u32> = (0..300).map(|row| (row * 7 + row / 11) % 3).collect();
        let mut tally = crate::Tally::new(&levels, Conventions::default(), 1 << 12);
        tally.add(&scores, None, None, &codes).unwrap();
        let findings = tally.findings(None).unwrap();
        let told = findings.iter().find(|finding| finding.metric == CARD.id).unwrap().estimate.number().unwrap();
        let names: Vec<&str> = codes.iter().map(|&code| levels[code as usize].as_str()).collect();
        assert!((told - of(&scores, &names, None)).abs() < 1e-12);
    }

    #[test]
    fn shrunk_scores_keep_it() {
        let scores: Vec<f64> = (0..60_u32).map(|row| f64::from(row * row % 61) / 61.0).collect();
        let groups: Vec<&str> = (0..60).map(|row| ["a", "b", "c"][row * row % 3 + usize::from(row % 7 == 0)]).collect();
        let shrunk: Vec<f64> = scores.iter().map(|score| 0.5 + (score - 0.5) / 50.0).collect();
        assert!((of(&scores, &groups, None) - of(&shrunk, &groups, None)).abs() < 1e-12);
    }
}
