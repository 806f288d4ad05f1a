//! What a training method may change: the [`Objective`] trait, and what its hooks are given.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::Range;

use burn_tensor::{Device, Gradients as Tape, Tensor, TensorData};
use evenhand_catalog::{Card, Parameters};
use evenhand_rows::{Matrix, UNKNOWN};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::models::{Adjoints, Bend, Inputs, Linearised, Mode, Model, Output, Tangent, sigmoid_of};
use crate::randomness::{Purpose, stream};
use crate::rows::{Batch, BatchPlan, Candidates, Rows};
use crate::scorer::{Fitted, Loader};
use crate::trainer::Task;
use crate::training::{DataLoss, Training};
use crate::weights::{Bound, Gradients, Slot, WeightDirection, Weights};
use crate::{LearnError, Prediction};

/// A training method: vanilla learning with some of the hooks filled in.
///
/// The trainer calls, in this order: `prepare` once; each epoch `plan`; each batch `amend`, `forward`, `loss`, (backward pass),
/// `correct`, (optimiser step), `after_step`; then `validation_terms` and `end_epoch`. Every hook but [`Objective::card`] and
/// [`Objective::parameters`] has a default that changes nothing. The table in [`crate::objectives`] says which published method
/// needs which hook.
///
/// An objective must draw random numbers only from the stream it is handed, and must keep everything it changes during training in
/// [`Objective::state`]: a resumed run continues bit for bit.
pub trait Objective: Debug + Send {
    /// What the method says of itself.
    fn card(&self) -> &'static Card;

    /// The parameters it was built with.
    fn parameters(&self) -> &Parameters;

    /// What the method, with the parameters it was built with, must know of candidates, and of the model.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// Called once before the first epoch: build own networks, look at the groups, refuse settings that do not fit.
    fn prepare(&mut self, setting: &Setting<'_>, weights: &Weights, rng: &mut ChaCha8Rng) -> Result<(), LearnError> {
        let _ = (setting, weights, rng);
        Ok(())
    }

    /// How the rows of an epoch are cut into batches.
    fn plan(&self) -> BatchPlan {
        BatchPlan::default()
    }

    /// May rewrite a batch before its pass: repeat rows, flip the sensitive input, mix rows, change weights.
    fn amend(&mut self, batch: &mut Batch, setting: &Setting<'_>, rng: &mut ChaCha8Rng) -> Result<(), LearnError> {
        let _ = (batch, setting, rng);
        Ok(())
    }

    /// The model's pass over the batch. An objective that asks the pass for derivatives ([`Pass::linearise`]), or passes its rows in
    /// parts, does it here and keeps what it needs until `loss`.
    fn forward(&mut self, pass: &mut Pass<'_>) -> Result<Output, LearnError> {
        let inputs = pass.inputs();
        Ok(pass.forward(&inputs))
    }

    /// What is minimised on this batch. `output` is the model's pass over it; further passes (flipped rows, tangents) are
    /// [`Pass::forward`] and [`Pass::forward_tangent`].
    fn loss(&mut self, pass: &mut Pass<'_>, output: &Output) -> Result<Term, LearnError> {
        Ok(pass.data_loss(output))
    }

    /// May change the gradients before the optimiser's step; gradients of the objective's own networks are read from `tape`.
    fn correct(&mut self, pass: &mut Pass<'_>, tape: &mut Tape, gradients: &mut Gradients) -> Result<(), LearnError> {
        let _ = (pass, tape, gradients);
        Ok(())
    }

    /// Called after the optimiser's step on a batch: further steps with optimisers of the objective's own.
    fn after_step(&mut self, pass: &mut Pass<'_>) -> Result<(), LearnError> {
        let _ = pass;
        Ok(())
    }

    /// Factor of the data loss in what is minimised; [`Selection::Objective`](crate::Selection::Objective) weighs it so on the
    /// validation rows.
    fn data_weight(&self) -> f64 {
        1.0
    }

    /// The objective's terms on the validation rows, as they enter the loss (with their weights), by name.
    fn validation_terms(&self, outcome: &Validation<'_>) -> Vec<(&'static str, f64)> {
        let _ = outcome;
        Vec::new()
    }

