//! Every objective on recordings; saving and loading; what cannot be is refused.

use evenhand_data::table::TableSettings;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sealed::reseal;
use evenhand_catalog::Parameters;
use evenhand_data::recordings::RecordStore;
use evenhand_data::{LOADERS, LoadRequest};
use evenhand_learn::{
    Activation, Architecture, Candidates, Companions, EpochRecord, InterviewArchitecture, LearnError, OBJECTIVES, Objective, Rows,
    RunHooks, Scorer, Selection, Training, fit,
};
use evenhand_rows::recordings::{Modality, Recordings, Shape};
use evenhand_rows::{Dataset, Matrix, Schema};

fn corpus(rows: &str, seed: u64) -> Dataset {
    corpus_of(rows, "2", seed)
}

fn corpus_of(rows: &str, segments: &str, seed: u64) -> Dataset {
    let parameters = [("rows", rows), ("segments", segments), ("side", "12")];
    let loader = evenhand_catalog::find(LOADERS, "synthetic-interviews").unwrap();
    let given =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), evenhand_catalog::Value::Integer(value.parse().unwrap()))).collect();
    let loader = (loader.build)(&Parameters::resolve(loader.card, &given).unwrap()).unwrap();
    let schema = Schema { targets: vec!["openness".to_owned()], ..Schema::default() };
    loader.load(&LoadRequest { folder: None, files: &[], schema: &schema, settings: &TableSettings::default(), seed }).unwrap()
}

fn rows<'a>(data: &'a Dataset, features: &'a Matrix) -> Rows<'a> {
    Rows {
        features,
        labels: &data.label.as_ref().unwrap().values,
        groups: &data.sensitive[0],
        weights: None,
        recordings: data.recordings.as_ref(),
        targets: &data.targets,
        sensitive: None,
    }
}

fn architecture() -> Architecture {
    let interview = InterviewArchitecture {
        channels: vec![8, 8],
        video_width: 6,
        audio_inner: 6,
        audio_width: 6,
        layers: 1,
        text_width: 6,
        head: vec![8],
        dropout: 0.1,
        ..InterviewArchitecture::default()
    };
    Architecture { interview: Some(interview), ..Architecture::default() }
}

fn objective(id: &str) -> Box<dyn Objective> {
    let entry = evenhand_catalog::find(OBJECTIVES, id).unwrap();
    (entry.build)(&Parameters::resolve(entry.card, &std::collections::BTreeMap::new()).unwrap()).unwrap()
}

fn learn(objective: &str, architecture: &Architecture, training: &Training) -> Result<Scorer, LearnError> {
    learn_beside(objective, architecture, training, [Matrix::without_columns(160), Matrix::without_columns(60)])
}

/// The same with columns beside the recordings of training and validation.
fn learn_beside(id: &str, architecture: &Architecture, training: &Training, columns: [Matrix; 2]) -> Result<Scorer, LearnError> {
    let (train, validation) = (corpus("160", 1), corpus("60", 2));
    let [inputs, others] = columns;
    let interrupted = AtomicBool::new(false);
    let mut run = RunHooks { checkpoint: None, resume: false, on_epoch: &mut |_| {}, interrupted: &interrupted };
    fit(&rows(&train, &inputs), &rows(&validation, &others), architecture, training, objective(id), 3, &mut run)
}

fn training() -> Training {
    Training {
        loss: evenhand_learn::DataLoss::Mse,
        epochs: 2,
        batch_size: 40,
        learning_rate: 5e-3,
        selection: Selection::Last,
        regularised: vec!["interview".to_owned(), "openness".to_owned()],
        ..Training::default()
    }
}

#[test]
fn every_objective_trains_on_recordings_and_comes_back_from_its_folder() {
    let test = corpus("50", 4);
    let features = Matrix::without_columns(50);
    let candidates = Candidates { features: &features, recordings: test.recordings.as_ref() };
    for entry in OBJECTIVES {
        let learned = learn(entry.card.id, &architecture(), &training());
        let table = objective(entry.card.id).needs().also.starts_with("a table");
        assert_eq!(learned.is_err(), table, "{}: the table of needs", entry.card.id);
        if ["boosting", "fairgbm"].contains(&entry.card.id) {
            let refused = learned.unwrap_err().to_string();
            assert!(refused.contains("needs the columns of a table") && refused.contains("objective of networks"), "{refused}");
            continue;
        }
        if objective(entry.card.id).fits_alone() {
            let refused = learned.unwrap_err().to_string();
            assert!(refused.contains(entry.card.id) && refused.contains("these rows have recordings"), "{refused}");
            continue;
        }
        if ["direct-alignment", "fair-mixup", "gcm", "iga"].contains(&entry.card.id) {
            // Frames and sounds pass through kernels whose derivative cannot be differentiated once more.
            let refused = learned.unwrap_err().to_string();
            assert!(refused.contains("directional derivatives") && refused.contains("for recordings"), "{refused}");
            continue;
        }
        if entry.card.id == "fairvic" {
            let refused = learned.unwrap_err().to_string();
            assert!(refused.contains("cannot be re-written in recordings: set lambda_invariance = 0"), "{refused}");
            continue;
        }
        let scorer = learned.unwrap();
        let prediction = scorer.predict(candidates).unwrap();
        assert_eq!((prediction.scores.len(), prediction.targets.len(), prediction.latent_width), (50, 1, 18), "{}", entry.card.id);
        assert!(prediction.scores.iter().chain(&prediction.target_scores(0)).all(|score| (0.0..=1.0).contains(score)));
        assert_eq!(scorer.targets(), ["openness"]);

        let folder = tempfile::tempdir().unwrap();
        scorer.save(&folder.path().join("scorer"), &Companions::default()).unwrap();
        let loaded = Scorer::load(&folder.path().join("scorer")).unwrap();
        assert_eq!(loaded.predict(candidates).unwrap(), prediction, "{}", entry.card.id);
        assert_eq!(loaded.shape(), Some(test.recordings.as_ref().unwrap().shape()));
    }
}

