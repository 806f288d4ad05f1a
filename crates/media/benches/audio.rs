//! Cost of the sound features: `cargo bench -p evenhand-media --bench audio`.

#![allow(missing_docs)]

use divan::Bencher;
use evenhand_media::audio::Waveform;
use evenhand_media::audio::features::{Extractor, short_term};

const RATE: u32 = 16_000;

fn main() {
    divan::main();
}

/// 29 s of a gliding tone with noise.
fn answer(rate: u32) -> Waveform {
    let mut state = 1_u32;
    let samples = (0..29 * rate).map(|index| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let time = f64::from(index) / f64::from(rate);
        let tone = (6.0 * (120.0 + 10.0 * time.sin()) * time).sin();
        (8_000.0 * tone + f64::from(state >> 20)) as i16
    });
    Waveform { rate, samples: samples.collect() }
}

#[divan::bench]
fn frames_of_50_ms_every_25_ms(bencher: Bencher) {
    let waveform = answer(RATE);
    bencher.bench_local(|| short_term(divan::black_box(&waveform), 800, 400));
}

#[divan::bench]
fn thirty_windows(bencher: Bencher) {
    let waveform = answer(RATE);
    let window = waveform.samples.len() / 30;
    bencher.bench_local(|| short_term(divan::black_box(&waveform), window, window));
}

#[divan::bench]
fn tables_for_one_window(bencher: Bencher) {
    bencher.bench_local(|| Extractor::new(RATE, divan::black_box(15_466)));
}

#[divan::bench]
fn resampling_from_44100(bencher: Bencher) {
    let waveform = answer(44_100);
    bencher.with_inputs(|| waveform.clone()).bench_local_values(|waveform| waveform.resampled(RATE));
}
