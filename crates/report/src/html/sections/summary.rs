//! The finding: the summary's sentences, what casts doubt on them, and what was compared.

use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::{RemarkKind, Report, ReportKind, Sizes};
use crate::html::markup::{Markup, escaped, ticked};
use crate::numbers::{count, counted};
use crate::{lookup, telling};

pub(super) const SECTION: Section = Section {
    id: "summary",
    title: "Finding",
    folded: false,
    name: "sections/summary.html",
    template: include_str!("../../../templates/sections/summary.html"),
    content,
};

/// Grave remarks that stand under the title, at most.
const MOST_GRAVE: usize = 4;

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let mut said = Markup::default();
    for (place, words) in telling::say(report).iter().enumerate() {
        said.raw(if place > 0 { " " } else { "" }).words(words);
    }
    let of_kind =
        |of: fn(RemarkKind) -> bool| report.notes.iter().filter(move |note| of(note.kind)).take(MOST_GRAVE).map(|note| ticked(&note.text));
    let heads: Vec<String> = of_kind(telling::is_of_collapse).collect();
    let grave = of_kind(|kind| telling::is_grave(kind) && !telling::is_of_collapse(kind));
    let grave: Vec<String> = grave.chain(telling::read_at_the_decision(report).as_deref().map(escaped)).collect();
    Some(context! { said => said.0, facts => facts(report), heads => heads, grave => grave })
}

/// Short facts under the title.
fn facts(report: &Report) -> Vec<String> {
    let mut facts = vec![format!("data: {}, {}", report.data.name, counted(report.data.rows, "row"))];
    let names = lookup::attributes(report);
    if !names.is_empty() {
        facts.push(format!("compared by: {}", names.join(", ")));
    }
    let runs = report.methods.iter().map(|method| method.runs.len()).max().unwrap_or(0);
    match report.kind {
        ReportKind::Audit | ReportKind::Ranking | ReportKind::Balancing => {}
        ReportKind::Sweep => {
            let swept = report.methods.iter().filter(|method| method.swept.is_some()).count();
            let beside =
                report.methods.iter().find(|method| method.swept.is_none()).map_or_else(String::new, |one| format!(" and {}", one.name));
            facts.push(format!("{}{beside} × {}", counted(swept, "value"), counted(runs, lookup::unit(report))));
        }
        _ => facts.push(format!("{} × {}", counted(report.methods.len(), "method"), counted(runs, lookup::unit(report)))),
    }
    // Gates before the model change the rows that a method has.
    let sizes = || report.methods.iter().filter_map(|method| Some(&method.runs.first()?.sizes));
    let span = |of: &dyn Fn(&Sizes) -> usize| match (sizes().map(of).min(), sizes().map(of).max()) {
        (Some(least), Some(most)) if least < most => format!("{} to {} rows", count(least), count(most)),
        (_, most) => counted(most.unwrap_or(0), "row"),
    };
    if let Some(most) = sizes().map(|sizes| sizes.train).max() {
        let tested = span(&|sizes| sizes.test);
        facts.push(match most {
            0 => format!("measured on {tested}"),
            _ => format!("trained on {}, measured on {tested} held out", span(&|sizes| sizes.train)),
        });
    }
    facts
}
