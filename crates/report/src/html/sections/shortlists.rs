//! The lists of candidates by score and re-ranked: who stands among the first, and what it costs.

use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::Report;
use crate::html::charts::shares;
use crate::html::grid::Grid;
use crate::naming;
use crate::views::listing;

pub(super) const SECTION: Section = Section {
    id: "shortlists",
    title: "Shortlists before and after",
    folded: false,
    name: "sections/shortlists.html",
    template: include_str!("../../../templates/sections/shortlists.html"),
    content,
};

/// Methods whose shares are drawn, at most; the table has all of them.
const MOST_DRAWN: usize = 6;

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let tables: Vec<Grid> = listing::tables(report).into_iter().map(Grid::from).collect();
    if tables.is_empty() {
        return None;
    }
    let mut rows = Vec::new();
    for method in &report.methods {
        let Some(lists) = method.runs.first().and_then(|run| run.shortlists.as_ref()).filter(|lists| !lists.shares.is_empty()) else {
            continue;
        };
        let mut figures = vec![shares::figure(naming::BY_SCORE, &lists.shares, false)];
        if lists.reranker.is_some() {
            figures.push(shares::figure(naming::RERANKED, &lists.shares, true));
        }
        let title = if report.methods.len() > 1 { method.name.clone() } else { String::new() };
        // One ranking's table says it already.
        let told = if report.methods.len() > 1 { listing::told(lists) } else { String::new() };
        rows.push(context! { title => title, told => told, figures => figures });
    }
    let left = rows.len().saturating_sub(MOST_DRAWN);
    // Re-ranked lists say more than lists by score alone.
    rows.truncate(MOST_DRAWN);
    Some(context! { tables => tables, rows => rows, left => left })
}
