//! Layers that carry a derivative along a direction beside their values.
//!
//! A direction changes weights (dW), inputs (dx), or both. A layer's *speed* is the derivative of its output along it:
//!
//! ```text
//! linear       y = x W + b                       dy = dx W + x dW + db
//! convolution  y = x * W + b                     dy = dx * W + x * dW + db
//! activation   y = f(a)                          dy = f'(a) da              ReLU: da where a > 0, else 0
//! max-pool     y = x[place of the largest]       dy = dx[the same place]
//! dropout      y = m x                           dy = m dx                  m: the same mask
//! batch norm   n = (a - mean) / r,  y = gamma n + beta,  r = sqrt(variance + e)
//!              statistics of the batch:  dc = da - mean(da),  dr = mean(n dc),  dn = (dc - n dr) / r
//!              running statistics:       dn = da / r
//!              dy = gamma dn + dgamma n + dbeta
//! ```
//!
//! Everything is made of operations that the graph knows, so that an ordinary backward pass through a speed differentiates the
//! directional derivative once more, exactly (reverse over forward): Hessian times direction, or the gradient of a directional
//! derivative. Kinks (ReLU, max-pool) have the derivative of the side they are on; at the kink itself that of a <= 0, and of the place
//! that the pooling names.
//!
//! Shapes: values and speeds `[rows, width]` or `[rows, channels, height, width]`; a speed that is `None` is 0 throughout. A
//! [`Dual`] holds a value and its speed; weights are given as duals, too, their speed being the direction.

use burn_tensor::activation::{leaky_relu, relu, sigmoid, tanh};
use burn_tensor::ops::{ConvOptions, MaxPoolOptions};
use burn_tensor::{Tensor, module};

use super::{Activation, LEAK, NORM_EPSILON};
use crate::weights::{Bound, Slot, WeightDirection};

/// A value with its derivative along a direction.
#[derive(Debug, Clone)]
pub struct Dual<const D: usize> {
    /// The value.
    pub value: Tensor<D>,
    /// Its derivative; `None` is 0.
    pub speed: Option<Tensor<D>>,
}

impl<const D: usize> Dual<D> {
    /// An array of the weights, moving along the direction where that names it.
    pub fn of(weights: &Bound, direction: Option<&WeightDirection>, slot: Slot) -> Self {
        Dual { value: weights.array(slot), speed: direction.and_then(|direction| direction.array(slot)) }
    }

    /// The same numbers in another shape.
    #[must_use]
    pub fn reshape<const E: usize>(self, shape: [usize; E]) -> Dual<E> {
        Dual { value: self.value.reshape(shape), speed: self.speed.map(|speed| speed.reshape(shape)) }
    }

    /// The value with its speed, zeros where that is `None`.
    pub fn parts(self) -> (Tensor<D>, Tensor<D>) {
        let speed = self.speed.unwrap_or_else(|| self.value.zeros_like());
        (self.value, speed)
    }
}

/// The sum of two speeds.
fn plus<const D: usize>(one: Option<Tensor<D>>, other: Option<Tensor<D>>) -> Option<Tensor<D>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one + other),
        (one, other) => one.or(other),
    }
}

/// A vector by channel, ready to be combined with `[rows, channels, ..]`.
fn by_channel<const D: usize>(vector: Tensor<1>) -> Tensor<D> {
    let mut shape = [1; D];
    shape[1] = vector.dims()[0];
    vector.reshape(shape)
}

/// The mean over all axes but the channels', which keep their place.
fn mean_by_channel<const D: usize>(values: Tensor<D>) -> Tensor<D> {
    (0..D).filter(|axis| *axis != 1).fold(values, Tensor::mean_dim)
}

/// Speed of a linear layer whose input is `input`.
pub(crate) fn linear_speed(input: &Tensor<2>, moving: Option<Tensor<2>>, weight: &Dual<2>, bias: &Dual<1>) -> Option<Tensor<2>> {
    let through = moving.map(|moving| moving.matmul(weight.value.clone()));
    let own = weight.speed.clone().map(|direction| input.clone().matmul(direction));
    let rows = input.dims()[0];
    match (plus(through, own), bias.speed.clone()) {
        (Some(speed), Some(direction)) => Some(speed + direction.unsqueeze()),
        (None, Some(direction)) => Some(direction.unsqueeze::<2>().repeat_dim(0, rows)),
        (speed, None) => speed,
    }
}

