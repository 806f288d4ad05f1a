//! Share of each group among the first k: what the shortlist looks like.
//!
//! ```text
//! share_g@k = candidates of group g among the first k / candidates of known group among the first k
//! ```
//!
//! The shares of a job add up to 1; means over jobs by group, where a job without candidates of a group counts with its 0. The summary is
//! the mean over jobs of the largest share. It describes: whether a share is too small depends on the pool (`selection-rate-at-k`) or on
//! what is wanted (`skew`). Undefined in a job without a candidate of known group among the first k.
//!
//! `selection-share` is the same for decisions by a threshold.

use evenhand_catalog::{Card, Direction, Kind};

use crate::job_means::{self, NOBODY_KNOWN, Value};
use crate::ranking::{RankingMetric, RankingNeeds};
use crate::rankings::Job;
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "share-at-k",
    name: "Share at k",
    kind: Kind::Metric,
    summary: "Share of each group among the first k of a list; summary: the largest share.",
    formula: "candidates of g among the first k / candidates of known group among the first k, mean over jobs; summary: mean over jobs of the largest",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Describes,
    source: "Standard",
    parameters: &[],
};

/// Share among the first k.
#[derive(Debug)]
pub(crate) struct ShareAtK;

impl RankingMetric for ShareAtK {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> RankingNeeds {
        RankingNeeds::Groups
    }

    fn measure(&self, rankings: &Rankings, k: Option<usize>, plan: Option<&IntervalPlan>) -> Finding {
        job_means::by_group(CARD.id, rankings, k, plan, of_groups)
    }
}

fn of_groups(job: &Job, slots: &mut [Value]) {
    let counts = job.counts(job.top());
    let known: usize = counts.iter().sum();
    if known == 0 {
        slots.fill(Err(NOBODY_KNOWN));
        return;
    }
    let largest = counts.iter().copied().max().unwrap_or(0);
    slots.iter_mut().zip(counts.into_iter().chain([largest])).for_each(|(slot, count)| *slot = Ok(count as f64 / known as f64));
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::evaluate;
    use crate::ranking::tests::lists;

    #[test]
    fn shares_are_of_the_known_and_add_up_to_one() {
        let (sizes, groups) = lists(&["aa?ab", "aaaab", "aaaa"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap();
        let finding = evaluate(&["share-at-k"], &rankings, Some(5), None).unwrap().remove(0);
        let found: Vec<f64> = finding.by_group.iter().map(|group| group.estimate.number().unwrap()).collect();
        assert!((found[0] - (0.75 + 0.8 + 1.0) / 3.0).abs() < 1e-15 && (found[1] - (0.25 + 0.2) / 3.0).abs() < 1e-15);
        assert_eq!(finding.estimate.number(), Some(found[0]));
    }
}
