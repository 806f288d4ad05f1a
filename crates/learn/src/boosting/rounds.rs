//! The loop around a [`Booster`] for objectives that fit trees: curves, selection of the tree count, interruption.
//!
//! A round is what an epoch is to a network: `training.selection` says which round's trees are kept, `training.patience` how many
//! rounds may pass without a better one, both judged on the validation rows. The other settings of `[training]` and all of `[model]`
//! concern networks and change nothing here; a loss other than the cross-entropy is refused. An interrupted fit starts over: it takes
//! seconds.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use super::booster::base_logit;
use super::{Booster, Settings, Trees};
use crate::objective::{Ledger, Objective, Validation, data_loss};
use crate::rows::Rows;
use crate::scorer::Fitted;
use crate::trainer::{EpochRecord, Task, accuracy, correlation, judge, merit};
use crate::training::{DataLoss, Selection, Training};
use crate::{LearnError, Prediction};

/// Rounds that stand in the curves, at most (and the kept one).
const RECORDS: usize = 50;

/// First and second derivative of a row's loss at its logit.
pub(crate) type SlopesOf<'a> = Box<dyn Fn(usize, f64) -> (f64, f64) + Sync + 'a>;

/// An objective whose model is a sum of trees.
pub(crate) trait Boosted: Objective {
    /// Whether the last round is kept, whatever the recipe's selection.
    const KEEPS_LAST: bool;

    /// Called once, before the first round; may refuse the rows.
    fn begin(&mut self, train: &Rows<'_>) -> Result<(), LearnError>;

    /// The derivatives of the loss for the logits as they stand.
    fn slopes<'a>(&'a self, train: &'a Rows<'a>, logits: &[f64]) -> SlopesOf<'a>;