/// Linear layer; the weight is `[inputs, outputs]`.
pub fn linear(input: &Dual<2>, weight: &Dual<2>, bias: &Dual<1>) -> Dual<2> {
    Dual {
        value: module::linear(input.value.clone(), weight.value.clone(), Some(bias.value.clone())),
        speed: linear_speed(&input.value, input.speed.clone(), weight, bias),
    }
}

/// Convolution; the weight is `[outputs, inputs, height, width]`.
pub fn conv2d(input: &Dual<4>, weight: &Dual<4>, bias: &Dual<1>, options: &ConvOptions<2>) -> Dual<4> {
    let value = module::conv2d(input.value.clone(), weight.value.clone(), Some(bias.value.clone()), options.clone());
    let through = input.speed.clone().map(|moving| module::conv2d(moving, weight.value.clone(), None, options.clone()));
    let own = weight.speed.clone().map(|direction| module::conv2d(input.value.clone(), direction, None, options.clone()));
    let shift = bias.speed.clone().map(|direction| by_channel::<4>(direction).expand(value.dims()));
    Dual { value, speed: plus(plus(through, own), shift) }
}

/// The activation of values.
pub(crate) fn activate<const D: usize>(activation: Activation, values: Tensor<D>) -> Tensor<D> {
    match activation {
        Activation::Relu => relu(values),
        Activation::LeakyRelu => leaky_relu(values, LEAK),
        Activation::Tanh => tanh(values),
        Activation::Sigmoid => sigmoid(values),
    }
}

/// The derivative of an activation, from the activated values: f' = [y > 0], or .01 below, or 1 - y^2, or y (1 - y).
pub(crate) fn activation_slope<const D: usize>(activation: Activation, activated: &Tensor<D>) -> Tensor<D> {
    match activation {
        Activation::Relu => activated.clone().greater_elem(0.0).float(),
        Activation::LeakyRelu => activated.clone().greater_elem(0.0).float().mul_scalar(1.0 - LEAK).add_scalar(LEAK),
        Activation::Tanh => (activated.clone() * activated.clone()).neg().add_scalar(1.0),
        Activation::Sigmoid => activated.clone() * activated.clone().neg().add_scalar(1.0),
    }
}

/// An activation.
#[must_use]
pub fn activation<const D: usize>(activation: Activation, input: Dual<D>) -> Dual<D> {
    let value = activate(activation, input.value);
    let speed = input.speed.map(|speed| speed * activation_slope(activation, &value));
    Dual { value, speed }
}

/// Dropout with a mask drawn elsewhere.
#[must_use]
pub fn dropout<const D: usize>(input: Dual<D>, mask: &Tensor<D>) -> Dual<D> {
    Dual { value: input.value * mask.clone(), speed: input.speed.map(|speed| speed * mask.clone()) }
}

/// Max-pooling.
#[must_use]
pub fn max_pool2d(input: Dual<4>, options: MaxPoolOptions<2>) -> Dual<4> {
    let Some(speed) = input.speed else {
        return Dual { value: module::max_pool2d(input.value, options), speed: None };
    };
    let [rows, channels, height, width] = input.value.dims();
    let (value, places) = module::max_pool2d_with_indices(input.value, options);
    let [_, _, down, across] = value.dims();
    // A place counts along the picture of its row and channel.
    let moved = speed.reshape([rows, channels, height * width]).gather(2, places.reshape([rows, channels, down * across]));
    Dual { value, speed: Some(moved.reshape([rows, channels, down, across])) }
}

/// What batch norm made of its input, kept for derivatives.
#[derive(Debug, Clone)]
pub(crate) struct Normalised<const D: usize> {
    /// `(a - mean) / root`.
    pub(crate) normal: Tensor<D>,
    /// `sqrt(variance + e)`, by channel.
    pub(crate) root: Tensor<D>,
    /// True when mean and variance are the batch's and move with it.
    pub(crate) of_batch: bool,
}

/// Mean and population variance of a batch, by channel, in the graph that its values are in.
#[derive(Debug, Clone)]
pub struct BatchStatistics {
    /// Means.
    pub mean: Tensor<1>,
    /// Population variances.
    pub variance: Tensor<1>,
    /// Values that each of them sums up.
    pub count: usize,
}

