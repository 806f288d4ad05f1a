//! How much more one group's rows pull at the weights than another's, over training.

use std::collections::BTreeMap;

use minijinja::{Value, context};

use super::Section;
use crate::html::charts::disparity::{self, Line};
use crate::html::charts::svg::Style;
use crate::html::grid::{Cell, Grid, Head};
use crate::lookup;
use crate::numbers::fixed;
use crate::report::{DisparityTrace, MethodReport, Report};

pub(super) const SECTION: Section = Section {
    id: "disparity",
    title: "Whose rows pull at the weights",
    name: "sections/disparity.html",
    template: include_str!("../../../templates/sections/disparity.html"),
    content,
};

/// The trace over all trained weights.
const ALL: &str = "all";

/// What one picture is about: a label and two groups.
type Subject = (bool, [String; 2]);

fn content(report: &Report) -> Option<Value> {
    let traces = || report.methods.iter().flat_map(|method| &method.runs).flat_map(|run| &run.disparities);
    let mut subjects: Vec<Subject> = traces().map(|trace| (trace.favourable, trace.groups.clone())).collect();
    subjects.sort();
    subjects.dedup();
    let runs = report.methods.iter().map(|method| method.runs.len()).max().unwrap_or(0);
    let over = if runs > 1 { format!(" Geometric mean over {runs} {}s.", lookup::unit(report)) } else { String::new() };
    let figures: Vec<_> = subjects
        .iter()
        .filter_map(|subject| {
            let lines: Vec<Line<'_>> = report
                .methods
                .iter()
                .enumerate()
                .filter_map(|(position, method)| Some((method.name.as_str(), Style(position), over_epochs(method, subject, ALL)?)))
                .collect();
            let [above, below] = &subject.1;
            let caption = format!("Pull of {above} over that of {below}, median over all weights; at the line both pull alike.{over}");
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

/// By epoch the geometric mean over the runs of the median ratio; epochs without a positive ratio are left out.
fn over_epochs(method: &MethodReport, subject: &Subject, array: &str) -> Option<Vec<(f64, f64)>> {
    let mut sums: BTreeMap<usize, (f64, usize)> = BTreeMap::new();
    for trace in of(method, subject, array) {
        for (epoch, median) in trace.epochs.iter().zip(&trace.median) {
            if let Some(median) = median.filter(|median| *median > 0.0) {
                let sum = sums.entry(*epoch).or_default();
                sum.0 += median.ln();
                sum.1 += 1;
            }
        }
    }
    let points: Vec<(f64, f64)> = sums.into_iter().map(|(epoch, (sum, n))| (epoch as f64, (sum / n as f64).exp())).collect();
    (!points.is_empty()).then_some(points)
}

/// The last epoch's ratio of every weight array.
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
                let last = over_epochs(method, subject, array).and_then(|points| points.last().copied());
                Cell::text(last.map_or_else(|| "none".to_owned(), |(_, ratio)| fixed(ratio, 2)))
            });
            std::iter::once(Cell::text(&method.name)).chain(ratios).collect()
        })
        .collect();
    (!rows.is_empty()).then(|| Grid {
        title: format!("{}: after the last epoch, by weight array", heading(subject)),
        columns: columns.collect(),
        rows,
        ..Grid::default()
    })
}
