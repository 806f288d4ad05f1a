//! The training curves of each method.

use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::{Report, RunReport};
use crate::html::charts::curve;
use crate::lookup;

pub(super) const SECTION: Section = Section {
    id: "training",
    title: "Training",
    folded: true,
    name: "sections/figures.html",
    template: include_str!("../../../templates/sections/figures.html"),
    content,
};

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let rows: Vec<Value> = report
        .methods
        .iter()
        .filter(|method| method.runs.iter().any(|run| !run.epochs.is_empty()))
        .map(|method| {
            let mut figures = vec![curve::loss(&method.runs)];
            figures.extend(curve::terms(&method.runs));
            context! { class => "five", title => method.name.clone(), figures => figures }
        })
        .collect();
    let several = report.methods.iter().any(|method| method.runs.len() > 1);
    let mut lead =
        if several { format!("Full lines: the first {}; faint lines: the others.", lookup::unit(report)) } else { String::new() };
    let long = |(place, run): (usize, &RunReport)| curve::is_thinned(run.epochs.len(), place == 0);
    if report.methods.iter().any(|method| method.runs.iter().enumerate().any(long)) {
        lead.push_str(" Long curves are drawn at evenly spaced epochs; report.json holds every epoch.");
    }
    (!rows.is_empty()).then(|| context! { lead => lead.trim_start(), rows => rows })
}
