//! What the crate is fast for: `cargo bench -p evenhand-rerank`.

#![allow(clippy::unwrap_used, missing_docs)]

use divan::Bencher;
use divan::counter::ItemsCount;
use evenhand_catalog::{Parameters, find};
use evenhand_rerank::{Job, RERANKERS, Reranker, Shares, Shortlist, rerank_all};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn main() {
    divan::main();
}

struct Candidates {
    scores: Vec<f64>,
    groups: Vec<u32>,
    levels: Vec<String>,
}

impl Candidates {
    /// Scores that lean towards the first groups.
    fn new(count: usize, groups: u32) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let codes: Vec<u32> = (0..count).map(|_| rng.random_range(0..groups)).collect();
        let scores = codes.iter().map(|&code| rng.random::<f64>() - 0.02 * f64::from(code)).collect();
        Candidates { scores, groups: codes, levels: (0..groups).map(|group| format!("group {group}")).collect() }
    }

    fn shortlist(&self) -> Shortlist<'_> {
        Shortlist::new(&self.scores, &self.groups, &self.levels).unwrap()
    }
}

fn method(id: &str) -> Box<dyn Reranker> {
    let entry = find(RERANKERS, id).unwrap();
    (entry.build)(&Parameters::resolve(entry.card, &std::collections::BTreeMap::new()).unwrap()).unwrap()
}

const DET: [&str; 5] = ["det-greedy", "det-cons", "det-relaxed", "det-const-sort", "pair"];

#[divan::bench(args = DET, sample_count = 5)]
fn one_list_of_a_million_in_ten_groups(bencher: Bencher, id: &str) {
    let candidates = Candidates::new(1_000_000, 10);
    let shortlist = candidates.shortlist();
    let (method, wanted) = (method(id), Shares::pool(&shortlist));
    bencher.counter(ItemsCount::new(1_000_000_usize)).bench(|| method.rerank(&shortlist, &wanted, 1_000_000, 1).unwrap());
}

/// After a group has run out, places are far from the positions that the floors ask for.
#[divan::bench(args = DET, sample_count = 5)]
fn a_million_with_a_group_that_runs_out(bencher: Bencher, id: &str) {
    let candidates = Candidates::new(1_000_000, 10);
    let shortlist = candidates.shortlist();
    let mut shares = vec![0.02; 10];
    shares[0] = 0.82;
    let (method, wanted) = (method(id), Shares::in_order(&candidates.levels, shares).unwrap());
    bencher.counter(ItemsCount::new(1_000_000_usize)).bench(|| method.rerank(&shortlist, &wanted, 1_000_000, 1).unwrap());
}

#[divan::bench(args = DET.into_iter().chain(["fa-ir", "exposure-lp"]), sample_count = 3)]
fn a_hundred_thousand_jobs_of_a_hundred(bencher: Bencher, id: &str) {
    let candidates = Candidates::new(10_000_000, 3);
    let list = |job: usize| {
        let rows = 100 * job..100 * (job + 1);
        Shortlist::new(&candidates.scores[rows.clone()], &candidates.groups[rows], &candidates.levels).unwrap()
    };
    let length = if id.starts_with("det") { 100 } else { 25 };
    let jobs: Vec<Job> =
        (0..100_000).map(|job| Job { shortlist: list(job), wanted: Shares::equal(&list(job)), length, seed: job as u64 }).collect();
    let method = method(id);
    bencher.counter(ItemsCount::new(jobs.len())).bench(|| rerank_all(method.as_ref(), &jobs));
}

#[divan::bench(args = [1_000, 100_000], sample_count = 3)]
fn exposure_of_a_list_in_ten_groups(bencher: Bencher, count: usize) {
    let candidates = Candidates::new(count, 10);
    let shortlist = candidates.shortlist();
    let (method, wanted) = (method("exposure-lp"), Shares::pool(&shortlist));
    bencher.counter(ItemsCount::new(count)).bench(|| method.rerank(&shortlist, &wanted, count, 1).unwrap());
}
