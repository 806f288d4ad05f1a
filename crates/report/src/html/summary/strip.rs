//! Who, when, what: the strip at the top, the particulars under the title, and digests and versions at the end.

use super::{MARK, Markup};
use crate::document::{Counted, Law, Particulars, Report, ReportKind};
use crate::lookup;
use crate::numbers::{count, counted, percent};
use crate::telling;

/// What stands where nobody said anything.
const NOT_GIVEN: &str = "not given";

/// From when the tool is used.
const IN_USE: &str = "In use from (distribution date)";

/// The line at the very top.
pub(super) fn strip(report: &Report, body: &mut Markup) {
    let date = report.particulars.as_ref().and_then(|particulars| particulars.audit_date.as_deref());
    let kind = if report.law.is_some() { "bias audit" } else { telling::kind(report) };
    body.raw("<div class=\"top\">").raw(MARK).raw("<b>Evenhand</b> ").element("span", &format!("{kind}, summary"));
    // What a rule does not ask for is not said to be missing.
    let date = date.or((report.law.is_none()).then_some("date not given"));
    body.raw(" ").element("span class=\"r\"", date.unwrap_or_default()).raw("</div>\n");
}

fn fact(body: &mut Markup, class: &str, term: &str, text: &str) {
    body.raw(if class.is_empty() { "<div>" } else { "<div class=\"w\">" }).element("dt", term).named("dd", text).raw("</div>");
}

/// What was audited, when, by whom, at which threshold on which scale, and how many people.
pub(super) fn particulars(report: &Report, body: &mut Markup) {
    let none = Particulars::default();
    let given = report.particulars.as_ref().unwrap_or(&none);
    let or_not = |text: &Option<String>| text.clone().unwrap_or_else(|| NOT_GIVEN.to_owned());
    body.raw("<dl class=\"meta\">");
    let audit = report.kind == ReportKind::Audit;
    if let Some(law) = &report.law {
        of_a_rule(report, law, given, body);
        body.raw("</dl>\n");
        return;
    }
    if audit {
        fact(body, "w", "Audited by", &auditor(given).unwrap_or_else(|| NOT_GIVEN.to_owned()));
        fact(body, "w", "What was audited", &made_by(given.tool.as_ref().unwrap_or(&report.data.name), given));
        fact(body, "", "Date of the audit", &or_not(&given.audit_date));
        if given.distribution_date.is_some() {
            fact(body, "", IN_USE, &or_not(&given.distribution_date));
        }
    } else {
        fact(body, "w", "What was measured", &subject(report));
        fact(body, "", "Date", &or_not(&given.audit_date));
    }
    if audit || report.selected.is_some() {
        fact(body, "w", "Counted as selected", &or_not(&report.selected));
    }
    fact(body, "w", "Data", &people(report, given));
    if given.data_source.is_some() {
        fact(body, "w", "Data source", &or_not(&given.data_source));
    }
    if let Some(test) = &given.test_data {
        fact(body, "w", "Test data in the place of historical data", test);
    }
    // Of an audit the unknown are told with their selections, below.
    if telling::selected(report).is_empty() {
        fact(body, "w", "Group unknown", &unknown(report));
    }
    body.raw("</dl>\n");
}

/// Who audited, for whom, and how they stand to the tool.
fn auditor(given: &Particulars) -> Option<String> {
    let mut by = given.auditor.clone()?;
    if let Some(client) = &given.client {
        by = format!("{by}, for {client}");
    }
    if let Some(independence) = &given.independence {
        by = format!("{by} ({independence})");
    }
    Some(by)
}

fn made_by(tool: &str, given: &Particulars) -> String {
    given.vendor.as_ref().map_or_else(|| tool.to_owned(), |vendor| format!("{tool}, made by {vendor}"))
}

/// What is published beside the tables of a rule: what was told, and no more; each rule wants other things.
fn of_a_rule(report: &Report, law: &Law, given: &Particulars, body: &mut Markup) {
    let counted = law.tables.first().map_or(Counted::Selected, |table| table.selections.counted);
    let facts = [
        ("w", "Audited by", auditor(given)),
        ("w", "For", given.client.clone().filter(|_| given.auditor.is_none())),
        ("w", "What was audited", given.tool.as_ref().map(|tool| made_by(tool, given))),
        ("", "Date of the bias audit", given.audit_date.clone()),
        ("", IN_USE, given.distribution_date.clone()),
        (
            "w",
            match counted {
                Counted::Selected => "Counted as selected",
                Counted::AboveMedian => "Counted as above the median",
            },
            report.selected.clone(),
        ),
        ("w", "Data source", given.data_source.clone()),
        (
            "",
            "Data from",
            Some(given.data_period.clone().unwrap_or_else(|| "[to be filled in: first and last day of the data]".to_owned())),
        ),
        ("w", "Test data in the place of historical data", given.test_data.clone()),
    ];
    for (class, term, text) in facts {
        if let Some(text) = text {
            fact(body, class, term, &text);
        }
    }
}

