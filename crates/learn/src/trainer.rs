//! The training loop: one function, read top to bottom.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::LearnError;
use crate::checkpoint::{Checkpoint, Fingerprint};
use crate::disparity::{ContributionDisparity, Tracer};
use crate::models::{self, Architecture};
use crate::networks;
use crate::objective::{EpochEnd, Ledger, Objective, Pass, Setting, Validation, data_loss, training_device};
use crate::optimizer::Adam;
use crate::randomness::{Purpose, stream};
use crate::recorded::Recorded;
use crate::rows::{Batch, Rows};
use crate::scorer::{Scorer, TrainedNetwork, predict};
use crate::training::{Selection, Trace, Training};
use crate::transport::{Pairs, between_groups};

/// What a run is told from outside and tells outside.
pub struct RunHooks<'a> {
    /// Folder that keeps the state after every epoch; `None` keeps none.
    pub checkpoint: Option<PathBuf>,
    /// Continue from the checkpoint when there is one.
    pub resume: bool,
    /// Called after every epoch (a progress bar).
    pub on_epoch: &'a mut dyn FnMut(&EpochRecord),
    /// When it becomes true the run ends after the batch at hand with [`LearnError::Interrupted`].
    pub interrupted: &'a AtomicBool,
}

impl std::fmt::Debug for RunHooks<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RunHooks").field("checkpoint", &self.checkpoint).field("resume", &self.resume).finish_non_exhaustive()
    }
}

/// One epoch's line of the training curves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Epoch, from 1.
    pub epoch: usize,
    /// Epochs at most.
    pub epochs: usize,
    /// Learning rate of the scorer.
    pub learning_rate: f64,
    /// Mean over the batches of every reported term; `data` is the data loss.
    pub training: BTreeMap<String, f64>,
    /// Batches on which a term could not be computed (a group was absent).
    pub skipped: BTreeMap<String, u64>,
    /// The same terms on the validation rows.
    pub validation: BTreeMap<String, f64>,
    /// Data loss, with the factor that the objective gives it, plus terms on the validation rows.
    pub validation_objective: f64,
    /// Accuracy at threshold 0.5 on the validation rows (labels cut at 0.5).
    pub validation_accuracy: f64,
    /// Pearson correlation of validation scores and labels; `None` when one of them is constant.
    pub validation_correlation: Option<f64>,
    /// Largest W1 distance between two groups' validation scores (SPDD); `None` when fewer than two groups have rows.
    pub validation_spdd: Option<f64>,
    /// True when these weights are the best so far.
    pub best: bool,
    /// How unequally the groups pull at the weights, where `training.trace` asks for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contribution_disparity: Vec<ContributionDisparity>,
}

/// Everything a fit was asked to do, for objectives that fit on their own.
#[derive(Debug)]
pub struct Task<'a, 'h> {
    /// Training rows.
    pub train: &'a Rows<'a>,
    /// Validation rows.
    pub validation: &'a Rows<'a>,
    /// The recipe's `[architecture]`.
    pub architecture: &'a Architecture,
    /// The recipe's `[training]`.
    pub training: &'a Training,
    /// Seed of the run.
    pub seed: u64,
    /// Ties to the outside.
    pub run: &'a mut RunHooks<'h>,
    /// Curves to keep with the scorer; a method that fits on its own may push records.
    pub curves: Vec<EpochRecord>,
    /// Remarks for the report, as whole clauses.
    pub notes: Vec<String>,
}

