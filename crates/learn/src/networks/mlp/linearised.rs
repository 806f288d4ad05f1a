//! A perceptron's pass that keeps its layers' values, for derivatives along directions and gradients of any slopes.

use std::ops::Range;

use burn_tensor::{Tensor, TensorData, module};
use rayon::prelude::*;

use super::{Layer, Mlp};
use crate::models::tangents::{Dual, Normalised, activate, activation_slope, linear_speed};
use crate::models::{Adjoints, Bend, Inputs, Linearised, Mode, Observed, Output, Tangent};
use crate::weights::{Bound, Gradients, Slot, WeightDirection, Weights, host};

/// The values of one layer, all in the graph.
#[derive(Debug)]
struct Step {
    layer: Layer,
    input: Tensor<2>,
    normalised: Option<Normalised<2>>,
    /// Derivative of the activation.
    slope: Option<Tensor<2>>,
    /// Dropout.
    mask: Option<Tensor<2>>,
}

/// A pass of a perceptron with the values of its layers.
#[derive(Debug)]
pub(super) struct LinearisedMlp {
    weights: Bound,
    steps: Vec<Step>,
    /// Layers up to the embedding.
    encoder: usize,
}

impl Mlp {
    /// The pass of [`Mlp::forward`], operation by operation, with its values kept.
    pub(super) fn pass_kept(&self, weights: &Bound, inputs: &Inputs, mode: &mut Mode<'_>) -> (Output, LinearisedMlp) {
        let mut observed = Vec::new();
        let mut values = inputs.table.clone();
        let mut embedding = values.clone();
        let mut steps = Vec::new();
        for (place, layer) in self.encoder.iter().chain(&self.head).enumerate() {
            let input = values;
            values = module::linear(input.clone(), weights.matrix(layer.weight), Some(weights.vector(layer.bias)));
            let mut normalised = None;
            if let Some(norm) = &layer.norm {
                let rows = values.dims()[0];
                let kept = if matches!(mode, Mode::Training(_)) && rows > 1 {
                    let (kept, statistics) = Normalised::by_batch(values);
                    let unbiased = statistics.variance.inner().mul_scalar(rows as f64 / (rows - 1) as f64);
                    observed.push(Observed { slot: norm.mean, values: statistics.mean.inner() });
                    observed.push(Observed { slot: norm.variance, values: unbiased });
                    kept
                } else {
                    Normalised::by_running(values, weights.vector(norm.mean), weights.vector(norm.variance))
                };
                values = kept.scaled(weights.vector(norm.gamma), weights.vector(norm.beta));
                normalised = Some(kept);
            }
            let mut slope = None;
            if layer.active {
                values = activate(self.activation, values);
                slope = Some(activation_slope(self.activation, &values));
            }
            let mask = self.mask(layer, values.dims(), &values, mode);
            if let Some(mask) = &mask {
                values = values * mask.clone();
            }
            steps.push(Step { layer: layer.clone(), input, normalised, slope, mask });
            if place + 1 == self.encoder.len() {
                embedding = values.clone();
            }
        }
        let kept = LinearisedMlp { weights: weights.clone(), steps, encoder: self.encoder.len() };
        (Output::new(embedding, values, observed), kept)
    }
}

impl LinearisedMlp {
    /// Speeds of the embedding and of the logits.
    pub(super) fn speeds(&self, tangent: &Tangent) -> (Tensor<2>, Tensor<2>) {
        let direction = tangent.weights.as_ref();
        let dual = |slot| Dual::<1>::of(&self.weights, direction, slot);
        let still = |step: &Step, rows: usize| {
            let width = self.weights.matrix(step.layer.weight).dims()[1];
            Tensor::<2>::from_data(TensorData::new(vec![0.0_f32; rows * width], [rows, width]), &step.input.device())
        };
        let mut speed = tangent.inputs.clone();
        let mut embedding = speed.clone();
        for (place, step) in self.steps.iter().enumerate() {
            let layer = &step.layer;
            speed = linear_speed(&step.input, speed, &Dual::<2>::of(&self.weights, direction, layer.weight), &dual(layer.bias));
            if let (Some(norm), Some(normalised)) = (&layer.norm, &step.normalised) {
                speed = normalised.speed(speed, &dual(norm.gamma), &dual(norm.beta));
            }
            for factor in [&step.slope, &step.mask].into_iter().flatten() {
                speed = speed.map(|speed| speed * factor.clone());
            }
            if place + 1 == self.encoder {
                embedding.clone_from(&speed);
            }
        }
        let rows = self.steps[0].input.dims()[0];
        let last = |steps: &[Step]| match steps.last() {
            Some(step) => still(step, rows),
            None => self.steps[0].input.zeros_like(),
        };
        (embedding.unwrap_or_else(|| last(&self.steps[..self.encoder])), speed.unwrap_or_else(|| last(&self.steps)))
    }
}

