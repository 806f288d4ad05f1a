//! Logarithm of each group's share among the first k over its wanted share.
//!
//! ```text
//! skew_g@k = ln( share of group g among the first k / wanted share of g )
//! ```
//!
//! Shares are those among the candidates of known group. 0 is fair; below 0 the group is shown too rarely, above 0 too often; -0.69 is half
//! of what is wanted. Any real number. Means over jobs by group; the summary is the mean over jobs of the largest |skew| of a group in the
//! job, 0 or more.
//!
//! Undefined in a job without wanted shares or without a candidate of known group among the first k, and for a group without candidates in
//! the pool. A group with a wanted share and nobody among the first k has skew minus infinity, which no mean survives: the group's mean is
//! `Undefined`, with the number of such jobs and the mean over the others in the reason.
//!
//! Source: Geyik, Ambler and Kenthapadi 2019. Toolkits that skip zero counts leave out the very jobs in which a group is not shown.

use evenhand_catalog::{Card, Direction, Kind};

use crate::job_means::{self, Value};
use crate::ranking::{RankingMetric, RankingNeeds};
use crate::rankings::Job;
use crate::skews;
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "skew",
    name: "Skew",
    kind: Kind::Metric,
    summary: "Logarithm of each group's share among the first k over its wanted share; summary: the largest absolute value.",
    formula: "ln(share of g among the first k / wanted share of g), mean over jobs; summary: mean over jobs of the largest |skew|",
    fair_value: Some(0.0),
    range: "(-infinity, infinity) by group; summary [0, infinity)",
    direction: Direction::Lower,
    source: "Geyik, Ambler and Kenthapadi 2019",
    parameters: &[],
};

/// Skew at k.
#[derive(Debug)]
pub(crate) struct Skew;

impl RankingMetric for Skew {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> RankingNeeds {
        RankingNeeds::Wanted
    }

    fn measure(&self, rankings: &Rankings, k: Option<usize>, plan: Option<&IntervalPlan>) -> Finding {
        job_means::by_group(CARD.id, rankings, k, plan, of_groups)
    }
}

fn of_groups(job: &Job, slots: &mut [Value]) {
    match skews::skews(job) {
        Err(missing) => slots.fill(Err(missing)),
        Ok(found) => {
            let largest = found.iter().flatten().copied().max_by(|a, b| a.abs().total_cmp(&b.abs()));
            slots[job.levels] = largest.map_or(Err(job_means::NOBODY_KNOWN), |skew| skews::finite(skew).map(f64::abs));
            slots.iter_mut().zip(found).for_each(|(slot, skew)| *slot = skew.and_then(skews::finite));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::evaluate;
    use crate::ranking::tests::lists;

    #[test]
    fn shares_of_the_first_k_over_wanted_ones() {
        let (sizes, groups) = lists(&["aab?ab", "bbaa"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap().wanted(&[0.5, 0.5]).unwrap();
        let finding = evaluate(&["skew"], &rankings, Some(4), None).unwrap().remove(0);
        let found: Vec<f64> = finding.by_group.iter().map(|group| group.estimate.number().unwrap()).collect();
        let (a, b) = ((4.0_f64 / 3.0).ln(), (2.0_f64 / 3.0).ln());
        assert!((found[0] - a / 2.0).abs() < 1e-15 && (found[1] - b / 2.0).abs() < 1e-15);
        assert!((finding.estimate.number().unwrap() + b / 2.0).abs() < 1e-15);
    }

    #[test]
    fn a_group_that_is_not_shown_is_no_number() {
        let (sizes, groups) = lists(&["aab", "aba", "aaa"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap().wanted(&[0.5, 0.5]).unwrap();
        let finding = evaluate(&["skew"], &rankings, Some(2), None).unwrap().remove(0);
        let reason = "nobody of a group with a wanted share among the first k: infinite in 1 of 3 jobs, and so is the mean; in the one other \
                      job that has the number it is 0.0000";
        assert_eq!(finding.by_group[1].estimate.reason(), Some(reason));
        assert!(finding.left_out.contains(&("b".to_owned(), "no candidates of the group in 1 of 3 jobs".to_owned())), "{finding:?}");
        assert!((finding.by_group[0].estimate.number().unwrap() - 2.0 / 3.0 * 2.0_f64.ln()).abs() < 1e-15);
    }
}
