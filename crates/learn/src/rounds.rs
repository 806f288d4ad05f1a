//! Training curves of methods that fit on their own: a record a round, with the marks that every record carries.

use std::collections::BTreeMap;

use crate::rows::Rows;
use crate::trainer::{EpochRecord, correlation};
use crate::transport::{Pairs, between_groups};

/// The record of a round, with accuracy, correlation and SPDD of the scores on the validation rows. The method fills in its terms.
pub(crate) fn record(validation: &Rows<'_>, scores: &[f64], round: usize, rounds: usize, learning_rate: f64) -> EpochRecord {
    let total: f64 = validation.weights.map_or(validation.len() as f64, |weights| weights.iter().sum());
    let shares: Vec<f64> = (0..validation.len()).map(|row| validation.weights.map_or(1.0, |weights| weights[row]) / total).collect();
    let narrow: Vec<f32> = shares.iter().map(|&share| share as f32).collect();
    let short: Vec<f32> = scores.iter().map(|&score| score as f32).collect();
    let hits = scores.iter().zip(validation.labels).zip(&shares);
    EpochRecord {
        epoch: round,
        epochs: rounds,
        learning_rate,
        training: BTreeMap::new(),
        skipped: BTreeMap::new(),
        contribution_disparity: Vec::new(),
        validation: BTreeMap::new(),
        validation_objective: 0.0,
        validation_accuracy: hits.filter(|((score, label), _)| (**score > 0.5) == (**label >= 0.5)).map(|(_, share)| share).sum(),
        validation_correlation: correlation(scores, validation.labels, &shares),
        validation_spdd: between_groups(&short, validation.groups.codes(), &narrow, Pairs::Largest, 1).map(|found| found.distance),
        best: false,
    }
}
