//! Sound: mono 16-bit waveforms, their short-term features, and what an extraction report says about them.

pub mod facts;
pub mod features;
pub mod pooling;
mod resample;
pub mod wav;

use crate::MediaError;

/// The rate, in hertz, at which the features of the interview network are computed.
pub const SPEECH_RATE: u32 = 16_000;

/// One channel of 16-bit sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waveform {
    /// Samples per second, in hertz; positive.
    pub rate: u32,
    /// Samples in time order; full scale is 32,768.
    pub samples: Vec<i16>,
}

impl Waveform {
    /// Length in seconds; 0 where the rate is 0.
    pub fn seconds(&self) -> f64 {
        if self.rate == 0 { 0.0 } else { self.samples.len() as f64 / f64::from(self.rate) }
    }

    /// The same sound at another rate (unchanged where the rate is the same already).
    ///
    /// A band-limited interpolation: what lies below 0.9 of the lower of the two Nyquist frequencies is kept, what lies above
    /// that Nyquist frequency is attenuated by about 100 dB. Both rates must lie within 1,000 to 384,000 Hz. The result holds
    /// `ceil(samples * new / old)` samples; sample 0 stays at time 0.
    pub fn resampled(self, rate: u32) -> Result<Waveform, MediaError> {
        if rate == self.rate {
            return Ok(self);
        }
        let samples = resample::resampled(&self.samples, self.rate, rate)?;
        Ok(Waveform { rate, samples })
    }
}