    /// Called after a round with the new logits. True when the next round's loss differs from this one's also where no tree was grown.
    fn end_round(&mut self, train: &Rows<'_>, logits: &[f64]) -> bool;

    /// The objective's numbers on the training rows, for the curves.
    fn terms(&self, train: &Rows<'_>, logits: &[f64]) -> BTreeMap<String, f64>;

    /// Terms that take no part because groups are absent.
    fn absent(&self) -> Vec<&'static str>;
}

/// Fits trees under an objective.
pub(crate) fn run<B: Boosted>(objective: &mut B, task: &mut Task<'_, '_>) -> Result<Box<dyn Fitted>, LearnError> {
    refuse(objective, task)?;
    let settings = Settings::from_parameters(objective.parameters());
    let (train, validation) = (task.train, task.validation);
    let training = &Training { epochs: settings.trees, learning_rate: settings.learning_rate, ..task.training.clone() };
    let selection = if B::KEEPS_LAST { Selection::Last } else { training.selection };
    let mut booster = Booster::new(train.features, train.weights, base_logit(train.labels, train.weights), &settings, task.seed)?;
    objective.begin(train)?;
    let mut held_out = vec![booster.trees().start; validation.len()];
    let every = settings.trees.div_ceil(RECORDS);
    let mut best: Option<Best> = None;
    let mut skipped: BTreeMap<String, u64> = BTreeMap::new();

    for round in 1..=settings.trees {
        if task.run.interrupted.load(Ordering::Relaxed) {
            return Err(LearnError::Interrupted { epoch: round - 1, checkpoint: None });
        }
        let slopes = objective.slopes(train, booster.scores());
        let grown = booster.boost(slopes)?;
        if grown {
            let count = booster.trees().trees.len();
            booster.trees().add(count - 1..count, validation.features, &mut held_out);
        }
        let moves = objective.end_round(train, booster.scores());

        let prediction = Trees::prediction(&held_out);
        let merit = match selection {
            Selection::Last => round as f64,
            selection => quick_merit(validation, &prediction, training, selection),
        };
        if best.as_ref().is_none_or(|best| merit > best.merit) {
            best = Some(Best { round, merit, trees: booster.trees().trees.len() });
        }
        let waited = best.as_ref().map_or(0, |best| round - best.round);
        let stalled = !grown && !moves && !settings.draws();
        let ends = round == settings.trees || stalled || (training.patience > 0 && waited >= training.patience);

        objective.absent().into_iter().for_each(|term| *skipped.entry(term.to_owned()).or_default() += 1);
        if round % every == 0 || ends {
            let mut record = judged(validation, &prediction, objective, training, round, settings.learning_rate);
            record.training = objective.terms(train, booster.scores());
            record.training.insert("data".to_owned(), mean_loss(train, &Trees::prediction(booster.scores())));
            record.skipped = std::mem::take(&mut skipped);
            (task.run.on_epoch)(&record);
            task.curves.push(record);
        }
        if ends {
            break;
        }
    }

    let mut trees = booster.into_trees();
    if let Some(best) = best {
        trees.trees.truncate(best.trees);
        mark(objective, task, training, &trees, best.round, &settings);
    }
    Ok(Box::new(trees))
}

/// The round that would be kept if the fit stopped now.
struct Best {
    round: usize,
    merit: f64,
    trees: usize,
}

/// Marks the kept round in the curves, where it may have to be put in between.
fn mark<B: Boosted>(objective: &B, task: &mut Task<'_, '_>, training: &Training, trees: &Trees, round: usize, settings: &Settings) {
    let place = task.curves.partition_point(|record| record.epoch < round);
    if task.curves.get(place).is_none_or(|record| record.epoch != round) {
        let prediction = Trees::prediction(&trees.logits(task.validation.features));
        let mut record = judged(task.validation, &prediction, objective, training, round, settings.learning_rate);
        let fitted = Trees::prediction(&trees.logits(task.train.features));
        record.training = BTreeMap::from([("data".to_owned(), mean_loss(task.train, &fitted))]);
        task.curves.insert(place, record);
    }
    task.curves[place].best = true;
}

fn judged(
    rows: &Rows<'_>,
    prediction: &Prediction,
    objective: &dyn Objective,
    training: &Training,
    round: usize,
    learning_rate: f64,
) -> EpochRecord {
    let outcome = Validation { rows, prediction, training, epoch: round, network: None };
    judge(&outcome, objective, learning_rate, &Ledger::default())
}

fn shares(rows: &Rows<'_>) -> Vec<f64> {
    let total: f64 = rows.weights.map_or(rows.len() as f64, |weights| weights.iter().sum());
    (0..rows.len()).map(|row| rows.weights.map_or(1.0, |weights| weights[row]) / total).collect()
}

/// The weighted mean cross-entropy.
fn mean_loss(rows: &Rows<'_>, prediction: &Prediction) -> f64 {
    let shares: Vec<f32> = shares(rows).into_iter().map(|share| share as f32).collect();
    let labels: Vec<f32> = rows.labels.iter().map(|&label| label as f32).collect();
    data_loss(DataLoss::Bce, &prediction.logits, &labels, &shares).0
}

/// What the selection maximises, without the parts of a record that cost more than a tree.
fn quick_merit(rows: &Rows<'_>, prediction: &Prediction, training: &Training, selection: Selection) -> f64 {
    let mut record = EpochRecord {
        epoch: 0,
        epochs: training.epochs,
        learning_rate: training.learning_rate,
        training: BTreeMap::new(),
        skipped: BTreeMap::new(),
        contribution_disparity: Vec::new(),
        validation: BTreeMap::new(),
        validation_objective: 0.0,
        validation_accuracy: 0.0,
        validation_correlation: None,
        validation_spdd: None,
        best: false,
    };
    match selection {
        Selection::Accuracy => record.validation_accuracy = accuracy(&prediction.scores, rows.labels, &shares(rows)),
        Selection::Correlation => record.validation_correlation = correlation(&prediction.scores, rows.labels, &shares(rows)),
        Selection::Objective | Selection::Loss | Selection::Last => {
            record.validation_objective = mean_loss(rows, prediction);
            record.validation.insert("data".to_owned(), record.validation_objective);
        }
    }
    merit(&record, selection)
}

/// Refuses what trees cannot learn from.
fn refuse(objective: &impl Objective, task: &Task<'_, '_>) -> Result<(), LearnError> {
    let refused = |need: &str, model: &str, remedy: &str| {
        Err(LearnError::Unsupported {
            objective: objective.card().id.to_owned(),
            need: need.to_owned(),
            model: model.to_owned(),
            remedy: remedy.to_owned(),
        })
    };
    if task.train.recordings.is_some() || task.train.features.columns() == 0 {
        return refused("the columns of a table", "a corpus of recordings", "take an objective of networks, or train on a table");
    }
    if !task.train.targets.is_empty() {
        return refused("a single label", "a recipe with further targets", "leave out data.targets, or take an objective of networks");
    }
    if task.training.loss != DataLoss::Bce {
        return Err(LearnError::BadSetting {
            section: "training",
            key: "loss",
            value: "\"mse\"".to_owned(),
            expected: format!(
                "\"bce\" for `{}`, whose trees descend the cross-entropy; set training.loss for this method alone",
                objective.card().id
            ),
        });
    }
    Ok(())
}
