//! `gaussian-copula` against distributions that are known.

use evenhand_catalog::Value;
use evenhand_rebalance::quality::measure;
use evenhand_rebalance::synthesis::{Cells, Condition, Form, Table};
use rand_distr::{Distribution, StandardNormal};

use crate::candidates::{candidates, categories, fit, numbers, rng, texts, values};

fn correlation(first: &[f64], second: &[f64]) -> f64 {
    let rows: Vec<(f64, f64)> = first.iter().copied().zip(second.iter().copied()).filter(|(a, b)| !a.is_nan() && !b.is_nan()).collect();
    let n = rows.len() as f64;
    let (a, b) = rows.iter().fold((0.0, 0.0), |sum, row| (sum.0 + row.0 / n, sum.1 + row.1 / n));
    let sum = |f: &dyn Fn(&(f64, f64)) -> f64| rows.iter().map(f).sum::<f64>();
    sum(&|row| (row.0 - a) * (row.1 - b)) / (sum(&|row| (row.0 - a).powi(2)) * sum(&|row| (row.1 - b).powi(2))).sqrt()
}

#[test]
fn a_normal_copula_is_learned_and_made_again() {
    // z with correlation .6; seen as exp(z), as a category of three cut unevenly, and as a coin with missing values beside it.
    let mut random = rng(9);
    let rows = 20_000;
    let mut draw = || -> f64 { StandardNormal.sample(&mut random) };
    let (mut x, mut y, mut missing) = (vec![], vec![], vec![]);
    for _ in 0..rows {
        let (one, two, three) = (draw(), draw(), draw());
        x.push(one);
        y.push(0.6 * one + 0.8 * two);
        missing.push(0.6 * one + 0.8 * three > 0.8);
    }
    let table = Table {
        columns: vec![
            numbers("x", Form::Real { decimals: 4 }, &x.iter().map(|x| (x.exp() * 1e4).round() / 1e4).collect::<Vec<_>>()),
            categories(
                "y",
                y.iter().map(|&y| {
                    if y < 0.2 {
                        "low"
                    } else if y < 1.5 {
                        "mid"
                    } else {
                        "top"
                    }
                }),
            ),
            numbers("z", Form::Integer, &missing.iter().map(|&missing| if missing { f64::NAN } else { 1.0 }).collect::<Vec<_>>()),
        ],
    };
    let made = fit("gaussian-copula", &[], &table).unwrap().sample(rows, &[], &mut rng(1)).unwrap();
    let log: Vec<f64> = values(&made, "x").iter().map(|x| x.ln()).collect();
    let rank = |table: &Table| -> Vec<f64> {
        texts(table, "y")
            .iter()
            .map(|text| match text.as_str() {
                "low" => 0.0,
                "mid" => 1.0,
                _ => 2.0,
            })
            .collect()
    };
    let gone = |table: &Table| -> Vec<f64> { values(table, "z").iter().map(|z| f64::from(u8::from(z.is_nan()))).collect() };
    // The deviation of a correlation of 20,000 rows is .007.
    for (found, known) in [
        (correlation(&log, &rank(&made)), correlation(&x, &rank(&table))),
        (correlation(&log, &gone(&made)), correlation(&x, &gone(&table))),
        (correlation(&rank(&made), &gone(&made)), correlation(&rank(&table), &gone(&table))),
    ] {
        assert!((found - known).abs() < 0.025, "{found} instead of {known}");
    }
    let quality = measure(&table, None, &made, 100, &mut rng(1)).unwrap();
    assert!(quality.columns.iter().all(|column| column.similarity.number().unwrap() > 0.985), "{:?}", quality.columns);
    assert!(quality.columns[2].missing.number().unwrap() > 0.985);
}

#[test]
fn conditions_move_the_other_columns_as_in_the_rows() {
    let table = candidates(20_000, 5);
    let mean_score = |table: &Table, wanted: &dyn Fn(usize) -> bool| {
        let scores = values(table, "score");
        let kept: Vec<f64> = (0..scores.len()).filter(|&row| wanted(row)).map(|row| scores[row]).collect();
        kept.iter().sum::<f64>() / kept.len() as f64
    };
    let (gender, hired) = (texts(&table, "gender"), texts(&table, "hired"));
    let by = [("by", Value::Text("gender, hired".into()))];
    let code = |name: &str, text: &str| {
        let Cells::Categories { levels, .. } = &table.columns[table.position(name).unwrap()].cells else { panic!() };
        levels.iter().position(|level| level == text).unwrap() as u32
    };
    for (given, tolerance) in [(&by[..], 0.6), (&[], 1.5)] {
        let generator = fit("gaussian-copula", given, &table).unwrap();
        for group in ["f", "m", "x"] {
            for label in ["0", "1"] {
                let conditions =
                    [Condition { column: 1, level: code("hired", label) }, Condition { column: 0, level: code("gender", group) }];
                let made = generator.sample(4000, &conditions, &mut rng(2)).unwrap();
                let expected = mean_score(&table, &|row| gender[row] == group && hired[row] == label);
                let found = mean_score(&made, &|_| true);
                assert!((found - expected).abs() < tolerance, "{given:?}, {group} {label}: {found} instead of {expected}");
            }
        }
    }
}

