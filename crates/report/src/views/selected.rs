//! Who is selected in each group, and the same within strata, as plain tables.

use evenhand_metrics::Estimate;

use crate::document::{AttributeFindings, Report, Selections, Strata};
use crate::numbers::{count, fixed, percent};
use crate::telling::{self, ratio, ratio_limit, ratio_text};
use crate::views::tables::{Table, p_text};

/// Rates, ratios and tests of every attribute of an audit, then each attribute within the strata of each column that was asked for.
pub fn tables(report: &Report) -> Vec<Table> {
    let mut tables = Vec::new();
    for (one, selections) in telling::selected(report) {
        let limit = ratio_limit(report, &one.attribute).map(|check| check.limit);
        tables.push(rates(&one.attribute, selections, limit));
    }
    for (one, _) in telling::selected(report) {
        tables.extend(one.strata.iter().map(|strata| within(report, one, strata)));
    }
    tables
}

fn rates(attribute: &str, selections: &Selections, limit: Option<f64>) -> Table {
    let tested = selections.groups.iter().any(|group| group.tests.is_some());
    let word = selections.counted.word();
    let mut table = Table {
        title: format!("{attribute}: who is {word}"),
        headers: ["group", "n", word, "rate", "impact ratio"].map(str::to_owned).to_vec(),
        right_aligned: vec![false, true, true, true, true],
        ..Table::default()
    };
    if tested {
        table.headers.extend(["p, Fisher", "p, Holm", "z"].map(str::to_owned));
        table.right_aligned.extend([true; 3]);
    }
    for group in &selections.groups {
        let rate = match &group.rate {
            Estimate::Undefined { .. } => "undefined".to_owned(),
            Estimate::Value { value, interval: None } => percent(*value),
            Estimate::Value { value, interval: Some(interval) } => {
                format!("{} [{}, {}]", percent(*value), percent(interval.low), percent(interval.high))
            }
        };
        let ratio = match &group.left_out {
            Some(reason) => format!("not compared: {reason}"),
            None => ratio_text(&group.impact_ratio, limit),
        };
        let mut row = vec![group.group.clone(), count(group.n), count(group.selected), rate, ratio];
        if tested {
            row.extend(match &group.tests {
                Some(tests) => [
                    p_text(tests.fisher),
                    p_text(tests.fisher_holm),
                    tests.z.number().map_or_else(|| "undefined".to_owned(), |z| fixed(z, 2)),
                ],
                None => [const { String::new() }; 3],
            });
        }
        table.rows.push(row);
    }
    if selections.unknown > 0 {
        table.footnotes.push(format!(
            "Of unknown {attribute}: {}, {} of them {word}.",
            count(selections.unknown),
            count(selections.unknown_selected)
        ));
    }
    table
}

fn within(report: &Report, one: &AttributeFindings, strata: &Strata) -> Table {
    let limit = ratio_limit(report, &one.attribute).map(|check| check.limit);
    let mut table = Table {
        title: format!("{} by {}: impact ratios (n)", one.attribute, strata.by),
        headers: std::iter::once(strata.by.clone()).chain(one.groups.iter().map(|group| group.name.clone())).collect(),
        right_aligned: std::iter::once(false).chain(one.groups.iter().map(|_| true)).collect(),
        footnotes: strata.told.clone(),
        ..Table::default()
    };
    for stratum in &strata.strata {
        let cell = |name: &str| match stratum.selections.groups.iter().find(|group| group.group == name) {
            None => "none".to_owned(),
            Some(group) => match (group.impact_ratio.number(), &group.left_out) {
                (Some(value), None) => format!("{} ({})", ratio(value, limit), count(group.n)),
                _ => format!("too few ({})", count(group.n)),
            },
        };
        table.rows.push(std::iter::once(stratum.name.clone()).chain(one.groups.iter().map(|group| cell(&group.name))).collect());
    }
    for adjusted in &strata.adjusted {
        if let Some(value) = adjusted.estimate.number() {
            let of = adjusted.groups.as_ref().map_or_else(String::new, |[one, other]| format!(", {one} against {other}"));
            let interval = adjusted
                .estimate
                .interval()
                .map_or_else(String::new, |interval| format!(" [{}, {}]", fixed(interval.low, 3), fixed(interval.high, 3)));
            table.footnotes.push(format!(
                "{}{of}, over {} of {} strata: {}{interval}.",
                adjusted.id,
                adjusted.strata[0],
                adjusted.strata[1],
                fixed(value, 3)
            ));
        }
    }
    table
}
