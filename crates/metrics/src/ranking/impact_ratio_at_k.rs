//! Ratio of the groups' selection rates among the first k.
//!
//! ```text
//! min / max over groups of selection rate_g@k
//! ```
//!
//! The two groups are those between which the gap is largest; their means are taken over the jobs in which both have candidates, so that
//! long and short lists weigh on both sides alike. Gaps of opposite sign in single jobs cancel. Between 0 and 1; 1 is fair. Undefined with
//! fewer than two groups, when no job has candidates of two, or when nobody of the groups is among the first k.
//!
//! `demographic-parity-ratio` is the same for decisions by a threshold, over the pooled rows of all jobs; rules that ask for an impact
//! ratio mean those decisions.

use evenhand_catalog::{Card, Direction, Kind};

use crate::job_means::{self, Shape};
use crate::ranking::{RankingMetric, RankingNeeds, selection_rate_at_k};
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "impact-ratio-at-k",
    name: "Impact ratio at k",
    kind: Kind::Metric,
    summary: "Ratio of the lower to the higher share of two groups' candidates that reach the first k.",
    formula: "min / max over groups of the selection rate at k (means over jobs that have both)",
    fair_value: Some(1.0),
    range: "[0, 1]",
    direction: Direction::NearFair,
    source: "Standard",
    parameters: &[],
};

/// Impact ratio at k.
#[derive(Debug)]
pub(crate) struct ImpactRatioAtK;

impl RankingMetric for ImpactRatioAtK {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> RankingNeeds {
        RankingNeeds::Groups
    }

    fn measure(&self, rankings: &Rankings, k: Option<usize>, plan: Option<&IntervalPlan>) -> Finding {
        job_means::gap(CARD.id, Shape::Ratio, rankings, k, plan, selection_rate_at_k::of_groups)
    }
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::evaluate;
    use crate::ranking::tests::lists;

    #[test]
    fn the_lower_rate_over_the_higher() {
        let (sizes, groups) = lists(&["ab?b", "bba"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap();
        let finding = evaluate(&["impact-ratio-at-k"], &rankings, Some(2), None).unwrap().remove(0);
        assert_eq!(finding.estimate.number(), Some(2.0 / 3.0));
        assert_eq!(finding.largest_pair, Some(("a".to_owned(), "b".to_owned())));
        let nobody = evaluate(&["impact-ratio-at-k"], &Rankings::new(&[3], &lists(&["?ab"]).1).unwrap(), Some(1), None).unwrap().remove(0);
        assert_eq!(nobody.estimate.reason(), Some("the highest mean is 0"));
    }
}
