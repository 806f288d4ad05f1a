//! What the crate is fast for: `cargo bench -p evenhand-metrics`.

#![allow(clippy::unwrap_used, missing_docs)]

use divan::Bencher;
use divan::counter::ItemsCount;
use evenhand_metrics::spdd::wasserstein_1;
use evenhand_metrics::{Conventions, IntervalPlan, Outcomes, RANKING_METRICS, Rankings, Tally, evaluate, metrics, ranking};
use evenhand_rows::Groups;
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

/// Jobs of 100 candidates of four groups, with everything a ranking metric reads.
struct Lists {
    sizes: Vec<usize>,
    groups: Groups,
    scores: Vec<f64>,
    labels: Vec<f64>,
    original: Vec<u32>,
}

fn lists(jobs: usize) -> Lists {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let count = 100 * jobs;
    let codes = (0..count).map(|_| rng.random_range(0..4)).collect();
    let levels = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    Lists {
        sizes: vec![100; jobs],
        groups: Groups::new("g", levels, codes),
        scores: (0..count).map(|_| rng.random::<f64>()).collect(),
        labels: (0..count).map(|_| f64::from(rng.random_range(0_u8..4))).collect(),
        original: (0..count).map(|row| (row % 100 * 37 % 100 + 1) as u32).collect(),
    }
}

impl Lists {
    fn rankings(&self) -> Rankings<'_> {
        let rankings = Rankings::new(&self.sizes, &self.groups).unwrap().scores(&self.scores).unwrap().labels(&self.labels).unwrap();
        rankings.original(&self.original).unwrap().wanted(&[0.25; 4]).unwrap()
    }
}

fn rows(count: usize) -> Rows {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let codes: Vec<u32> = (0..count).map(|_| rng.random_range(0..2)).collect();
    let labels: Vec<f64> = (0..count).map(|_| f64::from(u8::from(rng.random::<f64>() < 0.4))).collect();
    let scores = codes.iter().zip(&labels).map(|(&code, label)| 0.7 * rng.random::<f64>() + 0.2 * label + 0.03 * f64::from(code)).collect();
    Rows { scores, labels, groups: Groups::new("g", vec!["a".to_owned(), "b".to_owned()], codes) }
}

/// As many groups of `size` rows each, which lie apart a little.
fn crowd(groups: usize, size: usize) -> Rows {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let codes: Vec<u32> = (0..(groups * size) as u32).map(|row| row % groups as u32).collect();
    let labels: Vec<f64> = codes.iter().map(|_| f64::from(u8::from(rng.random::<f64>() < 0.4))).collect();
    let scores =
        codes.iter().zip(&labels).map(|(&code, label)| 0.6 * rng.random::<f64>() + 0.2 * label + 0.02 * f64::from(code % 7)).collect();
    Rows { scores, labels, groups: Groups::new("g", (0..groups).map(|group| format!("g{group}")).collect(), codes) }
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

/// The cost must grow with rows and groups, not with their product or with pairs of groups.
#[divan::bench(args = [(51, 196), (51, 10_000), (1000, 10)], sample_count = 3)]
fn everything_with_intervals_of_many_groups(bencher: Bencher, (groups, size): (usize, usize)) {
    let rows = crowd(groups, size);
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

#[divan::bench(sample_count = 5)]
fn every_ranking_metric_of_a_hundred_thousand_jobs(bencher: Bencher) {
    let lists = lists(100_000);
    bencher.counter(ItemsCount::new(lists.scores.len())).bench(|| ranking::evaluate(&[], &lists.rankings(), None, None));
}

#[divan::bench(sample_count = 3)]
fn every_ranking_metric_of_a_hundred_thousand_jobs_with_intervals(bencher: Bencher) {
    let lists = lists(100_000);
    let plan = IntervalPlan::default();
    bencher.bench(|| ranking::evaluate(&[], &lists.rankings(), Some(25), Some(&plan)));
}

#[divan::bench(args = RANKING_METRICS.iter().map(|metric| metric.card().id), sample_count = 3)]
fn one_ranking_metric_of_a_hundred_thousand_jobs(bencher: Bencher, id: &str) {
    let lists = lists(100_000);
    let rankings = lists.rankings();
    bencher.bench(|| ranking::evaluate(&[id], &rankings, None, None));
}
