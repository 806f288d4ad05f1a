//! What every network offers, whatever it reads: inputs in, an embedding and a logit out.
//!
//! A model holds no weights: it is given them ([`Bound`]) for each pass. Objectives see only its [`Output`], so every objective fits
//! every model.

pub mod tangents;

use std::cell::OnceCell;
use std::fmt::Debug;
use std::sync::Arc;

use std::ops::Range;

use burn_tensor::{Device, Tensor, TensorData, activation::sigmoid};
use evenhand_rows::recordings::{Modality, Shape};
use rand_chacha::ChaCha8Rng;

pub use crate::architecture::Architecture;
pub use crate::networks::{Activation, Initialisation, Interview, InterviewArchitecture, Mlp};

use self::tangents::BatchStatistics;
use crate::recorded::Recorded;
use crate::rows::Rows;
use crate::weights::{Bound, Gradients, Slot, WeightDirection, Weights, host};
use crate::{LearnError, rows::Candidates};

/// Added to the variance before the root in batch norm.
const NORM_EPSILON: f64 = 1e-5;
/// Slope of the leaky ReLU below 0.
const LEAK: f64 = 0.01;

/// Whether a pass trains (dropout, batch statistics) or predicts.
#[derive(Debug)]
pub enum Mode<'a> {
    /// Dropout masks come from this stream; batch norm uses the batch's statistics.
    Training(&'a mut ChaCha8Rng),
    /// A training pass over re-written rows that shares the chance of an earlier pass over the rows as they are: the stream stands where it
    /// stood before that pass, so the masks are the same, and batch norm uses the statistics of that pass. What a row then differs by
    /// comes from what was re-written alone. Gradients flow through the statistics. Recordings are never re-written: the parts of a
    /// network that read them only see the same statistics again.
    Repeating(&'a mut ChaCha8Rng, &'a [LayerStatistics]),
    /// No dropout; batch norm uses the running statistics.
    Evaluation,
}

/// What a model makes of a batch.
#[derive(Debug, Clone)]
pub struct Output {
    /// The representation Z: `[rows, width]`.
    pub embedding: Tensor<2>,
    /// One logit per row and target, the label's first: `[rows, 1 + further targets]`; a score is the sigmoid of a logit.
    pub logits: Tensor<2>,
    /// Statistics that batch norm saw, to be mixed into its running ones.
    pub observed: Vec<Observed>,
    /// The same statistics in the graph, for [`Mode::Repeating`].
    pub statistics: Vec<LayerStatistics>,
    /// The stream of dropout masks as it stood before the pass, for [`Mode::Repeating`].
    pub(crate) before: Option<ChaCha8Rng>,
    host: OnceCell<Vec<f32>>,
}

/// What batch norm subtracted and divided by in a training pass.
#[derive(Debug, Clone)]
pub struct LayerStatistics {
    /// Array of the running mean, by which the layer is known.
    pub slot: Slot,
    /// The batch's mean and variance.
    pub statistics: BatchStatistics,
}

/// A running statistic and what this batch says about it.
#[derive(Debug, Clone)]
pub struct Observed {
    /// Array of the running statistic.
    pub slot: Slot,
    /// The batch's value.
    pub values: Tensor<1>,
}

impl Output {
    /// Joins the parts.
    pub fn new(embedding: Tensor<2>, logits: Tensor<2>, observed: Vec<Observed>) -> Self {
        Output { embedding, logits, observed, statistics: Vec::new(), before: None, host: OnceCell::new() }
    }

    /// The output with what batch norm saw, in the graph.
    #[must_use]
    pub fn with_statistics(self, statistics: Vec<LayerStatistics>) -> Self {
        Output { statistics, ..self }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.logits.dims()[0]
    }

    /// True when there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The label's logits as a vector of the graph.
    pub fn logit(&self) -> Tensor<1> {
        self.logit_of(0)
    }

    /// The logits of a target as a vector of the graph; the label is target 0.
    pub fn logit_of(&self, target: usize) -> Tensor<1> {
        let logits = if self.targets() == 1 { self.logits.clone() } else { self.logits.clone().narrow(1, target, 1) };
        logits.reshape([self.len()])
    }

    /// Number of targets, the label among them.
    pub fn targets(&self) -> usize {
        self.logits.dims()[1]
    }

    /// The scores as a vector of the graph.
    pub fn score(&self) -> Tensor<1> {
        sigmoid(self.logit())
    }

    /// The logits of all targets on the host, row after row, read once.
    pub fn host_logits(&self) -> &[f32] {
        self.host.get_or_init(|| host(self.logits.clone().inner()))
    }

    /// The logits of one target on the host.
    pub fn host_logits_of(&self, target: usize) -> Vec<f32> {
        self.host_logits().iter().skip(target).step_by(self.targets()).copied().collect()
    }

    /// The label's scores on the host.
    pub fn host_scores(&self) -> Vec<f32> {
        self.host_logits_of(0).into_iter().map(sigmoid_of).collect()
    }
}

/// `1 / (1 + e^-z)`, without overflow for any finite z.
pub fn sigmoid_of(logit: f32) -> f32 {
    let small = (-logit.abs()).exp();
    if logit >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) }
}

/// A batch as a model reads it.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// Encoded columns `[rows, columns]`; one column of zeros where there are none.
    pub table: Tensor<2>,
    /// Recordings of the same rows.
    pub recordings: Option<Arc<Recorded>>,
}

impl From<Tensor<2>> for Inputs {
    fn from(table: Tensor<2>) -> Self {
        Inputs { table, recordings: None }
    }
}

impl Inputs {
    /// Where the tensors live.
    pub fn device(&self) -> Device {
        self.table.device()
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.table.dims()[0]
    }
}