fn subject(report: &Report) -> String {
    let runs = report.methods.iter().map(|method| method.runs.len()).max().unwrap_or(0);
    match report.kind {
        ReportKind::Sweep => format!("{} over {}", counted(report.methods.len(), "setting"), counted(runs, lookup::unit(report))),
        ReportKind::Ranking | ReportKind::Balancing => {
            let first = report.methods.first();
            let gates = first.map(crate::naming::gates).filter(|gates| !gates.is_empty());
            let lists = first.and_then(|method| method.runs.first()?.shortlists.as_ref());
            let reranker = lists.and_then(|lists| Some(lists.reranker.as_ref()?.id.clone()));
            gates.or(reranker).unwrap_or_else(|| telling::kind(report).to_owned())
        }
        _ => format!("{} over {}", counted(report.methods.len(), "method"), counted(runs, lookup::unit(report))),
    }
}

/// How many people, of which data.
fn people(report: &Report, given: &Particulars) -> String {
    let without = match report.data.unscored {
        0 => String::new(),
        more => format!(" and {} without a score, who are not counted", count(more)),
    };
    let mut parts = vec![counted(report.data.rows, "candidate") + &without, report.data.name.clone()];
    let tested = report.methods.iter().filter_map(|method| method.runs.first()).map(|run| run.sizes.test).max().unwrap_or(0);
    if tested > 0 && tested != report.data.rows && matches!(report.kind, ReportKind::Run | ReportKind::Comparison | ReportKind::Sweep) {
        parts.insert(1, format!("{} held out", count(tested)));
    }
    let strata = telling::selected(report).first().and_then(|(one, _)| one.strata.first());
    if let Some(strata) = strata {
        // `12 jobs`, but no `12 citys`.
        let regular = strata.by.chars().all(|letter| letter.is_ascii_lowercase()) && !strata.by.ends_with(['s', 'x', 'y', 'h']);
        let n = strata.strata.len();
        parts.push(if regular { counted(n, &strata.by) } else { format!("{} of {}", counted(n, "value"), strata.by) });
    }
    parts.extend(given.data_period.clone());
    parts.join(", ")
}

/// How many people are of unknown group, by attribute.
fn unknown(report: &Report) -> String {
    let data = report.data.attributes.iter();
    let parts: Vec<String> = data
        .filter(|attribute| attribute.unknown > 0)
        .map(|attribute| {
            let all = attribute.groups.iter().map(|group| group.n).sum::<usize>() + attribute.unknown;
            format!("{} {} ({})", attribute.name, count(attribute.unknown), percent(attribute.unknown as f64 / all.max(1) as f64))
        })
        .collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// Files that are named.
const MOST_FILES: usize = 3;

/// Digests, versions, and where everything else stands.
pub(super) fn foot(report: &Report, sha256: &str, body: &mut Markup) {
    body.raw("<footer class=\"foot\"><div>");
    for file in report.data.files.iter().take(MOST_FILES) {
        // What is published for a rule names no file of the house: the digest tells it.
        if report.law.is_none() {
            body.raw("Input: ")
                .name(&file.name)
                .text(&format!(", {} bytes", count(usize::try_from(file.bytes).unwrap_or(usize::MAX))))
                .raw("<br>sha256 ");
        } else {
            body.raw("Input data sha256 ");
        }
        body.element("code", &file.sha256).raw("<br>");
    }
    if report.data.files.len() > MOST_FILES {
        let everything = telling::everything(report);
        body.text(&format!("{} further files stand in the {everything}.", report.data.files.len() - MOST_FILES)).raw("<br>");
    }
    body.raw("report.json sha256 ").element("code", sha256).raw("</div><div>");
    let versions = report.versions.iter().filter(|(name, _)| name.as_str() != "report format");
    let versions: Vec<String> = versions.map(|(name, version)| format!("{name} {version}")).collect();
    body.text(&format!("Versions: {}; report format {}.", versions.join(", "), report.format));
    if report.law.is_some() {
        body.raw("</div><div>The same tables with every digit, and the ratios as fractions: tables.csv of the same run.");
    } else {
        body.raw("<br>How it was asked stands in full in the expert report.");
        body.raw("</div><div>All numbers: the expert report, report.json and measures.csv of the same run.");
    }
    body.raw("</div><div>Evidence, not a legal opinion.</div></footer>\n");
}
