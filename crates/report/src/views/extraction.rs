//! What an extraction found, as plain tables.

use evenhand_metrics::Estimate;

use super::tables::Table;
use crate::document::{AttributeExtraction, ExtractionReport, FACTS};
use crate::numbers::{counted, fixed, percent};

/// The report as plain tables.
pub fn tables(report: &ExtractionReport) -> Vec<Table> {
    let mut counts = Table {
        title: format!("Extraction of {}", counted(report.candidates, "candidate")),
        headers: ["", "reason", "candidates", "share"].map(str::to_owned).to_vec(),
        right_aligned: vec![false, false, true, true],
        ..Table::default()
    };
    let mut row = |what: &str, reason: &str, n: usize, of: usize| {
        let share = if of == 0 { "undefined".to_owned() } else { percent(n as f64 / of as f64) };
        counts.rows.push(vec![what.to_owned(), reason.to_owned(), n.to_string(), share]);
    };
    row("extracted", "", report.extracted, report.candidates);
    for (reason, n) in &report.failed {
        row("failed", reason, *n, report.candidates);
    }
    for (modality, reasons) in &report.missing {
        for (reason, n) in reasons {
            row(&format!("without {modality}"), reason, *n, report.extracted);
        }
    }
    counts.footnotes.push("Shares of failures are of all candidates, those of missing modalities of the extracted ones.".to_owned());
    let mut facts = Table {
        title: "What was found".to_owned(),
        headers: ["fact", "n", "mean", "95 % interval", "least", "largest"].map(str::to_owned).to_vec(),
        right_aligned: vec![false, true, true, true, true, true],
        ..Table::default()
    };
    for fact in &report.facts {
        let (low, high) = fact.range.map_or((String::new(), String::new()), |(low, high)| (fixed(low, 3), fixed(high, 3)));
        let heading = FACTS.iter().find(|(name, _)| *name == fact.name).map_or(fact.name.as_str(), |(_, heading)| heading);
        facts.rows.push(vec![heading.to_owned(), fact.n.to_string(), value(&fact.mean), interval(&fact.mean), low, high]);
    }
    let mut tables = vec![counts, facts];
    tables.extend(report.attributes.iter().map(attribute));
    tables
}

fn attribute(found: &AttributeExtraction) -> Table {
    let mut table = Table {
        title: format!("By {}", found.attribute),
        headers: ["measure", "group", "n", "value", "95 % interval", "largest difference", "95 % interval"].map(str::to_owned).to_vec(),
        right_aligned: vec![false, false, true, true, true, true, true],
        ..Table::default()
    };
    for measure in &found.measures {
        for (position, group) in measure.by_group.iter().enumerate() {
            let mut row = vec![
                if position == 0 { measure.heading.clone() } else { String::new() },
                group.group.clone(),
                group.n.to_string(),
                value(&group.estimate),
                interval(&group.estimate),
            ];
            match measure.largest().filter(|_| position == 0) {
                Some(pair) => {
                    row.push(format!("{} - {}: {}", pair.group, pair.against, value(&pair.estimate)));
                    row.push(interval(&pair.estimate));
                }
                None => row.extend([String::new(), String::new()]),
            }
            table.rows.push(row);
        }
    }
    if found.unknown > 0 {
        table.footnotes.push(format!("Of unknown {}, in no group: {}.", found.attribute, counted(found.unknown, "candidate")));
    }
    table.footnotes.push("Intervals are not corrected for the number of comparisons; an association is no cause.".to_owned());
    table
}

fn value(estimate: &Estimate) -> String {
    estimate.number().map_or_else(|| "undefined".to_owned(), |number| fixed(number, 3))
}

fn interval(estimate: &Estimate) -> String {
    estimate.interval().map_or_else(String::new, |interval| format!("[{}, {}]", fixed(interval.low, 3), fixed(interval.high, 3)))
}
