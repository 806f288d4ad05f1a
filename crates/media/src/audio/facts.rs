//! What an extraction report says about the sound of a recording.
//!
//! ```text
//! level        = 20 log10( sqrt(mean (x - m)^2) / 32768 )     dBFS, <= 0;    m: mean of all samples
//! voiced share = share of consecutive 50 ms frames with a level (same m) of at least -50 dBFS
//! ```
//!
//! A full-scale square wave has 0 dBFS, a full-scale sine -3.01. The mean is taken away, so that a constant offset of a cheap sound
//! card is not taken for sound. A rest shorter than 50 ms is left out unless it is all there is. The share counts any sound, also
//! noise: it shows muted microphones and long pauses, and is no measure of speech.
//!
//! Undefined: the level of a recording without samples or of constant value (`None`); its voiced share is 0. A rate of 0 is read as
//! 0 seconds and one frame.

use super::Waveform;

/// Frames at or above this level count as sound, in decibels relative to full scale.
pub const SILENCE_DBFS: f64 = -50.0;
const FULL_SCALE: f64 = 32_768.0;

/// Facts about the sound of a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts {
    /// Length in seconds.
    pub seconds: f64,
    /// Share, 0 to 1, of 50 ms frames that are not silent.
    pub voiced_share: f64,
    /// Root mean square relative to full scale; `None` for digital silence.
    pub level_dbfs: Option<f64>,
}

impl Facts {
    /// Facts about a waveform.
    pub fn of(waveform: &Waveform) -> Self {
        let samples = &waveform.samples;
        let sum: i64 = samples.iter().copied().map(i64::from).sum();
        let mean = if samples.is_empty() { 0.0 } else { sum as f64 / samples.len() as f64 };
        let frame = (waveform.rate as usize / 20).max(1);
        let frames = if waveform.rate == 0 || samples.len() < frame { samples.chunks(samples.len().max(1)) } else { samples.chunks(frame) };
        let whole = frames.filter(|chunk| chunk.len() == frame.min(samples.len()));
        let (mut count, mut loud) = (0, 0);
        for frame in whole {
            count += 1;
            loud += usize::from(level(frame, mean).is_some_and(|level| level >= SILENCE_DBFS));
        }
        Facts {
            seconds: waveform.seconds(),
            voiced_share: if count == 0 { 0.0 } else { loud as f64 / f64::from(count) },
            level_dbfs: level(samples, mean),
        }
    }
}

fn level(samples: &[i16], mean: f64) -> Option<f64> {
    let squares: f64 = samples.iter().map(|&sample| (f64::from(sample) - mean).powi(2)).sum();
    (squares > 0.0).then(|| 20.0 * ((squares / samples.len() as f64).sqrt() / FULL_SCALE).log10())
}