#[test]
fn a_trace_of_contributions_is_refused_on_recordings() {
    let traced = Training { trace: vec![evenhand_learn::Trace::ContributionDisparity], ..training() };
    let refused = learn("vanilla", &architecture(), &traced).unwrap_err().to_string();
    assert!(refused.contains("`training.trace`") && refused.contains("not for recordings"), "{refused}");
}

#[test]
fn a_scorer_learns_from_recordings_and_misses_what_is_taken_away() {
    let training = Training { epochs: 12, ..training() };
    let scorer = learn("vanilla", &architecture(), &training).unwrap();
    let last = scorer.curves().last().unwrap();
    assert!(last.validation_correlation.unwrap() > 0.35, "{last:?}");
    let test = corpus("600", 2);
    let features = Matrix::without_columns(600);
    let recordings = test.recordings.as_ref().unwrap();
    let truth = |recordings: &Recordings| {
        let scores = scorer.predict(Candidates { features: &features, recordings: Some(recordings) }).unwrap().scores;
        correlation(&scores, &test.label.as_ref().unwrap().values)
    };
    let with = truth(recordings);
    for modality in Modality::ALL {
        let without = truth(&recordings.without(modality));
        assert!(without < with - 0.02, "{}: {with} with it, {without} without", modality.name());
    }
}

fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let sum = |of: &dyn Fn(f64, f64) -> f64| x.iter().zip(y).map(|(x, y)| of(x - mean_x, y - mean_y)).sum::<f64>();
    sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
}

/// Interviews whose segments have two frames each, of which now and then the first or both show no face; `spoil` changes one pixel.
fn paired(rows: &str, seed: u64, spoil: bool) -> Dataset {
    let mut data = corpus_of(rows, "4", seed);
    let single = data.recordings.take().unwrap();
    let shape = Shape { segments: 2, per_segment: 2, audio: 2 * single.shape().audio, ..single.shape() };
    let mut buffer = Vec::new();
    let mut records: Vec<_> = (0..data.len()).map(|row| single.read(row, &mut buffer).unwrap().to_recording()).collect();
    for (row, record) in records.iter_mut().enumerate() {
        let (frames, found) = record.video.as_mut().unwrap();
        found[0] = row % 3 != 0;
        found[1] = row % 6 != 0;
        frames[0] ^= u8::from(spoil && row == 0);
    }
    let store = RecordStore::in_memory(shape, &records).unwrap();
    data.recordings = Some(Recordings::new(Arc::new(store), (0..data.len() as u32).collect()));
    data
}

