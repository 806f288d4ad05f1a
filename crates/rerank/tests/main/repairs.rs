//! What every repair must do, read from the registry, and each on rows that a reader can check.

use std::collections::BTreeSet;

use evenhand_catalog::{Kind, Value};
use evenhand_rerank::{Fitted, GroupRule, GroupRules, REPAIRS, RerankError, Sample, Shortlist, Step};
use evenhand_rows::UNKNOWN;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::lists::{List, list};
use crate::reference::repair;

fn ids() -> impl Iterator<Item = &'static str> {
    REPAIRS.iter().map(|entry| entry.card.id)
}

/// Group a scores high, b low, two of unknown group; the label follows the score, but for one of each group.
fn rows() -> (List, Vec<bool>) {
    let rows = list(
        "ab",
        &[
            ('a', 0.9),
            ('a', 0.8),
            ('b', 0.5),
            ('-', 0.6),
            ('a', 0.7),
            ('b', 0.4),
            ('a', 0.6),
            ('b', 0.2),
            ('b', 0.1),
            ('-', 0.3),
            ('a', 0.3),
            ('b', 0.3),
        ],
    );
    let favourable = rows.scores.iter().enumerate().map(|(row, score)| (*score > 0.35) != (row == 6 || row == 11)).collect();
    (rows, favourable)
}

#[test]
fn cards_are_whole_and_say_that_the_group_is_needed() {
    assert_eq!(ids().collect::<BTreeSet<_>>().len(), REPAIRS.len());
    for entry in REPAIRS {
        let card = entry.card;
        assert_eq!(card.kind, Kind::Repair);
        assert!(card.summary.contains("Needs the group of every candidate at the time of scoring."), "{}", card.id);
        assert!(!card.name.is_empty() && !card.formula.is_empty() && !card.source.is_empty());
        assert_eq!(repair(card.id, &[]).card(), card);
    }
}

#[test]
fn the_same_rows_and_seed_give_the_same_scores_also_after_a_stay_in_a_file() {
    let (rows, favourable) = rows();
    let sample = Sample::new(rows.shortlist()).favourable(&favourable).unwrap();
    for id in ids() {
        let fitted = repair(id, &[]).fit(&sample).unwrap();
        assert_eq!(fitted, repair(id, &[]).fit(&sample).unwrap());
        let read: Fitted = serde_json::from_str(&serde_json::to_string(&fitted).unwrap()).unwrap();
        assert_eq!(read, fitted);
        assert!(serde_json::to_string(&fitted).unwrap().contains(&format!("\"repair\":\"{id}\"")));
        let scores = fitted.apply(&rows.shortlist(), 3).unwrap();
        assert_eq!(scores, read.apply(&rows.shortlist(), 3).unwrap());
        assert_eq!(scores.len(), 12);
        assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)), "{id}");
        assert!(fitted.apply(&list("ab", &[]).shortlist(), 3).unwrap().is_empty());
    }
}

