//! The flat table of a report's numbers.

use std::collections::BTreeMap;
use std::path::Path;

use evenhand_metrics::Estimate;
use evenhand_report::views::measures;
use evenhand_report::{Column, Report};

use crate::{audited, sample};

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
            let main = |metric: &str| report.columns.iter().any(|column| column.metric == metric);
            if !matches!(row["kind"].as_str(), "finding" | "group") || (!main(&row["metric"]) && row["order"].is_empty()) {
                continue;
            }
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
    const HEADING: &str = "method,objective,rebalance,seed,fold,metric,attribute,group,n,value,low,high,undefined,order,kind,stratum,against,level,p_value,\
                           p_adjusted,by_lot,bias_corrected,mean,deviation,runs,limit,met,standing\n";
    let table = |report: &Report| String::from_utf8(measures::csv(report).unwrap()).unwrap();
    let mut empty = sample::balancing(2);
    (empty.methods, empty.data.attributes, empty.data.tilt) = (Vec::new(), Vec::new(), Vec::new());
    assert_eq!(table(&empty), HEADING);
    let ranked = table(&sample::ranking(1, 2));
    assert!(ranked.starts_with(HEADING));
    assert!(ranked.contains("\nmethod,,,0,,ndkl,origin,,1,0.8,,,,by score,finding,,,,,,,,,,,,,\n"), "{ranked}");
    assert!(ranked.contains("\nmethod,,,0,,ndkl,origin,,1,0.4,,,,re-ranked,finding,,,,,,,,,,,,,\n"), "{ranked}");
}

/// Numbers under the keys that hold one, anywhere below.
fn numbers(value: &serde_json::Value, keys: &[&str], found: &mut Vec<f64>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (key, field) in fields {
                match field.as_f64() {
                    Some(number) if keys.contains(&key.as_str()) => found.push(number),
                    _ => numbers(field, keys, found),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| numbers(item, keys, found)),
        _ => {}
    }
}

#[test]
fn every_number_of_an_audit_is_in_the_table() {
    const KEYS: [&str; 20] = [
        "value",
        "low",
        "high",
        "level",
        "p_value",
        "by_lot",
        "bias_corrected",
        "mean",
        "std",
        "fisher",
        "fisher_holm",
        "statistic",
        "shortfall_to_overall",
        "shortfall_to_four_fifths",
        "impact_ratio",
        "smallest_gap",
        "alike_p_value",
        "limit",
        "selected",
        "n",
    ];
    for mut report in [audited::audit(), audited::law(), sample::comparison(true), sample::sweep(), sample::ranking(30, 4)] {
        // Curves are no measures.
        for one in report.methods.iter_mut().flat_map(|method| &mut method.runs).flat_map(|run| &mut run.attributes) {
            (one.densities, one.pass_rates) = (Vec::new(), None);
        }
        report.data.tilt.iter_mut().for_each(|tilt| tilt.histograms.clear());
        report.data.label = None;
        report.law = None;
        let text = measures::csv(&report).unwrap();
        let mut written: Vec<f64> = Vec::new();
        for record in csv::Reader::from_reader(text.as_slice()).records() {
            written.extend(record.unwrap().iter().filter_map(|field| field.parse::<f64>().ok()));
        }
        let mut wanted = Vec::new();
        let mut json = serde_json::to_value(&report).unwrap();
        // Of the data without a label the table has the counts alone.
        for key in ["recipe", "data"] {
            json.as_object_mut().unwrap().remove(key);
        }
        numbers(&json, &KEYS, &mut wanted);
        assert!(wanted.len() > 40);
        for number in wanted {
            assert!(written.contains(&number), "{}: {number} is not in the table", report.title);
        }
    }
}

#[test]
fn formulas_of_every_name_are_defused() {
    let text = String::from_utf8(measures::csv(&audited::hostile()).unwrap()).unwrap();
    for record in csv::Reader::from_reader(text.as_bytes()).records() {
        for field in &record.unwrap() {
            assert!(!evenhand_rows::spreadsheet::is_formula(field), "{field}");
        }
    }
    assert!(text.contains("'=CMD|"));
}

#[test]
fn marks_that_nobody_sees_are_written_out() {
    let report = audited::hostile();
    let tables = [
        measures::csv(&report).unwrap(),
        evenhand_report::views::markdown(&report).into_bytes(),
        evenhand_report::views::latex(&report).into_bytes(),
    ];
    for text in tables.map(|bytes| String::from_utf8(bytes).unwrap()) {
        assert!(!text.chars().any(evenhand_report::marks::is_hidden), "{text}");
        assert!(text.contains("U+202E"), "{text}");
    }
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

/// What other documents say of the committed tables stays what it was, whatever rows are added.
#[test]
fn standings_rest_on_findings_alone() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let methods = std::fs::read_to_string(docs.join("methods.md")).unwrap();
    let mut tables: Vec<(String, String)> = std::fs::read_dir(docs.join("results"))
        .unwrap()
        .filter_map(|entry| {
            let folder = entry.unwrap().path();
            let text = std::fs::read_to_string(folder.join("measures.csv")).ok()?;
            Some((folder.file_name()?.to_string_lossy().into_owned(), text))
        })
        .collect();
    tables.sort();
    let mut seen = 0;
    for line in evenhand_report::standings::places(&tables).unwrap().values().flat_map(|text| text.lines()) {
        assert!(methods.contains(line), "{line}");
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}