    /// Called at the end of an epoch; may change the factors on the training rows' weights for the epochs to come.
    fn end_epoch(&mut self, outcome: &EpochEnd<'_>, factors: &mut [f32]) -> Result<(), LearnError> {
        let _ = (outcome, factors);
        Ok(())
    }

    /// Everything that training changed in the objective, as named arrays.
    fn state(&self) -> Vec<(String, Vec<f32>)> {
        Vec::new()
    }

    /// Puts back what [`Objective::state`] gave; called after `prepare`. False when it does not fit.
    fn restore(&mut self, state: &BTreeMap<String, Vec<f32>>) -> bool {
        state.is_empty()
    }

    /// Whether the method fits on its own: [`Objective::fit_alone`] returns `Some`, and `training.epochs`, batches and the other hooks
    /// mean nothing to it.
    fn fits_alone(&self) -> bool {
        false
    }

    /// Whether a score is the probability of a positive decision in a mixture of classifiers: what the method promises of the mixture it then
    /// promises of the mean score, and not of decisions cut from scores.
    fn scores_are_expected_decisions(&self) -> bool {
        false
    }

    /// What the method makes of parameters that it takes otherwise than they are written, in a sentence.
    fn as_taken(&self) -> Option<String> {
        None
    }

    /// What reads back from model folders whatever [`Objective::fit_alone`] returns under any parameters; networks need none.
    fn loaders(&self) -> &'static [Loader] {
        &[]
    }

    /// A method with a fit of its own (trees, rounds of whole fits) does it here and returns `Some`; the loop over batches is then
    /// not entered and no other hook is called.
    fn fit_alone(&mut self, task: &mut Task<'_, '_>) -> Option<Result<Box<dyn Fitted>, LearnError>> {
        let _ = task;
        None
    }
}

/// What a method needs beside inputs and labels. Whether the sensitive attribute may be used to train, and above all to score, is a
/// question of law; the generated documents show the answer for every method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// True when training reads the sensitive attribute.
    pub attribute_to_train: bool,
    /// True when a candidate cannot be scored without the sensitive attribute.
    pub attribute_to_score: bool,
    /// Further conditions in words; empty when there are none.
    pub also: &'static str,
}

impl Default for Needs {
    /// Most methods read the attribute in training only.
    fn default() -> Self {
        Needs { attribute_to_train: true, attribute_to_score: false, also: "" }
    }
}

/// What stays the same during a fit.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Training rows.
    pub train: &'a Rows<'a>,
    /// The network.
    pub model: &'a dyn Model,
    /// The recipe's `[training]`.
    pub training: &'a Training,
    /// Seed of the run.
    pub seed: u64,
}

/// Validation rows with the model's prediction.
#[derive(Debug, Clone, Copy)]
pub struct Validation<'a> {
    /// Validation rows.
    pub rows: &'a Rows<'a>,
    /// Scores and embeddings, in the order of the rows.
    pub prediction: &'a Prediction,
    /// The recipe's `[training]`.
    pub training: &'a Training,
    /// Epoch, from 1.
    pub epoch: usize,
    /// What was fitted, where it is a network.
    pub(crate) network: Option<(&'a dyn Model, &'a Weights)>,
}

