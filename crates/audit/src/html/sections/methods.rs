//! The table of methods: mean (std) over seeds or folds, published values beside ours.

use minijinja::{Value, context};

use super::Section;
use crate::html::grid::{Cell, Grid, Head};
use crate::report::Report;
use crate::view::{self, BEST, MethodCell};

pub(super) const SECTION: Section = Section {
    id: "methods",
    title: "Results",
    name: "sections/methods.html",
    template: include_str!("../../../templates/sections/methods.html"),
    content,
};

fn content(report: &Report) -> Option<Value> {
    let methods = view::methods(report);
    if methods.columns.is_empty() {
        return None;
    }
    let gates: Vec<Value> = report
        .methods
        .iter()
        .map(|method| (method, view::gates(method)))
        .filter(|(_, gates)| !gates.is_empty())
        .map(|(method, gates)| context! { name => method.name.clone(), gates => gates })
        .collect();
    let mut legend = Vec::new();
    if methods.marked {
        legend.push(format!(
            "{BEST} and bold: best of the column at the printed precision; differences within the spread are not evidence of an order."
        ));
    }
    if methods.published {
        legend.push("Published values stand under ours in smaller type.".to_owned());
    }
    legend.extend(methods.remarks.iter().cloned());
    Some(context! { reading => methods.reading.clone(), grid => grid(methods, legend), gates => gates })
}

fn grid(methods: view::Methods, remarks: Vec<String>) -> Grid {
    let mut spans: Vec<(String, usize)> = vec![(String::new(), 1)];
    for column in &methods.columns {
        let text = column.attribute.as_ref().map_or_else(|| "overall".to_owned(), |attribute| format!("between groups of {attribute}"));
        match spans.last_mut() {
            Some((last, width)) if *last == text => *width += 1,
            _ => spans.push((text, 1)),
        }
    }
    let mut columns = vec![Head::words("method")];
    columns.extend(methods.columns.iter().map(|column| Head {
        text: column.heading.clone(),
        sub: match (column.direction.as_str(), column.fair_value) {
            ("higher", _) => "higher is better".to_owned(),
            ("lower", Some(_)) => "0 at parity".to_owned(),
            ("lower", None) => "lower is better".to_owned(),
            ("near-fair", Some(fair)) => format!("{} at parity", crate::numbers::plain(fair)),
            _ => String::new(),
        },
        number: true,
    }));
    let rows = methods.rows.into_iter().map(|(name, cells)| {
        let mut row = vec![Cell::text(name)];
        row.extend(cells.into_iter().map(cell));
        row
    });
    Grid { title: String::new(), spans, columns, rows: rows.collect(), notes: methods.notes, remarks }
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
