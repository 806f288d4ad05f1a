//! Invariances and brute-force oracles on random data.

use evenhand_metrics::spdd::{wasserstein_1, weighted_wasserstein_1};
use evenhand_metrics::{Outcomes, find};
use evenhand_rows::Groups;
use proptest::collection::vec;
use proptest::prelude::*;

/// Scores with many ties: multiples of 1/16.
fn scores(most: usize) -> impl Strategy<Value = Vec<f64>> {
    vec((0_u32..=16).prop_map(|step| f64::from(step) / 16.0), 1..most)
}

/// Scores without structure, far outside [0, 1].
fn wild(most: usize) -> impl Strategy<Value = Vec<f64>> {
    vec(prop_oneof![-1e6..1e6_f64, -1e-6..1e-6_f64, Just(0.0), Just(-0.0)], 1..most)
}

fn share_above(scores: &[f64], threshold: f64) -> f64 {
    scores.iter().filter(|&&score| score > threshold).count() as f64 / scores.len() as f64
}

/// The definition read aloud: the gap between neighbouring thresholds times their distance.
fn area_by_definition(x: &[f64], y: &[f64]) -> f64 {
    let mut places: Vec<f64> = x.iter().chain(y).copied().collect();
    places.sort_by(f64::total_cmp);
    places.windows(2).map(|pair| (share_above(x, pair[0]) - share_above(y, pair[0])).abs() * (pair[1] - pair[0])).sum()
}

fn close(a: f64, b: f64, scale: f64) -> bool {
    (a - b).abs() <= 1e-12 * scale.max(1.0)
}

fn measured(id: &str, x: &[f64], y: &[f64]) -> (f64, Option<f64>) {
    let all: Vec<f64> = x.iter().chain(y).copied().collect();
    let codes = (0..all.len()).map(|row| u32::from(row >= x.len())).collect();
    let groups = Groups::new("g", vec!["x".to_owned(), "y".to_owned()], codes);
    let finding = find(id).unwrap().evaluate(&Outcomes::new(&all, &groups).unwrap());
    (finding.estimate.number().unwrap(), finding.at_threshold)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spdd_is_the_area_between_the_pass_rates(x in scores(40), y in scores(40)) {
        let expected = area_by_definition(&x, &y);
        prop_assert!(close(wasserstein_1(&x, &y).unwrap(), expected, 1.0));
        prop_assert!(close(measured("spdd", &x, &y).0, expected, 1.0));
    }

    #[test]
    fn ks_is_the_largest_gap_over_thresholds(x in scores(40), y in scores(40)) {
        let gap = |threshold: f64| (share_above(&x, threshold) - share_above(&y, threshold)).abs();
        let expected = x.iter().chain(&y).map(|&threshold| gap(threshold)).fold(0.0, f64::max);
        let (found, at) = measured("ks", &x, &y);
        prop_assert!(close(found, expected, 1.0));
        if let Some(at) = at {
            prop_assert!(close(gap(at), expected, 1.0));
        }
    }

    #[test]
    fn the_distance_is_symmetric_and_blind_to_order(x in wild(60), y in wild(60)) {
        let distance = wasserstein_1(&x, &y).unwrap();
        prop_assert!(distance >= 0.0);
        let mut reversed = x.clone();
        reversed.reverse();
        prop_assert!(close(distance, wasserstein_1(&y, &reversed).unwrap(), distance));
        prop_assert!(close(0.0, wasserstein_1(&x, &reversed).unwrap(), 1.0));
    }

    #[test]
    fn shifting_one_side_far_away_adds_the_shift(x in scores(40), y in scores(40), shift in 2.0..100.0_f64) {
        let moved: Vec<f64> = y.iter().map(|score| score + shift).collect();
        let mean = |scores: &[f64]| scores.iter().sum::<f64>() / scores.len() as f64;
        // No overlap: the distance is the difference of the means. Shifting both changes nothing.
        prop_assert!(close(wasserstein_1(&x, &moved).unwrap(), mean(&moved) - mean(&x), shift));
        let both: Vec<f64> = x.iter().map(|score| score + shift).collect();
        prop_assert!(close(wasserstein_1(&both, &moved).unwrap(), wasserstein_1(&x, &y).unwrap(), shift));
    }

    #[test]
    fn the_triangle_inequality_holds(x in wild(40), y in wild(40), z in wild(40)) {
        let (xy, yz, xz) = (wasserstein_1(&x, &y).unwrap(), wasserstein_1(&y, &z).unwrap(), wasserstein_1(&x, &z).unwrap());
        prop_assert!(xz <= (xy + yz) * (1.0 + 1e-9) + 1e-9);
    }

    #[test]
    fn whole_weights_count_like_repeated_scores(rows in vec((0_u32..=16, 0_usize..4), 1..40), y in scores(40)) {
        let x: Vec<f64> = rows.iter().map(|(step, _)| f64::from(*step) / 16.0).collect();
        let weights: Vec<f64> = rows.iter().map(|(_, times)| *times as f64).collect();
        let repeated: Vec<f64> = rows.iter().flat_map(|(step, times)| vec![f64::from(*step) / 16.0; *times]).collect();
        let found = weighted_wasserstein_1(&x, &weights, &y, &vec![2.5; y.len()]);
        let expected = wasserstein_1(&repeated, &y);
        prop_assert_eq!(found.is_some(), expected.is_some());
        if let (Some(found), Some(expected)) = (found, expected) {
            prop_assert!(close(found, expected, 1.0));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Long inputs take the way through buckets, with ties, lumps and outliers.
    #[test]
    fn long_inputs_give_the_area_too(seed in 0_u64..1000, lump in 0_usize..3, outlier in prop_oneof![Just(1.0), Just(1e3), Just(1e12)]) {
        let next = |row: u64, salt: u64| ((row * 2_654_435_761 + seed * 97 + salt) % 1_000_003) as f64 / 1_000_003.0;
        let shape = |u: f64| match lump { 0 => u, 1 => (u * 64.0).floor() / 64.0, _ => u.powi(8) };
        let mut x: Vec<f64> = (0..6000).map(|row| shape(next(row, 1))).collect();
        let y: Vec<f64> = (0..4000).map(|row| shape(next(row, 7)) * 0.999 + 1e-4).collect();
        x.push(outlier);
        // By definition, with counts kept along the sorted union.
        let mut steps: Vec<(f64, usize)> = x.iter().map(|&score| (score, 0)).chain(y.iter().map(|&score| (score, 1))).collect();
        steps.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut below, mut area) = ([0.0_f64; 2], 0.0);
        for pair in steps.windows(2) {
            below[pair[0].1] += 1.0;
            area += (below[0] / 6001.0 - below[1] / 4000.0).abs() * (pair[1].0 - pair[0].0);
        }
        prop_assert!(close(wasserstein_1(&x, &y).unwrap(), area, area));
    }
}
