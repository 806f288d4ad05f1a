//! Quality of synthetic rows against sdmetrics and numpy (`reference/synthesis.py`), and against counts by hand.

use evenhand_metrics::Estimate;
use evenhand_rebalance::quality::{Quality, measure};
use evenhand_rebalance::synthesis::{Cells, Form, Table};
use serde_json::Value;

use crate::candidates::{candidates, categories, fit, numbers, rng};

fn table(json: &Value) -> Table {
    let number = |name: &str, form| {
        let values: Vec<f64> = json[name].as_array().unwrap().iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect();
        numbers(name, form, &values)
    };
    let category = |name: &str| categories(name, json[name].as_array().unwrap().iter().map(|value| value.as_str().unwrap_or_default()));
    Table { columns: vec![number("age", Form::Integer), number("pay", Form::Real { decimals: 2 }), category("gender"), category("degree")] }
}

fn near(found: &Estimate, expected: f64, tolerance: f64, what: &str) {
    let number = found.number().unwrap_or_else(|| panic!("{what}: {found:?}"));
    assert!((number - expected).abs() < tolerance, "{what}: {number} instead of {expected}");
}

#[test]
fn numbers_agree_with_other_libraries() {
    let json: Value = serde_json::from_str(include_str!("../../../../reference/synthesis.json")).unwrap();
    let [training, holdout, synthetic] = ["training", "holdout", "synthetic"].map(|name| table(&json["tables"][name]));
    let quality = measure(&training, Some(&holdout), &synthetic, 1000, &mut rng(1)).unwrap();
    let (mut single, mut pairs) = (0.0, 0.0);
    for column in &quality.columns {
        let expected = json["single"][&column.column].as_f64().unwrap();
        single += expected / 4.0;
        // For categories that only the synthetic rows have sdmetrics adds 1e-6 of a row.
        near(&column.similarity, expected, 1e-6, &column.column);
        near(&column.missing, json["missing"][&column.column].as_f64().unwrap(), 1e-12, &column.column);
    }
    for pair in &quality.pairs {
        let name = format!("{}|{}", pair.first, pair.second);
        let expected = json["pairs"][&name].as_f64().unwrap();
        pairs += expected / 6.0;
        near(&pair.similarity, expected, 1e-9, &name);
    }
    near(&quality.marginal, single, 1e-6, "mean of columns");
    near(&quality.pairwise, pairs, 1e-9, "mean of pairs");
    let closeness = &quality.closeness;
    assert_eq!(Value::from(closeness.closer_to_training), json["closer_to_training"]);
    assert_eq!(Value::from(closeness.closer_to_holdout), json["closer_to_holdout"]);
    assert_eq!(closeness.tied, 60 - closeness.closer_to_training - closeness.closer_to_holdout);
    near(&closeness.expected_share, 80.0 / 120.0, 1e-12, "expected share");
    for (name, found) in [
        ("synthetic_to_training", &closeness.synthetic_to_training),
        ("synthetic_to_holdout", &closeness.synthetic_to_holdout),
        ("holdout_to_training", &closeness.holdout_to_training),
    ] {
        near(&found.fifth_percentile, json["quantiles"][name][0].as_f64().unwrap(), 1e-6, name);
        near(&found.median, json["quantiles"][name][1].as_f64().unwrap(), 1e-6, name);
    }
    assert_eq!(Value::from(closeness.copies), json["copies"]);
    let text = serde_json::to_string(&quality).unwrap();
    assert_eq!(serde_json::from_str::<Quality>(&text).unwrap(), quality);
}

#[test]
fn equal_tables_are_alike_and_all_copies() {
    let table = candidates(200, 1);
    let quality = measure(&table, None, &table, 1000, &mut rng(1)).unwrap();
    near(&quality.marginal, 1.0, 1e-12, "marginal");
    near(&quality.pairwise, 1.0, 1e-12, "pairwise");
    assert_eq!((quality.closeness.copies, quality.closeness.holdout_rows), (200, 0));
    near(&quality.closeness.synthetic_to_training.median, 0.0, 1e-12, "distance");
    assert!(quality.closeness.share_closer_to_training.reason().unwrap().contains("no hold-out"));
    assert!(quality.closeness.holdout_to_training.median.reason().is_some());
}

