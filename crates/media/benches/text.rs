//! Speed of the text branch: `cargo bench --bench text`. A model's folder in `EVENHAND_MINILM` is measured too.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use divan::Bencher;
use evenhand_media::text::TextEncoder;
use evenhand_media::text::bert::{Bert, BertOptions};
use evenhand_media::text::hashed::HashedNgrams;
use evenhand_media::text::pooling::Pooling;

fn main() {
    divan::main();
}

/// About a 90 s answer.
fn answer() -> String {
    let sentence =
        "I led a small team of engineers, and when the deadline moved we planned the release again with the customer, which was hard. ";
    let words: Vec<&str> = sentence.split_whitespace().cycle().take(250).collect();
    words.join(" ")
}

fn model() -> Option<Bert> {
    let folder = PathBuf::from(std::env::var_os("EVENHAND_MINILM")?);
    Some(Bert::open(&folder, BertOptions { pooling: Pooling::UnitMean, tokens_limit: None }).unwrap())
}

#[divan::bench]
fn hashed_ngrams(bencher: Bencher) {
    let (hashed, text) = (HashedNgrams::default(), answer());
    bencher.bench_local(|| hashed.encode(&text).unwrap());
}

#[divan::bench(sample_count = 20)]
fn minilm_answer(bencher: Bencher) {
    let Some(bert) = model() else { return };
    let text = answer();
    bencher.bench_local(|| bert.encode(&text).unwrap());
}

#[divan::bench(sample_count = 20)]
fn minilm_pieces(bencher: Bencher) {
    let Some(bert) = model() else { return };
    let text = answer();
    bencher.bench_local(|| bert.words().ids(&text));
}

#[divan::bench(sample_count = 5)]
fn minilm_open(bencher: Bencher) {
    if model().is_some() {
        bencher.bench_local(model);
    }
}
