//! Balanced rows, counted.

use std::collections::{BTreeMap, BTreeSet};

use evenhand_catalog::Value;
use evenhand_rebalance::RebalanceError;
use evenhand_rebalance::balanced::{Balance, Balanced, balanced, balanced_apart};
use evenhand_rebalance::shares::Shares;
use evenhand_rebalance::synthesis::{Cells, Condition, Form, Generator, SYNTHESISERS, Table};
use rand::Rng;
use rand::seq::SliceRandom;

use crate::candidates::{candidates, categories, fit, numbers, print, rng, texts};

fn wanted(rows: usize) -> Balance {
    Balance {
        group: "gender".to_owned(),
        group_shares: Shares::Equal,
        label: Some("hired".to_owned()),
        label_shares: Shares::Equal,
        rows,
        keep_copies: false,
    }
}

fn counts(table: &Table) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for cell in texts(table, "gender").into_iter().zip(texts(table, "hired")) {
        *counts.entry(cell).or_insert(0) += 1;
    }
    counts
}

#[test]
fn every_group_and_label_has_exactly_its_rows() {
    let table = candidates(900, 2);
    for entry in SYNTHESISERS {
        let generator = fit(entry.card.id, &[], &table).unwrap();
        let make = |balance: &Balance, seed| balanced(generator.as_ref(), &table, balance, &mut rng(seed)).unwrap();
        let equal = make(&wanted(1200), 1);
        assert!(counts(&equal.table).values().all(|&count| count == 200) && counts(&equal.table).len() == 6, "{}", entry.card.id);
        assert_eq!(print(&equal.table), print(&make(&wanted(1200), 1).table), "the same seed makes the same rows");
        assert_ne!(print(&equal.table), print(&make(&wanted(1200), 2).table));
        assert_eq!(equal.cells.iter().map(|cell| cell.before).sum::<usize>(), 900);
        assert_eq!(equal.cells[0].rows, 200);
        let genders = texts(&equal.table, "gender");
        assert!(genders[..100].iter().collect::<BTreeSet<_>>().len() == 3, "the rows come in a drawn order");

        // A fifth of x, the others as in the rows; hired 1 of 4, in every group.
        let shares =
            Balance { group_shares: Shares::parse("x=0.2").unwrap(), label_shares: Shares::parse("1=0.25").unwrap(), ..wanted(1000) };
        let made = make(&shares, 1);
        let found = counts(&made.table);
        let of = |group: &str, label: &str| found[&(group.to_owned(), label.to_owned())];
        assert_eq!((of("x", "0"), of("x", "1"), made.table.rows()), (150, 50, 1000));
        assert!(of("f", "0").abs_diff(3 * of("f", "1")) <= 3 && of("m", "0").abs_diff(3 * of("m", "1")) <= 3);

        let groups_alone = make(&Balance { label: None, ..wanted(10) }, 1);
        assert_eq!(groups_alone.cells.iter().map(|cell| cell.rows).collect::<Vec<_>>(), [4, 3, 3]);
    }
}

#[test]
fn copies_are_left_out_and_counted_or_kept() {
    // 2 x 2 x 5 combinations, of which all but those with x = 4 are among the rows.
    let rows = 320;
    let table = Table {
        columns: vec![
            categories("gender", (0..rows).map(|row| ["f", "m"][row % 2])),
            categories("hired", (0..rows).map(|row| ["0", "1"][row / 2 % 2])),
            numbers("x", Form::Integer, &(0..rows).map(|row| if row == 0 { 4.0 } else { (row / 4 % 4) as f64 }).collect::<Vec<_>>()),
        ],
    };
    let generator = fit("gaussian-copula", &[("by", Value::Text(String::new()))], &table).unwrap();
    let kept = balanced(generator.as_ref(), &table, &Balance { keep_copies: true, ..wanted(400) }, &mut rng(1)).unwrap();
    assert!(kept.copies > 350 && kept.table.rows() == 400);
    let message = balanced(generator.as_ref(), &table, &wanted(4000), &mut rng(1)).unwrap_err().to_string();
    assert!(message.contains("exact copies of training rows") && message.contains("gender = f, hired = 0"), "{message}");

    // With a number of two decimals beside it hardly a row is a copy, and none is left.
    let table = candidates(500, 3);
    let generator = fit("gaussian-copula", &[], &table).unwrap();
    let made: Balanced = balanced(generator.as_ref(), &table, &wanted(3000), &mut rng(1)).unwrap();
    let known: BTreeSet<String> = (0..500).map(|row| print(&table.select(&[row]))).collect();
    assert!((0..3000).all(|row| !known.contains(&print(&made.table.select(&[row])))));
}