impl Linearised for LinearisedMlp {
    fn push_forward(&self, tangent: &Tangent) -> Tensor<2> {
        self.speeds(tangent).1
    }

    fn pull_back(&self, slopes: Tensor<2>, weights: &Weights, wanted: &[bool], spans: &[Range<usize>]) -> (Vec<Gradients>, Adjoints) {
        let mut gradients: Vec<Gradients> = spans.iter().map(|_| weights.zero_gradients()).collect();
        let mut adjoints = Adjoints { before: vec![None; self.steps.len()], after: vec![None; self.steps.len()] };
        let lowest = self.steps.iter().position(|step| step.arrays().any(|slot| wanted[slot])).unwrap_or(self.steps.len());
        let mut slopes = slopes;
        for (place, step) in self.steps.iter().enumerate().skip(lowest).rev() {
            let layer = &step.layer;
            if step.bends() {
                adjoints.after[place] = Some(slopes.clone());
            }
            for factor in [&step.mask, &step.slope].into_iter().flatten() {
                slopes = slopes * factor.clone().inner();
            }
            if let (Some(norm), Some(normalised)) = (&layer.norm, &step.normalised) {
                assert!(spans.len() == 1, "batch norm ties the rows of all spans together");
                let (below, gamma, beta) = normalised.pull_back(&slopes, self.weights.vector(norm.gamma));
                gradients[0].arrays[norm.gamma] = host(gamma);
                gradients[0].arrays[norm.beta] = host(beta);
                slopes = below;
            }
            let input = step.input.clone().inner();
            gradients.par_iter_mut().zip(spans).for_each(|(gradient, span)| {
                let (input, slopes) = (rows(&input, span), rows(&slopes, span));
                gradient.arrays[layer.bias] = host(slopes.clone().sum_dim(0));
                gradient.arrays[layer.weight] = host(input.transpose().matmul(slopes));
            });
            adjoints.before[place] = Some(slopes.clone());
            if place > lowest {
                slopes = slopes.matmul(self.weights.matrix(layer.weight).inner().transpose());
            }
        }
        (gradients, adjoints)
    }

    /// With z = x W + b, x' = d (.) phi(z) (d: dropout), a direction V of W, and the adjoints z* and x'* that the slopes have left:
    ///
    /// ```text
    /// speed of z   zs = x V + vb + xs W          speed of x'  xs' = d (.) phi'(z) (.) zs
    /// sum of slopes x speeds of the logits depends
    ///   on W       as xs^T z*                    on x         as z* V^T        on phi'(z)  as d (.) x'* (.) zs
    /// ```
    ///
    /// These are first-order products: the adjoint of a speed is the adjoint of its value, which pulling back has left. Batch norm ties
    /// rows together and has no such short form here.
    fn bend(&self, directions: &[WeightDirection], spans: &[Range<usize>], adjoints: &Adjoints) -> Option<Bend> {
        if self.steps.iter().any(|step| step.normalised.is_some()) {
            return None;
        }
        let mut found = Bend { speeds: None, by_weights: Vec::new(), by_values: None };
        let mut add = |product: Tensor<2>| {
            let sum = product.sum();
            found.by_values = Some(found.by_values.take().map_or_else(|| sum.clone(), |so_far| so_far + sum.clone()));
        };
        let mut speed: Option<Tensor<2>> = None;
        for (place, step) in self.steps.iter().enumerate() {
            let layer = &step.layer;
            let along: Vec<_> = directions.iter().map(|direction| direction.array::<2>(layer.weight)).collect();
            let shift: Vec<_> = directions.iter().map(|direction| direction.array::<1>(layer.bias)).collect();
            if speed.is_none() && along.iter().all(Option::is_none) && shift.iter().all(Option::is_none) {
                continue;
            }
            let before = adjoints.before[place].as_ref()?;
            let input = step.input.clone().inner();
            let weight = self.weights.matrix(layer.weight).inner();
            if place > 0 && along.iter().any(Option::is_some) {
                let turned = |span: usize, before: Tensor<2>| along[span].clone().map(|along| before.matmul(along.transpose()));
                add(step.input.clone() * Tensor::from_inner(by_span(before, spans, input.dims()[1], turned)));
            }
            let own = by_span(&input, spans, weight.dims()[1], |span, input| {
                let rows = input.dims()[0];
                let through = along[span].clone().map(|along| input.matmul(along));
                match (through, shift[span].clone()) {
                    (Some(speed), Some(shift)) => Some(speed + shift.unsqueeze()),
                    (None, Some(shift)) => Some(shift.unsqueeze::<2>().repeat_dim(0, rows)),
                    (speed, None) => speed,
                }
            });
            let mut here = match speed {
                Some(speed) => {
                    found.by_weights.push((layer.weight, speed.clone().transpose().matmul(before.clone())));
                    own + speed.matmul(weight)
                }
                None => own,
            };
            if let (Some(slope), true) = (&step.slope, step.bends()) {
                let mut factor = adjoints.after[place].clone()? * here.clone();
                if let Some(mask) = &step.mask {
                    factor = factor * mask.clone().inner();
                }
                add(slope.clone() * Tensor::from_inner(factor));
            }
            for factor in [&step.slope, &step.mask].into_iter().flatten() {
                here = here * factor.clone().inner();
            }
            speed = Some(here);
        }
        found.speeds = speed;
        Some(found)
    }
}

