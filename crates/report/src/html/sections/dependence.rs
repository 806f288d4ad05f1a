//! What the scores depend on: the attribute itself, the inputs, and the weights around the solution.

use evenhand_metrics::Estimate;
use minijinja::{Value, context};

use super::{Learners, Section};
use crate::averages::{mean, spread};
use crate::document::{Measured, MethodReport, Report, RunReport};
use crate::html::charts::{Figure, importance, landscape};
use crate::html::grid::{Cell, Grid, Head, Notes};
use crate::lookup;
use crate::numbers::{counted, fixed, percent};

pub(super) const SECTION: Section = Section {
    id: "dependence",
    title: "What the scores depend on",
    folded: true,
    name: "sections/dependence.html",
    template: include_str!("../../../templates/sections/dependence.html"),
    content,
};

/// Decimals of changes.
const PLACES: usize = 4;

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let swaps = swaps(report);
    let differences: Vec<Grid> =
        [("re-scored", rescored as fn(&RunReport) -> &[Measured]), ("fitted once more on swapped rows", retrained)]
            .into_iter()
            .filter_map(|(how, of)| differences(report, how, of))
            .collect();
    let importances = importances(report);
    let landscapes = landscapes(report);
    let any = swaps.is_some() || !differences.is_empty() || !importances.is_empty() || !landscapes.is_empty();
    any.then(|| context! { swaps => swaps, differences => differences, importances => importances, landscapes => landscapes })
}

fn rescored(run: &RunReport) -> &[Measured] {
    run.counterfactual.as_ref().map_or(&[], |found| &found.measured)
}

fn retrained(run: &RunReport) -> &[Measured] {
    run.counterfactual.as_ref().map_or(&[], |found| &found.retrained)
}

fn mean_and_spread(values: &[f64], places: usize) -> String {
    match (mean(values.iter().copied()), spread(values)) {
        (None, _) => "not measured".to_owned(),
        (Some(mean), None) => fixed(mean, places),
        (Some(mean), Some(std)) => format!("{} ({})", fixed(mean, places), fixed(std, places)),
    }
}

/// What becomes of scores and decisions when the attribute is another one.
fn swaps(report: &Report) -> Option<Grid> {
    let first = report.methods.iter().flat_map(|method| &method.runs).find_map(|run| run.counterfactual.as_ref())?;
    let mut columns = vec![Head::words("method"), Head::number("mean change of a score"), Head::number("decisions changed")];
    columns.extend(first.shifts.iter().map(|shift| Head {
        text: format!("{} as another group", shift.group),
        sub: format!("mean signed change, n = {}", crate::numbers::count(shift.n)),
        number: true,
    }));
    let mut rows = Vec::new();
    for method in &report.methods {
        let found: Vec<_> = method.runs.iter().filter_map(|run| run.counterfactual.as_ref()).collect();
        if found.is_empty() {
            continue;
        }
        let values =
            |of: &dyn Fn(&crate::document::Counterfactual) -> Option<f64>| -> Vec<f64> { found.iter().filter_map(|one| of(one)).collect() };
        let changed = values(&|one| Some(one.decisions_changed));
        let mut row = vec![
            Cell::text(&method.name),
            Cell::text(mean_and_spread(&values(&|one| Some(one.score_change)), PLACES)),
            Cell::text(mean(changed.iter().copied()).map_or_else(String::new, percent)),
        ];
        for shift in &first.shifts {
            let of =
                |one: &crate::document::Counterfactual| one.shifts.iter().find(|other| other.group == shift.group).map(|other| other.mean);
            row.push(Cell::text(mean_and_spread(&values(&of), PLACES)));
        }
        rows.push(row);
    }
    Some(Grid {
        title: format!("The same candidates with another {}", first.attribute),
        columns,
        rows,
        remarks: vec![format!(
            "Means (standard deviations) over {}s. Only the attribute is re-written; what depends on it in the world is not, so 0 is necessary \
             for counterfactual fairness and does not prove it.",
            lookup::unit(report)
        )],
        ..Grid::default()
    })
}

