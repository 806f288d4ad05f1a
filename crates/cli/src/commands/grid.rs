//! `demo`, `run`, `compare`, `sweep`: recipes in, reports out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use evenhand_experiment::analyses::choice::Wish;
use evenhand_experiment::{Options, Recipe};
use evenhand_report::numbers::significant;
use evenhand_report::views::{Table, listing, strata, tables};
use evenhand_report::{Report, ReportKind, narrow};
use evenhand_rows::Scale;

use super::{Outcome, told_written};
use crate::args::{Compare, Demo, Grid, Run, Sweep};
use crate::printer;
use crate::progress::Bars;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

const DEMO: &str = include_str!("../../../../recipes/demo.toml");
const INTERVIEWS: &str = include_str!("../../../../recipes/demo-interviews.toml");

pub(crate) fn demo(arguments: &Demo, threads: Option<u16>, json: bool) -> anyhow::Result<Outcome> {
    let text = if arguments.interviews { INTERVIEWS } else { DEMO };
    let recipe = Recipe::parse(text, "the built-in demo recipe", PathBuf::new())?;
    let place = Place { out: &arguments.out, data: None, jobs: threads, fresh: arguments.fresh, keep_models: false, choose: None };
    execute(&recipe, &place, ReportKind::Comparison, json)
}

pub(crate) fn run(arguments: &Run, threads: Option<u16>, json: bool) -> anyhow::Result<Outcome> {
    let mut recipe = Recipe::read(&arguments.grid.recipe)?;
    let method = match &arguments.method {
        Some(name) => recipe.method(name)?.clone(),
        None => recipe.methods.last().cloned().context("the recipe has no method")?,
    };
    if arguments.method.is_none() && recipe.methods.len() > 1 {
        printer::tell(&format!("The recipe has {} methods; running `{}`. --method chooses another.", recipe.methods.len(), method.name));
    }
    recipe.methods = vec![method];
    recipe.offered.clear();
    recipe.seeds = vec![arguments.seed.unwrap_or(recipe.seeds[0])];
    let out = out(&arguments.grid, "-run");
    execute(&recipe, &place(&arguments.grid, &out, threads, true), ReportKind::Run, json)
}

pub(crate) fn compare(arguments: &Compare, threads: Option<u16>, json: bool) -> anyhow::Result<Outcome> {
    let mut recipe = Recipe::read(&arguments.grid.recipe)?;
    if !arguments.methods.is_empty() {
        recipe.methods = recipe.named(&arguments.methods)?;
        recipe.offered.clear();
    }
    let out = out(&arguments.grid, "");
    execute(&recipe, &place(&arguments.grid, &out, threads, false), ReportKind::Comparison, json)
}

pub(crate) fn sweep(arguments: &Sweep, threads: Option<u16>, json: bool) -> anyhow::Result<Outcome> {
    let recipe = Recipe::read(&arguments.grid.recipe)?;
    let recipe = recipe.sweep(arguments.method.as_deref(), &arguments.over.setting, &arguments.over.values)?;
    let out = out(&arguments.grid, "-sweep");
    // Limits of the recipe are limits of its sweep, too; those of the command line come instead.
    let limits =
        if arguments.limits.is_empty() { recipe.limits.clone() } else { super::metric_limits(&arguments.limits, Scale::default())? };
    let wish = Wish { by: arguments.by.clone(), limits };
    let place = Place { choose: Some(&wish), ..place(&arguments.grid, &out, threads, false) };
    execute(&recipe, &place, ReportKind::Sweep, json)
}

#[derive(Debug)]
struct Place<'a> {
    out: &'a Path,
    data: Option<&'a Path>,
    jobs: Option<u16>,
    fresh: bool,
    keep_models: bool,
    choose: Option<&'a Wish>,
}

fn place<'a>(grid: &'a Grid, out: &'a Path, threads: Option<u16>, keep_models: bool) -> Place<'a> {
    Place { out, data: grid.data.as_deref(), jobs: grid.jobs.or(threads), fresh: grid.fresh, keep_models, choose: None }
}

