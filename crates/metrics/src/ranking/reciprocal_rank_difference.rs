//! Difference between the mean reciprocal ranks of the groups' best candidates.
//!
//! ```text
//! max - min over groups of reciprocal rank_g@k
//! ```
//!
//! The two groups are those between which the gap is largest; their means are taken over the jobs in which both have candidates, so that
//! long and short lists weigh on both sides alike. Gaps of opposite sign in single jobs cancel. 0 is fair; at most 1. Undefined with fewer
//! than two groups, or when no job has candidates of two.
//!
//! Source: Voorhees 1999 for the reciprocal rank; its parity over groups is our reading.

use evenhand_catalog::{Card, Direction, Kind};

use crate::job_means::{self, Shape};
use crate::ranking::{RankingMetric, RankingNeeds, reciprocal_rank};
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "reciprocal-rank-difference",
    name: "Reciprocal rank difference",
    kind: Kind::Metric,
    summary: "Difference between the mean reciprocal ranks of the groups' best candidates.",
    formula: "max - min over groups of the mean reciprocal rank (means over jobs that have both)",
    fair_value: Some(0.0),
    range: "[0, 1]",
    direction: Direction::Lower,
    source: "Voorhees 1999, by group",
    parameters: &[],
};

/// Reciprocal rank difference.
#[derive(Debug)]
pub(crate) struct ReciprocalRankDifference;

impl RankingMetric for ReciprocalRankDifference {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> RankingNeeds {
        RankingNeeds::Groups
    }

    fn measure(&self, rankings: &Rankings, k: Option<usize>, plan: Option<&IntervalPlan>) -> Finding {
        job_means::gap(CARD.id, Shape::Difference, rankings, k, plan, reciprocal_rank::of_groups)
    }
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::evaluate;
    use crate::ranking::tests::lists;

    #[test]
    fn the_best_places_are_compared() {
        let (sizes, groups) = lists(&["ab?b", "bba"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap();
        let finding = evaluate(&["reciprocal-rank-difference"], &rankings, Some(3), None).unwrap().remove(0);
        // Job 1: a 1, b 1/2. Job 2: a 1/3, b 1.
        assert!((finding.estimate.number().unwrap() - (1.5 - 4.0 / 3.0) / 2.0).abs() < 1e-15);
        assert_eq!(finding.largest_pair, Some(("b".to_owned(), "a".to_owned())));
    }
}
