//! Numbers about outcomes, overall and by group: exact definitions, weights, ties, any number of groups, intervals.
//!
//! Scores, truth and groups of the same rows become [`Outcomes`]; every [`Metric`] of the registry [`METRICS`] reads them and says what it
//! found as a [`Finding`], or why the number does not exist. [`evaluate`] runs several and adds intervals by an [`IntervalPlan`].
//! The ranked candidates of many jobs become [`Rankings`]; every [`RankingMetric`] of [`RANKING_METRICS`] reads them ([`ranking`]).
//! This crate does no IO, prints nothing, and uses no clock and no randomness but that of a seed it is given.

mod above;
mod centroids;
mod counts;
mod density;
mod error;
mod finding;
mod floors;
mod gains;
mod gaps;
mod job_means;
mod joint;
mod largest;
pub mod likeness;
mod metric;
mod order;
mod outcomes;
mod parity;
mod pass_rates;
mod pca;
mod performance;
pub mod proportions;
pub mod ranking;
mod rankings;
mod rates;
pub mod representation;
mod resample;
mod sample;
pub mod significance;
mod skews;
mod tally;
mod wasserstein;

pub use counts::{Confusion, GroupConfusion, confusion_by_group, ratio_at_least};
pub use density::{GroupDensity, density};
pub use error::MetricError;
pub use finding::{Comparison, Estimate, Finding, GroupFinding, Interval};
pub use metric::{METRICS, Metric, Needs, evaluate, find, metrics};
pub use outcomes::{Convention, Conventions, DecisionRule, Definition, Latent, Outcomes};
pub use pass_rates::{GroupPassRate, PassRateGap, PassRates, pass_rates};
/// The metrics of overall performance; all others compare groups.
pub use performance::METRICS as PERFORMANCE;
pub use ranking::{RANKING_METRICS, RankingMetric, RankingNeeds};
pub use rankings::Rankings;
pub use resample::IntervalPlan;
pub use tally::{Summary, Tally};

/// The distance behind the metric `spdd`, for whoever holds two lists of scores.
pub mod spdd {
    pub use crate::wasserstein::{wasserstein_1, weighted_wasserstein_1};
}