impl<const D: usize> Normalised<D> {
    /// Normalises with the batch's statistics.
    pub(crate) fn by_batch(values: Tensor<D>) -> (Self, BatchStatistics) {
        let dims = values.dims();
        let count = dims.iter().product::<usize>() / dims[1].max(1);
        let mean = mean_by_channel(values.clone());
        let centred = values - mean.clone();
        let variance = mean_by_channel(centred.clone() * centred.clone());
        let root = variance.clone().add_scalar(NORM_EPSILON).sqrt();
        let flat = |values: Tensor<D>| values.reshape([dims[1]]);
        let statistics = BatchStatistics { mean: flat(mean), variance: flat(variance), count };
        (Normalised { normal: centred / root.clone(), root, of_batch: true }, statistics)
    }

    /// Normalises with running statistics.
    pub(crate) fn by_running(values: Tensor<D>, mean: Tensor<1>, variance: Tensor<1>) -> Self {
        let root = by_channel::<D>(variance).add_scalar(NORM_EPSILON).sqrt();
        Normalised { normal: (values - by_channel(mean)) / root.clone(), root, of_batch: false }
    }

    /// `gamma n + beta`.
    pub(crate) fn scaled(&self, gamma: Tensor<1>, beta: Tensor<1>) -> Tensor<D> {
        self.normal.clone() * by_channel(gamma) + by_channel(beta)
    }

    /// The speed of `gamma n + beta`, for an input of speed `moving`.
    pub(crate) fn speed(&self, moving: Option<Tensor<D>>, gamma: &Dual<1>, beta: &Dual<1>) -> Option<Tensor<D>> {
        let through = moving.map(|moving| {
            let normal_speed = if self.of_batch {
                let centred = moving.clone() - mean_by_channel(moving);
                let root_speed = mean_by_channel(self.normal.clone() * centred.clone());
                (centred - self.normal.clone() * root_speed) / self.root.clone()
            } else {
                moving / self.root.clone()
            };
            normal_speed * by_channel(gamma.value.clone())
        });
        let own = gamma.speed.clone().map(|direction| self.normal.clone() * by_channel(direction));
        let shift = beta.speed.clone().map(|direction| by_channel::<D>(direction).expand(self.normal.dims()));
        plus(plus(through, own), shift)
    }

    /// The slopes of the input and of gamma and beta, from those of the output; all outside the graph.
    pub(crate) fn pull_back(&self, slopes: &Tensor<D>, gamma: Tensor<1>) -> (Tensor<D>, Tensor<1>, Tensor<1>) {
        let (normal, root) = (self.normal.clone().inner(), self.root.clone().inner());
        let channels = normal.dims()[1];
        let count = normal.dims().iter().product::<usize>() as f64 / channels.max(1) as f64;
        let total = |values: Tensor<D>| mean_by_channel(values).mul_scalar(count).reshape([channels]);
        let gamma_slopes = total(slopes.clone() * normal.clone());
        let beta_slopes = total(slopes.clone());
        let inner = slopes.clone() * by_channel(gamma.inner());
        let input = if self.of_batch {
            let along = mean_by_channel(inner.clone() * normal.clone());
            (inner.clone() - mean_by_channel(inner) - normal * along) / root
        } else {
            inner / root
        };
        (input, gamma_slopes, beta_slopes)
    }
}

/// Batch norm over channels with the batch's own statistics, which are handed out for the running ones.
pub fn batch_norm<const D: usize>(input: Dual<D>, gamma: &Dual<1>, beta: &Dual<1>) -> (Dual<D>, BatchStatistics) {
    let (normalised, statistics) = Normalised::by_batch(input.value);
    let value = normalised.scaled(gamma.value.clone(), beta.value.clone());
    (Dual { value, speed: normalised.speed(input.speed, gamma, beta) }, statistics)
}

/// Batch norm over channels with running statistics.
#[must_use]
pub fn batch_norm_running<const D: usize>(
    input: Dual<D>,
    gamma: &Dual<1>,
    beta: &Dual<1>,
    mean: Tensor<1>,
    variance: Tensor<1>,
) -> Dual<D> {
    let normalised = Normalised::by_running(input.value, mean, variance);
    let value = normalised.scaled(gamma.value.clone(), beta.value.clone());
    Dual { value, speed: normalised.speed(input.speed, gamma, beta) }
}
