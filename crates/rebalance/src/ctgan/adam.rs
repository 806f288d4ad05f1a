//! Learned arrays and Adam, as PyTorch's `Adam` does it: weight decay is added to the gradient (L2), both moments are corrected.
//!
//! ```text
//! g = gradient + decay w      m = b1 m + (1 - b1) g      v = b2 v + (1 - b2) g^2
//! w -= rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + 1e-8)
//! ```
//!
//! Source: D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1; decays and rate are those of
//! Xu et al. 2019.

use rayon::prelude::*;

use super::vector;

const FIRST: f64 = 0.5;
const SECOND: f64 = 0.9;
const EPSILON: f32 = 1e-8;

/// How far to go at one step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    constants: [f32; 6],
}

impl Rate {
    /// The step number `time`, from 1.
    pub(super) fn new(rate: f64, decay: f64, time: u64) -> Self {
        let power = time.min(1 << 20) as i32;
        let step = rate / (1.0 - FIRST.powi(power));
        let correction = 1.0 / (1.0 - SECOND.powi(power)).sqrt();
        Rate { constants: [decay as f32, FIRST as f32, SECOND as f32, step as f32, correction as f32, EPSILON] }
    }
}

/// An array that learns, with its moments.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Learned {
    pub(super) values: Vec<f32>,
    pub(super) first: Vec<f32>,
    pub(super) second: Vec<f32>,
}

impl Learned {
    pub(super) fn new(values: Vec<f32>) -> Self {
        let length = values.len();
        Learned { values, first: vec![0.0; length], second: vec![0.0; length] }
    }

    /// One step along a gradient that is at hand.
    pub(super) fn step(&mut self, gradient: &[f32], rate: Rate) {
        vector::adam(&mut self.values, &mut self.first, &mut self.second, gradient, rate.constants);
    }

    /// Works out the gradient a part at a time and steps at once, while the part is in the cache. `fill` gets a part's number and its
    /// piece of the gradient. Parts are fixed by `length`, so that the result does not depend on the threads.
    pub(super) fn step_in_parts(&mut self, gradient: &mut [f32], length: usize, rate: Rate, fill: impl Fn(usize, &mut [f32]) + Sync) {
        let length = length.max(1);
        let arrays = self.values.par_chunks_mut(length).zip(self.first.par_chunks_mut(length)).zip(self.second.par_chunks_mut(length));
        arrays.zip(gradient.par_chunks_mut(length)).enumerate().for_each(|(part, (((values, first), second), gradient))| {
            fill(part, gradient);
            vector::adam(values, first, second, gradient, rate.constants);
        });
    }
}
