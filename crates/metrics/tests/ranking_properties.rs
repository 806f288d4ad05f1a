//! Ranking metrics on random lists: what must hold whatever the list.

use evenhand_metrics::{Rankings, ranking};
use evenhand_rows::{Groups, UNKNOWN};
use proptest::collection::vec;
use proptest::prelude::*;

fn groups(codes: &[u32], levels: usize) -> Groups {
    Groups::new("g", (0..levels).map(|level| format!("g{level}")).collect(), codes.to_vec())
}

fn number(id: &str, rankings: &Rankings, k: Option<usize>) -> Option<f64> {
    ranking::evaluate(&[id], rankings, k, None).unwrap().remove(0).estimate.number()
}

/// A list of up to three groups, some unknown.
fn list(most: usize) -> impl Strategy<Value = Vec<u32>> {
    vec(prop_oneof![4 => 0_u32..3, 1 => Just(UNKNOWN)], 1..most)
}

/// Wanted shares in sixteenths, none of them 0.
fn shares() -> impl Strategy<Value = [f64; 3]> {
    (1_u32..=14)
        .prop_flat_map(|first| (Just(first), 1..=15 - first))
        .prop_map(|(first, second)| [first, second, 16 - first - second].map(|share| f64::from(share) / 16.0))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ndkl_is_zero_exactly_when_every_prefix_shows_the_wanted_shares(codes in list(30), wanted in shares(), k in 1_usize..40) {
        let groups = groups(&codes, 3);
        let rankings = Rankings::new(&[codes.len()], &groups).unwrap().wanted(&wanted).unwrap();
        let found = number("ndkl", &rankings, Some(k));
        let known = codes.iter().take(k).any(|&code| code != UNKNOWN);
        prop_assert_eq!(found.is_some(), known);
        // The first known candidate shows one group alone, and no group's wanted share is 1: every such list has a prefix that differs.
        prop_assert!(found.is_none_or(|found| found > 0.0));
        let mut alone = [0.0; 3];
        if let Some(&first) = codes.iter().find(|&&code| code != UNKNOWN) {
            alone[first as usize] = 1.0;
            let one_group: Vec<u32> = codes.iter().map(|&code| if code == UNKNOWN { UNKNOWN } else { first }).collect();
            let groups = self::groups(&one_group, 3);
            let rankings = Rankings::new(&[codes.len()], &groups).unwrap().wanted(&alone).unwrap();
            prop_assert_eq!(number("ndkl", &rankings, None), Some(0.0));
        }
    }

    #[test]
    fn ndkl_is_at_most_the_divergence_of_the_rarest_group(codes in list(30), wanted in shares()) {
        let groups = groups(&codes, 3);
        let rankings = Rankings::new(&[codes.len()], &groups).unwrap().wanted(&wanted).unwrap();
        let most = -wanted.iter().copied().fold(1.0, f64::min).ln();
        prop_assert!(number("ndkl", &rankings, None).is_none_or(|found| found <= most + 1e-12));
    }

    #[test]
    fn numbers_stay_in_their_range(codes in list(30), wanted in shares(), k in 1_usize..40) {
        let groups = groups(&codes, 3);
        let size = codes.len();
        let original: Vec<u32> = (0..size as u32).rev().map(|place| place + 1).collect();
        let scores: Vec<f64> = (0..size).map(|place| (place * 7 % 5) as f64).collect();
        let rankings = Rankings::new(&[size], &groups).unwrap().wanted(&wanted).unwrap();
        let rankings = rankings.original(&original).unwrap().scores(&scores).unwrap().labels(&scores).unwrap();
        let top = k.min(size) as f64;
        for (id, low, high) in [
            ("ndcg", 0.0, 1.0), ("ndcg-linear", 0.0, 1.0), ("ndcg-original", 0.0, 1.0), ("ndcg-score", 0.0, 1.0),
            ("infeasible-index", 0.0, top), ("infeasible-count", 0.0, 2.0 * top), ("attention-weighted-parity", 0.0, 1.0),
            ("exposure", 0.0, 1.0), ("exposure-difference", 0.0, 1.0), ("exposure-ratio", 0.0, 1.0), ("share-at-k", 1.0 / 3.0, 1.0),
            ("selection-rate-at-k", 0.0, 1.0), ("demographic-parity-difference-at-k", 0.0, 1.0), ("impact-ratio-at-k", 0.0, 1.0),
            ("average-rank", 1.0, size as f64), ("worst-rank", 1.0, size as f64), ("reciprocal-rank", 0.0, 1.0), ("max-skew", 0.0, 3.0),
            ("average-rank-difference", 0.0, size as f64 - 1.0), ("worst-rank-difference", 0.0, size as f64 - 1.0),
            ("reciprocal-rank-difference", 0.0, 1.0),
        ] {
            let found = number(id, &rankings, Some(k));
            prop_assert!(found.is_none_or(|found| (low - 1e-12..=high + 1e-12).contains(&found)), "{} {:?}", id, found);
        }
    }

    /// The skew is 0 in every group exactly when the first k show the wanted shares, and then no group lies below its floor there.
    #[test]
    fn a_top_that_shows_the_wanted_shares_has_no_skew(times in 1_usize..4, wanted in shares(), seed in 0_usize..50) {
        let counts = wanted.map(|share| (share * 16.0) as usize * times);
        let mut codes: Vec<u32> = (0..3).flat_map(|group| vec![group as u32; counts[group]]).collect();
        let size = codes.len();
        for place in (1..size).rev() {
            codes.swap(place, (place * 31 + seed * 17) % (place + 1));
        }
        let groups = groups(&codes, 3);
        let rankings = Rankings::new(&[size], &groups).unwrap().wanted(&wanted).unwrap();
        for id in ["skew", "min-skew", "max-skew"] {
            prop_assert!(number(id, &rankings, None).unwrap().abs() < 1e-12);
        }
    }

    /// Pulling a candidate of the rarer half up never makes the exposure of its group smaller.
    #[test]
    fn a_candidate_who_rises_lifts_the_exposure_of_the_group(codes in vec(0_u32..2, 2..20), place in 1_usize..19) {
        let place = place % codes.len();
        prop_assume!(place > 0 && codes[place] == 1 && codes[place - 1] == 0);
        let mut risen = codes.clone();
        risen.swap(place, place - 1);
        let exposure = |codes: &[u32]| {
            let groups = groups(codes, 2);
            let rankings = Rankings::new(&[codes.len()], &groups).unwrap();
            let finding = ranking::evaluate(&["exposure"], &rankings, None, None).unwrap().remove(0);
            finding.by_group[1].estimate.number().unwrap()
        };
        prop_assert!(exposure(&risen) > exposure(&codes));
    }

    #[test]
    fn the_order_of_jobs_and_the_codes_of_groups_do_not_matter(jobs in vec(list(12), 2..6), wanted in shares(), k in 1_usize..14) {
        let sizes: Vec<usize> = jobs.iter().map(Vec::len).collect();
        let codes: Vec<u32> = jobs.concat();
        let groups = groups(&codes, 3);
        let first = Rankings::new(&sizes, &groups).unwrap().wanted(&wanted).unwrap();
        let turned: Vec<u32> = jobs.iter().rev().flatten().map(|&code| if code == UNKNOWN { code } else { (code + 1) % 3 }).collect();
        let turned = self::groups(&turned, 3);
        let sizes: Vec<usize> = sizes.into_iter().rev().collect();
        let shares = [wanted[2], wanted[0], wanted[1]];
        let second = Rankings::new(&sizes, &turned).unwrap().wanted(&shares).unwrap();
        for (a, b) in ranking::evaluate(&[], &first, Some(k), None).unwrap().iter().zip(ranking::evaluate(&[], &second, Some(k), None).unwrap()) {
            prop_assert_eq!(a.estimate.number().is_some(), b.estimate.number().is_some());
            if let (Some(a), Some(b)) = (a.estimate.number(), b.estimate.number()) {
                prop_assert!((a - b).abs() < 1e-12, "{} {}", a, b);
            }
        }
    }
}
