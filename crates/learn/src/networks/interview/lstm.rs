//! Long short-term memory over segments, computed on the host, with its derivative written out.
//!
//! ```text
//! (i, f, g, o) = x_t Wx + h_{t-1} Wh + b          i, f, o through the logistic function, g through tanh
//! c_t = f c_{t-1} + i g       h_t = o tanh(c_t)      c_0 = h_0 = 0
//!
//! back, from the last step:   dh = dh_t + dh_next
//!     do = dh tanh(c) o (1 - o)     dc = dc_next + dh o (1 - tanh(c)^2)
//!     di = dc g i (1 - i)     df = dc c_{t-1} f (1 - f)     dg = dc i (1 - g^2)     dc_next = dc f
//!     dh_next = (di, df, dg, do) Wh'
//! ```
//!
//! Shapes: x `[steps, rows, inputs]` (step after step), Wx `[inputs, 4 width]`, Wh `[width, 4 width]`, b `[4 width]`, h `[steps, rows, width]`.
//! The products over all steps (x Wx and the three of the derivative) are one matrix product each; only h Wh goes step by step.
//! Source: Hochreiter and Schmidhuber (1997) with the forget gate of Gers et al. (2000); gate order as in common libraries.

use evenhand_kernels::{Grid, Threads, multiply};
use rand_chacha::ChaCha8Rng;

use crate::weights::{Bound, Slot, SlotGradients, Weights};

/// Layers of LSTM, one on the other; the result is the last layer's last step.
#[derive(Debug, Clone)]
pub(super) struct Lstm {
    inputs: usize,
    width: usize,
    layers: Vec<Layer>,
}

#[derive(Debug, Clone, Copy)]
struct Layer {
    input: Slot,
    hidden: Slot,
    bias: Slot,
}

/// What one layer's derivative needs.
#[derive(Debug)]
struct Saved {
    /// `[steps, rows, inputs]`
    input: Vec<f32>,
    /// i, f, g, o after their functions: `[steps, rows, 4 width]`
    gates: Vec<f32>,
    /// `[steps, rows, width]`
    cells: Vec<f32>,
    /// `[steps, rows, width]`
    hidden: Vec<f32>,
    input_weight: Vec<f32>,
    hidden_weight: Vec<f32>,
}

/// A pass over a batch.
#[derive(Debug)]
pub(super) struct Passed {
    layers: Vec<Saved>,
    rows: usize,
    steps: usize,
}

fn logistic(value: f32) -> f32 {
    1.0 / (1.0 + (-value).exp())
}

impl Lstm {
    /// Layers with first weights drawn uniformly from +-1/sqrt(width).
    pub(super) fn new(name: &str, inputs: usize, width: usize, layers: usize, weights: &mut Weights, rng: &mut ChaCha8Rng) -> Self {
        let bound = 1.0 / (width as f32).sqrt();
        let layers = (0..layers)
            .map(|layer| Layer {
                input: weights.add_uniform(
                    format!("{name}.{layer}.input"),
                    &[if layer == 0 { inputs } else { width }, 4 * width],
                    bound,
                    rng,
                ),
                hidden: weights.add_uniform(format!("{name}.{layer}.hidden"), &[width, 4 * width], bound, rng),
                bias: weights.add_uniform(format!("{name}.{layer}.bias"), &[4 * width], bound, rng),
            })
            .collect();
        Lstm { inputs, width, layers }
    }

    /// The last layer's last step, `[rows, width]`, for `input` `[steps, rows, inputs]`.
    pub(super) fn forward(&self, weights: &Bound, input: Vec<f32>, rows: usize) -> (Vec<f32>, Passed) {
        let steps = input.len() / (rows * self.inputs).max(1);
        let mut layers: Vec<Saved> = Vec::with_capacity(self.layers.len());
        let mut first = Some(input);
        for layer in &self.layers {
            let below = first.take().or_else(|| layers.last().map(|saved| saved.hidden.clone())).unwrap_or_default();
            layers.push(self.layer(layer, weights, below, rows, steps));
        }
        let last = layers.last().map(|saved| saved.hidden[(steps - 1) * rows * self.width..].to_vec()).unwrap_or_default();
        (last, Passed { layers, rows, steps })
    }

