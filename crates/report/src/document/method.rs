//! One method of the comparison, and what it was asked for.

use std::collections::BTreeMap;

use evenhand_metrics::Estimate;
use serde::{Deserialize, Serialize};

use super::run::RunReport;

/// One method of the comparison.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MethodReport {
    /// Name in tables.
    pub name: String,
    /// Gate 1 and its resolved parameters, `None` when nothing was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebalance: Option<MethodChoice>,
    /// Gate 1: rejection sampling of all rows, those of the test as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<MethodChoice>,
    /// Gate 1: the synthesiser whose rows took the place of the training rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synthesise: Option<MethodChoice>,
    /// Gate 2 and its resolved parameters, `None` for an audit of scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<MethodChoice>,
    /// Gate 3: the repair of the scores and its resolved parameters, `None` when they stand as the scorer gave them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<MethodChoice>,
    /// Gate 3: the re-ranker of the shortlists and its resolved parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerank: Option<MethodChoice>,
    /// True when a candidate cannot be scored without the sensitive attribute.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attribute_to_score: bool,
    /// The family it is counted to in fronts, where the recipe gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// The swept value, for a sweep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swept: Option<f64>,
    /// Values published for this row, by `metric` or `metric@attribute`, with their standard deviation where printed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub published: BTreeMap<String, Published>,
    /// Mean and standard deviation over the runs, one per metric and attribute.
    pub summary: Vec<Summary>,
    /// The runs: one per seed or fold.
    pub runs: Vec<RunReport>,
}

/// A method id with all its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MethodChoice {
    /// Id in its registry.
    pub id: String,
    /// Resolved parameters.
    pub parameters: BTreeMap<String, serde_json::Value>,
}

/// A published number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// The value.
    pub value: f64,
    /// Its printed standard deviation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<f64>,
}

/// A metric over several runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Id of the metric.
    pub metric: String,
    /// Attribute, for metrics that compare groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Mean over the runs in which it was defined; `Undefined` when there are none.
    pub mean: Estimate,
    /// Sample standard deviation over those runs (n - 1); `None` with fewer than two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<f64>,
    /// Runs in which it was defined.
    pub defined: usize,
    /// All runs.
    pub runs: usize,
}
