//! What every synthesiser must do, read from the registry.

use std::collections::BTreeSet;

use evenhand_catalog::Kind;
use evenhand_rebalance::RebalanceError;
use evenhand_rebalance::synthesis::{Cells, Condition, Form, SYNTHESISERS, Table, Watch};
use evenhand_rows::MISSING;

use crate::candidates::{candidates, categories, fit, numbers, print, rng, texts};

fn ids() -> impl Iterator<Item = &'static str> {
    SYNTHESISERS.iter().map(|entry| entry.card.id)
}

#[test]
fn cards_are_whole_and_ids_are_unique() {
    assert_eq!(ids().collect::<BTreeSet<_>>().len(), SYNTHESISERS.len());
    for entry in SYNTHESISERS {
        let card = entry.card;
        assert_eq!(card.kind, Kind::Synthesiser);
        assert!([card.name, card.summary, card.formula, card.source].iter().all(|text| !text.is_empty()), "{}", card.id);
    }
}

#[test]
fn rows_have_the_tables_columns_levels_and_forms() {
    let table = candidates(600, 3);
    for id in ids() {
        let made = fit(id, &[], &table).unwrap().sample(333, &[], &mut rng(5)).unwrap();
        assert_eq!(made.rows(), 333, "{id}");
        for (column, real) in made.columns.iter().zip(&table.columns) {
            assert_eq!(column.name, real.name);
            match (&column.cells, &real.cells) {
                (Cells::Numbers { form, values }, Cells::Numbers { form: wanted, values: known }) => {
                    assert_eq!((form, values.len()), (wanted, 333), "{id}");
                    assert!(values.iter().all(|&value| value.is_nan() || form.round(value) == value), "{id}: {}", column.name);
                    assert!(
                        !values.iter().any(|value| value.is_nan()) || known.iter().any(|value| value.is_nan()),
                        "{id}: {}",
                        column.name
                    );
                }
                (Cells::Categories { levels, codes }, Cells::Categories { levels: wanted, .. }) => {
                    assert_eq!((levels, codes.len()), (wanted, 333), "{id}");
                    assert!(codes.iter().all(|&code| (code as usize) < levels.len()), "{id}: {}", column.name);
                }
                _ => panic!("{id}: {} changed its kind", column.name),
            }
        }
    }
}

#[test]
fn conditions_are_met_in_every_row_and_a_seed_decides_every_row() {
    let table = candidates(600, 3);
    for id in ids() {
        let generator = fit(id, &[], &table).unwrap();
        for wanted in [vec![(0, 2)], vec![(1, 1), (0, 0)], vec![(2, 3), (1, 0), (0, 1)], vec![(0, 1), (0, 1)]] {
            let conditions: Vec<Condition> = wanted.iter().map(|&(column, level)| Condition { column, level }).collect();
            let made = generator.sample(60, &conditions, &mut rng(7)).unwrap();
            assert_eq!(made.rows(), 60);
            for condition in &conditions {
                let Cells::Categories { codes, .. } = &made.columns[condition.column].cells else { panic!() };
                assert!(codes.iter().all(|&code| code == condition.level), "{id}: {condition:?}");
            }
            assert_eq!(print(&made), print(&generator.sample(60, &conditions, &mut rng(7)).unwrap()), "{id}");
            assert_ne!(print(&made), print(&generator.sample(60, &conditions, &mut rng(8)).unwrap()), "{id}");
        }
        assert_eq!(generator.sample(0, &[], &mut rng(1)).unwrap().rows(), 0);
        let again = fit(id, &[], &table).unwrap();
        assert_eq!(print(&generator.sample(50, &[], &mut rng(2)).unwrap()), print(&again.sample(50, &[], &mut rng(2)).unwrap()), "{id}");
    }
}

