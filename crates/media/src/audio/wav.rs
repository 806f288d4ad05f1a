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
//! A program that writes into a pipe cannot go back to fill in the sizes: where that of the samples is unset (0 while there are bytes, or one of the
//! numbers that stand for "not known"), they go to the end of the file.
//!
//! Errors: an unreadable file, one that is no WAV or a compressed one, one shorter than its header says, one without samples, a
//! sample that is not a number, one that lasts longer than allowed: that is seen before a sample is read, so that a compact file of
//! many hours does not fill the memory.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use hound::{SampleFormat, WavReader};

use super::Waveform;
use crate::MediaError;

const CONVERT: &str = "convert it, for instance with `ffmpeg -i FILE -ac 1 -ar 16000 -c:a pcm_s16le NEW.wav`";

/// Sizes that programs leave in place of one they do not know.
const NOT_KNOWN: [u32; 4] = [u32::MAX, u32::MAX - 36, i32::MAX as u32, 1 << 31];
/// Chunks that are passed over in search of the samples.
const MOST_CHUNKS: usize = 10_000;
/// Longest description of a format that is read.
const LONGEST_FORMAT: u32 = 1 << 10;

/// Reads a mono or stereo WAV file of 8, 16, 24 or 32 bits or of 32-bit floats, of at most `longest` seconds.
pub fn read(path: &Path, longest: f64) -> Result<Waveform, MediaError> {
    let bad = |problem: String, remedy: &str| MediaError::BadFile { path: path.to_owned(), problem, remedy: remedy.to_owned() };
    let unreadable = |source| MediaError::Io { action: "reading", path: path.to_owned(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let head = with_size(&mut file, length).map_err(unreadable)?;
    let mut reader = WavReader::new(io::Cursor::new(head).chain(BufReader::new(Patient(file)))).map_err(|error| match error {
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

/// Where the size of the samples is unset: a head that says it, before the file's rest. Else nothing, before the whole file.
fn with_size(file: &mut File, length: u64) -> io::Result<Vec<u8>> {
    let found = unset_size(file, length);
    match found {
        Ok(Some((format, start))) => {
            let frame = u64::from(u16::from_le_bytes([format[12], format[13]])).max(1);
            let size = (length - start).min(u64::from(u32::MAX - 1)) / frame * frame;
            file.seek(SeekFrom::Start(start))?;
            let mut head = b"RIFF\0\0\0\0WAVEfmt ".to_vec();
            head.extend((format.len() as u32).to_le_bytes());
            head.extend(format);
            head.extend(b"data");
            head.extend((size as u32).to_le_bytes());
            Ok(head)
        }
        Ok(None) => file.rewind().map(|()| Vec::new()),
        // Too short for its chunks: whoever reads it says so.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => file.rewind().map(|()| Vec::new()),
        Err(error) => Err(error),
    }
}

/// The description of the format and the place of the first sample of a file that does not say how many there are.
fn unset_size(file: &mut File, length: u64) -> io::Result<Option<(Vec<u8>, u64)>> {
    let mut start = [0; 12];
    file.read_exact(&mut start)?;
    let said = u64::from(u32::from_le_bytes([start[4], start[5], start[6], start[7]])) + 8;
    let mut format = None;
    let mut at = 12;
    for _ in 0..MOST_CHUNKS {
        if at + 8 > length {
            break;
        }
        let mut head = [0; 8];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut head)?;
        let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        at += 8;
        match &head[..4] {
            b"data" => {
                // A file without samples says 0 too, and then all of it is as long as it says.
                let empty = size == 0 && said.abs_diff(length) > 1;
                let unset = at + u64::from(size) > length && NOT_KNOWN.contains(&size);
                return Ok(format.filter(|_| (empty || unset) && at < length && start.starts_with(b"RIFF")).map(|format| (format, at)));
            }
            b"fmt " if (16..=LONGEST_FORMAT).contains(&size) => {
                let mut bytes = vec![0; size as usize];
                file.read_exact(&mut bytes)?;
                format = Some(bytes);
            }
            _ => {}
        }
        // Chunks begin at even places.
        at += u64::from(size) + u64::from(size % 2);
    }
    Ok(None)
}

/// Reads again what the system interrupts: the decoder behind it takes that for the end.
struct Patient<R>(R);

impl<R: Read> Read for Patient<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
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