/// Fits a scorer under an objective.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::sync::atomic::AtomicBool;
/// use evenhand_catalog::{Parameters, find};
/// use evenhand_learn::{Architecture, Companions, OBJECTIVES, Rows, RunHooks, Scorer, Training, fit};
/// use evenhand_rows::{Groups, Matrix};
///
/// // One column that decides the label; the groups take turns.
/// let features = Matrix::new(1, (0..40).map(|row| row as f32 / 40.0).collect());
/// let labels: Vec<f64> = (0..40).map(|row| if row < 20 { 0.0 } else { 1.0 }).collect();
/// let groups = Groups::new("group", vec!["a".into(), "b".into()], (0..40).map(|row| row % 2).collect());
/// let rows = Rows { features: &features, labels: &labels, groups: &groups, weights: None, recordings: None, targets: &[], sensitive: None };
///
/// let entry = find(OBJECTIVES, "wasserstein")?;
/// let objective = (entry.build)(&Parameters::resolve(entry.card, &BTreeMap::new())?)?;
/// let (architecture, training) = (Architecture { hidden: vec![4], ..Architecture::default() }, Training { epochs: 2, ..Training::default() });
/// let mut run = RunHooks { checkpoint: None, resume: false, on_epoch: &mut |_| {}, interrupted: &AtomicBool::new(false) };
/// let scorer = fit(&rows, &rows, &architecture, &training, objective, 1, &mut run)?;
///
/// let folder = tempfile::tempdir()?;
/// scorer.save(&folder.path().join("model"), &Companions::default())?;
/// let opened = Scorer::load(&folder.path().join("model"))?;
/// assert_eq!(opened.predict(&features)?, scorer.predict(&features)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The same rows, settings and seed give the same bytes, on one thread or several, in one go or resumed.
pub fn fit(
    train: &Rows<'_>,
    validation: &Rows<'_>,
    architecture: &Architecture,
    training: &Training,
    mut objective: Box<dyn Objective>,
    seed: u64,
    run: &mut RunHooks<'_>,
) -> Result<Scorer, LearnError> {
    architecture.check()?;
    training.check()?;
    train.check("training")?;
    validation.check("validation")?;
    if train.features.columns() != validation.features.columns() {
        let reason = format!("training has {} columns, validation {}", train.features.columns(), validation.features.columns());
        return Err(LearnError::Misfit { part: "validation", reason });
    }

    let traced = training.trace.contains(&Trace::ContributionDisparity);
    if traced && train.recordings.is_some() {
        return Err(LearnError::BadSetting {
            section: "training",
            key: "trace",
            value: "[\"contribution-disparity\"]".to_owned(),
            expected: "left out: gradients are traced for tables, not for recordings".to_owned(),
        });
    }

    // Methods that fit on their own follow no gradients of batches: they leave no trace, which is no reason to end a comparison.
    let mut task = Task { train, validation, architecture, training, seed, run, curves: Vec::new(), notes: Vec::new() };
    if let Some(fitted) = objective.fit_alone(&mut task) {
        let (curves, notes) = (std::mem::take(&mut task.curves), std::mem::take(&mut task.notes));
        let mut scorer = Scorer::new(fitted?, objective.as_ref(), architecture, training, seed, curves);
        scorer.tell(notes);
        return Ok(scorer);
    }
    let run = task.run;

    // Model, optimiser and objective before the first epoch, all from the seed.
    let device = training_device();
    let (model, mut weights) = networks::build(architecture, train, &mut stream(seed, Purpose::Initialisation, 0))?;
    model.accepts(validation.candidates())?;
    let mut optimizer = Adam::new(training.optimizer, training.weight_decay, &weights);
    let setting = Setting { train, model: model.as_ref(), training, seed };
    objective.prepare(&setting, &weights, &mut stream(seed, Purpose::ObjectiveInitialisation, 0))?;
    let mut factors = vec![1.0_f32; train.len()];
    let tracer = traced.then(|| Tracer::new(train, training.trace_rows, seed));
    let mut curves: Vec<EpochRecord> = Vec::new();
    let mut best: Option<Best> = None;

    // A checkpoint puts all of that back to where an earlier run stood after an epoch.
    let fingerprint = Fingerprint::new(train, validation, architecture, training, objective.as_ref(), seed);
    if run.resume
        && let Some(kept) = run.checkpoint.as_deref().map(|folder| Checkpoint::load(folder, &fingerprint)).transpose()?.flatten()
    {
        kept.restore(&mut weights, &mut optimizer, objective.as_mut(), &mut factors, &mut curves, &mut best)?;
    }

    while curves.len() < training.epochs && !out_of_patience(&curves, best.as_ref(), training) {
        let epoch = curves.len() + 1;
        let learning_rate = training.rate(training.learning_rate, epoch);
        let row_weights = row_weights(train, &factors);
        let mut ledger = Ledger::default();
        let mut dropout = stream(seed, Purpose::Dropout, epoch);
        let mut rng = stream(seed, Purpose::Objective, epoch);
        let mut frames = stream(seed, Purpose::Frames, epoch);

        let draws = objective.plan().draw(train, training.batch_size, &mut stream(seed, Purpose::Batches, epoch));
        for (number, draw) in draws.into_iter().enumerate() {
            if run.interrupted.load(Ordering::Relaxed) {
                return Err(LearnError::Interrupted { epoch: epoch - 1, checkpoint: run.checkpoint.clone() });
            }
            let mut batch = Batch::gather(train, draw, &row_weights);
            objective.amend(&mut batch, &setting, &mut rng)?;
            let recorded = train
                .recordings
                .map(|recordings| Recorded::gather(recordings, &batch.rows, model.modalities(), Some(&mut frames)))
                .transpose()?;
            let inputs = models::inputs(std::mem::take(&mut batch.inputs), batch.len(), recorded, &device);
            let mut pass = Pass {
                setting,
                batch: &batch,
                epoch,
                learning_rate,
                bound: weights.bind(&device),
                weights: &mut weights,
                rng: &mut rng,
                dropout: &mut dropout,
                ledger: &mut ledger,
                inputs,
            };

            let mut output = objective.forward(&mut pass)?;
            let observed = std::mem::take(&mut output.observed);
            let loss = objective.loss(&mut pass, &output)?;
            if !loss.value.is_finite() {
                return Err(LearnError::Diverged { epoch, batch: number + 1, loss: loss.value, learning_rate });
            }
            if let Some(mut tape) = pass.backward(&loss) {
                // The forward graph goes before the step, so that nothing holds on to its tensors.
                drop((loss, output));
                let mut gradients = pass.gradients(&mut tape);
                objective.correct(&mut pass, &mut tape, &mut gradients)?;
                optimizer.step(pass.weights, &gradients, learning_rate);
            }
            pass.weights.absorb(observed);
            objective.after_step(&mut pass)?;
        }

        let prediction = predict(model.as_ref(), &weights, validation.candidates())?;
        let judged = Validation { rows: validation, prediction: &prediction, training, epoch, network: Some((model.as_ref(), &weights)) };
        let mut record = judge(&judged, objective.as_ref(), learning_rate, &ledger);
        let merit = merit(&record, training.selection);
        if best.as_ref().is_none_or(|best| merit > best.merit) {
            record.best = true;
            best = Some(Best { epoch, merit, weights: weights.clone() });
        }
        if let Some(tracer) = &tracer {
            record.contribution_disparity = tracer.look(model.as_ref(), &weights, train, &row_weights, objective.plan(), training.loss);
        }
        objective.end_epoch(&EpochEnd { setting: &setting, weights: &weights, epoch }, &mut factors)?;
        curves.push(record);
        if let Some(folder) = run.checkpoint.as_deref() {
            Checkpoint::capture(&fingerprint, &weights, &optimizer, objective.as_ref(), &factors, &curves, best.as_ref()).save(folder)?;
        }
        if let Some(record) = curves.last() {
            (run.on_epoch)(record);
        }
    }

    if let Some(best) = best {
        weights = best.weights;
    }
    let network = TrainedNetwork::new(model, weights);
    let mut scorer = Scorer::new(Box::new(network), objective.as_ref(), architecture, training, seed, curves);
    scorer.name_targets(train.targets);
    Ok(scorer)
}

