//! Against AIF360, fairlearn, scipy and numpy: reference/rerank.json, made by reference/rerank.py. (FA*IR's tables are read beside its code.)

use std::collections::BTreeMap;

use evenhand_catalog::{Parameters, Value, find};
use evenhand_rerank::exposure::mixture;
use evenhand_rerank::{Fitted, REPAIRS, Repair, Sample, Shortlist};
use evenhand_rows::UNKNOWN;
use serde_json::Value as Json;

use crate::lists::List;

fn reference(part: &str) -> Vec<Json> {
    let text = include_str!("../../../../reference/rerank.json");
    serde_json::from_str::<Json>(text).unwrap()[part].as_array().unwrap().clone()
}

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn codes(json: &Json) -> Vec<u32> {
    numbers(json).into_iter().map(|code| code as u32).collect()
}

fn the_list(case: &Json, levels: usize) -> List {
    List {
        scores: numbers(&case["scores"]),
        groups: codes(&case["groups"]),
        levels: (0..levels).map(|group| format!("g{group}")).collect(),
    }
}

pub(crate) fn repair(id: &str, parameters: &[(&str, Value)]) -> Box<dyn Repair> {
    let given: BTreeMap<String, Value> = parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let entry = find(REPAIRS, id).unwrap();
    (entry.build)(&Parameters::resolve(entry.card, &given).unwrap()).unwrap()
}

#[test]
fn det_const_sort_makes_the_lists_of_aif360() {
    for case in reference("const_sort") {
        let shares = numbers(&case["shares"]);
        let list = the_list(&case, shares.len());
        let ranking = list.rank("det-const-sort", &shares, case["length"].as_u64().unwrap() as usize);
        let order: Vec<f64> = ranking.places.iter().map(|place| place.candidate as f64).collect();
        assert_eq!(order, numbers(&case["order"]), "{shares:?}");
        assert_eq!(ranking.breaches, []);
    }
}

#[test]
fn the_mixture_of_orders_is_as_good_as_the_program_over_all_matrices() {
    for case in reference("exposure") {
        let shares = numbers(&case["shares"]);
        let list = the_list(&case, shares.len());
        let found = mixture(&list.shortlist(), &list.shares(&shares), case["length"].as_u64().unwrap() as usize).unwrap();
        assert!((found.utility - case["utility"].as_f64().unwrap()).abs() < 1e-8, "{case}: {}", found.utility);
        assert_eq!(found.reached, 1.0);
        for (exposure, share) in found.exposures.iter().zip(&shares) {
            assert!((exposure - share).abs() < 1e-9, "{case}: {exposure}");
        }
        assert!(found.orders.len() <= shares.len());
        assert!((found.orders.iter().map(|(probability, _)| probability).sum::<f64>() - 1.0).abs() < 1e-12);
        for (_, order) in &found.orders {
            for pair in order.windows(2).filter(|pair| list.groups[pair[0]] == list.groups[pair[1]]) {
                assert!(list.scores[pair[0]] >= list.scores[pair[1]]);
            }
        }
    }
}

#[test]
fn quantile_repair_is_numpys_barycentre() {
    for case in reference("quantile_repair") {
        let list = the_list(&case, 3);
        let weights = numbers(&case["weights"]);
        let sample = Sample::new(list.shortlist()).weights(&weights).unwrap();
        let new = numbers(&case["new"]);
        for amount in [1.0, 0.4] {
            let fitted = repair("quantile-repair", &[("amount", Value::Number(amount))]).fit(&sample).unwrap();
            for (group, expected) in (0..3).map(|group| (group, &case["repaired"][group as usize])).chain([(UNKNOWN, &case["unknown"])]) {
                let groups = vec![group; new.len()];
                let repaired = fitted.apply(&Shortlist::new(&new, &groups, &list.levels).unwrap(), 1).unwrap();
                for ((score, repaired), full) in new.iter().zip(repaired).zip(numbers(expected)) {
                    let expected = (1.0 - amount) * score + amount * full;
                    assert!((repaired - expected).abs() < 1e-11, "{} {group} {score}: {repaired}, not {expected}", case["name"]);
                }
            }
        }
    }
}

