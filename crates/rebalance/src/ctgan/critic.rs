//! The critic: how real ten rows at once look, with the gradient penalty written out.
//!
//! ```text
//! x = rows of a pack beside each other (PacGAN), c = their conditions
//! a1 = [x | c] W1 + b1     h1 = M1 a1       a2 = h1 W2 + b2     h2 = M2 a2      y = h2 w3
//! M = diagonal of (1 where a > 0, else 0.2) times dropout (0 or 2): constant almost everywhere, so y is linear in x there and
//! g = dy/dx = W1x u1,   u1 = M1 W2 u2,   u2 = M2 w3
//! loss = mean y(fake) - mean y(real) + lambda mean (|g(mix)| - 1)^2,   mix = rho real + (1 - rho) fake, one rho a pack, same c
//!
//! the penalty's slopes, with q = 2 lambda / packs (|g| - 1) g / |g|:
//! dW1x += q u1'       t = M1 (W1x' q)       dW2 += t u2'       dw3 += M2 (W2' t)          biases: none
//! ```
//!
//! Nothing of the products above has to be done twice. The first layer is linear, so that of the mix is the mix of those of fake and real.
//! Real rows are mostly zeros: their products are sums of the weight rows of their ones. The way back of fake, real and mix is one product
//! with u2 = weight M2 w3, weight = 1/packs, -1/packs and 1. A bias of the output would leave both differences as they are: there is none.
//!
//! Each of the three passes has its own dropout. |g| = 0 (every unit dropped) has no direction: its q is 0.
//!
//! Source: Xu et al. 2019, algorithm 1 (the penalty is taken by the rows, not by their conditions; the package `ctgan` takes it by both and
//! pairs fake rows with real ones of other conditions); I. Gulrajani et al., "Improved training of Wasserstein GANs", NIPS 2017, equation
//! 3; Z. Lin et al., "PacGAN", NeurIPS 2018.

use evenhand_kernels::{Grid, Threads, multiply};
use rand::{Rng, RngExt};
use rayon::prelude::*;

use super::adam::{Learned, Rate};
use super::coding::Encoded;
use super::conditions::{Batch, NONE};
use super::generator::initial;
use super::randomness::{self, Purpose, Streams};
use super::vector;

const LEAK: f32 = 0.2;

/// Sizes of the critic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Rows of a pack.
    pub(super) pac: usize,
    /// Length of an encoded row.
    pub(super) row: usize,
    /// Length of a condition.
    pub(super) conditions: usize,
    /// Width of the hidden layers.
    pub(super) width: usize,
}

/// The network; weights are `[inputs, outputs]`, those of the first layer a row of the pack after another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Critic {
    pub(super) shape: Shape,
    /// lambda.
    pub(super) penalty: f32,
    pub(super) rows: Learned,
    pub(super) conditions: Learned,
    pub(super) first_bias: Learned,
    pub(super) second: Learned,
    pub(super) second_bias: Learned,
    pub(super) last: Learned,
}

/// Gradients of every learned array.
#[derive(Debug, Clone)]
pub(super) struct Slopes {
    pub(super) rows: Vec<f32>,
    pub(super) conditions: Vec<f32>,
    pub(super) first_bias: Vec<f32>,
    pub(super) second: Vec<f32>,
    pub(super) second_bias: Vec<f32>,
    pub(super) last: Vec<f32>,
}

/// Packs on their way: fake, mix and real ones below each other.
#[derive(Debug, Clone)]
pub(super) struct Pass {
    packs: usize,
    /// Fake rows, then q.
    inputs: Vec<f32>,
    /// What conditions and bias add to the first layer.
    given: Vec<f32>,
    /// Dropout, then with the leak: M1, M2.
    pub(super) masks: [Vec<f32>; 2],
    /// h1; t in place of the mix.
    first: Vec<f32>,
    second: Vec<f32>,
    /// u2 and u1.
    second_slopes: Vec<f32>,
    first_slopes: Vec<f32>,
    /// Sums of u1 of fake and real, which their conditions share.
    joint: Vec<f32>,
    /// rho of every pack.
    pub(super) mixing: Vec<f32>,
}

/// The parts of the critic's loss.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Loss {
    pub(super) fake: f64,
    pub(super) real: f64,
    /// With its factor lambda.
    pub(super) penalty: f64,
}

impl Loss {
    pub(super) fn total(self) -> f64 {
        self.fake - self.real + self.penalty
    }
}

