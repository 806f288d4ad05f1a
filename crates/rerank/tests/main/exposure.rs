//! Exposure by linear programming on lists that a reader can check.

use evenhand_catalog::Value;
use evenhand_rerank::Shares;
use evenhand_rerank::exposure::mixture;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::lists::{List, all_lists, list, method, ranks, with_scores};
use crate::oracle::check_order;

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

/// What an order shows: each group's share of the exposure, and the utility.
#[derive(Clone, Copy)]
struct Shown {
    exposures: [f64; 3],
    utility: f64,
}

fn exposure(place: usize) -> f64 {
    1.0 / (place as f64 + 2.0).log2()
}

fn shown(list: &List, order: &[usize]) -> Shown {
    let total: f64 = (0..order.len()).map(exposure).sum();
    let mut shown = Shown { exposures: [0.0; 3], utility: 0.0 };
    for (place, &candidate) in order.iter().enumerate() {
        shown.exposures[list.groups[candidate] as usize] += exposure(place) / total;
        shown.utility += exposure(place) * list.scores[candidate];
    }
    shown
}

/// What all orders of some candidates show, by length. Orders with the same groups at the same places share their exposures, so the best of them
/// stands for all.
struct Offers<'a> {
    list: &'a List,
    candidates: Vec<usize>,
    /// By length, then by the groups at the places as digits.
    best: Vec<Vec<f64>>,
}

impl<'a> Offers<'a> {
    fn new(list: &'a List, candidates: Vec<usize>) -> Self {
        let best = (0..=candidates.len() as u32).map(|length| vec![f64::NEG_INFINITY; 3_usize.pow(length)]).collect();
        let mut offers = Offers { list, candidates, best };
        offers.visit(0, 0, 0, 0.0);
        offers
    }

    fn visit(&mut self, taken: u32, length: usize, code: usize, utility: f64) {
        self.best[length][code] = self.best[length][code].max(utility);
        for at in (0..self.candidates.len()).filter(|at| taken >> at & 1 == 0) {
            let candidate = self.candidates[at];
            let digit = self.list.groups[candidate] as usize * 3_usize.pow(length as u32);
            self.visit(taken | 1 << at, length + 1, code + digit, utility + exposure(length) * self.list.scores[candidate]);
        }
    }

    fn shown(&self, length: usize) -> Vec<Shown> {
        let total: f64 = (0..length).map(exposure).sum();
        let exposures = |code: usize| {
            let mut exposures = [0.0; 3];
            for place in 0..length {
                exposures[code / 3_usize.pow(place as u32) % 3] += exposure(place) / total;
            }
            exposures
        };
        let found = self.best[length].iter().enumerate().filter(|(_, utility)| utility.is_finite());
        found.map(|(code, &utility)| Shown { exposures: exposures(code), utility }).collect()
    }
}

/// The exposures that the documentation promises, and how much of the way to the wanted ones that is. Some groups together cannot be seen more
/// than in the order that shows them most; that these bounds can be had is shown by the mixture that has them.
fn promised(shares: &[f64; 3], sizes: &[usize; 3], all: &[Shown]) -> ([f64; 3], f64) {
    let seen = |group: usize| shares[group] > 0.0 && sizes[group] > 0;
    let sum: f64 = (0..3).filter(|&group| seen(group)).map(|group| shares[group]).sum();
    let candidates: usize = (0..3).filter(|&group| seen(group)).map(|group| sizes[group]).sum();
    let sides = |group: usize| if seen(group) { (shares[group] / sum, sizes[group] as f64 / candidates as f64) } else { (0.0, 0.0) };
    let mut reached = 1.0_f64;
    for some in 1..8 {
        let total = |of: &dyn Fn(usize) -> f64| (0..3).filter(|group| some >> group & 1 == 1).map(of).sum::<f64>();
        let (wanted, pool) = (total(&|group| sides(group).0), total(&|group| sides(group).1));
        let most = all.iter().map(|shown| total(&|group| shown.exposures[group])).fold(0.0, f64::max);
        if wanted > most + 1e-12 {
            reached = reached.min((most - pool) / (wanted - pool));
        }
    }
    ([0, 1, 2].map(|group| sides(group).1 + reached * (sides(group).0 - sides(group).1)), reached)
}

