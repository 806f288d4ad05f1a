//! Every ranking metric against `reference/ranking.json`: numpy and scikit-learn, from the definitions, to 1e-9.

use std::path::Path;

use evenhand_metrics::{Estimate, Finding, RANKING_METRICS, Rankings, ranking};
use evenhand_rows::{Groups, UNKNOWN};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn same(found: &Estimate, n: usize, expected: &Value, place: &str) {
    assert_eq!(n as u64, expected["n"].as_u64().unwrap(), "jobs of {place}: {found:?}");
    match (found.number(), expected["value"].as_f64()) {
        (Some(found), Some(expected)) => assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{place}: {found} {expected}"),
        (None, None) => {}
        (_, expected) => panic!("{place}: {found:?} against {expected:?}"),
    }
}

#[test]
fn every_metric_equals_the_definition_in_python() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/ranking.json");
    let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let (mut compared, mut defined) = (0, 0);
    for set in json["data_sets"].as_array().unwrap() {
        let levels: Vec<String> = (0..set["levels"].as_u64().unwrap()).map(|level| format!("g{level}")).collect();
        let codes = numbers(&set["groups"]).into_iter().map(|code| if code < 0.0 { UNKNOWN } else { code as u32 }).collect();
        let groups = Groups::new("g", levels, codes);
        let sizes: Vec<usize> = numbers(&set["sizes"]).into_iter().map(|size| size as usize).collect();
        let (scores, labels) = (numbers(&set["scores"]), numbers(&set["labels"]));
        let original: Vec<u32> = numbers(&set["original"]).into_iter().map(|place| place as u32).collect();
        let wanted = set["wanted"].as_array().map(|_| numbers(&set["wanted"]));
        let mut rankings =
            Rankings::new(&sizes, &groups).unwrap().scores(&scores).unwrap().labels(&labels).unwrap().original(&original).unwrap();
        if let Some(wanted) = &wanted {
            rankings = if set["wanted_kind"] == "all" { rankings.wanted(wanted) } else { rankings.wanted_by_job(wanted) }.unwrap();
        }
        for expected in set["expected"].as_array().unwrap() {
            let k = expected["k"].as_u64().map(|k| k as usize);
            for metric in RANKING_METRICS {
                let finding: Finding = ranking::evaluate(&[metric.card().id], &rankings, k, None).unwrap().remove(0);
                let place = format!("{} at {k:?} of {}", metric.card().id, set["name"]);
                let expected = &expected["findings"][metric.card().id];
                same(&finding.estimate, finding.n, expected, &place);
                if let Some(by_group) = expected["by_group"].as_array() {
                    for (level, expected) in groups.levels().iter().zip(by_group) {
                        match finding.by_group.iter().find(|group| group.group == *level) {
                            Some(group) => same(&group.estimate, group.n, expected, &format!("{level}, {place}")),
                            None => assert_eq!(groups.sizes()[groups.code(level).unwrap() as usize], 0, "{level}, {place}"),
                        }
                    }
                }
                compared += 1;
                defined += usize::from(finding.estimate.number().is_some());
            }
        }
    }
    assert_eq!((compared, defined), (24 * 55, DEFINED));
}

/// Numbers that exist among the comparisons.
const DEFINED: usize = 1201;