/// A batch's columns and recordings on a device.
pub(crate) fn inputs(columns: Vec<f32>, rows: usize, recorded: Option<Recorded>, device: &Device) -> Inputs {
    let width = columns.len() / rows.max(1);
    let values = if width == 0 { vec![0.0; rows] } else { columns };
    let table = Tensor::from_data(TensorData::new(values, [rows, width.max(1)]), device);
    Inputs { table, recordings: recorded.map(Arc::new) }
}

/// Directions along which a forward pass is differentiated (reverse over forward needs them).
#[derive(Debug, Clone)]
pub struct Tangent {
    /// A direction in the space of weights.
    pub weights: Option<WeightDirection>,
    /// A direction in the space of inputs: `[rows, columns]`.
    pub inputs: Option<Tensor<2>>,
}

/// A pass that was taken and can be asked for derivatives without passing the rows again.
pub trait Linearised: Debug + Send + Sync {
    /// The derivative of the logits along a direction, `[rows, targets]`, in the graph of the pass.
    fn push_forward(&self, tangent: &Tangent) -> Tensor<2>;

    /// The gradients of `sum of slopes x logits`, for each span of rows that of its own rows (with batch norm, which ties rows together, there can
    /// only be one span, of all rows). `slopes`, `[rows, targets]`, and the results are outside the graph, which stays whole. Arrays of
    /// layers below the lowest one that is `wanted` may be left at 0.
    fn pull_back(&self, slopes: Tensor<2>, weights: &Weights, wanted: &[bool], spans: &[Range<usize>]) -> (Vec<Gradients>, Adjoints);

    /// For derivatives of directional derivatives, every span of rows along a direction of its own: the speeds of the logits, outside the
    /// graph, and what of `sum of slopes x speeds` depends on weights and layers' values, with the slopes held constant, as products
    /// with constants. `None` when this pass has no short way; [`Linearised::push_forward`] then serves. `adjoints` are those of
    /// [`Linearised::pull_back`] for these slopes, from a layer no higher than the lowest that moves.
    fn bend(&self, directions: &[WeightDirection], spans: &[Range<usize>], adjoints: &Adjoints) -> Option<Bend>;
}

/// Derivatives of `sum of slopes x logits` by each layer's values, outside the graph; empty for layers that were not reached.
#[derive(Debug, Clone, Default)]
pub struct Adjoints {
    /// By the values before the layer's activation.
    pub(crate) before: Vec<Option<Tensor<2>>>,
    /// By the values that the layer hands on, where the activation's slope depends on its values.
    pub(crate) after: Vec<Option<Tensor<2>>>,
}

/// How a directional derivative changes with weights and values.
#[derive(Debug)]
pub struct Bend {
    /// Speeds of the logits, `[rows, targets]`; `None` when nothing moves.
    pub(crate) speeds: Option<Tensor<2>>,
    /// Derivatives by weight matrices, outside the graph.
    pub(crate) by_weights: Vec<(Slot, Tensor<2>)>,
    /// A scalar in the graph with the derivatives by the layers' values.
    pub(crate) by_values: Option<Tensor<1>>,
}

/// A network.
pub trait Model: Debug + Send + Sync {
    /// What it is called in messages and model files: the id of its network's card.
    fn name(&self) -> &'static str;

    /// Number of input columns.
    fn columns(&self) -> usize;

    /// Width of the embedding.
    fn embedding_width(&self) -> usize;

    /// Number of leading arrays that make up the encoder (everything up to the embedding); the rest is the head.
    fn encoder_arrays(&self) -> usize;

    /// One pass over a batch.
    fn forward(&self, weights: &Bound, inputs: &Inputs, mode: &mut Mode<'_>) -> Output;

    /// Rows that a prediction passes at a time.
    fn block(&self) -> usize {
        1024
    }

    /// What the recordings must look like, for a model that reads them.
    fn shape(&self) -> Option<Shape> {
        None
    }

    /// Which of the recordings' modalities the model reads; the others are not fetched.
    fn modalities(&self) -> &[Modality] {
        &[]
    }

    /// Refuses candidates that the model cannot read.
    fn accepts(&self, candidates: Candidates<'_>) -> Result<(), LearnError> {
        let _ = candidates;
        Ok(())
    }

    /// Takes what the weights need of the training rows before the first step (means and deviations of inputs).
    fn standardise(&self, weights: &mut Weights, rows: &Rows<'_>) -> Result<(), LearnError> {
        let _ = (weights, rows);
        Ok(())
    }

    /// True when a row's output in training depends on the other rows of its batch, as with batch norm.
    fn couples_rows(&self) -> bool {
        true
    }

    /// One pass that carries a tangent beside the values: the output and its derivative along `tangent`, both in the graph, so that
    /// an ordinary backward pass differentiates the directional derivative once more. `None` when the model cannot.
    ///
    /// Batch norm in training takes the statistics of the batch, which move along with it: its derivative is that of the whole batch.
    /// [`tangents`] has layers to build this from.
    fn forward_tangent(&self, weights: &Bound, inputs: &Inputs, tangent: &Tangent, mode: &mut Mode<'_>) -> Option<(Output, Output)> {
        let _ = (weights, inputs, tangent, mode);
        None
    }

    /// One pass that keeps its values for derivatives. `None` when the model does not: whoever wants derivatives then passes the rows
    /// again (`forward`, `forward_tangent`), which costs more.
    fn linearise(&self, weights: &Bound, inputs: &Inputs, mode: &mut Mode<'_>) -> Option<(Output, Box<dyn Linearised>)> {
        let _ = (weights, inputs, mode);
        None
    }
}