#[test]
fn what_cannot_be_fitted_or_applied_is_told_apart() {
    let (rows, favourable) = rows();
    let labelled = |list: &List, labels: &[bool], id: &str, parameters: &[(&str, Value)]| {
        repair(id, parameters).fit(&Sample::new(list.shortlist()).favourable(labels).unwrap()).unwrap_err().to_string()
    };
    let one = list("ab", &[('a', 0.1), ('a', 0.2), ('-', 0.3)]);
    for id in ids() {
        assert_eq!(
            labelled(&one, &[true, false, true], id, &[]),
            format!(
                "`{id}` needs rows of two groups, the rows to fit on have `a`; choose another attribute or check how its column is read"
            )
        );
        assert!(labelled(&list("ab", &[]), &[], id, &[]).contains("the rows to fit on have none"));
        let fitted = repair(id, &[]).fit(&Sample::new(rows.shortlist()).favourable(&favourable).unwrap()).unwrap();
        let stranger = list("bc", &[('c', 0.5), ('b', 0.5)]);
        assert_eq!(
            fitted.apply(&stranger.shortlist(), 1).unwrap_err().to_string(),
            "the repair was not fitted on group `c`, only on a, b; fit it on rows of that group, too, or mark its candidates as unknown"
        );
        // A level that no row has does no harm, and groups are recognised by name, not by code.
        let other = list("cb", &[('b', 0.5)]);
        assert_eq!(fitted.apply(&other.shortlist(), 1).unwrap(), fitted.apply(&list("b", &[('b', 0.5)]).shortlist(), 1).unwrap());
    }
    let unlabelled = repair("group-thresholds", &[]).fit(&Sample::new(rows.shortlist()));
    assert_eq!(unlabelled, Err(RerankError::NoLabels { method: "group-thresholds" }));
    let two = list("ab", &[('a', 0.1), ('a', 0.2), ('b', 0.3)]);
    let parity = ("constraint", Value::Text("equal-opportunity".into()));
    assert_eq!(
        labelled(&two, &[true, false, false], "group-thresholds", &[parity]),
        "`group-thresholds`: group `b` has no row with the favourable label among the rows to fit on, so its rate of true positives does not \
         exist; fit on more rows, join the group with another, or take demographic-parity"
    );
    let sample = Sample::new(rows.shortlist());
    assert_eq!(sample.favourable(&[true]).unwrap_err().to_string(), "12 scores but 1 labels; every candidate needs one of each");
    assert_eq!(sample.weights(&[-1.0; 12]).unwrap_err().to_string(), "the weight of row 1 is -1; weights must be finite and not negative");
}

#[test]
fn a_damaged_fit_is_refused() {
    let (rows, favourable) = rows();
    let sample = Sample::new(rows.shortlist()).favourable(&favourable).unwrap();
    for id in ids() {
        let damages: [fn(&mut Fitted); 4] = [
            |fitted| match fitted {
                Fitted::QuantileRepair(maps) => maps.amount = f64::NAN,
                Fitted::GroupThresholds(rules) => rules.groups.clear(),
            },
            |fitted| match fitted {
                Fitted::QuantileRepair(maps) => maps.groups[0].scores.reverse(),
                Fitted::GroupThresholds(rules) => rules.groups[1].below = 2.0,
            },
            |fitted| match fitted {
                Fitted::QuantileRepair(maps) => maps.unknown.repaired.clear(),
                Fitted::GroupThresholds(rules) => rules.groups[1].share = 0.0,
            },
            |fitted| match fitted {
                Fitted::QuantileRepair(maps) => maps.groups[1].repaired[0] = f64::INFINITY,
                Fitted::GroupThresholds(rules) => rules.groups[0].steps.push(Step { from: f64::NAN, probability: 1.0 }),
            },
        ];
        for damage in damages {
            let mut fitted = repair(id, &[]).fit(&sample).unwrap();
            damage(&mut fitted);
            assert!(matches!(fitted.apply(&rows.shortlist(), 1), Err(RerankError::BadFit { .. })), "{id}: {fitted:?}");
        }
    }
}

#[test]
fn two_groups_meet_half_way_by_hand() {
    // a: 0.6 and 0.8, b: 0.2 and 0.4, one half each: both levels, 1/4 and 3/4, go to the mean of the two scores.
    let four = list("ab", &[('a', 0.6), ('a', 0.8), ('b', 0.2), ('b', 0.4)]);
    let fitted = |amount: f64| repair("quantile-repair", &[("amount", Value::Number(amount))]).fit(&Sample::new(four.shortlist())).unwrap();
    let near = |found: Vec<f64>, expected: &[f64]| {
        assert!(found.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-12), "{found:?}, not {expected:?}");
    };
    near(fitted(1.0).apply(&four.shortlist(), 1).unwrap(), &[0.4, 0.6, 0.4, 0.6]);
    near(fitted(0.5).apply(&four.shortlist(), 1).unwrap(), &[0.5, 0.7, 0.3, 0.5]);
    near(fitted(0.0).apply(&four.shortlist(), 1).unwrap(), &[0.6, 0.8, 0.2, 0.4]);
    // Between 0.6 and 0.8, half of the way; below 0.6 towards 0, above 0.8 towards 1; of unknown group, by 0.2, 0.4, 0.6, 0.8 at 1/8, 3/8, ...
    let new = list("ab", &[('a', 0.7), ('a', 0.3), ('a', 0.0), ('a', 0.9), ('a', 1.0), ('-', 0.2), ('-', 0.5), ('-', 0.8)]);
    near(fitted(1.0).apply(&new.shortlist(), 1).unwrap(), &[0.5, 0.2, 0.0, 0.8, 1.0, 0.4, 0.5, 0.6]);
    // Numbers that are no probabilities move as far as the last one known.
    let wide = list("ab", &[('a', 60.0), ('a', 80.0), ('b', 20.0), ('b', 40.0)]);
    let fitted = repair("quantile-repair", &[]).fit(&Sample::new(wide.shortlist())).unwrap();
    let beyond = list("ab", &[('a', 100.0), ('a', 50.0), ('b', 0.0), ('b', 45.0)]);
    near(fitted.apply(&beyond.shortlist(), 1).unwrap(), &[80.0, 30.0, 20.0, 65.0]);
}

