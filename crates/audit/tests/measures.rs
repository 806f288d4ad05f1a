//! The flat table of a report's numbers, and what the generated documents make of such tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use evenhand_audit::{registry, write_report};

use crate::sample;

#[test]
fn every_run_and_group_of_the_main_table_is_a_row() {
    let report = sample::comparison(false);
    let folder = tempfile::tempdir().unwrap();
    write_report(&report, folder.path()).unwrap();
    let mut reader = csv::Reader::from_path(folder.path().join("measures.csv")).unwrap();
    let mut values: BTreeMap<(String, String, String), Vec<f64>> = BTreeMap::new();
    for row in reader.deserialize::<BTreeMap<String, String>>() {
        let row = row.unwrap();
        if row["group"].is_empty() && !row["value"].is_empty() {
            let key = (row["method"].clone(), row["metric"].clone(), row["attribute"].clone());
            values.entry(key).or_default().push(row["value"].parse().unwrap());
        }
    }
    let mut seen = 0;
    for method in &report.methods {
        for column in &report.columns {
            let same =
                |summary: &&evenhand_audit::report::Summary| summary.metric == column.metric && summary.attribute == column.attribute;
            let Some(summary) = method.summary.iter().find(same) else { continue };
            let Some(mean) = summary.mean.number() else { continue };
            let key = (method.name.clone(), column.metric.clone(), column.attribute.clone().unwrap_or_default());
            let values = &values[&key];
            assert_eq!(values.len(), summary.defined, "{key:?}");
            assert!((values.iter().sum::<f64>() / values.len() as f64 - mean).abs() < 1e-12, "{key:?}");
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen} summaries compared");
}

#[test]
fn a_method_s_place_is_its_rank_and_whether_another_row_beats_it() {
    // Accuracy: b 0.9, a 0.8, c 0.7. Disparate impact, best at 1: c 1.1 (0.1 away), a 0.8, b 0.5. d is worse than a in both.
    let mut text = String::from("method,objective,rebalance,seed,fold,metric,attribute,group,n,value,low,high,undefined\n");
    for (name, id, accuracy, impact) in [
        ("a", "vanilla", [0.78, 0.82], [0.7, 0.9]),
        ("b", "mmd", [0.9, 0.9], [0.5, 0.5]),
        ("c", "wasserstein", [0.7, 0.7], [1.1, 1.1]),
        ("d", "wasserstein", [0.75, 0.75], [1.25, 1.25]),
    ] {
        for seed in 0..2 {
            let _ = writeln!(text, "{name},{id},,{seed},,accuracy,,,100,{},,,", accuracy[seed]);
            let _ = writeln!(text, "{name},{id},,{seed},,disparate-impact,sex,,100,{},,,", impact[seed]);
            let _ = writeln!(text, "{name},{id},,{seed},,disparate-impact,sex,f,50,0.3,,,");
        }
    }
    let documents = registry::documents(&[("t".to_owned(), text)]).unwrap();
    let methods = &documents[1].1;
    for line in [
        "| [t](results/t/) | a | accuracy 0.8000 (0.0283), 2 of 4 | disparate-impact for sex 0.8000 (0.1414), 2 of 4 | yes | 2 |",
        "| [t](results/t/) | b | accuracy 0.9000 (0.0000), 1 of 4 | disparate-impact for sex 0.5000 (0.0000), 4 of 4 | yes | 2 |",
        "| [t](results/t/) | c | accuracy 0.7000 (0.0000), 4 of 4 | disparate-impact for sex 1.1000 (0.0000), 1 of 4 | yes | 2 |",
        "| [t](results/t/) | d | accuracy 0.7500 (0.0000), 3 of 4 | disparate-impact for sex 1.2500 (0.0000), 3 of 4 | no | 2 |",
    ] {
        assert!(methods.contains(line), "{line}\n{methods}");
    }
}
