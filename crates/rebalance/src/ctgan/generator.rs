//! The generator: from noise and a condition to an encoded row.
//!
//! ```text
//! h1 = relu(norm([z | c] W1))            h2 = relu(norm([h1 | z | c] W2))        logits = [h2 | h1 | z | c] W3 + b
//! scalars = tanh(logits)                 segments = softmax((logits + Gumbel) / temperature)
//! loss = -mean critic + mean cross-entropy(softmax of the raw logits of the conditioned column, the condition)
//! ```
//!
//! z: standard normal noise; c: the condition, one-hot; norm: batch normalisation (epsilon 1e-5, momentum 0.1, running variance over rows - 1,
//! as PyTorch keeps it). c is never written out: its product is a row of the weights. A bias before a normalisation has no effect, so the
//! first two layers have none.
//!
//! Forward and backward are written by hand. A batch is worked on in a fixed number of blocks of rows, and weights in fixed parts; either
//! may run on any thread, and sums over blocks are taken in their order, so the result does not depend on the threads. Each layer's product
//! follows its predecessor's normalisation within a block, so that threads wait for each other only where a normalisation needs all rows.
//!
//! Source: Xu et al. 2019, section 4.4 and algorithm 1; residual blocks as in its appendix's description of the generator.

use evenhand_kernels::{Grid, Threads, multiply};
use rand::{Rng, RngExt};
use rayon::prelude::*;

use super::adam::{Learned, Rate};
use super::coding::Layout;
use super::conditions::NONE;
use super::randomness::{self, Purpose, Streams};
use super::state::{Reader, Writer};
use super::vector;

const EPSILON: f32 = 1e-5;
const MOMENTUM: f32 = 0.1;
/// Blocks of rows that a batch is worked on in.
const BLOCKS: usize = 4;
/// Rows of a weight array that are learned at a time.
const PART: usize = 128;

/// Sizes of the generator.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    /// Length of the noise.
    pub(super) noise: usize,
    /// Width of the hidden layers.
    pub(super) width: usize,
    /// The encoded row.
    pub(super) layout: Layout,
}

impl Shape {
    /// Length of `[h2 | h1 | z]`.
    fn trunk(&self) -> usize {
        2 * self.width + self.noise
    }
}

/// Scale and shift of a batch normalisation, and the running moments.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Norm {
    pub(super) gamma: Learned,
    pub(super) beta: Learned,
    pub(super) mean: Vec<f32>,
    pub(super) variance: Vec<f32>,
}

impl Norm {
    fn new(width: usize) -> Self {
        Norm {
            gamma: Learned::new(vec![1.0; width]),
            beta: Learned::new(vec![0.0; width]),
            mean: vec![0.0; width],
            variance: vec![1.0; width],
        }
    }
}

/// The network. Weights are `[inputs, outputs]`; the last inputs are the condition's places.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Generator {
    pub(super) shape: Shape,
    pub(super) first: Learned,
    pub(super) first_norm: Norm,
    pub(super) second: Learned,
    pub(super) second_norm: Norm,
    pub(super) last: Learned,
    pub(super) bias: Learned,
}

/// Moments of a batch before a normalisation.
#[derive(Debug, Clone, Default)]
struct Moments {
    /// Per block: means, then sums of squares about them.
    blocks: Vec<f32>,
    mean: Vec<f32>,
    variance: Vec<f32>,
    inverse: Vec<f32>,
}

/// A batch on its way.
#[derive(Debug, Clone)]
pub(super) struct Pass {
    pub(super) rows: usize,
    /// `[h2 | h1 | z]` of every row.
    trunk: Vec<f32>,
    /// Before the first normalisation, then normalised, then the slope before it.
    first: Vec<f32>,
    second: Vec<f32>,
    moments: [Moments; 2],
    /// Gumbel noise of the segments.
    pub(super) noise: Vec<f32>,
    logits: Vec<f32>,
    /// The encoded rows made.
    pub(super) made: Vec<f32>,
    /// Slopes of the loss by the encoded rows made; then by the logits.
    pub(super) slopes: Vec<f32>,
    first_slopes: Vec<f32>,
    second_slopes: Vec<f32>,
    /// Per block: sums of slopes, then of slopes times normalised values.
    sums: Vec<f32>,
    entropies: Vec<f64>,
}

