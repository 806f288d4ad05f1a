//! The methods of Geyik, Ambler and Kenthapadi on lists that a reader can rank by hand.

use evenhand_rerank::Breach;

use crate::lists::list;

#[test]
fn a_group_that_leads_gives_way_where_the_floor_of_the_other_is_due() {
    // AIF360 0.6.1 gives a0 b0 b0 b0 b0 b0 here: it counts for the first group of its sub-list.
    let six = list("ab", &[('a', 0.9), ('a', 0.8), ('a', 0.7), ('b', 0.6), ('b', 0.5), ('b', 0.4)]);
    let ranking = six.rank("det-greedy", &[0.5, 0.5], 6);
    assert_eq!(six.names(&ranking), "a0 b0 a1 b1 a2 b2");
    assert_eq!(ranking.breaches, []);
    assert_eq!(six.reasons(&ranking)[..3], ["best score", "floor for b at 2 reached (1)", "best score"]);
    assert_eq!(ranking.places.iter().map(|place| place.rank_by_score).collect::<Vec<_>>(), [1, 4, 2, 5, 3, 6]);
}

#[test]
fn a_group_that_runs_out_is_passed_over_and_its_breach_reported() {
    let five = list("ab", &[('a', 0.9), ('a', 0.8), ('a', 0.7), ('b', 0.6), ('a', 0.5)]);
    let ranking = five.rank("det-greedy", &[0.5, 0.5], 9);
    assert_eq!(five.names(&ranking), "a0 b0 a1 a2 a3");
    assert_eq!(ranking.breaches, [Breach { group: 1, from: 4, to: 5, missing: 1, ran_out: true }]);
}