#[test]
fn an_interrupted_run_on_recordings_resumes_bit_for_bit_and_on_no_other_recordings() {
    let (inputs, others) = (Matrix::without_columns(120), Matrix::without_columns(40));
    let validation = paired("40", 2, false);
    let training = Training { epochs: 3, ..training() };
    let run = |train: &Dataset, checkpoint, resume, stop_after: usize| {
        let interrupted = AtomicBool::new(false);
        let mut stop = |record: &EpochRecord| interrupted.store(record.epoch == stop_after, Ordering::Relaxed);
        let mut run = RunHooks { checkpoint, resume, on_epoch: &mut stop, interrupted: &interrupted };
        let objective = objective("wasserstein-adversary");
        fit(&rows(train, &inputs), &rows(&validation, &others), &architecture(), &training, objective, 5, &mut run)
    };
    let bits = |scorer: &Scorer| {
        let prediction = scorer.predict(Candidates { features: &others, recordings: validation.recordings.as_ref() }).unwrap();
        prediction.logits.iter().chain(&prediction.latent).map(|value| value.to_bits()).collect::<Vec<u32>>()
    };
    let train = paired("120", 1, false);
    let whole = run(&train, None, false, 0).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kept = || Some(folder.path().to_owned());
    assert!(matches!(run(&train, kept(), false, 1), Err(LearnError::Interrupted { epoch: 1, .. })));
    // Rows, labels and record numbers are the same in all of these; the recordings are not.
    let deaf = Dataset { recordings: train.recordings.as_ref().map(|recordings| recordings.without(Modality::Audio)), ..train.clone() };
    for other in [paired("120", 1, true), deaf] {
        let refused = run(&other, kept(), true, 0).unwrap_err().to_string();
        assert!(refused.contains("belongs to another run: the rows differ"), "{refused}");
    }
    let resumed = run(&train, kept(), true, 0).unwrap();
    assert_eq!(resumed.curves(), whole.curves());
    assert_eq!(bits(&resumed), bits(&whole));
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_one_thread_and_on_two() {
    let bits = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let scorer = pool.install(|| learn("wasserstein-adversary", &architecture(), &training()).unwrap());
        let test = corpus("50", 4);
        let features = Matrix::without_columns(50);
        let prediction = scorer.predict(Candidates { features: &features, recordings: test.recordings.as_ref() }).unwrap();
        prediction.logits.iter().chain(&prediction.latent).map(|value| value.to_bits()).collect::<Vec<u32>>()
    };
    assert_eq!(bits(1), bits(2));
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut wrong = architecture();
    wrong.interview.as_mut().unwrap().channels = vec![8; 4];
    assert!(learn("vanilla", &wrong, &training()).unwrap_err().to_string().contains("at most 3 blocks"));

    let scorer = learn("vanilla", &architecture(), &training()).unwrap();
    let features = Matrix::without_columns(3);
    let refused = scorer.predict(Candidates { features: &features, recordings: None }).unwrap_err().to_string();
    assert!(refused.starts_with("the scorer cannot read these candidates: it reads recordings and these rows have none"), "{refused}");
    let parameters = [("rows", 3), ("segments", 3), ("side", 12)];
    let loader = evenhand_catalog::find(LOADERS, "synthetic-interviews").unwrap();
    let given = parameters.iter().map(|(name, value)| ((*name).to_owned(), evenhand_catalog::Value::Integer(*value))).collect();
    let loader = (loader.build)(&Parameters::resolve(loader.card, &given).unwrap()).unwrap();
    let other = loader
        .load(&LoadRequest { folder: None, files: &[], schema: &Schema::default(), settings: &TableSettings::default(), seed: 1 })
        .unwrap();
    let refused = scorer.predict(Candidates { features: &features, recordings: other.recordings.as_ref() }).unwrap_err().to_string();
    assert!(refused.contains("2 segments") && refused.contains("have 3"), "{refused}");
    let columns = Matrix::new(2, vec![0.5; 6]);
    let refused = scorer.predict(Candidates { features: &columns, recordings: other.recordings.as_ref() }).unwrap_err().to_string();
    assert!(refused.contains("they have 2 input columns where it reads 0"), "{refused}");

    let folder = tempfile::tempdir().unwrap();
    scorer.save(folder.path(), &Companions::default()).unwrap();
    let manifest = folder.path().join("scorer.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    for (from, to) in [("\"side\": 12", "\"side\": 70000"), ("\"per_segment\": 1", "\"per_segment\": 0")] {
        assert!(text.contains(from), "{text}");
        std::fs::write(&manifest, text.replacen(from, to, 1)).unwrap();
        reseal(folder.path());
        let refused = Scorer::load(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("sizes out of range"), "{refused}");
    }
}

#[test]
fn columns_beside_recordings_are_refused_before_training() {
    let columns = || [Matrix::new(2, vec![0.5; 320]), Matrix::new(2, vec![0.5; 120])];
    let refused = learn_beside("vanilla", &architecture(), &training(), columns()).unwrap_err().to_string();
    assert!(refused.contains("reads recordings only and these rows have 2 encoded columns"), "{refused}");
    assert!(refused.contains("remove `data.features` and `data.sensitive_as_features`"), "{refused}");
}

#[test]
fn settings_of_a_tables_network_are_refused_where_there_are_recordings() {
    let cases = [
        ("`model.hidden` = [32]", Architecture { hidden: vec![32], ..architecture() }),
        ("`model.activation` = Tanh", Architecture { activation: Activation::Tanh, ..architecture() }),
        ("`model.batch_norm` = true", Architecture { batch_norm: true, ..architecture() }),
        ("`model.dropout` = 0.5", Architecture { dropout: 0.5, ..architecture() }),
        ("`model.bottleneck` = 3", Architecture { bottleneck: Some(3), ..architecture() }),
        ("`model.head` = [8]", Architecture { head: vec![8], ..architecture() }),
    ];
    for (expected, given) in cases {
        let refused = learn("vanilla", &given, &training()).unwrap_err().to_string();
        assert!(refused.contains(expected) && refused.contains("[model.interview]"), "{refused}");
    }
}
