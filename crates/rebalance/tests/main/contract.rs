//! What every rebalancer must do, read from the registry.

use std::collections::BTreeSet;

use evenhand_catalog::Kind;
use evenhand_rebalance::{REBALANCERS, RebalanceError};
use evenhand_rows::{Dataset, Feature, Groups, Identity, Values};
use proptest::prelude::*;

use crate::tables::{counts, rebalance, repeated, table};

fn ids() -> impl Iterator<Item = &'static str> {
    REBALANCERS.iter().map(|entry| entry.card.id)
}

fn tilted() -> Dataset {
    table(&[
        ("m", 0.9),
        ("m", 0.8),
        ("m", 0.7),
        ("m", 0.2),
        ("f", 0.9),
        ("f", 0.1),
        ("f", 0.2),
        ("f", 0.3),
        ("", 0.6),
        ("f", 0.7),
        ("m", 0.1),
        ("", 0.1),
    ])
}

#[test]
fn cards_are_whole_and_ids_are_unique() {
    let unique: BTreeSet<&str> = ids().collect();
    assert_eq!(unique.len(), REBALANCERS.len());
    for entry in REBALANCERS {
        let card = entry.card;
        assert_eq!(card.kind, Kind::Rebalancer);
        for text in [card.name, card.summary, card.formula, card.source] {
            assert!(!text.is_empty(), "{}", card.id);
        }
        assert_eq!(rebalance(card.id, &[], &tilted(), 1).unwrap().name, "table");
    }
}

#[test]
fn every_column_follows_its_row_and_a_note_says_what_happened() {
    let mut data = tilted();
    let number: Vec<f64> = data.rows.iter().map(|&row| row as f64).collect();
    data.weights = Some(number.clone());
    data.features = vec![Feature { name: "x".into(), values: Values::Numeric(number), sensitive: false }];
    data.person = Some(Identity {
        name: "person".into(),
        levels: data.rows.iter().map(u64::to_string).collect(),
        codes: (0..data.rows.len() as u32).collect(),
    });
    for id in ids() {
        let balanced = rebalance(id, &[], &data, 3).unwrap();
        let expected: Vec<f64> = balanced.rows.iter().map(|&row| row as f64).collect();
        // Weighing rows is the one thing that changes a value.
        assert_eq!(balanced.weights.as_ref() == Some(&expected), id != "reweighing", "{id}");
        assert_eq!(balanced.features[0].values, Values::Numeric(expected), "{id}");
        let person = balanced.person.as_ref().unwrap();
        assert!(person.codes.iter().zip(&balanced.rows).all(|(&code, &row)| u64::from(code) + 1 == row), "{id}");
        // Further notes are a method's own.
        assert_eq!(balanced.provenance.notes[0], format!("{id} by group: 12 training rows became {}", balanced.len()));
    }
}

#[test]
fn rows_of_unknown_group_are_kept_once() {
    for id in ids() {
        let balanced = rebalance(id, &[], &tilted(), 5).unwrap();
        assert_eq!(balanced.rows.iter().filter(|&&row| row == 9 || row == 12).count(), 2, "{id}");
    }
}

#[test]
fn a_seed_decides_every_draw() {
    // One man more than women, for a method that balances groups alone has to draw as well.
    let data = repeated(&[("m", 0.9, 7), ("m", 0.1, 2), ("f", 0.9, 2), ("f", 0.1, 6)]);
    for id in ids() {
        let drawn = |seed| rebalance(id, &[], &data, seed).unwrap().rows;
        assert_eq!(drawn(7), drawn(7), "{id}");
        // Reweighing draws nothing.
        assert_eq!((0..20).any(|seed| drawn(seed) != drawn(7)), id != "reweighing", "{id}: the seed must matter");
    }
}

#[test]
fn bad_inputs_are_told_apart() {
    let one_group = table(&[("m", 1.0), ("m", 0.0), ("", 1.0)]);
    let nobody = table(&[]);
    let mut no_label = tilted();
    no_label.label = None;
    let mut other = tilted();
    other.sensitive = vec![Groups::from_texts("age", ["a"; 12].into_iter().map(Some))];
    for id in ids() {
        let message = |data: &Dataset| rebalance(id, &[], data, 1).unwrap_err().to_string();
        assert_eq!(
            message(&one_group),
            format!(
                "`{id}` needs rows of two groups of `group`, the training rows have `m`; choose another attribute or check how its column \
                 is read"
            )
        );
        assert!(message(&nobody).contains("the training rows have none"));
        // Sampling by group shares alone has no use for a label.
        if id == "rejection-sampling" {
            let (without, with) = (rebalance(id, &[], &no_label, 1).unwrap(), rebalance(id, &[], &tilted(), 1).unwrap());
            assert_eq!((without.rows, without.provenance.notes, without.label), (with.rows, with.provenance.notes, None));
        } else {
            assert_eq!(rebalance(id, &[], &no_label, 1), Err(RebalanceError::NoLabel { method: id }));
            assert!(message(&no_label).ends_with("name its column (`label`), in a recipe under `[data.label]`"));
        }
        assert_eq!(message(&other), "no sensitive attribute `group` in the training rows; known are: age");
    }
}

proptest! {
    /// The order of the levels is display only: the same rows under swapped names give the same counts under swapped names.
    #[test]
    fn renaming_the_groups_renames_the_result(rows in prop::collection::vec((0..2_usize, 0..=4_u8), 8..60)) {
        let build = |names: [&'static str; 2]| {
            table(&rows.iter().map(|&(group, label)| (names[group], f64::from(label) / 4.0)).collect::<Vec<_>>())
        };
        for id in ids() {
            let results = (rebalance(id, &[], &build(["a", "b"]), 1), rebalance(id, &[], &build(["b", "a"]), 1));
            let (Ok(plain), Ok(swapped)) = results else {
                prop_assert!(matches!(results, (Err(_), Err(_))));
                continue;
            };
            // Compared by label band, for within a cell the draws may fall on other labels.
            let bands = |data: &Dataset, group: &str| -> (usize, usize) {
                counts(data).iter().filter(|((name, _), _)| name == group).fold((0, 0), |(low, high), ((_, label), count)| {
                    if *label >= 500 { (low, high + count) } else { (low + count, high) }
                })
            };
            prop_assert_eq!(bands(&plain, "a"), bands(&swapped, "b"));
            prop_assert_eq!(bands(&plain, "b"), bands(&swapped, "a"));
        }
    }
}
