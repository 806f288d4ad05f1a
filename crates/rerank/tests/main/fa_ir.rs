//! FA*IR against all orders of small lists.

use evenhand_catalog::Value;
use evenhand_rerank::Breach;

use crate::lists::{List, all_lists, list, method, ranks, with_scores};
use crate::oracle::{below, check_order, check_reasons, reported};

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

/// Probability of at most `count` of `draws`.
fn binomial_at_most(count: usize, draws: usize, share: f64) -> f64 {
    let choose = |chosen: usize| (0..chosen).map(|i| (draws - i) as f64 / (i + 1) as f64).product::<f64>();
    (0..=count).map(|k| choose(k) * share.powi(k as i32) * (1.0 - share).powi((draws - k) as i32)).sum()
}

/// The least counts that pass at significance `a`, by prefix from 0, as the definition has them.
fn table(share: f64, a: f64, length: usize) -> Vec<usize> {
    (0..=length).map(|draws| (0..=draws).find(|&count| binomial_at_most(count, draws, share) > a).unwrap()).collect()
}

/// Probability that a list drawn with this share has a prefix below the table: all lists are counted.
fn fails(share: f64, table: &[usize]) -> f64 {
    let short = |list: u32| (1..table.len()).any(|prefix| ((list & ((1 << prefix) - 1)).count_ones() as usize) < table[prefix]);
    let draws = table.len() as i32 - 1;
    let probability = |list: u32| share.powi(list.count_ones() as i32) * (1.0 - share).powi(draws - list.count_ones() as i32);
    (0..1 << draws).filter(|&list| short(list)).map(probability).sum()
}

/// The table that `adjust` asks for, out of all tables of significances up to `alpha`: they change where F(m; k, p) passes the significance.
fn adjusted(share: f64, alpha: f64, length: usize, adjust: &str) -> Vec<usize> {
    let mut steps: Vec<f64> = (1..=length).flat_map(|draws| (0..draws).map(move |count| binomial_at_most(count, draws, share))).collect();
    steps.retain(|&step| step < alpha);
    steps.extend([0.0, alpha]);
    steps.sort_by(f64::total_cmp);
    steps.dedup_by(|one, other| *one - *other < 1e-13);
    let mut tables: Vec<Vec<usize>> = steps.windows(2).map(|pair| table(share, f64::midpoint(pair[0], pair[1]), length)).collect();
    let passes = tables.iter().rposition(|table| fails(share, table) <= alpha).unwrap();
    let failure = |at: usize| fails(share, &tables[at]);
    let next = passes + 1;
    tables.swap_remove(match adjust {
        "none" => tables.len() - 1,
        "nearest" if next < tables.len() && failure(next) - alpha < alpha - failure(passes) => next,
        _ => passes,
    })
}

/// The first of all orders, by the places of `turns`, whose every prefix has what is owed to it.
fn first_order(groups: &[usize], turns: &[usize], owed: &dyn Fn(usize, usize) -> usize, length: usize, taken: &mut Vec<usize>) -> bool {
    let prefix = taken.len();
    let count = |group: usize| taken.iter().filter(|&&rank| groups[rank] == group).count();
    if (0..3).any(|group| count(group) < owed(group, prefix)) {
        return false;
    }
    if prefix == length {
        return true;
    }
    for &rank in turns {
        if !taken.contains(&rank) {
            taken.push(rank);
            if first_order(groups, turns, owed, length, taken) {
                return true;
            }
            taken.pop();
        }
    }
    false
}

