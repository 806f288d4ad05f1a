//! One file a command.

mod audit;
mod balance;
mod catalog;
mod completions;
mod extract;
mod fetch;
mod grid;
mod init;
mod law;
mod manifest;
mod rank;
mod report;
mod score;
mod skew;
mod weights;

use std::collections::BTreeMap;

use anyhow::Context;
use evenhand_catalog::limits;
use evenhand_experiment::Written;
use evenhand_report::Report;
use evenhand_report::limits::check_limit;
use evenhand_rows::Scale;

use crate::args::{Arguments, Command};
use crate::printer;

/// How a command ended that could run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Fine,
    LimitBreached,
    /// No limit is breached for sure, and one at least lies inside the interval that was to judge it.
    LimitOpen,
    /// A method failed and has no row; no limit is breached by the others.
    MethodFailed,
}

impl Outcome {
    /// How the limits of a report stand, and whether all of its methods have a row.
    fn of(report: &Report) -> Self {
        match (report.leaves_a_limit_open(), report.breaches_a_limit()) {
            (false, true) => Outcome::LimitBreached,
            _ if report.left_out.iter().any(|one| one.failed) => Outcome::MethodFailed,
            (true, _) => Outcome::LimitOpen,
            (false, false) => Outcome::Fine,
        }
    }
}

/// Says where a report was written.
fn told_written(written: &Written) {
    let Written { summary, page, json } = written;
    printer::tell(&format!("Report: {} (for people), {} (everything), {}", summary.display(), page.display(), json.display()));
}

/// Candidates at a time: what the command says, what all commands say, or one a core.
fn jobs(asked: Option<u16>, threads: Option<u16>) -> usize {
    asked.or(threads).map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
}

/// Limits of metrics, of the command line by their key; one given twice is refused, as only one of its values could count, and so is one that no number of
/// the metric can be compared with. `scale`: the scale of the scores.
fn metric_limits(given: &[(String, f64)], scale: Scale) -> anyhow::Result<BTreeMap<String, f64>> {
    let mut limits = BTreeMap::new();
    for (key, value) in given {
        check_limit(key, *value, scale)?;
        if let Some(other) = limits.insert(key.clone(), *value) {
            anyhow::bail!("--limit {key} is given twice, as {other} and as {value}; leave one of them out");
        }
    }
    Ok(limits)
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    let Arguments { command, json, threads, ceiling } = arguments;
    for (id, most) in &ceiling {
        limits::set(id, *most).context("--ceiling")?;
    }
    if let Some(threads) = threads {
        rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build_global().context("cannot start the threads")?;
    }
    match command {
        Command::Demo(arguments) => grid::demo(&arguments, threads, json),
        Command::Init(arguments) => init::init(&arguments, json),
        Command::Run(arguments) => grid::run(&arguments, threads, json),
        Command::Compare(arguments) => grid::compare(&arguments, threads, json),
        Command::Sweep(arguments) => grid::sweep(&arguments, threads, json),
        Command::Score(arguments) => score::score(&arguments, threads, json),
        Command::Audit(arguments) => audit::audit(&arguments, json),
        Command::Balance(arguments) => balance::balance(&arguments, json),
        Command::Rank(arguments) => rank::rank(&arguments, json),
        Command::Report(arguments) => report::report(&arguments, json),
        Command::Skew(arguments) => skew::skew(*arguments, json),
        Command::Fetch(arguments) => fetch::fetch(&arguments, json),
        Command::Manifest(arguments) => manifest::manifest(&arguments, json),
        Command::Extract(arguments) => extract::extract(&arguments, threads, json),
        Command::Weights(arguments) => weights::weights(&arguments, json),
        Command::Catalog(arguments) => catalog::catalog(&arguments, json),
        Command::Completions(arguments) => completions::completions(&arguments),
    }
}
