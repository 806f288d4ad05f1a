//! What the crate is fast for: `cargo bench -p evenhand-metrics`.

#![allow(clippy::unwrap_used, missing_docs)]

use divan::Bencher;
use divan::counter::ItemsCount;
use evenhand_data::Groups;
use evenhand_metrics::spdd::wasserstein_1;
use evenhand_metrics::{Conventions, IntervalPlan, Outcomes, Tally, evaluate, metrics};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn main() {
    divan::main();
}

struct Rows {
    scores: Vec<f64>,
    labels: Vec<f64>,
    groups: Groups,
}

fn rows(count: usize) -> Rows {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let codes: Vec<u32> = (0..count).map(|_| rng.random_range(0..2)).collect();
    let labels: Vec<f64> = (0..count).map(|_| f64::from(u8::from(rng.random::<f64>() < 0.4))).collect();
    let scores = codes.iter().zip(&labels).map(|(&code, label)| 0.7 * rng.random::<f64>() + 0.2 * label + 0.03 * f64::from(code)).collect();
    Rows { scores, labels, groups: Groups::new("g", vec!["a".to_owned(), "b".to_owned()], codes) }
}

impl Rows {
    fn outcomes(&self) -> Outcomes<'_> {
        Outcomes::new(&self.scores, &self.groups).unwrap().labels(&self.labels).unwrap()
    }
}

#[divan::bench(args = [100_000, 1_000_000, 10_000_000], sample_count = 5)]
fn spdd(bencher: Bencher, count: usize) {
    let rows = rows(count);
    let (x, y) = rows.scores.split_at(count * 6 / 10);
    bencher.counter(ItemsCount::new(count)).bench(|| wasserstein_1(x, y));
}

#[divan::bench(sample_count = 10)]
fn group_rates_of_a_million(bencher: Bencher) {
    let rows = rows(1_000_000);
    bencher.bench(|| evaluate(&["selection-rate", "true-positive-rate", "false-positive-rate"], &rows.outcomes(), None));
}

#[divan::bench(sample_count = 10)]
fn count_intervals_of_a_hundred_thousand(bencher: Bencher) {
    let rows = rows(100_000);
    let plan = IntervalPlan::default();
    bencher.bench(|| evaluate(&["demographic-parity-difference", "equalized-odds-difference"], &rows.outcomes(), Some(&plan)));
}

#[divan::bench(sample_count = 5)]
fn everything_with_intervals_of_a_million(bencher: Bencher) {
    let rows = rows(1_000_000);
    let plan = IntervalPlan::default();
    bencher.bench(|| evaluate(&[], &rows.outcomes(), Some(&plan)));
}

#[divan::bench(sample_count = 5)]
fn tally_of_a_million(bencher: Bencher) {
    let rows = rows(1_000_000);
    bencher.counter(ItemsCount::new(rows.scores.len())).bench(|| {
        let mut tally = Tally::new(rows.groups.levels(), Conventions::default(), 1 << 16);
        tally.add(&rows.scores, Some(&rows.labels), None, rows.groups.codes()).unwrap();
        tally.spdd_error_bound()
    });
}

#[divan::bench(args = metrics().map(|metric| metric.card().id).filter(|id| !id.starts_with("centroid")), sample_count = 3)]
fn one_metric_with_intervals_of_a_million(bencher: Bencher, id: &str) {
    let rows = rows(1_000_000);
    let plan = IntervalPlan::default();
    let outcomes = rows.outcomes();
    bencher.bench(|| evaluate(&[id], &outcomes, Some(&plan)));
}
