//! The weights of a model as plain arrays, and the tensors and gradients of one pass.
//!
//! Weights live on the host as flat `f32` arrays with a name and a shape. For a pass they are bound to tensors that are leaves of
//! the graph; after the backward pass the gradients come back as flat arrays. So optimiser, checkpoint, best-epoch copy, gradient
//! correction and model file are a few loops over slices, whatever rank a weight has and whatever model it belongs to.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use burn_tensor::{Device, Gradients as Tape, Tensor, TensorData};
use rand::{Rng, RngExt};

/// One named array of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Path in the model, for example `hidden.0.weight`.
    pub name: String,
    /// Sizes of its axes; a linear weight is `[inputs, outputs]`.
    pub shape: Vec<usize>,
    /// Values in row-major order.
    pub values: Vec<f32>,
    /// True when the optimiser changes it, false for observed statistics (batch norm's running mean and variance).
    pub trained: bool,
}

/// All arrays of a model, in a fixed order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Weights {
    /// The arrays.
    pub arrays: Vec<Array>,
}

/// The place of an array in its [`Weights`].
pub type Slot = usize;

impl Weights {
    /// Adds an array and returns its place.
    pub fn add(&mut self, name: impl Into<String>, shape: &[usize], values: Vec<f32>, trained: bool) -> Slot {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "an array fills its shape");
        self.arrays.push(Array { name: name.into(), shape: shape.to_vec(), values, trained });
        self.arrays.len() - 1
    }

    /// Adds a trained array with values drawn uniformly from `[-bound, bound]`.
    pub fn add_uniform(&mut self, name: impl Into<String>, shape: &[usize], bound: f32, rng: &mut impl Rng) -> Slot {
        let values = (0..shape.iter().product::<usize>()).map(|_| (rng.random::<f32>() * 2.0 - 1.0) * bound).collect();
        self.add(name, shape, values, true)
    }

    /// Adds a trained array with values drawn from a normal distribution that is cut at two standard deviations, so that what is left
    /// has the given one.
    pub fn add_normal(&mut self, name: impl Into<String>, shape: &[usize], deviation: f64, rng: &mut impl Rng) -> Slot {
        let scale = deviation / DEVIATION_WHEN_CUT;
        let values = (0..shape.iter().product::<usize>()).map(|_| (cut_normal(rng) * scale) as f32).collect();
        self.add(name, shape, values, true)
    }

    /// Number of trained values.
    pub fn trained_count(&self) -> usize {
        self.arrays.iter().filter(|array| array.trained).map(|array| array.values.len()).sum()
    }

    /// The tensors of one pass: trained arrays become leaves whose gradients are kept, when `device` records a graph.
    pub fn bind(&self, device: &Device) -> Bound {
        let tensors = self
            .arrays
            .iter()
            .map(|array| {
                let tensor = Tensor::<1>::from_data(TensorData::new(array.values.clone(), [array.values.len()]), device);
                if array.trained && device.is_autodiff() { tensor.require_grad() } else { tensor }
            })
            .collect();
        Bound { tensors, shapes: self.arrays.iter().map(|array| array.shape.clone()).collect(), cuts: Arc::default() }
    }

    /// All arrays as named values for a checkpoint.
    pub fn state(&self, name: &str) -> Vec<(String, Vec<f32>)> {
        self.arrays.iter().map(|array| (format!("{name}/{}", array.name), array.values.clone())).collect()
    }

    /// Puts back what [`Weights::state`] gave; false when it does not fit.
    pub fn restore(&mut self, name: &str, state: &BTreeMap<String, Vec<f32>>) -> bool {
        let mut fits = true;
        for array in &mut self.arrays {
            match state.get(&format!("{name}/{}", array.name)).filter(|values| values.len() == array.values.len()) {
                Some(values) => array.values.clone_from(values),
                None => fits = false,
            }
        }
        fits
    }

    /// Gradients of zero.
    pub fn zero_gradients(&self) -> Gradients {
        Gradients { arrays: self.arrays.iter().map(|array| vec![0.0; if array.trained { array.values.len() } else { 0 }]).collect() }
    }
}

/// Standard deviation of a standard normal variable that is known to lie within two: `sqrt(1 - 4 phi(2) / (2 Phi(2) - 1))`.
const DEVIATION_WHEN_CUT: f64 = 0.879_625_661_034_24;

/// A standard normal number within two deviations, by the transformation of Box and Muller.
fn cut_normal(rng: &mut impl Rng) -> f64 {
    loop {
        let (radius, angle) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
        let number = (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos();
        if number.abs() <= 2.0 {
            return number;
        }
    }
}

/// The tensors of a model's arrays during one pass.
#[derive(Debug, Clone)]
pub struct Bound {
    tensors: Vec<Tensor<1>>,
    shapes: Vec<Vec<usize>>,
    cuts: Arc<Mutex<Vec<Cut>>>,
}

/// Gradients by slot, as a [`Cut`] gives them.
pub(crate) type SlotGradients = Vec<(Slot, Vec<f32>)>;

/// From a leaf's gradient to gradients of arrays.
type Backward = Box<dyn Fn(&[f32]) -> SlotGradients + Send>;

/// Where a part of the network that the host computes meets the graph: the graph sees its result as a leaf, and the leaf's gradient is
/// carried on by hand. First derivatives only.
pub(crate) struct Cut {
    leaf: Tensor<2>,
    backward: Backward,
}

impl fmt::Debug for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cut").field("leaf", &self.leaf.dims()).finish_non_exhaustive()
    }
}

