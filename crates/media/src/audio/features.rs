//! The 34 short-term features of pyAudioAnalysis 0.3.14 and their differences from frame to frame, 68 values per frame.
//!
//! ```text
//! signal   x = s/32768 (16-bit s), x -= mean x, x /= max|x| + 1e-10, over the whole recording
//! frames   starts 0, step, 2 step, ... while start + window <= samples; rectangular; W = window
//! spectrum n = floor(W/2); X[k] = |DFT of length W of the frame|[k] / n, k = 0..n-1; e = 2^-52
//!
//!  0 zcr                sum |sign x[i] - sign x[i-1]| / 2 / (W - 1), sign 0 = 0
//!  1 energy             sum x^2 / W
//!  2 energy_entropy     -sum over 10 blocks of s log2(s + e), s = E_block/(E_frame + e); blocks of floor(W/10), the rest in E_frame only
//!  3 spectral_centroid  C/(rate/2), C = sum f X' / (sum X' + e), f[k] = (k + 1) rate/(2 n), X' = X/max X (X/e where max X = 0)
//!  4 spectral_spread    sqrt(sum (f - C)^2 X' / (sum X' + e)) / (rate/2)
//!  5 spectral_entropy   as 2, of X in place of x
//!  6 spectral_flux      sum (X/sum(X + e) - Q/sum(Q + e))^2, Q: spectrum of the frame before; 0 for the first frame
//!  7 spectral_rolloff   k/n, k: first with sum X[0..=k]^2 + e > 0.9 sum X^2; 0 where there is none
//!  8..20 mfcc_1..13     first 13 of the orthonormal DCT-II of log10(B X + e), B: 40 triangles
//! 21..32 chroma_1..12   energy by pitch class, below; chroma_1: A
//! 33 chroma_std         standard deviation (population) of the twelve
//! 34..67 delta ...      value minus that of the frame before; 0 for the first frame
//!
//! triangles B          42 edges: 13 linear from 133.33 Hz by 200/3 Hz, then each 1.0711703 times the one before;
//!                      height 2/(upper - lower edge)
//! chroma               p[k] = round(12 log2(f[k]/27.5)), ties to even; c[k]: number of bins that share p[k]; R: n zeros, then
//!                      R[p[k]] = X[k]^2 for rising k, then R[i] /= c[p[i]]; chroma_j = sum of R[i] over i mod 12 = j - 1,
//!                      divided by sum X^2 (by e where that is 0)
//! ```
//!
//! Shapes: frames x 68, row after row. Ranges: zcr, spread, centroid, rolloff within [0, 1]; entropies within [0, log2 10]; the
//! twelve chroma values do not sum to 1; no value is ever infinite or NaN. A silent frame is 0 everywhere but in mfcc_1, which is
//! log10(e) sqrt(40) = -99.0018.
//!
//! Kept on purpose although they look like mistakes, so that published feature files can be reproduced:
//!
//! - A: the triangles are laid out as if bin k had frequency k rate/n, twice its true one.
//! - B: the highest edge (6,853.8 Hz) must lie below the rate; pyAudioAnalysis stops with an index error, this with a message.
//! - C: a pitch row is assigned and not added to, so the last bin of a pitch wins; below 27.5 Hz the index wraps to the end.
//! - D: the divisor of row i is looked up at bin i's pitch, not at the row's.
//! - E: the highest pitch must be less than n, which needs a window of some 12 ms at 16 kHz; otherwise a message.
//!
//! A frame of equal samples (digital silence in a recording whose mean is not 0) has its exact spectrum here, 0 but for bin 0.
//! pyAudioAnalysis has the rounding noise of its transform there, so its mfcc values of such frames differ in the sixth decimal;
//! all other frames agree to 1e-12.
//!
//! All arithmetic is f64: f32 fails where log10 meets e. On one machine results are the same to the last bit; between processors the
//! transform and the logarithm may round differently, within 1e-12. Source: T. Giannakopoulos, PLoS ONE 10(12), 2015, and the formulas
//! of pyAudioAnalysis 0.3.14; versions before 0.3.0 have no differences.

use std::f64::consts::PI;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use super::Waveform;
use crate::MediaError;

