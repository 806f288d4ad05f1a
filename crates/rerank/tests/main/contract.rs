//! What every re-ranker must do, read from the registry.

use std::collections::BTreeSet;

use evenhand_catalog::Kind;
use evenhand_rerank::{FloorRule, Job, RERANKERS, RerankError, Shares, Shortlist, Target, rerank_all, rerank_stream};
use proptest::prelude::*;

use crate::lists::{List, list, method};

fn ids() -> impl Iterator<Item = &'static str> {
    RERANKERS.iter().map(|entry| entry.card.id)
}

#[test]
fn cards_are_whole_and_ids_are_unique() {
    assert_eq!(ids().collect::<BTreeSet<_>>().len(), RERANKERS.len());
    for entry in RERANKERS {
        assert_eq!(entry.card.kind, Kind::Reranker);
        for text in [entry.card.name, entry.card.summary, entry.card.formula, entry.card.source] {
            assert!(!text.is_empty(), "{}", entry.card.id);
        }
        assert_eq!(method(entry.card.id, &[]).card(), entry.card);
    }
}

#[test]
fn a_list_without_a_wanted_group_misses_the_floors_of_those_who_set_any() {
    // 40 places and nobody of b: half are wanted, and minima of a test at 10 % ask for some.
    let short = list("ab", &[('a', 0.5); 40]);
    for entry in RERANKERS {
        let rule = method(entry.card.id, &[]).floors();
        let breaches = short.rank(entry.card.id, &[0.5, 0.5], 40).breaches;
        assert_eq!(breaches.is_empty(), rule == FloorRule::None, "{}", entry.card.id);
        let expected = match entry.card.id {
            "fa-ir" => FloorRule::Own,
            "exposure-lp" => FloorRule::None,
            _ => FloorRule::Shares,
        };
        assert_eq!(rule, expected, "{}", entry.card.id);
        // floor(40 / 2) = 20 of b are missing at the end, by whatever rule of shares.
        if rule == FloorRule::Shares {
            assert_eq!(breaches.iter().map(|breach| (breach.group, breach.missing)).collect::<Vec<_>>(), [(1, 20)], "{}", entry.card.id);
        }
    }
}

#[test]
fn empty_lists_one_group_and_more_groups_than_places_are_ranked() {
    let nobody = list("ab", &[]);
    let one = list("a", &[('a', 0.1), ('a', 0.9), ('a', 0.5)]);
    let many = list("abcdefgh", &[('c', 0.4), ('a', 0.9), ('h', 0.5), ('b', 0.1)]);
    for id in ids() {
        assert_eq!(nobody.rank(id, &[0.5, 0.5], 10).places, [], "{id}");
        let ranking = one.rank(id, &[1.0], 2);
        assert_eq!(one.names(&ranking), "a1 a2", "{id}");
        assert_eq!(one.reasons(&ranking), ["best score"; 2], "{id}");
        let ranking = many.rank(id, &[0.125; 8], 3);
        assert_eq!(ranking.places.len(), 3, "{id}");
    }
}

#[test]
fn without_levels_everybody_is_of_unknown_group() {
    let list = List { scores: vec![0.1, 0.3], groups: vec![u32::MAX; 2], levels: Vec::new() };
    let wanted = Shares::equal(&list.shortlist());
    for id in ids() {
        let ranking = method(id, &[]).rerank(&list.shortlist(), &wanted, 2, 1).unwrap();
        assert_eq!(list.names(&ranking), "-1 -0", "{id}");
    }
}

#[test]
fn bad_lists_are_told_apart() {
    let levels = vec!["a".to_owned()];
    let refused = |scores: &[f64], groups: &[u32]| Shortlist::new(scores, groups, &levels).unwrap_err().to_string();
    assert_eq!(refused(&[0.1], &[]), "1 scores but 0 groups; every candidate needs one of each");
    assert_eq!(
        refused(&[0.1, f64::NAN], &[0, 0]),
        "the score of candidate 2 is NaN, which has no rank; leave the candidate out or give a finite score"
    );
    assert!(refused(&[f64::INFINITY], &[0]).starts_with("the score of candidate 1 is inf"));
    assert_eq!(refused(&[0.1], &[1]), "candidate 1 has the group code 1, but there are 1 groups");
    let two = list("ab", &[('a', 0.1), ('b', 0.2)]);
    let other = list("abc", &[]);
    for id in ids() {
        let refused = method(id, &[]).rerank(&two.shortlist(), &Shares::equal(&other.shortlist()), 2, 1);
        assert_eq!(refused, Err(RerankError::ShareCount { shares: 3, levels: 2 }), "{id}");
    }
}

