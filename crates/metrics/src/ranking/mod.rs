//! What rankings give to the best candidates and to the groups: of one list or over many jobs.
//!
//! One file a metric. A new one is a file here, a `mod` line and a line in [`RANKING_METRICS`]. Each says something about one job; `job_means`
//! makes of it the mean over jobs, by group and between groups, with intervals from resampled jobs. In a [`Finding`] of a ranking metric
//! `n` counts jobs; `left_out` also names the jobs that lack a number, and intervals that do not exist.

use std::fmt::Debug;

use evenhand_catalog::{Card, CatalogError, unknown_id};

use crate::{Finding, IntervalPlan, MetricError, Rankings};

mod attention_weighted_parity;
mod average_rank;
mod average_rank_difference;
mod demographic_parity_difference_at_k;
mod exposure;
mod exposure_difference;
mod exposure_ratio;
mod impact_ratio_at_k;
mod infeasible_count;
mod infeasible_index;
mod max_skew;
mod min_skew;
mod ndcg;
mod ndcg_linear;
mod ndcg_original;
mod ndcg_score;
mod ndkl;
mod reciprocal_rank;
mod reciprocal_rank_difference;
mod selection_rate_at_k;
mod share_at_k;
mod skew;
mod worst_rank;
mod worst_rank_difference;

/// What a ranking metric reads beside the groups in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RankingNeeds {
    /// Nothing else.
    Groups,
    /// The true relevance.
    Labels,
    /// The scores.
    Scores,
    /// The places in the original ranking.
    Original,
    /// The wanted shares.
    Wanted,
}

/// One number about rankings.
pub trait RankingMetric: Debug + Sync {
    /// What the metric says of itself.
    fn card(&self) -> &'static Card;

    /// What it reads; without it every finding is `Undefined`.
    fn needs(&self) -> RankingNeeds;

    /// The finding on the first k places of each job (all without k), with intervals where a plan asks for them.
    fn measure(&self, rankings: &Rankings, k: Option<usize>, plan: Option<&IntervalPlan>) -> Finding;

    /// True when the rankings hold what the metric reads.
    fn applies(&self, rankings: &Rankings) -> bool {
        match self.needs() {
            RankingNeeds::Groups => true,
            RankingNeeds::Labels => rankings.has_labels(),
            RankingNeeds::Scores => rankings.has_scores(),
            RankingNeeds::Original => rankings.has_original(),
            RankingNeeds::Wanted => rankings.has_wanted(),
        }
    }
}

/// Every ranking metric, in the order of reports. Ids differ from those of the metrics about outcomes.
pub const RANKING_METRICS: &[&dyn RankingMetric] = &[
    &ndcg::Ndcg,
    &ndcg_linear::NdcgLinear,
    &ndcg_original::NdcgOriginal,
    &ndcg_score::NdcgScore,
    &ndkl::Ndkl,
    &skew::Skew,
    &min_skew::MinSkew,
    &max_skew::MaxSkew,
    &infeasible_index::InfeasibleIndex,
    &infeasible_count::InfeasibleCount,
    &attention_weighted_parity::AttentionWeightedParity,
    &exposure::Exposure,
    &exposure_difference::ExposureDifference,
    &exposure_ratio::ExposureRatio,
    &share_at_k::ShareAtK,
    &selection_rate_at_k::SelectionRateAtK,
    &demographic_parity_difference_at_k::DemographicParityDifferenceAtK,
    &impact_ratio_at_k::ImpactRatioAtK,
    &average_rank::AverageRank,
    &average_rank_difference::AverageRankDifference,
    &worst_rank::WorstRank,
    &worst_rank_difference::WorstRankDifference,
    &reciprocal_rank::ReciprocalRank,
    &reciprocal_rank_difference::ReciprocalRankDifference,
];

/// The ranking metric with this id, or an error that names the nearest.
pub fn find(id: &str) -> Result<&'static dyn RankingMetric, CatalogError> {
    let found = RANKING_METRICS.iter().copied().find(|metric| metric.card().id == id);
    found.ok_or_else(|| unknown_id(id, RANKING_METRICS.iter().map(|metric| metric.card())))
}

/// Evaluates the ranking metrics with these ids, in this order, on the first k places of each job (whole rankings without k); without ids
/// all that apply, in the order of the registry.
pub fn evaluate(ids: &[&str], rankings: &Rankings, k: Option<usize>, plan: Option<&IntervalPlan>) -> Result<Vec<Finding>, MetricError> {
    if k == Some(0) {
        return Err(MetricError::NoPlaces);
    }
    if let Some(plan) = plan {
        plan.check()?;
    }
    let chosen = if ids.is_empty() {
        RANKING_METRICS.iter().copied().filter(|metric| metric.applies(rankings)).collect()
    } else {
        ids.iter().map(|id| find(id)).collect::<Result<Vec<_>, _>>()?
    };
    Ok(chosen.into_iter().map(|metric| metric.measure(rankings, k, plan)).collect())
}

#[cfg(test)]
pub(crate) mod tests {
    use evenhand_rows::{Groups, UNKNOWN};

    use super::*;

    /// One text a job, one letter a candidate, best first; `?` is unknown.
    pub(crate) fn lists(jobs: &[&str]) -> (Vec<usize>, Groups) {
        let sizes = jobs.iter().map(|job| job.len()).collect();
        let codes: Vec<u32> =
            jobs.iter().flat_map(|job| job.bytes()).map(|letter| if letter == b'?' { UNKNOWN } else { u32::from(letter - b'a') }).collect();
        let levels = codes.iter().filter(|code| **code != UNKNOWN).max().map_or(0, |code| code + 1);
        (sizes, Groups::new("g", (0..levels).map(|code| char::from(b'a' + code as u8).to_string()).collect(), codes))
    }

    pub(crate) fn number_of(id: &str, rankings: &Rankings, k: Option<usize>) -> f64 {
        let finding = evaluate(&[id], rankings, k, None).unwrap().remove(0);
        finding.estimate.number().unwrap_or_else(|| panic!("{finding:?}"))
    }

    #[test]
    fn a_bad_question_is_refused() {
        let (sizes, groups) = lists(&["ab"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap();
        let message = |ids: &[&str], k| evaluate(ids, &rankings, k, None).unwrap_err().to_string();
        assert_eq!(message(&["ndkl"], Some(0)), "k = 0 looks at no place of a ranking; give 1 or more, or none for whole rankings");
        assert!(message(&["ndlk"], None).contains("did you mean `ndkl`?"));
    }
}