/// Features without differences.
pub const STATIC_FEATURES: usize = 34;
/// Features per frame.
pub const FEATURES: usize = 2 * STATIC_FEATURES;

/// Names of the features, in column order, as pyAudioAnalysis writes them.
pub const NAMES: [&str; FEATURES] = [
    "zcr",
    "energy",
    "energy_entropy",
    "spectral_centroid",
    "spectral_spread",
    "spectral_entropy",
    "spectral_flux",
    "spectral_rolloff",
    "mfcc_1",
    "mfcc_2",
    "mfcc_3",
    "mfcc_4",
    "mfcc_5",
    "mfcc_6",
    "mfcc_7",
    "mfcc_8",
    "mfcc_9",
    "mfcc_10",
    "mfcc_11",
    "mfcc_12",
    "mfcc_13",
    "chroma_1",
    "chroma_2",
    "chroma_3",
    "chroma_4",
    "chroma_5",
    "chroma_6",
    "chroma_7",
    "chroma_8",
    "chroma_9",
    "chroma_10",
    "chroma_11",
    "chroma_12",
    "chroma_std",
    "delta zcr",
    "delta energy",
    "delta energy_entropy",
    "delta spectral_centroid",
    "delta spectral_spread",
    "delta spectral_entropy",
    "delta spectral_flux",
    "delta spectral_rolloff",
    "delta mfcc_1",
    "delta mfcc_2",
    "delta mfcc_3",
    "delta mfcc_4",
    "delta mfcc_5",
    "delta mfcc_6",
    "delta mfcc_7",
    "delta mfcc_8",
    "delta mfcc_9",
    "delta mfcc_10",
    "delta mfcc_11",
    "delta mfcc_12",
    "delta mfcc_13",
    "delta chroma_1",
    "delta chroma_2",
    "delta chroma_3",
    "delta chroma_4",
    "delta chroma_5",
    "delta chroma_6",
    "delta chroma_7",
    "delta chroma_8",
    "delta chroma_9",
    "delta chroma_10",
    "delta chroma_11",
    "delta chroma_12",
    "delta chroma_std",
];

const EPSILON: f64 = f64::EPSILON;
const BLOCKS: usize = 10;
const LINEAR_FILTERS: usize = 13;
const FILTERS: usize = 40;
const CEPSTRA: usize = 13;
const MFCC: usize = 8;
const CHROMA: usize = MFCC + CEPSTRA;
const CLASSES: usize = 12;

/// Frames x 68 features.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// Number of frames.
    pub rows: usize,
    /// The values, frame after frame.
    pub values: Vec<f64>,
}

impl Features {
    /// The 68 values of a frame; panics where the frame does not exist, as slices do.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * FEATURES..(row + 1) * FEATURES]
    }
}

/// The features of frames of `window` samples every `step` samples. To treat many recordings alike, keep an [`Extractor`].
pub fn short_term(waveform: &Waveform, window: usize, step: usize) -> Result<Features, MediaError> {
    Extractor::new(waveform.rate, window)?.short_term(&waveform.samples, step)
}

/// The smallest window, in samples, for which the features exist at a rate (point E of the module's list).
pub fn smallest_window(rate: u32) -> usize {
    // The highest bin lies at half the rate whatever the window.
    let highest = pitch(f64::from(rate) / 2.0).max(0) as usize;
    2 * (highest + 1)
}

/// What depends on the rate and the window only.
#[derive(Clone)]
pub struct Extractor {
    rate: u32,
    window: usize,
    bins: usize,
    transform: Arc<dyn Fft<f64>>,
    triangles: Vec<Triangle>,
    /// 13 x 40.
    cosines: Vec<f64>,
    chroma: Vec<ChromaEntry>,
}

impl std::fmt::Debug for Extractor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Extractor").field("rate", &self.rate).field("window", &self.window).finish_non_exhaustive()
    }
}

/// Weights of the bins from `first` on.
#[derive(Debug, Clone)]
struct Triangle {
    first: usize,
    weights: Vec<f64>,
}