/// Gradients of every learned array.
#[derive(Debug, Clone, Default)]
pub(super) struct Slopes {
    pub(super) first: Vec<f32>,
    pub(super) first_norm: [Vec<f32>; 2],
    pub(super) second: Vec<f32>,
    pub(super) second_norm: [Vec<f32>; 2],
    pub(super) last: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

impl Pass {
    pub(super) fn new(shape: &Shape, rows: usize) -> Self {
        let (width, row) = (shape.width, shape.layout.width);
        let moments = Moments {
            blocks: vec![0.0; BLOCKS * 2 * width],
            mean: vec![0.0; width],
            variance: vec![0.0; width],
            inverse: vec![0.0; width],
        };
        Pass {
            rows,
            trunk: vec![0.0; rows * shape.trunk()],
            first: vec![0.0; rows * width],
            second: vec![0.0; rows * width],
            moments: [moments.clone(), moments],
            noise: vec![0.0; rows * (row - shape.layout.scalars)],
            logits: vec![0.0; rows * row],
            made: vec![0.0; rows * row],
            slopes: vec![0.0; rows * row],
            first_slopes: vec![0.0; rows * width],
            second_slopes: vec![0.0; rows * width],
            sums: vec![0.0; BLOCKS * 2 * width],
            entropies: vec![0.0; BLOCKS],
        }
    }

    fn block(&self) -> usize {
        self.rows.div_ceil(BLOCKS)
    }

    /// Draws z and the Gumbel noise, a block from a stream.
    pub(super) fn draw(&mut self, shape: &Shape, streams: &Streams, purpose: Purpose, epoch: usize, step: usize) {
        let (block, trunk, width) = (self.block(), shape.trunk(), shape.layout.width - shape.layout.scalars);
        let noise = self.noise.par_chunks_mut((block * width).max(1));
        self.trunk.par_chunks_mut(block * trunk).zip(noise).enumerate().for_each(|(part, (trunks, noise))| {
            let mut rng = streams.stream(purpose, epoch, step, part);
            let mut z = vec![0.0; trunks.len() / trunk * shape.noise];
            randomness::normals(&mut rng, &mut z);
            for (row, z) in trunks.chunks_mut(trunk).zip(z.chunks(shape.noise)) {
                row[2 * shape.width..].copy_from_slice(z);
            }
            randomness::gumbels(&mut rng, noise);
        });
    }

