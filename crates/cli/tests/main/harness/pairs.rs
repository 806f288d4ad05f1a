//! Two processes with the same command on the same folder at the same moment: each ends well or is refused clearly, and the result is the one of one.

use std::time::Duration;

use rand::RngExt;

use super::child::{PATIENCE, start};
use super::works::{Size, Work, all, differences};
use super::{Settings, chance, in_parallel, print_table, tree};

/// What two processes did.
struct Outcome<'a> {
    work: &'a Work,
    refused: usize,
    fault: Option<String>,
}

fn meet<'a>(&(work, number): &(&'a Work, usize), seed: u64) -> Outcome<'a> {
    let mut chance = chance(seed, &work.name, number);
    let folder = work.begin();
    let first = start(folder.path(), &work.words, &[]);
    // At once, or while the first is at work.
    std::thread::sleep(if chance.random() { Duration::ZERO } else { work.duration.mul_f64(chance.random_range(0.0..1.0)) });
    let second = start(folder.path(), &work.words, &[]);
    let ended = [first.wait(PATIENCE), second.wait(PATIENCE)];
    let mut faults: Vec<String> = ended.iter().flat_map(super::child::Ended::faults).collect();
    let refused: Vec<_> = ended.iter().filter(|ended| ended.status.code() == Some(2)).collect();
    for one in &refused {
        if !one.stderr.contains("another") {
            faults.push(format!("refused without saying why: {}", one.stderr.trim()));
        }
    }
    if refused.len() == 2 {
        faults.push("both were refused".to_owned());
    }
    faults.extend(differences(&tree(folder.path()), &work.after));
    faults.extend(work.repeated(folder.path()));
    let fault = (!faults.is_empty()).then(|| work.keep("pairs", number, folder.path(), &faults, refused.first().unwrap_or(&&ended[0])));
    Outcome { work, refused: refused.len(), fault }
}

fn meet_all(rounds: usize, size: Size, takes: impl Fn(&str) -> bool) {
    let settings = Settings::read();
    let works = all(&settings, size, takes);
    let rounds = settings.cases.unwrap_or(rounds).next_multiple_of(works.len().max(1));
    let cases: Vec<(&Work, usize)> = (0..rounds).map(|round| (&works[round % works.len()], round / works.len())).collect();
    let cases: Vec<_> = cases.into_iter().filter(|(_, number)| settings.case.is_none_or(|only| only == *number)).collect();
    let outcomes = in_parallel(&cases, |case| meet(case, settings.seed));
    let row = |name: &str, of: &[&Outcome<'_>]| {
        let refused: usize = of.iter().map(|outcome| outcome.refused).sum();
        vec![
            name.to_owned(),
            of.len().to_string(),
            refused.to_string(),
            of.iter().filter(|outcome| outcome.fault.is_some()).count().to_string(),
        ]
    };
    let of = |work: &Work| outcomes.iter().filter(|outcome| outcome.work.name == work.name).collect::<Vec<_>>();
    let mut rows: Vec<Vec<String>> = works.iter().map(|work| row(&work.name, &of(work))).collect();
    rows.push(row("all", &outcomes.iter().collect::<Vec<_>>()));
    print_table(&format!("two processes, seed {}", settings.seed), &["work", "rounds", "refused", "faults"], &rows);
    let faults: Vec<&str> = outcomes.iter().filter_map(|outcome| outcome.fault.as_deref()).collect();
    assert!(faults.is_empty(), "{} of {} meetings did harm:\n{}", faults.len(), outcomes.len(), faults.join("\n"));
}

#[test]
fn two_processes_leave_the_result_of_one() {
    meet_all(6, Size::Little, |name| ["audit", "run", "extract"].contains(&name));
}

#[test]
#[ignore = "minutes of meetings; `just harness` runs it"]
fn many_pairs_of_processes_leave_the_result_of_one() {
    meet_all(600, Size::Little, |_| true);
}
