//! The tables that a rule asks for, as they are published.

use super::Markup;
use crate::document::{GroupSelection, LawTable, Report};
use crate::numbers::{count, fixed, percent};

/// The tables and what the rule wants said beside them.
pub(super) fn tables(report: &Report, body: &mut Markup) {
    let Some(law) = &report.law else { return };
    body.raw("<section><h2>")
        .text(&law.name)
        .raw("</h2>")
        .element("p class=\"sub\"", &format!("{}. These tables were {}.", law.paragraph, law.made()));
    for table in &law.tables {
        of(table, body);
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

fn of(table: &LawTable, body: &mut Markup) {
    let title = if table.classification.is_empty() { table.title.clone() } else { format!("{}: {}", table.classification, table.title) };
    body.raw("<table class=\"plain law\">").named("caption", &title).raw("<thead><tr>").element("th scope=\"col\"", &table.title);
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
        body.close("th");
        body.element("td class=\"r\"", &count(group.n)).element("td class=\"r\"", &count(group.selected));
        body.element("td class=\"r\"", &group.rate.number().map_or_else(|| "not estimable".to_owned(), percent));
        body.element(if group.left_out.is_some() { "td class=\"r why\"" } else { "td class=\"r\"" }, &last_cell(group)).raw("</tr>\n");
    }
    body.raw("</tbody></table>\n");
    let (n, selected) = (table.selections.unknown, table.selections.unknown_selected);
    let word = table.selections.counted.word();
    body.element("p class=\"note\"", &format!("Unknown, in no row of this table: {}, {} of them {word}.", count(n), count(selected)));
}

/// The ratio, or that there is none.
fn last_cell(group: &GroupSelection) -> String {
    match (&group.left_out, group.impact_ratio.number()) {
        (Some(_), _) => "not calculated".to_owned(),
        (None, Some(ratio)) => fixed(ratio, 2),
        (None, None) => "not estimable".to_owned(),
    }
}