#[test]
fn levels_are_matched_by_name_and_columns_too() {
    let real = Table { columns: vec![categories("g", ["a", "b", ""].into_iter()), numbers("x", Form::Integer, &[1.0, 2.0, 3.0])] };
    let other = Table { columns: vec![numbers("x", Form::Integer, &[1.0, 2.0, 3.0]), categories("g", ["c", "a", ""].into_iter())] };
    let quality = measure(&real, None, &other, 10, &mut rng(1)).unwrap();
    // a, b against c, a: half of each is shared.
    near(&quality.columns[0].similarity, 0.5, 1e-12, "g");
    // (a, 1), (b, 2), (missing, 3) against (c, 1), (a, 2), (missing, 3): only the last is shared.
    near(&quality.pairs[0].similarity, 1.0 / 3.0, 1e-12, "pair");
    assert_eq!(quality.closeness.copies, 1);
    // Column by column: (c, 1) differs from (a, 1) in one of two.
    near(&quality.closeness.synthetic_to_training.median, 0.25, 1e-6, "a against (b, 2) 1/2, against (a, 1) 1/4");
}

#[test]
fn memory_shows_and_learning_does_not() {
    let (training, holdout) = (candidates(1500, 1), candidates(1500, 2));
    let learned = fit("gaussian-copula", &[], &training).unwrap().sample(1500, &[], &mut rng(3)).unwrap();
    let share = |synthetic: &Table| measure(&training, Some(&holdout), synthetic, 5000, &mut rng(1)).unwrap().closeness;
    let fresh = share(&learned);
    // 1,500 draws at one half: the deviation is .013.
    near(&fresh.share_closer_to_training, 0.5, 0.05, "learned rows");
    near(&fresh.expected_share, 0.5, 1e-12, "expected");
    let memorised = share(&training.select(&(0..1500).step_by(2).collect::<Vec<_>>()));
    near(&memorised.share_closer_to_training, 1.0, 1e-12, "training rows");
    let sampled = measure(&training, Some(&holdout), &learned, 400, &mut rng(1)).unwrap().closeness;
    assert_eq!((sampled.synthetic_rows, sampled.training_rows, sampled.holdout_rows), (400, 400, 400));
}

#[test]
fn what_cannot_be_compared_is_undefined_or_refused() {
    let constant = Table {
        columns: vec![
            numbers("same", Form::Integer, &[5.0; 4]),
            numbers("x", Form::Integer, &[1.0, 2.0, 3.0, 4.0]),
            numbers("none", Form::Integer, &[f64::NAN; 4]),
            categories("nothing", [""; 4].into_iter()),
        ],
    };
    let quality = measure(&constant, Some(&constant), &constant, 10, &mut rng(1)).unwrap();
    near(&quality.columns[0].similarity, 1.0, 1e-12, "same");
    assert!(quality.columns[2].similarity.reason().is_some() && quality.columns[3].similarity.reason().is_some());
    assert!(quality.pairs[0].similarity.reason().unwrap().contains("a column is constant"));
    assert_eq!(quality.closeness.tied, 4);
    assert!(quality.closeness.share_closer_to_training.reason().is_some());
    // Another constant is a whole difference away in its column.
    let mut other = constant.clone();
    other.columns[0] = numbers("same", Form::Integer, &[6.0; 4]);
    near(&measure(&constant, None, &other, 10, &mut rng(1)).unwrap().closeness.synthetic_to_training.median, 0.25, 1e-6, "constant");

    let message = |training: &Table, synthetic: &Table| measure(training, None, synthetic, 10, &mut rng(1)).unwrap_err().to_string();
    assert!(message(&constant, &Table::default()).contains("the synthetic table has no rows"));
    assert!(message(&constant, &constant.select(&[])).contains("the synthetic table has no rows"));
    let fewer = Table { columns: constant.columns[1..].to_vec() };
    assert!(message(&constant, &fewer).contains("no column `same`"));
    let mut kinds = constant.clone();
    kinds.columns[1] = categories("x", ["1"; 4].into_iter());
    assert!(message(&constant, &kinds).contains("holds numbers in one table and categories in the other"));
    let mut infinite = constant.clone();
    let Cells::Numbers { values, .. } = &mut infinite.columns[1].cells else { panic!() };
    values[2] = f64::INFINITY;
    assert!(message(&constant, &infinite).contains("column `x` holds an infinite number"));
}
