//! Share of each group's candidates that reach the first k places.
//!
//! ```text
//! selection rate_g@k = candidates of group g among the first k / candidates of group g in the pool
//! ```
//!
//! Between 0 and 1. Means over jobs by group; the summary is the rate of all candidates, unknown ones among them: min(k, n) / n. A job
//! without candidates of a group says nothing about it. Each job weighs the same; `selection-rate` on decisions pools the rows of all jobs.

use evenhand_catalog::{Card, Direction, Kind};

use crate::job_means::{self, Value};
use crate::ranking::{RankingMetric, RankingNeeds};
use crate::rankings::Job;
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "selection-rate-at-k",
    name: "Selection rate at k",
    kind: Kind::Metric,
    summary: "Share of each group's candidates that reach the first k places.",
    formula: "candidates of g among the first k / candidates of g, mean over jobs; summary: over all candidates",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Describes,
    source: "Standard",
    parameters: &[],
};

/// Selection rate at k.
#[derive(Debug)]
pub(crate) struct SelectionRateAtK;

impl RankingMetric for SelectionRateAtK {
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

/// Selection rate of each group in a job.
pub(crate) fn of_groups(job: &Job, slots: &mut [Value]) {
    job.mean_by_group(slots, |place| f64::from(u8::from(place < job.k)));
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::evaluate;
    use crate::ranking::tests::lists;

    #[test]
    fn the_first_k_of_a_group() {
        let (sizes, groups) = lists(&["ab?b", "ba"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap();
        let finding = evaluate(&["selection-rate-at-k"], &rankings, Some(2), None).unwrap().remove(0);
        let found: Vec<f64> = finding.by_group.iter().map(|group| group.estimate.number().unwrap()).collect();
        assert_eq!((found, finding.estimate.number()), (vec![1.0, 0.75], Some(0.75)));
    }
}
