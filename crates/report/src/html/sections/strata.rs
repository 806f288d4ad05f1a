//! Each attribute within jobs, sites or other strata: every cell, and what holds over all of them.

use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::{AttributeFindings, Report, Strata};
use crate::html::grid::{Cell, Grid, Head, Notes};
use crate::lookup;
use crate::numbers::{count, counted};
use crate::telling::{self, ratio, ratio_limit};
use crate::views::tables::{estimate_text, p_text};

pub(super) const SECTION: Section = Section {
    id: "strata",
    title: "Within jobs and other strata",
    folded: false,
    name: "sections/grids.html",
    template: include_str!("../../../templates/sections/grids.html"),
    content,
};

/// Rows of a table, at most.
const MOST_ROWS: usize = 60;

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let run = telling::only_run(report)?;
    let found: Vec<(&AttributeFindings, &Strata)> =
        run.attributes.iter().flat_map(|one| one.strata.iter().map(move |strata| (one, strata))).collect();
    let told: Vec<String> = found.iter().flat_map(|(_, strata)| strata.told.iter().cloned()).collect();
    let grids: Vec<Grid> =
        found.iter().flat_map(|(one, strata)| std::iter::once(cells(report, one, strata)).chain(adjusted(report, one, strata))).collect();
    let lead = "Impact ratio of each group within each row, against the highest rate of the row, and n below it. Darker is farther below; hatched: too few to compare.";
    (!grids.is_empty()).then(|| context! { lead => lead, told => told, grids => grids })
}

/// Impact ratios: a row a stratum, a column a group.
fn cells(report: &Report, one: &AttributeFindings, strata: &Strata) -> Grid {
    let limit = ratio_limit(report, &one.attribute).map(|check| check.limit);
    let last = limit.unwrap_or(0.8);
    let mut columns = vec![Head::words(&strata.by)];
    columns.extend(one.groups.iter().map(|group| Head::words(&group.name)));
    let rows = strata.strata.iter().take(MOST_ROWS).map(|stratum| {
        let mut row = vec![Cell { sub: vec![format!("n {}", count(stratum.n))], ..Cell::text(&stratum.name) }];
        row.extend(one.groups.iter().map(|group| {
            let Some(found) = stratum.selections.groups.iter().find(|found| found.group == group.name) else {
                return Cell { text: "none".to_owned(), class: "sm", ..Cell::default() };
            };
            let sub = vec![count(found.n)];
            match (found.impact_ratio.number(), &found.left_out) {
                (Some(value), None) => {
                    let class = match value {
                        _ if stratum.selections.highest.contains(&found.group) => "top2",
                        value if value < last => "b3",
                        value if value < f64::midpoint(last, 1.0) => "b2",
                        value if value < 0.95 => "b1",
                        _ => "",
                    };
                    let mark = match limit.and_then(|limit| telling::standing(&found.impact_ratio, limit)) {
                        Some(crate::Standing::Breached) => " ▼",
                        _ if limit.is_some_and(|limit| value < limit) => " ▽",
                        _ => "",
                    };
                    Cell { text: format!("{}{mark}", ratio(value, limit)), sub, class, ..Cell::default() }
                }
                (_, left) => {
                    Cell { text: if left.is_some() { "small" } else { "no ratio" }.to_owned(), sub, class: "sm", ..Cell::default() }
                }
            }
        }));
        row
    });
    let rows = rows.collect();
    let mut remarks = Vec::new();
    if strata.strata.len() > MOST_ROWS {
        remarks.push(format!(
            "The {MOST_ROWS} largest; {} further ones stand in {}.",
            strata.strata.len() - MOST_ROWS,
            if report.law.is_some() { "report.json" } else { "measures.csv" }
        ));
    }
    if limit.is_some() {
        remarks.push("▼ beyond the limit that was set with the whole interval; ▽ beyond it, not settled by these rows.".to_owned());
    }
    if strata.unknown > 0 {
        remarks.push(format!("{} without a value of {} are in the numbers of all rows alone.", counted(strata.unknown, "row"), strata.by));
    }
    Grid { class: "heat", title: format!("{} by {}", one.attribute, strata.by), columns, rows, remarks, ..Grid::default() }
}

/// Numbers that take the strata into account.
fn adjusted(report: &Report, one: &AttributeFindings, strata: &Strata) -> Option<Grid> {
    if strata.adjusted.is_empty() {
        return None;
    }
    let mut notes = Notes::default();
    let columns = vec![
        Head::words("number"),
        Head::words("of"),
        Head { text: "value".to_owned(), sub: "over the strata".to_owned(), number: true },
        Head { text: "strata".to_owned(), sub: "that inform it, of all".to_owned(), number: true },
        Head { text: "p".to_owned(), sub: "at parity".to_owned(), number: true },
        Head { text: "p".to_owned(), sub: "the strata share it".to_owned(), number: true },
    ];
    let p = |value: Option<f64>| Cell::text(value.map_or_else(String::new, p_text));
    let rows = strata.adjusted.iter().map(|adjusted| {
        let of = adjusted
            .groups
            .as_ref()
            .map_or_else(|| "largest pair of each stratum".to_owned(), |[one, other]| format!("{one} against {other}"));
        let value = match adjusted.estimate.reason() {
            Some(_) => Cell::estimate(&adjusted.estimate, 3, &mut notes),
            None => Cell::text(estimate_text(&adjusted.estimate)),
        };
        let known = evenhand_metrics::find(&adjusted.id).is_ok();
        let name = if known { lookup::heading(report, &adjusted.id) } else { capital(&adjusted.id) };
        vec![
            Cell::text(name),
            Cell::text(of),
            value,
            Cell::text(format!("{} of {}", adjusted.strata[0], adjusted.strata[1])),
            p(adjusted.p_value),
            p(adjusted.alike_p_value),
        ]
    });
    let rows = rows.collect();
    Some(Grid {
        title: format!("{} with {} taken into account", one.attribute, strata.by),
        columns,
        rows,
        notes: notes.0,
        remarks: vec![
            "p at parity: Cochran, Mantel and Haenszel. p the strata share it: Breslow and Day, with Tarone's correction.".to_owned(),
        ],
        ..Grid::default()
    })
}

/// `Mantel-Haenszel odds ratio` of `mantel-haenszel-odds-ratio`.
fn capital(id: &str) -> String {
    let words = id.replace("mantel-haenszel-", "Mantel-Haenszel ").replace('-', " ");
    if let Some(rest) = words.strip_prefix("Mantel Haenszel") { format!("Mantel-Haenszel{rest}") } else { words }
}
