//! The table of methods: mean (std) over seeds or folds, published values beside ours.

use evenhand_catalog::Direction;
use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::{Column, Report};
use crate::html::grid::{Cell, Grid, Head};
use crate::naming;
use crate::views::tables::{self, BEST, MethodCell};

pub(super) const SECTION: Section = Section {
    id: "methods",
    title: "Results",
    folded: false,
    name: "sections/methods.html",
    template: include_str!("../../../templates/sections/methods.html"),
    content,
};

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let methods = tables::methods(report);
    if methods.columns.is_empty() {
        return None;
    }
    let gates: Vec<Value> = report
        .methods
        .iter()
        .map(|method| (method, naming::gates(method)))
        .filter(|(_, gates)| !gates.is_empty())
        .map(|(method, gates)| context! { name => method.name.clone(), gates => gates })
        .collect();
    let mut legend = Vec::new();
    if methods.marked {
        legend.push(format!("{BEST} and bold: {}; differences within the spread are not evidence of an order.", tables::best_of(report)));
    }
    if methods.published {
        legend.push("Published values stand under ours in smaller type.".to_owned());
    }
    legend.extend(methods.remarks.iter().cloned());
    let reading = methods.reading.clone();
    let grid = if methods.rows.len() == 1 { transposed(methods, legend) } else { grid(methods, legend) };
    Some(context! { reading => reading, grid => grid, gates => gates })
}

fn grid(methods: tables::Methods, remarks: Vec<String>) -> Grid {
    let mut spans: Vec<(String, usize)> = vec![(String::new(), 1)];
    for column in &methods.columns {
        let text = column.attribute.as_ref().map_or_else(|| "overall".to_owned(), |attribute| format!("between groups of {attribute}"));
        match spans.last_mut() {
            Some((last, width)) if *last == text => *width += 1,
            _ => spans.push((text, 1)),
        }
    }
    let mut columns = vec![Head::words("method")];
    columns.extend(methods.columns.iter().map(|column| Head { text: column.heading.clone(), sub: direction(column), number: true }));
    let rows = methods.rows.into_iter().map(|(name, cells)| {
        let mut row = vec![Cell::text(name)];
        row.extend(cells.into_iter().map(cell));
        row
    });
    Grid { spans, columns, rows: rows.collect(), notes: methods.notes, remarks, ..Grid::default() }
}

/// With a single method: a row a metric, a column an attribute.
fn transposed(methods: tables::Methods, remarks: Vec<String>) -> Grid {
    let (mut metrics, mut attributes): (Vec<String>, Vec<Option<String>>) = (Vec::new(), Vec::new());
    for column in &methods.columns {
        if !metrics.contains(&column.metric) {
            metrics.push(column.metric.clone());
        }
        if !attributes.contains(&column.attribute) {
            attributes.push(column.attribute.clone());
        }
    }
    let mut columns = vec![Head::words("metric"), Head::words("direction")];
    columns.extend(attributes.iter().map(|attribute| match attribute {
        None => Head::number("overall"),
        Some(name) => Head { text: name.clone(), sub: "between groups".to_owned(), number: true },
    }));
    let cells = methods.rows.into_iter().next().map_or_else(Vec::new, |(_, cells)| cells);
    let (mut rows, mut shown): (Vec<Vec<Cell>>, Vec<String>) = (Vec::new(), Vec::new());
    for metric in &metrics {
        let Some(first) = methods.columns.iter().find(|column| column.metric == *metric) else { continue };
        let mut row = vec![Cell::text(&first.heading), Cell { text: direction(first), class: "soft", ..Cell::default() }];
        for attribute in &attributes {
            let at = methods.columns.iter().position(|column| column.metric == *metric && column.attribute == *attribute);
            row.push(at.and_then(|at| cells.get(at)).cloned().map_or_else(Cell::default, cell));
        }
        // Several names of one number are one row.
        let same =
            |known: &&mut Vec<Cell>| known[1..].iter().zip(&row[1..]).all(|(one, other)| one.text == other.text && one.sub == other.sub);
        if tables::is_ratio(metric)
            && let Some(known) = rows.iter_mut().zip(&shown).filter(|(_, metric)| tables::is_ratio(metric)).map(|(row, _)| row).find(same)
        {
            known[0].sub.push(format!("also: {}", first.heading));
            continue;
        }
        shown.push(metric.clone());
        rows.push(row);
    }
    Grid { columns, rows, notes: methods.notes, remarks, ..Grid::default() }
}

/// Which way a column points, in words.
fn direction(column: &Column) -> String {
    match (column.direction, column.fair_value) {
        (Direction::Higher, _) => "higher is better".to_owned(),
        (Direction::Lower | Direction::NearFair, Some(fair)) => format!("{} at parity", crate::numbers::plain(fair)),
        (Direction::Lower, None) => "lower is better".to_owned(),
        _ => String::new(),
    }
}

fn cell(cell: MethodCell) -> Cell {
    let text = cell.std.map_or(cell.value.clone(), |std| format!("{} ({std})", cell.value));
    let mut sub = Vec::new();
    sub.extend(cell.interval);
    sub.extend(cell.published.map(|published| format!("published {published}")));
    let class = match (cell.best, cell.undefined) {
        (true, _) => "best",
        (_, true) => "undefined",
        _ => "",
    };
    Cell { text, sub, class, note: cell.note, svg: String::new() }
}
