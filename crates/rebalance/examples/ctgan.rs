//! Learns a CSV table with a synthesiser and writes rows like it, with the seconds that it takes.
//!
//! ```text
//! cargo run --release -p evenhand-rebalance --example ctgan -- TABLE OUT ROWS SEED [cells=COLUMN,COLUMN] [method=ID] [model=FILE] [parameter=value ...]
//! ```
//!
//! A column is one of numbers when every cell that is not empty is a number. `cells` asks for as many rows of each combination of the
//! categories of these columns. `model` is read if the file is there (nothing is fitted then), else written.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "an example prints, and ends at what it cannot do")]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

use evenhand_catalog::{Parameters, Value, find};
use evenhand_rebalance::synthesis::{Cells, Column, Condition, Form, SYNTHESISERS, Table, Watch};
use evenhand_rows::MISSING;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

fn column(name: &str, texts: &[String]) -> Column {
    let numbers: Option<Vec<f64>> = texts.iter().map(|text| if text.is_empty() { Some(f64::NAN) } else { text.parse().ok() }).collect();
    let cells = if let Some(values) = numbers {
        let decimals = texts.iter().map(|text| text.split_once('.').map_or(0, |(_, decimals)| decimals.len())).max().unwrap_or(0);
        Cells::Numbers { form: if decimals == 0 { Form::Integer } else { Form::Real { decimals } }, values }
    } else {
        let mut levels: Vec<String> = texts.iter().filter(|text| !text.is_empty()).cloned().collect();
        levels.sort();
        levels.dedup();
        let code = |text: &String| levels.binary_search(text).map_or(MISSING, |code| code as u32);
        Cells::Categories { codes: texts.iter().map(code).collect(), levels }
    };
    Column { name: name.to_owned(), cells }
}

fn read(path: &str) -> Table {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).unwrap();
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let mut texts = vec![Vec::new(); names.len()];
    for record in reader.records() {
        for (texts, text) in texts.iter_mut().zip(&record.unwrap()) {
            texts.push(text.to_owned());
        }
    }
    Table { columns: names.iter().zip(&texts).map(|(name, texts)| column(name, texts)).collect() }
}

fn write(path: &str, tables: &[Table]) {
    let mut writer = csv::Writer::from_path(path).unwrap();
    writer.write_record(tables[0].columns.iter().map(|column| &column.name)).unwrap();
    for table in tables {
        let rows = match &table.columns[0].cells {
            Cells::Numbers { values, .. } => values.len(),
            Cells::Categories { codes, .. } => codes.len(),
        };
        for row in 0..rows {
            let text = |column: &Column| match &column.cells {
                Cells::Numbers { values, .. } if values[row].is_nan() => String::new(),
                Cells::Numbers { values, form: Form::Real { decimals } } => format!("{:.decimals$}", values[row]),
                Cells::Numbers { values, .. } => format!("{}", values[row]),
                Cells::Categories { codes, .. } if codes[row] == MISSING => String::new(),
                Cells::Categories { codes, levels } => levels[codes[row] as usize].clone(),
            };
            writer.write_record(table.columns.iter().map(text)).unwrap();
        }
    }
    writer.flush().unwrap();
}

struct Timer(Mutex<Instant>);

impl Watch for Timer {
    fn epoch(&self, epoch: usize, epochs: usize, losses: &[(f64, f64)]) -> bool {
        if epoch <= 3 || epoch.is_multiple_of(25) || epoch == epochs {
            let since = self.0.lock().unwrap().elapsed().as_secs_f64();
            println!("epoch {epoch:3}  critic {:8.4}  generator {:8.4}  {since:7.2} s", losses[epoch - 1].0, losses[epoch - 1].1);
        }
        true
    }
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [table, out, rows, seed, options @ ..] = &given[..] else {
        println!("TABLE OUT ROWS SEED [cells=COLUMN,COLUMN] [method=ID] [model=FILE] [parameter=value ...]");
        return;
    };
    let (mut method, mut cells, mut model, mut parameters) = ("ctgan", Vec::new(), None, BTreeMap::new());
    for option in options {
        match option.split_once('=').unwrap() {
            ("method", id) => method = id,
            ("model", path) => model = Some(path),
            ("cells", names) => cells = names.split(',').collect(),
            (name, value) => {
                let whole = value.parse().map(Value::Integer);
                let number = whole.or_else(|_| value.parse().map(Value::Number));
                let value = number.or_else(|_| value.parse().map(Value::Flag)).unwrap_or_else(|_| Value::Text(value.to_owned()));
                parameters.insert(name.to_owned(), value);
            }
        }
    }
    let table = read(table);
    let entry = find(SYNTHESISERS, method).unwrap();
    let synthesiser = (entry.build)(&Parameters::resolve(entry.card, &parameters).unwrap()).unwrap();
    let (rows, seed): (usize, u64) = (rows.parse().unwrap(), seed.parse().unwrap());
    let start = Instant::now();
    let generator = if let Some(bytes) = model.and_then(|path| std::fs::read(path).ok()) {
        synthesiser.restore(&bytes).unwrap()
    } else {
        let generator = synthesiser.fit(&table, seed, &Timer(Mutex::new(start))).unwrap();
        println!("fit: {:.2} s", start.elapsed().as_secs_f64());
        if let Some((path, bytes)) = model.zip(generator.save()) {
            std::fs::write(path, bytes).unwrap();
        }
        generator
    };
    let start = Instant::now();
    let mut wanted = vec![Vec::new()];
    for name in &cells {
        let position = table.columns.iter().position(|column| column.name == *name).unwrap();
        let Cells::Categories { levels, .. } = &table.columns[position].cells else { panic!("{name} has no categories") };
        let codes = 0..levels.len() as u32;
        wanted = wanted
            .iter()
            .flat_map(|conditions: &Vec<Condition>| {
                codes.clone().map(move |level| [&conditions[..], &[Condition { column: position, level }]].concat())
            })
            .collect();
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let share = rows / wanted.len();
    let made: Vec<Table> = wanted.iter().map(|conditions| generator.sample(share, conditions, &mut rng).unwrap()).collect();
    println!("sample: {:.2} s for {} rows", start.elapsed().as_secs_f64(), share * wanted.len());
    write(out, &made);
}
