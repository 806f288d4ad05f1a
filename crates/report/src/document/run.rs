//! One training run, or one set of scores.

use std::collections::BTreeMap;

use evenhand_metrics::{Estimate, Finding};
use serde::{Deserialize, Serialize};

use super::collapse::Collapse;
use super::counterfactual::Counterfactual;
use super::findings::{AttributeFindings, TargetFindings, WithoutModality};
use super::importances::Importances;
use super::remark::Remark;
use super::shortlists::Shortlists;
use super::synthesis::Synthesis;

/// One training run, or one set of scores.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RunReport {
    /// Seed.
    pub seed: u64,
    /// Fold, for k-fold cross-validation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<usize>,
    /// Digest of the kept model that made the scores: the one that its folder's `digests.json` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Seconds that the run took. Finished runs that are kept have it; a report never does, as its bytes depend on recipe, data and seed alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Rows that trained, validated, tested.
    pub sizes: Sizes,
    /// Overall performance on the test rows.
    pub performance: Vec<Finding>,
    /// Metrics that compare groups, for each attribute.
    pub attributes: Vec<AttributeFindings>,
    /// How the scores depend on the first attribute itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterfactual: Option<Counterfactual>,
    /// What the scorer rests on (first run of each method only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub importances: Option<Importances>,
    /// The data loss around the weights (first run of each network only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landscape: Option<Landscape>,
    /// In which ways the scores of the test rows say nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collapsed: Vec<Collapse>,
    /// The same of the validation rows, by which a sweep chooses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validation_collapsed: Vec<Collapse>,
    /// What a sweep's choice needs to know of the validation rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validation: Vec<Measured>,
    /// The training curve.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub epochs: Vec<Epoch>,
    /// Whose rows pulled at the weights, where the recipe traces it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disparities: Vec<DisparityTrace>,
    /// 2-D PCA of the embeddings of up to 600 test rows (first run of each method only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latent: Option<LatentPlot>,
    /// The further targets that the scorer learned beside the label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetFindings>,
    /// The test rows scored once more without each modality (first run of each method on recordings only).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modalities: Vec<WithoutModality>,
    /// The lists of candidates by score and by the re-ranker, where the recipe asks for shortlists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortlists: Option<Shortlists>,
    /// The made rows that took the place of the training rows, where the method asks for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synthesis: Option<Synthesis>,
    /// Counted skips and other remarks of the training.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Remark>,
}

/// The data loss on a plane through a network's weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Landscape {
    /// Test rows it is measured on.
    pub rows: usize,
    /// Points a side, on [-1, 1] in both directions.
    pub side: usize,
    /// The losses, row by row.
    pub losses: Vec<f64>,
}

/// One number of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Id of the metric.
    pub metric: String,
    /// Attribute, for metrics that compare groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The number.
    pub estimate: Estimate,
    /// Its mean over permutations of the groups, for gaps: what chance alone gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_lot: Option<f64>,
}

/// Row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sizes {
    /// Training rows after gate 1.
    pub train: usize,
    /// Training rows before gate 1, where it changed their number: none of them is a copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_before: Option<usize>,
    /// Validation rows.
    pub validation: usize,
    /// Test rows (or audited rows).
    pub test: usize,
}

/// One epoch of training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: usize,
    /// Mean training loss of the task (without the fairness terms).
    pub train_loss: Option<f64>,
    /// Task loss on the validation rows.
    pub validation_loss: Option<f64>,
    /// Further terms by name: the objective's own (`wasserstein`, `adversary`), validation metrics.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub terms: BTreeMap<String, f64>,
}

/// Group contribution disparity over training: how much more the rows of one group pull at a weight array than those of another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DisparityTrace {
    /// True for the rows with a label of at least 0.5.
    pub favourable: bool,
    /// The group above the fraction and the group below it.
    pub groups: [String; 2],
    /// The weight array, for example `hidden.0.bias`; `all` for every trained weight.
    pub array: String,
    /// Epochs at whose end it was taken, from 1.
    pub epochs: Vec<usize>,
    /// Mean ratio over the array's weights at each of these epochs, to six digits; `None` when no weight has one.
    pub score: Vec<Option<f64>>,
    /// Median ratio.
    pub median: Vec<Option<f64>>,
}

/// The embeddings of some rows in two dimensions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatentPlot {
    /// Attribute whose groups colour the points.
    pub attribute: String,
    /// Share of the variance that the two axes explain.
    pub explained: [f64; 2],
    /// The points.
    pub points: Vec<LatentPoint>,
}

/// One row of the latent plot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatentPoint {
    /// First axis.
    pub x: f64,
    /// Second axis.
    pub y: f64,
    /// Group.
    pub group: String,
    /// True when the label is at or above the threshold.
    pub high: bool,
}
