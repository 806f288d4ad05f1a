//! The largest skew of a group: how far the most favoured group is shown above its wanted share.
//!
//! ```text
//! MaxSkew@k = max over groups g of ln( share of g among the first k / wanted share of g )
//! ```
//!
//! Shares are those among the candidates of known group; groups without candidates in the job's pool stay outside, as no order could show
//! them. 0 is fair; never below, as the shares shown add up to 1. Mean over jobs.
//!
//! Undefined in a job without wanted shares or without a candidate of known group among the first k. A group without a wanted share that is
//! shown has skew plus infinity, and so has the job: the mean is `Undefined`, with the number of such jobs and the mean over the others in
//! the reason. Groups that are not shown at all do not move it.
//!
//! Source: Geyik, Ambler and Kenthapadi 2019.

use evenhand_catalog::{Card, Direction, Kind};

use crate::job_means::{self, Value};
use crate::ranking::{RankingMetric, RankingNeeds};
use crate::rankings::Job;
use crate::skews;
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "max-skew",
    name: "MaxSkew",
    kind: Kind::Metric,
    summary: "The largest logarithm of a group's share among the first k over its wanted share.",
    formula: "max over groups of ln(share among the first k / wanted share); mean over jobs",
    fair_value: Some(0.0),
    range: "[0, infinity)",
    direction: Direction::Lower,
    source: "Geyik, Ambler and Kenthapadi 2019",
    parameters: &[],
};

/// Maximum of the skew at k.
#[derive(Debug)]
pub(crate) struct MaxSkew;

impl RankingMetric for MaxSkew {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> RankingNeeds {
        RankingNeeds::Wanted
    }

    fn measure(&self, rankings: &Rankings, k: Option<usize>, plan: Option<&IntervalPlan>) -> Finding {
        job_means::of_jobs(CARD.id, rankings, k, plan, number)
    }
}

fn number(job: &Job) -> Value {
    let found = skews::skews(job)?;
    found.into_iter().flatten().reduce(f64::max).map_or(Err(job_means::NOBODY_KNOWN), skews::finite)
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::tests::{lists, number_of};

    #[test]
    fn the_largest_of_three() {
        // Among the first 5: a 3, b 1, c 1; of c nobody is left in the second job's pool.
        let (sizes, groups) = lists(&["aabacb", "abab"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap().wanted(&[0.4, 0.4, 0.2]).unwrap();
        let expected = 0.5 * (1.5_f64.ln() + 1.25_f64.ln());
        assert!((number_of("max-skew", &rankings, Some(5)) - expected).abs() < 1e-15);
    }
}
