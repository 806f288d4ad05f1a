//! What could not be estimated and why, and what the numbers do not say.

use super::Markup;
use crate::document::{GroupSelection, Report, ReportKind};
use crate::lookup;
use crate::numbers::{count, counted, percent, plain};
use crate::telling;

/// Groups that are named one by one.
const MOST_NAMED: usize = 3;

fn item(body: &mut Markup, head: &str, text: &str) {
    body.raw("<li>").named("b", head).text(" ").text(text).raw("</li>\n");
}

/// Both lists side by side.
pub(super) fn section(report: &Report, body: &mut Markup) {
    let mut missed = Markup::default();
    missing(report, &mut missed);
    // What is published for a rule has no heading over nothing.
    let alone = missed.0.is_empty() && report.law.is_some();
    if missed.0.is_empty() {
        missed.raw("<li><b>Nothing</b> Every number that was asked for could be estimated.</li>\n");
    }
    body.raw(if alone { "<section class=\"two one\">" } else { "<section class=\"two\">" });
    if !alone {
        body.raw("<div><h2>What could not be estimated, and why</h2><ul>\n").raw(&missed.0).raw("</ul></div>");
    }
    body.raw("<div><h2>What these numbers do not say</h2><ul>\n");
    unsaid(report, body);
    body.raw("</ul></div></section>\n");
}

fn missing(report: &Report, body: &mut Markup) {
    // The tables of a rule say below each who is left out and who is unknown.
    let selected = if report.law.is_some() { Vec::new() } else { telling::selected(report) };
    for (one, selections) in &selected {
        let left: Vec<(&GroupSelection, &str)> =
            selections.groups.iter().filter_map(|group| Some((group, group.left_out.as_deref()?))).collect();
        let all = selections.n + selections.unknown;
        if left.len() <= MOST_NAMED {
            for (group, reason) in &left {
                let rate =
                    group.rate.number().map_or_else(String::new, |rate| format!(", {} {}", percent(rate), selections.counted.word()));
                item(
                    body,
                    &group.group,
                    &format!(
                        "{} ({}){rate}. Not compared by {}: {reason}.",
                        counted(group.n, "candidate"),
                        percent(group.n as f64 / all.max(1) as f64),
                        one.attribute
                    ),
                );
            }
        } else {
            let names: Vec<String> = left.iter().map(|(group, _)| format!("{} ({})", group.group, count(group.n))).collect();
            let mut reasons: Vec<&str> = left.iter().map(|(_, reason)| *reason).collect();
            reasons.sort_unstable();
            reasons.dedup();
            item(
                body,
                &format!("{} of {} groups of {}", left.len(), selections.groups.len(), one.attribute),
                &format!("{}. Not compared: {}.", names.join("; "), reasons.join("; ")),
            );
        }
    }
    let unknown: Vec<String> = selected
        .iter()
        .filter(|(_, selections)| selections.unknown > 0)
        .map(|(one, selections)| {
            let share = selections.unknown_selected as f64 / selections.unknown as f64;
            format!("{} {}, {} {}", one.attribute, count(selections.unknown), percent(share), selections.counted.word())
        })
        .collect();
    if !unknown.is_empty() {
        item(body, "Candidates of unknown group.", &format!("{}. They count in no group.", unknown.join("; ")));
    }
    if report.law.is_none() && selected.is_empty() {
        for attribute in report.data.attributes.iter().filter(|attribute| attribute.unknown > 0) {
            item(body, &format!("Unknown {}", attribute.name), &format!("{}. They count in no group.", counted(attribute.unknown, "row")));
        }
    }
    let mut reasons: Vec<(String, usize)> = Vec::new();
    let estimates = if report.law.is_some() {
        of_the_rule(report)
    } else {
        lookup::estimates(report).iter().filter_map(|place| Some(place.estimate.reason()?.to_owned())).collect()
    };
    for place in &estimates {
        match reasons.iter_mut().find(|(known, _)| known == place) {
            Some((_, times)) => *times += 1,
            None => reasons.push((place.clone(), 1)),
        }
    }
    for (reason, times) in reasons.iter().take(MOST_NAMED) {
        let what = if report.law.is_some() { "impact ratio" } else { "number" };
        item(body, &counted(*times, what), &format!("could not be estimated: {reason}."));
    }
    if reasons.len() > MOST_NAMED {
        item(body, &counted(reasons.len() - MOST_NAMED, "further reason"), &format!("They stand in the {}.", telling::everything(report)));
    }
    for strata in selected.first().into_iter().flat_map(|(one, _)| &one.strata).filter(|strata| strata.unknown > 0) {
        item(
            body,
            &format!("No {}", strata.by),
            &format!("{} have no value of {}: they are in the numbers of all rows alone.", counted(strata.unknown, "candidate"), strata.by),
        );
    }
}

/// Why the tables of a rule lack ratios of categories that are compared; what else the working papers hold is no matter of these tables.
fn of_the_rule(report: &Report) -> Vec<String> {
    let groups = report.law.iter().flat_map(|law| &law.tables).flat_map(|table| &table.selections.groups);
    groups.filter(|group| group.left_out.is_none()).filter_map(|group| Some(group.impact_ratio.reason()?.to_owned())).collect()
}

fn unsaid(report: &Report, body: &mut Markup) {
    item(body, "Why the groups differ.", "A ratio or a gap shows that a score and a group go together on these rows, not the cause.");
    let (head, text) = match (report.kind, &report.data.label) {
        (ReportKind::Audit, None) => (
            "Whether the score is right.",
            "The data holds no outcome on the job, so nothing here measures whether those selected do well.",
        ),
        (ReportKind::Balancing, _) => {
            ("What a model makes of the rows.", "Balanced rows do not say how a model trained on them will treat the groups.")
        }
        _ => {
            ("Whether the label is right.", "Performance is agreement with the label of these rows, which is itself somebody's judgement.")
        }
    };
    item(body, head, text);
    let limits = match report.limits.first() {
        Some(check) if report.law.is_none() => {
            format!("Limits, such as {}, were set by whoever asked for this report; none is built in.", plain(check.limit))
        }
        _ => "No limit is built in.".to_owned(),
    };
    item(body, "Whether a law is kept.", &format!("This is evidence, not a legal opinion. {limits}"));
    if let Some(told) = telling::read_at_the_decision(report) {
        item(body, "Whether the group may be read at the decision.", &told);
    }
    item(body, "Anything about emotions.", "No emotion is inferred, and no number here stands for one.");
    // Who publishes the tables of a rule keeps the curves.
    if report.kind == ReportKind::Audit
        && report.law.is_none()
        && report
            .methods
            .iter()
            .flat_map(|method| &method.runs)
            .flat_map(|run| &run.attributes)
            .any(|one| one.pass_rates.is_some() && !telling::decisions_alone(one))
    {
        item(body, "What happens at another cut-off.", "The expert report shows every cut-off.");
    }
}
