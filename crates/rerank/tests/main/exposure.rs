//! Exposure by linear programming on lists that a reader can check.

use evenhand_catalog::Value;
use evenhand_rerank::Shares;
use evenhand_rerank::exposure::mixture;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::lists::{List, list, method};

#[test]
fn two_candidates_of_two_groups_take_the_top_in_turn() {
    // Equal exposure of two candidates: each order half of the time.
    let two = list("ab", &[('a', 0.9), ('b', 0.1)]);
    let found = mixture(&two.shortlist(), &two.shares(&[0.5, 0.5]), 2).unwrap();
    assert_eq!(found.orders.len(), 2);
    assert!(found.orders.iter().all(|(probability, _)| (probability - 0.5).abs() < 1e-12));
    assert!((found.exposures[0] - 0.5).abs() < 1e-12 && found.reached == 1.0);
    let exposure = 0.5 + 0.5 / 3_f64.log2();
    assert!((found.utility - exposure).abs() < 1e-12);
}

#[test]
fn the_draw_follows_the_probabilities_and_the_seed() {
    let four = list("ab", &[('a', 0.9), ('a', 0.8), ('b', 0.3), ('b', 0.2)]);
    let wanted = four.shares(&[0.5, 0.5]);
    let found = mixture(&four.shortlist(), &wanted, 4).unwrap();
    let drawn = |seed: u64| method("exposure-lp", &[]).rerank(&four.shortlist(), &wanted, 4, seed).unwrap();
    assert_eq!(drawn(5), drawn(5));
    for (probability, order) in &found.orders {
        let hits = (0..4000).filter(|&seed| drawn(seed).places.iter().map(|place| place.candidate).eq(order.iter().copied())).count();
        assert!((hits as f64 / 4000.0 - probability).abs() < 0.03, "{hits} of 4000 at {probability}");
    }
    let likely = method("exposure-lp", &[("choice", Value::Text("most-likely".into()))]).rerank(&four.shortlist(), &wanted, 4, 9).unwrap();
    assert!(likely.places.iter().map(|place| place.candidate).eq(found.orders[0].1.iter().copied()));
    let draw = likely.draw.unwrap();
    assert_eq!((draw.probability, draw.orders, draw.reached), (found.orders[0].0, found.orders.len(), 1.0));
}

#[test]
fn exposure_out_of_reach_is_given_as_far_as_it_goes() {
    // One of b among four: at most the first place's exposure, 1 of 2.5616; half of all is wanted.
    let four = list("ab", &[('a', 0.9), ('a', 0.8), ('a', 0.7), ('b', 0.1)]);
    let found = mixture(&four.shortlist(), &four.shares(&[0.5, 0.5]), 4).unwrap();
    let first = 1.0 / (1.0 + 1.0 / 3_f64.log2() + 0.5 + 1.0 / 5_f64.log2());
    assert!((found.exposures[1] - first).abs() < 1e-12);
    assert!((found.reached - (first - 0.25) / 0.25).abs() < 1e-12);
    assert_eq!(found.orders, [(1.0, vec![3, 0, 1, 2])]);
}

#[test]
fn on_random_lists_with_ties_the_exposures_are_those_asked_for() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let mut short = 0;
    for round in 0..400 {
        let levels = rng.random_range(2..9);
        let size = rng.random_range(levels..120);
        let list = List {
            scores: (0..size).map(|_| f64::from(rng.random_range(0..1 + round % 40)) / 8.0).collect(),
            groups: (0..size)
                .map(|position| if position < levels { position as u32 } else { rng.random_range(0..levels as u32) })
                .collect(),
            levels: (0..levels).map(|group| format!("g{group}")).collect(),
        };
        let shortlist = list.shortlist();
        let wanted = if round % 2 == 0 { Shares::pool(&shortlist) } else { Shares::equal(&shortlist) };
        let found = mixture(&shortlist, &wanted, rng.random_range(1..size + 5)).unwrap();
        let pool = Shares::pool(&shortlist);
        short += usize::from(found.reached < 1.0);
        assert!(round % 2 == 1 || found.reached == 1.0);
        for ((exposure, wanted), pool) in found.exposures.iter().zip(wanted.values()).zip(pool.values()) {
            let expected = pool + found.reached * (wanted - pool);
            assert!((exposure - expected).abs() < 1e-8, "{round}: {exposure}, not {expected}");
        }
        assert!(found.orders.len() <= levels);
    }
    assert!(short > 0 && short < 200);
}