    /// Sets z, row after row.
    #[cfg(test)]
    pub(super) fn set_noise(&mut self, shape: &Shape, z: &[f32]) {
        for (row, z) in self.trunk.chunks_mut(shape.trunk()).zip(z.chunks(shape.noise)) {
            row[2 * shape.width..].copy_from_slice(z);
        }
    }
}

impl Slopes {
    pub(super) fn new(generator: &Generator) -> Self {
        let like = |learned: &Learned| vec![0.0; learned.values.len()];
        let norm = |norm: &Norm| [like(&norm.gamma), like(&norm.beta)];
        Slopes {
            first: like(&generator.first),
            first_norm: norm(&generator.first_norm),
            second: like(&generator.second),
            second_norm: norm(&generator.second_norm),
            last: like(&generator.last),
            bias: like(&generator.bias),
        }
    }
}

/// Uniform numbers within 1 / sqrt(inputs), as PyTorch begins a linear layer.
pub(super) fn initial(rng: &mut impl Rng, inputs: usize, count: usize) -> Vec<f32> {
    let reach = 1.0 / (inputs.max(1) as f32).sqrt();
    (0..count).map(|_| (2.0 * rng.random::<f32>() - 1.0) * reach).collect()
}

/// Every row begins as the weights of its condition.
fn begin(out: &mut [f32], conditions: &[u32], weights: &[f32], bias: Option<&[f32]>, width: usize) {
    for (row, &condition) in out.chunks_mut(width).zip(conditions) {
        match (condition, bias) {
            (NONE, None) => row.fill(0.0),
            (NONE, Some(bias)) => row.copy_from_slice(bias),
            (condition, bias) => {
                row.copy_from_slice(&weights[condition as usize * width..][..width]);
                if let Some(bias) = bias {
                    vector::add(row, bias);
                }
            }
        }
    }
}

impl Moments {
    /// Joins the blocks' moments, in their order.
    fn join(&mut self, rows: usize, block: usize) {
        let width = self.mean.len();
        let count = |part: usize| (rows - part * block).min(block) as f32;
        let share = 1.0 / rows as f32;
        self.mean.fill(0.0);
        self.variance.fill(0.0);
        let parts = rows.div_ceil(block);
        for (part, sums) in self.blocks.chunks(2 * width).take(parts).enumerate() {
            vector::add_scaled(&mut self.mean, &sums[..width], count(part) * share);
        }
        for (part, sums) in self.blocks.chunks(2 * width).take(parts).enumerate() {
            let (means, squares) = sums.split_at(width);
            for (((variance, &mean), &own), &square) in self.variance.iter_mut().zip(&self.mean).zip(means).zip(squares) {
                *variance += (square + count(part) * (own - mean) * (own - mean)) * share;
            }
        }
        for (inverse, &variance) in self.inverse.iter_mut().zip(&self.variance) {
            *inverse = 1.0 / (variance + EPSILON).sqrt();
        }
    }

    fn take(&mut self, norm: &Norm) {
        self.mean.copy_from_slice(&norm.mean);
        for (inverse, &variance) in self.inverse.iter_mut().zip(&norm.variance) {
            *inverse = 1.0 / (variance + EPSILON).sqrt();
        }
    }
}

impl Generator {
    pub(super) fn new(shape: Shape, rng: &mut impl Rng) -> Self {
        let Shape { noise, width, layout } = &shape;
        let inputs = noise + layout.conditions;
        let mut layer = |inputs: usize, outputs: usize| Learned::new(initial(rng, inputs, inputs * outputs));
        let first = layer(inputs, *width);
        let second = layer(inputs + width, *width);
        let last = layer(inputs + 2 * width, layout.width);
        let bias = Learned::new(initial(rng, inputs + 2 * width, layout.width));
        Generator { first, first_norm: Norm::new(*width), second, second_norm: Norm::new(*width), last, bias, shape }
    }

