//! Difference between the groups' exposures.
//!
//! ```text
//! max - min over groups of exposure_g@k
//! ```
//!
//! The two groups are those between which the gap is largest; their means are taken over the jobs in which both have candidates, so that
//! long and short lists weigh on both sides alike. Gaps of opposite sign in single jobs cancel. Between 0 and 1; 0 is fair. Undefined with
//! fewer than two groups, or when no job has candidates of two.
//!
//! Source: Singh and Joachims 2018, demographic parity constraint, as a difference.

use evenhand_catalog::{Card, Direction, Kind};

use crate::job_means::{self, Shape};
use crate::ranking::{RankingMetric, RankingNeeds, exposure};
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "exposure-difference",
    name: "Exposure difference",
    kind: Kind::Metric,
    summary: "Difference between the groups' mean attention per candidate.",
    formula: "max - min over groups of exposure at k (means over jobs that have both)",
    fair_value: Some(0.0),
    range: "[0, 1]",
    direction: Direction::Lower,
    source: "Singh and Joachims 2018, section 4.1",
    parameters: &[],
};

/// Exposure difference.
#[derive(Debug)]
pub(crate) struct ExposureDifference;

impl RankingMetric for ExposureDifference {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> RankingNeeds {
        RankingNeeds::Groups
    }

    fn measure(&self, rankings: &Rankings, k: Option<usize>, plan: Option<&IntervalPlan>) -> Finding {
        job_means::gap(CARD.id, Shape::Difference, rankings, k, plan, exposure::of_groups)
    }
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::evaluate;
    use crate::ranking::tests::lists;

    #[test]
    fn means_are_compared_and_not_gaps_averaged() {
        let (sizes, groups) = lists(&["ab?b", "bba"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap();
        let finding = evaluate(&["exposure-difference"], &rankings, Some(3), None).unwrap().remove(0);
        let second = 1.0 / 3.0_f64.log2();
        // Job 1: a 1, b half of the second place. Job 2: a 1/2, b half of the first two.
        let (a, b) = (1.5 / 2.0, 0.5 * (second / 2.0 + 0.5 * (1.0 + second)));
        assert!((finding.estimate.number().unwrap() - (a - b)).abs() < 1e-15);
        assert_eq!((finding.n, finding.largest_pair), (2, Some(("a".to_owned(), "b".to_owned()))));
    }
}
