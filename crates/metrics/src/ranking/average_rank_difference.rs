//! Difference between the groups' average ranks, in places.
//!
//! ```text
//! max - min over groups of average rank_g        over the whole pool, whatever k
//! ```
//!
//! The two groups are those between which the gap is largest; their means are taken over the jobs in which both have candidates, so that
//! long and short lists weigh on both sides alike. Gaps of opposite sign in single jobs cancel. 0 is fair; below the number of candidates.
//! Undefined with fewer than two groups, or when no job has candidates of two. The group named first has the higher, that is the worse,
//! rank.

use evenhand_catalog::{Card, Direction, Kind};

use crate::job_means::{self, Shape};
use crate::ranking::{RankingMetric, RankingNeeds, average_rank};
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "average-rank-difference",
    name: "Average rank difference",
    kind: Kind::Metric,
    summary: "By how many places the average ranks of two groups differ.",
    formula: "max - min over groups of the average rank (means over jobs that have both)",
    fair_value: Some(0.0),
    range: "[0, candidates - 1]",
    direction: Direction::Lower,
    source: "Standard",
    parameters: &[],
};

/// Average rank difference.
#[derive(Debug)]
pub(crate) struct AverageRankDifference;

impl RankingMetric for AverageRankDifference {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> RankingNeeds {
        RankingNeeds::Groups
    }

    fn measure(&self, rankings: &Rankings, k: Option<usize>, plan: Option<&IntervalPlan>) -> Finding {
        job_means::gap(CARD.id, Shape::Difference, rankings, k, plan, average_rank::of_groups)
    }
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::evaluate;
    use crate::ranking::tests::lists;

    #[test]
    fn the_worse_rank_comes_first() {
        let (sizes, groups) = lists(&["ab?b", "bba"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap();
        let finding = evaluate(&["average-rank-difference"], &rankings, Some(3), None).unwrap().remove(0);
        // Job 1: a 1, b 3. Job 2: a 3, b 1.5.
        assert_eq!(finding.estimate.number(), Some(0.25));
        assert_eq!(finding.largest_pair, Some(("b".to_owned(), "a".to_owned())));
    }
}