/// By how much each number of the main table changes on swapped rows.
fn differences(report: &Report, how: &str, of: fn(&RunReport) -> &[Measured]) -> Option<Grid> {
    let first = report.methods.iter().flat_map(|method| &method.runs).map(of).find(|measured| !measured.is_empty())?;
    let mut columns = vec![Head::words("method")];
    columns.extend(first.iter().map(|one| Head {
        text: lookup::heading(report, &one.metric),
        sub: one.attribute.clone().unwrap_or_default(),
        number: true,
    }));
    columns.push(Head { text: "mean".to_owned(), sub: "of the absolute differences".to_owned(), number: true });
    let mut notes = Notes::default();
    let mut rows = Vec::new();
    for method in report.methods.iter().filter(|method| method.runs.iter().any(|run| !of(run).is_empty())) {
        let mut row = vec![Cell::text(&method.name)];
        let mut sizes = Vec::new();
        for one in first {
            match difference(method, one, of) {
                Some((real, swapped)) => {
                    let size = (swapped - real).abs();
                    sizes.push(size);
                    row.push(Cell {
                        text: fixed(size, PLACES),
                        sub: vec![format!("{} to {}", fixed(real, PLACES), fixed(swapped, PLACES))],
                        ..Cell::default()
                    });
                }
                None => row.push(Cell::estimate(&Estimate::undefined("undefined in one of the runs"), PLACES, &mut notes)),
            }
        }
        row.push(Cell::text(mean(sizes.iter().copied()).map_or_else(|| "undefined".to_owned(), |mean| fixed(mean, PLACES))));
        rows.push(row);
    }
    let runs = report.methods.iter().map(|method| method.runs.len()).max().unwrap_or(0);
    Some(Grid {
        title: format!("Absolute differences of the metrics on swapped rows, {how}"),
        columns,
        rows,
        notes: notes.0,
        remarks: vec![format!(
            "Difference of the means over {}; the groups that are compared stay the real ones.",
            counted(runs, lookup::unit(report))
        )],
        ..Grid::default()
    })
}

/// Mean over the runs of a number on the real rows and on swapped ones; `None` where one of them is undefined.
fn difference(method: &MethodReport, one: &Measured, of: fn(&RunReport) -> &[Measured]) -> Option<(f64, f64)> {
    let (mut real, mut swapped) = (Vec::new(), Vec::new());
    for run in method.runs.iter().filter(|run| !of(run).is_empty()) {
        real.push(lookup::finding(run, &one.metric, one.attribute.as_deref())?.estimate.number()?);
        let found = of(run).iter().find(|other| other.metric == one.metric && other.attribute == one.attribute)?;
        swapped.push(found.estimate.number()?);
    }
    mean(real.iter().copied()).zip(mean(swapped.iter().copied()))
}

fn importances(report: &Report) -> Vec<Figure> {
    let found: Vec<_> = report.methods.iter().filter_map(|method| Some((method, method.runs.first()?.importances.as_ref()?))).collect();
    let range = found
        .iter()
        .flat_map(|(_, one)| &one.inputs)
        .filter_map(|one| Some((one.importance.number()?, one.std.unwrap_or(0.0))))
        .fold((0.0_f64, 0.0_f64), |(low, high), (mean, std)| (low.min(mean - std), high.max(mean + std)));
    let figure = |(method, one): &(&MethodReport, &crate::document::Importances)| {
        importance::figure(&method.name, one, &lookup::heading(report, &one.performance), range)
    };
    found.iter().filter(|(_, one)| !one.inputs.is_empty()).map(figure).collect()
}

fn landscapes(report: &Report) -> Vec<Figure> {
    let found: Vec<_> = report.methods.iter().filter_map(|method| Some((method, method.runs.first()?.landscape.as_ref()?))).collect();
    let range = found
        .iter()
        .map(|(_, one)| landscape::extremes(one))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |range, one| (range.0.min(one.0), range.1.max(one.1)));
    found.iter().map(|(method, one)| landscape::figure(&method.name, one, range)).collect()
}