/// The weights that would be kept if training stopped now.
#[derive(Debug, Clone)]
pub(crate) struct Best {
    pub(crate) epoch: usize,
    pub(crate) merit: f64,
    pub(crate) weights: crate::weights::Weights,
}

fn out_of_patience(curves: &[EpochRecord], best: Option<&Best>, training: &Training) -> bool {
    let waited = best.map_or(0, |best| curves.len() - best.epoch);
    training.selection != Selection::Last && training.patience > 0 && waited >= training.patience
}

/// What the selection maximises. With `last` every epoch beats the one before.
pub(crate) fn merit(record: &EpochRecord, selection: Selection) -> f64 {
    match selection {
        Selection::Objective => -record.validation_objective,
        Selection::Loss => -record.validation.get("data").copied().unwrap_or(f64::INFINITY),
        Selection::Accuracy => record.validation_accuracy,
        Selection::Correlation => record.validation_correlation.unwrap_or(-1.0),
        Selection::Last => record.epoch as f64,
    }
}

/// Sample weights times the objective's factors, scaled to mean 1 so that `f32` keeps its digits.
fn row_weights(train: &Rows<'_>, factors: &[f32]) -> Vec<f32> {
    match train.weights {
        None => factors.to_vec(),
        Some(weights) => {
            let mean = weights.iter().sum::<f64>() / weights.len() as f64;
            weights.iter().zip(factors).map(|(weight, factor)| (weight / mean) as f32 * factor).collect()
        }
    }
}

