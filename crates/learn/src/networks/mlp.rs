//! Multi-layer perceptron with an embedding on the way to its logit.
//!
//! ```text
//! h_0 = x
//! h_k = dropout(activation(norm(h_{k-1} W_k + b_k)))       k = 1 .. number of hidden layers
//! Z   = h_last W_z + b_z       with a bottleneck (no activation);   Z = h_last without one
//! g   = head layers like the hidden ones, from Z;   logit = g W + b;   score = sigmoid(logit)
//! norm(a) = gamma (a - m) / sqrt(v + 1e-5) + beta    m, v: the batch's mean and population variance in training,
//!           running ones (new = .9 old + .1 batch, variance with n - 1) in evaluation
//! ```
//!
//! Shapes: x `[rows, columns]`, W_k `[in, out]`, Z `[rows, width]`, logit `[rows, 1]`. First values: uniform in +-1/sqrt(in) for
//! weights and biases, gamma 1, beta 0. With `initialisation = "he-normal"` the layers with an activation start with weights from a
//! normal distribution of standard deviation sqrt(2 / in), cut at two of its own, and biases 0 (He et al., "Delving deep into
//! rectifiers", 2015; cut as Keras does); the linear ones (bottleneck, logit) as before.

mod linearised;

use burn_tensor::module::linear;
use burn_tensor::{Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use evenhand_catalog::{Allowed, Card, Direction, Entry, Kind, Literal, Parameter};

use super::{Network, Reads, Sizes};
use crate::LearnError;
use crate::architecture::Architecture;
use crate::models::tangents::{Normalised, activate};
use crate::models::{Inputs, LayerStatistics, Linearised, Mode, Model, Observed, Output, Tangent};
use crate::randomness::dropout_mask;
use crate::weights::{Bound, Slot, Weights};

/// The registry's line.
pub const ENTRY: Entry<dyn Network> = Entry { card: &CARD, build: |_| Ok(Box::new(Perceptron)) };

/// What model folders call the network: its card's id.
const ID: &str = CARD.id;

static CARD: Card = Card {
    id: "mlp",
    name: "Multi-layer perceptron",
    kind: Kind::Network,
    summary: "Reads the encoded columns of a table. Taken without being named where rows have no recordings. Its parameters are keys of [model].",
    formula: r"
h_0 = x;  h_k = dropout(activation(norm(h_{k-1} W_k + b_k))), k = 1 .. number of hidden layers
Z   = h_last W_z + b_z with a bottleneck, else h_last
g   = head layers like the hidden ones, from Z;  logit = g W + b;  score = sigmoid(logit)",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "textbook; initialisation he-normal: He et al. 2015",
    parameters: &[
        Parameter {
            name: "hidden",
            default: Literal::Numbers(&[128.0, 64.0]),
            allowed: WIDTH,
            purpose: "widths of the hidden layers, first to last; [] makes a logistic regression",
        },
        Parameter {
            name: "activation",
            default: Literal::Text("relu"),
            allowed: Allowed::OneOf(&["relu", "leaky-relu", "tanh", "sigmoid"]),
            purpose: "function between layers",
        },
        Parameter { name: "batch_norm", default: Literal::Flag(false), allowed: Allowed::Any, purpose: "normalise before each activation" },
        Parameter {
            name: "dropout",
            default: Literal::Number(0.0),
            allowed: Allowed::Between(0.0, 1.0),
            purpose: "share of activations set to 0 in training, below 1",
        },
        Parameter {
            name: "dropout_before_logit",
            default: Literal::Flag(true),
            allowed: Allowed::Any,
            purpose: "whether the last layer before the logit drops activations, too",
        },
        Parameter {
            name: "initialisation",
            default: Literal::Text("uniform"),
            allowed: Allowed::OneOf(&["uniform", "he-normal"]),
            purpose: "where the weights of layers with an activation start",
        },
        Parameter {
            name: "bottleneck",
            default: Literal::Absent,
            allowed: WIDTH,
            purpose: "width of a linear layer after the hidden ones, which becomes the embedding Z",
        },
        Parameter {
            name: "head",
            default: Literal::Numbers(&[]),
            allowed: WIDTH,
            purpose: "widths of the layers between the embedding and the logit",
        },
    ],
};

const WIDTH: Allowed = Allowed::Between(1.0, evenhand_catalog::limits::WIDTH.most as f64);

/// The kind of network that [`Mlp`] is.
#[derive(Debug)]
struct Perceptron;

impl Network for Perceptron {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn reads(&self) -> Reads {
        Reads::Table
    }

    fn build(&self, architecture: &Architecture, sizes: &Sizes, rng: &mut ChaCha8Rng) -> Result<(Box<dyn Model>, Weights), LearnError> {
        architecture.check_inputs(sizes.columns)?;
        let (model, weights) = Mlp::with_outputs(architecture, sizes.columns, sizes.outputs, rng);
        Ok((Box::new(model), weights))
    }
}

/// Share of a batch in the running statistics.
const NORM_MOMENTUM: f32 = 0.1;

/// The function between layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `max(x, 0)`.
    #[default]
    Relu,
    /// `x` above 0, `0.01 x` below.
    LeakyRelu,
    /// Hyperbolic tangent.
    Tanh,
    /// Logistic function.
    Sigmoid,
}

