//! `resampling` and `reweighing` against cells that a reader can count.

use evenhand_catalog::Value;
use evenhand_rows::Dataset;

use crate::tables::{count, rebalance, repeated, table};

const CELLS: [(&str, f64); 4] = [("m", 1.0), ("m", 0.0), ("f", 1.0), ("f", 0.0)];

/// 20 rows: men 8 favourable and 2 not, women 2 and 8. Independent: 5 of each.
fn tilted() -> Dataset {
    repeated(&[("m", 1.0, 8), ("m", 0.0, 2), ("f", 1.0, 2), ("f", 0.0, 8)])
}

#[test]
fn resampled_cells_have_the_sizes_of_independence() {
    let data = tilted();
    let balanced = rebalance("resampling", &[], &data, 1).unwrap();
    assert_eq!(CELLS.map(|(group, label)| count(&balanced, group, label)), [5; 4]);
    // Rows of the small cells are all there; those of the large ones are there once at most.
    for row in [9, 10, 11, 12] {
        assert!(balanced.rows.contains(&row), "{row}");
    }
    for row in (1..=8).chain(13..=20) {
        assert!(balanced.rows.iter().filter(|&&kept| kept == row).count() <= 1, "{row}");
    }
    // Unequal groups and labels keep their numbers: m 12 of 16, favourable 8 of 16.
    let data = repeated(&[("m", 1.0, 8), ("m", 0.0, 4), ("f", 0.0, 3), ("f", 1.0, 1)]);
    let balanced = rebalance("resampling", &[], &data, 1).unwrap();
    assert_eq!(CELLS.map(|(group, label)| count(&balanced, group, label)), [7, 5, 2, 2]);
}

#[test]
fn reweighed_cells_are_independent_by_weight() {
    let balanced = rebalance("reweighing", &[], &tilted(), 1).unwrap();
    let weights = balanced.weights.unwrap();
    assert_eq!(balanced.rows, (1..=20).collect::<Vec<u64>>());
    // P(m) P(1) / P(m, 1) = .5 x .5 / .4, and .25 / .1.
    let expected = [(0..8, 0.625), (8..10, 2.5), (10..12, 2.5), (12..20, 0.625)];
    for (rows, weight) in expected {
        assert!(weights[rows].iter().all(|found| (found - weight).abs() < 1e-12));
    }
    // Own weights count: men's favourable rows weigh 1/4 each, so that cells weigh 2, 2, 2, 8 of 14.
    let mut data = tilted();
    data.weights = Some((0..20).map(|row| if row < 8 { 0.25 } else { 1.0 }).collect());
    let weights = rebalance("reweighing", &[], &data, 1).unwrap().weights.unwrap();
    let sum = |rows: std::ops::Range<usize>| weights[rows].iter().sum::<f64>();
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} instead of {expected}");
    near(sum(0..8), 4.0 * 4.0 / 14.0);
    near(sum(8..10), 4.0 * 10.0 / 14.0);
    near(sum(12..20), 10.0 * 10.0 / 14.0);
}

#[test]
fn a_cell_without_rows_is_refused_and_rows_of_unknown_group_stay() {
    for (method, verb) in [("resampling", "repeated"), ("reweighing", "weighed")] {
        let message = rebalance(method, &[], &repeated(&[("m", 1.0, 3), ("m", 0.0, 3), ("f", 0.0, 6)]), 1).unwrap_err().to_string();
        assert!(message.contains(&format!("`{method}`: group `f`")) && message.contains(verb), "{message}");
        let data = table(&[("m", 0.9), ("m", 0.2), ("", 0.9), ("f", 0.9), ("f", 0.1)]);
        let balanced = rebalance(method, &[("threshold", Value::Number(0.6))], &data, 1).unwrap();
        assert_eq!(balanced.rows, [1, 2, 3, 4, 5]);
        assert!(balanced.weights.is_none_or(|weights| weights == [1.0; 5]));
    }
}
