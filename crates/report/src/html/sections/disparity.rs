//! How much more one group's rows pull at the weights than another's, over training.

use std::collections::BTreeMap;

use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::{DisparityTrace, MethodReport, Report};
use crate::html::charts::disparity::{self, Line};
use crate::html::charts::svg::Style;
use crate::html::grid::{Cell, Grid, Head};
use crate::lookup;
use crate::numbers::{counted, fixed};

pub(super) const SECTION: Section = Section {
    id: "disparity",
    title: "Whose rows pull at the weights",
    folded: true,
    name: "sections/disparity.html",
    template: include_str!("../../../templates/sections/disparity.html"),
    content,
};

/// The trace over all trained weights.
const ALL: &str = "all";

/// What one picture is about: a label and two groups.
type Subject = (bool, [String; 2]);

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let traces = || report.methods.iter().flat_map(|method| &method.runs).flat_map(|run| &run.disparities);
    let mut subjects: Vec<Subject> = traces().map(|trace| (trace.favourable, trace.groups.clone())).collect();
    subjects.sort();
    subjects.dedup();
    let runs = report.methods.iter().map(|method| method.runs.len()).max().unwrap_or(0);
    let over = if runs > 1 { format!(" Geometric mean over {runs} {}s.", lookup::unit(report)) } else { String::new() };
    let figures: Vec<_> = subjects
        .iter()
        .filter_map(|subject| {
            let traced: Vec<(usize, &MethodReport, Vec<Traced>)> = report
                .methods
                .iter()
                .enumerate()
                .map(|(position, method)| (position, method, over_epochs(method, subject, ALL)))
                .filter(|(_, _, points)| points.iter().any(|point| point.ratio > 0.0))
                .collect();
            // A logarithmic axis has no place for 0.
            let drawn = |points: &[Traced]| {
                points.iter().filter(|point| point.ratio > 0.0).map(|point| (point.epoch as f64, point.ratio)).collect::<Vec<_>>()
            };
            let lines: Vec<Line<'_>> =
                traced.iter().map(|(position, method, points)| (method.name.as_str(), Style(*position), drawn(points))).collect();
            let [above, below] = &subject.1;
            let mut caption = format!("Pull of {above} over that of {below}, median over all weights; at the line both pull alike.{over}");
            caption.extend(traced.iter().filter_map(|(_, method, points)| fewer(&method.name, points, lookup::unit(report))));
            (!lines.is_empty()).then(|| disparity::figure(&heading(subject), &lines, &caption))
        })
        .collect();
    let tables: Vec<Grid> = subjects.iter().filter_map(|subject| by_array(report, subject)).collect();
    (!figures.is_empty()).then(|| context! { figures => figures, tables => tables })
}

fn heading((favourable, [above, below]): &Subject) -> String {
    let label = if *favourable { "favourable" } else { "unfavourable" };
    format!("Group contribution disparity, {label} label, {above} to {below}")
}

fn of<'a>(method: &'a MethodReport, subject: &'a Subject, array: &'a str) -> impl Iterator<Item = &'a DisparityTrace> {
    method
        .runs
        .iter()
        .flat_map(|run| &run.disparities)
        .filter(move |trace| trace.favourable == subject.0 && trace.groups == subject.1 && trace.array == array)
}

/// The ratio at the end of an epoch.
struct Traced {
    epoch: usize,
    /// Geometric mean over the runs; 0 where one of them has 0.
    ratio: f64,
    /// Runs that were still training, and have a ratio.
    runs: usize,
}

/// Geometric mean of ratios of at least 0; `None` of nothing.
fn geometric_mean(ratios: &[f64]) -> Option<f64> {
    (!ratios.is_empty()).then(|| (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp())
}

/// By epoch the geometric mean over the runs of the median ratio.
fn over_epochs(method: &MethodReport, subject: &Subject, array: &str) -> Vec<Traced> {
    let mut ratios: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for trace in of(method, subject, array) {
        for (epoch, median) in trace.epochs.iter().zip(&trace.median) {
            ratios.entry(*epoch).or_default().extend(median);
        }
    }
    ratios.into_iter().filter_map(|(epoch, ratios)| Some(Traced { epoch, ratio: geometric_mean(&ratios)?, runs: ratios.len() })).collect()
}

/// What a reader must know of a line: how few runs stand behind its end, and what could not be drawn.
fn fewer(name: &str, points: &[Traced], unit: &str) -> Option<String> {
    let most = points.iter().map(|point| point.runs).max()?;
    let mut told = Vec::new();
    if let Some(first) = points.iter().find(|point| point.runs < most) {
        let least = points.iter().map(|point| point.runs).min()?;
        told.push(format!("from epoch {} on fewer than the {most} {unit}s, at least {least}", first.epoch));
    }
    let zeros = points.iter().filter(|point| point.ratio <= 0.0).count();
    if zeros > 0 {
        told.push(format!("a ratio of 0, which this axis cannot show, after {}", counted(zeros, "epoch")));
    }
    (!told.is_empty()).then(|| format!(" {name}: {}.", told.join("; ")))
}

/// Ratios at the end of each run's own training (the last epoch that it traced) and how many runs have one, and how many were traced.
fn at_the_end(method: &MethodReport, subject: &Subject, array: &str) -> (Vec<f64>, usize) {
    let last: Vec<Option<f64>> = of(method, subject, array).map(|trace| trace.median.last().copied().flatten()).collect();
    (last.iter().flatten().copied().collect(), last.len())
}

/// The ratio of every weight array at the end of the runs' training.
fn by_array(report: &Report, subject: &Subject) -> Option<Grid> {
    let mut arrays: Vec<&str> = Vec::new();
    for trace in report.methods.iter().flat_map(|method| &method.runs).flat_map(|run| &run.disparities) {
        if trace.array != ALL && !arrays.contains(&trace.array.as_str()) {
            arrays.push(&trace.array);
        }
    }
    let columns = [Head::words("method"), Head::number("all weights")].into_iter().chain(arrays.iter().map(|array| Head::number(*array)));
    let rows: Vec<Vec<Cell>> = report
        .methods
        .iter()
        .filter(|method| of(method, subject, ALL).next().is_some())
        .map(|method| {
            let ratios = std::iter::once(ALL).chain(arrays.iter().copied()).map(|array| {
                let (ratios, runs) = at_the_end(method, subject, array);
                let Some(ratio) = geometric_mean(&ratios) else { return Cell::text("none") };
                let sub = if ratios.len() < runs { vec![format!("{} of {runs} runs", ratios.len())] } else { Vec::new() };
                Cell { text: fixed(ratio, 2), sub, ..Cell::default() }
            });
            std::iter::once(Cell::text(&method.name)).chain(ratios).collect()
        })
        .collect();
    (!rows.is_empty()).then(|| Grid {
        title: format!("{}: after each run's last epoch, by weight array", heading(subject)),
        columns: columns.collect(),
        rows,
        ..Grid::default()
    })
}
