//! The report: everything a run found, as one versioned JSON document. Tables, pages and other faces are views of it.

use std::collections::BTreeMap;

use evenhand_metrics::{Estimate, Finding};
use serde::{Deserialize, Serialize};

use crate::analyses::choice::Choice;
use crate::analyses::contrast::Contrast;
use crate::analyses::counterfactual::Counterfactual;
use crate::analyses::front::Front;
use crate::analyses::importance::Importances;
use crate::extraction::ExtractionReport;
use crate::shortlists::Shortlists;
use crate::synthetic::Synthesis;

/// Version of the report's layout. It rises when a field changes its meaning or goes away.
pub const FORMAT: u32 = 1;

/// What produced the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportKind {
    /// One method, one seed.
    Run,
    /// Several methods over seeds or folds.
    Comparison,
    /// One method over the values of one parameter.
    Sweep,
    /// Scores that somebody already holds.
    Audit,
    /// The candidates of a file in a new order.
    Ranking,
    /// The rows of a file, balanced.
    Balancing,
}

/// The evidence of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// What produced it.
    pub kind: ReportKind,
    /// Heading.
    pub title: String,
    /// Versions of the programs that made it.
    pub versions: BTreeMap<String, String>,
    /// The resolved recipe: every default filled in.
    pub recipe: serde_json::Value,
    /// What is known of the data.
    pub data: DataSummary,
    /// The methods in the recipe's order; one entry named `scores` for an audit; one entry per value for a sweep.
    pub methods: Vec<MethodReport>,
    /// Which metrics stand in the main table, in order; `metric@attribute` for those that compare groups.
    pub columns: Vec<Column>,
    /// Limits the user set, and whether each was met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitCheck>,
    /// Tests between the methods, every pair on the same rows in every column of the main table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contrasts: Vec<Contrast>,
    /// Performance against the gap, one plane an attribute and sample: points, dominance, areas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fronts: Vec<Front>,
    /// What a sweep chose under limits, judged on validation rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// How well the recordings could be read, overall and by group, where the rows are extracted interviews.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extraction: Option<ExtractionReport>,
    /// Sentences that the reader must see: sensitive inputs, rows left out, what was approximated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One column of the main table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Id of the metric.
    pub metric: String,
    /// Attribute whose groups it compares; `None` for overall performance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Heading (the card's name).
    pub heading: String,
    /// `higher`, `lower`, `near-fair` or `describes`.
    pub direction: String,
    /// Value at parity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fair_value: Option<f64>,
}

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
    /// What was left out, cut or replaced on the way in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
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

/// One training run, or one set of scores.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RunReport {
    /// Seed.
    pub seed: u64,
    /// Fold, for k-fold cross-validation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<usize>,
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
    pub notes: Vec<String>,
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
}

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
    /// True when the value is defined and within the limit.
    pub met: bool,
    /// How it was judged, in words.
    pub explanation: String,
}
