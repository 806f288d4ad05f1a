//! The limits that were set, and where each number lies.

use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::Report;
use crate::html::grid::Grid;
use crate::views::tables::{limits_table, verdict};

pub(super) const SECTION: Section = Section {
    id: "limits",
    title: "Limits",
    folded: false,
    name: "sections/grids.html",
    template: include_str!("../../../templates/sections/grids.html"),
    content,
};

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    if report.limits.is_empty() {
        return None;
    }
    let mut grid = Grid { title: String::new(), ..Grid::from(limits_table(report)) };
    for (row, check) in grid.rows.iter_mut().zip(&report.limits) {
        for cell in row.iter_mut().filter(|cell| !check.met && cell.text == verdict(check)) {
            cell.class = "breached";
        }
    }
    let lead = "Set by whoever asked for this report; the program has none of its own. A limit is kept or breached by the whole interval, or these rows do not settle it.";
    Some(context! { lead => lead, grids => vec![grid] })
}
