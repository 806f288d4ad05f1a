//! Every re-ranker on all small lists, and on many larger ones, against what can be counted.

use evenhand_catalog::Value;
use evenhand_rerank::{Ranking, Reason, Shortlist, Target};
use evenhand_rows::UNKNOWN;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::lists::{List, all_lists, method, ranks, with_scores};
use crate::plain::{Bounds, Which, bounded, const_sort, pair};

const DET: [&str; 4] = ["det-greedy", "det-cons", "det-relaxed", "det-const-sort"];
const ALL: [&str; 7] = ["det-greedy", "det-cons", "det-relaxed", "det-const-sort", "pair", "fa-ir", "exposure-lp"];

/// Shares in whole parts: all multiples of a quarter and of a fifth, and some of other kinds, groups of share 0 among them.
fn shares_of_three() -> Vec<[usize; 3]> {
    let multiples = |of: usize| (0..=of).flat_map(move |one| (0..=of - one).map(move |two| [one, two, of - one - two]));
    let others = [[1, 1, 1], [7, 2, 1], [35, 25, 40], [29, 71, 0], [98, 1, 1], [3, 3, 1], [2, 5, 6]];
    multiples(4).chain(multiples(5)).chain(others).collect()
}

/// What every ranking must be: as long as it can be, of different candidates, in the order of the scores within each group.
pub(crate) fn check_order(list: &List, ranking: &Ranking, length: usize) {
    let order = ranks(ranking);
    assert_eq!(order.len(), length.min(list.scores.len()));
    let mut seen = order.clone();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), order.len(), "a candidate twice in {order:?}");
    for group in 0..list.levels.len() as u32 {
        let mut own: Vec<usize> = (0..list.scores.len()).filter(|&candidate| list.groups[candidate] == group).collect();
        own.sort_by(|&one, &other| list.scores[other].partial_cmp(&list.scores[one]).unwrap().then(one.cmp(&other)));
        let placed: Vec<usize> = order.iter().copied().filter(|&candidate| list.groups[candidate] == group).collect();
        assert_eq!(placed, own[..placed.len()]);
    }
}

/// (prefix, group) pairs below their floor in an order of candidates of known group.
fn missed(list: &List, bounds: &Bounds, order: &[usize]) -> Vec<(usize, usize)> {
    below(list, &|group, prefix| bounds.floor(group, prefix), order)
}

/// The same for floors of any kind.
pub(crate) fn below(list: &List, floor: &dyn Fn(usize, usize) -> usize, order: &[usize]) -> Vec<(usize, usize)> {
    let count = |group: usize, prefix: usize| order[..prefix].iter().filter(|&&candidate| list.groups[candidate] as usize == group).count();
    let pairs = (1..=order.len()).flat_map(|prefix| (0..list.levels.len()).map(move |group| (prefix, group)));
    pairs.filter(|&(prefix, group)| count(group, prefix) < floor(group, prefix)).collect()
}

/// The pairs that the ranking's breaches name.
pub(crate) fn reported(ranking: &Ranking) -> Vec<(usize, usize)> {
    let mut pairs: Vec<(usize, usize)> =
        ranking.breaches.iter().flat_map(|breach| (breach.from..=breach.to).map(|prefix| (prefix, breach.group as usize))).collect();
    pairs.sort_unstable();
    pairs
}

