//! The tables of a rule: as they are published, and as CSV with everything that stands behind them.

use evenhand_metrics::Estimate;
use evenhand_rows::spreadsheet::defused;
use serde::Serialize;

use super::Table;
use crate::document::{GroupSelection, Law, LawTable};
use crate::error::ReportError;
use crate::marks;
use crate::numbers::{count, fixed, ratio_of};

fn title(table: &LawTable) -> String {
    if table.classification.is_empty() { table.title.clone() } else { format!("{}: {}", table.classification, table.title) }
}

fn number(estimate: &Estimate, decimals: usize) -> String {
    estimate.number().map_or_else(|| "undefined".to_owned(), |value| fixed(value, decimals))
}

/// The impact ratio of a category as every document of a rule prints it: three decimals, as a rule's worked examples have at most, and more where rounding would
/// put it on the other side of four fifths. `None` where there is none.
pub fn impact_ratio(group: &GroupSelection) -> Option<String> {
    if group.left_out.is_some() {
        return None;
    }
    // The fraction of counts lies on its side exactly.
    let exact = group.exact_ratio.filter(|[_, below]| *below > 0).map(|[above, below]| above as f64 / below as f64);
    Some(ratio_of(3, exact.or_else(|| group.impact_ratio.number())?, None))
}

/// How many people of unknown category there are, and how many of them were counted.
pub(crate) fn unknown_told(table: &LawTable) -> String {
    let (unknown, counted) = (table.selections.unknown, table.selections.unknown_selected);
    format!("Unknown, in no row of this table: {}, {} of them {}.", count(unknown), count(counted), table.selections.counted.word())
}

/// The tables in the words of the rule, a row a category.
pub fn tables(law: &Law) -> Vec<Table> {
    let of = |table: &LawTable| {
        let row = |group: &GroupSelection| {
            let none = if group.left_out.is_some() { "left out" } else { "undefined" };
            let last = impact_ratio(group).unwrap_or_else(|| none.to_owned());
            vec![group.group.clone(), count(group.n), count(group.selected), number(&group.rate, 3), last]
        };
        let left_out = table.selections.groups.iter().filter_map(|group| Some(format!("{}: {}", group.group, group.left_out.as_ref()?)));
        let undefined = table.selections.groups.iter().filter(|group| group.left_out.is_none());
        let undefined = undefined.filter_map(|group| Some(format!("{}: {}", group.group, group.impact_ratio.reason()?)));
        let mut footnotes: Vec<String> = left_out.chain(undefined).collect();
        let (unknown, selected) = (table.selections.unknown, table.selections.unknown_selected);
        let word = table.selections.counted.word();
        footnotes.push(format!("unknown, in no row: {}, {} of them {word}", count(unknown), count(selected)));
        Table {
            title: title(table),
            headers: std::iter::once(String::new()).chain(table.headings.iter().cloned()).collect(),
            rows: table.selections.groups.iter().map(row).collect(),
            right_aligned: vec![false, true, true, true, true],
            footnotes,
        }
    };
    law.tables.iter().map(of).collect()
}

/// A row of `tables.csv`.
#[derive(Debug, Default, Serialize)]
struct Row<'a> {
    classification: String,
    table: String,
    attribute: String,
    /// What `selected` counts.
    counted: &'static str,
    group: String,
    n: usize,
    selected: usize,
    rate: Option<f64>,
    rate_low: Option<f64>,
    rate_high: Option<f64>,
    impact_ratio: Option<f64>,
    impact_ratio_numerator: Option<u64>,
    impact_ratio_denominator: Option<u64>,
    impact_ratio_low: Option<f64>,
    impact_ratio_high: Option<f64>,
    undefined: Option<&'a str>,
    left_out: Option<String>,
    least_with_unknown: Option<f64>,
    most_with_unknown: Option<f64>,
    fisher: Option<f64>,
    fisher_holm: Option<f64>,
    z: Option<f64>,
    odds_ratio: Option<f64>,
    shortfall_to_overall: Option<f64>,
    shortfall_to_four_fifths: Option<u64>,
    smallest_gap: Option<f64>,
}

/// `tables.csv`: a row a category of every table, and one named `unknown` where people are of unknown category; `counted` says what stands under `selected`. A name that a spreadsheet program would take for
/// a formula has an apostrophe before it, and marks that nobody sees are written out as on the pages.
pub fn csv(law: &Law) -> Result<Vec<u8>, ReportError> {
    let law = &*marks::shown(law);
    let said = |error: &dyn std::fmt::Display| ReportError::Csv { reason: error.to_string() };
    let mut writer = csv::Writer::from_writer(Vec::new());
    for table in &law.tables {
        let named = |group: &str, n: usize, selected: usize| Row {
            classification: defused(&table.classification).into_owned(),
            table: defused(&table.title).into_owned(),
            attribute: defused(&table.attribute).into_owned(),
            counted: table.selections.counted.word(),
            group: defused(group).into_owned(),
            n,
            selected,
            ..Row::default()
        };
        for group in &table.selections.groups {
            let tests = group.tests.as_ref();
            let row = Row {
                rate: group.rate.number(),
                rate_low: group.rate.interval().map(|ends| ends.low),
                rate_high: group.rate.interval().map(|ends| ends.high),
                impact_ratio: group.impact_ratio.number(),
                impact_ratio_numerator: group.exact_ratio.map(|ratio| ratio[0]),
                impact_ratio_denominator: group.exact_ratio.map(|ratio| ratio[1]),
                impact_ratio_low: group.impact_ratio.interval().map(|ends| ends.low),
                impact_ratio_high: group.impact_ratio.interval().map(|ends| ends.high),
                undefined: group.impact_ratio.reason().filter(|_| group.left_out.is_none()),
                left_out: group.left_out.as_ref().map(|reason| defused(reason).into_owned()),
                least_with_unknown: group.unknown_bounds.map(|ends| ends[0]),
                most_with_unknown: group.unknown_bounds.map(|ends| ends[1]),
                fisher: tests.map(|tests| tests.fisher),
                fisher_holm: tests.map(|tests| tests.fisher_holm),
                z: tests.and_then(|tests| tests.z.number()),
                odds_ratio: tests.and_then(|tests| tests.odds_ratio.number()),
                shortfall_to_overall: tests.map(|tests| tests.shortfall_to_overall),
                shortfall_to_four_fifths: tests.map(|tests| tests.shortfall_to_four_fifths),
                smallest_gap: tests.and_then(|tests| tests.smallest_gap),
                ..named(&group.group, group.n, group.selected)
            };
            writer.serialize(row).map_err(|error| said(&error))?;
        }
        let (unknown, selected) = (table.selections.unknown, table.selections.unknown_selected);
        if unknown > 0 {
            writer.serialize(named("unknown", unknown, selected)).map_err(|error| said(&error))?;
        }
    }
    writer.into_inner().map_err(|error| said(&error))
}
