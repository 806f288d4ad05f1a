//! The tables that a rule asks for, as they are published.

use std::fmt::Write as _;

use evenhand_metrics::Estimate;

use super::{Markup, plain_table};
use crate::document::{FEW_PEOPLE, GroupSelection, LawTable, Report};
use crate::numbers::{count, fixed, percent};
use crate::views::{Table, law as views};

/// Jobs (or other strata) that are shown with their lowest ratio, for each attribute; `tables.csv` holds them all.
const MOST_WITHIN: usize = 6;

/// The tables and what the rule wants said beside them.
pub(super) fn tables(report: &Report, body: &mut Markup) {
    let Some(law) = &report.law else { return };
    body.raw("<section class=\"long\"><h2>Rates and impact ratios</h2>")
        .element("p class=\"sub\"", &format!("{}, {}.", law.name, law.paragraph));
    let (pooled, within): (Vec<&LawTable>, Vec<&LawTable>) = law.tables.iter().partition(|table| table.within.is_none());
    for table in pooled {
        of(table, body);
    }
    let mut open = within.as_slice();
    while let Some((first, _)) = open.split_first() {
        let alike = |table: &&LawTable| {
            table.attribute == first.attribute && table.classification == first.classification && by(table) == by(first)
        };
        let (these, rest) = open.split_at(open.iter().take_while(|table| alike(table)).count());
        worst(these, body);
        open = rest;
    }
    if !law.statements.is_empty() {
        body.raw("<ul class=\"told\">");
        for statement in &law.statements {
            body.element("li", statement);
        }
        body.raw("</ul>");
    }
    body.raw("</section>\n");
}

/// The column whose values the table is within.
fn by(table: &LawTable) -> &str {
    table.within.as_ref().map_or("", |[by, _]| by.as_str())
}

fn title(table: &LawTable, of: &str) -> String {
    if table.classification.is_empty() { of.to_owned() } else { format!("{}: {of}", table.classification) }
}

fn of(table: &LawTable, body: &mut Markup) {
    body.raw("<table class=\"plain law\">")
        .named("caption", &title(table, &table.title))
        .raw("<thead><tr>")
        .element("th scope=\"col\"", &table.title);
    for heading in &table.headings {
        body.element("th scope=\"col\" class=\"r\"", heading);
    }
    body.raw("</tr></thead><tbody>\n");
    for group in &table.selections.groups {
        body.raw(if group.left_out.is_some() { "<tr class=\"g\">" } else { "<tr>" }).open("th scope=\"row\"").name(&group.group);
        // Why there is no ratio stands under the name, where a narrow page has room.
        if let Some(reason) = group.left_out.as_deref().or(group.impact_ratio.reason()) {
            body.element("small", reason);
        }
        let few = group.left_out.is_none() && group.n < FEW_PEOPLE;
        if few {
            body.element("small", &format!("too few to tell much: {} {}", count(group.n), if group.n == 1 { "person" } else { "people" }));
        }
        body.close("th");
        body.element("td class=\"r\"", &count(group.n)).element("td class=\"r\"", &count(group.selected));
        // Of few people the number alone would pass for a certain one.
        let between = |estimate: &Estimate, written: fn(f64) -> String, body: &mut Markup| {
            if let Some(interval) = estimate.interval().filter(|_| few) {
                body.element("small", &format!("{} to {}", written(interval.low), written(interval.high)));
            }
        };
        body.open("td class=\"r\"").text(&rate(group));
        between(&group.rate, percent, body);
        body.close("td").open(if group.left_out.is_some() { "td class=\"r why\"" } else { "td class=\"r\"" }).text(&last_cell(group));
        between(&group.impact_ratio, |end| fixed(end, 2), body);
        body.raw("</td></tr>\n");
    }
    body.raw("</tbody></table>\n");
    body.element("p class=\"note\"", &views::unknown_told(table));
}

fn rate(group: &GroupSelection) -> String {
    group.rate.number().map_or_else(|| "not estimable".to_owned(), percent)
}

/// The ratio, or that there is none.
fn last_cell(group: &GroupSelection) -> String {
    views::impact_ratio(group).unwrap_or_else(|| if group.left_out.is_some() { "not calculated" } else { "not estimable" }.to_owned())
}

/// Of the tables of one attribute within jobs the groups with the lowest ratios: a row a job.
fn worst(tables: &[&LawTable], body: &mut Markup) {
    let Some(first) = tables.first() else { return };
    let lowest = |table: &&LawTable| -> Option<(f64, Vec<String>)> {
        let compared = table.selections.groups.iter().filter(|group| group.left_out.is_none());
        let compared = compared.filter_map(|group| Some((group.impact_ratio.number()?, group)));
        let (ratio, group) = compared.min_by(|one, other| one.0.total_cmp(&other.0))?;
        let job = table.within.as_ref().map_or_else(String::new, |[_, job]| job.clone());
        Some((ratio, vec![job, group.group.clone(), count(group.n), count(group.selected), rate(group), last_cell(group)]))
    };
    let mut rows: Vec<(f64, Vec<String>)> = tables.iter().filter_map(lowest).collect();
    rows.sort_by(|one, other| one.0.total_cmp(&other.0));
    let none = tables.len() - rows.len();
    let hidden = rows.len().saturating_sub(MOST_WITHIN);
    let attribute = first.title.split(" within ").next().unwrap_or(&first.title);
    let mut note = format!("The group of the lowest impact ratio within each {}, lowest first", by(first));
    if hidden > 0 {
        let _ = write!(note, "; {hidden} more are not shown");
    }
    if none > 0 {
        let _ = write!(note, "; {none} without an impact ratio");
    }
    note += ". All tables stand in tables.csv.";
    let table = Table {
        title: title(first, &format!("{attribute} within {}", by(first))),
        headers: [by(first), attribute].into_iter().map(str::to_owned).chain(first.headings.iter().cloned()).collect(),
        right_aligned: vec![false, false, true, true, true, true],
        rows: rows.into_iter().take(MOST_WITHIN).map(|(_, row)| row).collect(),
        footnotes: vec![note],
    };
    // Few rows, which a page break would only part from their heading.
    body.raw("<div class=\"keep\">");
    plain_table(&table, body);
    body.raw("</div>\n");
}
