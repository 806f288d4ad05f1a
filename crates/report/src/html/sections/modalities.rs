//! What a scorer of recordings rests on: its scores without picture, voice or words; and the further targets it learned.

use evenhand_metrics::{Estimate, Finding};
use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::{MethodReport, Report, RunReport};
use crate::html::grid::{Cell, Grid, Head, Notes};
use crate::lookup;
use crate::numbers::{count, fixed};

pub(super) const SECTION: Section = Section {
    id: "modalities",
    title: "Picture, voice and words",
    folded: true,
    name: "sections/modalities.html",
    template: include_str!("../../../templates/sections/modalities.html"),
    content,
};

/// Decimals of every number here.
const PLACES: usize = 3;

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let grids = |table: fn(&Report, &MethodReport, &RunReport) -> Option<Grid>| -> Vec<Grid> {
        report.methods.iter().filter_map(|method| table(report, method, method.runs.first()?)).collect()
    };
    let (modalities, targets) = (grids(modalities), grids(targets));
    (!modalities.is_empty() || !targets.is_empty()).then(|| context! { modalities => modalities, targets => targets })
}

/// Headings of the columns that hold findings.
fn heads(report: &Report, findings: &[Finding]) -> Vec<Head> {
    findings.iter().map(|finding| Head::number(lookup::heading(report, &finding.metric))).collect()
}

fn cells(findings: &[Finding], notes: &mut Notes) -> Vec<Cell> {
    findings.iter().map(|finding| Cell::estimate(&finding.estimate, PLACES, notes)).collect()
}

fn modalities(report: &Report, method: &MethodReport, run: &RunReport) -> Option<Grid> {
    let first = run.modalities.first()?;
    let mut notes = Notes::default();
    let mut columns = vec![Head::words("scored"), Head::number("rows that have it"), Head::number("mean change of a score")];
    columns.extend(heads(report, &first.findings));
    let attribute = run.attributes.first().map(|attribute| attribute.attribute.clone());
    let mut row = vec![Cell::text("with everything"), Cell::default(), Cell::default()];
    for finding in &first.findings {
        let known = lookup::finding(run, &finding.metric, None).or_else(|| lookup::finding(run, &finding.metric, attribute.as_deref()));
        let bare = known.map_or_else(|| Estimate::undefined("not measured"), |known| without_interval(&known.estimate));
        row.push(Cell::estimate(&bare, PLACES, &mut notes));
    }
    let mut rows = vec![row];
    for one in &run.modalities {
        let mut row =
            vec![Cell::text(format!("without {}", one.modality)), Cell::text(count(one.rows)), Cell::text(fixed(one.score_change, PLACES))];
        row.extend(cells(&one.findings, &mut notes));
        rows.push(row);
    }
    Some(Grid { title: method.name.clone(), columns, rows, notes: notes.0, ..Grid::default() })
}

fn without_interval(estimate: &Estimate) -> Estimate {
    match estimate.number() {
        Some(number) => Estimate::value(number),
        None => estimate.clone(),
    }
}

fn targets(report: &Report, method: &MethodReport, run: &RunReport) -> Option<Grid> {
    let first = run.targets.first()?;
    let mut notes = Notes::default();
    let mut columns = vec![Head::words("target")];
    columns.extend(heads(report, &first.findings));
    let rows = run.targets.iter().map(|target| {
        let mut row = vec![Cell::text(target.target.clone())];
        row.extend(cells(&target.findings, &mut notes));
        row
    });
    let rows = rows.collect();
    Some(Grid { title: method.name.clone(), columns, rows, notes: notes.0, ..Grid::default() })
}
