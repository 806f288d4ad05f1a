//! The working papers of a rule: its tables with intervals and tests, and what whoever publishes must know.

use minijinja::{Value, context};

use super::selections::{rates, tests};
use super::{Learners, Section};
use crate::document::Report;
use crate::html::grid::{Grid, Head};
use crate::telling;

pub(super) const SECTION: Section = Section {
    id: "law",
    title: "Working papers of the rule",
    folded: false,
    name: "sections/grids.html",
    template: include_str!("../../../templates/sections/grids.html"),
    content,
};

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let law = report.law.as_ref()?;
    let known = telling::selected(report);
    let mut grids: Vec<Grid> = Vec::new();
    for table in &law.tables {
        let title =
            if table.classification.is_empty() { table.title.clone() } else { format!("{}: {}", table.classification, table.title) };
        // The same rows stand above with all that is known of them.
        if known.iter().any(|(one, selections)| one.attribute == table.attribute && **selections == table.selections) {
            continue;
        }
        let mut grid = rates(&title, &table.selections, None);
        let mut heads = table.headings.iter();
        for head in grid.columns.iter_mut().skip(1).take(4) {
            *head = Head::number(heads.next().cloned().unwrap_or_default());
        }
        grids.push(grid);
        grids.extend(tests(&title, &table.selections));
    }
    let facts = vec![
        ("Rule", law.name.clone()),
        ("Paragraph", law.paragraph.clone()),
        ("Preset", law.made()),
        ("Tables", law.tables.iter().map(|table| table.title.as_str()).collect::<Vec<_>>().join("; ")),
    ];
    let told: Vec<String> = law.remarks.iter().chain(&law.statements).cloned().collect();
    let lead = "For whoever publishes; the summary holds the tables as they are published.";
    Some(context! { lead => lead, facts => facts, told => told, grids => grids })
}
