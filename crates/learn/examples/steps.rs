//! Seconds a training step takes, as JSON lines, for `reference/peers.py` to set beside PyTorch's: `steps FOLDER NAME...`, where
//! FOLDER is not read; without names every measurement runs.
//!
//! Timed is the real loop: drawing and gathering the batch, forward and backward pass, optimiser, the loss read every step. A step's
//! time is an epoch's divided by its steps (the epoch's end adds a validation pass over a few rows); printed is the median epoch.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use evenhand_catalog::{Parameters, find};
use evenhand_data::recordings::RecordStore;
use evenhand_learn::{
    Architecture, EpochRecord, InterviewArchitecture, OBJECTIVES, Purpose, Rows, RunHooks, Selection, Training, fit, stream,
};
use evenhand_rows::recordings::Modality;
use evenhand_rows::recordings::{Recording, Recordings, Shape};
use evenhand_rows::{Groups, Matrix};
use rand::{Rng, RngExt};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const STEPS: usize = 20;

struct Corpus {
    features: Matrix,
    labels: Vec<f64>,
    groups: Groups,
}

impl Corpus {
    fn new(rows: usize, inputs: usize, rng: &mut impl Rng) -> Self {
        let features = Matrix::new(inputs, (0..rows * inputs).map(|_| rng.random::<f32>() * 3.4 - 1.7).collect());
        let labels = (0..rows).map(|_| f64::from(u8::from(rng.random::<f32>() < 0.4))).collect();
        let codes = (0..rows).map(|_| u32::from(rng.random::<f32>() < 0.5)).collect();
        Corpus { features, labels, groups: Groups::new("group", vec!["a".to_owned(), "b".to_owned()], codes) }
    }

    fn rows(&self) -> Rows<'_> {
        Rows {
            features: &self.features,
            labels: &self.labels,
            groups: &self.groups,
            weights: None,
            recordings: None,
            targets: &[],
            sensitive: None,
        }
    }
}

fn step_seconds(
    inputs: usize,
    hidden: &[usize],
    batch_size: usize,
    epochs: usize,
    objective: &str,
) -> Result<f64, Box<dyn std::error::Error>> {
    let rng = &mut stream(7, Purpose::Batches, 0);
    let (train, validation) = (Corpus::new(batch_size * STEPS, inputs, rng), Corpus::new(16, inputs, rng));
    let architecture = Architecture { hidden: hidden.to_vec(), ..Architecture::default() };
    let training = Training { batch_size, epochs, selection: Selection::Last, ..Training::default() };
    let entry = find(OBJECTIVES, objective)?;
    let objective = (entry.build)(&Parameters::resolve(entry.card, &BTreeMap::new())?)?;
    let mut times = Vec::new();
    let mut last = Instant::now();
    let mut note = |_: &EpochRecord| {
        times.push(last.elapsed().as_secs_f64() / STEPS as f64);
        last = Instant::now();
    };
    let interrupted = AtomicBool::new(false);
    let mut run = RunHooks { checkpoint: None, resume: false, on_epoch: &mut note, interrupted: &interrupted };
    fit(&train.rows(), &validation.rows(), &architecture, &training, objective, 7, &mut run)?;
    times.remove(0);
    times.sort_unstable_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// The paper's video network on frames of noise: 30 of 112x112 an interview, 8 interviews a step.
fn interview_step_seconds(epochs: usize, steps: usize) -> Result<f64, Box<dyn std::error::Error>> {
    let rng = &mut stream(7, Purpose::Batches, 0);
    let shape = Shape { segments: 30, per_segment: 1, side: 112, audio: 0, text: 0 };
    let batch_size = 8;
    let records: Vec<Recording> = (0..batch_size)
        .map(|_| Recording {
            video: Some(((0..shape.frame_bytes()).map(|_| rng.random::<u8>()).collect(), vec![true; 30])),
            ..Recording::default()
        })
        .collect();
    let store: Arc<dyn evenhand_rows::recordings::RecordSource> = Arc::new(RecordStore::in_memory(shape, &records)?);
    let rows = batch_size * steps;
    let recordings = Recordings::new(Arc::clone(&store), (0..rows).map(|row| (row % batch_size) as u32).collect());
    let few = Recordings::new(store, vec![0]);
    let labels: Vec<f64> = (0..rows).map(|_| f64::from(rng.random::<f32>())).collect();
    let groups = |rows: usize| Groups::new("group", vec!["a".to_owned(), "b".to_owned()], (0..rows).map(|row| (row % 2) as u32).collect());
    let (train_groups, few_groups) = (groups(rows), groups(1));
    let (none, one) = (Matrix::without_columns(rows), Matrix::without_columns(1));
    let train = Rows {
        features: &none,
        labels: &labels,
        groups: &train_groups,
        weights: None,
        recordings: Some(&recordings),
        targets: &[],
        sensitive: None,
    };
    let validation =
        Rows { features: &one, labels: &[0.5], groups: &few_groups, weights: None, recordings: Some(&few), targets: &[], sensitive: None };
    let interview = InterviewArchitecture { modalities: vec![Modality::Video], ..InterviewArchitecture::default() };
    let architecture = Architecture { interview: Some(interview), ..Architecture::default() };
    let training = Training { loss: evenhand_learn::DataLoss::Mse, batch_size, epochs, selection: Selection::Last, ..Training::default() };
    let entry = find(OBJECTIVES, "vanilla")?;
    let objective = (entry.build)(&Parameters::resolve(entry.card, &BTreeMap::new())?)?;
    let mut times = Vec::new();
    let mut last = Instant::now();
    let mut note = |_: &EpochRecord| {
        times.push(last.elapsed().as_secs_f64() / steps as f64);
        last = Instant::now();
    };
    let interrupted = AtomicBool::new(false);
    let mut run = RunHooks { checkpoint: None, resume: false, on_epoch: &mut note, interrupted: &interrupted };
    fit(&train, &validation, &architecture, &training, objective, 7, &mut run)?;
    times.remove(0);
    times.sort_unstable_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    let wanted: Vec<String> = std::env::args().skip(2).collect();
    for (name, inputs, hidden, batch_size, epochs, objective) in [
        ("train_step_100_200_1_b2000", 100, [200].as_slice(), 2000, 60, "vanilla"),
        ("train_step_3x128_b256", 100, &[128, 128, 128], 256, 120, "vanilla"),
        ("train_step_100_200_1_b2000_wasserstein", 100, &[200], 2000, 30, "wasserstein"),
        ("train_step_120_200_200_1_b2000", 120, &[200, 200], 2000, 40, "vanilla"),
        ("train_step_120_200_200_1_b2000_gcm", 120, &[200, 200], 2000, 20, "gcm"),
    ] {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        let seconds = step_seconds(inputs, hidden, batch_size, epochs, objective)?;
        writeln!(out, "{{\"name\":\"{name}\",\"seconds\":{seconds:e}}}")?;
    }
    let name = "train_step_interview_b8";
    if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
        let seconds = interview_step_seconds(6, 4)?;
        writeln!(out, "{{\"name\":\"{name}\",\"seconds\":{seconds:e}}}")?;
    }
    Ok(())
}
