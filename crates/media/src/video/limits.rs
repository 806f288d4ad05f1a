//! What a recording may cost.

use std::time::Duration;

use evenhand_catalog::limits::{PICTURE_SIDE, RECORDING_FRAMES, RECORDING_SECONDS, RECORDING_TRACKS};
use serde::{Deserialize, Serialize};

use crate::MediaError;

/// Recordings up to this length get the time limits as they stand; longer ones get proportionally more.
const PLAIN_SECONDS: f64 = 120.0;

/// Limits of one recording. Each guards against a file made to exhaust the machine; raise one only for recordings you trust.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Longest side of a picture in pixels, 16 to 16384.
    pub pixels_side: u32,
    /// Longest recording in seconds, 1 to 86400.
    pub seconds: f64,
    /// Largest file in bytes, at least 1.
    pub bytes: u64,
    /// Most frames of the video track, and most packets of the sound track, at least 1.
    pub frames: u64,
    /// Most tracks of a file, 1 to 1000. Phones add several for their sensors.
    pub streams: u32,
    /// Seconds one call of a program may take while it does not wait for us, at least 1. For recordings of up to two minutes;
    /// longer ones get proportionally more.
    pub wall_seconds: u64,
    /// Processor seconds of one call, at least 1; proportionally more above two minutes too.
    pub cpu_seconds: u64,
    /// Address space of a program in bytes, at least 500,000,000 (its libraries are mapped into it as well).
    pub address_space: u64,
    /// Largest single block of memory a program may take in bytes, 1,000,000 to 2^31 - 1.
    pub allocation: u64,
    /// Decoding threads of one program, 1 to 64. One by default: several recordings at a time use the machine better, and damaged
    /// streams decode alike every time only with one.
    pub threads: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pixels_side: 4096,
            seconds: 1800.0,
            bytes: 2_000_000_000,
            frames: 432_000,
            streams: 16,
            wall_seconds: 120,
            cpu_seconds: 60,
            address_space: 2_000_000_000,
            allocation: 268_435_456,
            threads: 1,
        }
    }
}

impl Limits {
    /// Refuses limits outside their ranges.
    pub fn check(&self) -> Result<(), MediaError> {
        let within = |setting: &'static str, value: u64, low: u64, high: u64| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(MediaError::BadSetting { setting, value: value.to_string(), expected: format!("between {low} and {high}") })
            }
        };
        within("pixels_side", u64::from(self.pixels_side), 16, PICTURE_SIDE.most())?;
        if !(1.0..=RECORDING_SECONDS.most() as f64).contains(&self.seconds) {
            return Err(MediaError::BadSetting {
                setting: "seconds",
                value: self.seconds.to_string(),
                expected: format!("between 1 and {}", RECORDING_SECONDS.most()),
            });
        }
        within("bytes", self.bytes, 1, i64::MAX as u64)?;
        within("frames", self.frames, 1, RECORDING_FRAMES.most())?;
        within("streams", u64::from(self.streams), 1, RECORDING_TRACKS.most())?;
        within("wall_seconds", self.wall_seconds, 1, 86_400)?;
        within("cpu_seconds", self.cpu_seconds, 1, 86_400)?;
        within("address_space", self.address_space, 500_000_000, i64::MAX as u64)?;
        within("allocation", self.allocation, 1_000_000, i32::MAX as u64)?;
        within("threads", u64::from(self.threads), 1, 64)
    }

    /// Wall-clock time of a call for a recording of this many seconds.
    pub(super) fn wall(&self, recording: f64) -> Duration {
        Duration::from_secs_f64(self.wall_seconds as f64 * stretch(recording))
    }

    /// Processor seconds of a call for a recording of this many seconds.
    pub(super) fn cpu(&self, recording: f64) -> u64 {
        (self.cpu_seconds as f64 * stretch(recording)).ceil() as u64
    }
}

fn stretch(recording: f64) -> f64 {
    (recording / PLAIN_SECONDS).clamp(1.0, 86_400.0 / PLAIN_SECONDS)
}
