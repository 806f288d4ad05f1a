//! The training rows of a boosted model, and the trees grown on them so far.

use evenhand_rows::Matrix;
use rand::seq::index;
use rayon::prelude::*;

use super::Settings;
use super::columns::{Store, stores};
use super::growth::{Grown, Slopes, Workspace, grow};
use super::trees::Trees;
use crate::LearnError;
use crate::randomness::{Purpose, stream};

/// Rows that one thread turns into derivatives at a time.
pub(crate) const BLOCK: usize = 4096;

/// Grows tree after tree on the same rows from derivatives that it is handed.
#[derive(Debug)]
pub struct Booster<'a> {
    features: &'a Matrix,
    settings: Settings,
    seed: u64,
    stores: Vec<Store>,
    /// Rows with weight.
    kept: Vec<u32>,
    /// Weights scaled to mean 1 over the kept rows; `None` where all are equal.
    weights: Option<Vec<f32>>,
    scores: Vec<f64>,
    trees: Trees,
    rounds: usize,
    slopes: Vec<Slopes>,
    space: Workspace,
}

impl<'a> Booster<'a> {
    /// Cuts the columns into bins. `weights`, where given, are finite and not negative, with a positive sum; features are finite, or
    /// NaN where a value is missing. `start` is the logit before the first tree.
    pub fn new(features: &'a Matrix, weights: Option<&[f64]>, start: f64, settings: &Settings, seed: u64) -> Result<Self, LearnError> {
        settings.check()?;
        let (rows, columns) = (features.rows(), features.columns());
        let misfit = |reason: String| Err(LearnError::Misfit { part: "training", reason });
        if rows == 0 || columns == 0 {
            return misfit(format!("trees need at least one row and one column, these are {rows} rows of {columns} columns"));
        }
        if rows > u32::MAX as usize {
            return misfit(format!("{rows} rows are more than trees count ({})", u32::MAX));
        }
        if let Some(place) = features.values().iter().position(|value| value.is_infinite()) {
            return Err(LearnError::BadRow {
                part: "training",
                row: place / columns,
                what: format!("feature column {}", place % columns),
                value: f64::from(features.values()[place]),
                remedy: "numbers must be finite, or NaN where missing",
            });
        }
        let (kept, weights) = match weights {
            None => ((0..rows as u32).collect::<Vec<u32>>(), None),
            Some(weights) => {
                if weights.len() != rows {
                    return misfit(format!("{rows} rows of features but {} weights", weights.len()));
                }
                if let Some(row) = weights.iter().position(|weight| !weight.is_finite() || *weight < 0.0) {
                    return Err(LearnError::BadRow {
                        part: "training",
                        row,
                        what: "the weight".to_owned(),
                        value: weights[row],
                        remedy: "weights must be finite and not negative",
                    });
                }
                let kept: Vec<u32> = (0..rows as u32).filter(|&row| weights[row as usize] > 0.0).collect();
                let total: f64 = weights.iter().sum();
                if kept.is_empty() || !total.is_finite() {
                    return misfit("the weights sum to 0 or beyond the numbers".to_owned());
                }
                let mean = total / kept.len() as f64;
                let scaled: Vec<f32> = weights.iter().map(|weight| (weight / mean) as f32).collect();
                (kept, Some(scaled))
            }
        };
        let stores = stores(features, &kept, settings.bins, &mut stream(seed, Purpose::ObjectiveInitialisation, 0));
        Ok(Booster {
            features,
            settings: settings.clone(),
            seed,
            stores,
            kept,
            weights,
            scores: vec![start; rows],
            trees: Trees { columns, start, trees: Vec::new() },
            rounds: 0,
            slopes: vec![[0.0; 2]; rows],
            space: Workspace::default(),
        })
    }

    /// The logits of all training rows (also of those without weight), as the trees stand now.
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// The trees grown so far.
    pub fn trees(&self) -> &Trees {
        &self.trees
    }

    /// Gives the trees away.
    pub fn into_trees(self) -> Trees {
        self.trees
    }

