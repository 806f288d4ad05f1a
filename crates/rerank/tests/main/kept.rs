//! No method throws a group off a list by rounding.

use std::collections::BTreeMap;

use evenhand_catalog::{Parameters, find};
use evenhand_rerank::{RERANKERS, Ranking, Reason, Reranker, Shares, Shortlist};
use evenhand_rows::UNKNOWN;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::lists::List;
use crate::oracle::{below, check_order, reported};

fn methods() -> Vec<Box<dyn Reranker>> {
    let default = |id: &str| {
        let entry = find(RERANKERS, id).unwrap();
        (entry.build)(&Parameters::resolve(entry.card, &BTreeMap::new()).unwrap()).unwrap()
    };
    RERANKERS.iter().map(|entry| default(entry.card.id)).collect()
}

/// Candidates of a group in a list, and among as many best scores; the last of both is of the unknown.
fn counts(list: &List, ranking: &Ranking) -> (Vec<usize>, Vec<usize>) {
    let slot = |candidate: usize| if list.groups[candidate] == UNKNOWN { list.levels.len() } else { list.groups[candidate] as usize };
    let count = |candidates: &[usize]| {
        let mut counts = vec![0; list.levels.len() + 1];
        for &candidate in candidates {
            counts[slot(candidate)] += 1;
        }
        counts
    };
    let mut best: Vec<usize> = (0..list.scores.len()).collect();
    best.sort_by(|&one, &other| list.scores[other].total_cmp(&list.scores[one]).then(one.cmp(&other)));
    best.truncate(ranking.places.len());
    (count(&ranking.places.iter().map(|place| place.candidate).collect::<Vec<_>>()), count(&best))
}

fn random(rng: &mut ChaCha8Rng) -> (List, Shares, usize) {
    let groups = rng.random_range(1..7_usize);
    let rows = rng.random_range(1..80_usize);
    let weights: Vec<f64> = (0..groups).map(|_| rng.random::<f64>().powi(4) + 0.002).collect();
    let sum: f64 = weights.iter().sum();
    let code = |rng: &mut ChaCha8Rng| {
        let mut left = rng.random::<f64>() * sum * 1.05;
        weights.iter().position(|weight| {
            left -= weight;
            left < 0.0
        })
    };
    let codes: Vec<u32> = (0..rows).map(|_| code(rng).map_or(UNKNOWN, |code| code as u32)).collect();
    let digits = if rng.random::<bool>() { 10.0 } else { 1e6 };
    let scores = codes.iter().map(|code| ((rng.random::<f64>() + f64::from(*code % 7) / 5.0) * digits).round() / digits).collect();
    let list = List { scores, groups: codes, levels: (0..groups).map(|group| format!("g{group}")).collect() };
    let shortlist = list.shortlist();
    let wanted = match rng.random_range(0..3) {
        0 => Shares::equal(&shortlist),
        1 => Shares::pool(&shortlist),
        _ => Shares::in_order(&list.levels, weights.iter().rev().map(|weight| weight / sum).collect()).unwrap(),
    };
    let length = rng.random_range(1..=rows);
    (list, wanted, length)
}

#[test]
fn in_ten_thousand_pools_no_method_leaves_out_whom_the_score_puts_on_the_list() {
    let mut rng = ChaCha8Rng::seed_from_u64(81);
    let methods = methods();
    let (mut lists, mut kept) = (0, 0);
    for _ in 0..10_000 {
        let (list, wanted, length) = random(&mut rng);
        for method in &methods {
            let ranking = method.rerank(&list.shortlist(), &wanted, length, rng.random()).unwrap();
            check_order(&list, &ranking, length);
            let (placed, by_score) = counts(&list, &ranking);
            let known: usize = placed[..list.levels.len()].iter().sum();
            for group in 0..list.levels.len() {
                let floor = wanted.floor(group as u32, known);
                let least = match floor {
                    _ if wanted.values()[group] == 0.0 => 0,
                    0 => by_score[group],
                    floor => floor.min(by_score[group]),
                };
                let id = method.card().id;
                assert!(placed[group] >= least, "{id}: {placed:?} of {by_score:?} by score, {wanted:?}, {length} of {:?}", list.groups);
            }
            kept += ranking.places.iter().filter(|place| matches!(place.reason, Reason::Kept { .. })).count();
            lists += 1;
            if method.floors() == evenhand_rerank::FloorRule::Shares {
                let order: Vec<usize> =
                    ranking.places.iter().map(|place| place.candidate).filter(|&one| list.groups[one] != UNKNOWN).collect();
                assert_eq!(reported(&ranking), below(&list, &|group, prefix| wanted.floor(group as u32, prefix), &order));
            }
        }
    }
    assert!(lists == 70_000 && kept > 10_000, "{kept} kept in {lists} lists");
}

#[test]
fn a_group_of_one_in_seventy_keeps_its_three_among_ten() {
    // 700 candidates, ten of them of group c, of whom three are among the first ten, one of them the first.
    let code = |place: usize| if [0, 4, 7].contains(&place) || place > 692 { 2 } else { (place % 2) as u32 };
    let list = List {
        scores: (0..700_u32).map(|place| 1.0 - f64::from(place) / 700.0).collect(),
        groups: (0..700).map(code).collect(),
        levels: ["a", "b", "c"].map(str::to_owned).to_vec(),
    };
    let wanted = Shares::pool(&list.shortlist());
    let mut fewer = 0;
    for method in methods() {
        let ranking = method.rerank(&list.shortlist(), &wanted, 10, 3).unwrap();
        let (placed, by_score) = counts(&list, &ranking);
        assert_eq!((placed[2], by_score[2]), (3, 3), "{}", method.card().id);
        // The first by score is not sent to the end: it stands as high as floors leave it room, of DetConstSort behind one that may not stand lower.
        let first = ranking.places.iter().position(|place| place.candidate == 0).unwrap();
        assert!(first <= if method.card().id == "det-const-sort" { 5 } else { 1 }, "{}: {first}", method.card().id);
        // As published some methods leave them out.
        let published = method.rerank(&list.shortlist(), &wanted.clone().as_published(), 10, 3).unwrap();
        let (placed, _) = counts(&list, &published);
        fewer += usize::from(placed[2] < 3);
        assert!(published.places.iter().all(|place| !matches!(place.reason, Reason::Kept { .. })));
    }
    assert!(fewer >= 3, "{fewer} methods throw some of them off as published");
}

#[test]
fn whoever_wants_none_of_a_group_gets_none() {
    let levels = ["a", "b"].map(str::to_owned);
    let shortlist = Shortlist::new(&[0.9, 0.8, 0.7], &[0, 1, 1], &levels).unwrap();
    for method in methods() {
        let ranking = method.rerank(&shortlist, &Shares::in_order(&levels, vec![0.0, 1.0]).unwrap(), 2, 1).unwrap();
        // FA*IR owes nothing but its minima, and keeps to the order by score beyond them.
        if method.card().id != "fa-ir" {
            assert!(ranking.places.iter().all(|place| place.candidate > 0), "{}: {ranking:?}", method.card().id);
        }
    }
}
