//! The sound of a recording.
//!
//! ```text
//! x[n], n = round(16000 t)     mono, 16 bits, 16 kHz; t seconds since the recording's beginning
//! ```
//!
//! Sound that starts late is preceded by silence and gaps are filled with it, so that sound and pictures stay together; without
//! that a track that begins two seconds late comes out two seconds early. Channels are averaged. It ends with the recording at
//! the latest. Pictures and sound that are both wanted come out of one call ([`Decoder::frames`]): starting ffmpeg costs as much as
//! decoding some ten seconds of pictures.

use std::ffi::OsString;
use std::path::Path;

use super::decoder::{Decoder, admit, collect, input};
use super::diagnosis::{failure, unstarted};
use super::limits::Limits;
use super::probe::{AudioTrack, Probe};
use super::sandbox::{Job, Stopped};
use crate::{Failure, Reason, StepError};

/// Samples a second of what is handed out.
const RATE: f64 = 16_000.0;

impl Decoder {
    /// The sound as mono samples at 16 kHz, aligned with the pictures. Silence is sound; a recording without a sound track is
    /// [`Reason::NoAudio`].
    pub fn audio(&self, path: &Path, probe: &Probe, limits: &Limits) -> Result<Vec<i16>, StepError> {
        let path = admit(path, limits)?;
        let track = probe.audio.as_ref().ok_or_else(|| Failure::new(Reason::NoAudio, ""))?;
        let sound = SoundOutput::of(probe, track, limits);
        let mut arguments: Vec<OsString> =
            ["-v", "level+error", "-hide_banner", "-nostats", "-nostdin", "-copyts", "-flags", "+bitexact", "-filter_threads", "1"]
                .map(OsString::from)
                .into();
        arguments.extend(input(&path, limits, false));
        arguments.extend(sound.arguments("pipe:1"));
        let job = Job {
            program: &self.ffmpeg,
            arguments,
            input: Some(&path),
            wall: limits.wall(probe.duration),
            cpu_seconds: limits.cpu(probe.duration),
            address_space: limits.address_space,
            output_bytes: sound.bytes(),
            second_output_bytes: None,
        };
        let (ending, bytes) = collect(&job).map_err(|error| unstarted(&self.ffmpeg, &error))?;
        let stopped = ending.stopped.is_some_and(|stopped| stopped != Stopped::Output);
        if bytes.len() < 2 || stopped || ending.signal.is_some() || ending.code == Some(255) {
            return Err(failure(&ending, &path, Reason::DecodeFailed).into());
        }
        Ok(sound.samples(&bytes))
    }
}

/// What ffmpeg is asked for to put out a recording's sound, alone or beside its pictures.
#[derive(Debug)]
pub(super) struct SoundOutput {
    index: usize,
    /// Time stamp of the recording's beginning, seconds.
    start: f64,
    /// Seconds to the recording's end.
    length: f64,
}

impl SoundOutput {
    pub(super) fn of(probe: &Probe, track: &AudioTrack, limits: &Limits) -> Self {
        SoundOutput { index: track.index, start: probe.start, length: probe.duration.min(limits.seconds) }
    }

    /// Options of one output. Times are the file's own (`-copyts`), as those of the pictures beside it.
    pub(super) fn arguments(&self, to: &str) -> Vec<OsString> {
        [
            "-map",
            &format!("0:{}", self.index),
            "-vn",
            "-sn",
            "-dn",
            "-af",
            &format!("asetpts=round(PTS-({:.6})/TB),aresample=async=1:first_pts=0", self.start),
            "-ac",
            "1",
            "-ar",
            "16000",
            "-t",
            &format!("{:.6}", self.length),
            "-f",
            "s16le",
            to,
        ]
        .map(OsString::from)
        .into()
    }

    fn most(&self) -> usize {
        (self.length * RATE).ceil() as usize
    }

    /// One second more than asked for; what is over is cut.
    pub(super) fn bytes(&self) -> u64 {
        2 * (self.most() as u64 + RATE as u64)
    }

    pub(super) fn samples(&self, bytes: &[u8]) -> Vec<i16> {
        bytes.chunks_exact(2).take(self.most()).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
    }
}
