//! WAV files.
//!
//! ```text
//! v = 256 u (8 bit), u (16 bit), u/256 (24 bit), u/65536 (32 bit), 32768 u (32-bit float);   u: the stored sample, 8 bit made signed
//! sample = round(0.5 v_left + 0.5 v_right), ties to even, clipped to 16 bits
//! ```
//!
//! A mono file of 16 bits is kept bit for bit. pyAudioAnalysis averages stereo in the same way without rounding, so features of
//! stereo files agree with it to half a sample step. More than two channels are refused: such files mostly hold one microphone or
//! one speaker per channel, and a mixture with the interviewer is nothing to score a candidate by.
//!
//! Errors: an unreadable file, one that is no WAV or a compressed one, one shorter than its header says, one without samples, a
//! sample that is not a number, one that lasts longer than allowed: that is seen before a sample is read, so that a compact file of
//! many hours does not fill the memory.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use hound::{SampleFormat, WavReader};

use super::Waveform;
use crate::MediaError;

const CONVERT: &str = "convert it, for instance with `ffmpeg -i FILE -ac 1 -ar 16000 -c:a pcm_s16le NEW.wav`";

/// Reads a mono or stereo WAV file of 8, 16, 24 or 32 bits or of 32-bit floats, of at most `longest` seconds.
pub fn read(path: &Path, longest: f64) -> Result<Waveform, MediaError> {
    let bad = |problem: String, remedy: &str| MediaError::BadFile { path: path.to_owned(), problem, remedy: remedy.to_owned() };
    let unreadable = |source| MediaError::Io { action: "reading", path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let mut reader = WavReader::new(BufReader::new(file)).map_err(|error| match error {
        // Without a number of the operating system it is hound's own word for the end of the file.
        hound::Error::IoError(error) if error.raw_os_error().is_some() => unreadable(error),
        hound::Error::IoError(_) => bad("is shorter than a WAV header".to_owned(), "record or copy it again"),
        error => bad(format!("is not a WAV file that can be read: {error}"), CONVERT),
    })?;
    let form = reader.spec();
    let bits = form.bits_per_sample;
    if !(1..=2).contains(&form.channels) {
        return Err(bad(
            format!("has {} channels; one or two can be read", form.channels),
            "choose the candidate's channel or mix down, for instance with `ffmpeg -i FILE -ac 1 NEW.wav`",
        ));
    }
    if form.sample_rate == 0 {
        return Err(bad("states a sampling rate of 0 Hz".to_owned(), CONVERT));
    }
    let channels = usize::from(form.channels);
    let expected = reader.len();
    let stops = |index: usize, error: &hound::Error| {
        let second = index as f64 / channels as f64 / f64::from(form.sample_rate);
        bad(
            format!("stops at second {second:.3}: {error} (the header promises {expected} samples)"),
            "the file is incomplete or was written to a pipe; record, copy or convert it again",
        )
    };
    // A header may promise more than there is: what was written to a pipe does.
    let frames = u64::from(expected).min(length / u64::from(bits.div_ceil(8).max(1))) as usize / channels;
    if frames as f64 > longest * f64::from(form.sample_rate) {
        return Err(MediaError::TooLong { path: path.to_owned(), limit: longest });
    }
    let mut mixer = Mixer { channels, sum: 0.0, summed: 0, samples: Vec::with_capacity(frames) };
    match (form.sample_format, bits) {
        (SampleFormat::Int, 8 | 16 | 24 | 32) => {
            let unit = 2.0_f64.powi(16 - i32::from(bits));
            for (index, sample) in reader.samples::<i32>().enumerate() {
                mixer.take(f64::from(sample.map_err(|error| stops(index, &error))?) * unit);
            }
        }
        (SampleFormat::Float, 32) => {
            for (index, sample) in reader.samples::<f32>().enumerate() {
                let sample = f64::from(sample.map_err(|error| stops(index, &error))?);
                if !sample.is_finite() {
                    return Err(bad(format!("holds `{sample}` at sample {}", index + 1), "record or convert it again"));
                }
                mixer.take(sample * 32_768.0);
            }
        }
        (format, bits) => {
            let kind = if format == SampleFormat::Float { "floating-point" } else { "integer" };
            return Err(bad(format!("holds {bits}-bit {kind} samples, which are not read"), CONVERT));
        }
    }
    if mixer.samples.is_empty() {
        return Err(bad("holds no samples".to_owned(), "check the recording"));
    }
    Ok(Waveform { rate: form.sample_rate, samples: mixer.samples })
}

/// Makes one sample of the channels' samples, as they come.
struct Mixer {
    channels: usize,
    sum: f64,
    summed: usize,
    samples: Vec<i16>,
}

impl Mixer {
    fn take(&mut self, value: f64) {
        self.sum += value;
        self.summed += 1;
        if self.summed == self.channels {
            self.samples.push(sixteen_bits(self.sum / self.channels as f64));
            (self.sum, self.summed) = (0.0, 0);
        }
    }
}

fn sixteen_bits(value: f64) -> i16 {
    value.round_ties_even().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
}