#[test]
fn of_all_orders_that_keep_the_minima_the_first_by_rank_is_taken() {
    let settings: [(&[f64; 3], &str, &str, f64); 9] = [
        (&[0.6, 0.4, 0.0], "none", "all", 0.2),
        (&[0.5, 0.3, 0.2], "none", "all", 0.2),
        (&[0.05, 0.85, 0.1], "none", "all", 0.2),
        (&[1.0 / 3.0; 3], "none", "g1", 0.2),
        (&[0.7, 0.0, 0.3], "none", "g0", 0.1),
        (&[0.5, 0.3, 0.2], "at-most", "all", 0.2),
        (&[0.1, 0.1, 0.8], "at-most", "all", 0.1),
        (&[0.45, 0.55, 0.0], "nearest", "all", 0.2),
        (&[0.25, 0.5, 0.25], "nearest", "g1", 0.15),
    ];
    let (mut rankings, mut moved, mut short) = (0, 0, 0);
    for (shares, adjust, protect, alpha) in settings {
        let parameters =
            [("alpha", Value::Number(alpha)), ("adjust", Value::Text(adjust.into())), ("protect", Value::Text(protect.into()))];
        let method = method("fa-ir", &parameters);
        let tested = |group: usize| shares[group] > 0.0 && (protect == "all" || protect == format!("g{group}"));
        let significance = alpha / (0..3).filter(|&group| tested(group)).count() as f64;
        // By length and group.
        let tables: Vec<Vec<Vec<usize>>> = (0..=8)
            .map(|length| {
                let table = |group: usize| {
                    if tested(group) { adjusted(shares[group], significance, length, adjust) } else { vec![0; length + 1] }
                };
                (0..3).map(table).collect()
            })
            .collect();
        // All lists of up to seven, every seventh of eight.
        let eight = (0..3_usize.pow(8)).step_by(7).map(|code| (0..8).map(|digit| code / 3_usize.pow(digit) % 3).collect());
        for groups in all_lists(7).chain(eight) {
            let list = with_scores(&groups, 3);
            let size = |group: usize| groups.iter().filter(|&&other| other == group).count();
            let sizes = [size(0), size(1), size(2)];
            // Groups of share 0 come last.
            let mut turns: Vec<usize> = (0..groups.len()).collect();
            turns.sort_by_key(|&rank| (shares[groups[rank]] == 0.0, rank));
            for length in 0..=groups.len() {
                let minimum = |group: usize, prefix: usize| tables[length][group][prefix];
                let mut expected = Vec::new();
                assert!(first_order(&groups, &turns, &|group, prefix| minimum(group, prefix).min(sizes[group]), length, &mut expected));
                let ranking = method.rerank(&list.shortlist(), &list.shares(shares), length, 1).unwrap();
                assert_eq!(ranks(&ranking), expected, "{groups:?} {shares:?} {adjust} {protect} {length}");
                check_order(&list, &ranking, length);
                // The only ceiling is that nobody of a group of share 0 comes before the others.
                let ceiling = |group: usize, prefix: usize| if shares[group] == 0.0 { 0 } else { prefix + 1 };
                check_reasons(&list, &ranking, &minimum, &ceiling);
                // A minimum is missed only where it asks for more than the group has.
                let pairs = (1..=length).flat_map(|prefix| (0..3).map(move |group| (prefix, group)));
                let cannot: Vec<_> = pairs.filter(|&(prefix, group)| minimum(group, prefix) > sizes[group]).collect();
                assert_eq!(below(&list, &minimum, &expected), cannot);
                assert_eq!(reported(&ranking), cannot);
                rankings += 1;
                moved += usize::from(expected != turns[..length]);
                short += usize::from(!cannot.is_empty());
            }
        }
    }
    // The minima were at work in many of them, and out of reach in others.
    assert!(rankings > 250_000 && moved > rankings / 20 && short > rankings / 20, "{rankings} {moved} {short}");
}

#[test]
fn the_tables_counted_here_are_the_papers() {
    // Zehlike et al. 2017, table 2, p = 0.5 at 0.1.
    assert_eq!(table(0.5, 0.1, 12), [0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4]);
}

#[test]
fn a_better_score_of_a_group_of_share_zero_is_no_floor_for_the_others() {
    // Nobody is owed to a prefix of three at 0.05. The candidate of unknown group outscores a, whom no floor holds.
    let four = list("abc", &[('c', 0.9), ('-', 0.85), ('a', 0.8), ('b', 0.7)]);
    let ranking = fair(&[], &four, &[0.5, 0.5, 0.0], 4);
    assert_eq!(four.names(&ranking), "-0 a0 b0 c0");
    let reasons = ["by score, group unknown", "ceiling for c at 1 reached (0)", "ceiling for c at 2 reached (0)", "no more of a"];
    assert_eq!(four.reasons(&ranking), reasons);
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