/// X[bin]^2 / shared goes to a pitch class.
#[derive(Debug, Clone, Copy)]
struct ChromaEntry {
    class: usize,
    bin: usize,
    shared: f64,
}

impl Extractor {
    /// Tables for windows of `window` samples at `rate` hertz.
    pub fn new(rate: u32, window: usize) -> Result<Self, MediaError> {
        let bins = window / 2;
        let edges = edges();
        // floor(edge n / rate) must be a bin; this is n or more for every window where the edge exceeds the rate.
        if f64::from(rate) <= edges[FILTERS + 1] {
            return Err(MediaError::BadSetting {
                setting: "sampling rate of the recording",
                value: format!("{rate} Hz"),
                expected: format!("at least {:.0} Hz for these features; record at 16,000 Hz or more", edges[FILTERS + 1].ceil()),
            });
        }
        let smallest = smallest_window(rate);
        if window < smallest {
            return Err(MediaError::BadSetting {
                setting: "audio window",
                value: format!("{window} samples"),
                expected: format!("at least {smallest} samples ({:.1} ms) at {rate} Hz", smallest as f64 * 1e3 / f64::from(rate)),
            });
        }
        Ok(Extractor {
            rate,
            window,
            bins,
            transform: FftPlanner::new().plan_fft_forward(window),
            triangles: triangles(&edges, rate, bins),
            cosines: cosines(),
            chroma: chroma(rate, bins),
        })
    }

    /// The features of frames every `step` samples of a recording with this extractor's rate.
    pub fn short_term(&self, samples: &[i16], step: usize) -> Result<Features, MediaError> {
        if step == 0 {
            return Err(MediaError::BadSetting {
                setting: "audio step",
                value: "0 samples".to_owned(),
                expected: "at least 1 sample".to_owned(),
            });
        }
        if samples.len() < self.window {
            return Err(MediaError::BadSetting {
                setting: "audio window",
                value: format!("{} samples", self.window),
                expected: format!("at most the {} samples of the recording; it is too short", samples.len()),
            });
        }
        let signal = normalised(samples);
        let rows = (signal.len() - self.window) / step + 1;
        let mut values = vec![0.0; rows * FEATURES];
        let mut workplace = Workplace {
            buffer: vec![Complex::default(); self.window],
            scratch: vec![Complex::default(); self.transform.get_inplace_scratch_len()],
            spectrum: vec![0.0; self.bins],
            before: vec![0.0; self.bins],
        };
        for row in 0..rows {
            let frame = &signal[row * step..row * step + self.window];
            self.transformed(frame, &mut workplace);
            let (earlier, here) = values.split_at_mut(row * FEATURES);
            let (statics, deltas) = here[..FEATURES].split_at_mut(STATIC_FEATURES);
            let before = (row > 0).then_some(workplace.before.as_slice());
            self.describe(frame, &workplace.spectrum, before, statics);
            if row > 0 {
                let last = &earlier[(row - 1) * FEATURES..(row - 1) * FEATURES + STATIC_FEATURES];
                for ((delta, value), last) in deltas.iter_mut().zip(statics).zip(last) {
                    *delta = *value - last;
                }
            }
            std::mem::swap(&mut workplace.spectrum, &mut workplace.before);
        }
        Ok(Features { rows, values })
    }

    fn transformed(&self, frame: &[f64], workplace: &mut Workplace) {
        if frame.iter().all(|value| *value == frame[0]) {
            // Digital silence less the mean of the recording. A fast transform leaves rounding noise in the other bins, of 1e-20,
            // which the logarithm of the triangles turns into differences of 1e-6.
            workplace.spectrum.fill(0.0);
            workplace.spectrum[0] = frame[0].abs() * self.window as f64 / self.bins as f64;
            return;
        }
        for (place, &value) in workplace.buffer.iter_mut().zip(frame) {
            *place = Complex::new(value, 0.0);
        }
        self.transform.process_with_scratch(&mut workplace.buffer, &mut workplace.scratch);
        for (magnitude, value) in workplace.spectrum.iter_mut().zip(&workplace.buffer) {
            *magnitude = value.norm_sqr().sqrt() / self.bins as f64;
        }
    }

