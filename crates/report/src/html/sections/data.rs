//! What is known of the data: groups with their sizes, the label, the tilt at each stage, sensitive inputs, what was left out.

use minijinja::{Value, context};

use super::{Learners, Section};
use evenhand_metrics::Estimate;

use crate::document::{AttributeSummary, DataSummary, Report};
use crate::html::charts::svg::Svg;
use crate::html::charts::tilt as picture;
use crate::html::grid::{Cell, Grid, Head, Notes, places};
use crate::lookup;
use crate::numbers::{count, percent, significant};

pub(super) const SECTION: Section = Section {
    id: "data",
    title: "Data",
    folded: true,
    name: "sections/data.html",
    template: include_str!("../../../templates/sections/data.html"),
    content,
};

#[allow(clippy::unnecessary_wraps, reason = "the signature is that of every section")]
fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let data = &report.data;
    let label = data.label.as_ref().map(|label| {
        let positive = if label.kind == "binary" {
            String::new()
        } else {
            format!("; counted as high at or above {}", significant(data.own_label(label.threshold)))
        };
        format!("{} ({}), mean {}{positive}", label.name, label.kind, significant(data.own_label(label.mean)))
    });
    let attributes: Vec<Grid> = data.attributes.iter().map(|attribute| groups(attribute, data)).collect();
    let mut tilts: Vec<Value> = Vec::new();
    let binary = data.label.as_ref().is_some_and(|label| label.kind == "binary");
    for attribute in lookup::attributes(report) {
        let names = lookup::groups(report, &attribute);
        let figures: Vec<_> = data
            .tilt
            .iter()
            .filter(|tilt| tilt.attribute == attribute)
            .map(|tilt| picture::figure(tilt, &names, binary, data.label_scale))
            .collect();
        if !figures.is_empty() {
            tilts.push(context! { name => attribute.clone(), grid => tilt(report, &attribute), figures => figures });
        }
    }
    Some(context! {
        name => data.name.clone(),
        loader => data.loader.clone(),
        rows => count(data.rows),
        label => label,
        features => data.features.clone(),
        sensitive => data.sensitive_features.clone(),
        attributes => attributes,
        tilts => tilts,
        // What the reader must see stands at the top already.
        notes => data.notes.iter().filter(|note| !report.notes.iter().any(|remark| remark.text == **note)).cloned().collect::<Vec<_>>(),
    })
}

/// The groups of one attribute with a bar each.
fn groups(attribute: &AttributeSummary, data: &DataSummary) -> Grid {
    let label = data.label.as_ref();
    let total: usize = attribute.groups.iter().map(|group| group.n).sum::<usize>() + attribute.unknown;
    let largest = attribute.groups.iter().map(|group| group.n).chain([attribute.unknown]).max().unwrap_or(0);
    let share = |n: usize| if total == 0 { 0.0 } else { n as f64 / total as f64 };
    // Of labels that are 0 or 1 the mean is the share of positive ones.
    let mean = label.is_some_and(|label| label.kind != "binary");
    let mut notes = Notes::default();
    let mut columns = vec![Head::words("group"), Head::number("rows"), Head::number("share"), Head::words("")];
    if let Some(label) = label {
        let positive = if label.kind == "binary" {
            "positive labels".to_owned()
        } else {
            format!("labels ≥ {}", crate::numbers::plain(data.own_label(label.threshold)))
        };
        columns.push(Head::number(positive));
        if mean {
            columns.push(Head::number("mean label"));
        }
    }
    let mut rows: Vec<Vec<Cell>> = attribute
        .groups
        .iter()
        .map(|group| {
            let mut row =
                vec![Cell::text(&group.name), Cell::text(count(group.n)), Cell::text(percent(share(group.n))), bar(group.n, largest)];
            if label.is_some() {
                row.push(Cell::estimate(&group.positive_rate, 3, &mut notes));
            }
            if mean {
                let own = |mean: f64| Estimate::value(data.own_label(mean));
                let mean = group.mean_label.number().map_or_else(|| group.mean_label.clone(), own);
                row.push(Cell::estimate(&mean, 3, &mut notes));
            }
            row
        })
        .collect();
    if attribute.unknown > 0 {
        let n = attribute.unknown;
        let mut row = vec![
            Cell { text: "unknown".to_owned(), class: "undefined", ..Cell::default() },
            Cell::text(count(n)),
            Cell::text(percent(share(n))),
            bar(n, largest),
        ];
        row.resize_with(columns.len(), Cell::default);
        rows.push(row);
    }
    let remarks =
        if attribute.unknown > 0 { vec!["Rows of unknown group are counted and left out of every gap.".to_owned()] } else { Vec::new() };
    Grid { title: attribute.name.clone(), columns, rows, notes: notes.0, remarks, ..Grid::default() }
}

fn bar(n: usize, largest: usize) -> Cell {
    let mut svg = Svg::new(160.0, 12.0);
    svg.rectangle(0.0, 1.0, if largest == 0 { 0.0 } else { 160.0 * n as f64 / largest as f64 }, 10.0, "bar f0");
    Cell::drawing(svg.finish(&count(n)))
}

/// The tilt of one attribute, stage by stage.
fn tilt(report: &Report, attribute: &str) -> Grid {
    let mut notes = Notes::default();
    let tilts: Vec<_> = report.data.tilt.iter().filter(|tilt| tilt.attribute == attribute).collect();
    let (privileged, unprivileged) = tilts.first().map_or(("", ""), |tilt| (tilt.privileged.as_str(), tilt.unprivileged.as_str()));
    let mut columns = vec![Head::words("stage"), Head::number("n")];
    for band in ["high", "low"] {
        columns.extend([privileged, unprivileged].map(|group| Head { text: group.to_owned(), sub: band.to_owned(), number: true }));
    }
    columns.push(Head { text: "alpha".to_owned(), sub: "1 at balance".to_owned(), number: true });
    columns.push(Head { text: "DP difference".to_owned(), sub: "of the labels".to_owned(), number: true });
    columns.push(Head { text: "SPDD".to_owned(), sub: "of the labels".to_owned(), number: true });
    let difference = places(tilts.iter().map(|tilt| &tilt.demographic_parity_difference));
    let spdd = places(tilts.iter().map(|tilt| &tilt.spdd));
    let rows = tilts.iter().map(|tilt| {
        let mut row = vec![Cell::text(&tilt.stage), Cell::text(count(tilt.n))];
        row.extend(tilt.cells.map(|cell| Cell::text(count(cell))));
        row.push(Cell::estimate(&tilt.alpha, 3, &mut notes));
        row.push(Cell::estimate(&tilt.demographic_parity_difference, difference, &mut notes));
        row.push(Cell::estimate(&tilt.spdd, spdd, &mut notes));
        row
    });
    let rows = rows.collect();
    let mut remarks = Vec::new();
    if let Some(tilt) = tilts.first() {
        remarks.push(format!("High: label at or above {}; low: below it.", significant(report.data.own_label(tilt.threshold))));
    }
    Grid { title: String::new(), columns, rows, notes: notes.0, remarks, ..Grid::default() }
}
