//! A fixed number of rows per recording, whatever its length.
//!
//! ```text
//! window30   window = step = floor(N/S); the first S rows of the short-term features                 S x 68
//! pool30     window 50 ms, step 25 ms, T frames; row i: mean over frames floor(i T/S) .. floor((i+1) T/S) - 1    S x 68
//! meanstd30  window = step = 50 ms; row i: means, then standard deviations (population), of the 34 features
//!            without differences over the same frames                                                S x 68
//! ```
//!
//! N: samples, S: segments (30 unless set). Milliseconds become samples by truncation: int(0.05 * 22050) = 1102. With fewer frames
//! than segments, a segment without a frame takes frame floor(i T/S), the last one that began before it.
//!
//! Errors: `window30` needs a window of [`smallest_window`] samples, so a recording of at least S times that (0.37 s at 16 kHz and
//! 30 segments; recordings under 900 samples never qualify); the others need one window, 50 ms. What is shorter is refused, for the
//! caller to treat as missing: padding would make up numbers. Silence is not refused: every value is 0 but mfcc_1 = -99.0018 (and its
//! deviation 0).
//!
//! Source: `window30` is what Kim et al. 2023 read, a file of short-term features with window and step of a thirtieth of the
//! duration; there the window is rounded, which gives 29 to 31 rows, cut or filled up with the last row. `meanstd30` follows the
//! entry InnovArul/first-impressions to the ChaLearn challenge of 2016 (6 segments). pyAudioAnalysis' own mid-term features have no
//! fixed number of rows.

use super::Waveform;
use super::features::{Extractor, FEATURES, NAMES, STATIC_FEATURES, smallest_window};
use crate::MediaError;

/// Segments of the published network.
pub const SEGMENTS: usize = 30;

/// How frames become segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pooling {
    /// One long frame per segment.
    #[default]
    Window30,
    /// Means of short frames.
    Pool30,
    /// Means and standard deviations of short frames, without differences.
    MeanStd30,
}

impl Pooling {
    /// Every way.
    pub const ALL: [Pooling; 3] = [Pooling::Window30, Pooling::Pool30, Pooling::MeanStd30];

    /// The word in a recipe.
    pub fn id(self) -> &'static str {
        match self {
            Pooling::Window30 => "window30",
            Pooling::Pool30 => "pool30",
            Pooling::MeanStd30 => "meanstd30",
        }
    }

    /// The way with this word in a recipe.
    pub fn from_id(id: &str) -> Option<Self> {
        Pooling::ALL.into_iter().find(|pooling| pooling.id() == id)
    }

    /// Names of the 68 columns.
    pub fn columns(self) -> Vec<String> {
        let statics = &NAMES[..STATIC_FEATURES];
        match self {
            Pooling::Window30 | Pooling::Pool30 => NAMES.map(str::to_owned).to_vec(),
            Pooling::MeanStd30 => {
                let named = |what: &'static str| statics.iter().map(move |name| format!("{what} {name}"));
                named("mean").chain(named("std")).collect()
            }
        }
    }
}

/// `segments` x 68 values, row after row.
pub fn pooled(waveform: &Waveform, pooling: Pooling, segments: usize) -> Result<Vec<f64>, MediaError> {
    if segments == 0 {
        return Err(MediaError::BadSetting { setting: "segments", value: "0".to_owned(), expected: "at least 1".to_owned() });
    }
    match pooling {
        Pooling::Window30 => windows(waveform, segments),
        Pooling::Pool30 => segment_means(waveform, segments),
        Pooling::MeanStd30 => segment_deviations(waveform, segments),
    }
}

fn windows(waveform: &Waveform, segments: usize) -> Result<Vec<f64>, MediaError> {
    let window = waveform.samples.len() / segments;
    let smallest = smallest_window(waveform.rate);
    if window < smallest && waveform.rate > 0 {
        return Err(too_short(waveform, segments * smallest));
    }
    let mut values = Extractor::new(waveform.rate, window)?.short_term(&waveform.samples, window)?.values;
    // More rows only where a window is shorter than the number of segments.
    values.truncate(segments * FEATURES);
    Ok(values)
}

fn segment_means(waveform: &Waveform, segments: usize) -> Result<Vec<f64>, MediaError> {
    let (rows, values) = frames(waveform, 40)?;
    let mut means = vec![0.0; segments * FEATURES];
    for (segment, means) in means.chunks_exact_mut(FEATURES).enumerate() {
        let span = span(segment, segments, rows);
        for row in span.clone() {
            for (mean, value) in means.iter_mut().zip(&values[row * FEATURES..]) {
                *mean += value / span.len() as f64;
            }
        }
    }
    Ok(means)
}

fn segment_deviations(waveform: &Waveform, segments: usize) -> Result<Vec<f64>, MediaError> {
    let (rows, values) = frames(waveform, 20)?;
    let mut results = vec![0.0; segments * FEATURES];
    for (segment, result) in results.chunks_exact_mut(FEATURES).enumerate() {
        let span = span(segment, segments, rows);
        let count = span.len() as f64;
        for column in 0..STATIC_FEATURES {
            let column_values = || span.clone().map(|row| values[row * FEATURES + column]);
            let mean = column_values().sum::<f64>() / count;
            let variance = column_values().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
            result[column] = mean;
            result[STATIC_FEATURES + column] = variance.sqrt();
        }
    }
    Ok(results)
}

/// Frames of 50 ms, `per_second` a second.
fn frames(waveform: &Waveform, per_second: usize) -> Result<(usize, Vec<f64>), MediaError> {
    let window = waveform.rate as usize / 20;
    if waveform.samples.len() < window {
        return Err(too_short(waveform, window));
    }
    let step = waveform.rate as usize / per_second;
    let features = Extractor::new(waveform.rate, window)?.short_term(&waveform.samples, step)?;
    Ok((features.rows, features.values))
}

fn span(segment: usize, segments: usize, rows: usize) -> std::ops::Range<usize> {
    let start = segment * rows / segments;
    start..((segment + 1) * rows / segments).max(start + 1)
}

fn too_short(waveform: &Waveform, needed: usize) -> MediaError {
    MediaError::BadSetting {
        setting: "length of the recording",
        value: format!("{:.3} s", waveform.seconds()),
        expected: format!("at least {:.3} s for this pooling", needed as f64 / f64::from(waveform.rate.max(1))),
    }
}