#[test]
fn cells_of_few_rows_are_made_from_the_whole_table() {
    // One person of gender y; the cell is too small for distributions of its own.
    let mut table = candidates(1000, 5);
    let gender = texts(&table, "gender");
    table.columns[0] = categories("gender", gender.iter().enumerate().map(|(row, text)| if row == 17 { "y" } else { text.as_str() }));
    let generator = fit("gaussian-copula", &[("by", Value::Text("gender,hired".into()))], &table).unwrap();
    let Cells::Categories { levels, .. } = &table.columns[0].cells else { panic!() };
    let code = levels.iter().position(|level| level == "y").unwrap();
    let made = generator.sample(200, &[Condition { column: 0, level: code as u32 }], &mut rng(3)).unwrap();
    assert!(texts(&made, "gender").iter().all(|text| text == "y"));
    let mut scores = values(&made, "score");
    scores.sort_by(f64::total_cmp);
    scores.dedup();
    assert!(scores.len() > 150, "rows of one person must not be made again and again: {}", scores.len());
    // Its one label was given; the other can be asked for as well.
    for level in [0, 1] {
        let conditions = [Condition { column: 0, level: code as u32 }, Condition { column: 1, level }];
        assert_eq!(generator.sample(10, &conditions, &mut rng(3)).unwrap().rows(), 10);
    }
    // All cells are made as often as they occur.
    let all = generator.sample(20_000, &[], &mut rng(4)).unwrap();
    let share =
        |table: &Table, text: &str| texts(table, "gender").iter().filter(|found| *found == text).count() as f64 / table.rows() as f64;
    for text in ["f", "m", "x", "y"] {
        assert!((share(&all, text) - share(&table, text)).abs() < 0.012, "{text}");
    }
}

#[test]
fn an_impossible_combination_ends_with_its_acceptance_rate() {
    // Twenty columns that always agree, asked to take turns: about one row in thirty million.
    let columns = (0..20).map(|name| categories(&format!("c{name}"), (0..1000).map(|row| ["0", "1"][row % 2])));
    let table = Table { columns: columns.collect() };
    let generator = fit("gaussian-copula", &[], &table).unwrap();
    let turns: Vec<Condition> = (0..20).map(|column| Condition { column, level: column as u32 % 2 }).collect();
    let message = generator.sample(3, &turns, &mut rng(1)).unwrap_err().to_string();
    assert!(message.starts_with("`gaussian-copula`: only 0 of 3 rows with c0 = 0, c1 = 1, c2 = 0"), "{message}");
    assert!(message.contains("in 103001 tries (accepted: 0.0000 %)"), "{message}");
    // Two of them can disagree.
    assert_eq!(generator.sample(50, &turns[..2], &mut rng(1)).unwrap().rows(), 50);
}

#[test]
fn thousands_of_categories_are_learned() {
    let rows = 6000;
    let names: Vec<String> = (0..rows).map(|row| format!("town {}", row * 7 % 3000)).collect();
    let table = Table {
        columns: vec![
            categories("town", names.iter().map(String::as_str)),
            numbers("x", Form::Integer, &(0..rows).map(|row| f64::from(row % 90)).collect::<Vec<_>>()),
        ],
    };
    let made = fit("gaussian-copula", &[], &table).unwrap().sample(500, &[], &mut rng(1)).unwrap();
    let mut towns = texts(&made, "town");
    towns.sort();
    towns.dedup();
    assert!(towns.len() > 300);
    let message = |by: &str| fit("gaussian-copula", &[("by", Value::Text(by.into()))], &table).unwrap_err().to_string();
    assert!(message("x").contains("`by` names `x`, which holds numbers"));
    assert!(message("towm").contains("no column `towm`; did you mean `town`?"));
}
