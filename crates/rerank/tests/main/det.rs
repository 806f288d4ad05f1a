//! The methods of Geyik, Ambler and Kenthapadi, and the pair re-ranker, on lists that a reader can rank by hand.

use evenhand_catalog::Value;
use evenhand_rerank::Breach;

use crate::lists::{List, list, method};

fn leading() -> List {
    list("ab", &[('a', 0.9), ('a', 0.8), ('a', 0.7), ('b', 0.6), ('b', 0.5), ('b', 0.4)])
}

#[test]
fn a_group_that_leads_gives_way_where_the_floor_of_the_other_is_due() {
    // AIF360 0.6.1 gives a0 b0 b0 b0 b0 b0 here: it counts for the first group of its sub-list.
    let six = leading();
    for id in ["det-greedy", "det-cons", "det-relaxed", "det-const-sort", "pair"] {
        let ranking = six.rank(id, &[0.5, 0.5], 6);
        assert_eq!(six.names(&ranking), "a0 b0 a1 b1 a2 b2", "{id}");
        assert_eq!(ranking.breaches, []);
        assert_eq!(ranking.places.iter().map(|place| place.rank_by_score).collect::<Vec<_>>(), [1, 4, 2, 5, 3, 6]);
    }
    let reasons = |id: &str| six.reasons(&six.rank(id, &[0.5, 0.5], 6))[..4].join(", ");
    assert_eq!(reasons("det-greedy"), "best score, floor for b at 2 reached (1), best score, floor for b at 4 reached (2)");
    assert_eq!(reasons("det-const-sort"), "best score, floor for b at 2 reached (1), best score, floor for b at 4 reached (2)");
    assert_eq!(reasons("pair"), "best score, turn of b, best score, turn of b");
}

#[test]
fn where_no_floor_asks_the_methods_differ() {
    // p = 0.6, 0.2, 0.2: after a0, group b and c may come; their floors are due at 5, that of a's second at 4.
    let ten = list(
        "abc",
        &[('b', 0.99), ('c', 0.98), ('b', 0.97), ('c', 0.96), ('a', 0.5), ('a', 0.4), ('a', 0.3), ('a', 0.2), ('a', 0.1), ('a', 0.05)],
    );
    let shares = [0.6, 0.2, 0.2];
    let greedy = ten.rank("det-greedy", &shares, 5);
    assert_eq!(ten.names(&greedy), "b0 a0 c0 a1 a2");
    assert_eq!(
        ten.reasons(&greedy),
        ["best score", "floor for a at 2 reached (1)", "best score", "floor for a at 4 reached (2)", "floor for a at 5 reached (3)"]
    );
    let cons = ten.rank("det-cons", &shares, 5);
    assert_eq!(ten.names(&cons), "a0 a1 b0 c0 a2");
    assert_eq!(ten.reasons(&cons)[..2], ["next floor is that for a at 2 (1)", "next floor is that for a at 4 (2)"]);
    // The third of a and the first of b and c are all due at 5: DetRelaxed takes the scores, DetCons 3/0.6 = 1/0.2 as well.
    assert_eq!(ten.names(&ten.rank("det-relaxed", &shares, 5)), "a0 a1 b0 c0 a2");
    // DetConstSort: a0 may stand at 2 at the latest, a1 at 4, and b0, c0, a2 at 5.
    let sorted = ten.rank("det-const-sort", &shares, 5);
    assert_eq!(ten.names(&sorted), "b0 a0 c0 a1 a2");
    assert_eq!(ten.reasons(&sorted)[1], "floor for a at 2 reached (1)");
}

#[test]
fn relaxed_differs_from_cons_where_floors_fall_due_in_one_place() {
    // p = 0.45, 0.55: next floors after nobody at 1/0.45 = 2.2 and 1/0.55 = 1.8: places 3 and 2. p = 0.4, 0.35, 0.25: 2.5, 2.86, 4: 3, 3, 4.
    let four = list("abc", &[('b', 0.9), ('a', 0.8), ('c', 0.7), ('a', 0.1)]);
    let shares = [0.4, 0.35, 0.25];
    assert_eq!(four.names(&four.rank("det-cons", &shares, 2)), "a0 b0");
    assert_eq!(four.names(&four.rank("det-relaxed", &shares, 2)), "b0 a0");
}

#[test]
fn a_ceiling_holds_a_leading_group_back() {
    let five = list("abc", &[('a', 0.9), ('a', 0.8), ('a', 0.7), ('b', 0.6), ('c', 0.5)]);
    let ranking = five.rank("det-greedy", &[0.4, 0.3, 0.3], 3);
    assert_eq!(five.names(&ranking), "a0 b0 a1");
    assert_eq!(five.reasons(&ranking), ["best score", "ceiling for a at 2 reached (1)", "best score"]);
}