/// Where the weights of layers with an activation start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initialisation {
    /// Uniform in `+-1/sqrt(inputs)`.
    #[default]
    Uniform,
    /// Normal with standard deviation `sqrt(2 / inputs)`, cut at two; biases 0.
    HeNormal,
}

#[derive(Debug, Clone)]
struct Layer {
    weight: Slot,
    bias: Slot,
    norm: Option<Norm>,
    /// False for the bottleneck and the logit: no norm, no activation, no dropout.
    active: bool,
    /// False for a layer that drops nothing in training.
    drops: bool,
}

#[derive(Debug, Clone, Copy)]
struct Norm {
    gamma: Slot,
    beta: Slot,
    mean: Slot,
    variance: Slot,
}

/// The network that an [`Architecture`] describes, for a number of input columns.
#[derive(Debug, Clone)]
pub struct Mlp {
    columns: usize,
    activation: Activation,
    dropout: f64,
    encoder: Vec<Layer>,
    head: Vec<Layer>,
    embedding_width: usize,
    encoder_arrays: usize,
}

impl Mlp {
    /// The network and its first weights.
    pub fn new(architecture: &Architecture, columns: usize, rng: &mut ChaCha8Rng) -> (Self, Weights) {
        Self::with_outputs(architecture, columns, 1, rng)
    }

    /// The same with several logits per row (an adversary has one per group).
    pub fn with_outputs(architecture: &Architecture, columns: usize, outputs: usize, rng: &mut ChaCha8Rng) -> (Self, Weights) {
        let mut weights = Weights::default();
        let mut width = columns;
        let mut add = |name: String, next: usize, active: bool, rng: &mut ChaCha8Rng| {
            let bound = 1.0 / (width as f32).sqrt();
            let norm_wanted = active && architecture.batch_norm;
            let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
            let (weight, bias) = if active && architecture.initialisation == Initialisation::HeNormal {
                let deviation = (2.0 / width as f64).sqrt();
                (weights.add_normal(weight, &[width, next], deviation, rng), weights.add(bias, &[next], vec![0.0; next], true))
            } else {
                (weights.add_uniform(weight, &[width, next], bound, rng), weights.add_uniform(bias, &[next], bound, rng))
            };
            let layer = Layer {
                weight,
                bias,
                norm: norm_wanted.then(|| Norm {
                    gamma: weights.add(format!("{name}.norm.gamma"), &[next], vec![1.0; next], true),
                    beta: weights.add(format!("{name}.norm.beta"), &[next], vec![0.0; next], true),
                    mean: weights.add(format!("{name}.norm.mean"), &[next], vec![0.0; next], false),
                    variance: weights.add(format!("{name}.norm.variance"), &[next], vec![1.0; next], false),
                }),
                active,
                drops: active,
            };
            width = next;
            layer
        };
        let mut encoder: Vec<Layer> =
            architecture.hidden.iter().enumerate().map(|(place, &next)| add(format!("hidden.{place}"), next, true, rng)).collect();
        encoder.extend(architecture.bottleneck.map(|next| add("bottleneck".to_owned(), next, false, rng)));
        let mut head: Vec<Layer> =
            architecture.head.iter().enumerate().map(|(place, &next)| add(format!("head.{place}"), next, true, rng)).collect();
        if !architecture.dropout_before_logit
            && let Some(last) = head.last_mut().or(encoder.last_mut())
        {
            last.drops = false;
        }
        head.push(add("logit".to_owned(), outputs, false, rng));
        let embedding_width = architecture.bottleneck.or(architecture.hidden.last().copied()).unwrap_or(columns);
        let encoder_arrays = head[0].weight;
        let (activation, dropout) = (architecture.activation, architecture.dropout);
        (Mlp { columns, activation, dropout, encoder, head, embedding_width, encoder_arrays }, weights)
    }