fn rows(values: &Tensor<2>, span: &Range<usize>) -> Tensor<2> {
    if span.len() == values.dims()[0] { values.clone() } else { values.clone().narrow(0, span.start, span.len()) }
}

/// What `of` makes of every span's rows, one after the other; zeros for spans of which it makes nothing and for rows in no span. The spans are in order.
fn by_span(
    values: &Tensor<2>,
    spans: &[Range<usize>],
    width: usize,
    of: impl Fn(usize, Tensor<2>) -> Option<Tensor<2>> + Sync,
) -> Tensor<2> {
    let still = |count: usize| Tensor::<2>::from_data(TensorData::new(vec![0.0_f32; count * width], [count, width]), &values.device());
    let count = values.dims()[0];
    let made: Vec<Tensor<2>> =
        spans.par_iter().enumerate().map(|(place, span)| of(place, rows(values, span)).unwrap_or_else(|| still(span.len()))).collect();
    let mut parts = Vec::with_capacity(spans.len() + 1);
    let mut next = 0;
    for (made, span) in made.into_iter().zip(spans) {
        if span.start > next {
            parts.push(still(span.start - next));
        }
        parts.push(made);
        next = span.end;
    }
    if count > next {
        parts.push(still(count - next));
    }
    if parts.len() == 1 { parts.remove(0) } else { Tensor::cat(parts, 0) }
}

impl Step {
    /// The layer's arrays.
    fn arrays(&self) -> impl Iterator<Item = Slot> {
        let norm = self.layer.norm.as_ref().map(|norm| [norm.gamma, norm.beta]);
        [self.layer.weight, self.layer.bias].into_iter().chain(norm.into_iter().flatten())
    }