#[test]
fn a_group_that_runs_out_is_passed_over_and_its_breach_reported() {
    let five = list("ab", &[('a', 0.9), ('a', 0.8), ('a', 0.7), ('b', 0.6), ('a', 0.5)]);
    for id in ["det-greedy", "det-cons", "det-relaxed", "det-const-sort", "pair"] {
        let ranking = five.rank(id, &[0.5, 0.5], 9);
        assert_eq!(five.names(&ranking), "a0 b0 a1 a2 a3", "{id}");
        assert_eq!(ranking.breaches, [Breach { group: 1, from: 4, to: 5, missing: 1, ran_out: true }]);
    }
}

#[test]
fn a_group_without_candidates_is_a_breach_from_its_first_floor_on() {
    let three = list("abc", &[('a', 0.9), ('a', 0.8), ('b', 0.7)]);
    for id in ["det-greedy", "det-cons", "det-relaxed", "det-const-sort"] {
        let ranking = three.rank(id, &[0.25, 0.25, 0.5], 3);
        assert_eq!(ranking.breaches, [Breach { group: 2, from: 2, to: 3, missing: 1, ran_out: true }], "{id}");
    }
}

#[test]
fn a_group_of_share_zero_comes_after_the_others() {
    let five = list("ab", &[('a', 0.9), ('b', 0.8), ('a', 0.7), ('b', 0.6), ('a', 0.5)]);
    for id in ["det-greedy", "det-cons", "det-relaxed", "det-const-sort", "pair", "fa-ir", "exposure-lp"] {
        let ranking = five.rank(id, &[1.0, 0.0], 5);
        assert_eq!(five.names(&ranking), "a0 a1 a2 b0 b1", "{id}");
        assert_eq!(five.reasons(&ranking)[0], "best score");
    }
}

#[test]
fn of_equal_scores_the_first_in_the_list_ranks_first() {
    let six = list("ab", &[('b', 0.5), ('a', 0.5), ('a', 0.5), ('b', 0.5), ('a', -0.0), ('b', 0.0)]);
    for id in ["det-greedy", "det-cons", "det-relaxed", "det-const-sort"] {
        assert_eq!(six.names(&six.rank(id, &[0.5, 0.5], 6)), "b0 a0 a1 b1 a2 b2", "{id}");
    }
}

#[test]
fn with_four_groups_two_floors_may_fall_due_at_once() {
    // a and b lead; floor(3 p) is 1 for c and for d. DetGreedy did not look ahead and can place only one of them.
    let candidates: Vec<(char, f64)> =
        "abababcccdddddcdc".chars().enumerate().map(|(position, group)| (group, 1.0 - position as f64 / 100.0)).collect();
    let many = list("abcd", &candidates);
    let shares = [0.15, 0.15, 0.35, 0.35];
    let greedy = many.rank("det-greedy", &shares, 5);
    assert_eq!(many.names(&greedy), "a0 b0 c0 d0 c1");
    assert_eq!(greedy.breaches, [Breach { group: 3, from: 3, to: 3, missing: 1, ran_out: false }]);
    for (id, order) in [("det-cons", "c0 d0 c1 d1 a0"), ("det-relaxed", "c0 d0 c1 d1 a0"), ("det-const-sort", "c0 c1 d0 a0 d1")] {
        let ranking = many.rank(id, &shares, 5);
        assert_eq!((many.names(&ranking).as_str(), &ranking.breaches[..]), (order, &[][..]), "{id}");
    }
}

#[test]
fn pair_takes_turns_in_a_fixed_order_or_by_score() {
    let eight = list("abc", &[('b', 0.9), ('a', 0.8), ('c', 0.7), ('a', 0.6), ('b', 0.1), ('c', 0.5), ('a', 0.4), ('a', 0.3)]);
    let third = 1.0 / 3.0;
    let fixed = eight.rank("pair", &[third; 3], 8);
    assert_eq!(eight.names(&fixed), "b0 a0 c0 b1 a1 c1 a2 a3");
    assert_eq!(eight.reasons(&fixed)[3], "turn of b");
    let by_score = method("pair", &[("turns", Value::Text("by-score".into()))]);
    let ranking = by_score.rerank(&eight.shortlist(), &eight.shares(&[third; 3]), 8, 1).unwrap();
    assert_eq!(eight.names(&ranking), "b0 a0 c0 a1 c1 b1 a2 a3");
}
