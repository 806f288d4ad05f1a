//! Reciprocal of the rank of each group's best candidate.
//!
//! ```text
//! reciprocal rank_g@k = 1 / rank of the first candidate of group g, 0 if that is behind k
//! ```
//!
//! Between 0 and 1. Means over jobs by group (the mean reciprocal rank, MRR, of a group); the summary is that of all candidates, which is
//! 1. A job without candidates of a group says nothing about it.
//!
//! Source: Voorhees 1999, with "a candidate of the group" for "a correct answer".

use evenhand_catalog::{Card, Direction, Kind};

use crate::job_means::{self, Value};
use crate::ranking::{RankingMetric, RankingNeeds};
use crate::rankings::Job;
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "reciprocal-rank",
    name: "Reciprocal rank",
    kind: Kind::Metric,
    summary: "Reciprocal of the rank of each group's best candidate, 0 if that stands behind the first k.",
    formula: "1 / rank of the first candidate of g, 0 behind rank k; mean over jobs",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Describes,
    source: "Voorhees 1999, by group",
    parameters: &[],
};

/// Reciprocal rank by group.
#[derive(Debug)]
pub(crate) struct ReciprocalRank;

impl RankingMetric for ReciprocalRank {
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

/// Reciprocal rank of each group in a job.
pub(crate) fn of_groups(job: &Job, slots: &mut [Value]) {
    for (place, &code) in job.groups.iter().enumerate().rev() {
        let reciprocal = Ok(if place < job.k { 1.0 / (place + 1) as f64 } else { 0.0 });
        slots[job.levels] = reciprocal;
        if let Some(group) = job.known(code) {
            slots[group] = reciprocal;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::evaluate;
    use crate::ranking::tests::lists;

    #[test]
    fn the_best_of_each_group_within_the_first_k() {
        let (sizes, groups) = lists(&["ab?b", "ba"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap();
        let finding = evaluate(&["reciprocal-rank"], &rankings, Some(1), None).unwrap().remove(0);
        let found: Vec<f64> = finding.by_group.iter().map(|group| group.estimate.number().unwrap()).collect();
        assert_eq!((found, finding.estimate.number()), (vec![0.5, 0.5], Some(1.0)));
        let finding = evaluate(&["reciprocal-rank"], &rankings, None, None).unwrap().remove(0);
        assert!(finding.by_group.iter().all(|group| group.estimate.number() == Some(0.75)));
    }
}
