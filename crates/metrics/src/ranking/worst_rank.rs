//! The last place that a candidate of each group holds.
//!
//! ```text
//! worst rank_g = max over the candidates of group g of rank        rank 1 = best, over the whole pool, whatever k
//! ```
//!
//! Between 1 and the number of candidates. Means over jobs by group; the summary is the last place of all. It grows with the size of a
//! group also where chance ranks: compare it before and after a re-ranking. A job without candidates of a group says nothing about it.

use evenhand_catalog::{Card, Direction, Kind};

use crate::job_means::{self, Value};
use crate::ranking::{RankingMetric, RankingNeeds};
use crate::rankings::Job;
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "worst-rank",
    name: "Worst rank",
    kind: Kind::Metric,
    summary: "The last place that a candidate of each group holds in the whole list.",
    formula: "max over the candidates of g of rank, mean over jobs; summary: over all candidates",
    fair_value: None,
    range: "[1, candidates]",
    direction: Direction::Describes,
    source: "Standard",
    parameters: &[],
};

/// Worst rank by group.
#[derive(Debug)]
pub(crate) struct WorstRank;

impl RankingMetric for WorstRank {
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

/// Worst rank of each group in a job.
pub(crate) fn of_groups(job: &Job, slots: &mut [Value]) {
    for (place, &code) in job.groups.iter().enumerate() {
        let rank = Ok((place + 1) as f64);
        slots[job.levels] = rank;
        if let Some(group) = job.known(code) {
            slots[group] = rank;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::evaluate;
    use crate::ranking::tests::lists;

    #[test]
    fn the_last_place_of_each() {
        let (sizes, groups) = lists(&["ab?b", "ba"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap();
        let finding = evaluate(&["worst-rank"], &rankings, Some(1), None).unwrap().remove(0);
        let found: Vec<f64> = finding.by_group.iter().map(|group| group.estimate.number().unwrap()).collect();
        assert_eq!((found, finding.estimate.number()), (vec![1.5, 2.5], Some(3.0)));
    }
}
