//! What one run says about an attribute, a target, a modality or a limit.

use evenhand_metrics::{Estimate, Finding};
use serde::{Deserialize, Serialize};

use super::selections::Selections;
use super::strata::Strata;

/// How well a further target was learned, and how its scores differ between the groups of the first attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetFindings {
    /// The target's column.
    pub target: String,
    /// Correlations, errors and distances of its scores.
    pub findings: Vec<Finding>,
}

/// What becomes of the scores when a modality is taken away from every candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WithoutModality {
    /// `video`, `audio` or `text`.
    pub modality: String,
    /// Test rows that have it.
    pub rows: usize,
    /// Mean absolute change of a score over the test rows.
    pub score_change: f64,
    /// Performance, and gaps between the groups of the first attribute, without it.
    pub findings: Vec<Finding>,
}

/// Everything about one attribute in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeFindings {
    /// The attribute.
    pub attribute: String,
    /// Groups of the test rows with their sizes.
    pub groups: Vec<GroupCount>,
    /// Rows of unknown group.
    pub unknown: usize,
    /// Findings.
    pub findings: Vec<Finding>,
    /// Who is selected in each group (audits).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selections: Option<Selections>,
    /// The same comparison within the strata of each column that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strata: Vec<Strata>,
    /// Score density of each group (first run of each method only).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub densities: Vec<Density>,
    /// Pass rate of each group over all thresholds (first run of each method only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass_rates: Option<PassRates>,
}

/// A group and its size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupCount {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub n: usize,
}

/// A density estimate on equally spaced points: of scores or labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Density {
    /// Group.
    pub group: String,
    /// Rows it rests on.
    pub n: usize,
    /// Left edges of the bins (or points).
    pub points: Vec<f64>,
    /// Density at each.
    pub values: Vec<f64>,
    /// Mean.
    pub mean: f64,
}

/// Pass rate by threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PassRates {
    /// Thresholds, ascending.
    pub thresholds: Vec<f64>,
    /// Rate of each group at each threshold.
    pub groups: Vec<PassRate>,
    /// The pair with the largest SPDD, whose gap is shaded.
    pub pair: Option<(String, String)>,
    /// Half-width of the simultaneous band of the pair's gap (DKW), and its level.
    pub gap_band: Option<f64>,
    /// Level of the bands.
    pub level: f64,
}

/// One group's pass rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PassRate {
    /// Group.
    pub group: String,
    /// Rows.
    pub n: usize,
    /// Share of rows with score > threshold, at each threshold.
    pub rates: Vec<f64>,
    /// Half-width of the simultaneous band around `rates` (DKW).
    pub band: f64,
}

/// Where a number's interval lies with respect to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// All of it keeps the limit.
    Kept,
    /// None of it keeps the limit.
    Breached,
    /// The limit lies inside: these rows do not settle it.
    NotSettled,
}

/// What a limit is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judge {
    /// The number itself.
    #[default]
    Value,
    /// Its whole interval: a limit inside of it is neither kept nor breached.
    Interval,
}

/// A limit and whether it was met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LimitCheck {
    /// Metric id.
    pub metric: String,
    /// Attribute.
    pub attribute: Option<String>,
    /// Allowed value.
    pub limit: f64,
    /// Measured value.
    pub estimate: Estimate,
    /// True when the number keeps the limit by what it is judged by: its value, or its whole interval.
    pub met: bool,
    /// What it is judged by.
    #[serde(default)]
    pub judge: Judge,
    /// Where the interval lies; absent where the number has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// How it was judged, in words.
    pub explanation: String,
}