    /// Whether the activation's slope depends on its values (not those of the piecewise linear ones).
    fn bends(&self) -> bool {
        self.slope.as_ref().is_some_and(Tensor::is_tracked)
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::Purpose;
    use crate::models::{Activation, Architecture, Model};
    use crate::objective::training_device;
    use crate::stream;
    use crate::weights::WeightDirection;

    /// Every kind of layer: hidden, bottleneck, head; batch norm and dropout as asked.
    fn network(activation: Activation, batch_norm: bool, dropout: f64) -> (Mlp, Weights) {
        let architecture = Architecture {
            hidden: vec![7, 5],
            bottleneck: Some(3),
            head: vec![4],
            activation,
            batch_norm,
            dropout,
            ..Architecture::default()
        };
        let rng = &mut stream(5, Purpose::Initialisation, 0);
        let (model, mut weights) = Mlp::with_outputs(&architecture, 4, 2, rng);
        // Scales and shifts that are not 1 and 0.
        for array in weights.arrays.iter_mut().filter(|array| array.name.contains("norm") && array.trained) {
            array.values.iter_mut().for_each(|value| *value += rng.random::<f32>() - 0.5);
        }
        (model, weights)
    }

    fn noise(count: usize, seed: u64) -> Vec<f32> {
        let rng = &mut stream(seed, Purpose::Objective, 0);
        (0..count).map(|_| rng.random::<f32>() * 2.0 - 1.0).collect()
    }

    #[test]
    fn a_kept_pass_is_the_plain_pass_and_its_gradients_are_those_of_the_graph() {
        for activation in [Activation::Relu, Activation::LeakyRelu, Activation::Tanh, Activation::Sigmoid] {
            for (batch_norm, dropout) in [(false, 0.0), (true, 0.0), (false, 0.4), (true, 0.4)] {
                let (model, weights) = network(activation, batch_norm, dropout);
                let device = training_device();
                let bound = weights.bind(&device);
                let inputs: Inputs = Tensor::<2>::from_data(TensorData::new(noise(24 * 4, 1), [24, 4]), &device).into();
                let draws = || stream(2, Purpose::Dropout, 0);
                let plain = model.forward(&bound, &inputs, &mut Mode::Training(&mut draws()));
                let (output, kept) = model.pass_kept(&bound, &inputs, &mut Mode::Training(&mut draws()));
                assert_eq!(output.host_logits(), plain.host_logits());
                assert_eq!(host(output.embedding.inner()), host(plain.embedding.clone().inner()));
                for (ours, theirs) in output.observed.into_iter().zip(plain.observed) {
                    assert_eq!((ours.slot, host(ours.values)), (theirs.slot, host(theirs.values)));
                }

                let slopes = Tensor::<2>::from_data(TensorData::new(noise(24 * 2, 3), [24, 2]), &device);
                let every = vec![true; weights.arrays.len()];
                let found = kept.pull_back(slopes.clone().inner(), &weights, &every, std::slice::from_ref(&(0..24))).0.remove(0);
                let mut tape = (plain.logits * slopes).sum().backward();
                let expected = bound.gradients(&mut tape, &weights);
                let scale = expected.arrays.iter().flatten().fold(0.0_f32, |most, value| most.max(value.abs()));
                for (found, expected) in found.arrays.iter().flatten().zip(expected.arrays.iter().flatten()) {
                    assert!((found - expected).abs() < 1e-5 * scale, "{activation:?} {batch_norm} {dropout}: {found} against {expected}");
                }
            }
        }
    }

    #[test]
    fn speeds_are_differences_along_the_direction() {
        // Smooth activations, so that differences converge; the kinked ones differ from them in the slope alone.
        for activation in [Activation::Tanh, Activation::Sigmoid] {
            for (batch_norm, dropout, training) in [(false, 0.0, true), (true, 0.0, true), (true, 0.4, true), (true, 0.4, false)] {
                let (model, weights) = network(activation, batch_norm, dropout);
                let device = training_device();
                let table = noise(24 * 4, 1);
                let along_inputs = noise(24 * 4, 6);
                let along_weights =
                    Gradients { arrays: weights.zero_gradients().arrays.iter().map(|array| noise(array.len(), 7)).collect() };
                let pass = |step: f32| {
                    let mut moved = weights.clone();
                    for (array, direction) in moved.arrays.iter_mut().zip(&along_weights.arrays) {
                        array.values.iter_mut().zip(direction).for_each(|(value, direction)| *value += step * direction);
                    }
                    let inputs: Vec<f32> = table.iter().zip(&along_inputs).map(|(value, direction)| value + step * direction).collect();
                    let inputs: Inputs = Tensor::<2>::from_data(TensorData::new(inputs, [24, 4]), &device).into();
                    let mut rng = stream(2, Purpose::Dropout, 0);
                    let mode = &mut if training { Mode::Training(&mut rng) } else { Mode::Evaluation };
                    let tangent = Tangent {
                        weights: Some(WeightDirection::new(&along_weights, &weights, &device)),
                        inputs: Some(Tensor::from_data(TensorData::new(along_inputs.clone(), [24, 4]), &device)),
                    };
                    let (output, kept) = model.pass_kept(&moved.bind(&device), &inputs, mode);
                    let (embedding, logits) = kept.speeds(&tangent);
                    (output, [host(embedding.inner()), host(logits.inner())])
                };
                let step = 2e-3;
                let ((ahead, _), (behind, _), (_, speeds)) = (pass(step), pass(-step), pass(0.0));
                let values = |output: &Output| [host(output.embedding.clone().inner()), output.host_logits().to_vec()];
                for ((ahead, behind), speeds) in values(&ahead).into_iter().zip(values(&behind)).zip(speeds) {
                    let scale = speeds.iter().fold(0.0_f32, |most, speed| most.max(speed.abs()));
                    for ((ahead, behind), speed) in ahead.into_iter().zip(behind).zip(speeds) {
                        let difference = (ahead - behind) / (2.0 * step);
                        assert!((difference - speed).abs() < 3e-3 * scale, "{activation:?} {batch_norm}: {speed} against {difference}");
                    }
                }
            }
        }
    }
}