/// Of two groups: the best of all mixtures of two orders that show the first as wanted, which is the upper hull of the orders.
fn best_of_pairs(all: &[Shown], group: usize, target: f64) -> f64 {
    let mut best = f64::NEG_INFINITY;
    for low in all.iter().filter(|shown| shown.exposures[group] <= target + 1e-12) {
        for high in all.iter().filter(|shown| shown.exposures[group] >= target - 1e-12) {
            let width = high.exposures[group] - low.exposures[group];
            let part = if width > 1e-9 { ((target - low.exposures[group]) / width).clamp(0.0, 1.0) } else { 0.0 };
            best = best.max(low.utility + part * (high.utility - low.utility));
        }
    }
    best
}

/// Of three groups: a bound that no mixture of the orders with these exposures exceeds. With prices y for the exposure of two groups it is the
/// largest utility - y (exposure - target) of any order, whatever the prices; they are sought where the orders of the mixture tie.
fn least_bound(all: &[Shown], mixture: &[Shown], target: [f64; 3]) -> f64 {
    let from = mixture[0];
    let step =
        |shown: &Shown| [shown.exposures[0] - from.exposures[0], shown.exposures[1] - from.exposures[1], shown.utility - from.utility];
    let steps: Vec<[f64; 3]> = all.iter().map(step).collect();
    let length = |step: &[f64; 3]| step[0].hypot(step[1]);
    let bound = |y: [f64; 2]| {
        let offer = |shown: &Shown| shown.utility - y[0] * (shown.exposures[0] - target[0]) - y[1] * (shown.exposures[1] - target[1]);
        all.iter().map(offer).fold(f64::NEG_INFINITY, f64::max)
    };
    // At optimal prices no order is worth more than those of the mixture: y step >= gain for every order. Along the line of prices at which one
    // more order ties that leaves an interval, and where a third ties, one of its ends.
    let along = |tie: &[f64; 3]| {
        let scale = tie[2] / (tie[0] * tie[0] + tie[1] * tie[1]);
        let (start, across) = ([tie[0] * scale, tie[1] * scale], [-tie[1], tie[0]]);
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        for step in &steps {
            let (slope, gain) = (across[0] * step[0] + across[1] * step[1], step[2] - start[0] * step[0] - start[1] * step[1]);
            if slope > 1e-12 {
                low = low.max(gain / slope);
            } else if slope < -1e-12 {
                high = high.min(gain / slope);
            }
        }
        let ends = [low, high, 0.0].into_iter().filter(|at| at.is_finite());
        ends.map(|at| bound([start[0] + at * across[0], start[1] + at * across[1]])).fold(f64::INFINITY, f64::min)
    };
    if let Some(tie) = mixture[1..].iter().map(step).find(|step| length(step) > 1e-9) {
        return along(&tie);
    }
    // One order alone: any other may be the one that ties.
    steps.iter().filter(|step| length(step) > 1e-9).map(along).fold(bound([0.0; 2]), f64::min)
}

