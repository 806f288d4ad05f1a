//! Reductions of fair classification to weighted classification (Agarwal et al. 2018): what exponentiated gradient and grid search share.

mod linear_program;
mod mixture;
mod parity;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use evenhand_catalog::{Card, Parameters};

use crate::LearnError;
use crate::boosting::Trees;
use crate::learners::{self, Constant, Learner, Logistic, Response};
use crate::rows::Rows;
use crate::scorer::{Fitted, Loader};
use crate::trainer::Task;
use crate::training::DataLoss;

pub(crate) use linear_program::saddle;
pub(crate) use mixture::{Member, Mixture};
pub(crate) use parity::{CONSTRAINT, Cells, DIFFERENCE_BOUND, LABEL_THRESHOLD, Parity, RATIO_BOUND};

/// What reads back the classifiers that these methods leave behind; a network is known by its registry.
pub(crate) const LOADERS: &[Loader] = &[Mixture::LOADER, Logistic::LOADER, Constant::LOADER, Trees::LOADER];

/// An improvement of the Lagrangian below this is none.
pub(crate) const PRECISION: f64 = 1e-8;

/// A classifier: selects where the score is above 0.5.
#[derive(Debug)]
pub(crate) struct Classifier {
    pub(crate) fitted: Box<dyn Fitted>,
    /// Share of the training rows' weight decided wrongly.
    pub(crate) error: f64,
    /// The constraint's gammas on the training rows.
    pub(crate) gammas: Vec<f64>,
    /// Scores of the validation rows.
    pub(crate) validation: Vec<f64>,
}

impl Classifier {
    /// Decisions on the validation rows, as 0 and 1.
    pub(crate) fn validation_decisions(&self) -> impl Iterator<Item = f64> {
        self.validation.iter().map(|&score| f64::from(u8::from(score > 0.5)))
    }
}

/// The side of the game that answers multipliers with a classifier.
#[derive(Debug)]
pub(crate) struct Responder<'a> {
    pub(crate) cells: Cells,
    pub(crate) validation_cells: Cells,
    pub(crate) parity: Parity,
    pub(crate) validation: Rows<'a>,
    train: Rows<'a>,
    learner: Box<dyn Learner + 'a>,
    interrupted: &'a AtomicBool,
    seed: u64,
    /// Rounds that are finished, for the message of an interrupted run.
    pub(crate) finished: usize,
    /// Costs that were answered before.
    answered: HashSet<Vec<i64>>,
    /// The classifiers found, each better than all before it for some multipliers.
    pub(crate) found: Vec<Classifier>,
}

impl<'a> Responder<'a> {
    /// Looks at the task and refuses what these methods cannot do.
    pub(crate) fn new(card: &Card, parameters: &Parameters, bound: f64, task: &mut Task<'a, '_>) -> Result<Self, LearnError> {
        refuse(card, task)?;
        match parameters.text("base") {
            "network" => {}
            base => refuse_loss(card, task, &format!("whose base \"{base}\" minimises the cross-entropy"))?,
        }
        let unsuited = |reason: String| Err(LearnError::Unsuited { objective: card.id.to_owned(), reason });
        let threshold = parameters.number("label_threshold");
        let cells = Cells::new(task.train, threshold);
        if let Some(label) = (0..2).find(|&label| cells.with_label(label) == 0.0) {
            let side = if label == 1 { "below" } else { "at or above" };
            return unsuited(format!("all training labels lie {side} label_threshold = {threshold}; choose one that parts them"));
        }
        let Some(parity) = Parity::new(parameters, bound, &cells) else {
            let constraint = parameters.text("constraint");
            return unsuited(format!(
                "`{constraint}` compares groups, and fewer than two of `{}` have training rows that count in it; \
                 choose another attribute or constraint",
                task.train.groups.name()
            ));
        };
        for label in parity.dropped() {
            let side = if label == 1 { "favourable" } else { "unfavourable" };
            task.notes.push(format!(
                "`{}` holds its constraint among rows of the other label only: fewer than two of `{}` have training rows of {side} label",
                card.id,
                task.train.groups.name()
            ));
        }
        Ok(Responder {
            validation_cells: Cells::among(task.validation, threshold, cells.groups.clone()),
            cells,
            parity,
            validation: *task.validation,
            train: *task.train,
            learner: learners::choose(parameters, task)?,
            interrupted: task.run.interrupted,
            seed: task.seed,
            finished: 0,
            answered: HashSet::new(),
            found: Vec::new(),
        })
    }