#[test]
fn rows_held_out_are_not_made_either() {
    let table = candidates(320, 3);
    let rows: Vec<usize> = (0..320).collect();
    // A method that has learned all rows by heart, asked to keep from a part of them: nothing but the rest is left.
    let (training, held_out) = (table.select(&rows[..200]), table.select(&rows[200..]));
    let wanted = Balance { label: None, ..wanted(60) };
    let by_heart = AtRandom(table.clone());
    let plain = balanced(&by_heart, &training, &wanted, &mut rng(1)).unwrap();
    let held: BTreeSet<String> = (0..120).map(|row| print(&held_out.select(&[row]))).collect();
    assert!((0..60).all(|row| held.contains(&print(&plain.table.select(&[row])))) && plain.copies_of_others == 0);
    let apart = |balance: &Balance, unwanted: &[&Table]| balanced_apart(&by_heart, &training, unwanted, balance, &mut rng(1));
    let message = apart(&wanted, &[&held_out]).unwrap_err().to_string();
    assert!(message.contains("exact copies of training rows or of real rows kept from the method"), "{message}");
    let half = table.select(&rows[200..260]);
    let made = apart(&wanted, &[&half]).unwrap();
    let unwanted: BTreeSet<String> = (0..60).map(|row| print(&half.select(&[row]))).collect();
    assert!((0..60).all(|row| !unwanted.contains(&print(&made.table.select(&[row])))));
    assert!(made.copies_of_others > 0 && made.copies > made.copies_of_others);
    let kept = apart(&Balance { keep_copies: true, ..wanted.clone() }, &[&half, &held_out]).unwrap();
    assert!(kept.table.rows() == 60 && kept.copies == 60 && kept.copies_of_others > 0);
    assert!(apart(&wanted, &[&Table::default()]).is_err(), "a table without the columns");
}

#[test]
fn groups_have_their_shares_though_labels_cannot_be_even() {
    let table = candidates(900, 3);
    let generator = fit("gaussian-copula", &[], &table).unwrap();
    // Three groups x two labels at 9 rows: 3 of each group, and 5 and 4 of the labels.
    let made = balanced(generator.as_ref(), &table, &wanted(9), &mut rng(1)).unwrap();
    let of = |name: &str| {
        texts(&made.table, name).into_iter().fold(BTreeMap::new(), |mut counts: BTreeMap<String, usize>, text| {
            *counts.entry(text).or_insert(0) += 1;
            counts
        })
    };
    assert_eq!(of("gender").into_values().collect::<Vec<_>>(), [3, 3, 3]);
    assert_eq!(of("hired").into_values().collect::<Vec<_>>(), [5, 4]);
}

/// Repeats the training rows that meet the conditions: it learned them by heart.
#[derive(Debug)]
struct ByHeart(Table);

impl Generator for ByHeart {
    fn sample(&self, rows: usize, conditions: &[Condition], _: &mut dyn Rng) -> Result<Table, RebalanceError> {
        let meets = |row: usize, condition: &Condition| {
            let text = &texts(&self.0, &self.0.columns[condition.column].name)[row];
            let Cells::Categories { levels, .. } = &self.0.columns[condition.column].cells else {
                return false;
            };
            levels[condition.level as usize] == *text
        };
        let fitting: Vec<usize> = (0..self.0.rows()).filter(|&row| conditions.iter().all(|condition| meets(row, condition))).collect();
        Ok(self.0.select(&fitting.iter().copied().cycle().take(rows).collect::<Vec<_>>()))
    }
}

/// Repeats rows that meet the conditions in an order drawn anew each time.
#[derive(Debug)]
struct AtRandom(Table);

impl Generator for AtRandom {
    fn sample(&self, rows: usize, conditions: &[Condition], rng: &mut dyn Rng) -> Result<Table, RebalanceError> {
        let mut order: Vec<usize> = (0..self.0.rows()).collect();
        order.shuffle(rng);
        ByHeart(self.0.select(&order)).sample(rows, conditions, rng)
    }
}

#[test]
fn a_generator_that_learned_rows_by_heart_is_found_out() {
    let table = candidates(120, 4);
    let message = balanced(&ByHeart(table.clone()), &table, &wanted(60), &mut rng(1)).unwrap_err().to_string();
    assert!(message.starts_with("1210 of 1210 rows made with gender = ") && message.contains("only 0 of 10 are left"), "{message}");
}

#[test]
fn what_cannot_be_balanced_is_refused() {
    let table = candidates(300, 3);
    let generator = fit("gaussian-copula", &[], &table).unwrap();
    let message = |change: &dyn Fn(&mut Balance)| {
        let mut balance = wanted(10);
        change(&mut balance);
        balanced(generator.as_ref(), &table, &balance, &mut rng(1)).unwrap_err().to_string()
    };
    assert!(message(&|balance| balance.rows = 0).contains("0 rows were asked for"));
    assert!(message(&|balance| balance.group = "gendr".into()).contains("no column `gendr`; did you mean `gender`?"));
    assert!(
        message(&|balance| balance.group = "score".into()).contains("column `score` holds numbers, and only categories can be balanced")
    );
    assert!(message(&|balance| balance.label = Some("gender".into())).contains("cannot be both group and label"));
    assert!(
        message(&|balance| balance.group_shares = Shares::parse("w=1").unwrap()).contains("`balance`: shares of `gender`: `w` is none of")
    );
    // A group of one row, and one level: still exact.
    let alone = balanced(generator.as_ref(), &table, &Balance { group: "country".into(), ..wanted(7) }, &mut rng(1)).unwrap();
    assert_eq!(alone.table.rows(), 7);
}