/// The epoch's record: what the batches reported, and the model judged on the validation rows.
pub(crate) fn judge(judged: &Validation<'_>, objective: &dyn Objective, learning_rate: f64, ledger: &Ledger) -> EpochRecord {
    let Validation { rows, prediction, training, epoch, .. } = *judged;
    let total: f64 = rows.weights.map_or(rows.len() as f64, |weights| weights.iter().sum());
    let shares: Vec<f64> = (0..rows.len()).map(|row| rows.weights.map_or(1.0, |weights| weights[row]) / total).collect();
    let narrow: Vec<f32> = shares.iter().map(|&share| share as f32).collect();
    let labels: Vec<f32> = rows.labels.iter().map(|&label| label as f32).collect();
    let (mut data, _) = data_loss(training.loss, &prediction.logits, &labels, &narrow);
    if !rows.targets.is_empty() {
        for (target, logits) in rows.targets.iter().zip(&prediction.targets) {
            let labels: Vec<f32> = target.values.iter().map(|&label| label as f32).collect();
            data += data_loss(training.loss, logits, &labels, &narrow).0;
        }
        data /= (1 + rows.targets.len()) as f64;
    }
    let mut validation = BTreeMap::from([("data".to_owned(), data)]);
    for (name, value) in objective.validation_terms(judged) {
        validation.insert(name.to_owned(), value);
    }
    let weight = objective.data_weight();
    let scores: Vec<f32> = prediction.scores.iter().map(|&score| score as f32).collect();
    EpochRecord {
        epoch,
        epochs: training.epochs,
        learning_rate,
        training: ledger.terms.iter().map(|(name, (sum, count))| ((*name).to_owned(), sum / (*count).max(1) as f64)).collect(),
        skipped: ledger.skipped.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
        validation_objective: validation.iter().map(|(name, value)| if name == "data" { weight * value } else { *value }).sum(),
        validation,
        validation_accuracy: accuracy(&prediction.scores, rows.labels, &shares),
        validation_correlation: correlation(&prediction.scores, rows.labels, &shares),
        validation_spdd: between_groups(&scores, rows.groups.codes(), &narrow, Pairs::Largest, 1).map(|found| found.distance),
        best: false,
        contribution_disparity: Vec::new(),
    }
}

/// Weighted accuracy at threshold 0.5.
pub(crate) fn accuracy(scores: &[f64], labels: &[f64], shares: &[f64]) -> f64 {
    let rows = scores.iter().zip(labels).zip(shares);
    rows.filter(|((score, label), _)| (**score > 0.5) == (**label >= 0.5)).map(|(_, share)| share).sum()
}

/// Weighted Pearson correlation; `None` when one side is constant.
pub(crate) fn correlation(x: &[f64], y: &[f64], shares: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().zip(shares).map(|(value, share)| value * share).sum::<f64>();
    let (mean_x, mean_y) = (mean(x), mean(y));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for ((x, y), share) in x.iter().zip(y).zip(shares) {
        xx += share * (x - mean_x).powi(2);
        yy += share * (y - mean_y).powi(2);
        xy += share * (x - mean_x) * (y - mean_y);
    }
    (xx > 0.0 && yy > 0.0).then(|| xy / (xx * yy).sqrt())
}