    fn describe(&self, frame: &[f64], spectrum: &[f64], before: Option<&[f64]>, out: &mut [f64]) {
        out[0] = zero_crossing_rate(frame);
        out[1] = power(frame) / frame.len() as f64;
        out[2] = block_entropy(frame);
        (out[3], out[4]) = self.centroid_and_spread(spectrum);
        out[5] = block_entropy(spectrum);
        out[6] = before.map_or(0.0, |before| flux(spectrum, before));
        out[7] = rolloff(spectrum);
        let mut loudness = [0.0; FILTERS];
        for (loudness, triangle) in loudness.iter_mut().zip(&self.triangles) {
            let sum: f64 = triangle.weights.iter().zip(&spectrum[triangle.first..]).map(|(weight, value)| weight * value).sum();
            *loudness = (sum + EPSILON).log10();
        }
        for (cepstrum, cosines) in out[MFCC..CHROMA].iter_mut().zip(self.cosines.chunks_exact(FILTERS)) {
            *cepstrum = cosines.iter().zip(&loudness).map(|(cosine, loudness)| cosine * loudness).sum();
        }
        let classes = &mut out[CHROMA..CHROMA + CLASSES];
        classes.fill(0.0);
        for entry in &self.chroma {
            classes[entry.class] += spectrum[entry.bin] * spectrum[entry.bin] / entry.shared;
        }
        let total = power(spectrum);
        let total = if total == 0.0 { EPSILON } else { total };
        for class in classes.iter_mut() {
            *class /= total;
        }
        let mean = classes.iter().sum::<f64>() / CLASSES as f64;
        let variance = classes.iter().map(|class| (class - mean).powi(2)).sum::<f64>() / CLASSES as f64;
        out[CHROMA + CLASSES] = variance.sqrt();
    }

    fn centroid_and_spread(&self, spectrum: &[f64]) -> (f64, f64) {
        let nyquist = f64::from(self.rate) / 2.0;
        let spacing = f64::from(self.rate) / (2.0 * self.bins as f64);
        let highest = spectrum.iter().copied().fold(0.0, f64::max);
        let unit = if highest == 0.0 { EPSILON } else { highest };
        let frequency = |bin: usize| (bin + 1) as f64 * spacing;
        let weights = || spectrum.iter().enumerate().map(|(bin, value)| (frequency(bin), value / unit));
        let (mut moment, mut mass) = (0.0, 0.0);
        for (frequency, weight) in weights() {
            moment += frequency * weight;
            mass += weight;
        }
        mass += EPSILON;
        let centroid = moment / mass;
        let squares: f64 = weights().map(|(frequency, weight)| (frequency - centroid).powi(2) * weight).sum();
        (centroid / nyquist, (squares / mass).sqrt() / nyquist)
    }
}

struct Workplace {
    buffer: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
    spectrum: Vec<f64>,
    before: Vec<f64>,
}

fn normalised(samples: &[i16]) -> Vec<f64> {
    let sum: i64 = samples.iter().copied().map(i64::from).sum();
    let mean = sum as f64 / 32_768.0 / samples.len() as f64;
    let mut signal: Vec<f64> = samples.iter().map(|&sample| f64::from(sample) / 32_768.0 - mean).collect();
    let highest = signal.iter().fold(0.0_f64, |highest, value| highest.max(value.abs())) + 1e-10;
    for value in &mut signal {
        *value /= highest;
    }
    signal
}

fn power(values: &[f64]) -> f64 {
    // Eight running sums, so that the additions do not wait for each other.
    let mut sums = [0.0; 8];
    let mut blocks = values.chunks_exact(8);
    for block in &mut blocks {
        for lane in 0..8 {
            sums[lane] += block[lane] * block[lane];
        }
    }
    sums.iter().sum::<f64>() + blocks.remainder().iter().map(|value| value * value).sum::<f64>()
}

fn zero_crossing_rate(frame: &[f64]) -> f64 {
    let sign = |value: f64| i32::from(value > 0.0) - i32::from(value < 0.0);
    let changes: i64 = frame.windows(2).map(|pair| i64::from((sign(pair[1]) - sign(pair[0])).abs())).sum();
    changes as f64 / 2.0 / (frame.len() as f64 - 1.0)
}