    /// A mask of 0 and 1/(1-p), or `None` where nothing is dropped.
    fn mask(&self, layer: &Layer, shape: [usize; 2], like: &Tensor<2>, mode: &mut Mode<'_>) -> Option<Tensor<2>> {
        match mode {
            Mode::Training(rng) | Mode::Repeating(rng, _) if layer.drops && self.dropout > 0.0 => {
                let values = dropout_mask(rng, shape[0] * shape[1], self.dropout);
                Some(Tensor::from_data(TensorData::new(values, shape), &like.device()))
            }
            _ => None,
        }
    }

    fn layer(&self, layer: &Layer, weights: &Bound, input: Tensor<2>, mode: &mut Mode<'_>, seen: &mut Seen) -> Tensor<2> {
        let mut values = linear(input, weights.matrix(layer.weight), Some(weights.vector(layer.bias)));
        if let Some(norm) = &layer.norm {
            values = normalise(norm, weights, values, mode, seen);
        }
        if layer.active {
            values = activate(self.activation, values);
        }
        match self.mask(layer, values.dims(), &values, mode) {
            Some(mask) => values * mask,
            None => values,
        }
    }
}

/// What the batch norms of a pass saw.
#[derive(Debug, Default)]
struct Seen {
    observed: Vec<Observed>,
    statistics: Vec<LayerStatistics>,
}

fn normalise(norm: &Norm, weights: &Bound, values: Tensor<2>, mode: &Mode<'_>, seen: &mut Seen) -> Tensor<2> {
    let rows = values.dims()[0];
    let normalised = if let Mode::Repeating(_, statistics) = mode
        && let Some(earlier) = statistics.iter().find(|statistics| statistics.slot == norm.mean)
    {
        Normalised::by_running(values, earlier.statistics.mean.clone(), earlier.statistics.variance.clone())
    } else if matches!(mode, Mode::Training(_)) && rows > 1 {
        let (normalised, statistics) = Normalised::by_batch(values);
        let unbiased = statistics.variance.clone().inner().mul_scalar(rows as f64 / (rows - 1) as f64);
        seen.observed.push(Observed { slot: norm.mean, values: statistics.mean.clone().inner() });
        seen.observed.push(Observed { slot: norm.variance, values: unbiased });
        seen.statistics.push(LayerStatistics { slot: norm.mean, statistics });
        normalised
    } else {
        Normalised::by_running(values, weights.vector(norm.mean), weights.vector(norm.variance))
    };
    normalised.scaled(weights.vector(norm.gamma), weights.vector(norm.beta))
}

impl Weights {
    /// Mixes what a batch showed into the running statistics.
    pub fn absorb(&mut self, observed: Vec<Observed>) {
        for Observed { slot, values } in observed {
            for (running, batch) in self.arrays[slot].values.iter_mut().zip(crate::weights::host(values)) {
                *running += NORM_MOMENTUM * (batch - *running);
            }
        }
    }
}

impl Model for Mlp {
    fn name(&self) -> &'static str {
        ID
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn embedding_width(&self) -> usize {
        self.embedding_width
    }

    fn encoder_arrays(&self) -> usize {
        self.encoder_arrays
    }

    fn forward(&self, weights: &Bound, inputs: &Inputs, mode: &mut Mode<'_>) -> Output {
        let mut seen = Seen::default();
        let mut embedding = inputs.table.clone();
        for layer in &self.encoder {
            embedding = self.layer(layer, weights, embedding, mode, &mut seen);
        }
        let mut logits = embedding.clone();
        for layer in &self.head {
            logits = self.layer(layer, weights, logits, mode, &mut seen);
        }
        Output::new(embedding, logits, seen.observed).with_statistics(seen.statistics)
    }

    fn couples_rows(&self) -> bool {
        self.encoder.iter().chain(&self.head).any(|layer| layer.norm.is_some())
    }

    fn forward_tangent(&self, weights: &Bound, inputs: &Inputs, tangent: &Tangent, mode: &mut Mode<'_>) -> Option<(Output, Output)> {
        let (mut output, kept) = self.pass_kept(weights, inputs, mode);
        output.observed.clear();
        let (embedding, logits) = kept.speeds(tangent);
        Some((output, Output::new(embedding, logits, Vec::new())))
    }

    fn linearise(&self, weights: &Bound, inputs: &Inputs, mode: &mut Mode<'_>) -> Option<(Output, Box<dyn Linearised>)> {
        let (output, kept) = self.pass_kept(weights, inputs, mode);
        Some((output, Box::new(kept)))
    }
}
