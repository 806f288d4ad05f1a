//! Rows counted into the tables of a rule.

use evenhand_catalog::limits::TABLED_STRATA;
use evenhand_metrics::Estimate;
use evenhand_metrics::significance::{Counted as Count, Measured, Stratum, mantel_haenszel};
use evenhand_report::{Counted, LawTable, Selections};
use evenhand_rows::{Groups, UNKNOWN};

use super::{Comparator, Details, Outcome, Preset};
use crate::AuditError;
use crate::numbers::{count, fixed, ratio_of, significant};
use crate::selections::{GroupRows, selections};

/// What the tables are made by.
pub(super) struct Asked<'a> {
    pub(super) preset: &'a Preset,
    pub(super) details: &'a Details,
    pub(super) counted: Counted,
    pub(super) level: f64,
}

/// People and selected of every group with people, and of unknown group.
fn tally(groups: &Groups, selected: &[bool], rows: impl Iterator<Item = usize>) -> (Vec<GroupRows>, [u64; 2]) {
    let mut counts = vec![[0_u64; 2]; groups.levels().len()];
    let mut unknown = [0_u64; 2];
    for row in rows {
        let code = groups.codes()[row];
        let cell = if code == UNKNOWN { &mut unknown } else { &mut counts[code as usize] };
        cell[0] += 1;
        cell[1] += u64::from(selected[row]);
    }
    let named = groups.levels().iter().zip(&counts).filter(|(_, [n, _])| *n > 0);
    (named.map(|(level, &[n, selected])| GroupRows { group: level.clone(), n, selected, left_out: None }).collect(), unknown)
}

fn title(attribute: &str) -> String {
    match attribute {
        "sex" => "Sex".to_owned(),
        "race" => "Race/ethnicity".to_owned(),
        "sex x race" => "Sex and race/ethnicity".to_owned(),
        other => other.to_owned(),
    }
}

/// The tables of all rows: of every decision, of every attribute.
pub(super) fn pooled(asked: &Asked<'_>, outcomes: &[Outcome], attributes: &[Groups], remarks: &mut Vec<String>) -> Vec<LawTable> {
    let mut tables = Vec::new();
    for outcome in outcomes {
        for groups in attributes {
            let (mut rows, unknown) = tally(groups, &outcome.selected, 0..groups.len());
            leave_out(asked, &mut rows);
            let title = title(groups.name());
            tables.push(LawTable {
                classification: outcome.name.clone(),
                within: None,
                attribute: groups.name().to_owned(),
                headings: (asked.preset.headings)(asked.counted, &outcome.name).map(str::to_owned),
                selections: compared(asked, &rows, unknown, &title, &outcome.name, remarks),
                title,
            });
        }
    }
    tables
}

/// Marks small categories of all rows as left out, where the details say so. Tables within a stratum leave out the same: what is small is decided once.
fn leave_out(asked: &Asked<'_>, rows: &mut [GroupRows]) {
    let Some(exclude) = &asked.details.exclude else { return };
    let total: u64 = rows.iter().map(|row| row.n).sum();
    // In integers, so that a category of exactly the share is not below it.
    let parts = (exclude.below * 1e6).round() as u128;
    for row in rows {
        if u128::from(row.n) * 1_000_000 < parts * u128::from(total) {
            let share = crate::numbers::percent(row.n as f64 / total as f64);
            row.left_out = Some(format!("{share} of the people, below {}: {}", crate::numbers::percent(exclude.below), exclude.reason));
        }
    }
}

/// Compares the categories that are not left out.
fn compared(asked: &Asked<'_>, rows: &[GroupRows], unknown: [u64; 2], title: &str, decided: &str, remarks: &mut Vec<String>) -> Selections {
    if rows.iter().all(|row| row.left_out.is_none()) {
        return selections(rows, unknown, asked.counted, asked.level);
    }
    let after = selections(rows, unknown, asked.counted, asked.level);
    let before = before_exclusion(rows, unknown, asked);
    let (chosen, other, by) = match asked.details.comparator.unwrap_or_default() {
        Comparator::AfterExclusion => (after, before, "among all categories"),
        Comparator::BeforeExclusion => (before, after, "among those that are compared"),
    };
    if chosen.highest != other.highest {
        let of = if decided.is_empty() { String::new() } else { format!(" ({decided})") };
        let ratio = |estimate: &Estimate| estimate.number().map_or_else(|| "undefined".to_owned(), |ratio| ratio_of(3, ratio, None));
        let told: Vec<String> = chosen
            .groups
            .iter()
            .zip(&other.groups)
            .filter(|(one, _)| one.left_out.is_none())
            .map(|(one, other)| format!("{} {} ({})", one.group, ratio(&one.impact_ratio), ratio(&other.impact_ratio)))
            .collect();
        remarks.push(format!(
            "{title}{of}: the highest rate is that of {}; {by} it would be that of {}. Impact ratios, in brackets with the other: {}.",
            chosen.highest.join(", "),
            other.highest.join(", "),
            told.join(", ")
        ));
    }
    chosen
}

