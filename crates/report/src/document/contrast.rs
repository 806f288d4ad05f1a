//! Whether two methods differ by more than the runs' own spread.

use serde::{Deserialize, Serialize};

/// The difference of two methods in one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contrast {
    /// Id of the metric.
    pub metric: String,
    /// Attribute, for metrics that compare groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Method whose value is taken.
    pub one: String,
    /// Method whose value is subtracted.
    pub other: String,
    /// Runs in which both were defined.
    pub n: usize,
    /// Mean of `one` minus `other` over these runs.
    pub difference: f64,
    /// 95 % interval of the difference; absent when all runs differ by the same amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// Two-sided p-value of one difference by itself; absent when all runs differ by the same amount (unless that is 0: then 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// The p-value after Holm's correction over all pairs of methods of this metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusted_p_value: Option<f64>,
}
