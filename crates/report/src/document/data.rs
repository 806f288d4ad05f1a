//! What is known of the data before any model.

use evenhand_metrics::Estimate;
use serde::{Deserialize, Serialize};

use super::findings::Density;

/// What is known of the data, before any model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataSummary {
    /// Name of the data set.
    pub name: String,
    /// Id of the loader.
    pub loader: String,
    /// Rows.
    pub rows: usize,
    /// Each file read: name, bytes, sha256.
    pub files: Vec<FileSummary>,
    /// The label's name, kind (`binary`, `continuous`), mean.
    pub label: Option<LabelSummary>,
    /// Every sensitive attribute with its groups.
    pub attributes: Vec<AttributeSummary>,
    /// Inputs of the model, before encoding.
    pub features: Vec<String>,
    /// Sensitive attributes that are inputs as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitive_features: Vec<String>,
    /// The tilt of the data at each stage: as loaded, after `skew`, after gate 1 of each method.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tilt: Vec<Tilt>,
    /// What scores of 0 and 1 stand for, where the person's scale is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_scale: Option<OwnScale>,
    /// The same of the labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_scale: Option<OwnScale>,
    /// What was left out, cut or replaced on the way in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A person's own scale, from which numbers were stretched to [0, 1].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OwnScale {
    /// What 0 stands for.
    pub zero: f64,
    /// What 1 stands for; below `zero` where the lowest number is the best.
    pub one: f64,
}

impl OwnScale {
    /// The person's number that one in [0, 1] stands for.
    ///
    /// ```
    /// use evenhand_report::OwnScale;
    ///
    /// assert_eq!(OwnScale { zero: 1.0, one: 5.0 }.of(0.75), 4.0);
    /// assert_eq!(OwnScale { zero: 10.0, one: 1.0 }.of(1.0), 1.0);
    /// ```
    pub fn of(self, unit: f64) -> f64 {
        let own = self.zero + unit * (self.one - self.zero);
        // What the way there and back has added is no part of the person's number.
        let digits = 10_f64.powi(12 - (self.one - self.zero).abs().max(1e-200).log10().ceil() as i32);
        let rounded = (own * digits).round() / digits;
        if rounded.is_finite() { rounded } else { own }
    }
}

impl DataSummary {
    /// A score as the person has it.
    pub(crate) fn own_score(&self, unit: f64) -> f64 {
        self.score_scale.map_or(unit, |scale| scale.of(unit))
    }

    /// A label as the person has it.
    pub(crate) fn own_label(&self, unit: f64) -> f64 {
        self.label_scale.map_or(unit, |scale| scale.of(unit))
    }
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSummary {
    /// Name without its folder.
    pub name: String,
    /// Size.
    pub bytes: u64,
    /// sha256 in hexadecimal.
    pub sha256: String,
}

/// The label of a data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelSummary {
    /// Column name.
    pub name: String,
    /// `binary` or `continuous`.
    pub kind: String,
    /// Mean over all rows.
    pub mean: f64,
    /// Labels at or above it count as positive.
    pub threshold: f64,
}

/// One sensitive attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeSummary {
    /// Its name.
    pub name: String,
    /// Its groups.
    pub groups: Vec<GroupSummary>,
    /// Rows whose group is unknown.
    pub unknown: usize,
}

/// One group of the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupSummary {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub n: usize,
    /// Share of rows whose label is positive (label >= threshold).
    pub positive_rate: Estimate,
    /// Mean label.
    pub mean_label: Estimate,
}

/// How far the labels of the training data tilt towards a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tilt {
    /// `as loaded`, `after skew`, or `after NAME` for gate 1 of a method.
    pub stage: String,
    /// The attribute.
    pub attribute: String,
    /// The group that alpha's numerator counts among the high-scoring.
    pub privileged: String,
    /// The other one.
    pub unprivileged: String,
    /// Rows of both groups.
    pub n: usize,
    /// Label threshold between low- and high-scoring.
    pub threshold: f64,
    /// Rows: high privileged, high unprivileged, low privileged, low unprivileged.
    pub cells: [usize; 4],
    /// Unfairness degree (Kim et al. 2023, Eq. 23).
    pub alpha: Estimate,
    /// Gap of the groups' shares of high-scoring rows.
    pub demographic_parity_difference: Estimate,
    /// 1-Wasserstein distance of the groups' labels.
    pub spdd: Estimate,
    /// Label histograms of both groups (density, 20 bins on [0, 1]) for the plot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub histograms: Vec<Density>,
}