fn out(grid: &Grid, suffix: &str) -> PathBuf {
    let stem = grid.recipe.file_stem().map_or_else(|| "recipe".to_owned(), |stem| stem.to_string_lossy().into_owned());
    grid.out.clone().unwrap_or_else(|| Path::new("runs").join(stem + suffix))
}

/// The flag that Ctrl-C sets.
pub(super) fn interrupted() -> anyhow::Result<&'static AtomicBool> {
    ctrlc::set_handler(|| {
        // The second time the user means it.
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(2);
        }
    })
    .context("cannot listen for interrupts")?;
    Ok(&INTERRUPTED)
}

fn execute(recipe: &Recipe, place: &Place<'_>, kind: ReportKind, json: bool) -> anyhow::Result<Outcome> {
    let interrupted = interrupted()?;
    let bars = Bars::new();
    let report = evenhand_experiment::compare(
        recipe,
        Options {
            data_folder: place.data,
            out: place.out,
            jobs: place.jobs.map(usize::from),
            keep_models: place.keep_models,
            keep_chosen: true,
            fresh: place.fresh,
            choose: place.choose,
            kind,
            interrupted,
            observer: &bars,
        },
    )?;
    let seconds = bars.finish();
    let written = evenhand_experiment::write_report(&report, place.out)?;
    show_timed(&report, &seconds, json)?;
    if place.keep_models {
        printer::tell(&format!("Models: {}", place.out.join("models").display()));
    }
    if let Some((folder, chosen)) = report.choice.as_ref().and_then(|choice| Some((choice.model.as_ref()?, choice.chosen.as_ref()?))) {
        printer::tell(&format!("Model of `{chosen}`, seed {}: {}", recipe.seeds[0], place.out.join(folder).display()));
    }
    told_written(&written);
    Ok(Outcome::of(&report))
}

/// Letters of a name in a table on the terminal: longer ones would leave no room for the numbers.
pub(super) const LONGEST_NAME: usize = 48;

/// Prints the report as JSON or as its tables.
pub(crate) fn show(report: &Report, json: bool) -> anyhow::Result<()> {
    show_timed(report, &BTreeMap::new(), json)
}

/// Prints the report with the seconds of a run of each method.
fn show_timed(report: &Report, seconds: &BTreeMap<String, f64>, json: bool) -> anyhow::Result<()> {
    if json {
        return printer::json_text(&report.to_json()?);
    }
    // Seconds are known by whole names.
    let (whole, report) = (report, &*narrow::narrowed(report, LONGEST_NAME));
    for note in &report.notes {
        printer::tell(&format!("note: {note}"));
    }
    // What the pooled numbers below hide.
    let attributes = report.methods.iter().flat_map(|method| &method.runs).flat_map(|run| &run.attributes);
    for told in attributes.flat_map(|one| &one.strata).flat_map(|strata| &strata.told) {
        printer::tell(&format!("note: {told}"));
    }
    printer::table(&tables::tilt_table(report))?;
    if report.kind == ReportKind::Audit {
        for table in tables::group_tables(report).iter().chain(&strata::worst(report)) {
            printer::table(table)?;
        }
    } else {
        printer::table(&timed(tables::method_table(report), whole, seconds))?;
        printer::table(&tables::choice_table(report))?;
        if let Some(price) = evenhand_report::price::told(report) {
            printer::tell(&price);
        }
        for table in listing::tables(report) {
            printer::table(&table)?;
        }
    }
    printer::table(&tables::limits_table(report))
}

/// The table of methods with what a run of each took.
fn timed(mut table: Table, report: &Report, seconds: &BTreeMap<String, f64>) -> Table {
    if seconds.is_empty() || table.rows.is_empty() {
        return table;
    }
    table.headers.push("seconds".to_owned());
    table.right_aligned.push(true);
    for (row, method) in table.rows.iter_mut().zip(&report.methods) {
        row.push(seconds.get(&method.name).map_or_else(String::new, |seconds| significant(*seconds)));
    }
    table.footnotes.push("Seconds: of one run on this machine, mean over the runs. The report itself holds no times, as the same recipe gives the same bytes.".to_owned());
    table
}
