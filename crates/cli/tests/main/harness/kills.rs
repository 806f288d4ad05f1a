//! Commands that are killed at any moment: what has its final name is whole, and the same command makes the rest as if nothing had been.

use std::time::Duration;

use rand::RngExt;

use super::child::{PATIENCE, start};
use super::works::{Size, Work, all};
use super::{Settings, chance, in_parallel, print_table};

/// What a kill found.
struct Outcome<'a> {
    work: &'a Work,
    /// It came before the end.
    landed: bool,
    fault: Option<String>,
}

fn kill<'a>(&(work, number): &(&'a Work, usize), seed: u64, strict: bool) -> Outcome<'a> {
    let mut chance = chance(seed, &work.name, number);
    let folder = work.begin();
    let running = start(folder.path(), &work.words, &[]);
    // Two at a time take longer than one.
    std::thread::sleep(work.duration.mul_f64(chance.random_range(0.0..1.3)).saturating_sub(running.elapsed()));
    running.kill();
    let ended = running.wait(PATIENCE);
    let landed = ended.status.code().is_none();
    let mut faults = if landed { Vec::new() } else { ended.faults() };
    faults.extend(work.torn(folder.path()));
    // Kept before the repetition, which mends what is to be looked at.
    let kept = super::tree(folder.path());
    let mut repeated = work.repeated(folder.path());
    // Which of them a kill leaves depends on the moment; the whole harness judges them.
    repeated.retain(|fault| strict || !fault.ends_with("is left over"));
    faults.extend(repeated);
    let fault = (!faults.is_empty()).then(|| {
        let killed = tempfile::tempdir().unwrap();
        super::lay(killed.path(), &kept);
        work.keep("kills", number, killed.path(), &faults, &ended)
    });
    Outcome { work, landed, fault }
}

fn kill_all(kills: usize, size: Size, takes: impl Fn(&str) -> bool) {
    let settings = Settings::read();
    let works = all(&settings, size, takes);
    let kills = settings.cases.unwrap_or(kills).next_multiple_of(works.len().max(1));
    let cases: Vec<(&Work, usize)> = (0..kills).map(|kill| (&works[kill % works.len()], kill / works.len())).collect();
    let cases: Vec<_> = cases.into_iter().filter(|(_, number)| settings.case.is_none_or(|only| only == *number)).collect();
    let outcomes = in_parallel(&cases, |case| kill(case, settings.seed, size == Size::Long));
    let row = |name: &str, duration: Duration, of: &[&Outcome<'_>]| {
        let landed = of.iter().filter(|outcome| outcome.landed).count();
        let faults = of.iter().filter(|outcome| outcome.fault.is_some()).count();
        vec![name.to_owned(), format!("{:.2} s", duration.as_secs_f64()), of.len().to_string(), landed.to_string(), faults.to_string()]
    };
    let of = |work: &Work| outcomes.iter().filter(|outcome| outcome.work.name == work.name).collect::<Vec<_>>();
    let mut rows: Vec<Vec<String>> = works.iter().map(|work| row(&work.name, work.duration, &of(work))).collect();
    rows.push(row("all", works.iter().map(|work| work.duration).sum(), &outcomes.iter().collect::<Vec<_>>()));
    print_table(&format!("kills, seed {}", settings.seed), &["work", "undisturbed", "kills", "before the end", "faults"], &rows);
    let faults: Vec<&str> = outcomes.iter().filter_map(|outcome| outcome.fault.as_deref()).collect();
    assert!(faults.is_empty(), "{} of {} kills did harm:\n{}", faults.len(), outcomes.len(), faults.join("\n"));
}

#[test]
fn a_few_kills_leave_nothing_torn() {
    kill_all(6, Size::Little, |name| ["audit", "run", "extract"].contains(&name));
}

#[test]
#[ignore = "minutes of kills; `just harness` runs it"]
fn kills_leave_nothing_torn() {
    kill_all(150, Size::Long, |_| true);
}