/// A reason must be true of its place. `floor` and `ceiling` are those that the method is held to, by group and prefix.
pub(crate) fn check_reasons(
    list: &List,
    ranking: &Ranking,
    floor: &dyn Fn(usize, usize) -> usize,
    ceiling: &dyn Fn(usize, usize) -> usize,
) {
    let order = ranks(ranking);
    let mut best: Vec<usize> = (0..list.scores.len()).collect();
    best.sort_by(|&one, &other| list.scores[other].partial_cmp(&list.scores[one]).unwrap().then(one.cmp(&other)));
    for (position, place) in ranking.places.iter().enumerate() {
        let waiting = || best.iter().filter(|candidate| !order[..position].contains(candidate));
        let group = list.groups[place.candidate];
        let count = |group: u32| order[..=position].iter().filter(|&&candidate| list.groups[candidate] == group).count();
        assert_eq!(best[place.rank_by_score - 1], place.candidate);
        match place.reason {
            Reason::Score => assert_eq!(waiting().find(|&&other| list.groups[other] != UNKNOWN), Some(&place.candidate)),
            Reason::Floor { group: named, wanted: owed, prefix } => {
                // Strict with any number of groups: DetGreedy, which may miss a floor, then names the floor of the very place. A place
                // counts among those of known group.
                let place = order[..=position].iter().filter(|&&candidate| list.groups[candidate] != UNKNOWN).count();
                assert_eq!((named, owed), (group, floor(group as usize, prefix)));
                assert!(count(group) <= owed && place <= prefix, "{:?} at {position} of {order:?}", ranking.places[position].reason);
            }
            Reason::NextFloor { group: named, wanted: owed, prefix } => {
                assert_eq!((named, owed), (group, count(group)));
                assert_eq!(floor(group as usize, prefix), owed);
            }
            Reason::Ceiling { group: named, allowed, prefix } => {
                assert_ne!(named, group);
                assert_eq!(ceiling(named as usize, prefix), allowed);
                assert!(count(named) >= allowed);
            }
            Reason::Turn { group: named } | Reason::Exposure { group: named } => assert_eq!(named, group),
            Reason::RanOut { group: named } => {
                assert!(!waiting().any(|&other| list.groups[other] == named), "{:?} at {position} of {order:?}", place.reason);
            }
            Reason::Kept { group: named } => {
                assert_eq!(named, group);
                assert!(place.rank_by_score <= order.len(), "{:?} of {order:?} is kept", place.candidate);
            }
            Reason::GroupUnknown => assert_eq!(group, UNKNOWN),
        }
    }
}

fn check_share_reasons(list: &List, ranking: &Ranking, bounds: &Bounds) {
    check_reasons(list, ranking, &|group, prefix| bounds.floor(group, prefix), &|group, prefix| bounds.ceiling(group, prefix));
}

#[test]
fn on_all_small_lists_floors_hold_wherever_they_can() {
    let shares = shares_of_three();
    let methods: Vec<_> = DET.iter().map(|id| (*id, method(id, &[]))).collect();
    for groups in all_lists(7) {
        let list = with_scores(&groups, 3);
        let sizes: Vec<usize> = (0..3).map(|group| groups.iter().filter(|&&other| other == group).count()).collect();
        for parts in &shares {
            let bounds = Bounds(parts);
            let wanted = list.shares(&bounds.shares());
            for length in [groups.len(), groups.len() / 2 + 1] {
                for (id, method) in &methods {
                    let ranking = method.rerank(&list.shortlist(), &wanted, length, 1).unwrap();
                    let plain = match *id {
                        "det-greedy" => bounded(Which::Greedy, &groups, &bounds, length),
                        "det-cons" => bounded(Which::Cons, &groups, &bounds, length),
                        "det-relaxed" => bounded(Which::Relaxed, &groups, &bounds, length),
                        _ => const_sort(&groups, &bounds, length, 0),
                    };
                    assert_eq!(ranks(&ranking), plain, "{id} {groups:?} {parts:?} {length}");
                    check_order(&list, &ranking, length);
                    check_share_reasons(&list, &ranking, &bounds);
                    // With three groups a floor is missed only where the pool has too few of the group for it.
                    let missed = missed(&list, &bounds, &plain);
                    assert_eq!(reported(&ranking), missed);
                    let cannot = (1..=plain.len()).flat_map(|prefix| (0..3).map(move |group| (prefix, group)));
                    let cannot: Vec<_> = cannot.filter(|&(prefix, group)| bounds.floor(group, prefix) > sizes[group]).collect();
                    assert_eq!(missed, cannot, "{id} {groups:?} {parts:?} {length}");
                }
            }
        }
    }
}

