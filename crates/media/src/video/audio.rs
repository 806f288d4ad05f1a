//! The sound of a recording.
//!
//! ```text
//! x[n], n = round(16000 t)     mono, 16 bits, 16 kHz; t seconds since the recording's beginning
//! ```
//!
//! Sound that starts late is preceded by silence and gaps are filled with it, so that sound and pictures stay together; without
//! that a track that begins two seconds late comes out two seconds early. Channels are averaged. It ends with the recording at
//! the latest.

use std::ffi::OsString;
use std::path::Path;

use super::decoder::{Decoder, admit, collect, input};
use super::diagnosis::{failure, unstarted};
use super::limits::Limits;
use super::probe::Probe;
use super::sandbox::{Job, Stopped};
use crate::{Failure, Reason};

/// Samples a second of what is handed out.
const RATE: f64 = 16_000.0;

impl Decoder {
    /// The sound as mono samples at 16 kHz, aligned with the pictures. Silence is sound; a recording without a sound track is
    /// [`Reason::NoAudio`].
    pub fn audio(&self, path: &Path, probe: &Probe, limits: &Limits) -> Result<Vec<i16>, Failure> {
        let path = admit(path, limits)?;
        let track = probe.audio.as_ref().ok_or_else(|| Failure::new(Reason::NoAudio, ""))?;
        let length = probe.duration.min(limits.seconds);
        let most = (length * RATE).ceil() as usize;
        let mut arguments: Vec<OsString> =
            ["-v", "level+error", "-hide_banner", "-nostats", "-nostdin", "-flags", "+bitexact"].map(OsString::from).into();
        arguments.extend(input(&path, limits, false));
        let output = [
            "-map",
            &format!("0:{}", track.index),
            "-vn",
            "-sn",
            "-dn",
            "-af",
            "aresample=async=1:first_pts=0",
            "-ac",
            "1",
            "-ar",
            "16000",
            "-t",
            &format!("{length:.6}"),
            "-f",
            "s16le",
            "-",
        ];
        arguments.extend(output.map(OsString::from));
        let job = Job {
            program: &self.ffmpeg,
            arguments,
            input: Some(&path),
            wall: limits.wall(probe.duration),
            cpu_seconds: limits.cpu(probe.duration),
            address_space: limits.address_space,
            // One second more than asked for; what is over is cut below.
            output_bytes: 2 * (most as u64 + RATE as u64),
        };
        let (ending, bytes) = collect(&job).map_err(|error| unstarted(&self.ffmpeg, &error))?;
        let stopped = ending.stopped.is_some_and(|stopped| stopped != Stopped::Output);
        if bytes.len() < 2 || stopped || ending.signal.is_some() || ending.code == Some(255) {
            return Err(failure(&ending, &path, Reason::DecodeFailed));
        }
        Ok(bytes.chunks_exact(2).take(most).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
    }
}