/// Expected shares of selected rows among those of each group that `counts` lets through.
fn rates(list: &List, chosen: &[f64], counts: impl Fn(usize) -> bool) -> Vec<f64> {
    let rate = |group: u32| {
        let rows: Vec<usize> = (0..chosen.len()).filter(|&row| list.groups[row] == group && counts(row)).collect();
        rows.iter().map(|&row| chosen[row]).sum::<f64>() / rows.len() as f64
    };
    (0..list.levels.len() as u32).map(rate).collect()
}

fn gap(rates: &[f64]) -> f64 {
    rates.iter().copied().fold(f64::NEG_INFINITY, f64::max) - rates.iter().copied().fold(f64::INFINITY, f64::min)
}

#[test]
fn group_thresholds_reach_the_optimum_of_scipy_and_at_least_that_of_fairlearn() {
    for case in reference("group_thresholds") {
        let list = the_list(&case, 1 + *codes(&case["groups"]).iter().max().unwrap() as usize);
        let favourable: Vec<bool> = numbers(&case["labels"]).into_iter().map(|label| label == 1.0).collect();
        let sample = Sample::new(list.shortlist()).favourable(&favourable).unwrap();
        let text = |json: &Json| Value::Text(json.as_str().unwrap().to_owned());
        let fit = |wanted: &Json, tolerance: f64| {
            let parameters = [
                ("constraint", text(&wanted["constraint"])),
                ("objective", text(&wanted["objective"])),
                ("tolerance", Value::Number(tolerance)),
                ("outcome", Value::Text("probability".into())),
            ];
            match repair("group-thresholds", &parameters).fit(&sample).unwrap() {
                Fitted::GroupThresholds(rules) => rules,
                Fitted::QuantileRepair(_) => panic!("another repair's fit"),
            }
        };
        let measured = |wanted: &Json, chosen: &[f64]| {
            let sum = |label: bool| {
                favourable.iter().zip(chosen).filter(|(favourable, _)| **favourable == label).map(|(_, chosen)| chosen).sum::<f64>()
            };
            let positives = favourable.iter().filter(|label| **label).count() as f64;
            let negatives = favourable.len() as f64 - positives;
            match wanted["objective"].as_str().unwrap() {
                "accuracy" => (sum(true) + negatives - sum(false)) / favourable.len() as f64,
                _ => f64::midpoint(sum(true) / positives, 1.0 - sum(false) / negatives),
            }
        };
        let gaps = |wanted: &Json, chosen: &[f64]| match wanted["constraint"].as_str().unwrap() {
            "demographic-parity" => gap(&rates(&list, chosen, |_| true)),
            "equal-opportunity" => gap(&rates(&list, chosen, |row| favourable[row])),
            "false-positive-parity" => gap(&rates(&list, chosen, |row| !favourable[row])),
            _ => gap(&rates(&list, chosen, |row| favourable[row])).max(gap(&rates(&list, chosen, |row| !favourable[row]))),
        };
        for wanted in case["optima"].as_array().unwrap() {
            let tolerance = wanted["tolerance"].as_f64().unwrap();
            let rules = fit(wanted, tolerance);
            let chosen = rules.probabilities(&list.shortlist()).unwrap();
            assert!((rules.objective - wanted["value"].as_f64().unwrap()).abs() < 1e-8, "{wanted}: {}", rules.objective);
            assert!((measured(wanted, &chosen) - rules.objective).abs() < 1e-9, "{wanted}");
            assert!(gaps(wanted, &chosen) <= tolerance + 1e-9, "{wanted}: {}", gaps(wanted, &chosen));
        }
        for theirs in case["fairlearn"].as_array().unwrap() {
            let ours = fit(theirs, 0.0).objective;
            let value = theirs["value"].as_f64().unwrap();
            assert!(theirs["gap"].as_f64().unwrap() < 1e-9);
            // Their rates agree, too, so no better value than ours is possible; their grid of 1000 rates costs a little.
            assert!(ours >= value - 1e-9, "{theirs}: {ours}");
            // fairlearn's balanced accuracy is a mean over the groups, another objective unless both rates agree.
            let same = theirs["objective"] == "accuracy" || theirs["constraint"] == "equalized-odds";
            assert!(!same || ours - value < 2e-3, "{theirs}: {ours}");
        }
    }
}