/// That the floors above the group's size are the only ones that cannot be held is itself counted: over all orders of five candidates.
#[test]
fn no_order_of_a_small_list_misses_fewer_floors() {
    fn orders(left: &[usize], taken: &mut Vec<usize>, each: &mut impl FnMut(&[usize])) {
        if left.is_empty() {
            return each(taken);
        }
        for position in 0..left.len() {
            let mut rest = left.to_vec();
            taken.push(rest.remove(position));
            orders(&rest, taken, each);
            taken.pop();
        }
    }
    let methods: Vec<_> = DET.iter().map(|id| method(id, &[])).collect();
    for groups in all_lists(5) {
        let list = with_scores(&groups, 3);
        for parts in [[2, 1, 1], [1, 1, 1], [3, 2, 0], [35, 25, 40], [3, 1, 1]] {
            let bounds = Bounds(&parts);
            let mut least = usize::MAX;
            let all: Vec<usize> = (0..groups.len()).collect();
            orders(&all, &mut Vec::new(), &mut |order| least = least.min(missed(&list, &bounds, order).len()));
            for method in &methods {
                let ranking = method.rerank(&list.shortlist(), &list.shares(&bounds.shares()), groups.len(), 1).unwrap();
                assert_eq!(missed(&list, &bounds, &ranks(&ranking)).len(), least, "{:?} {groups:?} {parts:?}", method.card().id);
            }
        }
    }
}

fn drawn(rng: &mut impl Rng, sizes: &[usize]) -> List {
    let mut groups: Vec<u32> = sizes.iter().enumerate().flat_map(|(group, &size)| vec![group as u32; size]).collect();
    for last in (1..groups.len()).rev() {
        groups.swap(last, rng.random_range(0..=last));
    }
    // Multiples of 1/64 in long lists: many ties.
    let scores = groups.iter().map(|&group| (rng.random::<f64>() * 64.0 - 10.0 * f64::from(group)).round() / 64.0).collect();
    List { scores, groups, levels: (0..sizes.len()).map(|group| format!("g{group}")).collect() }
}

/// The groups of a list in the order of the scores, and the candidates by rank.
fn by_rank(list: &List) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..list.scores.len()).collect();
    order.sort_by(|&one, &other| list.scores[other].partial_cmp(&list.scores[one]).unwrap());
    (order.iter().map(|&candidate| list.groups[candidate] as usize).collect(), order)
}

#[test]
fn three_hundred_random_lists_have_no_missed_floor_and_no_candidate_twice() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let targets: [&[usize]; 3] = [&[5, 5], &[3, 7], &[25, 35, 40]];
    let (mut with_slack, mut floors) = ([0; 3], 0);
    for round in 0..300 {
        for (target, parts) in targets.iter().enumerate() {
            let list = drawn(&mut rng, &vec![100; parts.len()]);
            let (bounds, (groups, order)) = (Bounds(parts), by_rank(&list));
            for id in DET {
                let ranking = list.rank(id, &bounds.shares(), 50);
                check_order(&list, &ranking, 50);
                assert_eq!(missed(&list, &bounds, &ranks(&ranking)), [], "{id} {parts:?} round {round}");
                assert_eq!(ranking.breaches, []);
                floors += 1;
            }
            // FairRankTune keeps k for k - 1: the same method with one position of slack misses floors on such lists.
            let slack: Vec<usize> = const_sort(&groups, &bounds, 50, 1).into_iter().map(|rank| order[rank]).collect();
            with_slack[target] += missed(&list, &bounds, &slack).len();
        }
    }
    assert_eq!(floors, 300 * 3 * 4);
    assert!(with_slack.iter().all(|&missed| missed > 300), "{with_slack:?}");
}

#[test]
fn on_random_lists_of_many_groups_the_methods_do_what_the_paper_writes() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let mut missed_by = [0; 4];
    for _ in 0..400 {
        let groups = rng.random_range(4..9);
        let sizes: Vec<usize> = (0..groups).map(|_| rng.random_range(0..30)).collect();
        let parts: Vec<usize> = (0..groups).map(|_| rng.random_range(0..7)).collect();
        if parts.iter().sum::<usize>() == 0 {
            continue;
        }
        let list = drawn(&mut rng, &sizes);
        let (bounds, (in_order, order)) = (Bounds(&parts), by_rank(&list));
        let length = rng.random_range(1..list.scores.len() + 10);
        let wanted = list.shares(&bounds.shares());
        for (slot, id) in DET.iter().enumerate() {
            let ranking = method(id, &[]).rerank(&list.shortlist(), &wanted, length, 1).unwrap();
            let plain = match slot {
                0 => bounded(Which::Greedy, &in_order, &bounds, length),
                1 => bounded(Which::Cons, &in_order, &bounds, length),
                2 => bounded(Which::Relaxed, &in_order, &bounds, length),
                _ => const_sort(&in_order, &bounds, length, 0),
            };
            assert_eq!(ranks(&ranking), plain.iter().map(|&rank| order[rank]).collect::<Vec<_>>(), "{id} {parts:?} {sizes:?} {length}");
            check_order(&list, &ranking, length);
            check_share_reasons(&list, &ranking, &bounds);
            let missed = missed(&list, &bounds, &ranks(&ranking));
            assert_eq!(reported(&ranking), missed);
            missed_by[slot] += missed.iter().filter(|&&(prefix, group)| bounds.floor(group, prefix) <= sizes[group]).count();
        }
    }
    // With four groups and more DetGreedy misses floors that the pool could fill; the others do not.
    assert_eq!(missed_by[1..], [0; 3]);
    assert!(missed_by[0] > 0);
}