    /// Logits of the rows whose noise `pass` holds. In training the moments are those of the batch, else the running ones.
    fn propagate(&self, pass: &mut Pass, conditions: &[u32], training: bool) {
        let Shape { noise, width, .. } = self.shape;
        let (trunk, row, block, rows) = (self.shape.trunk(), self.shape.layout.width, pass.block(), pass.rows);
        let [first_moments, second_moments] = &mut pass.moments;

        pass.first
            .par_chunks_mut(block * width)
            .zip(pass.trunk.par_chunks(block * trunk))
            .zip(conditions.par_chunks(block))
            .zip(first_moments.blocks.par_chunks_mut(2 * width))
            .for_each(|(((first, trunks), conditions), sums)| {
                let count = conditions.len();
                let (dense, places) = self.first.values.split_at(noise * width);
                begin(first, conditions, places, None, width);
                let z = Grid::strided(&trunks[2 * width..], count, noise, trunk, 1);
                multiply(first, z, Grid::new(dense, noise, width), true, Threads::One);
                if training {
                    let (means, squares) = sums.split_at_mut(width);
                    vector::moments(first, width, means, squares);
                }
            });
        if training {
            first_moments.join(rows, block);
        } else {
            first_moments.take(&self.first_norm);
        }

        pass.first
            .par_chunks_mut(block * width)
            .zip(pass.second.par_chunks_mut(block * width))
            .zip(pass.trunk.par_chunks_mut(block * trunk))
            .zip(conditions.par_chunks(block))
            .zip(second_moments.blocks.par_chunks_mut(2 * width))
            .for_each(|((((first, second), trunks), conditions), sums)| {
                let count = conditions.len();
                let (gamma, beta) = (&self.first_norm.gamma.values, &self.first_norm.beta.values);
                for (values, row) in first.chunks_mut(width).zip(trunks.chunks_mut(trunk)) {
                    vector::normalise(values, &mut row[width..2 * width], &first_moments.mean, &first_moments.inverse, gamma, beta);
                }
                let (dense, places) = self.second.values.split_at((width + noise) * width);
                begin(second, conditions, places, None, width);
                let inputs = Grid::strided(&trunks[width..], count, width + noise, trunk, 1);
                multiply(second, inputs, Grid::new(dense, width + noise, width), true, Threads::One);
                if training {
                    let (means, squares) = sums.split_at_mut(width);
                    vector::moments(second, width, means, squares);
                }
            });
        if training {
            second_moments.join(rows, block);
        } else {
            second_moments.take(&self.second_norm);
        }

        pass.second
            .par_chunks_mut(block * width)
            .zip(pass.logits.par_chunks_mut(block * row))
            .zip(pass.trunk.par_chunks_mut(block * trunk))
            .zip(conditions.par_chunks(block))
            .for_each(|(((second, logits), trunks), conditions)| {
                let count = conditions.len();
                let (gamma, beta) = (&self.second_norm.gamma.values, &self.second_norm.beta.values);
                for (values, row) in second.chunks_mut(width).zip(trunks.chunks_mut(trunk)) {
                    vector::normalise(values, &mut row[..width], &second_moments.mean, &second_moments.inverse, gamma, beta);
                }
                let (dense, places) = self.last.values.split_at(trunk * row);
                begin(logits, conditions, places, Some(&self.bias.values), row);
                multiply(logits, Grid::new(trunks, count, trunk), Grid::new(dense, trunk, row), true, Threads::One);
            });
    }

    /// Encoded rows of the noise that `pass` holds.
    pub(super) fn forward(&self, pass: &mut Pass, conditions: &[u32], temperature: f32, training: bool) {
        self.propagate(pass, conditions, training);
        let Layout { scalars, width: row, ends, .. } = &self.shape.layout;
        let (scalars, row, block) = (*scalars, *row, pass.block());
        pass.made
            .par_chunks_mut(block * row)
            .zip(pass.logits.par_chunks(block * row))
            .zip(pass.noise.par_chunks((block * (row - scalars)).max(1)))
            .for_each(|((made, logits), noise)| {
                made.copy_from_slice(logits);
                for (made, noise) in made.chunks_mut(row).zip(noise.chunks(row - scalars)) {
                    let (numbers, segments) = made.split_at_mut(scalars);
                    vector::tanh(numbers);
                    vector::add(segments, noise);
                    vector::softmax(segments, ends, temperature);
                }
            });
    }

    /// Moves the running moments towards those of a batch that went forward in training.
    pub(super) fn remember(&mut self, pass: &Pass) {
        let corrected = pass.rows as f32 / (pass.rows.max(2) - 1) as f32;
        for (norm, moments) in [&mut self.first_norm, &mut self.second_norm].into_iter().zip(&pass.moments) {
            for (running, &mean) in norm.mean.iter_mut().zip(&moments.mean) {
                *running += MOMENTUM * (mean - *running);
            }
            for (running, &variance) in norm.variance.iter_mut().zip(&moments.variance) {
                *running += MOMENTUM * (corrected * variance - *running);
            }
        }
    }

