//! A kept model scores rows in memory as it scored them in its run.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use evenhand_data::{LOADERS, LoadRequest};
use evenhand_experiment::grid::{Options, Silent, compare};
use evenhand_experiment::model::Model;
use evenhand_experiment::recipe::Recipe;
use evenhand_report::ReportKind;
use evenhand_rows::Dataset;

fn recipe(methods: &str) -> Recipe {
    let text = format!(
        "name = \"models\"\n[data]\nloader = {{ id = \"synthetic\", rows = 300 }}\n[training]\nepochs = 2\n[model]\nhidden = [4]\n\
         [intervals]\nreplicates = 0\n{methods}"
    );
    Recipe::parse(&text, "models.toml", PathBuf::new()).unwrap()
}

fn keep(recipe: &Recipe, folder: &Path) {
    let options = Options {
        data_folder: None,
        out: folder,
        jobs: Some(1),
        keep_models: true,
        keep_chosen: false,
        fresh: false,
        choose: None,
        kind: ReportKind::Run,
        interrupted: &AtomicBool::new(false),
        observer: &Silent,
    };
    compare(recipe, options).unwrap();
}

fn rows(recipe: &Recipe) -> Dataset {
    let loader = recipe.data.loader.build(LOADERS).unwrap();
    loader
        .load(&LoadRequest {
            folder: None,
            files: &[],
            schema: &recipe.schema(),
            settings: &evenhand_data::table::TableSettings::default(),
            seed: 7,
        })
        .unwrap()
}

#[test]
fn rows_in_memory_are_scored_one_by_one_as_all_at_once_and_without_labels() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe("[[method]]");
    keep(&recipe, folder.path());
    let model = Model::open(folder.path()).unwrap();
    assert!(!model.reads_recordings() && model.repaired_by().is_none());
    let mut data = rows(&recipe);
    let scores = model.score(&data).unwrap().scores;
    assert_eq!(scores.len(), 300);
    assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)));
    data.label = None;
    data.sensitive.clear();
    for row in [0, 17, 299] {
        let alone = model.score(&data.select(&[row])).unwrap().scores;
        assert!((alone[0] - scores[row]).abs() < 1e-6, "row {row}: {alone:?}, not {}", scores[row]);
    }
}

#[test]
fn a_repaired_model_needs_the_group_of_every_candidate() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe("[[method]]\nrepair = \"quantile-repair\"\n");
    keep(&recipe, folder.path());
    let model = Model::open(folder.path()).unwrap();
    let mut data = rows(&recipe);
    let attribute = model.repaired_by().unwrap().to_owned();
    assert_eq!(data.sensitive[0].name(), attribute);
    assert_eq!(model.score(&data).unwrap().scores.len(), 300);
    data.sensitive.clear();
    let refused = model.score(&data).unwrap_err().to_string();
    assert!(refused.contains(&attribute) && refused.contains("group"), "{refused}");
}

#[test]
fn of_several_models_one_must_be_named() {
    let folder = tempfile::tempdir().unwrap();
    keep(&recipe("[[method]]\nname = \"a\"\n[[method]]\nname = \"b\"\nobjective = \"l2\"\n"), folder.path());
    let refused = Model::open(folder.path()).unwrap_err().to_string();
    assert!(refused.contains("holds several models"), "{refused}");
    Model::open(&folder.path().join("models").join("a__seed_0")).unwrap();
}
