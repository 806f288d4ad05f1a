//! Scorers that say nothing: their gaps are small whatever was learned.

use serde::{Deserialize, Serialize};

/// Scores in [0, 1] that vary less than this, in standard deviations, say nothing, however little the labels do.
pub const FLAT: f64 = 0.01;

/// The standard deviation of some numbers, of all of them and not of a sample.
pub fn deviation(values: &[f64]) -> f64 {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt()
}

/// In which way the scores of a run say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Collapse {
    /// The standard deviation of the scores is a small part of that of the labels.
    HardlyVary,
    /// Nearly all get the same decision at the threshold; of binary labels.
    OneDecision,
    /// ROC AUC below one half, or Spearman's correlation below 0, by more than chance would explain.
    WorseThanChance,
}

impl Collapse {
    /// What it is, after the name of a method or a setting.
    pub fn told(self) -> &'static str {
        match self {
            Collapse::HardlyVary => "tells nobody apart",
            Collapse::OneDecision => "decides alike for nearly all",
            Collapse::WorseThanChance => "orders candidates worse than chance",
        }
    }
}
