//! The strata of an audit that lie farthest from parity, as a short table for a terminal.

use evenhand_metrics::Estimate;

use super::tables::{Table, estimate_text};
use crate::document::{AttributeFindings, Report, Strata, Stratum};
use crate::numbers::{count, counted};
use crate::telling::{self, ratio, ratio_limit, ratio_text, standing_words};

/// Rows of a table, at most.
const MOST_ROWS: usize = 12;

/// One table for each attribute and column of strata: the lowest impact ratio of each stratum, the lowest first.
pub fn worst(report: &Report) -> Vec<Table> {
    let attributes = telling::only_run(report).into_iter().flat_map(|run| &run.attributes);
    attributes.flat_map(|one| one.strata.iter().map(move |strata| of_strata(report, one, strata))).collect()
}

/// The lowest ratio of a stratum with its group, and how many rows that group has where persons are counted.
fn lowest(stratum: &Stratum) -> Option<(String, Option<usize>, &Estimate, f64)> {
    if let Some((least, _)) = telling::lowest(&stratum.selections) {
        return Some((least.group.clone(), Some(least.n), &least.impact_ratio, least.impact_ratio.number()?));
    }
    // Rows that weigh unequally are measured and not counted.
    let finding = stratum.findings.iter().find(|finding| finding.metric == "impact-ratio" && stratum.selections.groups.is_empty())?;
    let pair = finding.largest_pair.as_ref()?;
    Some((pair.0.clone(), None, &finding.estimate, finding.estimate.number()?))
}

fn of_strata(report: &Report, one: &AttributeFindings, strata: &Strata) -> Table {
    let limit = ratio_limit(report, &one.attribute).map(|check| check.limit);
    let mut found: Vec<_> = strata.strata.iter().filter_map(|stratum| Some((stratum, lowest(stratum)?))).collect();
    // The larger stratum first among those of one ratio, as the report has them.
    found.sort_by(|(_, one), (_, other)| one.3.total_cmp(&other.3));
    let mut table = Table {
        title: format!("{} by {}: the lowest impact ratio of each", one.attribute, strata.by),
        headers: vec![strata.by.clone(), "n".to_owned(), "group".to_owned(), "n".to_owned(), "impact ratio".to_owned(), "SPDD".to_owned()],
        right_aligned: vec![false, true, false, true, true, true],
        ..Table::default()
    };
    if let Some(limit) = limit {
        table.headers.push(format!("limit {limit}"));
        table.right_aligned.push(false);
    }
    for (stratum, (group, n, estimate, value)) in found.iter().take(MOST_ROWS) {
        let gap = stratum.findings.iter().find(|finding| finding.metric == "spdd");
        let mut row = vec![
            stratum.name.clone(),
            count(stratum.n),
            group.clone(),
            n.map_or_else(String::new, count),
            ratio_text(estimate, limit),
            gap.map_or_else(|| "not measured".to_owned(), |gap| estimate_text(&gap.estimate)),
        ];
        if let Some(limit) = limit {
            row.push(match telling::standing(estimate, limit) {
                Some(standing) if estimate.interval().is_some() => standing_words(standing).to_owned(),
                _ => if *value >= limit { "kept" } else { "breached" }.to_owned(),
            });
        }
        table.rows.push(row);
    }
    let many = |n: usize, one: &str, more: &str| if n == 1 { format!("1 {one}") } else { format!("{} {more}", count(n)) };
    if let Some((_, (.., next))) = found.get(MOST_ROWS) {
        let rest = many(found.len() - MOST_ROWS, "further stratum has a ratio", "further strata have ratios");
        table.footnotes.push(format!("{rest} of {} or more.", ratio(*next, limit)));
    }
    let silent = strata.strata.len() - found.len();
    if silent > 0 {
        let silent = many(silent, "stratum is", "strata are");
        table.footnotes.push(format!("{silent} left out: too few rows of two groups to compare, or nobody selected."));
    }
    if strata.unknown > 0 {
        table.footnotes.push(format!(
            "{} without a value of {} are in the numbers of all rows alone.",
            counted(strata.unknown, "row"),
            strata.by
        ));
    }
    table
}