    /// The way back, from the slopes by the made rows that `pass` holds, and one step of Adam. Gives the cross-entropy of the conditions.
    pub(super) fn learn(&mut self, pass: &mut Pass, conditions: &[u32], temperature: f32, slopes: &mut Slopes, rate: Rate) -> f64 {
        let Shape { width, ref layout, .. } = self.shape;
        let (trunk, row, block, rows) = (self.shape.trunk(), layout.width, pass.block(), pass.rows);
        let share = 1.0 / rows as f32;

        // Logits; then the two hidden layers as far as the last layer reaches.
        let last = &self.last.values;
        pass.slopes
            .par_chunks_mut(block * row)
            .zip(pass.made.par_chunks(block * row).zip(pass.logits.par_chunks(block * row)))
            .zip(conditions.par_chunks(block).zip(pass.entropies.par_iter_mut()))
            .zip(pass.first_slopes.par_chunks_mut(block * width).zip(pass.second_slopes.par_chunks_mut(block * width)))
            .zip(pass.trunk.par_chunks(block * trunk).zip(pass.second.par_chunks(block * width)))
            .zip(pass.sums.par_chunks_mut(2 * width))
            .for_each(|(((((slopes, (made, logits)), (conditions, entropy)), (firsts, seconds)), (trunks, normalised)), sums)| {
                let count = conditions.len();
                *entropy = 0.0;
                for (((slopes, made), logits), &condition) in
                    slopes.chunks_mut(row).zip(made.chunks(row)).zip(logits.chunks(row)).zip(conditions)
                {
                    deactivate(layout, slopes, made, temperature);
                    if condition != NONE {
                        *entropy += cross_entropy(layout, slopes, logits, condition as usize, share);
                    }
                }
                let slopes = Grid::new(slopes, count, row);
                multiply(seconds, slopes, Grid::new(last, width, row).transposed(), false, Threads::One);
                multiply(firsts, slopes, Grid::new(&last[width * row..], width, row).transposed(), false, Threads::One);
                rectify(seconds, trunks, 0, trunk, normalised, sums);
            });
        join_sums(&pass.sums, rows.div_ceil(block), &mut slopes.second_norm);
        let factor = factor(&self.second_norm.gamma.values, &pass.moments[1].inverse);
        let second = &self.second.values;
        let [gammas, betas] = &slopes.second_norm;
        pass.second
            .par_chunks_mut(block * width)
            .zip(pass.second_slopes.par_chunks(block * width))
            .zip(pass.first_slopes.par_chunks_mut(block * width))
            .zip(pass.trunk.par_chunks(block * trunk).zip(pass.first.par_chunks(block * width)))
            .zip(pass.sums.par_chunks_mut(2 * width))
            .for_each(|((((seconds, slopes), firsts), (trunks, normalised)), sums)| {
                for (values, slopes) in seconds.chunks_mut(width).zip(slopes.chunks(width)) {
                    vector::denormalise(values, slopes, &factor, betas, gammas, share);
                }
                let count = seconds.len() / width;
                multiply(firsts, Grid::new(seconds, count, width), Grid::new(second, width, width).transposed(), true, Threads::One);
                rectify(firsts, trunks, width, trunk, normalised, sums);
            });
        join_sums(&pass.sums, rows.div_ceil(block), &mut slopes.first_norm);
        let factor = self::factor(&self.first_norm.gamma.values, &pass.moments[0].inverse);
        let [gammas, betas] = &slopes.first_norm;
        pass.first.par_chunks_mut(block * width).zip(pass.first_slopes.par_chunks(block * width)).for_each(|(firsts, slopes)| {
            for (values, slopes) in firsts.chunks_mut(width).zip(slopes.chunks(width)) {
                vector::denormalise(values, slopes, &factor, betas, gammas, share);
            }
        });

        // Weights.
        let pass = &*pass;
        let weights = |learned: &mut Learned, gradient: &mut [f32], from: usize, outputs: usize, slopes: &[f32]| {
            let dense = trunk - from;
            learned.step_in_parts(gradient, PART * outputs, rate, |part, gradient| {
                let start = part * PART;
                let end = start + gradient.len() / outputs;
                let products = end.min(dense).saturating_sub(start);
                if products > 0 {
                    let inputs = Grid::strided(&pass.trunk[from + start..], rows, products, trunk, 1).transposed();
                    multiply(&mut gradient[..products * outputs], inputs, Grid::new(slopes, rows, outputs), false, Threads::One);
                }
                gradient[products * outputs..].fill(0.0);
                for (slopes, &condition) in slopes.chunks(outputs).zip(conditions).filter(|(_, condition)| **condition != NONE) {
                    let place = dense + condition as usize;
                    if (start..end).contains(&place) {
                        vector::add(&mut gradient[(place - start) * outputs..][..outputs], slopes);
                    }
                }
            });
        };
        let Generator { first, second, last, .. } = self;
        rayon::join(
            || weights(last, &mut slopes.last, 0, row, &pass.slopes),
            || {
                weights(second, &mut slopes.second, width, width, &pass.second);
                weights(first, &mut slopes.first, 2 * width, width, &pass.first);
            },
        );
        slopes.bias.fill(0.0);
        for row in pass.slopes.chunks(row) {
            vector::add(&mut slopes.bias, row);
        }
        self.bias.step(&slopes.bias, rate);
        for (norm, slopes) in [(&mut self.first_norm, &slopes.first_norm), (&mut self.second_norm, &slopes.second_norm)] {
            norm.gamma.step(&slopes[0], rate);
            norm.beta.step(&slopes[1], rate);
        }
        pass.entropies[..rows.div_ceil(block)].iter().sum::<f64>() / rows as f64
    }

