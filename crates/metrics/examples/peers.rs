//! Plain timings for `reference/peers.py`, one JSON object a line.
//!
//! ```sh
//! cargo run --release -p evenhand-metrics --example peers -- [FOLDER] [NAME...] [--scaling]
//! ```
//!
//! Names: `group_rates_1e6`, `intervals_1e5_1000`, `spdd_1e7`, `spdd_scaling`; without names the first three, with `--scaling` all. Input is read
//! from raw little-endian files in FOLDER (`NAME.scores.f64`, `NAME.labels.u8`, `NAME.groups.u8`, `spdd_1e7.x.f64`, `spdd_1e7.y.f64`) where
//! they are, and made from a seed where they are not. Times are medians of several runs after one that is not counted.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use evenhand_metrics::spdd::wasserstein_1;
use evenhand_metrics::{IntervalPlan, Outcomes, evaluate};
use evenhand_rows::Groups;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

const NAMES: [&str; 4] = ["group_rates_1e6", "intervals_1e5_1000", "spdd_1e7", "spdd_scaling"];

fn main() {
    let mut names: Vec<&'static str> = Vec::new();
    let mut folder = None;
    for argument in std::env::args().skip(1) {
        match NAMES.iter().find(|name| **name == argument) {
            Some(name) => names.push(name),
            None if argument == "--scaling" => names = NAMES.to_vec(),
            None => folder = Some(PathBuf::from(argument)),
        }
    }
    if names.is_empty() {
        names = NAMES[..3].to_vec();
    }
    for name in names {
        match name {
            "group_rates_1e6" => group_rates(folder.as_deref()),
            "intervals_1e5_1000" => intervals(folder.as_deref()),
            "spdd_1e7" => spdd(folder.as_deref()),
            _ => scaling(),
        }
    }
}

/// Median time of a call on a pool of so many threads, and its last result.
fn timed<T: Send>(threads: usize, repeats: usize, call: impl Fn() -> T + Sync) -> (f64, T) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let mut result = black_box(call());
        let mut seconds: Vec<f64> = (0..repeats)
            .map(|_| {
                let start = Instant::now();
                result = black_box(call());
                start.elapsed().as_secs_f64()
            })
            .collect();
        seconds.sort_by(f64::total_cmp);
        (seconds[repeats / 2], result)
    })
}

fn doubles(path: &Path) -> Option<Vec<f64>> {
    let bytes = std::fs::read(path).ok()?;
    Some(bytes.chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap())).collect())
}

/// Scores, labels and groups of candidates.
fn candidates(folder: Option<&Path>, name: &str, rows: usize) -> (Vec<f64>, Vec<f64>, Groups) {
    let file = |kind: &str| folder.map(|folder| folder.join(format!("{name}.{kind}")));
    let stored = file("scores.f64").and_then(|path| doubles(&path)).zip(file("labels.u8").and_then(|path| std::fs::read(path).ok()));
    let groups = file("groups.u8").and_then(|path| std::fs::read(path).ok());
    let (scores, labels, codes) = if let Some(((scores, labels), groups)) = stored.zip(groups) {
        (scores, labels, groups)
    } else {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let codes: Vec<u8> = (0..rows).map(|_| rng.random_range(0..4)).collect();
        let labels: Vec<u8> = (0..rows).map(|_| u8::from(rng.random::<f64>() < 0.4)).collect();
        let lean = |(&code, &label): (&u8, &u8)| 0.15 * f64::from(label) + 0.03 * f64::from(code);
        let scores = codes.iter().zip(&labels).map(lean).map(|lean| (0.7 * rng.random::<f64>() + lean).clamp(0.0, 1.0)).collect();
        (scores, labels, codes)
    };
    let levels = codes.iter().max().map_or(0, |code| usize::from(*code) + 1);
    let groups = Groups::new("group", (0..levels).map(|level| level.to_string()).collect(), codes.into_iter().map(u32::from).collect());
    (scores, labels.into_iter().map(f64::from).collect(), groups)
}

fn group_rates(folder: Option<&Path>) {
    let (scores, labels, groups) = candidates(folder, "group_rates_1e6", 1_000_000);
    let ids = [
        "selection-rate",
        "true-positive-rate",
        "false-positive-rate",
        "demographic-parity-difference",
        "equal-opportunity-difference",
        "false-positive-rate-difference",
    ];
    let call = || evaluate(&ids, &Outcomes::new(&scores, &groups).unwrap().labels(&labels).unwrap(), None).unwrap();
    report("group_rates_1e6", scores.len(), 15, call, |findings| ("demographic_parity_difference", findings[3].estimate.number().unwrap()));
}

fn intervals(folder: Option<&Path>) {
    let (scores, labels, groups) = candidates(folder, "intervals_1e5_1000", 100_000);
    let plan = IntervalPlan::default();
    let ids = ["demographic-parity-difference", "equalized-odds-difference"];
    let call = || evaluate(&ids, &Outcomes::new(&scores, &groups).unwrap().labels(&labels).unwrap(), Some(&plan)).unwrap();
    report("intervals_1e5_1000", scores.len(), 15, call, |findings| ("low", findings[0].estimate.interval().unwrap().low));
}

fn random_scores(rows: usize, power: f64, seed: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..rows).map(|_| rng.random::<f64>().powf(power)).collect()
}

fn spdd(folder: Option<&Path>) {
    let stored = |side: &str| folder.and_then(|folder| doubles(&folder.join(format!("spdd_1e7.{side}.f64"))));
    let x = stored("x").unwrap_or_else(|| random_scores(6_000_000, 1.0, 4));
    let y = stored("y").unwrap_or_else(|| random_scores(4_000_000, 1.02, 5));
    report("spdd_1e7", x.len() + y.len(), 5, || wasserstein_1(&x, &y).unwrap(), |value| ("value", *value));
}

fn scaling() {
    for rows in [100_000, 1_000_000, 10_000_000, 100_000_000] {
        let (x, y) = (random_scores(rows / 10 * 6, 1.0, 4), random_scores(rows / 10 * 4, 1.02, 5));
        let repeats = if rows > 10_000_000 { 3 } else { 7 };
        report("spdd_scaling", rows, repeats, || wasserstein_1(&x, &y).unwrap(), |value| ("value", *value));
    }
}

fn report<T: Send>(name: &str, rows: usize, repeats: usize, call: impl Fn() -> T + Sync, value: impl Fn(&T) -> (&'static str, f64)) {
    let (one, _) = timed(1, repeats, &call);
    let (two, result) = timed(2, repeats, &call);
    let (key, value) = value(&result);
    println!("{}", json!({ "name": name, "n": rows, "seconds": two, "seconds_1_thread": one, "seconds_2_threads": two, key: value }));
}
