//! Commands that are killed at any moment: what has its final name is whole, and the same command makes the rest as if nothing had been.

use std::time::Duration;

use rand::RngExt;

use super::child::{PATIENCE, start};
use super::shim::{Failure, KILLED, library, run_with};
use super::works::{Size, Work, all};
use super::{Settings, chance, in_parallel, print_table};

/// When a command is killed.
#[derive(Clone, Copy)]
enum Moment {
    /// At a share of the time that it takes; one in four is an interrupt, as by Ctrl-C.
    Any,
    /// Just before this call of a family.
    Call(&'static str, usize),
}

/// One kill.
struct Case<'a> {
    work: &'a Work,
    number: usize,
    moment: Moment,
}

/// What it found.
struct Outcome<'a> {
    work: &'a Work,
    /// It came before the end.
    landed: bool,
    /// Files that neither the kill nor the repetition should leave.
    litter: bool,
    fault: Option<String>,
}

/// Kills once. What is left over for good depends on the moment, so only the whole harness judges it.
fn kill<'a>(&Case { work, number, moment }: &Case<'a>, seed: u64, strict: bool) -> Outcome<'a> {
    let folder = work.begin();
    let ended = match moment {
        Moment::Any => {
            let running = start(folder.path(), &work.words, &[]);
            // Two at a time take longer than one.
            let mut chance = chance(seed, &work.name, number);
            let (share, gently) = (chance.random_range(0.0..1.3), chance.random_bool(0.25));
            std::thread::sleep(work.duration.mul_f64(share).saturating_sub(running.elapsed()));
            if gently {
                running.interrupt();
            } else {
                running.kill();
            }
            running.wait(PATIENCE)
        }
        Moment::Call(family, at) => {
            let failure = Failure { call: Some((family, at, KILLED)), ..Failure::default() };
            run_with(library().unwrap(), folder.path(), &work.words, &failure, PATIENCE).0
        }
    };
    let landed = ended.status.code() != Some(0);
    let mut faults = if ended.status.code().is_none() { Vec::new() } else { ended.faults() };
    // Who was asked to stop and could say so could also tidy up.
    faults.extend((ended.status.code() == Some(2)).then(|| work.litter(folder.path())).into_iter().flatten());
    faults.extend(work.torn(folder.path()));
    // Kept before the repetition, which mends what is to be looked at.
    let kept = super::tree(folder.path());
    let (left, other): (Vec<String>, Vec<String>) =
        work.repeated(folder.path()).into_iter().partition(|fault| fault.ends_with("is left over"));
    let litter = !left.is_empty();
    faults.extend(other);
    faults.extend(left.into_iter().filter(|_| strict));
    let fault = (!faults.is_empty()).then(|| {
        let killed = tempfile::tempdir().unwrap();
        super::lay(killed.path(), &kept);
        work.keep("kills", number, killed.path(), &faults, &ended)
    });
    Outcome { work, landed, litter, fault }
}

/// Kills at any moments, and at every `step`-th call that writes.
fn kill_all(kills: usize, step: usize, size: Size, takes: impl Fn(&str) -> bool) {
    let settings = Settings::read();
    let works = all(&settings, size, &takes);
    let kills = settings.cases.unwrap_or(kills).next_multiple_of(works.len().max(1));
    let case = |kill: usize| Case { work: &works[kill % works.len()], number: kill / works.len(), moment: Moment::Any };
    let mut cases: Vec<Case<'_>> = (0..kills).map(case).collect();
    // Where nothing but writing is to be killed, there need not be much to do.
    let little = if size == Size::Little { Vec::new() } else { all(&settings, Size::Little, &takes) };
    for work in if size == Size::Little { &works } else { &little } {
        let Some(library) = library() else { continue };
        let counted = run_with(library, work.begin().path(), &work.words, &Failure::default(), PATIENCE).1;
        let calls = ["create", "write", "sync", "rename", "truncate"]
            .into_iter()
            .flat_map(|family| (1..=counted.of(family)).map(move |at| (family, at)));
        let numbered = (kills..).zip(calls.skip(settings.seed as usize % step).step_by(step));
        cases.extend(numbered.map(|(number, (family, at))| Case { work, number, moment: Moment::Call(family, at) }));
    }
    cases.retain(|case| settings.case.is_none_or(|only| only == case.number));
    let outcomes = in_parallel(&cases, |case| kill(case, settings.seed, size == Size::Long));
    let row = |name: &str, duration: Duration, of: &[&Outcome<'_>]| {
        let count = |is: fn(&Outcome<'_>) -> bool| of.iter().filter(|outcome| is(outcome)).count().to_string();
        let figures = [of.len().to_string(), count(|one| one.landed), count(|one| one.litter), count(|one| one.fault.is_some())];
        [name.to_owned(), format!("{:.2} s", duration.as_secs_f64())].into_iter().chain(figures).collect::<Vec<String>>()
    };
    let of = |work: &Work| outcomes.iter().filter(|outcome| outcome.work.name == work.name).collect::<Vec<_>>();
    let mut rows: Vec<Vec<String>> = works.iter().map(|work| row(&work.name, work.duration, &of(work))).collect();
    rows.push(row("all", works.iter().map(|work| work.duration).sum(), &outcomes.iter().collect::<Vec<_>>()));
    print_table(&format!("kills, seed {}", settings.seed), &["work", "undisturbed", "kills", "before the end", "litter", "faults"], &rows);
    let faults: Vec<&str> = outcomes.iter().filter_map(|outcome| outcome.fault.as_deref()).collect();
    assert!(faults.is_empty(), "{} of {} kills did harm:\n{}", faults.len(), outcomes.len(), faults.join("\n"));
}

#[test]
fn a_few_kills_leave_nothing_torn() {
    kill_all(5, 15, Size::Little, |name| ["audit", "run", "extract"].contains(&name));
}

#[test]
#[ignore = "minutes of kills; `just harness` runs it"]
fn kills_leave_nothing_torn() {
    kill_all(150, 1, Size::Long, |_| true);
}
