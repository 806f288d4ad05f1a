//! Adam and AdamW over flat arrays.
//!
//! ```text
//! m <- b1 m + (1 - b1) g            v <- b2 v + (1 - b2) g^2
//! w <- w - rate * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + e)
//! adam:   g <- g + decay * w before the moments          adamw:  w <- w - rate * decay * w beside them
//! ```
//!
//! b1 = 0.9, b2 = 0.999, e = 1e-8, t = number of the step from 1. All moments are `f32`; the bias corrections are computed in `f64`.
//! Source: Kingma and Ba, "Adam" (2015), algorithm 1; Loshchilov and Hutter, "Decoupled weight decay regularization" (2019), algorithm 2.

use serde::{Deserialize, Serialize};

use crate::weights::{Gradients, Weights};

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
/// PyTorch's default. The tensor library's own default (1e-5) damps small gradients noticeably.
const EPSILON: f32 = 1e-8;

/// How weight decay enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerKind {
    /// Decay is part of the gradient.
    #[default]
    Adam,
    /// Decay is taken off the weights directly.
    Adamw,
}

/// An optimiser with its moments.
#[derive(Debug, Clone, PartialEq)]
pub struct Adam {
    kind: OptimizerKind,
    weight_decay: f32,
    steps: u64,
    moments: Vec<[Vec<f32>; 2]>,
}

impl Adam {
    /// An optimiser for these weights, with moments of zero.
    pub fn new(kind: OptimizerKind, weight_decay: f64, weights: &Weights) -> Self {
        let zeros = weights.zero_gradients().arrays;
        Adam { kind, weight_decay: weight_decay as f32, steps: 0, moments: zeros.into_iter().map(|zero| [zero.clone(), zero]).collect() }
    }

    /// Moves the weights one step against the gradients.
    pub fn step(&mut self, weights: &mut Weights, gradients: &Gradients, learning_rate: f64) {
        self.steps += 1;
        let steps = self.steps as f64;
        let correction_1 = 1.0 - f64::from(BETA_1).powf(steps);
        let correction_2 = 1.0 - f64::from(BETA_2).powf(steps);
        // w - rate * (m / c1) / (sqrt(v / c2) + e), with the corrections moved out of the loop.
        let rate = (learning_rate * correction_2.sqrt() / correction_1) as f32;
        let epsilon = (f64::from(EPSILON) * correction_2.sqrt()) as f32;
        let coupled = if self.kind == OptimizerKind::Adam { self.weight_decay } else { 0.0 };
        let shrink = if self.kind == OptimizerKind::Adamw { 1.0 - (learning_rate as f32) * self.weight_decay } else { 1.0 };
        for ((array, gradient), [first, second]) in weights.arrays.iter_mut().zip(&gradients.arrays).zip(&mut self.moments) {
            let moments = first.iter_mut().zip(second.iter_mut());
            for ((value, gradient), (first, second)) in array.values.iter_mut().zip(gradient).zip(moments) {
                let gradient = gradient + coupled * *value;
                *first += (1.0 - BETA_1) * (gradient - *first);
                *second += (1.0 - BETA_2) * (gradient * gradient - *second);
                *value = *value * shrink - rate * *first / (second.sqrt() + epsilon);
            }
        }
    }

    /// Number of steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Number of steps and first and second moments per array, for a checkpoint.
    pub fn moments(&self) -> &[[Vec<f32>; 2]] {
        &self.moments
    }

    /// Puts back what a checkpoint kept; false when the sizes differ.
    pub fn restore(&mut self, steps: u64, moments: Vec<[Vec<f32>; 2]>) -> bool {
        let sizes = |moments: &[[Vec<f32>; 2]]| moments.iter().map(|[a, b]| (a.len(), b.len())).collect::<Vec<_>>();
        if sizes(&moments) != sizes(&self.moments) {
            return false;
        }
        (self.steps, self.moments) = (steps, moments);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: f32) -> Weights {
        let mut weights = Weights::default();
        weights.add("w", &[1], vec![value], true);
        weights
    }

    #[test]
    fn the_first_step_is_the_learning_rate_against_the_sign() {
        // m / c1 = g and v / c2 = g^2, so the step is rate * g / (|g| + e).
        let mut weights = one(1.0);
        let mut adam = Adam::new(OptimizerKind::Adam, 0.0, &weights);
        adam.step(&mut weights, &Gradients { arrays: vec![vec![0.3]] }, 0.01);
        assert!((weights.arrays[0].values[0] - 0.99).abs() < 1e-6);
        // Second step, g = -0.1: m = .9*.03 - .01 = .017, c1 = .19; v = .999*.00009 + .00001 = .00009991, c2 = .001999.
        // w = .99 - .01 * (.017/.19) / sqrt(.00009991/.001999) = .99 - .01 * .0894737 / .2235612 = .9859978
        adam.step(&mut weights, &Gradients { arrays: vec![vec![-0.1]] }, 0.01);
        assert!((weights.arrays[0].values[0] - 0.985_997_8).abs() < 1e-6);
    }

    #[test]
    fn decay_is_coupled_in_adam_and_decoupled_in_adamw() {
        // Gradient 0: Adam sees decay * w = .1 and takes a full step; AdamW shrinks by rate * decay only.
        let (mut coupled, mut decoupled) = (one(1.0), one(1.0));
        let zero = Gradients { arrays: vec![vec![0.0]] };
        Adam::new(OptimizerKind::Adam, 0.1, &coupled.clone()).step(&mut coupled, &zero, 0.01);
        Adam::new(OptimizerKind::Adamw, 0.1, &decoupled.clone()).step(&mut decoupled, &zero, 0.01);
        assert!((coupled.arrays[0].values[0] - 0.99).abs() < 1e-6);
        assert!((decoupled.arrays[0].values[0] - 0.999).abs() < 1e-6);
    }
}
