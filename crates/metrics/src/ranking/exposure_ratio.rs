//! Ratio of the groups' exposures.
//!
//! ```text
//! min / max over groups of exposure_g@k
//! ```
//!
//! The two groups are those between which the gap is largest; their means are taken over the jobs in which both have candidates, so that
//! long and short lists weigh on both sides alike. Gaps of opposite sign in single jobs cancel. Between 0 and 1; 1 is fair. Undefined with
//! fewer than two groups, when no job has candidates of two, or when the higher exposure is 0.
//!
//! Source: Singh and Joachims 2018, disparate treatment ratio with equal merit; folded so that it does not depend on which group comes
//! first.

use evenhand_catalog::{Card, Direction, Kind};

use crate::job_means::{self, Shape};
use crate::ranking::{RankingMetric, RankingNeeds, exposure};
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "exposure-ratio",
    name: "Exposure ratio",
    kind: Kind::Metric,
    summary: "Ratio of the lower to the higher mean attention per candidate of two groups.",
    formula: "min / max over groups of exposure at k (means over jobs that have both)",
    fair_value: Some(1.0),
    range: "[0, 1]",
    direction: Direction::NearFair,
    source: "Singh and Joachims 2018, section 4.2, with equal merit",
    parameters: &[],
};

/// Exposure ratio.
#[derive(Debug)]
pub(crate) struct ExposureRatio;

impl RankingMetric for ExposureRatio {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> RankingNeeds {
        RankingNeeds::Groups
    }

    fn measure(&self, rankings: &Rankings, k: Option<usize>, plan: Option<&IntervalPlan>) -> Finding {
        job_means::gap(CARD.id, Shape::Ratio, rankings, k, plan, exposure::of_groups)
    }
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::evaluate;
    use crate::ranking::tests::lists;

    #[test]
    fn the_lower_exposure_over_the_higher() {
        let (sizes, groups) = lists(&["ab?b", "bba"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap();
        let finding = evaluate(&["exposure-ratio"], &rankings, Some(3), None).unwrap().remove(0);
        let second = 1.0 / 3.0_f64.log2();
        let (a, b) = (1.5 / 2.0, 0.5 * (second / 2.0 + 0.5 * (1.0 + second)));
        assert!((finding.estimate.number().unwrap() - b / a).abs() < 1e-15);
        assert_eq!(finding.largest_pair, Some(("b".to_owned(), "a".to_owned())));
    }
}
