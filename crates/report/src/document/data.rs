//! What is known of the data before any model.

use evenhand_metrics::Estimate;
use evenhand_rows::Scale;
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
    /// Further rows that are in no number, as they have no score.
    #[serde(default, skip_serializing_if = "is_none")]
    pub unscored: usize,
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
    /// The person's own scale of scores, where it is not 0 to 1.
    #[serde(default, skip_serializing_if = "Scale::is_plain")]
    pub score_scale: Scale,
    /// The same of the labels.
    #[serde(default, skip_serializing_if = "Scale::is_plain")]
    pub label_scale: Scale,
    /// What was left out, cut or replaced on the way in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is that of serde")]
fn is_none(n: &usize) -> bool {
    *n == 0
}

impl DataSummary {
    /// A score as the person has it.
    pub(crate) fn own_score(&self, unit: f64) -> f64 {
        self.score_scale.to_score(unit)
    }

    /// A label as the person has it.
    pub(crate) fn own_label(&self, unit: f64) -> f64 {
        self.label_scale.to_score(unit)
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
