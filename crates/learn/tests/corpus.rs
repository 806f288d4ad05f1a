//! Small made-up corpora and shorthands for the tests.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use evenhand_catalog::{Parameters, Value, find};
use evenhand_learn::{Architecture, EpochRecord, LearnError, OBJECTIVES, Objective, Rows, RunHooks, Scorer, Training, fit};
use evenhand_rows::{Groups, Matrix, SensitiveInput};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Rows whose label depends on a quality and, unfairly, on the group; one feature leaks the group.
pub(crate) struct Corpus {
    pub(crate) features: Matrix,
    pub(crate) labels: Vec<f64>,
    pub(crate) groups: Groups,
    pub(crate) weights: Option<Vec<f64>>,
    /// Column 1 as the attribute's input: the values that its groups have there without the noise.
    pub(crate) sensitive: Option<SensitiveInput>,
}

impl Corpus {
    /// `rows` rows in `levels` groups (the first holds half of the rows), 4 features.
    pub(crate) fn new(rows: usize, levels: u32, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (mut values, mut labels, mut codes) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rows {
            let group = if rng.random::<f32>() < 0.5 { 0 } else { rng.random_range(0..levels) };
            let quality = rng.random::<f32>() * 2.0 - 1.0;
            let tilt = if group == 0 { 0.35 } else { -0.35 };
            let noise = rng.random::<f32>() - 0.5;
            values.extend([quality + noise * 0.3, tilt * 2.0 + rng.random::<f32>() - 0.5, rng.random::<f32>() - 0.5, quality * 0.5]);
            labels.push(f64::from(u8::from(quality + tilt + noise * 0.5 > 0.0)));
            codes.push(group);
        }
        let names = (0..levels).map(|level| format!("group {level}")).collect();
        let typical = (0..levels).map(|level| Some(vec![if level == 0 { 0.7 } else { -0.7 }])).collect();
        let sensitive = Some(SensitiveInput::new("group", vec![1], typical));
        Corpus { features: Matrix::new(4, values), labels, groups: Groups::new("group", names, codes), weights: None, sensitive }
    }

    /// The same rows with noise over the features that tell of the quality.
    pub(crate) fn blurred(mut self, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let values: Vec<f32> = (self.features.values().iter().enumerate())
            .map(|(place, value)| value + if matches!(place % 4, 0 | 3) { rng.random::<f32>() * 3.0 - 1.5 } else { 0.0 })
            .collect();
        self.features = Matrix::new(4, values);
        self
    }

    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows {
            features: &self.features,
            labels: &self.labels,
            groups: &self.groups,
            weights: self.weights.as_deref(),
            recordings: None,
            targets: &[],
            sensitive: self.sensitive.as_ref(),
        }
    }
}

/// Builds an objective from its id and some parameters.
pub(crate) fn objective(id: &str, given: &[(&str, Value)]) -> Box<dyn Objective> {
    let entry = find(OBJECTIVES, id).unwrap();
    let given: BTreeMap<String, Value> = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    (entry.build)(&Parameters::resolve(entry.card, &given).unwrap()).unwrap()
}

/// A small network.
pub(crate) fn small() -> Architecture {
    Architecture { hidden: vec![8, 6], ..Architecture::default() }
}

/// Few epochs of small batches.
pub(crate) fn short() -> Training {
    Training { epochs: 4, batch_size: 64, learning_rate: 0.01, patience: 0, ..Training::default() }
}

/// Fits without checkpoint or interruption.
pub(crate) fn fit_plainly(
    train: &Corpus,
    validation: &Corpus,
    architecture: &Architecture,
    training: &Training,
    objective: Box<dyn Objective>,
    seed: u64,
) -> Result<Scorer, LearnError> {
    let mut quiet = |_: &EpochRecord| {};
    let interrupted = AtomicBool::new(false);
    let mut run = RunHooks { checkpoint: None, resume: false, on_epoch: &mut quiet, interrupted: &interrupted };
    fit(&train.rows(), &validation.rows(), architecture, training, objective, seed, &mut run)
}

/// Area under the receiver operating characteristic: the share of pairs of a favourable and an unfavourable row that the scores order
/// rightly, ties half.
pub(crate) fn auc(scores: &[f64], labels: &[f64]) -> f64 {
    let (mut right, mut pairs) = (0.0, 0.0);
    for (score, _) in scores.iter().zip(labels).filter(|(_, label)| **label > 0.5) {
        for (other, _) in scores.iter().zip(labels).filter(|(_, label)| **label < 0.5) {
            right += if score > other { 1.0 } else { f64::from(u8::from(score == other)) / 2.0 };
            pairs += 1.0;
        }
    }
    right / pairs
}
