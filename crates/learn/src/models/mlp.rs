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

use burn::tensor::activation::{leaky_relu, relu, sigmoid, tanh};
use burn::tensor::module::linear;
use burn::tensor::{Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{BatchStatistics, Inputs, InterviewArchitecture, Mode, Model, Observed, Output, Tangent};
use crate::LearnError;
use crate::weights::{Bound, Slot, Weights};

/// Added to the variance before the root in batch norm.
const NORM_EPSILON: f64 = 1e-5;
/// Share of a batch in the running statistics.
const NORM_MOMENTUM: f32 = 0.1;
/// Slope of the leaky ReLU below 0.
const LEAK: f64 = 0.01;

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

/// The recipe's `[architecture]`: layers of the scorer.
///
/// | key | default | purpose | allowed |
/// |---|---|---|---|
/// | `hidden` | `[128, 64]` | widths of the hidden layers, first to last; `[]` makes a logistic regression | 1 to 65536 each |
/// | `activation` | `"relu"` | function between layers | `relu`, `leaky-relu`, `tanh`, `sigmoid` |
/// | `batch_norm` | `false` | normalise before each activation | true, false |
/// | `dropout` | `0.0` | share of activations set to 0 in training | 0 to below 1 |
/// | `dropout_before_logit` | `true` | whether the last layer before the logit drops activations, too | true, false |
/// | `initialisation` | `"uniform"` | where the weights of layers with an activation start | `uniform`, `he-normal` |
/// | `bottleneck` | none | width of a linear layer after the hidden ones; it becomes the embedding Z | 1 to 65536 |
/// | `head` | `[]` | widths of layers between the embedding and the logit | 1 to 65536 each |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Architecture {
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Function between layers.
    pub activation: Activation,
    /// Batch normalisation before each activation.
    pub batch_norm: bool,
    /// Share of activations dropped in training.
    pub dropout: f64,
    /// Whether the last layer before the logit drops activations, too.
    pub dropout_before_logit: bool,
    /// Where the weights of layers with an activation start.
    pub initialisation: Initialisation,
    /// Width of a linear embedding layer after the hidden ones; without it the last hidden activation is the embedding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bottleneck: Option<usize>,
    /// Widths of layers between embedding and logit.
    pub head: Vec<usize>,
    /// `[model.interview]`: the network that reads recordings; the keys above are those of tables and take no part in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interview: Option<InterviewArchitecture>,
}

impl Default for Architecture {
    fn default() -> Self {
        Architecture {
            hidden: vec![128, 64],
            activation: Activation::Relu,
            batch_norm: false,
            dropout: 0.0,
            dropout_before_logit: true,
            initialisation: Initialisation::Uniform,
            bottleneck: None,
            head: Vec::new(),
            interview: None,
        }
    }
}

impl Architecture {
    /// Refuses widths and shares outside their range.
    pub fn check(&self) -> Result<(), LearnError> {
        let bad = |key, value: String, expected: &str| {
            Err(LearnError::BadSetting { section: "architecture", key, value, expected: expected.to_owned() })
        };
        for (key, widths) in [("hidden", self.hidden.as_slice()), ("head", &self.head), ("bottleneck", self.bottleneck.as_slice())] {
            if let Some(width) = widths.iter().find(|width| !(1..=65536).contains(*width)) {
                return bad(key, width.to_string(), "between 1 and 65536");
            }
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return bad("dropout", self.dropout.to_string(), "at least 0 and below 1");
        }
        self.interview.as_ref().map_or(Ok(()), InterviewArchitecture::check)
    }

    /// The first key of a table's network that is not at its default, with its value: what a network of recordings would pass over.
    pub(crate) fn table_setting(&self) -> Option<(&'static str, String)> {
        let usual = Architecture::default();
        [
            ("hidden", self.hidden != usual.hidden, format!("{:?}", self.hidden)),
            ("activation", self.activation != usual.activation, format!("{:?}", self.activation)),
            ("batch_norm", self.batch_norm != usual.batch_norm, self.batch_norm.to_string()),
            ("dropout", self.dropout != usual.dropout, self.dropout.to_string()),
            ("dropout_before_logit", self.dropout_before_logit != usual.dropout_before_logit, self.dropout_before_logit.to_string()),
            ("initialisation", self.initialisation != usual.initialisation, "\"he-normal\"".to_owned()),
            ("bottleneck", self.bottleneck != usual.bottleneck, format!("{:?}", self.bottleneck.unwrap_or_default())),
            ("head", self.head != usual.head, format!("{:?}", self.head)),
        ]
        .into_iter()
        .find_map(|(key, given, value)| given.then_some((key, value)))
    }
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

