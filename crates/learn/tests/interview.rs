//! Every objective on recordings; saving and loading; what cannot be is refused.

use std::sync::atomic::AtomicBool;

use evenhand_catalog::Parameters;
use evenhand_data::recordings::Modality;
use evenhand_data::{Dataset, LOADERS, LoadRequest, Matrix, Schema};
use evenhand_learn::{
    Architecture, Candidates, Companions, InterviewArchitecture, LearnError, OBJECTIVES, Rows, RunHooks, Scorer, Selection, Training, fit,
};

fn corpus(rows: &str, seed: u64) -> Dataset {
    let parameters = [("rows", rows), ("segments", "2"), ("side", "12")];
    let loader = evenhand_catalog::find(LOADERS, "synthetic-interviews").unwrap();
    let given =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), evenhand_catalog::Value::Integer(value.parse().unwrap()))).collect();
    let loader = (loader.build)(&Parameters::resolve(loader.card, &given).unwrap()).unwrap();
    let schema = Schema { targets: vec!["openness".to_owned()], ..Schema::default() };
    loader.load(&LoadRequest { folder: None, files: &[], schema: &schema, seed }).unwrap()
}

fn rows<'a>(data: &'a Dataset, features: &'a Matrix) -> Rows<'a> {
    Rows {
        features,
        labels: &data.label.as_ref().unwrap().values,
        groups: &data.sensitive[0],
        weights: None,
        recordings: data.recordings.as_ref(),
        targets: &data.targets,
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

fn learn(objective: &str, architecture: &Architecture, training: &Training) -> Result<Scorer, LearnError> {
    let (train, validation) = (corpus("160", 1), corpus("60", 2));
    let (inputs, others) = (Matrix::without_columns(160), Matrix::without_columns(60));
    let entry = evenhand_catalog::find(OBJECTIVES, objective).unwrap();
    let objective = (entry.build)(&Parameters::resolve(entry.card, &std::collections::BTreeMap::new()).unwrap()).unwrap();
    let interrupted = AtomicBool::new(false);
    let mut run = RunHooks { checkpoint: None, resume: false, on_epoch: &mut |_| {}, interrupted: &interrupted };
    fit(&rows(&train, &inputs), &rows(&validation, &others), architecture, training, objective, 3, &mut run)
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
        let scorer = learn(entry.card.id, &architecture(), &training()).unwrap();
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
fn a_scorer_learns_from_recordings_and_misses_what_is_taken_away() {
    let training = Training { epochs: 12, ..training() };
    let scorer = learn("vanilla", &architecture(), &training).unwrap();
    let last = scorer.curves().last().unwrap();
    assert!(last.validation_correlation.unwrap() > 0.35, "{last:?}");
    let test = corpus("60", 2);
    let features = Matrix::without_columns(60);
    let recordings = test.recordings.as_ref().unwrap();
    let with = scorer.predict(Candidates { features: &features, recordings: Some(recordings) }).unwrap();
    for modality in Modality::ALL {
        let without = recordings.without(modality);
        let other = scorer.predict(Candidates { features: &features, recordings: Some(&without) }).unwrap();
        assert!(other.scores != with.scores, "{}", modality.name());
    }
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
    assert!(refused.contains("these rows have none"), "{refused}");
    let parameters = [("rows", 3), ("segments", 3), ("side", 12)];
    let loader = evenhand_catalog::find(LOADERS, "synthetic-interviews").unwrap();
    let given = parameters.iter().map(|(name, value)| ((*name).to_owned(), evenhand_catalog::Value::Integer(*value))).collect();
    let loader = (loader.build)(&Parameters::resolve(loader.card, &given).unwrap()).unwrap();
    let other = loader.load(&LoadRequest { folder: None, files: &[], schema: &Schema::default(), seed: 1 }).unwrap();
    let refused = scorer.predict(Candidates { features: &features, recordings: other.recordings.as_ref() }).unwrap_err().to_string();
    assert!(refused.contains("2 segments") && refused.contains("have 3"), "{refused}");
}