    fn layer(&self, layer: &Layer, weights: &Bound, input: Vec<f32>, rows: usize, steps: usize) -> Saved {
        let (width, inputs) = (self.width, input.len() / (rows * steps));
        let (input_weight, hidden_weight) = (weights.values(layer.input), weights.values(layer.hidden));
        let mut gates = weights.values(layer.bias).repeat(rows * steps);
        let (seen, map) = (Grid::new(&input, rows * steps, inputs), Grid::new(&input_weight, inputs, 4 * width));
        multiply(&mut gates, seen, map, true, Threads::All);
        let (mut cells, mut hidden) = (vec![0.0; rows * steps * width], vec![0.0; rows * steps * width]);
        for step in 0..steps {
            let (at, before) = (step * rows * width, step.saturating_sub(1) * rows * width);
            let gates = &mut gates[4 * at..4 * (at + rows * width)];
            if step > 0 {
                let (past, map) = (Grid::new(&hidden[before..at], rows, width), Grid::new(&hidden_weight, width, 4 * width));
                multiply(gates, past, map, true, Threads::All);
            }
            for row in 0..rows {
                let (first, rest) = gates[4 * row * width..4 * (row + 1) * width].split_at_mut(2 * width);
                let ((i, f), (g, o)) = (first.split_at_mut(width), rest.split_at_mut(width));
                for k in 0..width {
                    (i[k], f[k], g[k], o[k]) = (logistic(i[k]), logistic(f[k]), g[k].tanh(), logistic(o[k]));
                    let past = if step > 0 { cells[before + row * width + k] } else { 0.0 };
                    let cell = f[k] * past + i[k] * g[k];
                    cells[at + row * width + k] = cell;
                    hidden[at + row * width + k] = o[k] * cell.tanh();
                }
            }
        }
        Saved { input, gates, cells, hidden, input_weight, hidden_weight }
    }

    /// The gradients of the layers' arrays and of the input, for the derivative of the result, `[rows, width]`.
    pub(super) fn backward(&self, passed: &Passed, slopes: &[f32]) -> (SlotGradients, Vec<f32>) {
        let (rows, steps, width) = (passed.rows, passed.steps, self.width);
        let mut arriving = vec![0.0; rows * steps * width];
        arriving[(steps - 1) * rows * width..].copy_from_slice(slopes);
        let mut gradients = Vec::new();
        for (layer, saved) in self.layers.iter().zip(&passed.layers).rev() {
            let slopes = self.gate_slopes(saved, &arriving, rows, steps);
            let (inputs, all) = (saved.input.len() / (rows * steps), rows * steps);
            let seen = Grid::new(&slopes, all, 4 * width);
            let mut input = vec![0.0; inputs * 4 * width];
            multiply(&mut input, Grid::new(&saved.input, all, inputs).transposed(), seen, false, Threads::All);
            let mut hidden = vec![0.0; width * 4 * width];
            let past = Grid::new(&saved.hidden, all - rows, width).transposed();
            multiply(&mut hidden, past, Grid::new(&slopes[4 * rows * width..], all - rows, 4 * width), false, Threads::All);
            let mut bias = vec![0.0; 4 * width];
            for row in slopes.chunks_exact(4 * width) {
                bias.iter_mut().zip(row).for_each(|(sum, slope)| *sum += slope);
            }
            arriving = vec![0.0; all * inputs];
            multiply(&mut arriving, seen, Grid::new(&saved.input_weight, inputs, 4 * width).transposed(), false, Threads::All);
            gradients.extend([(layer.input, input), (layer.hidden, hidden), (layer.bias, bias)]);
        }
        (gradients, arriving)
    }

    /// Derivatives for the gates before their functions, `[steps, rows, 4 width]`.
    fn gate_slopes(&self, saved: &Saved, arriving: &[f32], rows: usize, steps: usize) -> Vec<f32> {
        let width = self.width;
        let mut slopes = vec![0.0; rows * steps * 4 * width];
        let (mut hidden, mut cell) = (vec![0.0; rows * width], vec![0.0; rows * width]);
        for step in (0..steps).rev() {
            let at = step * rows * width;
            let slopes = &mut slopes[4 * at..4 * (at + rows * width)];
            for row in 0..rows {
                let gates = &saved.gates[4 * (at + row * width)..4 * (at + (row + 1) * width)];
                let slopes = &mut slopes[4 * row * width..4 * (row + 1) * width];
                for k in 0..width {
                    let (i, f, g, o) = (gates[k], gates[width + k], gates[2 * width + k], gates[3 * width + k]);
                    let place = row * width + k;
                    let past = if step > 0 { saved.cells[at - rows * width + place] } else { 0.0 };
                    let squashed = saved.cells[at + place].tanh();
                    let pull = arriving[at + place] + hidden[place];
                    let inner = cell[place] + pull * o * (1.0 - squashed * squashed);
                    slopes[k] = inner * g * i * (1.0 - i);
                    slopes[width + k] = inner * past * f * (1.0 - f);
                    slopes[2 * width + k] = inner * i * (1.0 - g * g);
                    slopes[3 * width + k] = pull * squashed * o * (1.0 - o);
                    cell[place] = inner * f;
                }
            }
            if step > 0 {
                let map = Grid::new(&saved.hidden_weight, width, 4 * width).transposed();
                multiply(&mut hidden, Grid::new(slopes, rows, 4 * width), map, false, Threads::All);
            }
        }
        slopes
    }
}
