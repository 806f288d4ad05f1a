//! Tables of candidates with a known tilt.

use evenhand_catalog::{Parameters, Value, find};
use evenhand_rebalance::RebalanceError;
use evenhand_rebalance::synthesis::{Cells, Column, Form, Generator, SYNTHESISERS, Table, Unwatched};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

pub(crate) fn numbers(name: &str, form: Form, values: &[f64]) -> Column {
    Column { name: name.to_owned(), cells: Cells::Numbers { form, values: values.to_vec() } }
}

/// Categories in order of first appearance; an empty text is missing.
pub(crate) fn categories<'a>(name: &str, texts: impl Iterator<Item = &'a str>) -> Column {
    let mut levels: Vec<String> = Vec::new();
    let codes = texts
        .map(|text| {
            if text.is_empty() {
                return evenhand_rows::MISSING;
            }
            levels.iter().position(|level| level == text).unwrap_or_else(|| {
                levels.push(text.to_owned());
                levels.len() - 1
            }) as u32
        })
        .collect();
    Column { name: name.to_owned(), cells: Cells::Categories { levels, codes } }
}

/// Gender (f, m, x), hired (favours m; x most of all), town (four levels that follow the score), score, years with missing values,
/// a day, and a constant.
pub(crate) fn candidates(rows: usize, seed: u64) -> Table {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut gender, mut hired, mut town, mut score, mut years, mut day) = (vec![], vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..rows {
        let place: f64 = rng.random();
        let (group, shift) = if place < 0.45 {
            ("f", 0.0)
        } else if place < 0.9 {
            ("m", 0.6)
        } else {
            ("x", 1.2)
        };
        let skill: f64 = StandardNormal.sample(&mut rng);
        let noise: f64 = StandardNormal.sample(&mut rng);
        let other: f64 = StandardNormal.sample(&mut rng);
        gender.push(group);
        hired.push(if skill + shift + 0.7 * noise > 0.8 { "1" } else { "0" });
        town.push(["Ulm", "Bonn", "Kiel", "Jena"][((skill + 0.5 * other + 2.0).clamp(0.0, 3.9)) as usize]);
        score.push(((50.0 + 10.0 * skill + 3.0 * other) * 100.0).round() / 100.0);
        years.push(if rng.random::<f64>() < 0.2 { f64::NAN } else { (5.0 + 2.0 * skill + other).clamp(0.0, 12.0).round() });
        day.push((18_000.0 + 200.0 * other).round());
    }
    Table {
        columns: vec![
            categories("gender", gender.into_iter()),
            categories("hired", hired.into_iter()),
            categories("town", town.into_iter()),
            numbers("score", Form::Real { decimals: 2 }, &score),
            numbers("years", Form::Integer, &years),
            numbers("day", Form::Date, &day),
            categories("country", std::iter::repeat_n("DE", rows)),
        ],
    }
}

/// Fits a method with its defaults, kept short where it can be.
pub(crate) fn fit(method: &str, given: &[(&str, Value)], table: &Table) -> Result<Box<dyn Generator>, RebalanceError> {
    let entry = find(SYNTHESISERS, method)?;
    let mut given: std::collections::BTreeMap<String, Value> =
        given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    if entry.card.parameters.iter().any(|parameter| parameter.name == "epochs") {
        given.entry("epochs".to_owned()).or_insert(Value::Integer(1));
    }
    (entry.build)(&Parameters::resolve(entry.card, &given)?)?.fit(table, 1, &Unwatched)
}

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub(crate) fn column<'a>(table: &'a Table, name: &str) -> &'a Cells {
    &table.columns[table.position(name).unwrap()].cells
}

pub(crate) fn values(table: &Table, name: &str) -> Vec<f64> {
    let Cells::Numbers { values, .. } = column(table, name) else { panic!("{name} holds categories") };
    values.clone()
}

/// The category of each row as text, empty where missing.
pub(crate) fn texts(table: &Table, name: &str) -> Vec<String> {
    let Cells::Categories { levels, codes } = column(table, name) else { panic!("{name} holds numbers") };
    codes.iter().map(|&code| levels.get(code as usize).cloned().unwrap_or_default()).collect()
}

/// Bytes of a table, so that equal tables with missing values compare equal.
pub(crate) fn print(table: &Table) -> String {
    format!("{table:?}")
}
