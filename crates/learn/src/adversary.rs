//! An adversary that reads the group from an embedding, behind a gradient reversal.
//!
//! ```text
//! CE(z)      = - sum_i w_i log softmax(h(z_i))[s_i]                   w_i: row's share of the batch's weight (known groups only)
//! reversal   : forward  r(z) = z          backward  dr/dz = -c        c >= 0: strength
//! ```
//!
//! One backward pass of CE(r(z)) gives the adversary h the gradient that makes it better and the encoder -c times the one that would
//! help it. The reversal needs no operation of its own: `r(z) = (1 + c) stop(z) - c z`, with `stop` cutting the gradient.
//!
//! Schedules of c over the epochs, with p = (epoch - 1) / epochs in [0, 1) and strength s:
//!
//! ```text
//! constant  c = s
//! paper     c = s (2 / (1 + e^-p) - 1)         rises to 0.46 s only
//! dann      c = s (2 / (1 + e^-10 p) - 1)      rises to s
//! ```
//!
//! Sources: Ganin et al., "Domain-adversarial training of neural networks" (2016), section 4.1 and 5 (schedule `dann`); Kim et al. 2023,
//! equations 13, 14 and 20. Its public code has the schedule without the factor 10, kept here as `paper`.

use std::collections::BTreeMap;

use burn_tensor::activation::log_softmax;
use burn_tensor::{Gradients as Tape, Tensor};
use evenhand_rows::UNKNOWN;
use rand_chacha::ChaCha8Rng;

use crate::models::{Architecture, Mlp, Mode, Model};
use crate::objective::{Pass, Setting, Term};
use crate::optimizer::{Adam, OptimizerKind};
use crate::weights::{Bound, Weights};

/// How the strength of the reversal changes over the epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// The same throughout.
    Constant,
    /// From 0 towards 0.46 of the strength, as in the public code of Kim et al.
    Paper,
    /// From 0 towards the strength, as in Ganin et al.
    Dann,
}

impl Schedule {
    /// The words of the parameter `schedule`.
    pub const WORDS: &'static [&'static str] = &["constant", "paper", "dann"];

    /// Reads one of [`Schedule::WORDS`].
    pub fn from_word(word: &str) -> Self {
        match word {
            "paper" => Schedule::Paper,
            "dann" => Schedule::Dann,
            _ => Schedule::Constant,
        }
    }

    /// Share of the strength in this epoch (from 1).
    pub fn share(self, epoch: usize, epochs: usize) -> f64 {
        let progress = epoch.saturating_sub(1) as f64 / epochs.max(1) as f64;
        match self {
            Schedule::Constant => 1.0,
            Schedule::Paper => 2.0 / (1.0 + (-progress).exp()) - 1.0,
            Schedule::Dann => 2.0 / (1.0 + (-10.0 * progress).exp()) - 1.0,
        }
    }
}

/// A network that predicts the group, with its own optimiser.
#[derive(Debug, Clone)]
pub struct Adversary {
    network: Mlp,
    pub(crate) weights: Weights,
    optimizer: Adam,
    groups: usize,
    pub(crate) bound: Option<Bound>,
}

impl Adversary {
    /// An adversary with these hidden layers for the setting's embedding and groups.
    pub fn new(hidden: Vec<usize>, kind: OptimizerKind, setting: &Setting<'_>, rng: &mut ChaCha8Rng) -> Self {
        let groups = setting.train.groups.levels().len().max(1);
        let architecture = Architecture { hidden, ..Architecture::default() };
        let (network, weights) = Mlp::with_outputs(&architecture, setting.model.embedding_width(), groups, rng);
        let optimizer = Adam::new(kind, 0.0, &weights);
        Adversary { network, weights, optimizer, groups, bound: None }
    }