#[test]
fn fewer_knots_follow_the_map_closely() {
    let scores: Vec<f64> = (0..6000).map(|row| (f64::from(row) / 6000.0).powi(1 + row % 3)).collect();
    let groups: Vec<u32> = (0..6000).map(|row| row % 3).collect();
    let levels: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
    let rows = Shortlist::new(&scores, &groups, &levels).unwrap();
    let repaired = |knots: i64| {
        repair("quantile-repair", &[("knots", Value::Integer(knots))]).fit(&Sample::new(rows)).unwrap().apply(&rows, 1).unwrap()
    };
    let (few, all) = (repaired(100), repaired(10_000));
    assert!(few.iter().zip(&all).all(|(few, all)| (few - all).abs() < 0.01));
    assert!(few != all);
    let share = |group: u32, at: f64| {
        let own = all.iter().zip(&groups).filter(|(_, other)| **other == group);
        own.clone().filter(|(score, _)| **score > at).count() as f64 / own.count() as f64
    };
    for at in [0.1, 0.3, 0.5, 0.8] {
        assert!((share(0, at) - share(1, at)).abs() < 2e-3 && (share(0, at) - share(2, at)).abs() < 2e-3, "{at}");
    }
}

#[test]
fn thresholds_of_two_groups_by_hand() {
    // a: 0.8+ 0.6+ 0.4- 0.2-, b: 0.7+ 0.5- 0.3- 0.1-. Without a constraint all are right at 0.5 and 0.6. At one selection rate r, a is best
    // at 1/2 and b at 1/4; between them a loses what b loses, so the optimum is 7/8 anywhere in [1/4, 1/2].
    let eight = list("ab", &[('a', 0.8), ('a', 0.6), ('a', 0.4), ('a', 0.2), ('b', 0.7), ('b', 0.5), ('b', 0.3), ('b', 0.1)]);
    let labels = [true, true, false, false, true, false, false, false];
    let fit = |parameters: &[(&str, Value)]| match repair("group-thresholds", parameters)
        .fit(&Sample::new(eight.shortlist()).favourable(&labels).unwrap())
        .unwrap()
    {
        Fitted::GroupThresholds(rules) => rules,
        Fitted::QuantileRepair(_) => panic!("another repair's fit"),
    };
    assert!((fit(&[]).objective - 0.875).abs() < 1e-12);
    // True positives of both groups can all be selected and nobody else, so the other constraints cost nothing.
    for constraint in ["equal-opportunity", "false-positive-parity", "equalized-odds"] {
        let rules = fit(&[("constraint", Value::Text(constraint.into()))]);
        assert!((rules.objective - 1.0).abs() < 1e-12, "{constraint}");
        assert_eq!(rules.groups[0].steps, [Step { from: 0.5, probability: 1.0 }]);
        assert_eq!(rules.groups[1].steps, [Step { from: 0.6, probability: 1.0 }]);
    }
    let loose = fit(&[("tolerance", Value::Number(0.25))]);
    assert!((loose.objective - 1.0).abs() < 1e-12);
    assert_eq!(loose.probabilities(&eight.shortlist()).unwrap(), [1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    // Of unknown group: half of each rule.
    assert_eq!(loose.probabilities(&Shortlist::new(&[0.9, 0.55, 0.1], &[UNKNOWN; 3], &[]).unwrap()).unwrap(), [1.0, 0.5, 0.0]);
}

#[test]
fn drawn_decisions_have_the_rates_of_the_rules() {
    let (rows, favourable) = rows();
    let sample = Sample::new(rows.shortlist()).favourable(&favourable).unwrap();
    let parameters = [("constraint", Value::Text("equalized-odds".into())), ("objective", Value::Text("balanced-accuracy".into()))];
    let fitted = repair("group-thresholds", &parameters).fit(&sample).unwrap();
    let Fitted::GroupThresholds(rules) = &fitted else { panic!("another repair's fit") };
    let probabilities = rules.probabilities(&rows.shortlist()).unwrap();
    assert!(probabilities.iter().any(|probability| *probability > 0.0 && *probability < 1.0), "{rules:?}");
    let mut selected = [0.0; 12];
    for seed in 0..4000 {
        for (count, decision) in selected.iter_mut().zip(fitted.apply(&rows.shortlist(), seed).unwrap()) {
            assert!(decision == 0.0 || decision == 1.0);
            *count += decision / 4000.0;
        }
    }
    for (found, probability) in selected.iter().zip(&probabilities) {
        assert!((found - probability).abs() < 0.03, "{selected:?}, not {probabilities:?}");
    }
}

#[test]
fn a_candidates_draw_is_its_own() {
    let rule = |group: &str, share: f64| GroupRule { group: group.into(), share, below: 0.5, steps: Vec::new() };
    let fitted = Fitted::GroupThresholds(GroupRules { drawn: true, objective: 0.5, groups: vec![rule("a", 0.5), rule("b", 0.5)] });
    let candidates: Vec<(char, f64)> = (0..400).map(|row| (['a', 'b'][row % 2], f64::from(row as u32) / 400.0)).collect();
    let together = list("ab", &candidates);
    let decided = fitted.apply(&together.shortlist(), 7).unwrap();
    // One file at a time, in a list of other levels, and backwards: the same decisions.
    let alone: Vec<f64> = candidates.iter().map(|one| fitted.apply(&list("ba", &[*one]).shortlist(), 7).unwrap()[0]).collect();
    assert_eq!(alone, decided);
    let backwards: Vec<(char, f64)> = candidates.iter().rev().copied().collect();
    let mut turned = fitted.apply(&list("ab", &backwards).shortlist(), 7).unwrap();
    turned.reverse();
    assert_eq!(turned, decided);
    let share = |decisions: &[f64]| decisions.iter().sum::<f64>() / decisions.len() as f64;
    assert!((share(&decided) - 0.5).abs() < 0.1, "draws of different scores differ: {}", share(&decided));
    assert_ne!(fitted.apply(&together.shortlist(), 8).unwrap(), decided);

    // Equal scores of one group in one list are drawn one by one.
    let equal = list("ab", &[('a', 0.25); 400]);
    assert!((share(&fitted.apply(&equal.shortlist(), 7).unwrap()) - 0.5).abs() < 0.1);
    // With keys they are even in files of their own, and a key's draw stays.
    let keys: Vec<String> = (0..400).map(|row| format!("candidate {row}")).collect();
    let by_key = fitted.apply_by_key(&equal.shortlist(), &keys, 7).unwrap();
    let one = list("ab", &[('a', 0.25)]);
    let alone: Vec<f64> = keys.iter().map(|key| fitted.apply_by_key(&one.shortlist(), &[key], 7).unwrap()[0]).collect();
    assert_eq!(alone, by_key);
    assert!((share(&by_key) - 0.5).abs() < 0.1);
    let message = fitted.apply_by_key(&one.shortlist(), &keys, 7).unwrap_err().to_string();
    assert_eq!(message, "1 scores but 400 keys; every candidate needs one of each");
}

proptest! {
    /// The order of the levels is display only, and the order within a group stays.
    #[test]
    fn the_codes_of_the_groups_decide_nothing(
        rows in prop::collection::vec((0..3_u32, 0..30_u32, any::<bool>()), 6..60),
        turn in 1..3_u32,
    ) {
        let build = |turn: u32| List {
            scores: rows.iter().map(|(_, score, _)| f64::from(*score) / 30.0).collect(),
            groups: rows.iter().map(|(group, _, _)| (group + turn) % 3).collect(),
            levels: (0..3).map(|level| format!("g{}", (level + 3 - turn) % 3)).collect(),
        };
        let favourable: Vec<bool> = rows.iter().map(|(_, _, favourable)| *favourable).collect();
        let (one, other) = (build(0), build(turn));
        for id in ids() {
            let fit = |list: &List| repair(id, &[]).fit(&Sample::new(list.shortlist()).favourable(&favourable).unwrap());
            let (Ok(first), Ok(second)) = (fit(&one), fit(&other)) else {
                prop_assert!(fit(&one).is_err() && fit(&other).is_err());
                continue;
            };
            // Several optima of the thresholds may exist; their value is one.
            if let (Fitted::GroupThresholds(first), Fitted::GroupThresholds(second)) = (&first, &second) {
                prop_assert!((first.objective - second.objective).abs() < 1e-9);
            } else {
                let scores = (first.apply(&one.shortlist(), 1).unwrap(), second.apply(&other.shortlist(), 1).unwrap());
                prop_assert!(scores.0.iter().zip(&scores.1).all(|(one, other)| (one - other).abs() < 1e-9));
            }
            let repaired = match &first {
                Fitted::GroupThresholds(rules) => rules.probabilities(&one.shortlist()).unwrap(),
                maps @ Fitted::QuantileRepair(_) => maps.apply(&one.shortlist(), 1).unwrap(),
            };
            for (row, other) in (0..rows.len()).flat_map(|row| (0..rows.len()).map(move |other| (row, other))) {
                if rows[row].0 == rows[other].0 && rows[row].1 <= rows[other].1 {
                    prop_assert!(repaired[row] <= repaired[other] + 1e-12);
                }
            }
        }
    }
}

#[test]
fn thresholds_of_many_groups_with_ties_keep_their_tolerance() {
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    for round in 0..60 {
        let levels = rng.random_range(2..7);
        let size = if round == 0 { 30_000 } else { rng.random_range(60..600) };
        let grid = if round % 3 == 0 { 1e6 } else { 20.0 };
        let groups: Vec<u32> = (0..size).map(|_| rng.random_range(0..levels)).collect();
        let scores: Vec<f64> =
            groups.iter().map(|&group| ((rng.random::<f64>() - 0.05 * f64::from(group)) * grid).round() / grid).collect();
        let labels: Vec<bool> = scores.iter().map(|score| rng.random::<f64>() < 0.2 + 0.6 * score).collect();
        let list = List { scores, groups, levels: (0..levels).map(|group| format!("g{group}")).collect() };
        let sample = Sample::new(list.shortlist()).favourable(&labels).unwrap();
        let mut before = 0.0;
        for tolerance in [0.0, 0.01, 0.2, 1.0] {
            let parameters = [("constraint", Value::Text("equalized-odds".into())), ("tolerance", Value::Number(tolerance))];
            let Fitted::GroupThresholds(rules) = repair("group-thresholds", &parameters).fit(&sample).unwrap() else {
                panic!("another fit")
            };
            let chosen = rules.probabilities(&list.shortlist()).unwrap();
            for label in [true, false] {
                let rate = |group: u32| {
                    let rows = || (0..size).filter(|&row| list.groups[row] == group && labels[row] == label);
                    rows().map(|row| chosen[row]).sum::<f64>() / rows().count() as f64
                };
                let rates: Vec<f64> = (0..levels).map(rate).collect();
                let range = rates.iter().copied().fold(0.0, f64::max) - rates.iter().copied().fold(1.0, f64::min);
                assert!(range <= tolerance + 1e-8, "{round} {tolerance}: {rates:?}");
            }
            // More tolerance never costs accuracy.
            assert!(rules.objective >= before - 1e-9);
            before = rules.objective;
        }
    }
}
