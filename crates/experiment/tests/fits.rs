//! What a synthesiser learned is kept beside the cells: learned once for all that need it, and not lost to an interrupt.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use evenhand_experiment::grid::{Observer, Options, compare};
use evenhand_experiment::recipe::Recipe;
use evenhand_report::{Report, ReportKind};

/// Epochs of the synthesiser; the scorers have another number, by which they are told apart.
const EPOCHS: usize = 7;

fn recipe() -> Recipe {
    let made = format!("synthesise = {{ method = {{ id = \"ctgan\", epochs = {EPOCHS}, batch_size = 100 }}, rows = 200, compared = 50 }}");
    let text = format!(
        "name = \"fits\"\nseeds = [1]\n[data]\nloader = {{ id = \"synthetic-jobs\", jobs = 12, applicants = 20 }}\n[split]\nkind = \"hold-out\"\ntogether = \"job\"\n[training]\nepochs = 2\n\
         [intervals]\nreplicates = 0\n[shortlist]\ntop = 5\n[[method]]\nname = \"a\"\n{made}\n[[method]]\nname = \"b\"\nrerank = \
         \"pair\"\n{made}\n"
    );
    Recipe::parse(&text, "fits.toml", Path::new("").to_owned()).unwrap()
}

/// Writes down the synthesiser's epochs and may stop at one.
struct Watcher<'a> {
    epochs: Mutex<Vec<usize>>,
    stop_at: Option<usize>,
    interrupted: &'a AtomicBool,
}

impl Observer for Watcher<'_> {
    fn epoch(&self, _: usize, epoch: usize, epochs: usize) {
        if epochs == EPOCHS {
            self.epochs.lock().unwrap().push(epoch);
            if self.stop_at == Some(epoch) {
                self.interrupted.store(true, Ordering::Relaxed);
            }
        }
    }
}

fn run(folder: &Path, jobs: usize, stop_at: Option<usize>) -> (Option<Report>, Vec<usize>) {
    let interrupted = AtomicBool::new(false);
    let watcher = Watcher { epochs: Mutex::default(), stop_at, interrupted: &interrupted };
    let options = Options {
        data_folder: None,
        out: folder,
        jobs: Some(jobs),
        keep_models: false,
        keep_chosen: false,
        fresh: false,
        choose: None,
        kind: ReportKind::Comparison,
        interrupted: &interrupted,
        observer: &watcher,
    };
    let report = compare(&recipe(), options);
    assert_eq!(report.is_err(), stop_at.is_some(), "{:?}", report.err());
    (report.ok(), watcher.epochs.into_inner().unwrap())
}

#[test]
fn cells_that_run_at_a_time_learn_the_rows_once_and_tell_that_other_jobs_are_held_out() {
    let folder = tempfile::tempdir().unwrap();
    let (report, epochs) = run(folder.path(), 2, None);
    assert_eq!(epochs, (1..=EPOCHS).collect::<Vec<_>>());
    for method in report.unwrap().methods {
        assert!(method.runs[0].synthesis.as_ref().unwrap().other_jobs, "{}: the sides of the split are of different jobs", method.name);
    }
}

#[test]
fn an_interrupted_fit_goes_on_and_gives_the_same_report() {
    let [whole, cut, damaged] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let (wanted, _) = run(whole.path(), 1, None);
    let (_, epochs) = run(cut.path(), 2, Some(3));
    assert_eq!(epochs, [1, 2, 3], "whoever waited for the fit stops with it");
    let (found, epochs) = run(cut.path(), 2, None);
    assert_eq!(epochs, [4, 5, 6, 7]);
    assert_eq!(found.unwrap().to_json().unwrap(), wanted.as_ref().unwrap().to_json().unwrap());

    // What was kept and is damaged costs time and nothing else.
    run(damaged.path(), 1, Some(3));
    let cells = std::fs::read_dir(damaged.path().join("cells")).unwrap().map(|entry| entry.unwrap().path());
    let state = cells.filter(|path| path.extension().is_some_and(|ending| ending == "synthesiser")).collect::<Vec<_>>();
    assert_eq!(state.len(), 1);
    std::fs::write(&state[0], b"no state of a fit").unwrap();
    let (found, epochs) = run(damaged.path(), 1, None);
    assert_eq!(epochs, (1..=EPOCHS).collect::<Vec<_>>());
    assert_eq!(found.unwrap().to_json().unwrap(), wanted.unwrap().to_json().unwrap());
    assert!(!state[0].exists());
}
