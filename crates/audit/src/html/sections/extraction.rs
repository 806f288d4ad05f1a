//! How well the recordings behind the rows could be read, overall and by group.

use minijinja::{Value, context};

use super::Section;
use crate::extraction::tables;
use crate::html::grid::Grid;
use crate::report::Report;

pub(super) const SECTION: Section = Section {
    id: "extraction",
    title: "Extraction",
    name: "sections/extraction.html",
    template: include_str!("../../../templates/sections/extraction.html"),
    content,
};

fn content(report: &Report) -> Option<Value> {
    let extraction = report.extraction.as_ref()?;
    let grids: Vec<Grid> = tables(extraction).into_iter().map(Grid::from).collect();
    Some(context! { grids => grids, notes => extraction.notes.clone() })
}
