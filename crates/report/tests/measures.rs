//! The flat table of a report's numbers.

use std::collections::BTreeMap;
use std::path::Path;

use evenhand_metrics::Estimate;
use evenhand_report::views::measures;
use evenhand_report::{Column, Report};

use crate::sample;

/// A row's text by column, as a run's number must be written.
fn written(estimate: &Estimate, n: usize) -> [String; 5] {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:?}"));
    let interval = estimate.interval();
    [
        n.to_string(),
        number(estimate.number()),
        number(interval.map(|interval| interval.low)),
        number(interval.map(|interval| interval.high)),
        estimate.reason().unwrap_or_default().to_owned(),
    ]
}

#[test]
fn every_run_and_group_of_the_main_table_is_a_row() {
    // Several runs; intervals, groups and undefined numbers of many groups; and a metric of the table that has numbers by group.
    let mut audit = sample::audit();
    let last = audit.columns.last().unwrap().clone();
    audit.columns.extend(["true-positive-rate", "selection-rate"].map(|metric| Column { metric: metric.to_owned(), ..last.clone() }));
    // Lists in two orders beside the other numbers of the same run.
    let mut listed = sample::single();
    listed.methods[0].runs[0].shortlists = sample::ranking(30, 3).methods[0].runs[0].shortlists.clone();
    for report in [sample::comparison(false), audit, listed] {
        let text = measures::csv(&report).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_slice());
        let mut rows: BTreeMap<[String; 7], [String; 5]> = BTreeMap::new();
        for row in reader.deserialize::<BTreeMap<String, String>>() {
            let row = row.unwrap();
            let key = ["method", "seed", "fold", "metric", "attribute", "group", "order"].map(|name| row[name].clone());
            let value = ["n", "value", "low", "high", "undefined"].map(|name| row[name].clone());
            assert!(rows.insert(key.clone(), value).is_none(), "twice: {key:?}");
        }
        let (mut groups, mut intervals, mut undefined, mut ranked) = (0, 0, 0, 0);
        for method in &report.methods {
            for run in &method.runs {
                // The same metrics for every attribute.
                let others = run.attributes.iter().flat_map(|one| {
                    let comparing = report.columns.iter().filter(|column| column.attribute.is_some());
                    comparing.map(|column| Column { attribute: Some(one.attribute.clone()), ..column.clone() })
                });
                let mut columns = report.columns.clone();
                for other in others {
                    if !columns.iter().any(|known| known.metric == other.metric && known.attribute == other.attribute) {
                        columns.push(other);
                    }
                }
                for column in &columns {
                    let findings = match &column.attribute {
                        None => &run.performance,
                        Some(name) => &run.attributes.iter().find(|found| found.attribute == *name).unwrap().findings,
                    };
                    let Some(found) = findings.iter().find(|found| found.metric == column.metric) else { continue };
                    let whole = std::iter::once((None, found.n, &found.estimate));
                    let by_group = found.by_group.iter().map(|one| (Some(&one.group), one.n, &one.estimate));
                    for (group, n, estimate) in whole.chain(by_group) {
                        let key = [
                            method.name.clone(),
                            run.seed.to_string(),
                            String::new(),
                            column.metric.clone(),
                            match (&column.attribute, group) {
                                (Some(attribute), _) => attribute.clone(),
                                (None, Some(_)) => run.attributes[0].attribute.clone(),
                                (None, None) => String::new(),
                            },
                            group.cloned().unwrap_or_default(),
                            String::new(),
                        ];
                        assert_eq!(rows.remove(&key), Some(written(estimate, n)), "{key:?}");
                        groups += usize::from(group.is_some());
                        intervals += usize::from(estimate.interval().is_some());
                        undefined += usize::from(estimate.number().is_none());
                    }
                }
                if let Some(lists) = &run.shortlists {
                    for (order, findings) in [("by score", &lists.before), ("re-ranked", &lists.after), ("drawn by lot", &lists.by_lot)] {
                        for found in findings {
                            let whole = std::iter::once((None, found.n, &found.estimate));
                            let by_group = found.by_group.iter().map(|one| (Some(&one.group), one.n, &one.estimate));
                            for (group, n, estimate) in whole.chain(by_group) {
                                let key = [
                                    method.name.clone(),
                                    run.seed.to_string(),
                                    String::new(),
                                    found.metric.clone(),
                                    lists.attribute.clone(),
                                    group.cloned().unwrap_or_default(),
                                    order.to_owned(),
                                ];
                                assert_eq!(rows.remove(&key), Some(written(estimate, n)), "{key:?}");
                                ranked += 1;
                            }
                        }
                    }
                }
            }
        }
        assert!(rows.is_empty(), "not in the report: {rows:?}");
        let listed = report.methods.iter().flat_map(|method| &method.runs).any(|run| run.shortlists.is_some());
        assert_eq!(ranked, if listed { 44 } else { 0 });
        assert!(listed || report.methods.len() > 1 || (groups > 8 && intervals > 5 && undefined > 1), "{groups} {intervals} {undefined}");
    }
}

#[test]
fn the_heading_stands_also_where_no_number_does() {
    const HEADING: &str = "method,objective,rebalance,seed,fold,metric,attribute,group,n,value,low,high,undefined,order\n";
    let table = |report: &Report| String::from_utf8(measures::csv(report).unwrap()).unwrap();
    assert_eq!(table(&sample::balancing(2)), HEADING);
    let ranked = table(&sample::ranking(1, 2));
    assert!(ranked.starts_with(HEADING));
    assert!(ranked.contains("\nmethod,,,0,,ndkl,origin,,1,0.8,,,,by score\n"), "{ranked}");
    assert!(ranked.contains("\nmethod,,,0,,ndkl,origin,,1,0.4,,,,re-ranked\n"), "{ranked}");
}

/// Tables that stand in the repository beside their report are what the report says; `UPDATE_DOCS=1` writes them anew.
#[test]
fn committed_tables_are_those_of_their_reports() {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/results");
    let mut seen = 0;
    for entry in std::fs::read_dir(results).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(folder.join("report.json")) else { continue };
        let report: Report = serde_json::from_str(&text).unwrap();
        let made = measures::csv(&report).unwrap();
        let table = folder.join("measures.csv");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&table, &made).unwrap();
        }
        assert!(std::fs::read(&table).is_ok_and(|found| found == made), "{} is not what its report says", table.display());
        seen += 1;
    }
    assert!(seen > 0, "no report is committed");
}
