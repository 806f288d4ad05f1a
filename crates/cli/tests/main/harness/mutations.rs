//! Damaged inputs to everything that reads: no crash, no long work, no wide memory, no signs that steer a terminal, always a message.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::RngExt;

use super::child::{PATIENCE, run};
use super::readers::{Reader, all};
use super::{Settings, chance, in_parallel, keep, lay, mutator, print_table, traps};

/// Most memory that a command may take for a small damaged file, in bytes.
const MEMORY: u64 = 1 << 30;

/// Longest time that it may take in a release build.
const LIMIT: Duration = Duration::from_secs(5);

/// One attack.
struct Attack<'a> {
    reader: &'a Reader,
    number: usize,
}

/// What came of it.
struct Outcome {
    code: Option<i32>,
    wall: Duration,
    peak: u64,
    fault: Option<String>,
    /// Much work, where a file may ask for it.
    asked: Option<String>,
}

/// Damages a file of the reader and has it read.
fn attack(&Attack { reader, number }: &Attack<'_>, seed: u64, limit: Duration) -> Outcome {
    let mut chance = chance(seed, reader.name, number);
    let target = &reader.targets[chance.random_range(0..reader.targets.len())];
    let [one, other] = [0, 1].map(|_| &target.seeds[chance.random_range(0..target.seeds.len())]);
    let bytes = match &target.pack {
        Some(pack) if chance.random_bool(0.6) => pack(&mutator::damaged(&mut chance, one, other)),
        Some(pack) => mutator::damaged(&mut chance, &pack(one), &pack(other)),
        None => mutator::damaged(&mut chance, one, other),
    };
    let words = &reader.commands[chance.random_range(0..reader.commands.len())];
    let folder = tempfile::tempdir().unwrap();
    lay(folder.path(), &reader.files);
    lay(folder.path(), &[(target.file.clone(), bytes.clone())].into());
    let ended = run(folder.path(), words, &[], limit * 4);
    let mut faults = ended.faults();
    if words.contains("--json") && matches!(ended.status.code(), Some(0 | 1)) {
        faults.extend(serde_json::from_str::<serde_json::Value>(&ended.stdout).err().map(|error| format!("printed no JSON: {error}")));
    }
    let mut costs = Vec::new();
    costs.extend((ended.wall > limit && !ended.late).then(|| format!("took {:.1} s", ended.wall.as_secs_f64())));
    faults.extend((ended.peak > MEMORY).then(|| format!("took {} MB of memory", ended.peak >> 20)));
    if reader.asks {
        costs.extend(faults.extract_if(.., |fault| fault.starts_with("did not end")));
    } else {
        faults.append(&mut costs);
    }
    let told = (!faults.is_empty() || !costs.is_empty()).then(|| {
        let faults = [faults.clone(), costs].concat();
        let told = format!(
            "{}, case {number}, seed {seed}: {}\n$ evenhand {words}\n(damaged: {})\nagain: EVENHAND_HARNESS_SEED={seed} EVENHAND_HARNESS_ONLY='{}' \
             EVENHAND_HARNESS_CASE={number} just harness mutations\n\n{}\n{}",
            reader.name,
            faults.join("; "),
            target.file,
            reader.name,
            ended.stdout,
            ended.stderr
        );
        let clean = tempfile::tempdir().unwrap();
        lay(clean.path(), &reader.files);
        lay(clean.path(), &[(target.file.clone(), bytes)].into());
        let kept = keep(&format!("{}-{number}", reader.name.replace(' ', "-")), clean.path(), &told);
        format!("{}, case {number}: {} (evenhand {words}; kept in {})", reader.name, faults.join("; "), kept.display())
    });
    let (fault, asked) = if faults.is_empty() { (None, told) } else { (told, None) };
    Outcome { code: ended.status.code(), wall: ended.wall, peak: ended.peak, fault, asked }
}

/// Whole files that a command of their reader does not take: with these nothing would be tried.
fn refused_whole_files(reader: &Reader) -> Vec<String> {
    let mut refused = Vec::new();
    for target in &reader.targets {
        for (place, seed) in target.seeds.iter().enumerate() {
            let words = &reader.commands[place % reader.commands.len()];
            let folder = tempfile::tempdir().unwrap();
            lay(folder.path(), &reader.files);
            let bytes = target.pack.as_ref().map_or_else(|| seed.clone(), |pack| pack(seed));
            lay(folder.path(), &[(target.file.clone(), bytes)].into());
            let ended = run(folder.path(), words, &[], PATIENCE);
            if ended.status.code() != Some(0) {
                refused.push(format!("{}, whole {} no {place}: evenhand {words}: {}", reader.name, target.file, ended.stderr));
            }
        }
    }
    refused
}

