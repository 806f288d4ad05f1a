//! The metrics that occur on the page, in a sentence each, from their cards.

use evenhand_catalog::Kind;
use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::Report;
use crate::views::listing;
use crate::views::tables::{compares, direction, shown_by_group};
use crate::{cards, lookup};

pub(super) const SECTION: Section = Section {
    id: "metrics",
    title: "What the metrics mean",
    folded: true,
    name: "sections/glossary.html",
    template: include_str!("../../../templates/sections/glossary.html"),
    content,
};

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let rows: Vec<Value> = occurring(report)
        .into_iter()
        .filter_map(cards::metric)
        .filter(|card| card.kind == Kind::Metric)
        .map(|card| {
            let heading = report.columns.iter().find(|column| column.metric == card.id).map_or(card.name, |column| &column.heading);
            context! { name => heading, summary => card.summary, direction => direction(card) }
        })
        .collect();
    (!rows.is_empty()).then(|| context! { rows => rows })
}

/// Ids of the metrics of all sections, each once, in the order in which they are met. What made rows teach is explained beside its table.
fn occurring(report: &Report) -> Vec<&str> {
    let mut ids: Vec<&str> = Vec::new();
    let mut add = |id| {
        if !ids.contains(&id) {
            ids.push(id);
        }
    };
    if !report.data.tilt.is_empty() {
        ["demographic-parity-difference", "spdd"].into_iter().for_each(&mut add);
    }
    let measured = |column: &&crate::document::Column| {
        report.methods.iter().any(|method| lookup::measured(method, &column.metric, column.attribute.as_deref()).is_some())
    };
    report.columns.iter().filter(measured).for_each(|column| add(&column.metric));
    listing::shown(report).into_iter().for_each(&mut add);
    for run in report.methods.iter().filter_map(|method| method.runs.first()) {
        for one in &run.attributes {
            let compared = one.findings.iter().filter(|finding| compares(finding));
            compared.chain(shown_by_group(&one.findings)).for_each(|finding| add(&finding.metric));
        }
    }
    ids
}