impl Pass {
    pub(super) fn new(shape: Shape, batch: usize) -> Self {
        let packs = batch / shape.pac;
        let (one, all) = (packs * shape.width, 3 * packs * shape.width);
        Pass {
            packs,
            inputs: vec![0.0; 2 * batch * shape.row],
            given: vec![0.0; one],
            masks: [vec![0.0; all], vec![0.0; all]],
            first: vec![0.0; all],
            second: vec![0.0; all],
            second_slopes: vec![0.0; all],
            first_slopes: vec![0.0; all],
            joint: vec![0.0; one],
            mixing: vec![0.0; packs],
        }
    }

    /// Draws dropout for the passes needed (3 for the critic's step, 1 for the generator's) and rho.
    pub(super) fn draw(&mut self, streams: &Streams, purpose: Purpose, epoch: usize, step: usize, passes: usize) {
        let mut rng = streams.stream(purpose, epoch, step, 255);
        let length = self.given.len() * passes;
        for mask in &mut self.masks {
            randomness::dropout(&mut rng, &mut mask[..length]);
        }
        for rho in &mut self.mixing {
            *rho = rng.random();
        }
    }
}

impl Slopes {
    pub(super) fn new(critic: &Critic) -> Self {
        let like = |learned: &Learned| vec![0.0; learned.values.len()];
        Slopes {
            rows: like(&critic.rows),
            conditions: like(&critic.conditions),
            first_bias: like(&critic.first_bias),
            second: like(&critic.second),
            second_bias: like(&critic.second_bias),
            last: like(&critic.last),
        }
    }
}

/// Dropout times leak, and the masked value, for a whole layer.
fn mask(values: &mut [f32], mask: &mut [f32]) {
    for (value, mask) in values.iter_mut().zip(mask) {
        *mask *= if *value > 0.0 { 1.0 } else { LEAK };
        *value *= *mask;
    }
}

fn add_to_rows(values: &mut [f32], row: &[f32]) {
    for values in values.chunks_mut(row.len()) {
        vector::add(values, row);
    }
}

fn sum_of_rows(out: &mut [f32], values: &[f32]) {
    for row in values.chunks(out.len()) {
        vector::add(out, row);
    }
}

impl Critic {
    pub(super) fn new(shape: Shape, penalty: f32, rng: &mut impl Rng) -> Self {
        let Shape { pac, row, conditions, width } = shape;
        let inputs = pac * (row + conditions);
        let mut layer = |inputs: usize, count: usize| Learned::new(initial(rng, inputs, count));
        Critic {
            shape,
            penalty,
            rows: layer(inputs, pac * row * width),
            conditions: layer(inputs, pac * conditions * width),
            first_bias: layer(inputs, width),
            second: layer(width, width * width),
            second_bias: layer(width, width),
            last: layer(width, width),
        }
    }

    /// What conditions and bias add to the first layer of every pack.
    fn given(&self, given: &mut [f32], conditions: &[u32]) {
        let Shape { pac, conditions: places, width, .. } = self.shape;
        for (row, conditions) in given.chunks_mut(width).zip(conditions.chunks(pac)) {
            row.copy_from_slice(&self.first_bias.values);
            for (position, &condition) in conditions.iter().enumerate().filter(|(_, condition)| **condition != NONE) {
                vector::add(row, &self.conditions.values[(position * places + condition as usize) * width..][..width]);
            }
        }
    }

    /// Adds the first layer's product of real rows.
    fn add_real(&self, out: &mut [f32], encoded: &Encoded, rows: &[u32], scalars: usize, ones: usize) {
        let Shape { pac, row, width, .. } = self.shape;
        out.par_chunks_mut(width).zip(rows.par_chunks(pac)).for_each(|(out, rows)| {
            for (position, &number) in rows.iter().enumerate() {
                let weights = &self.rows.values[position * row * width..][..row * width];
                for (weights, &scalar) in weights.chunks(width).zip(&encoded.scalars[number as usize * scalars..][..scalars]) {
                    vector::add_scaled(out, weights, scalar);
                }
                for &one in &encoded.ones[number as usize * ones..][..ones] {
                    vector::add(out, &weights[one as usize * width..][..width]);
                }
            }
        });
    }

