//! Mean rank of each group's candidates.
//!
//! ```text
//! average rank_g = 1/n_g sum over the candidates of group g of rank        rank 1 = best, over the whole pool, whatever k
//! ```
//!
//! Between 1 and the number of candidates. Means over jobs by group; the summary is the mean rank of all candidates, (n + 1) / 2, beside
//! which the groups are read. A job without candidates of a group says nothing about it.
//!
//! Source: standard; FairRankTune's ARP counts from 0.

use evenhand_catalog::{Card, Direction, Kind};

use crate::job_means::{self, Value};
use crate::ranking::{RankingMetric, RankingNeeds};
use crate::rankings::Job;
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "average-rank",
    name: "Average rank",
    kind: Kind::Metric,
    summary: "Mean rank of each group's candidates in the whole list; 1 is best.",
    formula: "mean over the candidates of g of rank, mean over jobs; summary: over all candidates",
    fair_value: None,
    range: "[1, candidates]",
    direction: Direction::Describes,
    source: "Standard",
    parameters: &[],
};

/// Average rank by group.
#[derive(Debug)]
pub(crate) struct AverageRank;

impl RankingMetric for AverageRank {
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

/// Average rank of each group in a job.
pub(crate) fn of_groups(job: &Job, slots: &mut [Value]) {
    job.mean_by_group(slots, |place| (place + 1) as f64);
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::evaluate;
    use crate::ranking::tests::lists;

    #[test]
    fn ranks_are_those_of_the_whole_list() {
        let (sizes, groups) = lists(&["ab?b", "ba"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap();
        let finding = evaluate(&["average-rank"], &rankings, Some(1), None).unwrap().remove(0);
        let found: Vec<f64> = finding.by_group.iter().map(|group| group.estimate.number().unwrap()).collect();
        // Job 1: a 1, b 2 and 4. Job 2: b 1, a 2.
        assert_eq!((found, finding.estimate.number()), (vec![1.5, 2.0], Some(2.0)));
    }
}
