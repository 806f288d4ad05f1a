//! FA*IR against all orders of small lists.

use evenhand_catalog::Value;
use evenhand_rerank::Breach;

use crate::lists::{List, list, method};

fn fair(parameters: &[(&str, Value)], list: &List, shares: &[f64], length: usize) -> evenhand_rerank::Ranking {
    method("fa-ir", parameters).rerank(&list.shortlist(), &list.shares(shares), length, 1).unwrap()
}

#[test]
fn the_unadjusted_test_of_one_group_by_hand() {
    // Minima for p = 0.5 at 0.1: 0 0 0 1 1 1 2 2 (table 2 of the paper). The group comes at 4 and 7, no sooner.
    let eight = list("ab", &[('a', 0.9), ('a', 0.8), ('a', 0.7), ('a', 0.6), ('a', 0.5), ('a', 0.4), ('b', 0.3), ('b', 0.2)]);
    let parameters = [("adjust", Value::Text("none".into())), ("protect", Value::Text("b".into()))];
    let ranking = fair(&parameters, &eight, &[0.5, 0.5], 8);
    assert_eq!(eight.names(&ranking), "a0 a1 a2 b0 a3 a4 b1 a5");
    assert_eq!(eight.reasons(&ranking)[3], "floor for b at 4 reached (1)");
    assert_eq!(ranking.breaches, []);
    let one = list("ab", &[('a', 0.9), ('a', 0.8), ('a', 0.7), ('a', 0.6), ('a', 0.5), ('a', 0.4), ('b', 0.3), ('a', 0.2)]);
    assert_eq!(fair(&parameters, &one, &[0.5, 0.5], 8).breaches, [Breach { group: 1, from: 7, to: 8, missing: 1, ran_out: true }]);
}

#[test]
fn the_adjusted_test_asks_for_less() {
    let candidates: Vec<(char, f64)> =
        (0..40).map(|position| (if position < 20 { 'a' } else { 'b' }, 1.0 - f64::from(position) / 40.0)).collect();
    let forty = list("ab", &candidates);
    let count = |adjust: &str| {
        let ranking = fair(&[("adjust", Value::Text(adjust.into())), ("protect", Value::Text("b".into()))], &forty, &[0.5, 0.5], 20);
        ranking.places.iter().filter(|place| forty.groups[place.candidate] == 1).count()
    };
    assert!(count("at-most") <= count("nearest") && count("nearest") < count("none"));
}

#[test]
fn of_all_orders_that_keep_the_minima_the_first_by_rank_is_taken() {
    // Groups in the order of the scores; minima of both or three groups at 0.2 over the groups, unadjusted, by the definition.
    fn binomial_at_most(count: usize, draws: usize, share: f64) -> f64 {
        let choose = |chosen: usize| (0..chosen).map(|i| (draws - i) as f64 / (i + 1) as f64).product::<f64>();
        (0..=count).map(|k| choose(k) * share.powi(k as i32) * (1.0 - share).powi((draws - k) as i32)).sum()
    }
    fn best(groups: &[usize], owed: &dyn Fn(usize, usize) -> usize, levels: usize, taken: &mut Vec<usize>) -> bool {
        let prefix = taken.len();
        let count = |group: usize| taken.iter().filter(|&&rank| groups[rank] == group).count();
        if (0..levels).any(|group| count(group) < owed(group, prefix)) {
            return false;
        }
        if prefix == groups.len() {
            return true;
        }
        for rank in 0..groups.len() {
            if !taken.contains(&rank) {
                taken.push(rank);
                if best(groups, owed, levels, taken) {
                    return true;
                }
                taken.pop();
            }
        }
        false
    }
    for levels in [2, 3] {
        let shares = &[[0.6, 0.4, 0.0], [0.5, 0.3, 0.2]][levels - 2][..levels];
        let alpha = 0.2 / levels as f64;
        for code in 0..levels.pow(8) {
            if code % 7 != 0 {
                continue;
            }
            let groups: Vec<usize> = (0..8).map(|digit| code / levels.pow(digit) % levels).collect();
            let list = List {
                scores: (0..8).map(|rank| -f64::from(rank)).collect(),
                groups: groups.iter().map(|&group| group as u32).collect(),
                levels: (0..levels).map(|group| format!("g{group}")).collect(),
            };
            let owed = |group: usize, prefix: usize| {
                let least = (0..=prefix).find(|&count| binomial_at_most(count, prefix, shares[group]) > alpha).unwrap();
                least.min(groups.iter().filter(|&&other| other == group).count())
            };
            let mut expected = Vec::new();
            assert!(best(&groups, &owed, levels, &mut expected));
            let ranking = fair(&[("alpha", Value::Number(0.2)), ("adjust", Value::Text("none".into()))], &list, shares, 8);
            assert_eq!(ranking.places.iter().map(|place| place.candidate).collect::<Vec<_>>(), expected, "{groups:?}");
        }
    }
}

#[test]
fn what_fa_ir_cannot_do_it_says() {
    let two = list("ab", &[('a', 0.9), ('b', 0.8)]);
    let refused = method("fa-ir", &[("protect", Value::Text("sales".into()))]).rerank(&two.shortlist(), &two.shares(&[0.5, 0.5]), 2, 1);
    assert_eq!(refused.unwrap_err().to_string(), "a share is wanted of `sales`, which is no group of the list; the groups are a, b");
    let long = list("ab", &vec![('a', 0.5); 2001]);
    let refused = method("fa-ir", &[]).rerank(&long.shortlist(), &long.shares(&[0.5, 0.5]), 2001, 1);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "`fa-ir` ranks lists of up to 2000 places, not of 2001; ask for a shorter list, or take another method"
    );
    assert_eq!(method("fa-ir", &[]).rerank(&long.shortlist(), &long.shares(&[1.0, 0.0]), 2000, 1).unwrap().places.len(), 2000);
}