fn block_entropy(values: &[f64]) -> f64 {
    let total = power(values) + EPSILON;
    let entropy: f64 = values
        .chunks_exact(values.len() / BLOCKS)
        .take(BLOCKS)
        .map(|block| {
            let share = power(block) / total;
            share * (share + EPSILON).log2()
        })
        .sum();
    // Not `-entropy`, which would make silence -0.
    0.0 - entropy
}

fn flux(spectrum: &[f64], before: &[f64]) -> f64 {
    let total = |values: &[f64]| values.iter().map(|value| value + EPSILON).sum::<f64>();
    let (here, there) = (total(spectrum), total(before));
    spectrum.iter().zip(before).map(|(value, before)| (value / here - before / there).powi(2)).sum()
}

fn rolloff(spectrum: &[f64]) -> f64 {
    let threshold = 0.9 * power(spectrum);
    let mut sum = 0.0;
    let bin = spectrum.iter().position(|value| {
        sum += value * value;
        sum + EPSILON > threshold
    });
    bin.map_or(0.0, |bin| bin as f64 / spectrum.len() as f64)
}

fn edges() -> [f64; FILTERS + 2] {
    let linear = |index: usize| 133.33 + index as f64 * (200.0 / 3.0);
    std::array::from_fn(|index| {
        if index < LINEAR_FILTERS {
            linear(index)
        } else {
            linear(LINEAR_FILTERS - 1) * 1.071_170_3_f64.powf((index + 1 - LINEAR_FILTERS) as f64)
        }
    })
}

fn triangles(edges: &[f64], rate: u32, bins: usize) -> Vec<Triangle> {
    let rate = f64::from(rate);
    let first_above = |edge: f64| (edge * bins as f64 / rate).floor() as usize + 1;
    let triangle = |edges: &[f64]| {
        let (low, centre, high) = (edges[0], edges[1], edges[2]);
        let height = 2.0 / (high - low);
        let (rise, fall) = (height / (centre - low), height / (high - centre));
        let (first, turn, end) = (first_above(low), first_above(centre), first_above(high));
        let frequency = |bin: usize| bin as f64 / bins as f64 * rate;
        let rising = (first..turn).map(|bin| rise * (frequency(bin) - low));
        let falling = (turn..end).map(|bin| fall * (high - frequency(bin)));
        Triangle { first, weights: rising.chain(falling).collect() }
    };
    edges.windows(3).map(triangle).collect()
}

fn cosines() -> Vec<f64> {
    let entry = |order: usize, filter: usize| {
        let norm = if order == 0 { 1.0 / FILTERS as f64 } else { 2.0 / FILTERS as f64 };
        norm.sqrt() * (PI * order as f64 * (2 * filter + 1) as f64 / (2 * FILTERS) as f64).cos()
    };
    (0..CEPSTRA).flat_map(|order| (0..FILTERS).map(move |filter| entry(order, filter))).collect()
}

/// Semitones above 27.5 Hz.
fn pitch(frequency: f64) -> i64 {
    (12.0 * (frequency / 27.5).log2()).round_ties_even() as i64
}

fn chroma(rate: u32, bins: usize) -> Vec<ChromaEntry> {
    let pitches: Vec<i64> = (1..=bins as u64).map(|bin| pitch((bin * u64::from(rate)) as f64 / (2 * bins) as f64)).collect();
    // Pitches rise with the bin, so equal ones are neighbours.
    let shared: Vec<f64> = pitches.chunk_by(|a, b| a == b).flat_map(|run| std::iter::repeat_n(run.len() as f64, run.len())).collect();
    let row = |pitch: i64| pitch.rem_euclid(bins as i64) as usize;
    let mut winner = vec![None; bins];
    for (bin, &pitch) in pitches.iter().enumerate() {
        winner[row(pitch)] = Some(bin);
    }
    let entry = |(index, bin): (usize, Option<usize>)| {
        bin.map(|bin| ChromaEntry { class: index % CLASSES, bin, shared: shared[row(pitches[index])] })
    };
    winner.into_iter().enumerate().filter_map(entry).collect()
}
