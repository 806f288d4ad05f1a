//! What the reader must see beside the numbers.

use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::Report;
use crate::html::markup::ticked;

pub(super) const SECTION: Section = Section {
    id: "notes",
    title: "Notes",
    folded: false,
    name: "sections/notes.html",
    template: include_str!("../../../templates/sections/notes.html"),
    content,
};

/// Notes that stand open; the others are folded.
const MOST_NOTES: usize = 5;

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let notes: Vec<String> = report.notes.iter().map(|note| ticked(&note.text)).collect();
    let (open, folded) = notes.split_at(notes.len().min(MOST_NOTES));
    (!notes.is_empty()).then(|| context! { notes => open.to_vec(), folded => folded.to_vec() })
}
