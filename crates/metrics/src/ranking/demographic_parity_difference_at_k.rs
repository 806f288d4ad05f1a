//! Difference between the groups' selection rates among the first k.
//!
//! ```text
//! max - min over groups of selection rate_g@k
//! ```
//!
//! The two groups are those between which the gap is largest; their means are taken over the jobs in which both have candidates, so that
//! long and short lists weigh on both sides alike. Gaps of opposite sign in single jobs cancel. 0 is fair; at most 1. Undefined with fewer
//! than two groups, or when no job has candidates of two.
//!
//! `demographic-parity-difference` is the same for decisions by a threshold, over the pooled rows of all jobs.

use evenhand_catalog::{Card, Direction, Kind};

use crate::job_means::{self, Shape};
use crate::ranking::{RankingMetric, RankingNeeds, selection_rate_at_k};
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "demographic-parity-difference-at-k",
    name: "Demographic parity difference at k",
    kind: Kind::Metric,
    summary: "Difference between the shares of the groups' candidates that reach the first k.",
    formula: "max - min over groups of the selection rate at k (means over jobs that have both)",
    fair_value: Some(0.0),
    range: "[0, 1]",
    direction: Direction::Lower,
    source: "Standard",
    parameters: &[],
};

/// Demographic parity difference at k.
#[derive(Debug)]
pub(crate) struct DemographicParityDifferenceAtK;

impl RankingMetric for DemographicParityDifferenceAtK {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> RankingNeeds {
        RankingNeeds::Groups
    }

    fn measure(&self, rankings: &Rankings, k: Option<usize>, plan: Option<&IntervalPlan>) -> Finding {
        job_means::gap(CARD.id, Shape::Difference, rankings, k, plan, selection_rate_at_k::of_groups)
    }
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::evaluate;
    use crate::ranking::tests::lists;

    #[test]
    fn rates_are_means_over_jobs() {
        let (sizes, groups) = lists(&["ab?b", "bba"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap();
        let finding = evaluate(&["demographic-parity-difference-at-k"], &rankings, Some(2), None).unwrap().remove(0);
        // First 2. Job 1: a 1, b 1/2. Job 2: a 0, b 1.
        assert_eq!(finding.estimate.number(), Some(0.25));
        assert_eq!(finding.largest_pair, Some(("b".to_owned(), "a".to_owned())));
    }
}
