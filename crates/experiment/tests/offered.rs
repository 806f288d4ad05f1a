//! Methods that a family brings, methods that fail beside others, and a comparison that was cut off.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use evenhand_experiment::ExperimentError;
use evenhand_experiment::grid::{Observer, Options, compare};
use evenhand_experiment::recipe::Recipe;
use evenhand_report::views::tables;
use evenhand_report::{RemarkKind, Report, ReportKind};

fn recipe(head: &str, methods: &str) -> Recipe {
    let text = format!(
        "name = \"offered\"\nseeds = [0, 1]\n{head}\n[data]\nloader = {{ id = \"synthetic\", rows = 240 }}\nattributes = [\"gender\"]\n[training]\nepochs = 1\n\
         loss = \"mse\"\n[model]\nhidden = [4]\n[intervals]\nreplicates = 0\npermutations = 0\n{methods}"
    );
    Recipe::parse(&text, "offered.toml", PathBuf::new()).unwrap()
}

/// Writes down what began, and stops after so many runs.
#[derive(Default)]
struct Watcher {
    begun: Mutex<Vec<String>>,
    finished: Mutex<usize>,
    seconds: Mutex<Vec<(String, f64)>>,
    stop_after: Option<usize>,
    interrupted: AtomicBool,
}

impl Observer for Watcher {
    fn cell_started(&self, _: usize, label: &str) {
        self.begun.lock().unwrap().push(label.to_owned());
    }

    fn cell_finished(&self, _: usize) {
        let mut finished = self.finished.lock().unwrap();
        *finished += 1;
        self.interrupted.fetch_or(self.stop_after == Some(*finished), Ordering::Relaxed);
    }

    fn method_took(&self, method: &str, seconds: f64) {
        self.seconds.lock().unwrap().push((method.to_owned(), seconds));
    }
}

fn run(recipe: &Recipe, folder: &Path, jobs: usize, watcher: &Watcher) -> Result<Report, ExperimentError> {
    let options = Options {
        data_folder: None,
        out: folder,
        jobs: Some(jobs),
        keep_models: false,
        keep_chosen: false,
        fresh: false,
        choose: None,
        kind: ReportKind::Comparison,
        interrupted: &watcher.interrupted,
        observer: watcher,
    };
    compare(recipe, options)
}

fn names(report: &Report) -> Vec<&str> {
    report.methods.iter().map(|method| method.name.as_str()).collect()
}

#[test]
fn what_does_not_fit_the_rows_is_told_and_costs_nobody_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe("methods = [\"objectives\", \"repairs\"]", "");
    let report = run(&recipe, folder.path(), 2, &Watcher::default()).unwrap();
    assert_eq!(names(&report)[0], "vanilla");
    assert!(names(&report).contains(&"wasserstein") && names(&report).contains(&"quantile-repair"), "{:?}", names(&report));
    // FairVIC re-writes the group in the inputs, and these rows have it in none.
    let fairvic = report.left_out.iter().find(|one| one.method == "fairvic").unwrap();
    assert!(!fairvic.failed && !fairvic.reason.is_empty(), "{fairvic:?}");
    assert!(report.left_out.iter().all(|one| !one.failed && !names(&report).contains(&one.method.as_str())), "{:?}", report.left_out);
    assert_eq!(report.methods.len() + report.left_out.len(), recipe.methods.len(), "each has a row or a reason");
    let told = tables::method_table(&report).footnotes.join("\n");
    assert!(told.contains(&format!("No row: fairvic does not fit these rows: {}", fairvic.reason.trim_end_matches('.'))), "{told}");
    assert!(report.notes.iter().all(|note| note.kind != RemarkKind::MethodFailed));

    // A method that the recipe names is refused with the same reason.
    let named = self::recipe("", "[[method]]\n[[method]]\nobjective = \"fairvic\"");
    let refused = run(&named, folder.path(), 1, &Watcher::default()).unwrap_err().to_string();
    assert!(refused.contains("fairvic, seed 0") && refused.contains(&fairvic.reason), "{refused}");
}

/// A step so long that the loss is no number after it.
const FAILS: &str = "[[method]]\nname = \"far\"\n[method.training]\nlearning_rate = 1e38\nepochs = 40";

#[test]
fn a_method_that_fails_costs_its_own_row_alone() {
    let recipe = recipe("", &format!("[[method]]\n{FAILS}\n[[method]]\nobjective = \"wasserstein\""));
    let reports = [1, 3].map(|jobs| {
        let folder = tempfile::tempdir().unwrap();
        run(&recipe, folder.path(), jobs, &Watcher::default()).unwrap()
    });
    for report in &reports {
        assert_eq!(names(report), ["vanilla", "wasserstein"]);
        assert!(report.methods.iter().all(|method| method.runs.len() == 2));
        assert_eq!((report.left_out.len(), report.left_out[0].method.as_str(), report.left_out[0].failed), (1, "far", true));
        let note = report.notes.iter().find(|note| note.kind == RemarkKind::MethodFailed).unwrap();
        assert!(note.text.starts_with("far failed and has no row: seed 0: "), "{note}");
    }
    assert_eq!(reports[0].to_json().unwrap(), reports[1].to_json().unwrap(), "on any number of threads");
    // Where nothing is left there is no report.
    let folder = tempfile::tempdir().unwrap();
    let refused = run(&self::recipe("", FAILS), folder.path(), 1, &Watcher::default()).unwrap_err().to_string();
    assert!(refused.starts_with("far, seed 0: "), "{refused}");
}

#[test]
fn what_was_cut_off_goes_on_and_trains_nothing_twice() {
    let recipe = recipe("methods = [\"rebalancers\"]", "");
    let [whole, cut] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let watcher = Watcher::default();
    let wanted = run(&recipe, whole.path(), 1, &watcher).unwrap();
    let all = watcher.begun.into_inner().unwrap();
    assert_eq!(all.len(), 2 * recipe.methods.len());

    let first = Watcher { stop_after: Some(3), ..Watcher::default() };
    assert!(matches!(run(&recipe, cut.path(), 1, &first), Err(ExperimentError::Interrupted { finished: 3, .. })));
    let second = Watcher::default();
    let found = run(&recipe, cut.path(), 1, &second).unwrap();
    let begun = [first.begun.into_inner().unwrap(), second.begun.into_inner().unwrap()].concat();
    assert_eq!(begun, all, "every run once, in the same order");
    assert_eq!(found.to_json().unwrap(), wanted.to_json().unwrap());

    // How long each took is told, also of runs that an earlier call finished, and stands in no report.
    let seconds = second.seconds.into_inner().unwrap();
    assert_eq!(seconds.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names(&found));
    assert!(seconds.iter().all(|(_, seconds)| *seconds > 0.0));
    assert!(found.methods.iter().flat_map(|method| &method.runs).all(|run| run.seconds.is_none()));
}
