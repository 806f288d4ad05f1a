//! Calls of the system that fail once, writes and reads that fall short: an error that names the file and nothing torn, or the whole result.

use std::collections::BTreeMap;

use super::child::PATIENCE;
use super::shim::{BROKEN, Counted, FAMILIES, Failure, INTERRUPTED, NO_SPACE, library, run_with};
use super::works::{Size, Work, all, differences};
use super::{Settings, in_parallel, print_table, skipped, tree};

/// One failure in one work.
struct Case<'a> {
    work: &'a Work,
    number: usize,
    failure: Failure,
}

/// What came of it.
struct Outcome {
    kind: String,
    refused: bool,
    fault: Option<String>,
}

/// Families whose failures, and short writes and reads, are told apart.
fn kind(failure: &Failure) -> String {
    match failure.call {
        Some((family, _, INTERRUPTED)) => format!("{family} interrupted"),
        Some((family, _, NO_SPACE)) => format!("{family} without space"),
        Some((family, ..)) => format!("{family} broken"),
        None => format!("short ({} and {} bytes)", failure.write, failure.read),
    }
}

/// Whether a message tells of a file of the work, or of the one whose call failed.
fn names(message: &str, work: &Work, counted: &Counted) -> bool {
    let ends = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let written = work.after.keys().chain(work.before.keys());
    let folders = written.clone().filter_map(|name| name.split_once('/')).map(|(folder, _)| folder.to_owned());
    let known = written.map(|name| ends(name)).chain(folders).chain(counted.failed().into_iter().map(ends));
    known.collect::<std::collections::BTreeSet<_>>().iter().any(|name| message.contains(name.as_str()))
}

fn attempt(Case { work, number, failure }: &Case<'_>) -> Outcome {
    let library = library().unwrap();
    let folder = work.begin();
    let (ended, counted) = run_with(library, folder.path(), &work.words, failure, PATIENCE);
    let mut faults = ended.faults();
    let found = tree(folder.path());
    let failing = failure.call.is_some_and(|(_, _, error)| error != INTERRUPTED);
    match ended.status.code() {
        Some(0) => {
            faults.extend(differences(&found, &work.after));
            if ended.stdout != work.said {
                faults.push("it prints something else".to_owned());
            }
        }
        Some(2) if failing => {
            faults.extend(work.torn(folder.path()));
            faults.extend(work.litter(folder.path()));
            if !names(&ended.stderr, work, &counted) {
                faults.push(format!("the message names no file: {}", ended.stderr.trim()));
            }
        }
        Some(2) => faults.push(format!("refused: {}", ended.stderr.trim())),
        _ => faults.extend(work.torn(folder.path())),
    }
    faults.extend(work.repeated(folder.path()));
    let failed = counted.failed().join(", ");
    let fault = (!faults.is_empty()).then(|| {
        let told = work.keep("writes", *number, folder.path(), &faults, &ended);
        format!("{}: {failure:?} (failed: {failed}): {told}", kind(failure))
    });
    Outcome { kind: kind(failure), refused: ended.status.code() == Some(2), fault }
}

/// Every `step`-th failing call of works, and all short ones.
fn fail_all(size: Size, step: usize, takes: impl Fn(&str) -> bool) {
    let Some(library) = library() else { return };
    let settings = Settings::read();
    let works = all(&settings, size, takes);
    let counts = in_parallel(&works, |work| {
        let folder = work.begin();
        let (ended, counted) = run_with(library, folder.path(), &work.words, &Failure::default(), PATIENCE);
        assert_eq!(ended.status.code(), Some(0), "{}: {}", work.name, ended.stderr);
        assert_eq!(differences(&tree(folder.path()), &work.after), Vec::<String>::new(), "{}", work.name);
        // Without this no failure below would be one.
        for family in ["create", "write", "sync", "read"] {
            assert!(counted.of(family) > 0, "{}: the library saw no call of {family}", work.name);
        }
        if counted.of("rename") == 0 {
            skipped("failing renames", "this kernel lets no filter be set");
        }
        counted
    });
    let mut cases = Vec::new();
    for (work, counted) in works.iter().zip(&counts) {
        let mut add = |failure: Failure| cases.push(Case { work, number: cases.len(), failure });
        for family in FAMILIES {
            for at in (1..=counted.of(family)).filter(|at| (at + settings.seed as usize).is_multiple_of(step)) {
                add(Failure { call: Some((family, at, BROKEN)), ..Failure::default() });
                if family != "read" {
                    add(Failure { call: Some((family, at, NO_SPACE)), ..Failure::default() });
                }
            }
        }
        for family in ["write", "sync", "create", "read"].into_iter().take(if step == 1 { 4 } else { 3 }) {
            // Twice the same call cannot be interrupted, or nothing would ever be done.
            add(Failure { call: Some((family, 1, INTERRUPTED)), every: 2, ..Failure::default() });
        }
        add(Failure { write: 7, read: 5, ..Failure::default() });
        add(Failure { write: 4000, read: 1, ..Failure::default() });
    }
    cases.retain(|case| settings.case.is_none_or(|only| only == case.number));
    let outcomes = in_parallel(&cases, attempt);
    let mut by_kind: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for outcome in &outcomes {
        for kind in [outcome.kind.as_str(), "~ all"] {
            let figures = by_kind.entry(kind).or_default();
            figures[0] += 1;
            figures[1] += usize::from(outcome.refused);
            figures[2] += usize::from(outcome.fault.is_some());
        }
    }
    let rows: Vec<Vec<String>> = by_kind
        .iter()
        .map(|(kind, figures)| {
            std::iter::once(kind.trim_start_matches("~ ").to_owned()).chain(figures.map(|figure| figure.to_string())).collect()
        })
        .collect();
    print_table(&format!("failing calls in {} works", works.len()), &["what fails", "cases", "refused", "faults"], &rows);
    let faults: Vec<&str> = outcomes.iter().filter_map(|outcome| outcome.fault.as_deref()).collect();
    assert!(faults.is_empty(), "{} of {} failing calls did harm:\n{}", faults.len(), outcomes.len(), faults.join("\n"));
}

#[test]
fn a_few_failing_calls_leave_nothing_torn() {
    fail_all(Size::Little, 7, |name| name == "audit" || name == "rank");
}

#[test]
#[ignore = "minutes of failures; `just harness` runs it"]
fn failing_calls_leave_nothing_torn() {
    fail_all(Size::Little, 1, |_| true);
}
