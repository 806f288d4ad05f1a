//! CTGAN as whoever uses it sees it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use evenhand_catalog::{CatalogError, Parameters, Value, find};
use evenhand_rebalance::RebalanceError;
use evenhand_rebalance::synthesis::{Cells, Column, Condition, Form, Generator, SYNTHESISERS, Synthesiser, Table, Watch};
use evenhand_rows::MISSING;
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const SMALL: [(&str, i64); 6] =
    [("epochs", 4), ("batch_size", 60), ("pac", 3), ("embedding_dim", 8), ("generator_dim", 16), ("critic_dim", 16)];

fn ctgan(changes: &[(&str, Value)]) -> Result<Box<dyn Synthesiser>, CatalogError> {
    let entry = find(SYNTHESISERS, "ctgan").unwrap();
    let mut given: BTreeMap<String, Value> = SMALL.iter().map(|&(name, value)| (name.to_owned(), Value::Integer(value))).collect();
    given.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    (entry.build)(&Parameters::resolve(entry.card, &given)?)
}

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Pay depends on the group, the label on pay; a fifth of the days and a tenth of the towns are missing.
fn staff(rows: usize) -> Table {
    let mut rng = rng(17);
    let (mut groups, mut pay, mut hired, mut days, mut towns) = (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..rows {
        let group = u32::from(rng.random::<f64>() < 0.3);
        let amount = (if group == 1 { 20.0 } else { 40.0 } + 10.0 * rng.random::<f64>()) * 100.0;
        groups.push(group);
        pay.push(amount.round() / 100.0);
        hired.push(u32::from(amount / 100.0 + 10.0 * rng.random::<f64>() > 40.0));
        days.push(if rng.random::<f64>() < 0.2 { f64::NAN } else { 20_000.0 + f64::from(rng.random_range(0..365)) });
        towns.push(if rng.random::<f64>() < 0.1 { MISSING } else { rng.random_range(0..5_u32) });
    }
    let column = |name: &str, cells| Column { name: name.to_owned(), cells };
    let levels = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Table {
        columns: vec![
            column("group", Cells::Categories { levels: levels(&["men", "women"]), codes: groups }),
            column("pay", Cells::Numbers { form: Form::Real { decimals: 2 }, values: pay }),
            column("town", Cells::Categories { levels: levels(&["a", "b", "c", "d", "e", "no rows"]), codes: towns }),
            column("since", Cells::Numbers { form: Form::Date, values: days }),
            column("hired", Cells::Categories { levels: levels(&["no", "yes"]), codes: hired }),
        ],
    }
}

/// Keeps what it is given, and stops after an epoch.
#[derive(Default)]
struct Keeper {
    stop_after: usize,
    kept: Mutex<Option<Vec<u8>>>,
    seen: Mutex<Vec<(usize, usize, usize)>>,
}

impl Keeper {
    fn stopping_after(epoch: usize) -> Self {
        Keeper { stop_after: epoch, ..Keeper::default() }
    }

    fn with(bytes: Vec<u8>) -> Self {
        Keeper { kept: Mutex::new(Some(bytes)), ..Keeper::default() }
    }
}

impl Watch for Keeper {
    fn epoch(&self, epoch: usize, epochs: usize, losses: &[(f64, f64)]) -> bool {
        self.seen.lock().unwrap().push((epoch, epochs, losses.len()));
        epoch != self.stop_after
    }

    fn kept(&self) -> Option<Vec<u8>> {
        self.kept.lock().unwrap().clone()
    }

    fn keep(&self, ends: bool, state: &dyn Fn() -> Vec<u8>) {
        if ends {
            *self.kept.lock().unwrap() = Some(state());
        }
    }
}

fn fit(changes: &[(&str, Value)], table: &Table, seed: u64) -> Box<dyn Generator> {
    ctgan(changes).unwrap().fit(table, seed, &Keeper::default()).unwrap()
}

fn codes(table: &Table, column: usize) -> &[u32] {
    match &table.columns[column].cells {
        Cells::Categories { codes, .. } => codes,
        Cells::Numbers { .. } => panic!("column {column} has numbers"),
    }
}

fn numbers(table: &Table, column: usize) -> &[f64] {
    match &table.columns[column].cells {
        Cells::Numbers { values, .. } => values,
        Cells::Categories { .. } => panic!("column {column} has categories"),
    }
}

/// Rows as bits: missing numbers are equal to each other.
fn bits(table: &Table) -> Vec<Vec<u64>> {
    table
        .columns
        .iter()
        .map(|column| match &column.cells {
            Cells::Numbers { values, .. } => values.iter().map(|value| value.to_bits()).collect(),
            Cells::Categories { codes, .. } => codes.iter().map(|&code| u64::from(code)).collect(),
        })
        .collect()
}

#[test]
fn every_row_meets_all_conditions() {
    let generator = fit(&[], &staff(300), 1);
    for (group, hired) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let conditions = [Condition { column: 0, level: group }, Condition { column: 4, level: hired }, Condition { column: 2, level: 3 }];
        let made = generator.sample(50, &conditions, &mut rng(2)).unwrap();
        assert_eq!((codes(&made, 0), codes(&made, 4), codes(&made, 2)), (&[group; 50][..], &[hired; 50][..], &[3; 50][..]));
    }
    assert_eq!(generator.sample(0, &[], &mut rng(2)).unwrap().columns.len(), 5);
}