    /// The classifier of least cost, in the learner's class. `normalise`: weights are scaled to the number of rows.
    pub(crate) fn fit(&mut self, costs: &[f64], normalise: bool) -> Result<Classifier, LearnError> {
        let interrupted = LearnError::Interrupted { epoch: self.finished, checkpoint: self.learner.checkpoint().map(Into::into) };
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(interrupted);
        }
        let (labels, weights) = relabelled(&self.cells, costs, normalise);
        let (other_labels, other_weights) = relabelled(&self.validation_cells, costs, normalise);
        let train = Rows { labels: &labels, weights: Some(&weights), ..self.train };
        let validation = Rows { labels: &other_labels, weights: Some(&other_weights), ..self.validation };
        let wanted = |label: f64| labels.iter().zip(&weights).any(|(own, weight)| *own == label && *weight > 0.0);
        let response = if wanted(0.0) && wanted(1.0) {
            match self.learner.fit(&train, &validation, self.seed) {
                Err(LearnError::Interrupted { .. }) => return Err(interrupted),
                other => other?,
            }
        } else {
            let score = if wanted(1.0) { 1.0 } else { 0.0 };
            Response { fitted: Box::new(Constant { columns: self.train.features.columns(), score }), scores: vec![score; self.train.len()] }
        };
        let selected = self.cells.sums(|row| response.scores[row] > 0.5);
        Ok(Classifier {
            error: self.cells.error(&selected),
            gammas: self.parity.gammas(&selected, &self.cells),
            validation: response.fitted.predict(self.validation.candidates())?.scores,
            fitted: response.fitted,
        })
    }

    /// Place in `found` of the best classifier for these multipliers; a better one than all so far is fitted and joins them.
    pub(crate) fn best(&mut self, lambda: &[f64]) -> Result<usize, LearnError> {
        let value = |classifier: &Classifier| classifier.error + dot(&classifier.gammas, lambda);
        let costs = self.parity.costs(lambda, &self.cells);
        let best_so_far = |found: &[Classifier]| {
            let values = found.iter().map(value).enumerate();
            values.reduce(|best, other| if other.1 < best.1 { other } else { best })
        };
        let key = self.key(&costs);
        if let Some((place, _)) = best_so_far(&self.found).filter(|_| self.answered.contains(&key)) {
            return Ok(place);
        }
        let fresh = self.fit(&costs, true)?;
        self.answered.insert(key);
        match best_so_far(&self.found) {
            Some((place, least)) if value(&fresh) >= least - PRECISION => Ok(place),
            _ => {
                self.found.push(fresh);
                Ok(self.found.len() - 1)
            }
        }
    }

    /// Costs up to their scale and to rounding: the same key asks for the same fit.
    fn key(&self, costs: &[f64]) -> Vec<i64> {
        let scale = self.scale(costs);
        costs.iter().map(|cost| (cost * scale * 1e11).round() as i64).collect()
    }

    fn scale(&self, costs: &[f64]) -> f64 {
        let sum: f64 = self.cells.weights.iter().zip(costs).map(|(weight, cost)| weight * cost.abs()).sum();
        if sum > 0.0 { self.cells.total / sum } else { 1.0 }
    }
}

/// Labels and weights of the rows under the costs of their cells.
fn relabelled(cells: &Cells, costs: &[f64], normalise: bool) -> (Vec<f64>, Vec<f64>) {
    let sum: f64 = cells.weights.iter().zip(costs).map(|(weight, cost)| weight * cost.abs()).sum();
    let scale = if normalise && sum > 0.0 { cells.total / sum } else { 1.0 };
    let labels = cells.of.iter().map(|&cell| f64::from(u8::from(costs[cell] > 0.0))).collect();
    let weights = cells.of.iter().zip(&cells.rows).map(|(&cell, weight)| weight * costs[cell].abs() * scale).collect();
    (labels, weights)
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// What methods that decide on columns alone refuse.
pub(crate) fn refuse(card: &Card, task: &Task<'_, '_>) -> Result<(), LearnError> {
    let unsuited = |reason: &str| Err(LearnError::Unsuited { objective: card.id.to_owned(), reason: reason.to_owned() });
    if task.train.recordings.is_some() {
        return unsuited("it learns from the columns of a table, and these rows have recordings; take another objective for them");
    }
    if !task.train.targets.is_empty() {
        return unsuited("it makes one decision, and the schema names further targets; remove them from it");
    }
    Ok(())
}

/// Refuses a data loss that the method does not minimise.
pub(crate) fn refuse_loss(card: &Card, task: &Task<'_, '_>, why: &str) -> Result<(), LearnError> {
    if task.training.loss == DataLoss::Bce {
        return Ok(());
    }
    Err(LearnError::BadSetting {
        section: "training",
        key: "loss",
        value: "\"mse\"".to_owned(),
        expected: format!("\"bce\" for `{}`, {why}; set training.loss for this method alone", card.id),
    })
}