    /// Grows one tree. `slopes` gives the first and second derivative of a row's loss at its logit; the row's weight is multiplied in
    /// here. False when no split gains: no tree is added then.
    pub fn boost(&mut self, slopes: impl Fn(usize, f64) -> (f64, f64) + Sync) -> Result<bool, LearnError> {
        self.rounds += 1;
        let (scores, weights) = (&self.scores, self.weights.as_deref());
        self.slopes.par_chunks_mut(BLOCK).enumerate().for_each(|(block, rows)| {
            for (place, stored) in rows.iter_mut().enumerate() {
                let row = block * BLOCK + place;
                let (gradient, hessian) = slopes(row, scores[row]);
                let weight = weights.map_or(1.0, |weights| weights[row]);
                *stored = [gradient as f32 * weight, hessian as f32 * weight];
            }
        });
        if let Some(&[gradient, hessian]) = self.slopes.iter().find(|slopes| !slopes[0].is_finite() || !slopes[1].is_finite()) {
            let loss = f64::from(if gradient.is_finite() { hessian } else { gradient });
            return Err(self.diverged(loss));
        }

        let mut rng = stream(self.seed, Purpose::Objective, self.rounds);
        let allowed = (self.settings.column_share < 1.0).then(|| {
            let columns = self.trees.columns;
            let count = ((columns as f64 * self.settings.column_share).round() as usize).clamp(1, columns);
            let mut allowed = vec![false; columns];
            index::sample(&mut rng, columns, count).into_iter().for_each(|column| allowed[column] = true);
            allowed
        });
        let mut rows = self.kept.clone();
        let mut left_out = self.kept.len() < self.scores.len();
        if self.settings.row_share < 1.0 {
            let count = ((rows.len() as f64 * self.settings.row_share).round() as usize).clamp(1, rows.len());
            let mut places = index::sample(&mut rng, rows.len(), count).into_vec();
            places.sort_unstable();
            rows = places.into_iter().map(|place| self.kept[place]).collect();
            left_out |= rows.len() < self.kept.len();
        }
        let grown = grow(&self.stores, &self.settings, allowed.as_deref(), &mut rows, &self.slopes, &mut self.space);
        let Some(Grown { tree, leaves }) = grown else { return Ok(false) };
        if let Some(node) = tree.nodes.iter().find(|node| !node.value.is_finite()) {
            return Err(self.diverged(f64::from(node.value)));
        }
        if left_out {
            // Rows the tree was not grown on walk through it.
            let features = self.features;
            self.scores.par_chunks_mut(BLOCK).enumerate().for_each(|(block, scores)| {
                for (place, score) in scores.iter_mut().enumerate() {
                    *score += f64::from(tree.value(features.row(block * BLOCK + place)));
                }
            });
        } else {
            for (value, range) in leaves {
                for &row in &rows[range] {
                    self.scores[row as usize] += f64::from(value);
                }
            }
        }
        self.trees.trees.push(tree);
        Ok(true)
    }

    fn diverged(&self, loss: f64) -> LearnError {
        LearnError::Diverged { epoch: self.rounds, batch: 1, loss, learning_rate: self.settings.learning_rate }
    }
}

/// `1 / (1 + e^-z)`.
pub(crate) fn sigmoid(z: f64) -> f64 {
    let small = (-z.abs()).exp();
    if z >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) }
}

/// First and second derivative of the binary cross-entropy at a logit, for a label in [0, 1].
pub(crate) fn cross_entropy_slopes(label: f64, logit: f64) -> (f64, f64) {
    let score = sigmoid(logit);
    (score - label, score * (1.0 - score))
}

/// The logit of the weighted mean label: the best constant. Labels all 0 or all 1 stop short of infinity.
pub(crate) fn base_logit(labels: &[f64], weights: Option<&[f64]>) -> f64 {
    let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
    let total: f64 = (0..labels.len()).map(weight).sum();
    let mean = labels.iter().enumerate().map(|(row, label)| weight(row) * label).sum::<f64>() / total;
    let mean = mean.clamp(1e-15, 1.0 - 1e-15);
    (mean / (1.0 - mean)).ln()
}

/// Trees that minimise the weighted binary cross-entropy: `settings.trees` of them, or fewer where no split gains any more. The seed
/// matters where rows or columns are drawn.
pub fn fit_cross_entropy(
    features: &Matrix,
    labels: &[f64],
    weights: Option<&[f64]>,
    settings: &Settings,
    seed: u64,
) -> Result<Trees, LearnError> {
    if labels.len() != features.rows() {
        let reason = format!("{} rows of features but {} labels", features.rows(), labels.len());
        return Err(LearnError::Misfit { part: "training", reason });
    }
    if let Some(weights) = weights.filter(|weights| weights.len() != labels.len()) {
        let reason = format!("{} rows of features but {} weights", labels.len(), weights.len());
        return Err(LearnError::Misfit { part: "training", reason });
    }
    if let Some(row) = labels.iter().position(|label| !(0.0..=1.0).contains(label)) {
        let remedy = "labels must lie in [0, 1]";
        return Err(LearnError::BadRow { part: "training", row, what: "the label".to_owned(), value: labels[row], remedy });
    }
    let mut booster = Booster::new(features, weights, base_logit(labels, weights), settings, seed)?;
    for _ in 0..settings.trees {
        let grown = booster.boost(|row, logit| cross_entropy_slopes(labels[row], logit))?;
        // Without a draw the next round would find the same: nothing.
        if !grown && !settings.draws() {
            break;
        }
    }
    Ok(booster.into_trees())
}