#[test]
fn the_methods_that_look_at_the_next_floor_reach_all_of_them_with_any_number_of_groups() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let methods: Vec<_> = DET.iter().map(|id| method(id, &[])).collect();
    let mut greedy = 0;
    for round in 0..3000 {
        let groups = rng.random_range(4..13);
        // Half of the rounds with groups that run out.
        let sizes: Vec<usize> = (0..groups).map(|_| if round % 2 == 0 { 120 } else { rng.random_range(0..40) }).collect();
        let parts: Vec<f64> = (0..groups).map(|_| rng.random::<f64>().powi(3)).collect();
        let sum: f64 = parts.iter().sum();
        let list = drawn(&mut rng, &sizes);
        let wanted = list.shares(&parts.iter().map(|part| part / sum).collect::<Vec<_>>());
        for (slot, method) in methods.iter().enumerate() {
            let ranking = method.rerank(&list.shortlist(), &wanted, 120, 1).unwrap();
            let missed =
                reported(&ranking).into_iter().filter(|&(prefix, group)| wanted.floor(group as u32, prefix) <= sizes[group]).count();
            if slot == 0 {
                greedy += missed;
            } else {
                assert_eq!(missed, 0, "{:?} {sizes:?} {wanted:?}", method.card().id);
            }
        }
    }
    assert!(greedy > 0);
}

/// A list whose ranks tie with the one before where the bit of `ties` says so, with the worst scores first, and its candidates by rank.
fn with_ties(groups: &[usize], ties: usize) -> (List, Vec<usize>) {
    let mut score = 0.0;
    let scores: Vec<f64> = (0..groups.len())
        .map(|rank| {
            score -= if ties >> rank & 1 == 1 { 0.0 } else { 0.25 };
            score
        })
        .collect();
    let mut positions: Vec<usize> = (0..groups.len()).collect();
    positions.sort_by(|&one, &other| scores[one].total_cmp(&scores[other]).then(one.cmp(&other)));
    let list = List {
        scores: positions.iter().map(|&rank| scores[rank]).collect(),
        groups: positions.iter().map(|&rank| groups[rank] as u32).collect(),
        levels: (0..3).map(|group| format!("g{group}")).collect(),
    };
    let by_rank = (0..groups.len()).map(|rank| positions.iter().position(|&other| other == rank).unwrap()).collect();
    (list, by_rank)
}

#[test]
fn on_all_small_lists_pair_takes_turns() {
    let text = |by_score: bool| Value::Text(if by_score { "by-score" } else { "fixed" }.into());
    let methods = [false, true].map(|by_score| (by_score, method("pair", &[("turns", text(by_score))])));
    let mut rankings = 0;
    let mut check = |groups: &[usize], ties: usize, parts: &[usize; 3], length: usize| {
        let (list, by_rank) = with_ties(groups, ties);
        let bounds = Bounds(parts);
        for (by_score, method) in &methods {
            let ranking = method.rerank(&list.shortlist(), &list.shares(&bounds.shares()), length, 1).unwrap();
            let plain: Vec<usize> = pair(groups, parts, *by_score, length).into_iter().map(|rank| by_rank[rank]).collect();
            assert_eq!(ranks(&ranking), plain, "{groups:?} {parts:?} {length} {ties:b} {by_score}");
            check_order(&list, &ranking, length);
            check_share_reasons(&list, &ranking, &bounds);
            assert_eq!(reported(&ranking), missed(&list, &bounds, &plain));
            rankings += 1;
        }
    };
    for groups in all_lists(7) {
        for parts in [[1, 1, 1], [6, 3, 1], [1, 0, 1], [0, 0, 1]] {
            for length in 0..=groups.len() + 1 {
                check(&groups, 0, &parts, length);
            }
        }
        // Bit 0 says nothing: nobody stands before the first.
        for ties in (2..1 << groups.len()).step_by(2) {
            check(&groups, ties, &[1, 1, 1], groups.len());
        }
    }
    assert!(rankings > 400_000, "{rankings}");
}