#[test]
fn conditions_that_cannot_be_met_say_why() {
    let generator = fit(&[("max_tries", Value::Integer(1))], &staff(300), 1);
    let message = |conditions: &[Condition]| generator.sample(5, conditions, &mut rng(1)).unwrap_err().to_string();
    let one = |column, level| Condition { column, level };
    assert_eq!(message(&[one(5, 0)]), "`ctgan`: there is no column at position 6; the table has 5");
    assert_eq!(message(&[one(1, 0)]), "`ctgan`: column `pay` holds numbers and a condition names a category; read it as categories");
    assert_eq!(message(&[one(0, 2)]), "`ctgan`: column `group` has 2 categories, number 3 was asked for");
    assert_eq!(
        message(&[one(2, 5)]),
        "`ctgan`: no row to learn from had town = no rows, so no row can be made of it; learn from rows that have it"
    );
    assert_eq!(
        message(&[one(0, 1), one(0, 0)]),
        "`ctgan`: column `group` cannot have two categories at once, `women` and `men`; leave one condition out"
    );
    assert!(generator.sample(5, &[one(0, 1), one(0, 1)], &mut rng(1)).is_ok());

    // Two columns of 60 categories: about one row in 3,600 has both, of at most 1,200 made.
    let levels: Vec<String> = (0..60).map(|level| level.to_string()).collect();
    let column = |name: &str, step| Column {
        name: name.to_owned(),
        cells: Cells::Categories { levels: levels.clone(), codes: (0..600_u32).map(|row| row / step % 60).collect() },
    };
    let table = Table { columns: vec![column("x", 1), column("y", 10)] };
    let generator = fit(&[("max_tries", Value::Integer(1))], &table, 1);
    let error = generator.sample(700, &[one(0, 7), one(1, 9)], &mut rng(3)).unwrap_err();
    let RebalanceError::ConditionsTooRare { wanted: 700, accepted, made: 1200, .. } = error else { panic!("{error}") };
    assert!(accepted < 700);
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("`ctgan`: {accepted} of 1200 rows made meet x = 7, y = 9 (")) && text.contains("700 were wanted"),
        "{text}"
    );
}

#[test]
fn the_same_seeds_give_the_same_bytes_on_any_number_of_threads() {
    let table = staff(250);
    let run = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let generator = fit(&[], &table, seed);
            (generator.save().unwrap(), bits(&generator.sample(150, &[], &mut rng(seed)).unwrap()))
        })
    };
    let one = run(1, 5);
    assert!(one == run(2, 5) && one == run(3, 5));
    assert!(one.0 != run(1, 6).0);
    let generator = fit(&[], &table, 5);
    let mut rng = rng(5);
    let (first, second) = (generator.sample(150, &[], &mut rng).unwrap(), generator.sample(150, &[], &mut rng).unwrap());
    assert_eq!(bits(&first), one.1);
    assert_ne!(bits(&second), one.1, "a generator of random numbers that went on gives other rows");
}

