//! Disks that are full before the end: an error, nothing torn, and the whole result once there is space.

use std::path::Path;
use std::process::Command;

use rand::RngExt;
use tempfile::TempDir;

use super::child::{PATIENCE, run};
use super::shim::{Failure, library, run_with};
use super::works::{Size, Work, all, differences};
use super::{Settings, Tree, chance, in_parallel, print_table, skipped, tree};

/// A file system of a few pages in memory, mounted on a folder of its own.
struct Disk {
    folder: TempDir,
}

impl Disk {
    /// `None` where this user may mount nothing.
    fn mounted() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let done = mount(&["-t", "tmpfs", "-o", "size=1g", "tmpfs"], folder.path());
        done.then_some(Disk { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Changes how much fits on it.
    fn resize(&self, bytes: usize) {
        assert!(mount(&["-o", &format!("remount,size={bytes}")], self.path()), "the disk cannot be resized");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

fn mount(options: &[&str], folder: &Path) -> bool {
    Command::new("mount").args(options).arg(folder).output().is_ok_and(|output| output.status.success())
}

const PAGE: usize = 4096;

/// Bytes that files take on a disk of pages.
fn taken(files: &Tree) -> usize {
    files.values().map(|bytes| bytes.len().div_ceil(PAGE) * PAGE).sum()
}

/// One full disk: `real` is a small file system, otherwise writes fail after so many bytes.
struct Case<'a> {
    work: &'a Work,
    number: usize,
    real: bool,
    written: usize,
}

struct Outcome {
    real: bool,
    refused: bool,
    fault: Option<String>,
}

fn fill(case: &Case<'_>, seed: u64) -> Option<Outcome> {
    let &Case { work, number, real, written } = case;
    let mut chance = chance(seed, &work.name, number);
    let share: f64 = chance.random();
    let (disk, folder) = (if real { Some(Disk::mounted()?) } else { None }, TempDir::new().unwrap());
    let place = disk.as_ref().map_or(folder.path(), Disk::path);
    work.begin_in(place);
    let ended = if let Some(disk) = &disk {
        disk.resize(taken(&work.before) + PAGE + (share * written as f64) as usize / PAGE * PAGE);
        let ended = run(place, &work.words, &[], PATIENCE);
        disk.resize(1 << 30);
        ended
    } else {
        let budget = Some((share * written as f64) as usize);
        run_with(library()?, place, &work.words, &Failure { budget, ..Failure::default() }, PATIENCE).0
    };
    let mut faults = ended.faults();
    if ended.status.code() == Some(0) {
        faults.extend(differences(&tree(place), &work.after));
    } else {
        faults.extend(work.torn(place));
        faults.extend(work.litter(place));
    }
    faults.extend(work.repeated(place));
    let fault = (!faults.is_empty()).then(|| work.keep("disks", number, place, &faults, &ended));
    Some(Outcome { real, refused: ended.status.code() == Some(2), fault })
}

fn fill_all(cases: usize, takes: impl Fn(&str) -> bool) {
    let Some(library) = library() else { return };
    let settings = Settings::read();
    let works = all(&settings, Size::Little, takes);
    let written =
        in_parallel(&works, |work| run_with(library, work.begin().path(), &work.words, &Failure::default(), PATIENCE).1.of("bytes"));
    let real = Disk::mounted().is_some();
    if !real {
        skipped("small file systems", "this user may mount nothing; writes fail after so many bytes instead");
    }
    let cases: Vec<Case<'_>> = (0..settings.cases.unwrap_or(cases))
        .map(|case| {
            let at = case % works.len();
            Case {
                work: &works[at],
                number: case / works.len(),
                real: real && (case / works.len() + at).is_multiple_of(2),
                written: written[at],
            }
        })
        .filter(|case| settings.case.is_none_or(|only| only == case.number))
        .collect();
    let outcomes: Vec<Outcome> = in_parallel(&cases, |case| fill(case, settings.seed)).into_iter().flatten().collect();
    let row = |name: &str, of: Vec<&Outcome>| {
        let count = |is: fn(&Outcome) -> bool| of.iter().filter(|outcome| is(outcome)).count().to_string();
        vec![name.to_owned(), of.len().to_string(), count(|outcome| outcome.refused), count(|outcome| outcome.fault.is_some())]
    };
    let rows = [("small file systems", Some(true)), ("writes that fail after so many bytes", Some(false)), ("all", None)]
        .map(|(name, real)| row(name, outcomes.iter().filter(|outcome| real.is_none_or(|real| outcome.real == real)).collect()));
    print_table(&format!("full disks, seed {}", settings.seed), &["disk", "cases", "refused", "faults"], &rows);
    let faults: Vec<&str> = outcomes.iter().filter_map(|outcome| outcome.fault.as_deref()).collect();
    assert!(faults.is_empty(), "{} of {} full disks did harm:\n{}", faults.len(), outcomes.len(), faults.join("\n"));
}

#[test]
fn a_few_full_disks_leave_nothing_torn() {
    fill_all(6, |name| ["audit", "run", "score"].contains(&name));
}

#[test]
#[ignore = "the whole harness; `just harness` runs it"]
fn full_disks_leave_nothing_torn() {
    fill_all(120, |_| true);
}
