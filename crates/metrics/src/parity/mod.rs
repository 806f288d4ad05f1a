//! Whether scores and decisions depend on the group: at one threshold, and at every threshold.
//!
//! One file a metric. A new one is a file here, a `mod` line and a line in [`METRICS`].

use crate::Metric;

mod conditional_spdd;
mod demographic_parity_difference;
mod demographic_parity_ratio;
mod disparate_impact;
mod equal_opportunity_difference;
mod equal_opportunity_ratio;
mod equalized_odds_difference;
mod equalized_odds_mean;
mod equalized_odds_sum;
mod false_positive_rate;
mod false_positive_rate_difference;
mod folded_disparate_impact;
mod histogram_kl;
mod impact_ratio;
mod ks;
mod mean_score;
mod mean_score_difference;
mod predictive_parity_difference;
mod rank_spdd;
mod selection_rate;
mod selection_share;
pub(crate) mod spdd;
pub(crate) mod speo;
mod standardised_spdd;
mod true_positive_rate;

/// The metrics of this folder, in the order of reports.
pub(crate) const METRICS: &[&dyn Metric] = &[
    &spdd::Spdd,
    &standardised_spdd::StandardisedSpdd,
    &rank_spdd::RankSpdd,
    &conditional_spdd::ConditionalSpdd,
    &ks::Ks,
    &speo::Speo,
    &mean_score::MeanScore,
    &mean_score_difference::MeanScoreDifference,
    &histogram_kl::HistogramKl,
    &selection_rate::SelectionRate,
    &selection_share::SelectionShare,
    &true_positive_rate::TruePositiveRate,
    &false_positive_rate::FalsePositiveRate,
    &demographic_parity_difference::DemographicParityDifference,
    &demographic_parity_ratio::DemographicParityRatio,
    &impact_ratio::ImpactRatio,
    &disparate_impact::DisparateImpact,
    &folded_disparate_impact::FoldedDisparateImpact,
    &equal_opportunity_difference::EqualOpportunityDifference,
    &equal_opportunity_ratio::EqualOpportunityRatio,
    &false_positive_rate_difference::FalsePositiveRateDifference,
    &equalized_odds_difference::EqualizedOddsDifference,
    &equalized_odds_sum::EqualizedOddsSum,
    &equalized_odds_mean::EqualizedOddsMean,
    &predictive_parity_difference::PredictiveParityDifference,
];
