//! What a sweep chose under limits, judged on validation rows.

use evenhand_metrics::Estimate;
use serde::{Deserialize, Serialize};

use super::collapse::Collapse;

/// The outcome of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The metric that the chosen setting is best in.
    pub by: String,
    /// Its attribute, for a metric that compares groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Every setting in the sweep's order.
    pub candidates: Vec<Candidate>,
    /// Name of the chosen one; absent when none is within the limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<String>,
    /// Where the chosen scorer of the first run is kept, from the report's folder on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its name in the report.
    pub method: String,
    /// The metric of the choice on validation rows, mean over the runs; of a gap its distance from the fair value.
    pub performance: Estimate,
    /// Every limited number on validation rows.
    pub limited: Vec<Limited>,
    /// True when all of them are within their limits.
    pub within: bool,
    /// In which ways its scores of the validation rows say nothing: it is not chosen then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collapsed: Vec<Collapse>,
}

/// A limited number of one setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limited {
    /// Metric id.
    pub metric: String,
    /// Attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The limit.
    pub limit: f64,
    /// Mean over the runs, of the distance from the fair value where the metric has one.
    pub estimate: Estimate,
    /// True when it is defined and within the limit.
    pub met: bool,
}

/// What chance alone gives of a gap on validation rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chance {
    /// Metric id.
    pub metric: String,
    /// Attribute.
    pub attribute: String,
    /// The method whose scores it was drawn with.
    pub method: String,
    /// Validation rows of a run, of the smallest where they differ.
    pub rows: usize,
    /// Mean of the gap over permutations of the groups, averaged over the runs.
    pub by_lot: f64,
    /// The limit that was set; absent where none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
}
