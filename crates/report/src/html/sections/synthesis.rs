//! Rows made in the place of real ones.

use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::Report;
use crate::html::charts::curve;
use crate::html::grid::Grid;
use crate::views::making;

pub(super) const SECTION: Section = Section {
    id: "synthesis",
    title: "Made rows",
    folded: true,
    name: "sections/synthesis.html",
    template: include_str!("../../../templates/sections/synthesis.html"),
    content,
};

fn content(report: &Report, learners: Learners<'_>) -> Option<Value> {
    let methods: Vec<Value> = report
        .methods
        .iter()
        .filter_map(|method| {
            let made = method.runs.first()?.synthesis.as_ref()?;
            let tables: Vec<Grid> = making::of(made, learners).into_iter().map(Grid::from).collect();
            let figures: Vec<_> = (!made.losses.is_empty()).then(|| curve::rivals(&made.losses)).into_iter().collect();
            let name = if report.methods.len() > 1 { method.name.clone() } else { String::new() };
            Some(context! { name => name, by => made.method.id.clone(), tables => tables, figures => figures })
        })
        .collect();
    let open = methods.len() <= 2;
    (!methods.is_empty()).then(|| context! { methods => methods, open => open })
}