impl Validation<'_> {
    /// What the network, as it stands, says of the validation rows with other values in their columns; `None` for what is no network.
    pub fn predict(&self, features: &Matrix) -> Option<Result<Prediction, LearnError>> {
        let (model, weights) = self.network?;
        Some(crate::scorer::predict(model, weights, Candidates { features, recordings: self.rows.recordings }))
    }

    /// The weight of every row.
    pub(crate) fn weights(&self) -> Vec<f32> {
        (0..self.rows.len()).map(|row| self.rows.weights.map_or(1.0, |weights| weights[row] as f32)).collect()
    }

    /// The scores of a target; the label is target 0.
    pub(crate) fn scores_of(&self, target: usize) -> Vec<f32> {
        self.prediction.logits_of(target).iter().map(|&logit| sigmoid_of(logit)).collect()
    }

    /// The mean of a term over pieces of the rows, each as large as a batch and as heavy as its rows; `None` where no piece has it.
    ///
    /// For terms whose value depends on the number of rows, or whose cost grows with its square. The pieces are drawn with one seed for
    /// all epochs and runs, so that epochs are judged on the same pieces whatever the order of the file; all are of one size, or one row
    /// more.
    pub(crate) fn mean_over_pieces(&self, term: impl Fn(&[usize]) -> Option<f64>) -> Option<f64> {
        let rows = self.rows.len();
        let mut order: Vec<usize> = (0..rows).collect();
        order.shuffle(&mut stream(0, Purpose::Pieces, 0));
        let count = rows.div_ceil(self.training.batch_size);
        let (mut sum, mut total) = (0.0, 0.0);
        for number in 0..count {
            let mut piece = order[rows * number / count..rows * (number + 1) / count].to_vec();
            piece.sort_unstable();
            let weight: f64 = piece.iter().map(|&row| self.rows.weights.map_or(1.0, |weights| weights[row])).sum();
            if let Some(value) = term(&piece).filter(|_| weight > 0.0) {
                sum += weight * value;
                total += weight;
            }
        }
        (total > 0.0).then(|| sum / total)
    }
}

/// What an objective may look at when an epoch ends.
#[derive(Debug, Clone, Copy)]
pub struct EpochEnd<'a> {
    /// What stays the same during the fit.
    pub setting: &'a Setting<'a>,
    /// Weights after the epoch.
    pub weights: &'a Weights,
    /// Epoch, from 1.
    pub epoch: usize,
}

impl EpochEnd<'_> {
    /// The model's scores and embeddings of all training rows, as it stands now.
    pub fn predict_train(&self) -> Result<Prediction, LearnError> {
        crate::scorer::predict(self.setting.model, self.weights, self.setting.train.candidates())
    }
}

/// A part of the loss: its value, and a scalar of the graph with the same gradient.
///
/// Where a term is computed on the host (sorting for W1), the scalar is `sum c_i x_i` with the derivatives `c_i` held constant, so
/// its gradient is exact while its own value need not be the term's. Only first derivatives may be taken through such a term.
#[derive(Debug, Clone)]
pub struct Term {
    /// The term's value.
    pub value: f64,
    /// A scalar with the term's gradient; `None` for a term that depends on nothing.
    pub graph: Option<Tensor<1>>,
}

impl Term {
    /// A term of value 0 without gradient.
    pub fn zero() -> Self {
        Term { value: 0.0, graph: None }
    }

    /// A term that the graph computes; its value is read back.
    pub fn from_graph(graph: Tensor<1>) -> Self {
        Term { value: f64::from(graph.clone().inner().into_scalar::<f32>()), graph: Some(graph) }
    }

    /// A term computed on the host, with its derivative for every entry of `values`.
    pub fn from_slopes(value: f64, values: Tensor<1>, slopes: Vec<f32>) -> Self {
        let count = slopes.len();
        let slopes = Tensor::<1>::from_data(TensorData::new(slopes, [count]), &values.device());
        Term { value, graph: Some((values * slopes).sum()) }
    }

    /// The sum of two terms.
    #[must_use]
    pub fn plus(self, other: Term) -> Self {
        let graph = match (self.graph, other.graph) {
            (Some(mine), Some(others)) => Some(mine + others),
            (mine, others) => mine.or(others),
        };
        Term { value: self.value + other.value, graph }
    }

    /// The term times a constant.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Term { value: self.value * factor, graph: self.graph.map(|graph| graph.mul_scalar(factor)) }
    }
}

/// Sums of what the batches of an epoch reported.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Ledger {
    pub(crate) terms: BTreeMap<&'static str, (f64, u64)>,
    pub(crate) skipped: BTreeMap<&'static str, u64>,
}