    fn activate(&self, values: Tensor<2>) -> Tensor<2> {
        match self.activation {
            Activation::Relu => relu(values),
            Activation::LeakyRelu => leaky_relu(values, LEAK),
            Activation::Tanh => tanh(values),
            Activation::Sigmoid => sigmoid(values),
        }
    }

    /// A mask of 0 and 1/(1-p), or `None` where nothing is dropped.
    fn mask(&self, layer: &Layer, shape: [usize; 2], like: &Tensor<2>, mode: &mut Mode<'_>) -> Option<Tensor<2>> {
        match mode {
            Mode::Training(rng) | Mode::Repeating(rng, _) if layer.drops && self.dropout > 0.0 => {
                let keep = 1.0 / (1.0 - self.dropout as f32);
                let values = (0..shape[0] * shape[1]).map(|_| if f64::from(rng.random::<f32>()) < self.dropout { 0.0 } else { keep });
                Some(Tensor::from_data(TensorData::new(values.collect::<Vec<f32>>(), shape), &like.device()))
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
            values = self.activate(values);
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
    statistics: Vec<BatchStatistics>,
}

fn normalise(norm: &Norm, weights: &Bound, values: Tensor<2>, mode: &Mode<'_>, seen: &mut Seen) -> Tensor<2> {
    let rows = values.dims()[0];
    let (centred, variance) = if let Mode::Repeating(_, statistics) = mode
        && let Some(earlier) = statistics.iter().find(|statistics| statistics.slot == norm.mean)
    {
        (values - earlier.mean.clone(), earlier.variance.clone())
    } else if matches!(mode, Mode::Training(_)) && rows > 1 {
        let mean = values.clone().mean_dim(0);
        let centred = values - mean.clone();
        let variance = (centred.clone() * centred.clone()).mean_dim(0);
        let unbiased = variance.clone().inner().mul_scalar(rows as f64 / (rows - 1) as f64);
        seen.statistics.push(BatchStatistics { slot: norm.mean, mean: mean.clone(), variance: variance.clone() });
        seen.observed.push(Observed { slot: norm.mean, values: mean.inner().squeeze_dim(0) });
        seen.observed.push(Observed { slot: norm.variance, values: unbiased.squeeze_dim(0) });
        (centred, variance)
    } else {
        (values - weights.vector(norm.mean).unsqueeze(), weights.vector(norm.variance).unsqueeze())
    };
    centred / variance.add_scalar(NORM_EPSILON).sqrt() * weights.vector(norm.gamma).unsqueeze() + weights.vector(norm.beta).unsqueeze()
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
        "mlp"
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
        Output { statistics: seen.statistics, ..Output::new(embedding, logits, seen.observed) }
    }

    /// Batch norm couples the rows of a batch, so its tangent is not that of a row: such a network is refused.
    fn forward_tangent(&self, weights: &Bound, inputs: &Inputs, tangent: &Tangent, mode: &mut Mode<'_>) -> Option<(Output, Output)> {
        if self.encoder.iter().chain(&self.head).any(|layer| layer.norm.is_some()) {
            return None;
        }
        let mut speed = tangent.inputs.clone().unwrap_or_else(|| inputs.table.zeros_like());
        let mut values = inputs.table.clone();
        let mut embedding = (values.clone(), speed.clone());
        for (place, layer) in self.encoder.iter().chain(&self.head).enumerate() {
            let matrix = weights.matrix(layer.weight);
            // y = x W + b  ->  dy = dx W + x dW + db
            let mut next_speed = speed.matmul(matrix.clone());
            if let Some(direction) = &tangent.weights {
                next_speed = next_speed + values.clone().matmul(direction.matrix(layer.weight)) + direction.vector(layer.bias).unsqueeze();
            }
            let next = linear(values, matrix, Some(weights.vector(layer.bias)));
            (values, speed) = if layer.active {
                let activated = self.activate(next.clone());
                let slope = match self.activation {
                    Activation::Relu => next.greater_elem(0.0).float(),
                    Activation::LeakyRelu => next.greater_elem(0.0).float().mul_scalar(1.0 - LEAK).add_scalar(LEAK),
                    Activation::Tanh => (activated.clone() * activated.clone()).neg().add_scalar(1.0),
                    Activation::Sigmoid => activated.clone() * activated.clone().neg().add_scalar(1.0),
                };
                (activated, next_speed * slope)
            } else {
                (next, next_speed)
            };
            if let Some(mask) = self.mask(layer, values.dims(), &values, mode) {
                (values, speed) = (values * mask.clone(), speed * mask);
            }
            if place + 1 == self.encoder.len() {
                embedding = (values.clone(), speed.clone());
            }
        }
        Some((Output::new(embedding.0, values, Vec::new()), Output::new(embedding.1, speed, Vec::new())))
    }
}
