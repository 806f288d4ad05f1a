//! `oversampling` against cells that a reader can count.

use std::collections::BTreeMap;

use evenhand_catalog::Value;
use proptest::prelude::*;

use crate::tables::{count, rebalance, repeated, table};

#[test]
fn all_cells_grow_to_the_largest_one() {
    // men 5 favourable, 3 not; women 2 favourable, 4 not; the largest cell has 5.
    let data = repeated(&[("m", 1.0, 5), ("m", 0.0, 3), ("f", 1.0, 2), ("f", 0.0, 4)]);
    let balanced = rebalance("oversampling", &[], &data, 1).unwrap();
    assert_eq!(balanced.len(), 20);
    for (group, label) in [("m", 1.0), ("m", 0.0), ("f", 1.0), ("f", 0.0)] {
        assert_eq!(count(&balanced, group, label), 5, "{group} {label}");
    }
    assert_eq!(balanced.rows[..14], data.rows[..], "every row is kept, in its place, before the draws");
}

#[test]
fn within_the_label_the_groups_become_equal() {
    let data = repeated(&[("m", 1.0, 5), ("m", 0.0, 3), ("f", 1.0, 2), ("f", 0.0, 4)]);
    let balanced = rebalance("oversampling", &[("balance", Value::Text("within-label".into()))], &data, 1).unwrap();
    let cells = [("m", 1.0), ("f", 1.0), ("m", 0.0), ("f", 0.0)].map(|(group, label)| count(&balanced, group, label));
    assert_eq!(cells, [5, 5, 4, 4]);
}

#[test]
fn a_continuous_label_at_the_threshold_is_favourable() {
    // At .6 the label .6 belongs to the upper band: m has 2 up and 1 down, f has 1 and 2.
    let data = table(&[("m", 0.7), ("m", 0.6), ("m", 0.59), ("f", 0.6), ("f", 0.5), ("f", 0.1)]);
    let balanced = rebalance("oversampling", &[("threshold", Value::Number(0.6))], &data, 1).unwrap();
    assert_eq!(balanced.len(), 8);
    assert_eq!(count(&balanced, "m", 0.59), 2);
    assert_eq!(count(&balanced, "f", 0.6), 2);
    let message = |threshold| rebalance("oversampling", &[("threshold", Value::Number(threshold))], &data, 1).unwrap_err().to_string();
    assert_eq!(
        message(0.7),
        "`oversampling`: group `f` of `group` has no training row with a label of at least 0.7, so none can be repeated; move `threshold`, \
         join the group with another, or take it out of the training rows"
    );
    assert!(message(0.0).contains("no training row with a label below 0,"));
}

#[test]
fn balanced_rows_stay_as_they_are() {
    let data = repeated(&[("a", 1.0, 2), ("a", 0.0, 2), ("b", 1.0, 2), ("b", 0.0, 2), ("c", 1.0, 2), ("c", 0.0, 2)]);
    assert_eq!(rebalance("oversampling", &[], &data, 9).unwrap().rows, data.rows);
}

#[test]
fn every_row_of_a_small_cell_has_the_same_chance() {
    // 2 rows grow to 2,002: each of them should be drawn about 1,000 times (standard deviation 22).
    let data = repeated(&[("m", 1.0, 2_002), ("m", 0.0, 2_002), ("f", 1.0, 2), ("f", 0.0, 2_002)]);
    let balanced = rebalance("oversampling", &[], &data, 4).unwrap();
    let first = balanced.rows.iter().filter(|&&row| row == 4_005).count();
    let second = balanced.rows.iter().filter(|&&row| row == 4_006).count();
    assert_eq!(first + second, 2_002);
    assert!(first.abs_diff(second) < 200, "{first} and {second}");
}

proptest! {
    #[test]
    fn afterwards_each_cell_has_the_wanted_size_and_holds_only_its_own_rows(
        rows in prop::collection::vec((0..3_usize, prop::bool::ANY), 30..120),
        seed in 0..100_u64,
    ) {
        let rows: Vec<(&str, f64)> = rows.iter().map(|&(group, label)| (["a", "b", "c"][group], f64::from(u8::from(label)))).collect();
        let cells = |rows: &mut dyn Iterator<Item = (String, bool)>| {
            let mut counts: BTreeMap<(String, bool), usize> = BTreeMap::new();
            for cell in rows {
                *counts.entry(cell).or_insert(0) += 1;
            }
            counts
        };
        let before = cells(&mut rows.iter().map(|&(group, label)| (group.to_owned(), label > 0.5)));
        prop_assume!(before.len() == 6);
        let balanced = rebalance("oversampling", &[], &table(&rows), seed).unwrap();
        let after = cells(&mut balanced.rows.iter().map(|&row| {
            let (group, label) = rows[row as usize - 1];
            (group.to_owned(), label > 0.5)
        }));
        let largest = *before.values().max().unwrap();
        prop_assert!(after.values().all(|count| *count == largest));
        prop_assert_eq!(balanced.len(), 6 * largest);
    }
}