    /// Moves every weight and running moment of a mean towards those of a generator that has learned: by 1 - `keep`, and faster in the first
    /// steps, so that the first values are soon forgotten.
    pub(super) fn follow(&mut self, other: &Generator, keep: f64, steps: u64) {
        let keep = keep.min((1 + steps) as f64 / (10 + steps) as f64);
        let keep = keep as f32;
        let norm = |norm: &mut Norm, other: &Norm| {
            vector::approach(&mut norm.gamma.values, &other.gamma.values, keep);
            vector::approach(&mut norm.beta.values, &other.beta.values, keep);
            vector::approach(&mut norm.mean, &other.mean, keep);
            vector::approach(&mut norm.variance, &other.variance, keep);
        };
        norm(&mut self.first_norm, &other.first_norm);
        norm(&mut self.second_norm, &other.second_norm);
        vector::approach(&mut self.first.values, &other.first.values, keep);
        vector::approach(&mut self.second.values, &other.second.values, keep);
        vector::approach(&mut self.last.values, &other.last.values, keep);
        vector::approach(&mut self.bias.values, &other.bias.values, keep);
    }

    /// Every learned array, in one order.
    pub(super) fn learned(&mut self) -> [&mut Learned; 8] {
        let Generator { first, first_norm, second, second_norm, last, bias, .. } = self;
        [first, &mut first_norm.gamma, &mut first_norm.beta, second, &mut second_norm.gamma, &mut second_norm.beta, last, bias]
    }

    /// Sizes, weights and running moments.
    pub(super) fn write(&self, out: &mut Writer) {
        out.count(self.shape.noise);
        out.count(self.shape.width);
        for norm in [&self.first_norm, &self.second_norm] {
            for values in [&norm.gamma.values, &norm.beta.values, &norm.mean, &norm.variance] {
                out.floats(values);
            }
        }
        for learned in [&self.first, &self.second, &self.last, &self.bias] {
            out.floats(&learned.values);
        }
    }