#[test]
fn every_method_orders_every_small_list() {
    for id in ALL {
        let method = method(id, &[]);
        for groups in all_lists(7) {
            let list = with_scores(&groups, 3);
            let sizes: Vec<usize> = (0..3).map(|group| groups.iter().filter(|&&other| other == group).count()).collect();
            let present: Vec<usize> = sizes.iter().map(|&size| size.min(1)).collect();
            let given = Target::Given(vec![("g0".into(), 0.6), ("g1".into(), 0.0), ("g2".into(), 0.4)]);
            for (target, parts) in [(Target::Equal, &present), (Target::Pool, &sizes), (given, &vec![3, 0, 2])] {
                let wanted = target.shares(&list.shortlist()).unwrap();
                for length in [0, 1, 3, 9] {
                    let ranking = method.rerank(&list.shortlist(), &wanted, length, 3).unwrap();
                    check_order(&list, &ranking, length);
                    // Floors of fa-ir are its own: see there.
                    if id != "fa-ir" {
                        check_share_reasons(&list, &ranking, &Bounds(parts));
                    }
                }
            }
        }
    }
}

#[test]
fn candidates_of_unknown_group_take_places_by_score_and_change_nothing_among_the_others() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for round in 0..200 {
        let mut list = drawn(&mut rng, &[12, 8, 5]);
        for group in &mut list.groups {
            if rng.random::<f64>() < 0.25 {
                *group = UNKNOWN;
            }
        }
        let known: Vec<usize> = (0..25).filter(|&candidate| list.groups[candidate] != UNKNOWN).collect();
        let alone = List {
            scores: known.iter().map(|&candidate| list.scores[candidate]).collect(),
            groups: known.iter().map(|&candidate| list.groups[candidate]).collect(),
            levels: list.levels.clone(),
        };
        for id in ALL {
            let ranking = list.rank(id, &[0.4, 0.35, 0.25], 25);
            check_order(&list, &ranking, 25);
            if id != "fa-ir" {
                check_share_reasons(&list, &ranking, &Bounds(&[8, 7, 5]));
            }
            let among: Vec<usize> = ranks(&ranking).into_iter().filter(|&candidate| list.groups[candidate] != UNKNOWN).collect();
            let expected = alone.rank(id, &[0.4, 0.35, 0.25], known.len());
            assert_eq!(among, ranks(&expected).into_iter().map(|position| known[position]).collect::<Vec<_>>(), "{id} {round}");
            assert_eq!(ranking.breaches, expected.breaches);
            // Whoever of unknown group waits at a place does not outscore its candidate, unless a floor was at work there.
            let order = ranks(&ranking);
            for (position, place) in ranking.places.iter().enumerate() {
                let floor = matches!(place.reason, Reason::Floor { .. });
                let score = list.scores[place.candidate];
                let waits = order[position + 1..].iter().find(|&&other| list.groups[other] == UNKNOWN && list.scores[other] > score);
                assert!(floor || place.reason == Reason::GroupUnknown || waits.is_none(), "{id} {round} {position}");
            }
            let unknown = ranking.places.iter().filter(|place| place.reason == Reason::GroupUnknown).count();
            assert_eq!(unknown, 25 - known.len());
        }
    }
}

#[test]
fn a_list_of_unknown_groups_only_is_ranked_by_score() {
    let (scores, groups) = ([0.2, 0.9, 0.5], [UNKNOWN; 3]);
    let levels = vec!["a".to_owned(), "b".to_owned()];
    let shortlist = Shortlist::new(&scores, &groups, &levels).unwrap();
    for id in ALL {
        for target in [Target::Equal, Target::Pool] {
            let ranking = method(id, &[]).rerank(&shortlist, &target.shares(&shortlist).unwrap(), 2, 1).unwrap();
            assert_eq!(ranks(&ranking), [1, 2], "{id}");
            assert!(ranking.places.iter().all(|place| place.reason == Reason::GroupUnknown));
        }
    }
}