#[test]
fn a_kept_fit_goes_on_as_if_it_had_never_stopped() {
    let table = staff(200);
    let method = ctgan(&[("critic_steps", Value::Integer(2))]).unwrap();
    let whole = Keeper::default();
    let expected = method.fit(&table, 8, &whole).unwrap();
    assert_eq!(*whole.seen.lock().unwrap(), [(1, 4, 1), (2, 4, 2), (3, 4, 3), (4, 4, 4)]);
    assert_eq!(expected.losses().len(), 4);

    let stopped = Keeper::stopping_after(2);
    assert_eq!(method.fit(&table, 8, &stopped).unwrap_err(), RebalanceError::Stopped);
    let bytes = stopped.kept().unwrap();
    let resumed = Keeper::with(bytes.clone());
    let generator = method.fit(&table, 8, &resumed).unwrap();
    assert_eq!(*resumed.seen.lock().unwrap(), [(3, 4, 3), (4, 4, 4)]);
    assert_eq!(generator.save(), expected.save());
    assert_eq!(resumed.kept(), whole.kept());

    // More epochs of a finished fit; fewer are refused, as is whatever belongs to another fit.
    let longer = ctgan(&[("critic_steps", Value::Integer(2)), ("epochs", Value::Integer(5))]).unwrap();
    assert_eq!(longer.fit(&table, 8, &Keeper::with(whole.kept().unwrap())).unwrap().losses().len(), 5);
    let message = |method: &dyn Synthesiser, table: &Table, seed, bytes: &[u8]| {
        method.fit(table, seed, &Keeper::with(bytes.to_vec())).unwrap_err().to_string()
    };
    let foreign =
        "`ctgan`: the kept state is of another table, other parameters or another seed; whoever kept it must remove it to start anew";
    assert_eq!(message(&*method, &table, 9, &bytes), foreign);
    assert_eq!(message(&*method, &staff(199), 8, &bytes), foreign);
    assert_eq!(message(&*ctgan(&[]).unwrap(), &table, 8, &bytes), foreign);
    let shorter = ctgan(&[("critic_steps", Value::Integer(2)), ("epochs", Value::Integer(1))]).unwrap();
    assert!(message(&*shorter, &table, 8, &bytes).contains("more epochs than are asked for"));
    for damaged in [&bytes[..bytes.len() - 1], &bytes[1..], &[], &[7; 200], &expected.save().unwrap()] {
        assert!(message(&*method, &table, 8, damaged).contains("or is damaged"));
    }
}

#[test]
fn a_saved_generator_makes_the_same_rows() {
    let table = staff(200);
    let generator = fit(&[("max_categories", Value::Integer(3))], &table, 3);
    let bytes = generator.save().unwrap();
    let method = ctgan(&[]).unwrap();
    let again = method.restore(&bytes).unwrap();
    assert_eq!(again.save().unwrap(), bytes);
    assert_eq!(again.losses(), generator.losses());
    for conditions in [&[][..], &[Condition { column: 2, level: 4 }]] {
        let rows = |generator: &dyn Generator| bits(&generator.sample(70, conditions, &mut rng(4)).unwrap());
        assert_eq!(rows(&*again), rows(&*generator));
    }
    for length in [0, 8, 100, bytes.len() - 1] {
        assert!(method.restore(&bytes[..length]).unwrap_err().to_string().contains("no generator of this method"));
    }
    let mut flipped = bytes;
    flipped[300] ^= 1;
    assert!(method.restore(&flipped).is_err());
}