/// A pass that can be asked for derivatives: [`Pass::push_forward`], [`Pass::pull_back`].
#[derive(Debug)]
pub enum Retained {
    /// The model kept the values of its layers.
    Kept(Box<dyn Linearised>),
    /// The rows are passed again, with the same dropout masks.
    Again {
        /// The rows.
        inputs: Box<Inputs>,
        /// The stream of the masks as it stood before the pass.
        dropout: Box<ChaCha8Rng>,
    },
}

/// The refusal of an objective that needs derivatives along directions on a model that has none.
pub(crate) fn without_tangents(objective: &Card, model: &dyn Model) -> LearnError {
    LearnError::Unsupported {
        objective: objective.id.to_owned(),
        need: "directional derivatives".to_owned(),
        model: format!("this `{}`", model.name()),
        remedy: match model.shape() {
            Some(_) => "take another objective for recordings".to_owned(),
            None => "take another objective".to_owned(),
        },
    }
}

/// One batch on its way through the model, and everything an objective may do with it.
#[derive(Debug)]
pub struct Pass<'a> {
    /// What stays the same during the fit.
    pub setting: Setting<'a>,
    /// The batch.
    pub batch: &'a Batch,
    /// Epoch, from 1.
    pub epoch: usize,
    /// Learning rate of the scorer in this epoch.
    pub learning_rate: f64,
    /// The model's weights; after [`Pass::rebind`] the tensors of the pass hold their present values.
    pub weights: &'a mut Weights,
    /// Random numbers for the objective.
    pub rng: &'a mut ChaCha8Rng,
    pub(crate) dropout: &'a mut ChaCha8Rng,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) bound: Bound,
    pub(crate) inputs: Inputs,
}

/// The device that training runs on: the tensor library's pure Rust CPU engine, recording a graph.
pub fn training_device() -> Device {
    Device::flex().autodiff()
}

