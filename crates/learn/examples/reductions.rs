//! Seconds that exponentiated gradient takes, and its scores, for `reference/peers.py` to set beside fairlearn's:
//! `reductions FOLDER CONSTRAINT NAME...` reads `NAME.train.features.f32`, `.labels.u8`, `.groups.u8` and the same of `NAME.test`, prints
//! a JSON line for each name, and writes `NAME.train.scores.f64` and `NAME.test.scores.f64`.
//!
//! Timed is the whole fit, from the encoded rows to the mixture. The curves' validation is made on a few rows, as in `steps`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use evenhand_catalog::{Parameters, Value, find};
use evenhand_learn::{Architecture, EpochRecord, OBJECTIVES, Rows, RunHooks, Training, fit};
use evenhand_rows::{Groups, Matrix};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Corpus {
    features: Matrix,
    labels: Vec<f64>,
    groups: Groups,
}

impl Corpus {
    fn read(folder: &Path, name: &str) -> std::io::Result<Self> {
        let bytes = |kind: &str| std::fs::read(folder.join(format!("{name}.{kind}")));
        let labels: Vec<f64> = bytes("labels.u8")?.into_iter().map(f64::from).collect();
        let codes = bytes("groups.u8")?.into_iter().map(u32::from).collect();
        let values: Vec<f32> = bytes("features.f32")?.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value)).collect();
        Ok(Corpus {
            features: Matrix::new(values.len() / labels.len(), values),
            labels,
            groups: Groups::new("group", vec!["0".to_owned(), "1".to_owned()], codes),
        })
    }

    fn head(&self, rows: usize) -> Self {
        Corpus {
            features: Matrix::new(self.features.columns(), self.features.values()[..rows * self.features.columns()].to_vec()),
            labels: self.labels[..rows].to_vec(),
            groups: Groups::new("group", self.groups.levels().to_vec(), self.groups.codes()[..rows].to_vec()),
        }
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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, constraint, names @ ..] = arguments.as_slice() else {
        return Err("reductions FOLDER CONSTRAINT NAME...".into());
    };
    let folder = Path::new(folder);
    let mut out = std::io::stdout().lock();
    for name in names {
        let train = Corpus::read(folder, &format!("{name}.train"))?;
        let few = train.head(16);
        let entry = find(OBJECTIVES, "exponentiated-gradient")?;
        let given = BTreeMap::from([("constraint".to_owned(), Value::Text(constraint.clone()))]);
        let objective = (entry.build)(&Parameters::resolve(entry.card, &given)?)?;
        let interrupted = AtomicBool::new(false);
        let mut quiet = |_: &EpochRecord| {};
        let mut run = RunHooks { checkpoint: None, resume: false, on_epoch: &mut quiet, interrupted: &interrupted };
        let start = Instant::now();
        let scorer = fit(&train.rows(), &few.rows(), &Architecture::default(), &Training::default(), objective, 1, &mut run)?;
        let seconds = start.elapsed().as_secs_f64();
        for (part, corpus) in [("train", train), ("test", Corpus::read(folder, &format!("{name}.test"))?)] {
            let scores = scorer.predict(&corpus.features)?.scores;
            let bytes: Vec<u8> = scores.iter().flat_map(|score| score.to_le_bytes()).collect();
            std::fs::write(folder.join(format!("{name}.{part}.scores.f64")), bytes)?;
        }
        let rounds = scorer.curves().len();
        let gap = scorer.best_epoch().map_or(f64::NAN, |best| scorer.curves()[best - 1].training["duality gap"]);
        writeln!(out, "{{\"name\":\"{name}\",\"seconds\":{seconds:e},\"rounds\":{rounds},\"gap\":{gap:e}}}")?;
    }
    Ok(())
}
