//! Difference between the last places that the groups hold.
//!
//! ```text
//! max - min over groups of worst rank_g        over the whole pool, whatever k
//! ```
//!
//! The two groups are those between which the gap is largest; their means are taken over the jobs in which both have candidates, so that
//! long and short lists weigh on both sides alike. Gaps of opposite sign in single jobs cancel. 0 would be equal; below the number of
//! candidates. Groups of unequal size differ also where chance ranks. Undefined with fewer than two groups, or when no job has candidates
//! of two.

use evenhand_catalog::{Card, Direction, Kind};

use crate::job_means::{self, Shape};
use crate::ranking::{RankingMetric, RankingNeeds, worst_rank};
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "worst-rank-difference",
    name: "Worst rank difference",
    kind: Kind::Metric,
    summary: "By how many places the last places of two groups differ.",
    formula: "max - min over groups of the worst rank (means over jobs that have both)",
    fair_value: Some(0.0),
    range: "[0, candidates - 1]",
    direction: Direction::Lower,
    source: "Standard",
    parameters: &[],
};

/// Worst rank difference.
#[derive(Debug)]
pub(crate) struct WorstRankDifference;

impl RankingMetric for WorstRankDifference {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> RankingNeeds {
        RankingNeeds::Groups
    }

    fn measure(&self, rankings: &Rankings, k: Option<usize>, plan: Option<&IntervalPlan>) -> Finding {
        job_means::gap(CARD.id, Shape::Difference, rankings, k, plan, worst_rank::of_groups)
    }
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::evaluate;
    use crate::ranking::tests::lists;

    #[test]
    fn the_last_places_are_compared() {
        let (sizes, groups) = lists(&["ab?b", "bba"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap();
        let finding = evaluate(&["worst-rank-difference"], &rankings, Some(3), None).unwrap().remove(0);
        // Job 1: a 1, b 4. Job 2: a 3, b 2.
        assert_eq!(finding.estimate.number(), Some(1.0));
        assert_eq!(finding.largest_pair, Some(("b".to_owned(), "a".to_owned())));
    }
}
