//! The loss around a fitted network, on a plane through its weights.
//!
//! ```text
//! L(a, b) = data loss of the weights  w + a d1 + b d2        a, b on a grid in [-1, 1]
//! d       : independent normal numbers, each column of a weight matrix scaled to the length of the same column of w
//!           (a filter of Li et al.); biases and batch norm's arrays stay
//! ```
//!
//! L is the mean over the rows, all alike, of the label's loss: row weights and further targets do not enter it, so that its middle is
//! the network that was fitted, but not the number that training with weights or further targets minimised.
//!
//! Scaled so, the planes of two networks can be compared: a step of 1 is as long as the weights themselves. Dropout is off, batch norm
//! uses its running statistics. Source: Li et al., "Visualizing the loss landscape of neural nets", 2018.

use rand::distr::Distribution as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;

use crate::LearnError;
use crate::models::Model;
use crate::objective::data_loss;
use crate::rows::Candidates;
use crate::scorer::predict;
use crate::training::DataLoss;
use crate::weights::Weights;

/// A direction in the space of weights with the length of the weights, column by column.
fn direction(weights: &Weights, rng: &mut ChaCha8Rng) -> Vec<Vec<f32>> {
    let of_array = |array: &crate::weights::Array, rng: &mut ChaCha8Rng| {
        if array.shape.len() < 2 || !array.trained {
            return Vec::new();
        }
        let outputs = array.shape[array.shape.len() - 1];
        let mut drawn: Vec<f32> = (0..array.values.len()).map(|_| StandardNormal.sample(rng)).collect();
        for column in 0..outputs {
            let length =
                |values: &[f32]| values.iter().skip(column).step_by(outputs).map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
            let (own, wanted) = (length(&drawn), length(&array.values));
            let scale = if own > 0.0 { (wanted / own) as f32 } else { 0.0 };
            drawn.iter_mut().skip(column).step_by(outputs).for_each(|value| *value *= scale);
        }
        drawn
    };
    weights.arrays.iter().map(|array| of_array(array, rng)).collect()
}

/// The data loss on a grid of `side` x `side` points, row by row: `a` changes from row to row, `b` within one; the middle is the network
/// itself when `side` is odd. All rows count alike.
pub(crate) fn surface(
    model: &dyn Model,
    weights: &Weights,
    candidates: Candidates<'_>,
    labels: &[f64],
    loss: DataLoss,
    side: usize,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<f64>, LearnError> {
    let directions = [direction(weights, rng), direction(weights, rng)];
    let labels: Vec<f32> = labels.iter().map(|&label| label as f32).collect();
    let shares = vec![1.0 / labels.len().max(1) as f32; labels.len()];
    let place = |index: usize| if side > 1 { 2.0 * index as f32 / (side - 1) as f32 - 1.0 } else { 0.0 };
    (0..side * side)
        .into_par_iter()
        .map(|point| {
            let steps = [place(point / side), place(point % side)];
            let mut moved = weights.clone();
            for (direction, step) in directions.iter().zip(steps) {
                for (array, along) in moved.arrays.iter_mut().zip(direction) {
                    array.values.iter_mut().zip(along).for_each(|(value, along)| *value += step * along);
                }
            }
            Ok(data_loss(loss, &predict(model, &moved, candidates)?.logits, &labels, &shares).0)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use evenhand_rows::Matrix;

    use super::*;
    use crate::models::{Architecture, Mlp};
    use crate::randomness::{Purpose, stream};

    #[test]
    fn the_middle_is_the_network_and_directions_are_as_long_as_its_columns() {
        let architecture = Architecture { hidden: vec![3], ..Architecture::default() };
        let (model, weights) = Mlp::new(&architecture, 2, &mut stream(1, Purpose::Initialisation, 0));
        let drawn = direction(&weights, &mut stream(1, Purpose::Objective, 0));
        for (array, along) in weights.arrays.iter().zip(&drawn) {
            if array.shape.len() < 2 {
                assert!(along.is_empty());
                continue;
            }
            let outputs = array.shape[1];
            for column in 0..outputs {
                let length = |values: &[f32]| values.iter().skip(column).step_by(outputs).map(|value| value * value).sum::<f32>().sqrt();
                assert!((length(along) - length(&array.values)).abs() < 1e-5);
            }
        }
        let features = Matrix::new(2, vec![0.5, -1.0, 0.2, 0.9, -0.3, 0.1]);
        let candidates = Candidates { features: &features, recordings: None };
        let labels = [1.0, 0.0, 1.0];
        let found = surface(&model, &weights, candidates, &labels, DataLoss::Bce, 3, &mut stream(1, Purpose::Objective, 0)).unwrap();
        let logits = predict(&model, &weights, candidates).unwrap().logits;
        let (expected, _) = data_loss(DataLoss::Bce, &logits, &[1.0, 0.0, 1.0], &[1.0 / 3.0; 3]);
        assert_eq!(found.len(), 9);
        assert!((found[4] - expected).abs() < 1e-9);
        // One step along the first direction, by hand.
        let mut moved = weights;
        for (array, along) in moved.arrays.iter_mut().zip(&drawn) {
            array.values.iter_mut().zip(along).for_each(|(value, along)| *value += along);
        }
        let logits = predict(&model, &moved, candidates).unwrap().logits;
        let (expected, _) = data_loss(DataLoss::Bce, &logits, &[1.0, 0.0, 1.0], &[1.0 / 3.0; 3]);
        assert!((found[7] - expected).abs() < 1e-6);
    }
}
