//! Documents in Markdown that laws ask owners of a tool for, with what a report knows filled in.
//!
//! What a report does not know stands as `[to be filled by the owner: ...]`: nothing is guessed. The headings were made from secondary descriptions of the
//! laws; each document says so.

mod annex_iv;
mod colorado_sb26_189;

use std::fmt::Write as _;

use evenhand_catalog::nearest;
use evenhand_metrics::{Estimate, Finding};
use evenhand_report::{Report, lookup, views};

use crate::AuditError;
use crate::numbers::{count, fixed, ratio_of, significant};

/// What a model's folder tells beside the report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelFacts {
    /// Digest of its files.
    pub digest: String,
    /// Training method with its parameters, in words.
    pub method: String,
    /// Data that it was trained on, in words.
    pub data: String,
    /// Its inputs.
    pub features: Vec<String>,
}

/// Makes a document.
pub type Skeleton = fn(&Report, Option<&ModelFacts>) -> String;

/// The documents: id and maker.
pub const SKELETONS: &[(&str, Skeleton)] = &[("annex-iv", annex_iv::document), ("colorado-sb26-189", colorado_sb26_189::document)];

/// The document with this id, filled from a report.
///
/// ```
/// use evenhand_audit::{AuditSettings, audit, law::skeletons};
/// use evenhand_rows::Scored;
///
/// let scored = Scored::from_arrays(vec![0.9, 0.2, 0.6, 0.4], ("gender", &["f", "m", "f", "m"]), None).unwrap();
/// let report = audit(&scored, &AuditSettings::default()).unwrap();
/// let text = skeletons::document("annex-iv", &report, None).unwrap();
/// assert!(text.contains("[to be filled by the owner: "));
/// assert!(skeletons::document("annex-4", &report, None).is_err());
/// ```
pub fn document(id: &str, report: &Report, model: Option<&ModelFacts>) -> Result<String, AuditError> {
    let known: Vec<&str> = SKELETONS.iter().map(|(known, _)| *known).collect();
    let Some((_, make)) = SKELETONS.iter().find(|(known, _)| *known == id) else {
        let near = nearest(id, known.iter().copied()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(AuditError::Request(format!("there is no document `{id}`{near}; known are {}", known.join(", "))));
    };
    Ok(make(report, model))
}

/// What nobody but the owner can tell.
fn owner(what: &str) -> String {
    format!("[to be filled by the owner: {what}]")
}

/// What a person told, or that the owner is to fill it in.
fn told(text: Option<&String>, what: &str) -> String {
    text.map_or_else(|| owner(what), |text| plain(text))
}

/// A text of the rows or of a person that changes nothing around it.
fn plain(text: &str) -> String {
    evenhand_report::marks::visible(text).chars().fold(String::with_capacity(text.len()), |mut plain, sign| {
        match sign {
            '\n' | '\r' | '\t' => plain.push(' '),
            '<' => plain.push_str("&lt;"),
            '&' => plain.push_str("&amp;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '#' | '\\' => {
                plain.push('\\');
                plain.push(sign);
            }
            sign if sign.is_control() => {}
            sign => plain.push(sign),
        }
        plain
    })
}

/// A number of a metric with its interval; a ratio of rates stays on its side of four fifths.
fn number(metric: &str, estimate: &Estimate) -> String {
    let told = |value: f64| if views::tables::is_ratio(metric) { ratio_of(3, value, None) } else { significant(value) };
    match (estimate, estimate.interval()) {
        (Estimate::Undefined { undefined }, _) => format!("undefined ({})", plain(undefined)),
        (Estimate::Value { value, .. }, Some(ends)) => {
            format!("{} [{}, {}]", told(*value), significant(ends.low), significant(ends.high))
        }
        (Estimate::Value { value, .. }, None) => told(*value),
    }
}

/// The head of a document.
fn head(title: &str, law: &str, report: &Report) -> String {
    let versions: Vec<String> = report.versions.iter().map(|(name, version)| format!("{} {}", plain(name), plain(version))).collect();
    format!(
        "# {title}\n\n{law} Read on 2026-11-30 from secondary descriptions, not from the text: check the text. This document is a skeleton with what the report \
         \"{}\" knows; it is evidence and no legal opinion. Made by {}.\n",
        plain(&report.title),
        versions.join(", ")
    )
}

/// Who audited what, when.
fn particulars(report: &Report) -> String {
    let of = report.particulars.clone().unwrap_or_default();
    let lines = [
        ("Tool and version", told(of.tool.as_ref(), "name and version of the tool")),
        ("Maker", told(of.vendor.as_ref(), "who makes the tool")),
        ("User", told(of.client.as_ref(), "who uses the tool")),
        ("Auditor", told(of.auditor.as_ref(), "who measured what stands below")),
        ("Independence of the auditor", told(of.independence.as_ref(), "how the auditor stands to maker and user")),
        ("Day of the measurement", told(of.audit_date.as_ref(), "day")),
    ];
    lines.iter().fold(String::new(), |text, (name, value)| text + &format!("- {name}: {value}\n"))
}

/// The rows that were measured.
fn data(report: &Report) -> String {
    let of = report.particulars.clone().unwrap_or_default();
    let mut text = format!(
        "- Source: {}\n- Period: {}\n- Rows: {}\n",
        told(of.data_source.as_ref(), "where the data came from, how it was collected and selected"),
        told(of.data_period.as_ref(), "first and last day"),
        count(report.data.rows)
    );
    if let Some(test_data) = &of.test_data {
        let _ = writeln!(text, "- Test data: {}", plain(test_data));
    }
    for file in &report.data.files {
        let _ = writeln!(text, "- File: {}, {} bytes, sha256 {}", plain(&file.name), file.bytes, file.sha256);
    }
    for attribute in &report.data.attributes {
        let groups: Vec<String> = attribute.groups.iter().map(|group| format!("{} {}", plain(&group.name), count(group.n))).collect();
        let _ = writeln!(text, "- People by {}: {}; unknown {}", plain(&attribute.name), groups.join(", "), count(attribute.unknown));
    }
    for note in &report.data.notes {
        let _ = writeln!(text, "- Noted on reading: {}", plain(note));
    }
    text
}

/// The numbers of the report's main table, with intervals and counts.
fn measured(report: &Report) -> String {
    let mut text = String::new();
    if let Some(selected) = &report.selected {
        let _ = writeln!(text, "Selected: {}.\n", plain(selected));
    }
    let mut rows = Vec::new();
    for method in &report.methods {
        let Some(run) = method.runs.first() else { continue };
        for column in &report.columns {
            let found: Option<&Finding> = lookup::finding(run, &column.metric, column.attribute.as_deref());
            let Some(finding) = found else { continue };
            let by = column.attribute.as_ref().map_or_else(|| "all".to_owned(), |name| plain(name));
            rows.push(format!(
                "| {} | {} | {by} | {} | {} |",
                plain(&method.name),
                plain(&column.heading),
                number(&finding.metric, &finding.estimate),
                count(finding.n)
            ));
        }
    }
    if rows.is_empty() {
        text.push_str(&owner("measured performance and gaps between groups"));
        text.push('\n');
    } else {
        let _ = writeln!(text, "| method | number | of | value [interval] | n |\n|---|---|---|---|---|\n{}", rows.join("\n"));
    }
    for table in report.law.iter().flat_map(|law| &law.tables) {
        let title = if table.classification.is_empty() {
            plain(&table.title)
        } else {
            format!("{}, {}", plain(&table.title), plain(&table.classification))
        };
        let _ = writeln!(
            text,
            "\n{title} (unknown: {})\n\n| group | n | {} | rate | impact ratio |\n|---|---|---|---|---|",
            count(table.selections.unknown),
            table.selections.counted.word()
        );
        for group in &table.selections.groups {
            let rate = group.rate.number().map_or_else(|| "undefined".to_owned(), |rate| fixed(rate, 3));
            let ratio = match (&group.left_out, views::law::impact_ratio(group)) {
                (Some(reason), _) => format!("left out: {}", plain(reason)),
                (None, Some(ratio)) => ratio,
                (None, None) => "undefined".to_owned(),
            };
            let _ = writeln!(text, "| {} | {} | {} | {rate} | {ratio} |", plain(&group.group), count(group.n), count(group.selected));
        }
    }
    text
}

/// Limits that were set, and how they stand.
fn limits(report: &Report) -> String {
    if report.limits.is_empty() {
        return format!("- {}\n", owner("the limits that were set for gaps and performance, and why these"));
    }
    report.limits.iter().fold(String::new(), |text, check| text + &format!("- {}\n", plain(&check.explanation)))
}

/// The model.
fn model(facts: Option<&ModelFacts>) -> String {
    let Some(facts) = facts else {
        return format!(
            "- Digest: {}\n- Method: {}\n- Training data: {}\n- Inputs: {}\n",
            owner("a digest that tells this model from others"),
            owner("training method with its parameters"),
            owner("what the model was trained on, where it came from, how it was labelled and cleaned"),
            owner("the inputs of the model")
        );
    };
    let or_owner = |text: &str, what: &str| if text.is_empty() { owner(what) } else { plain(text) };
    format!(
        "- Digest: {}\n- Method: {}\n- Training data: {}\n- Inputs: {}\n",
        or_owner(&facts.digest, "a digest that tells this model from others"),
        or_owner(&facts.method, "training method with its parameters"),
        or_owner(&facts.data, "what the model was trained on, where it came from, how it was labelled and cleaned"),
        or_owner(&facts.features.join(", "), "the inputs of the model")
    )
}