#[test]
fn conditions_that_cannot_be_are_refused() {
    let mut table = candidates(300, 3);
    let Cells::Categories { levels, .. } = &mut table.columns[0].cells else { panic!() };
    levels.push("nobody".to_owned());
    for id in ids() {
        let generator = fit(id, &[], &table).unwrap();
        let message = |conditions: &[(usize, u32)]| {
            let conditions: Vec<Condition> = conditions.iter().map(|&(column, level)| Condition { column, level }).collect();
            generator.sample(5, &conditions, &mut rng(7)).unwrap_err().to_string()
        };
        assert!(message(&[(9, 0)]).contains("no column at position 10"), "{id}");
        assert!(message(&[(3, 0)]).contains("column `score` holds numbers"), "{id}");
        assert!(message(&[(0, 4)]).contains("column `gender` has 4 categories, number 5 was asked for"), "{id}");
        assert!(message(&[(0, MISSING)]).contains("column `gender` has 4 categories"), "{id}");
        assert!(message(&[(0, 1), (0, 2)]).contains("cannot have two categories at once"), "{id}");
        assert!(message(&[(0, 3)]).contains("gender = nobody"), "{id}: {}", message(&[(0, 3)]));
    }
}

#[test]
fn bad_tables_are_refused() {
    let table = |columns| Table { columns };
    let number = |values: &[f64]| numbers("x", Form::Integer, values);
    for id in ids() {
        let message = |table: Table| fit(id, &[], &table).unwrap_err().to_string();
        assert!(message(Table::default()).contains("it has no columns"), "{id}");
        assert!(message(table(vec![number(&[])])).contains("it has 0 rows"), "{id}");
        assert!(message(table(vec![number(&[1.0])])).contains("it has 1 rows"), "{id}");
        assert!(message(table(vec![number(&[1.0, f64::INFINITY])])).contains("column `x`, row 2: inf is no finite number"), "{id}");
        assert!(message(table(vec![number(&[1.0, 2.0]), categories("y", ["a"].into_iter())])).contains("column `y` has 1 rows"), "{id}");
        assert!(message(table(vec![number(&[1.0, 2.0]), number(&[1.0, 2.0])])).contains("two columns have the name `x`"), "{id}");
    }
}

#[test]
fn odd_columns_can_be_learned() {
    let rows = 400;
    let odd = Table {
        columns: vec![
            categories("same", std::iter::repeat_n("a", rows)),
            numbers("seven", Form::Integer, &vec![7.0; rows]),
            numbers("none", Form::Real { decimals: 2 }, &vec![f64::NAN; rows]),
            categories("nothing", std::iter::repeat_n("", rows)),
            numbers("alone", Form::Integer, &(0..rows).map(|row| if row == 5 { 3.0 } else { f64::NAN }).collect::<Vec<_>>()),
            categories("rare", (0..rows).map(|row| if row == 9 { "one" } else { "many" })),
            categories("half", (0..rows).map(|row| ["", "b"][row % 2])),
            numbers("huge", Form::Integer, &(0..rows).map(|row| 1e90 * f64::from(row as u8)).collect::<Vec<_>>()),
        ],
    };
    for id in ids() {
        let generator = fit(id, &[], &odd).unwrap();
        let made = generator.sample(200, &[], &mut rng(4)).unwrap();
        assert!(texts(&made, "same").iter().all(|text| text == "a"), "{id}");
        for (name, allowed) in [("seven", 7.0), ("alone", 3.0)] {
            let Cells::Numbers { values, .. } = &made.columns[made.position(name).unwrap()].cells else { panic!() };
            assert!(values.iter().all(|&value| value == allowed || name == "alone" && value.is_nan()), "{id}: {name}");
        }
        let Cells::Numbers { values, .. } = &made.columns[2].cells else { panic!() };
        assert!(values.iter().all(|value| value.is_nan()), "{id}");
        assert!(texts(&made, "nothing").iter().all(String::is_empty), "{id}");
        let Cells::Numbers { values, .. } = &made.columns[7].cells else { panic!() };
        assert!(values.iter().all(|value| value.is_finite()), "{id}");
        let one = Condition { column: 5, level: 1 };
        assert!(texts(&generator.sample(20, &[one], &mut rng(4)).unwrap(), "rare").iter().all(|text| text == "one"), "{id}");
    }
}

#[test]
fn whoever_watches_may_stop() {
    struct Stop;
    impl Watch for Stop {
        fn epoch(&self, _: usize, _: usize, _: &[(f64, f64)]) -> bool {
            false
        }
    }
    for entry in SYNTHESISERS {
        let parameters = evenhand_catalog::Parameters::resolve(entry.card, &[].into()).unwrap();
        let result = (entry.build)(&parameters).unwrap().fit(&candidates(200, 3), 1, &Stop);
        assert_eq!(result.err(), Some(RebalanceError::Stopped), "{}", entry.card.id);
    }
}