impl Pass<'_> {
    /// The batch's inputs, outside the graph.
    pub fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    /// A matrix of constants on the pass's device.
    pub fn constant(&self, values: Vec<f32>, shape: [usize; 2]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values, shape), &self.inputs.device())
    }

    /// A training pass of the model over any inputs with the pass's weights (a fresh dropout mask each time).
    pub fn forward(&mut self, inputs: &Inputs) -> Output {
        let before = Some(self.dropout.clone());
        let mut output = self.setting.model.forward(&self.bound, inputs, &mut Mode::Training(&mut *self.dropout));
        output.before = before;
        output
    }

    /// A training pass over re-written rows with the dropout masks and the batch statistics of an earlier pass ([`Mode::Repeating`]).
    ///
    /// # Panics
    /// When `earlier` did not come from [`Pass::forward`], or over another number of rows.
    pub fn repeat(&self, inputs: &Inputs, earlier: &Output) -> Output {
        assert_eq!(inputs.rows(), earlier.len(), "masks have a row for each row");
        let mut stream = earlier.before.clone().expect("the earlier pass is one of `forward`");
        self.setting.model.forward(&self.bound, inputs, &mut Mode::Repeating(&mut stream, &earlier.statistics))
    }

    /// A training pass that carries a tangent; an error that names the model when it cannot.
    pub fn forward_tangent(&mut self, inputs: &Inputs, tangent: &Tangent, objective: &Card) -> Result<(Output, Output), LearnError> {
        let model = self.setting.model;
        let mode = &mut Mode::Training(&mut *self.dropout);
        model.forward_tangent(&self.bound, inputs, tangent, mode).ok_or_else(|| without_tangents(objective, model))
    }

    /// The same through the network as it scores: no dropout, running statistics in batch norm, so that rows stand apart.
    pub fn scoring_tangent(&mut self, inputs: &Inputs, tangent: &Tangent, objective: &Card) -> Result<(Output, Output), LearnError> {
        let model = self.setting.model;
        let found = model.forward_tangent(&self.bound, inputs, tangent, &mut Mode::Evaluation);
        found.ok_or_else(|| without_tangents(objective, model))
    }

    /// A training pass of the model that can be asked for derivatives.
    pub fn linearise(&mut self, inputs: &Inputs) -> (Output, Retained) {
        let dropout = self.dropout.clone();
        match self.setting.model.linearise(&self.bound, inputs, &mut Mode::Training(&mut *self.dropout)) {
            Some((output, kept)) => (output, Retained::Kept(kept)),
            None => (self.forward(inputs), Retained::Again { inputs: Box::new(inputs.clone()), dropout: Box::new(dropout) }),
        }
    }

    /// The derivative of a pass's logits along a direction in the weights, `[rows, targets]`, in the graph.
    pub fn push_forward(&self, pass: &Retained, direction: &Gradients, objective: &Card) -> Result<Tensor<2>, LearnError> {
        let direction = WeightDirection::new(direction, self.weights, &self.inputs.device());
        let tangent = Tangent { weights: Some(direction), inputs: None };
        match pass {
            Retained::Kept(kept) => Ok(kept.push_forward(&tangent)),
            Retained::Again { inputs, dropout } => {
                let model = self.setting.model;
                let found = model.forward_tangent(&self.bound, inputs, &tangent, &mut Mode::Training(&mut (**dropout).clone()));
                found.map(|(_, speed)| speed.logits).ok_or_else(|| without_tangents(objective, model))
            }
        }
    }

    /// A pass's short way to the derivatives of directional derivatives ([`crate::models::Linearised::bend`]), where it has one.
    pub(crate) fn bend(
        &self,
        pass: &Retained,
        directions: &[Gradients],
        spans: &[Range<usize>],
        adjoints: Option<&Adjoints>,
    ) -> Option<Bend> {
        let (Retained::Kept(kept), Some(adjoints)) = (pass, adjoints) else { return None };
        let device = self.inputs.device().without_autodiff();
        let direction = |along: &Gradients| WeightDirection::new(along, self.weights, &device);
        let directions: Vec<_> = directions.iter().map(direction).collect();
        rayon::scope(|_| kept.bend(&directions, spans, adjoints))
    }

    /// The gradients of `sum of slopes x logits` of a pass, for each span of rows that of its own rows; slopes row after row, `width` of them a row. The graph of the
    /// pass stays whole. Arrays of layers below the lowest one that is `wanted` may be left at 0. With adjoints where the model keeps
    /// them; a model that does not keeps spans apart by passing the rows once for each.
    pub(crate) fn pull_back(
        &self,
        pass: &Retained,
        slopes: Vec<f32>,
        width: usize,
        wanted: &[bool],
        spans: &[Range<usize>],
    ) -> (Vec<Gradients>, Option<Adjoints>) {
        let device = self.inputs.device();
        match pass {
            Retained::Kept(kept) => {
                let shape = [slopes.len() / width, width];
                let slopes = TensorData::new(slopes, shape);
                let slopes = Tensor::from_data(slopes, &device.without_autodiff());
                // Inside the pool, where many small products do not each wake it.
                let (gradients, adjoints) = rayon::scope(|_| kept.pull_back(slopes, self.weights, wanted, spans));
                (gradients, Some(adjoints))
            }
            Retained::Again { inputs, dropout } => {
                let gradient = |span: &Range<usize>| {
                    let mut own = vec![0.0; slopes.len()];
                    let places = span.start * width..span.end * width;
                    own[places.clone()].copy_from_slice(&slopes[places]);
                    // Leaves of its own, so that this backward pass takes nothing from the graph of the first.
                    let bound = self.weights.bind(&device);
                    let output = self.setting.model.forward(&bound, inputs, &mut Mode::Training(&mut (**dropout).clone()));
                    let own = TensorData::new(own, [inputs.rows(), width]);
                    let mut tape = (output.logits * Tensor::from_data(own, &device)).sum().backward();
                    bound.gradients(&mut tape, self.weights)
                };
                (spans.iter().map(gradient).collect(), None)
            }
        }
    }

    /// The inner product of a weight matrix with constants, in the graph.
    pub(crate) fn linear(&self, slot: Slot, constants: Tensor<2>) -> Tensor<1> {
        (self.bound.matrix(slot) * Tensor::from_inner(constants)).sum()
    }

    /// Takes the weights' present values into the tensors of the pass (after a step on them).
    pub fn rebind(&mut self) {
        self.bound = self.weights.bind(&self.inputs.device());
    }

    /// Backward pass of a term; `None` when the term depends on nothing.
    pub fn backward(&self, term: &Term) -> Option<Tape> {
        term.graph.as_ref().filter(|graph| graph.is_tracked()).map(Tensor::backward)
    }

    /// The gradients of the model's weights that a backward pass left.
    pub fn gradients(&self, tape: &mut Tape) -> Gradients {
        self.bound.gradients(tape, self.weights)
    }

    /// The recipe's data loss on the batch: the weighted mean over rows of BCE with logits or squared error. Rows of weight 0 take
    /// no part.
    ///
    /// With further targets it is the mean over all of them, the label counting as one.
    pub fn data_loss(&mut self, output: &Output) -> Term {
        let shares = self.batch.shares();
        let loss = self.setting.training.loss;
        let count = output.targets();
        if count == 1 {
            let (value, slopes) = data_loss(loss, output.host_logits(), &self.batch.labels, &shares);
            self.note("data", value);
            return Term::from_slopes(value, output.logit(), slopes);
        }
        let mut value = 0.0;
        let mut slopes = vec![0.0; output.len() * count];
        for (target, labels) in std::iter::once(&self.batch.labels).chain(&self.batch.targets).enumerate() {
            let (here, own) = data_loss(loss, &output.host_logits_of(target), labels, &shares);
            value += here / count as f64;
            slopes.iter_mut().skip(target).step_by(count).zip(own).for_each(|(slope, own)| *slope = own / count as f32);
        }
        self.note("data", value);
        Term::from_slopes(value, output.logits.clone().reshape([output.len() * count]), slopes)
    }

    /// The targets whose scores shall agree between groups: `training.regularised`, else the label alone (target 0).
    pub fn regularised(&self) -> Vec<usize> {
        self.setting.training.regularised_among(self.setting.train.targets)
    }

    /// Reports a term's value on this batch, for the training curves.
    pub fn note(&mut self, term: &'static str, value: f64) {
        let entry = self.ledger.terms.entry(term).or_default();
        entry.0 += value;
        entry.1 += 1;
    }

    /// Reports that a term could not be computed on this batch (a group was absent) and took no part.
    pub fn skip(&mut self, term: &'static str) -> Term {
        *self.ledger.skipped.entry(term).or_default() += 1;
        Term::zero()
    }

    /// Group codes of the batch's rows that are known and have weight, counted by group.
    pub fn group_counts(&self) -> BTreeMap<u32, usize> {
        let mut counts = BTreeMap::new();
        let rows = self.batch.groups.iter().zip(&self.batch.weights);
        for (&group, _) in rows.filter(|(group, weight)| **group != UNKNOWN && **weight > 0.0) {
            *counts.entry(group).or_default() += 1;
        }
        counts
    }
}

/// The data loss and its derivative for every logit; `shares` sum to 1.
///
/// ```text
/// bce: l = max(z, 0) - y z + log(1 + e^-|z|)     dl/dz = s - y            s = sigmoid(z)
/// mse: l = (s - y)^2                             dl/dz = 2 (s - y) s (1 - s)
/// ```
pub(crate) fn data_loss(loss: DataLoss, logits: &[f32], labels: &[f32], shares: &[f32]) -> (f64, Vec<f32>) {
    let mut value = 0.0;
    let mut slopes = Vec::with_capacity(logits.len());
    for ((&logit, &label), &share) in logits.iter().zip(labels).zip(shares) {
        let score = sigmoid_of(logit);
        let (row, slope) = match loss {
            DataLoss::Bce => (logit.max(0.0) - label * logit + (-logit.abs()).exp().ln_1p(), score - label),
            DataLoss::Mse => ((score - label).powi(2), 2.0 * (score - label) * score * (1.0 - score)),
        };
        value += f64::from(share) * f64::from(row);
        slopes.push(share * slope);
    }
    (value, slopes)
}