    pub(super) fn read(bytes: &mut Reader<'_>, layout: Layout) -> Option<Self> {
        let (noise, width) = (bytes.count()?, bytes.count()?);
        let inputs = noise.checked_add(layout.conditions)?;
        let mut norm = || {
            let (gamma, beta) = (Learned::new(bytes.floats(width)?), Learned::new(bytes.floats(width)?));
            Some(Norm { gamma, beta, mean: bytes.floats(width)?, variance: bytes.floats(width)? })
        };
        let (first_norm, second_norm) = (norm()?, norm()?);
        let mut layer = |inputs: Option<usize>, outputs: usize| Some(Learned::new(bytes.floats(inputs?.checked_mul(outputs)?)?));
        let first = layer(Some(inputs), width)?;
        let second = layer(inputs.checked_add(width), width)?;
        let last = layer(inputs.checked_add(width.checked_mul(2)?), layout.width)?;
        let bias = layer(Some(1), layout.width)?;
        Some(Generator { shape: Shape { noise, width, layout }, first, first_norm, second, second_norm, last, bias })
    }
}

/// Slopes by the activated row become slopes by its logits.
fn deactivate(layout: &Layout, slopes: &mut [f32], made: &[f32], temperature: f32) {
    let (numbers, segments) = slopes.split_at_mut(layout.scalars);
    let (values, shares) = made.split_at(layout.scalars);
    for (slope, value) in numbers.iter_mut().zip(values) {
        *slope *= 1.0 - value * value;
    }
    let factor = 1.0 / temperature;
    let mut start = 0;
    for &end in &layout.ends {
        let (slopes, shares) = (&mut segments[start..end], &shares[start..end]);
        let mean: f32 = slopes.iter().zip(shares).map(|(slope, share)| slope * share).sum();
        for (slope, share) in slopes.iter_mut().zip(shares) {
            *slope = factor * share * (*slope - mean);
        }
        start = end;
    }
}

/// Cross-entropy of the conditioned column; its slope, times `share`, is added.
fn cross_entropy(layout: &Layout, slopes: &mut [f32], logits: &[f32], condition: usize, share: f32) -> f64 {
    let segment = layout.segment(condition);
    let wanted = layout.width - layout.conditions + condition;
    let mut shares = logits[segment.clone()].to_vec();
    let highest = shares.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for value in &mut shares {
        *value = (*value - highest).exp();
    }
    let total: f32 = shares.iter().sum();
    for (slope, value) in slopes[segment].iter_mut().zip(&shares) {
        *slope += share * value / total;
    }
    slopes[wanted] -= share;
    f64::from(total.ln() + highest - logits[wanted])
}

/// The way back through ReLU for a block, whose outputs stand in the trunk from `from` on; sums for the normalisation.
fn rectify(slopes: &mut [f32], trunks: &[f32], from: usize, trunk: usize, normalised: &[f32], sums: &mut [f32]) {
    let width = sums.len() / 2;
    sums.fill(0.0);
    let (betas, gammas) = sums.split_at_mut(width);
    for ((slopes, row), normalised) in slopes.chunks_mut(width).zip(trunks.chunks(trunk)).zip(normalised.chunks(width)) {
        vector::rectified(slopes, &row[from..from + width], normalised, betas, gammas);
    }
}

/// Gradients of gamma and beta from the blocks' sums, in their order.
fn join_sums(sums: &[f32], parts: usize, [gammas, betas]: &mut [Vec<f32>; 2]) {
    let width = gammas.len();
    gammas.fill(0.0);
    betas.fill(0.0);
    for sums in sums.chunks(2 * width).take(parts) {
        vector::add(betas, &sums[..width]);
        vector::add(gammas, &sums[width..]);
    }
}

fn factor(gamma: &[f32], inverse: &[f32]) -> Vec<f32> {
    gamma.iter().zip(inverse).map(|(gamma, inverse)| gamma * inverse).collect()
}