impl Bound {
    /// Brings a result of the host, `[rows, width]`, into the graph. `backward` turns its gradient into gradients of arrays.
    pub(crate) fn leaf(
        &self,
        values: Vec<f32>,
        shape: [usize; 2],
        backward: impl Fn(&[f32]) -> SlotGradients + Send + 'static,
    ) -> Tensor<2> {
        let device = self.tensors[0].device();
        let leaf = Tensor::<2>::from_data(TensorData::new(values, shape), &device);
        if !device.is_autodiff() {
            return leaf;
        }
        let leaf = leaf.require_grad();
        let mut cuts = self.cuts.lock().unwrap_or_else(PoisonError::into_inner);
        cuts.push(Cut { leaf: leaf.clone(), backward: Box::new(backward) });
        leaf
    }

    /// An array's values on the host.
    pub(crate) fn values(&self, slot: Slot) -> Vec<f32> {
        host(self.tensors[slot].clone().inner())
    }

    /// The arrays from a slot on, as a model whose weights were appended there counts them.
    pub(crate) fn from(&self, slot: Slot) -> Bound {
        Bound { tensors: self.tensors[slot..].to_vec(), shapes: self.shapes[slot..].to_vec(), cuts: Arc::default() }
    }

    /// An array as a vector.
    pub fn vector(&self, slot: Slot) -> Tensor<1> {
        self.tensors[slot].clone()
    }

    /// An array as a matrix of its own shape.
    pub fn matrix(&self, slot: Slot) -> Tensor<2> {
        let shape = &self.shapes[slot];
        self.tensors[slot].clone().reshape([shape[0], shape[1]])
    }

    /// An array in its own shape, of any rank.
    pub fn array<const D: usize>(&self, slot: Slot) -> Tensor<D> {
        let shape: [usize; D] = self.shapes[slot].as_slice().try_into().expect("an array is asked for in its own rank");
        self.tensors[slot].clone().reshape(shape)
    }

    /// The gradients of the trained arrays after a backward pass; zeros where the loss does not depend on an array.
    pub fn gradients(&self, tape: &mut Tape, weights: &Weights) -> Gradients {
        let mut arrays: Vec<Vec<f32>> = self
            .tensors
            .iter()
            .zip(&weights.arrays)
            .map(|(tensor, array)| {
                if !array.trained {
                    return Vec::new();
                }
                tensor.grad_remove(tape).map_or_else(|| vec![0.0; array.values.len()], host)
            })
            .collect();
        for cut in self.cuts.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let Some(gradient) = cut.leaf.grad_remove(tape) else { continue };
            for (slot, values) in (cut.backward)(&host(gradient)) {
                arrays[slot].iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
            }
        }
        Gradients { arrays }
    }
}

/// A direction in the space of weights, constant for the graph: one array each, or none for arrays that stay.
#[derive(Debug, Clone)]
pub struct WeightDirection {
    tensors: Vec<Option<Tensor<1>>>,
    shapes: Vec<Vec<usize>>,
}

impl WeightDirection {
    /// The direction along which the weights move by these arrays; empty ones and arrays of zeros stay.
    pub fn new(along: &Gradients, weights: &Weights, device: &Device) -> Self {
        let tensor = |values: &Vec<f32>| {
            let moves = values.iter().any(|value| *value != 0.0);
            moves.then(|| Tensor::<1>::from_data(TensorData::new(values.clone(), [values.len()]), device))
        };
        WeightDirection {
            tensors: along.arrays.iter().map(tensor).collect(),
            shapes: weights.arrays.iter().map(|array| array.shape.clone()).collect(),
        }
    }

    /// The direction of an array in its own shape; `None` when the array stays.
    pub fn array<const D: usize>(&self, slot: Slot) -> Option<Tensor<D>> {
        let shape: [usize; D] = self.shapes[slot].as_slice().try_into().expect("an array is asked for in its own rank");
        self.tensors[slot].clone().map(|tensor| tensor.reshape(shape))
    }
}

/// The values of a tensor on the host, in row-major order.
pub fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data();
    data.try_into_vec::<f32>().expect("every tensor here holds f32")
}

/// One gradient array per array of the weights, empty where the array is not trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradients {
    /// Flat gradients, aligned with [`Weights::arrays`].
    pub arrays: Vec<Vec<f32>>,
}

impl Gradients {
    /// Adds `factor` times other gradients.
    pub fn add_scaled(&mut self, other: &Gradients, factor: f32) {
        for (mine, others) in self.arrays.iter_mut().zip(&other.arrays) {
            for (value, other) in mine.iter_mut().zip(others) {
                *value += factor * other;
            }
        }
    }

    /// Inner product over all arrays.
    pub fn dot(&self, other: &Gradients) -> f64 {
        let pairs = self.arrays.iter().zip(&other.arrays);
        pairs.flat_map(|(mine, others)| mine.iter().zip(others)).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::randomness::{Purpose, stream};

    #[test]
    fn normal_values_have_the_deviation_asked_for_and_are_cut() {
        let mut weights = Weights::default();
        weights.add_normal("w", &[200, 100], 0.5, &mut stream(1, Purpose::Initialisation, 0));
        let values = &weights.arrays[0].values;
        let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / 20_000.0;
        let deviation = (values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / 20_000.0).sqrt();
        // Standard errors: 0.0035 of the mean, about 0.002 of the deviation.
        assert!(mean.abs() < 0.012 && (deviation - 0.5).abs() < 0.008, "{mean}, {deviation}");
        let most = values.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        assert!(most <= 1.0 / 0.879_625_7 && most > 1.0, "{most}");
    }
}
