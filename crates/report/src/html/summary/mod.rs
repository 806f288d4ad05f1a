//! The summary: one or two printed pages for people who decide about a tool, without a script. Its sentences are those of [`crate::telling`].

mod cards;
mod dots;
mod heat;
mod law;
mod lists;
mod plot;
mod silence;
mod strip;

use evenhand_rows::digest;

use super::markup::{MARK, Markup, escaped, ticked};
use super::policy::{page_rule, policy};
use crate::document::{RemarkKind, Report, ReportKind};
use crate::error::ReportError;
use crate::numbers::shorten;
use crate::views::Table;
use crate::{marks, telling};

const BASE: &str = include_str!("../../../templates/base.css");
const STYLE: &str = include_str!("../../../templates/summary.css");

/// Remarks that stand on the first screen, at most.
const MOST_REMARKS: usize = 3;

/// The summary of a report: one or two printed pages without a script. The same report gives the same bytes.
pub fn summary(report: &Report) -> Result<String, ReportError> {
    let sha256 = digest::of_bytes(report.to_json()?.as_bytes());
    let report = &*marks::shown(report);
    let mut body = Markup::default();
    body.raw("<main>\n");
    strip::strip(report, &mut body);
    body.named("h1", &telling::title(report)).raw("\n");
    strip::particulars(report, &mut body);
    remarks(report, telling::is_of_collapse, &mut body);
    if report.law.is_none() {
        sentences(report, &mut body);
    }
    remarks(report, |kind| telling::is_grave(kind) && !telling::is_of_collapse(kind), &mut body);
    match report.kind {
        _ if report.law.is_some() => law::tables(report, &mut body),
        ReportKind::Audit => {
            cards::of_audit(report, &mut body);
            dots::section(report, &mut body);
            heat::section(report, &mut body);
        }
        ReportKind::Run | ReportKind::Comparison | ReportKind::Sweep => {
            cards::of_methods(report, &mut body);
            plot::section(report, &mut body);
            if report.methods.len() == 1 {
                dots::section(report, &mut body);
            }
        }
        ReportKind::Ranking => lists::shortlists(report, &mut body),
        ReportKind::Balancing => lists::balance(report, &mut body),
    }
    limits(report, &mut body);
    silence::section(report, &mut body);
    strip::foot(report, &sha256, &mut body);
    body.raw("</main>\n");
    let version = report.versions.get("evenhand").map_or_else(String::new, |version| format!(" {version}"));
    let left = format!("Evenhand{version} · report sha256 {}…", &sha256[..8]);
    let style = format!("{BASE}{}\n{STYLE}", page_rule(&left, &shorten(&report.title, 60)));
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"generator\" content=\"evenhand\">\n<meta name=\"description\" content=\"{}\">\n\
         <title>{}</title>\n<style>{style}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
        policy(&style, None),
        escaped(&description(report)),
        escaped(&telling::title(report)),
        body.0
    ))
}

/// What a search engine or a reader of bookmarks shows of the page.
fn description(report: &Report) -> String {
    match &report.law {
        Some(_) => telling::title(report),
        None => telling::say(report).first().map_or_else(String::new, telling::Words::text),
    }
}

/// The paragraph under the title.
fn sentences(report: &Report, body: &mut Markup) {
    let said = telling::say(report);
    if said.is_empty() {
        return;
    }
    body.raw("<p class=\"say\">");
    for (place, words) in said.iter().enumerate() {
        body.raw(if place > 0 { " " } else { "" }).words(words);
    }
    body.raw("</p>\n");
}

/// What casts doubt on the numbers themselves; scores that say nothing come before everything else.
fn remarks(report: &Report, of: impl Fn(RemarkKind) -> bool, body: &mut Markup) {
    let found: Vec<_> = report.notes.iter().filter(|note| of(note.kind)).take(MOST_REMARKS).collect();
    if !found.is_empty() {
        body.raw("<ul class=\"warn\">");
        for note in found {
            body.raw("<li>").raw(&ticked(&note.text)).raw("</li>");
        }
        body.raw("</ul>\n");
    }
}

/// The limits that were set.
fn limits(report: &Report, body: &mut Markup) {
    // The figures of an audit show the limits of impact ratios.
    let shown = |check: &crate::document::LimitCheck| {
        telling::selected(report)
            .iter()
            .take(cards::MOST)
            .any(|(one, _)| telling::ratio_limit(report, &one.attribute).is_some_and(|known| std::ptr::eq(known, check)))
    };
    let left: Vec<_> = report.limits.iter().filter(|check| !shown(check)).cloned().collect();
    if left.is_empty() || report.law.is_some() {
        return;
    }
    body.raw("<section class=\"keep\"><h2>The limits that were set</h2><p class=\"sub\">Set by whoever asked for this report; the program has none of its own.</p>");
    let table = crate::views::tables::limits_table(&Report { limits: left, ..report.clone() });
    let wanted: Vec<usize> =
        table.headers.iter().enumerate().filter(|(_, header)| *header != "how it was judged").map(|(at, _)| at).collect();
    let pick = |row: &[String]| wanted.iter().filter_map(|at| row.get(*at).cloned()).collect::<Vec<_>>();
    let table = Table {
        title: String::new(),
        headers: pick(&table.headers),
        right_aligned: wanted.iter().map(|at| table.right_aligned[*at]).collect(),
        rows: table.rows.iter().map(|row| pick(row)).collect(),
        footnotes: Vec::new(),
    };
    plain_table(&table, body);
    body.raw("</section>\n");
}

/// A plain table, its title as a caption.
fn plain_table(table: &Table, body: &mut Markup) {
    body.raw("<table class=\"plain\">");
    if !table.title.is_empty() {
        body.element("caption", &table.title);
    }
    let class = |at: usize| if table.right_aligned.get(at).copied().unwrap_or_default() { " class=\"r\"" } else { "" };
    body.raw("<thead><tr>");
    for (at, header) in table.headers.iter().enumerate() {
        if header.is_empty() {
            body.raw("<td></td>")
        } else {
            body.element(&format!("th scope=\"col\"{}", class(at)), header)
        };
    }
    body.raw("</tr></thead><tbody>");
    for row in &table.rows {
        body.raw("<tr>");
        for (at, cell) in row.iter().enumerate() {
            body.element(&if at == 0 { "th scope=\"row\"".to_owned() } else { format!("td{}", class(at)) }, cell);
        }
        body.raw("</tr>");
    }
    body.raw("</tbody></table>\n");
    for note in &table.footnotes {
        body.element("p class=\"note\"", note);
    }
}
