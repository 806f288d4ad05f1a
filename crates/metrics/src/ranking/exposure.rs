//! How much attention a candidate of each group gets, on average.
//!
//! ```text
//! exposure_g@k = 1/n_g sum over the candidates of group g of v(rank)        v(i) = 1 / log2(1 + i) for i <= k, 0 behind
//! ```
//!
//! n_g = candidates of group g in the job's pool. Between 0 and 1. Means over jobs by group; the summary is the exposure of a candidate of
//! any group, unknown ones among them. It falls with the length of the list. A job without candidates of a group says nothing about it.
//!
//! Source: Singh and Joachims 2018, section 3.1, with the discount of NDCG as position bias; they take the whole list for k. FairRankTune
//! adds the exposure of a group over all rankings and divides by the number of its items once, so that it grows with the number of
//! rankings.

use evenhand_catalog::{Card, Direction, Kind};

use crate::job_means::{self, Value};
use crate::ranking::{RankingMetric, RankingNeeds};
use crate::rankings::Job;
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "exposure",
    name: "Exposure",
    kind: Kind::Metric,
    summary: "Mean attention that a candidate of each group gets from the place in the list.",
    formula: "mean over the candidates of g of 1 / log2(1 + rank), 0 behind rank k; mean over jobs; summary: over all candidates",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Describes,
    source: "Singh and Joachims 2018, section 3.1",
    parameters: &[],
};

/// Exposure by group.
#[derive(Debug)]
pub(crate) struct Exposure;

impl RankingMetric for Exposure {
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

/// Exposure of each group in a job.
pub(crate) fn of_groups(job: &Job, slots: &mut [Value]) {
    job.mean_by_group(slots, |place| if place < job.k { job.discounts[place] } else { 0.0 });
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::evaluate;
    use crate::ranking::tests::lists;

    #[test]
    fn attention_is_shared_among_the_candidates_of_a_group() {
        let (sizes, groups) = lists(&["ab?b", "ba"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap();
        let finding = evaluate(&["exposure"], &rankings, Some(3), None).unwrap().remove(0);
        let found: Vec<f64> = finding.by_group.iter().map(|group| group.estimate.number().unwrap()).collect();
        let second = 1.0 / 3.0_f64.log2();
        // Job 1: a 1; b the second place and none behind the third. Job 2: b 1, a the second place.
        assert!((found[0] - 0.5 * (1.0 + second)).abs() < 1e-15 && (found[1] - 0.5 * (second / 2.0 + 1.0)).abs() < 1e-15);
        let all = 0.5 * ((1.0 + second + 0.5) / 4.0 + 0.5 * (1.0 + second));
        assert!((finding.estimate.number().unwrap() - all).abs() < 1e-15);
    }
}