/// Attacks all readers, with so many cases in all, and tells the figures.
fn attack_all(cases: usize, limit: Duration) {
    let settings = Settings::read();
    let readers = all(&settings);
    let total: usize = readers.iter().map(|reader| reader.share).sum();
    let cases = settings.cases.unwrap_or(cases);
    let number = |reader: &Reader| (cases * reader.share).div_ceil(total.max(1));
    // Turn by turn, so that slow readers do not stand at the end.
    let most = readers.iter().map(number).max().unwrap_or(0);
    let wanted = |case: usize| settings.case.is_none_or(|only| only == case);
    let last = settings.case.map_or(most, |case| most.max(case + 1));
    let attacks: Vec<Attack<'_>> = (0..last)
        .filter(|&case| wanted(case))
        .flat_map(|case| {
            readers
                .iter()
                .filter(move |reader| case < number(reader) || settings.case.is_some())
                .map(move |reader| Attack { reader, number: case })
        })
        .collect();
    let refused: Vec<String> = in_parallel(&readers, refused_whole_files).into_iter().flatten().collect();
    assert!(refused.is_empty(), "whole files are refused:\n{}", refused.join("\n"));
    let outcomes = in_parallel(&attacks, |one| attack(one, settings.seed, limit));
    let mut by_reader: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for (attack, outcome) in attacks.iter().zip(&outcomes) {
        by_reader.entry(attack.reader.name).or_default().push(outcome);
    }
    let row = |name: &str, of: &[&Outcome]| {
        let ended = |code: i32| of.iter().filter(|outcome| outcome.code == Some(code)).count().to_string();
        let slowest = of.iter().map(|outcome| outcome.wall).max().unwrap_or_default();
        let widest = of.iter().map(|outcome| outcome.peak).max().unwrap_or_default();
        let faults = of.iter().filter(|outcome| outcome.fault.is_some()).count();
        let figures =
            [of.len().to_string(), ended(0), ended(1), ended(2), format!("{:.2} s", slowest.as_secs_f64()), format!("{} MB", widest >> 20)];
        std::iter::once(name.to_owned()).chain(figures).chain([faults.to_string()]).collect::<Vec<String>>()
    };
    let mut rows: Vec<Vec<String>> = by_reader.iter().map(|(name, of)| row(name, of)).collect();
    rows.push(row("all", &outcomes.iter().collect::<Vec<_>>()));
    print_table(
        &format!("damaged inputs, seed {}", settings.seed),
        &["reader", "cases", "exit 0", "exit 1", "exit 2", "slowest", "memory", "faults"],
        &rows,
    );
    let asked: Vec<Vec<String>> = outcomes.iter().filter_map(|outcome| Some(vec![outcome.asked.clone()?])).collect();
    if !asked.is_empty() {
        print_table("asked for by the file itself, and not judged", &["case"], &asked);
    }
    let faults: Vec<&str> = outcomes.iter().filter_map(|outcome| outcome.fault.as_deref()).collect();
    assert!(faults.is_empty(), "{} of {} damaged inputs did harm:\n{}", faults.len(), outcomes.len(), faults.join("\n"));
}

#[test]
#[ignore = "the whole harness; `just harness` runs it"]
fn traps_do_no_harm() {
    let settings = Settings::read();
    let traps: Vec<_> = traps::all(true).into_iter().filter(|trap| settings.takes(trap.name)).collect();
    step_into(&traps, LIMIT);
}

#[test]
fn traps_of_few_bytes_do_no_harm() {
    step_into(&traps::all(false), LIMIT * 4);
}

fn step_into(traps: &[traps::Trap], limit: Duration) {
    let tried = in_parallel(traps, |trap| {
        let folder = tempfile::tempdir().unwrap();
        lay(folder.path(), &trap.files);
        let ended = run(folder.path(), trap.words, &[], limit * 2);
        let mut faults = ended.faults();
        faults.extend((ended.wall > limit && !ended.late).then(|| format!("took {:.1} s", ended.wall.as_secs_f64())));
        faults.extend((ended.peak > MEMORY).then(|| format!("took {} MB of memory", ended.peak >> 20)));
        let code = ended.status.code().map_or_else(|| "none".to_owned(), |code| code.to_string());
        let figures = [code, format!("{:.2} s", ended.wall.as_secs_f64()), format!("{} MB", ended.peak >> 20), faults.join("; ")];
        (std::iter::once(trap.name.to_owned()).chain(figures).collect::<Vec<String>>(), faults)
    });
    let rows: Vec<Vec<String>> = tried.iter().map(|(row, _)| row.clone()).collect();
    print_table("traps", &["trap", "exit", "time", "memory", "fault"], &rows);
    let faults: Vec<String> = tried.into_iter().filter(|(_, faults)| !faults.is_empty()).map(|(row, _)| row.join(", ")).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_few_damaged_inputs_do_no_harm() {
    attack_all(80, Duration::from_secs(20));
}

#[test]
#[ignore = "minutes of attacks; `just harness` runs it"]
fn damaged_inputs_do_no_harm() {
    attack_all(12_000, LIMIT);
}