#[test]
fn on_all_small_lists_no_mixture_of_all_orders_is_better() {
    let drawn = method("exposure-lp", &[]);
    let uneven = [0.97, 0.83, 0.8, 0.56, 0.31, 0.3, 0.02];
    let (mut programs, mut by_groups, mut short) = (0, [0; 4], 0);
    for groups in all_lists(7) {
        // Even scores with ties, and uneven ones with the worst first.
        let mut turned = with_scores(&groups, 3);
        turned.scores = uneven[..groups.len()].iter().rev().copied().collect();
        turned.groups.reverse();
        for list in [with_scores(&groups, 3), turned] {
            let shortlist = list.shortlist();
            let size = |group: u32| list.groups.iter().filter(|&&other| other == group).count();
            let sizes = [size(0), size(1), size(2)];
            let everybody = Offers::new(&list, (0..groups.len()).collect());
            let without_g1 = Offers::new(&list, (0..groups.len()).filter(|&candidate| list.groups[candidate] != 1).collect());
            let pool = Shares::pool(&shortlist).as_published();
            for shares in [[1.0 / 3.0; 3], [0.5, 0.3, 0.2], [0.04, 0.06, 0.9], [0.6, 0.0, 0.4], [f64::NAN; 3]] {
                let offers = if shares[1] == 0.0 { &without_g1 } else { &everybody };
                let counts = sizes.map(|size| size as f64 / groups.len().max(1) as f64);
                let (shares, wanted) = if shares[0].is_nan() { (counts, pool.clone()) } else { (shares, list.shares(&shares)) };
                for length in 0..=groups.len() {
                    let at = || format!("{:?} {:?} {shares:?} {length}", list.groups, list.scores);
                    let found = mixture(&shortlist, &wanted, length).unwrap();
                    let seen = length.min(offers.candidates.len());
                    let present = (0..3).filter(|&group| shares[group] > 0.0 && sizes[group] > 0).count();
                    if seen == 0 {
                        assert!(found.orders.is_empty(), "{}", at());
                        continue;
                    }
                    let all = offers.shown(seen);
                    let (target, reached) = promised(&shares, &sizes, &all);

                    // It is a mixture of orders, with the exposures promised.
                    assert!(found.orders.iter().all(|(probability, order)| *probability > 0.0 && order.len() == seen));
                    assert!((found.orders.iter().map(|(probability, _)| probability).sum::<f64>() - 1.0).abs() < 1e-9, "{}", at());
                    assert!(found.orders.len() <= present);
                    let of: Vec<Shown> = found.orders.iter().map(|(_, order)| shown(&list, order)).collect();
                    let mean = |value: &dyn Fn(&Shown) -> f64| {
                        of.iter().zip(&found.orders).map(|(shown, (part, _))| part * value(shown)).sum::<f64>()
                    };
                    for (group, target) in target.iter().enumerate() {
                        assert!((mean(&|shown| shown.exposures[group]) - target).abs() < 1e-9, "{}", at());
                        assert!((found.exposures[group] - target).abs() < 1e-9, "{}", at());
                    }
                    assert!((found.reached - reached).abs() < 1e-9, "{}: {}, not {reached}", at(), found.reached);
                    let utility = mean(&|shown| shown.utility);
                    assert!((utility - found.utility).abs() < 1e-9);

                    // No mixture of all orders with these exposures is better.
                    let best = match present {
                        1 => all.iter().map(|shown| shown.utility).fold(f64::NEG_INFINITY, f64::max),
                        2 => {
                            let group = (0..3).find(|&group| target[group] > 0.0).unwrap();
                            best_of_pairs(&all, group, target[group])
                        }
                        _ => least_bound(&all, &of, target),
                    };
                    assert!((utility - best).abs() < 1e-8, "{}: {utility}, not {best}", at());

                    // The order drawn is one of it, and whoever has no share follows by score.
                    let ranking = drawn.rerank(&shortlist, &wanted, length, programs as u64).unwrap();
                    check_order(&list, &ranking, length);
                    let order = ranks(&ranking);
                    let (probability, _) = found.orders.iter().find(|(_, one)| order[..seen] == **one).unwrap();
                    let draw = ranking.draw.unwrap();
                    assert_eq!((draw.probability, draw.orders, draw.reached), (*probability, found.orders.len(), found.reached));
                    assert!(order[seen..].iter().all(|&candidate| shares[list.groups[candidate] as usize] == 0.0), "{}", at());
                    programs += 1;
                    by_groups[present] += 1;
                    short += usize::from(reached < 1.0);
                }
            }
        }
    }
    assert!(programs > 200_000 && by_groups[2] > 50_000 && by_groups[3] > 50_000 && short > 50_000, "{programs} {by_groups:?} {short}");
}