#[test]
fn many_jobs_on_any_number_of_threads_are_ranked_as_each_alone() {
    let lists: Vec<List> = (0..100_u32)
        .map(|job| {
            let candidate = |at: u32| (if (at * 7 + job) % 5 < 2 { 'a' } else { 'b' }, f64::from((at * 31 + job * 17) % 97));
            list("ab", &(0..40).map(candidate).collect::<Vec<_>>())
        })
        .collect();
    let job = |(seed, list): (usize, &'_ List)| seed as u64 + list.scores.len() as u64;
    for id in ids() {
        let method = method(id, &[]);
        let jobs: Vec<Job> = lists
            .iter()
            .enumerate()
            .map(|(seed, list)| Job {
                shortlist: list.shortlist(),
                wanted: Target::Pool.shares(&list.shortlist()).unwrap(),
                length: 25,
                seed: job((seed, list)),
            })
            .collect();
        let alone: Vec<_> = jobs.iter().map(|job| method.rerank(&job.shortlist, &job.wanted, job.length, job.seed)).collect();
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| rerank_all(method.as_ref(), &jobs)), alone, "{id}");
        }
    }
}

#[test]
fn jobs_that_come_one_after_another_are_ranked_in_their_order() {
    // More than one block.
    let levels = ["a".to_owned(), "b".to_owned()];
    let scores: Vec<f64> = (0..30_000).map(|row| f64::from(row * 7919 % 30_011)).collect();
    let codes: Vec<u32> = (0..30_000).map(|row| row * 31 % 7 % 2).collect();
    let job = |number: usize| {
        let rows = 3 * number..3 * number + 3;
        let shortlist = Shortlist::new(&scores[rows.clone()], &codes[rows], &levels).unwrap();
        Job { wanted: Shares::equal(&shortlist), shortlist, length: 3, seed: number as u64 }
    };
    let method = method("det-greedy", &[]);
    let alone: Vec<_> = (0..10_000).map(job).collect();
    let alone = rerank_all(method.as_ref(), &alone);
    let mut found = Vec::new();
    let whole = rerank_stream(method.as_ref(), (0..10_000).map(job), |ranked| {
        found.push(ranked);
        Ok::<(), ()>(())
    });
    assert!(whole.is_ok() && found == alone);
    let mut seen = 0;
    let ended = rerank_stream(method.as_ref(), (0..10_000).map(job), |_| {
        seen += 1;
        if seen == 5_000 { Err("enough") } else { Ok(()) }
    });
    assert_eq!((ended, seen), (Err("enough"), 5_000));
}

proptest! {
    /// The order of the levels is display only: the same list under swapped codes gives the same order.
    #[test]
    fn the_codes_of_the_groups_decide_nothing(
        candidates in prop::collection::vec((0..4_u32, 0..50_u32), 1..40),
        parts in prop::collection::vec(0..5_u32, 4),
        turn in 1..4_u32,
        seed in 0..5_u64,
    ) {
        prop_assume!(parts.iter().sum::<u32>() > 0);
        let sum = f64::from(parts.iter().sum::<u32>());
        let build = |turn: u32| {
            let code = |group: u32| (group + turn) % 4;
            let mut shares = [0.0; 4];
            for group in 0..4 {
                shares[code(group) as usize] = f64::from(parts[group as usize]) / sum;
            }
            let list = List {
                scores: candidates.iter().map(|(_, score)| f64::from(*score) / 8.0).collect(),
                groups: candidates.iter().map(|(group, _)| code(*group)).collect(),
                levels: (0..4).map(|group| format!("g{group}")).collect(),
            };
            (list, shares)
        };
        let ((one, shares), (other, turned)) = (build(0), build(turn));
        for id in ids() {
            let ranking = |list: &List, shares: &[f64]| {
                let ranking = method(id, &[]).rerank(&list.shortlist(), &list.shares(shares), 20, seed).unwrap();
                ranking.places.iter().map(|place| place.candidate).collect::<Vec<_>>()
            };
            prop_assert_eq!(ranking(&one, &shares), ranking(&other, &turned), "{}", id);
        }
    }

    /// Scores count by their order only, but for exposure, whose utility they are.
    #[test]
    fn a_rising_transformation_of_the_scores_changes_nothing(
        candidates in prop::collection::vec((0..3_u32, 0..50_u32), 1..30),
    ) {
        let build = |transform: fn(f64) -> f64| List {
            scores: candidates.iter().map(|(_, score)| transform(f64::from(*score) / 8.0)).collect(),
            groups: candidates.iter().map(|(group, _)| *group).collect(),
            levels: (0..3).map(|group| format!("g{group}")).collect(),
        };
        let (one, other) = (build(|score| score), build(|score| score.exp() - 40.0));
        for id in ids().filter(|id| *id != "exposure-lp") {
            prop_assert_eq!(one.rank(id, &[0.2, 0.5, 0.3], 30), other.rank(id, &[0.2, 0.5, 0.3], 30), "{}", id);
        }
    }
}
