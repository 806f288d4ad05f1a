//! How well the recordings behind the rows could be read, overall and by group.

use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::Report;
use crate::html::grid::Grid;
use crate::views::extraction::tables;

pub(super) const SECTION: Section = Section {
    id: "extraction",
    title: "Extraction",
    folded: true,
    name: "sections/extraction.html",
    template: include_str!("../../../templates/sections/extraction.html"),
    content,
};

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let extraction = report.extraction.as_ref()?;
    let grids: Vec<Grid> = tables(extraction).into_iter().map(Grid::from).collect();
    Some(context! { grids => grids, notes => extraction.notes.clone() })
}
