//! A synthesiser on a file of one's own: what its rows are like, and how long it takes.
//!
//! ```sh
//! cargo run --release -p evenhand-rebalance --example synthesis -- FILE GROUP LABEL METHOD [PARAMETER=VALUE]... [out=FILE]
//! ```
//!
//! Of the rows, drawn by seed 1, four fifths are learned and one fifth held out; as many synthetic rows as were learned go to the file `out`.
#![allow(clippy::print_stdout, reason = "it is there to print")]

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use evenhand_catalog::{Parameters, Value, find};
use evenhand_data::sheet::{ReadOptions, Reading, read};
use evenhand_rebalance::balanced::{Balance, balanced};
use evenhand_rebalance::quality::{PairQuality, Quality, measure};
use evenhand_rebalance::shares::Shares;
use evenhand_rebalance::synthesis::{SYNTHESISERS, Unwatched};
use evenhand_rows::seed;
use rand::seq::SliceRandom;

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [file, group, label, method, parameters @ ..] = given.as_slice() else {
        return Err("usage: synthesis FILE GROUP LABEL METHOD [PARAMETER=VALUE]... [out=FILE]".into());
    };
    let value = |text: &str| match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(number), _) => Value::Integer(number),
        (_, Ok(number)) => Value::Number(number),
        _ => Value::Text(text.to_owned()),
    };
    let mut parameters: BTreeMap<String, Value> =
        parameters.iter().filter_map(|part| part.split_once('=')).map(|(name, text)| (name.to_owned(), value(text))).collect();
    let out = parameters.remove("out").map(|out| out.to_string().trim_matches('"').to_owned());
    let options =
        ReadOptions { readings: [(label.clone(), Reading::Categories)].into(), sensitive: vec![group.clone()], ..ReadOptions::default() };
    let started = Instant::now();
    let sheet = read(std::slice::from_ref(file), &options)?;
    println!("read {} rows, {} columns: {:.2?}", sheet.table.rows(), sheet.table.columns.len(), started.elapsed());
    for out in &sheet.left_out {
        println!("  left out `{}`: {}", out.column, out.reason);
    }
    sheet.notes.iter().for_each(|note| println!("  {note}"));
    let mut rows: Vec<usize> = (0..sheet.table.rows()).collect();
    rows.shuffle(&mut seed::generator(1, 0));
    let (held, learned) = rows.split_at(rows.len() / 5);
    let (training, holdout) = (sheet.table.select(learned), sheet.table.select(held));

    let entry = find(SYNTHESISERS, method)?;
    let synthesiser = (entry.build)(&Parameters::resolve(entry.card, &parameters)?)?;
    let started = Instant::now();
    let generator = synthesiser.fit(&training, 1, &Unwatched)?;
    println!("fit on {} rows: {:.2?}", training.rows(), started.elapsed());
    let started = Instant::now();
    let synthetic = generator.sample(training.rows(), &[], &mut seed::generator(1, 1))?;
    println!("make {} rows: {:.2?}", synthetic.rows(), started.elapsed());
    if let Some(out) = out {
        std::fs::write(out, sheet.to_csv(&synthetic)?)?;
    }
    let started = Instant::now();
    let quality = measure(&training, Some(&holdout), &synthetic, 30_000, &mut seed::generator(1, 2))?;
    println!("measure: {:.2?}", started.elapsed());
    show(&quality, group, label);
    // The same of real rows that were not learned from: as like as two samples of these people are.
    show(&measure(&training, None, &holdout, 1, &mut seed::generator(1, 2))?, group, label);

    let balance = Balance {
        group: group.clone(),
        group_shares: Shares::Equal,
        label: Some(label.clone()),
        label_shares: Shares::Equal,
        rows: 10_000,
        keep_copies: false,
    };
    let started = Instant::now();
    let made = balanced(generator.as_ref(), &training, &balance, &mut seed::generator(1, 3))?;
    println!("balance 10,000 rows: {:.2?}, {} copies left out", started.elapsed(), made.copies);
    for cell in &made.cells {
        println!("  {} {}: {} of {} rows before", cell.group, cell.label.as_deref().unwrap_or_default(), cell.rows, cell.before);
    }
    Ok(())
}

fn show(quality: &Quality, group: &str, label: &str) {
    let about = |wanted: &dyn Fn(&PairQuality) -> bool| {
        let known: Vec<f64> = quality.pairs.iter().filter(|pair| wanted(pair)).filter_map(|pair| pair.similarity.number()).collect();
        known.iter().sum::<f64>() / known.len().max(1) as f64
    };
    let with = |name: &str| about(&|pair| pair.first == name || pair.second == name);
    println!(
        "marginal {:.4}, pairwise {:.4}, pairs with {group} {:.4}, with {label} {:.4}, {group} x {label} {:.4}",
        quality.marginal.number().unwrap_or_default(),
        quality.pairwise.number().unwrap_or_default(),
        with(group),
        with(label),
        about(&|pair| [&pair.first, &pair.second].iter().all(|name| *name == group || *name == label)),
    );
    println!("{:?}", quality.closeness);
}
