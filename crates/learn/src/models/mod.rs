//! Networks: what turns inputs into an embedding and a logit.
//!
//! A model holds no weights: it is given them ([`Bound`]) for each pass. Objectives see only its [`Output`], so every objective fits
//! every model.

mod mlp;

use std::cell::OnceCell;
use std::fmt::Debug;

use burn::tensor::{Tensor, activation::sigmoid};
use rand_chacha::ChaCha8Rng;

pub use mlp::{Activation, Architecture, Mlp};

use crate::weights::{Bound, Slot, host};

/// Whether a pass trains (dropout, batch statistics) or predicts.
#[derive(Debug)]
pub enum Mode<'a> {
    /// Dropout masks come from this stream; batch norm uses the batch's statistics.
    Training(&'a mut ChaCha8Rng),
    /// No dropout; batch norm uses the running statistics.
    Evaluation,
}

/// What a model makes of a batch.
#[derive(Debug, Clone)]
pub struct Output {
    /// The representation Z: `[rows, width]`.
    pub embedding: Tensor<2>,
    /// One logit per row and target: `[rows, 1]`; the score is its sigmoid.
    pub logits: Tensor<2>,
    /// Statistics that batch norm saw, to be mixed into its running ones.
    pub observed: Vec<Observed>,
    host: OnceCell<Vec<f32>>,
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
        Output { embedding, logits, observed, host: OnceCell::new() }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.logits.dims()[0]
    }

    /// True when there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The logits as a vector of the graph.
    pub fn logit(&self) -> Tensor<1> {
        self.logits.clone().reshape([self.len()])
    }

    /// The scores as a vector of the graph.
    pub fn score(&self) -> Tensor<1> {
        sigmoid(self.logit())
    }

    /// The logits on the host, read once.
    pub fn host_logits(&self) -> &[f32] {
        self.host.get_or_init(|| host(self.logits.clone().inner()))
    }

    /// The scores on the host.
    pub fn host_scores(&self) -> Vec<f32> {
        self.host_logits().iter().map(|&logit| sigmoid_of(logit)).collect()
    }
}

/// `1 / (1 + e^-z)`, without overflow for any finite z.
pub fn sigmoid_of(logit: f32) -> f32 {
    let small = (-logit.abs()).exp();
    if logit >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) }
}

/// Directions along which a forward pass is differentiated (reverse over forward needs them).
#[derive(Debug, Clone)]
pub struct Tangent {
    /// A direction in the space of weights: one constant tensor per array, empty ones for arrays that stay.
    pub weights: Option<Bound>,
    /// A direction in the space of inputs: `[rows, columns]`.
    pub inputs: Option<Tensor<2>>,
}

/// A network.
pub trait Model: Debug + Send + Sync {
    /// What it is called in messages and model files.
    fn name(&self) -> &'static str;

    /// Number of input columns.
    fn columns(&self) -> usize;

    /// Width of the embedding.
    fn embedding_width(&self) -> usize;

    /// Number of leading arrays that make up the encoder (everything up to the embedding); the rest is the head.
    fn encoder_arrays(&self) -> usize;

    /// One pass: `inputs` is `[rows, columns]`.
    fn forward(&self, weights: &Bound, inputs: Tensor<2>, mode: &mut Mode<'_>) -> Output;

    /// One pass that carries a tangent beside the values: the output and its derivative along `tangent`, both in the graph, so that
    /// an ordinary backward pass differentiates the directional derivative once more. `None` when the model cannot.
    fn forward_tangent(&self, weights: &Bound, inputs: Tensor<2>, tangent: &Tangent, mode: &mut Mode<'_>) -> Option<(Output, Output)> {
        let _ = (weights, inputs, tangent, mode);
        None
    }
}