#[test]
fn tables_of_any_kind_are_learned() {
    let column = |name: &str, cells| Column { name: name.to_owned(), cells };
    let whole = |values: &[f64]| Cells::Numbers { form: Form::Integer, values: values.to_vec() };
    let kind = |codes: &[u32]| Cells::Categories { levels: vec!["a".into(), "b".into()], codes: codes.to_vec() };
    let tables = [
        vec![column("numbers only", whole(&[1.0, 2.0, 5.0])), column("x", whole(&[1e99, -1e99, 0.0]))],
        vec![column("categories only", kind(&[0, 1, 1, MISSING]))],
        vec![column("nothing known", kind(&[MISSING, MISSING])), column("x", whole(&[f64::NAN, f64::NAN]))],
        vec![column("constant", whole(&[4.0; 9])), column("c", kind(&[0; 9]))],
    ];
    for columns in tables {
        let table = Table { columns };
        let made = fit(&[], &table, 1).sample(90, &[], &mut rng(1)).unwrap();
        for (made, given) in made.columns.iter().zip(&table.columns) {
            assert_eq!(made.name, given.name);
            match (&made.cells, &given.cells) {
                (Cells::Numbers { values: made, .. }, Cells::Numbers { values, .. }) => {
                    let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), &value| (value.min(low), value.max(high)));
                    let missing = values.iter().any(|value| value.is_nan());
                    assert!(made.len() == 90 && made.iter().all(|&value| value.is_nan() && missing || (low..=high).contains(&value)));
                }
                (Cells::Categories { codes: made, .. }, Cells::Categories { codes, .. }) => {
                    assert!(made.len() == 90 && made.iter().all(|code| codes.contains(code)));
                }
                _ => panic!("the kinds of columns differ"),
            }
        }
    }
}

#[test]
fn what_depends_on_what_is_learned() {
    let table = staff(2000);
    let changes = [("epochs", 60), ("batch_size", 100), ("pac", 5), ("embedding_dim", 32), ("generator_dim", 64), ("critic_dim", 64)];
    let mut changes: Vec<(&str, Value)> = changes.iter().map(|&(name, value)| (name, Value::Integer(value))).collect();
    changes.extend([("generator_lr", Value::Number(1e-3)), ("critic_lr", Value::Number(1e-3))]);
    let generator = fit(&changes, &table, 2);
    let made = generator.sample(2000, &[], &mut rng(3)).unwrap();
    let share = |table: &Table, test: &dyn Fn(usize) -> bool| (0..codes(table, 0).len()).filter(|&row| test(row)).count() as f64 / 2000.0;
    let women = |table: &Table| share(table, &|row| codes(table, 0)[row] == 1);
    assert!((women(&made) - women(&table)).abs() < 0.12, "{} {}", women(&made), women(&table));
    let told = |table: &Table| share(table, &|row| (numbers(table, 1)[row] < 35.0) == (codes(table, 0)[row] == 1));
    assert!(told(&table) == 1.0 && told(&made) > 0.85, "{}", told(&made));
    let missing = |table: &Table| share(table, &|row| numbers(table, 3)[row].is_nan());
    assert!((missing(&made) - missing(&table)).abs() < 0.12, "{} {}", missing(&made), missing(&table));
    assert!(numbers(&made, 3).iter().all(|day| day.is_nan() || (day.fract() == 0.0 && (20_000.0..20_365.0).contains(day))));
    assert!(numbers(&made, 1).iter().all(|pay| (pay * 100.0 - (pay * 100.0).round()).abs() < 1e-6));
    // Paid below 30 and hired: nobody in the table.
    let odd = share(&made, &|row| numbers(&made, 1)[row] < 30.0 && codes(&made, 4)[row] == 1);
    assert!(odd < 0.06, "{odd}");
}

#[test]
fn parameters_that_do_not_go_together_are_refused() {
    let message = |changes: &[(&str, Value)]| ctgan(changes).unwrap_err().to_string();
    assert_eq!(
        message(&[("batch_size", Value::Integer(500)), ("pac", Value::Integer(3))]),
        "`ctgan`: batch_size = 500 is no multiple of pac = 3; the nearest is 501"
    );
    assert!(message(&[("epochs", Value::Integer(0))]).contains("1 to 100000"));
    let table = staff(100);
    let wild = ctgan(&[("generator_lr", Value::Number(1.0)), ("critic_lr", Value::Number(1.0)), ("penalty", Value::Number(1e6))]).unwrap();
    // Whatever comes of it, it is a generator or an error, and never rows that are no numbers.
    if let Ok(generator) = wild.fit(&table, 1, &Keeper::default()) {
        let made = generator.sample(50, &[], &mut rng(1)).unwrap();
        assert!(numbers(&made, 1).iter().all(|pay| pay.is_finite()));
    }
    let _ = rng(1).next_u64();
}