    /// The cross-entropy on the batch, reversed for the encoder with strength `reversal` (its value is the encoder's, `-c CE`); skipped and counted when fewer than two
    /// groups have rows in the batch, since then there is nothing to tell apart.
    pub fn term(&mut self, pass: &mut Pass<'_>, embedding: &Tensor<2>, reversal: f64) -> Term {
        self.bound = None;
        if pass.group_counts().len() < 2 {
            return pass.skip("adversary");
        }
        let bound = self.weights.bind(&embedding.device());
        let reversed = embedding.clone().detach().mul_scalar(1.0 + reversal) - embedding.clone().mul_scalar(reversal);
        let output = self.network.forward(&bound, &reversed.into(), &mut Mode::Evaluation);
        let rows = pass.batch.groups.iter().zip(&pass.batch.weights);
        let total: f64 = rows.clone().filter(|(group, _)| **group != UNKNOWN).map(|(_, weight)| f64::from(*weight)).sum();
        let mut targets = vec![0.0; pass.batch.len() * self.groups];
        for (row, (&group, &weight)) in rows.enumerate().filter(|(_, (group, _))| **group != UNKNOWN) {
            targets[row * self.groups + group as usize] = (f64::from(weight) / total) as f32;
        }
        let targets = pass.constant(targets, [pass.batch.len(), self.groups]);
        let term = Term::from_graph((log_softmax(output.logits, 1) * targets).sum().neg());
        pass.note("adversary", term.value);
        self.bound = Some(bound);
        // The scorer sees -c CE, the adversary CE: one graph, whose value is told from the scorer's side.
        Term { value: -reversal * term.value, ..term }
    }

    /// Moves the adversary one step with the gradients that the backward pass of its term left.
    pub fn step(&mut self, tape: &mut Tape, learning_rate: f64) {
        if let Some(bound) = self.bound.take() {
            let gradients = bound.gradients(tape, &self.weights);
            self.optimizer.step(&mut self.weights, &gradients, learning_rate);
        }
    }

    /// Its weights.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Weights and moments for a checkpoint.
    pub fn state(&self) -> Vec<(String, Vec<f32>)> {
        let mut state = optimizer_state("adversary", &self.optimizer);
        state.extend(self.weights.state("adversary"));
        state
    }

    /// Puts back what [`Adversary::state`] gave; false when it does not fit.
    pub fn restore(&mut self, state: &BTreeMap<String, Vec<f32>>) -> bool {
        restore_optimizer("adversary", &mut self.optimizer, state) && self.weights.restore("adversary", state)
    }
}

/// Moments and step count of an objective's own optimiser, as named arrays. The count is split so that `f32` holds it exactly.
pub(crate) fn optimizer_state(name: &str, optimizer: &Adam) -> Vec<(String, Vec<f32>)> {
    let steps = optimizer.steps();
    let mut state = vec![(format!("{name}/steps"), vec![(steps & 0xffff) as f32, (steps >> 16) as f32])];
    for (place, [first, second]) in optimizer.moments().iter().enumerate() {
        state.push((format!("{name}/first/{place}"), first.clone()));
        state.push((format!("{name}/second/{place}"), second.clone()));
    }
    state
}

/// Puts back what [`optimizer_state`] gave.
pub(crate) fn restore_optimizer(name: &str, optimizer: &mut Adam, state: &BTreeMap<String, Vec<f32>>) -> bool {
    let Some([low, high]) = state.get(&format!("{name}/steps")).map(Vec::as_slice) else { return false };
    let steps = *low as u64 | ((*high as u64) << 16);
    let moments: Option<Vec<[Vec<f32>; 2]>> = (0..optimizer.moments().len())
        .map(|place| Some([state.get(&format!("{name}/first/{place}"))?.clone(), state.get(&format!("{name}/second/{place}"))?.clone()]))
        .collect();
    moments.is_some_and(|moments| optimizer.restore(steps, moments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_start_and_end_where_they_should() {
        assert_eq!(Schedule::Constant.share(1, 10), 1.0);
        assert_eq!(Schedule::Paper.share(1, 10), 0.0);
        // 2 / (1 + e^-1) - 1 = tanh(1/2) = .46212 at the end of training.
        assert!((Schedule::Paper.share(10_001, 10_000) - 0.462_117).abs() < 1e-6);
        assert!((Schedule::Dann.share(10_001, 10_000) - 0.999_909).abs() < 1e-6);
    }
}
