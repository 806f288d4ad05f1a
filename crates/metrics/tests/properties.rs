//! Invariances and brute-force oracles on random data.

use evenhand_metrics::spdd::{wasserstein_1, weighted_wasserstein_1};
use evenhand_metrics::{Conventions, Definition, Outcomes, find};
use evenhand_rows::{Groups, UNKNOWN};
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

/// Rows of up to 12 groups and of unknown group: scores with ties or without, labels of two or of many values, weights.
fn many_groups() -> impl Strategy<Value = (Vec<(f64, f64, f64, u32)>, u32)> {
    let row = |groups: u32, tied: bool, binary: bool, weighted: bool| {
        let score = if tied { (0_u32..=16).prop_map(|step| f64::from(step) / 16.0).boxed() } else { (0.0..1.0_f64).boxed() };
        let label =
            if binary { (0_u8..2).prop_map(f64::from).boxed() } else { (0_u32..=12).prop_map(|step| f64::from(step) / 12.0).boxed() };
        let weight = if weighted { (1_u32..9).prop_map(|step| f64::from(step) / 3.0).boxed() } else { Just(1.0).boxed() };
        (score, label, weight, 0..groups + 1).prop_map(|(score, label, weight, code)| {
            // Groups lie apart by what they are.
            (0.7 * score + 0.02 * f64::from(code % 5), label, weight, code)
        })
    };
    (3_u32..=12, any::<bool>(), any::<bool>(), any::<bool>())
        .prop_flat_map(move |(groups, tied, binary, weighted)| (vec(row(groups, tied, binary, weighted), 10..120), Just(groups)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each pair alone, and each group against all others as one, are two groups: those know no shortcut.
    #[test]
    fn the_largest_pair_and_the_rest_are_those_of_two_groups_at_a_time((rows, groups) in many_groups(), on_grid in any::<bool>()) {
        let definition = if on_grid { Definition::Grid } else { Definition::Exact };
        let conventions = Conventions { definition, ..Conventions::default() };
        let measured = |id: &str, code: &dyn Fn(u32) -> Option<u32>, count: u32| {
            let kept: Vec<(f64, f64, f64, u32)> = rows.iter().filter_map(|row| Some((row.0, row.1, row.2, code(row.3)?))).collect();
            let column = |pick: fn(&(f64, f64, f64, u32)) -> f64| kept.iter().map(pick).collect::<Vec<f64>>();
            let (scores, labels, weights) = (column(|row| row.0), column(|row| row.1), column(|row| row.2));
            let levels = (0..count).map(|level| level.to_string()).collect();
            let codes = kept.iter().map(|row| if row.3 < count { row.3 } else { UNKNOWN }).collect();
            let groups = Groups::new("g", levels, codes);
            let outcomes = Outcomes::new(&scores, &groups).ok()?.labels(&labels).unwrap().weights(&weights).unwrap();
            Some(find(id).unwrap().evaluate(&outcomes.conventions(conventions.clone())))
        };
        for id in ["spdd", "standardised-spdd", "ks", "mean-score-difference", "speo", "histogram-kl"] {
            // The last code stands for the unknown.
            let whole = measured(id, &Some, groups).unwrap();
            let number = |a: u32, b: u32| {
                let pair = measured(id, &|code| [a, b].iter().position(|known| *known == code).map(|place| place as u32), 2)?;
                pair.estimate.number()
            };
            let pairs: Vec<f64> = (0..groups).flat_map(|a| (a + 1..groups).map(move |b| (a, b))).filter_map(|(a, b)| number(a, b)).collect();
            let expected = match id {
                "histogram-kl" if !pairs.is_empty() => Some(pairs.iter().sum::<f64>() / pairs.len() as f64),
                _ => pairs.iter().copied().reduce(f64::max),
            };
            prop_assert_eq!(whole.estimate.number().is_some(), expected.is_some(), "{}", id);
            let (Some(found), Some(expected)) = (whole.estimate.number(), expected) else { continue };
            prop_assert!((found - expected).abs() < 1e-11, "{}: {} {}", id, found, expected);
            if let Some((a, b)) = &whole.largest_pair {
                let most = pairs.iter().copied().fold(0.0, f64::max);
                let named = number(a.parse().unwrap(), b.parse().unwrap()).unwrap();
                prop_assert!((named - most).abs() < 1e-12, "{}: {} and {} lie {} apart, not {}", id, a, b, named, most);
            }
            // Groups that cannot enter are no part of the rest.
            let entered: Vec<u32> = whole.against_rest.iter().map(|one| one.group.parse().unwrap()).collect();
            for comparison in &whole.against_rest {
                let one: u32 = comparison.group.parse().unwrap();
                let side = |code: u32| if code == one { Some(0) } else { entered.contains(&code).then_some(1) };
                let expected = measured(id, &side, 2).unwrap().estimate.number();
                let found = comparison.estimate.number();
                let close = found.zip(expected).map_or(found == expected, |(found, expected)| (found - expected).abs() < 1e-12 * expected.max(1.0) * 10.0);
                prop_assert!(close, "{} of {}: {:?} {:?}", id, one, found, expected);
            }
        }
    }
}