    /// One step of the critic. `fake` are encoded rows made under the batch's conditions.
    pub(super) fn learn(
        &mut self,
        pass: &mut Pass,
        fake: &[f32],
        encoded: &Encoded,
        batch: &Batch,
        slopes: &mut Slopes,
        rate: Rate,
    ) -> Loss {
        let Shape { pac, row, width, .. } = self.shape;
        let (packs, wide) = (pass.packs, pac * row);
        let one = packs * width;
        let scalars = encoded.scalars.len() / encoded.rows;
        let ones = encoded.ones.len() / encoded.rows;
        let (fakes, _) = pass.inputs.split_at_mut(packs * wide);
        fakes.copy_from_slice(fake);
        let weights = Grid::new(&self.rows.values, wide, width);

        // The first layer of fake and real rows, and what lies between them.
        self.given(&mut pass.given, &batch.conditions);
        let (fake_rows, rest) = pass.first.split_at_mut(one);
        let (mixed, real_rows) = rest.split_at_mut(one);
        fake_rows.copy_from_slice(&pass.given);
        real_rows.copy_from_slice(&pass.given);
        rayon::join(
            || multiply(fake_rows, Grid::new(fakes, packs, wide), weights, true, Threads::All),
            || self.add_real(real_rows, encoded, &batch.rows, scalars, ones),
        );
        let pairs = fake_rows.chunks(width).zip(real_rows.chunks(width));
        for ((mixed, (fake, real)), &rho) in mixed.chunks_mut(width).zip(pairs).zip(&pass.mixing) {
            for (mixed, (fake, real)) in mixed.iter_mut().zip(fake.iter().zip(real)) {
                *mixed = rho * real + (1.0 - rho) * fake;
            }
        }
        mask(&mut pass.first, &mut pass.masks[0]);
        let deep = Grid::new(&self.second.values, width, width);
        multiply(&mut pass.second, Grid::new(&pass.first, 3 * packs, width), deep, false, Threads::All);
        add_to_rows(&mut pass.second, &self.second_bias.values);
        mask(&mut pass.second, &mut pass.masks[1]);

        // The way back, all three at once.
        let share = 1.0 / packs as f32;
        let value = |rows: &[f32]| rows.chunks(width).map(|h| f64::from(vector::dot(h, &self.last.values))).sum::<f64>() / packs as f64;
        let (fake_value, real_value) = (value(&pass.second[..one]), value(&pass.second[2 * one..]));
        for ((part, slopes), masks) in pass.second_slopes.chunks_mut(one).enumerate().zip(pass.masks[1].chunks(one)) {
            let weight = [share, 1.0, -share][part];
            for (slopes, masks) in slopes.chunks_mut(width).zip(masks.chunks(width)) {
                for (slope, (mask, last)) in slopes.iter_mut().zip(masks.iter().zip(&self.last.values)) {
                    *slope = weight * mask * last;
                }
            }
        }
        multiply(&mut pass.first_slopes, Grid::new(&pass.second_slopes, 3 * packs, width), deep.transposed(), false, Threads::All);
        vector::scale(&mut pass.first_slopes, &pass.masks[0]);

        // The penalty: g, then q in its place, then t.
        let (fakes, gradients) = pass.inputs.split_at_mut(packs * wide);
        let _ = fakes;
        multiply(gradients, Grid::new(&pass.first_slopes[one..2 * one], packs, width), weights.transposed(), false, Threads::All);
        let mut penalty = 0.0;
        for gradient in gradients.chunks_mut(wide) {
            let norm = vector::dot(gradient, gradient).sqrt();
            penalty += f64::from(norm - 1.0).powi(2);
            let factor = if norm > 0.0 { 2.0 * self.penalty * share * (norm - 1.0) / norm } else { 0.0 };
            for slope in gradient {
                *slope *= factor;
            }
        }
        let tangents = &mut pass.first[one..2 * one];
        multiply(tangents, Grid::new(gradients, packs, wide), weights, false, Threads::All);
        vector::scale(tangents, &pass.masks[0][one..2 * one]);
        let tangents = Grid::new(tangents, packs, width);
        multiply(&mut pass.second[one..2 * one], tangents, deep, false, Threads::All);
        vector::scale(&mut pass.second[one..2 * one], &pass.masks[1][one..2 * one]);

        // Weights.
        slopes.last.fill(0.0);
        for (part, rows) in pass.second.chunks(one).enumerate() {
            let weight = [share, 1.0, -share][part];
            for row in rows.chunks(width) {
                vector::add_scaled(&mut slopes.last, row, weight);
            }
        }
        slopes.first_bias.fill(0.0);
        slopes.second_bias.fill(0.0);
        for part in [0..one, 2 * one..3 * one] {
            sum_of_rows(&mut slopes.first_bias, &pass.first_slopes[part.clone()]);
            sum_of_rows(&mut slopes.second_bias, &pass.second_slopes[part]);
        }
        pass.joint.copy_from_slice(&pass.first_slopes[..one]);
        vector::add(&mut pass.joint, &pass.first_slopes[2 * one..]);
        let pass = &*pass;
        let (places, lambda) = (self.shape.conditions, self.penalty);
        let Critic { rows, conditions, first_bias, second, second_bias, last, .. } = self;
        rayon::join(
            || {
                rows.step_in_parts(&mut slopes.rows, row * width, rate, |position, gradient| {
                    let inputs = Grid::strided(&pass.inputs[position * row..], 2 * packs, row, wide, 1).transposed();
                    multiply(gradient, inputs, Grid::new(&pass.first_slopes[..2 * one], 2 * packs, width), false, Threads::One);
                    for (slopes, numbers) in pass.first_slopes[2 * one..].chunks(width).zip(batch.rows.chunks(pac)) {
                        let number = numbers[position] as usize;
                        for (gradient, &scalar) in gradient.chunks_mut(width).zip(&encoded.scalars[number * scalars..][..scalars]) {
                            vector::add_scaled(gradient, slopes, scalar);
                        }
                        for &one in &encoded.ones[number * ones..][..ones] {
                            vector::add(&mut gradient[one as usize * width..][..width], slopes);
                        }
                    }
                });
            },
            || {
                conditions.step_in_parts(&mut slopes.conditions, places * width, rate, |position, gradient| {
                    gradient.fill(0.0);
                    for (slopes, conditions) in pass.joint.chunks(width).zip(batch.conditions.chunks(pac)) {
                        if conditions[position] != NONE {
                            vector::add(&mut gradient[conditions[position] as usize * width..][..width], slopes);
                        }
                    }
                });
                second.step_in_parts(&mut slopes.second, width * width, rate, |_, gradient| {
                    let inputs = Grid::new(&pass.first, 3 * packs, width).transposed();
                    multiply(gradient, inputs, Grid::new(&pass.second_slopes, 3 * packs, width), false, Threads::One);
                });
            },
        );
        first_bias.step(&slopes.first_bias, rate);
        second_bias.step(&slopes.second_bias, rate);
        last.step(&slopes.last, rate);
        Loss { fake: fake_value, real: real_value, penalty: f64::from(lambda) * penalty / packs as f64 }
    }