/// The same with the highest rate of all categories, those that are left out among them.
fn before_exclusion(rows: &[GroupRows], unknown: [u64; 2], asked: &Asked<'_>) -> Selections {
    let all: Vec<GroupRows> = rows.iter().map(|row| GroupRows { left_out: None, ..row.clone() }).collect();
    let highest = selections(&all, unknown, asked.counted, asked.level).highest;
    // The categories of the highest rate take part, so that the others are held against them, and are marked afterwards.
    let partly: Vec<GroupRows> = rows
        .iter()
        .map(|row| if highest.contains(&row.group) { GroupRows { left_out: None, ..row.clone() } } else { row.clone() })
        .collect();
    let mut found = selections(&partly, unknown, asked.counted, asked.level);
    for (group, row) in found.groups.iter_mut().zip(rows) {
        if let (Some(reason), None) = (&row.left_out, &group.left_out) {
            group.left_out = Some(reason.clone());
            group.impact_ratio = Estimate::undefined(reason.clone());
            group.difference = Estimate::undefined(reason.clone());
            (group.exact_ratio, group.unknown_bounds, group.tests) = (None, None, None);
        }
    }
    found
}

/// The tables within the values of a column, and what holds over them.
pub(super) fn within(
    asked: &Asked<'_>,
    outcomes: &[Outcome],
    attributes: &[Groups],
    by: &Groups,
    remarks: &mut Vec<String>,
) -> Result<Vec<LawTable>, AuditError> {
    let sizes = by.sizes();
    let mut strata: Vec<usize> = (0..sizes.len()).filter(|&stratum| sizes[stratum] > 0).collect();
    TABLED_STRATA.check(strata.len() as u64).map_err(|limit| AuditError::Request(format!("`{}`: {limit}", by.name())))?;
    strata.sort_by_key(|&stratum| std::cmp::Reverse(sizes[stratum]));
    if by.unknown_count() > 0 {
        remarks.push(format!("`{}`: {} rows have no value and are in the pooled tables alone.", by.name(), by.unknown_count()));
    }
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); sizes.len()];
    for (row, &code) in by.codes().iter().enumerate().filter(|(_, code)| **code != UNKNOWN) {
        members[code as usize].push(row);
    }
    let mut tables = Vec::new();
    for outcome in outcomes {
        for groups in attributes {
            let counts: Vec<_> = strata.iter().map(|&stratum| tally(groups, &outcome.selected, members[stratum].iter().copied())).collect();
            remarks.extend(adjusted(asked, outcome, groups, by, &counts));
            let (mut all, _) = tally(groups, &outcome.selected, 0..groups.len());
            leave_out(asked, &mut all);
            let left_out = |name: &str| all.iter().find(|row| row.group == name).and_then(|row| row.left_out.as_ref());
            for (&stratum, (mut rows, unknown)) in strata.iter().zip(counts) {
                for row in &mut rows {
                    row.left_out = left_out(&row.group).map(|reason| format!("of all rows {reason}"));
                }
                let title = format!("{} within {} {}", title(groups.name()), by.name(), by.level(stratum as u32));
                tables.push(LawTable {
                    classification: outcome.name.clone(),
                    within: Some([by.name().to_owned(), by.level(stratum as u32).to_owned()]),
                    attribute: groups.name().to_owned(),
                    headings: (asked.preset.headings)(asked.counted, &outcome.name).map(str::to_owned),
                    selections: compared(asked, &rows, unknown, &title, &outcome.name, remarks),
                    title,
                });
            }
        }
    }
    Ok(tables)
}

/// What holds of every group against that of the highest pooled rate, once the strata are taken into account.
fn adjusted(asked: &Asked<'_>, outcome: &Outcome, groups: &Groups, by: &Groups, strata: &[(Vec<GroupRows>, [u64; 2])]) -> Vec<String> {
    let (mut all, _) = tally(groups, &outcome.selected, 0..groups.len());
    leave_out(asked, &mut all);
    let whole = selections(&all, [0, 0], asked.counted, asked.level);
    let Some(reference) = whole.highest.first() else { return Vec::new() };
    let cell = |rows: &[GroupRows], name: &str| {
        rows.iter().find(|row| row.group == name).and_then(|row| Count::new(row.selected, row.n)).unwrap_or_default()
    };
    let mut told = Vec::new();
    for group in all.iter().filter(|row| row.left_out.is_none()).map(|row| &row.group).filter(|group| *group != reference) {
        let pairs: Vec<Stratum> =
            strata.iter().map(|(rows, _)| Stratum { group: cell(rows, group), reference: cell(rows, reference) }).collect();
        let Ok(found) = mantel_haenszel(&pairs, asked.level) else { continue };
        let of = format!("{} against {reference} within {}", group, by.name());
        let informing = count(found.strata - found.uninformative.len());
        told.push(match (&found.odds_ratio, &found.test) {
            (Ok(Measured { value, interval }), Ok(test)) => {
                let interval =
                    interval.as_ref().map_or_else(|_| String::new(), |(low, high)| format!(" [{}, {}]", fixed(*low, 2), fixed(*high, 2)));
                let alike = found
                    .tarone
                    .as_ref()
                    .map_or_else(|_| String::new(), |test| format!("; strata alike: p = {}", significant(test.p_value)));
                format!(
                    "{of}: Mantel-Haenszel odds ratio {}{interval}, p = {} over {informing} of {} strata{alike}.",
                    fixed(*value, 2),
                    significant(test.p_value),
                    count(found.strata)
                )
            }
            (Err(reason), _) | (_, Err(reason)) => format!("{of}: no Mantel-Haenszel odds ratio: {reason}."),
        });
    }
    told
}
