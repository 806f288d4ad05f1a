//! Boosted trees on files of numbers, for `reference/peers.py` and `reference/boosting_adult.py` to set beside other libraries:
//! `boosting FOLDER NAME...`, with FOLDER as the last says or NAME = `grow` for the time alone.
//!
//! FOLDER holds, raw and little-endian, `train.x.f32` and `test.x.f32` (row after row), `train.y.f64`, `train.g.u32`, `test.y.f64`,
//! `test.g.u32`, and `settings.json`: `columns`, and `runs`, a list of objects `name`, `objective` and `parameters`. For every run the
//! scores of the test rows are written to `NAME.scores.f64` and a JSON line with the seconds of the fit is printed. A run of objective
//! `cross-entropy` is [`fit_cross_entropy`] alone: no validation rows, no curves.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use evenhand_catalog::{Parameters, Value, find};
use evenhand_learn::boosting::{Settings, fit_cross_entropy};
use evenhand_learn::{Architecture, EpochRecord, OBJECTIVES, Rows, RunHooks, Selection, Training, fit};
use evenhand_rows::{Groups, Matrix};
use serde_json::Value as Json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error>;

struct Part {
    features: Matrix,
    labels: Vec<f64>,
    groups: Groups,
}

fn numbers<const N: usize, T>(path: &Path, read: fn([u8; N]) -> T) -> Result<Vec<T>, Failure> {
    Ok(std::fs::read(path)?.as_chunks::<N>().0.iter().map(|bytes| read(*bytes)).collect())
}

impl Part {
    fn read(folder: &Path, name: &str, columns: usize) -> Result<Self, Failure> {
        let features = Matrix::new(columns, numbers(&folder.join(format!("{name}.x.f32")), f32::from_le_bytes)?);
        let labels = numbers(&folder.join(format!("{name}.y.f64")), f64::from_le_bytes)?;
        let codes = numbers(&folder.join(format!("{name}.g.u32")), u32::from_le_bytes)?;
        let levels = (0..=codes.iter().copied().max().unwrap_or(0)).map(|code| format!("group {code}")).collect();
        Ok(Part { features, labels, groups: Groups::new("group", levels, codes) })
    }

    fn rows(&self) -> Rows<'_> {
        Rows {
            features: &self.features,
            labels: &self.labels,
            groups: &self.groups,
            weights: None,
            recordings: None,
            targets: &[],
            sensitive: None,
        }
    }
}

fn parameter(value: &Json) -> Result<Value, Failure> {
    Ok(match value {
        Json::String(text) => Value::Text(text.clone()),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Integer(whole),
            None => Value::Number(number.as_f64().ok_or("a number out of range")?),
        },
        other => return Err(format!("{other} is no parameter").into()),
    })
}

fn settings(given: &Json) -> Settings {
    let usual = Settings::default();
    let count = |key: &str, usual: usize| given[key].as_u64().map_or(usual, |value| value as usize);
    let number = |key: &str, usual: f64| given[key].as_f64().unwrap_or(usual);
    Settings {
        trees: count("trees", usual.trees),
        leaves: count("leaves", usual.leaves),
        depth: count("depth", usual.depth),
        min_leaf_rows: count("min_leaf_rows", usual.min_leaf_rows),
        bins: count("bins", usual.bins),
        learning_rate: number("learning_rate", usual.learning_rate),
        l2: number("l2", usual.l2),
        min_leaf_hessian: number("min_leaf_hessian", usual.min_leaf_hessian),
        ..usual
    }
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: boosting FOLDER NAME...")?;
    let folder = Path::new(&folder);
    let wanted: Vec<String> = arguments.collect();
    let described: Json = serde_json::from_str(&std::fs::read_to_string(folder.join("settings.json"))?)?;
    let columns = usize::try_from(described["columns"].as_u64().ok_or("settings.json gives no columns")?)?;
    let (train, test) = (Part::read(folder, "train", columns)?, Part::read(folder, "test", columns)?);
    let few = Part {
        features: Matrix::new(columns, train.features.row(0).to_vec()),
        labels: vec![train.labels[0]],
        groups: train.groups.select(&[0]),
    };
    let mut out = std::io::stdout().lock();
    for run in described["runs"].as_array().ok_or("settings.json gives no runs")? {
        let name = run["name"].as_str().ok_or("a run without a name")?;
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        let id = run["objective"].as_str().ok_or("a run without an objective")?;
        let start = Instant::now();
        let (scores, seconds) = if id == "cross-entropy" {
            let trees = fit_cross_entropy(&train.features, &train.labels, None, &settings(&run["parameters"]), 7)?;
            let seconds = start.elapsed().as_secs_f64();
            (trees.logits(&test.features).into_iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect::<Vec<f64>>(), seconds)
        } else {
            let mut given = BTreeMap::new();
            for (key, value) in run["parameters"].as_object().into_iter().flatten() {
                given.insert(key.clone(), parameter(value)?);
            }
            let entry = find(OBJECTIVES, id)?;
            let objective = (entry.build)(&Parameters::resolve(entry.card, &given)?)?;
            let training = Training { selection: Selection::Last, ..Training::default() };
            let (mut quiet, interrupted) = (|_: &EpochRecord| {}, AtomicBool::new(false));
            let mut hooks = RunHooks { checkpoint: None, resume: false, on_epoch: &mut quiet, interrupted: &interrupted };
            let scorer = fit(&train.rows(), &few.rows(), &Architecture::default(), &training, objective, 7, &mut hooks)?;
            let seconds = start.elapsed().as_secs_f64();
            (scorer.predict(&test.features)?.scores, seconds)
        };
        let bytes: Vec<u8> = scores.iter().flat_map(|score| score.to_le_bytes()).collect();
        std::fs::write(folder.join(format!("{name}.scores.f64")), bytes)?;
        writeln!(out, "{{\"name\":\"{name}\",\"seconds\":{seconds:e}}}")?;
    }
    Ok(())
}