    /// The mean value of made rows; `slopes` gets the slopes of minus that mean by the rows.
    pub(super) fn judge(&self, pass: &mut Pass, made: &[f32], conditions: &[u32], slopes: &mut [f32]) -> f64 {
        let Shape { pac, row, width, .. } = self.shape;
        let (packs, wide) = (pass.packs, pac * row);
        let one = packs * width;
        let weights = Grid::new(&self.rows.values, wide, width);
        let deep = Grid::new(&self.second.values, width, width);
        let (first, second) = (&mut pass.first[..one], &mut pass.second[..one]);
        self.given(first, conditions);
        multiply(first, Grid::new(made, packs, wide), weights, true, Threads::All);
        mask(first, &mut pass.masks[0][..one]);
        multiply(second, Grid::new(first, packs, width), deep, false, Threads::All);
        add_to_rows(second, &self.second_bias.values);
        mask(second, &mut pass.masks[1][..one]);
        let value = second.chunks(width).map(|h| f64::from(vector::dot(h, &self.last.values))).sum::<f64>() / packs as f64;
        let weight = -1.0 / packs as f32;
        for (row, masks) in second.chunks_mut(width).zip(pass.masks[1].chunks(width)) {
            for (slope, (mask, last)) in row.iter_mut().zip(masks.iter().zip(&self.last.values)) {
                *slope = weight * mask * last;
            }
        }
        multiply(first, Grid::new(second, packs, width), deep.transposed(), false, Threads::All);
        vector::scale(first, &pass.masks[0][..one]);
        multiply(slopes, Grid::new(first, packs, width), weights.transposed(), false, Threads::All);
        value
    }

    /// Every learned array, in one order.
    pub(super) fn learned(&mut self) -> [&mut Learned; 6] {
        let Critic { rows, conditions, first_bias, second, second_bias, last, .. } = self;
        [rows, conditions, first_bias, second, second_bias, last]
    }
}
