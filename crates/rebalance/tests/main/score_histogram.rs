//! `score-histogram` against histograms that a reader can count.

use std::collections::BTreeMap;

use evenhand_catalog::Value;
use evenhand_rows::Dataset;
use proptest::prelude::*;

use crate::tables::{count, rebalance, repeated, table};

fn bins(bins: i64) -> Vec<(&'static str, Value)> {
    vec![("bins", Value::Integer(bins))]
}

fn cells(data: &Dataset, wanted: &[(&str, f64)]) -> Vec<usize> {
    wanted.iter().map(|&(group, label)| count(data, group, label)).collect()
}

#[test]
fn the_smallest_share_of_each_bin_is_the_common_shape() {
    // Shares: m .2 low, .8 high of 10; f .75 low, .25 high of 20. Smallest: .2 and .25. m keeps 2 and 2.5 -> 3; f keeps 4 and 5.
    let data = repeated(&[("m", 0.2, 2), ("m", 0.8, 8), ("f", 0.2, 15), ("f", 0.8, 5)]);
    let balanced = rebalance("score-histogram", &bins(2), &data, 1).unwrap();
    assert_eq!(cells(&balanced, &[("m", 0.2), ("m", 0.8), ("f", 0.2), ("f", 0.8)]), [2, 3, 4, 5]);
}

#[test]
fn the_cells_of_the_papers_tilted_data_become_alike() {
    // Skewed at alpha = 2: 800 privileged high and unprivileged low, 400 privileged low and unprivileged high.
    let data = repeated(&[("priv", 0.9, 800), ("priv", 0.1, 400), ("unpriv", 0.9, 400), ("unpriv", 0.1, 800)]);
    let wanted = [("priv", 0.9), ("priv", 0.1), ("unpriv", 0.9), ("unpriv", 0.1)];
    let balanced = rebalance("score-histogram", &[], &data, 1).unwrap();
    assert_eq!(cells(&balanced, &wanted), [400; 4]);

    // Only the privileged group thinned: its 400 low rows allow half of the others' 800 / 400, so 200 high remain.
    let thinned = rebalance("score-histogram", &[("privileged", Value::Text("priv".into()))], &data, 1).unwrap();
    assert_eq!(cells(&thinned, &wanted), [200, 400, 400, 800]);
}

#[test]
fn a_binary_label_gets_one_base_rate() {
    // m .5 of 8 favourable, f .25 of 4: the shape is .25 favourable and .5 not, so m keeps 2 and 4, f keeps 1 and 2.
    let data = repeated(&[("m", 1.0, 4), ("m", 0.0, 4), ("f", 1.0, 1), ("f", 0.0, 3)]);
    let balanced = rebalance("score-histogram", &[], &data, 1).unwrap();
    assert_eq!(cells(&balanced, &[("m", 1.0), ("m", 0.0), ("f", 1.0), ("f", 0.0)]), [2, 4, 1, 2]);
}

#[test]
fn three_groups_share_one_shape() {
    // Of 10 each: a 2/8, b 5/5, c 6/4 low/high. Smallest shares .2 low, .4 high.
    let data = repeated(&[("a", 0.1, 2), ("a", 0.9, 8), ("b", 0.1, 5), ("b", 0.9, 5), ("c", 0.1, 6), ("c", 0.9, 4)]);
    let balanced = rebalance("score-histogram", &bins(2), &data, 1).unwrap();
    let wanted = [("a", 0.1), ("a", 0.9), ("b", 0.1), ("b", 0.9), ("c", 0.1), ("c", 0.9)];
    assert_eq!(cells(&balanced, &wanted), [2, 4, 2, 4, 2, 4]);
}

#[test]
fn equal_histograms_lose_nothing_and_rows_keep_their_order() {
    let data = table(&[("m", 0.9), ("f", 0.1), ("m", 0.1), ("f", 0.9), ("f", 1.0), ("f", 0.0)]);
    assert_eq!(rebalance("score-histogram", &bins(2), &data, 1).unwrap().rows, [1, 2, 3, 4, 5, 6]);
    let tilted = repeated(&[("m", 0.9, 30), ("f", 0.9, 10), ("m", 0.1, 10), ("f", 0.1, 30)]);
    let kept = rebalance("score-histogram", &bins(2), &tilted, 1).unwrap().rows;
    assert!(kept.is_sorted());
    assert_eq!(kept.len(), 40);
}

#[test]
fn what_cannot_be_matched_is_refused() {
    let message = |given: &[(&str, Value)], data: &Dataset| rebalance("score-histogram", given, data, 1).unwrap_err().to_string();
    let apart = repeated(&[("m", 0.9, 3), ("f", 0.1, 3)]);
    assert_eq!(
        message(&bins(4), &apart),
        "`score-histogram`: no label bin of 4 holds rows of every group of `group`, so that nothing would be left; use fewer `bins` or join \
         small groups"
    );
    let privileged = |name: &str| vec![("bins", Value::Integer(4)), ("privileged", Value::Text(name.into()))];
    assert_eq!(
        message(&privileged("m"), &apart),
        "`score-histogram`: group `m` of `group` has no training row with a label in [0, 0.25) while the others have 3; use fewer `bins`, or \
         leave `privileged` out so that every group may be thinned"
    );
    assert_eq!(
        message(&privileged("men"), &apart),
        "`score-histogram`: privileged = \"men\" is no group of `group` with training rows; those are `f`, `m`"
    );
    assert_eq!(message(&bins(0), &apart), "`score-histogram`: bins = 0 is not allowed; it must be a whole number (1 to 10000)");
}

proptest! {
    /// Afterwards the label says nothing of the group: in every bin all groups have the same share, up to the rounding.
    #[test]
    fn label_histograms_agree_afterwards(
        rows in prop::collection::vec((0..3_usize, 0..=100_u8), 60..400),
        bin_count in 1..12_i64,
        seed in 0..100_u64,
    ) {
        let rows: Vec<(&str, f64)> = rows.iter().map(|&(group, label)| (["a", "b", "c"][group], f64::from(label) / 100.0)).collect();
        let data = table(&rows);
        let Ok(balanced) = rebalance("score-histogram", &bins(bin_count), &data, seed) else { return Ok(()) };
        prop_assert!(balanced.rows.is_sorted_by(|left, right| left < right), "no row twice");
        let mut histogram: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for &row in &balanced.rows {
            let (group, label) = rows[row as usize - 1];
            let bin = ((label * bin_count as f64) as usize).min(bin_count as usize - 1);
            histogram.entry(group).or_insert_with(|| vec![0.0; bin_count as usize])[bin] += 1.0;
        }
        for (first, second) in [("a", "b"), ("a", "c"), ("b", "c")] {
            let (Some(first), Some(second)) = (histogram.get(first), histogram.get(second)) else { continue };
            let sizes = (first.iter().sum::<f64>(), second.iter().sum::<f64>());
            // Half a row in the bin and half a row in each bin of the total, relative to the smaller group.
            let tolerance = (1.0 + bin_count as f64) / sizes.0.min(sizes.1);
            for (left, right) in first.iter().zip(second) {
                prop_assert!((left / sizes.0 - right / sizes.1).abs() <= tolerance);
            }
        }
    }
}
