//! The voice: espeak-ng reads, and the voice part of the score sets rate, gaps, pitch range and loudness.
//!
//! The room noise has the same level in every recording, so that loudness survives an extractor that scales a recording by its peak.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use rand::RngExt;

use crate::Outcome;
use crate::recording::failure;
use crate::score::{Plan, Stream, stream};
use crate::transcripts::Clip;

/// Samples per second of espeak-ng.
pub(crate) const RATE: u32 = 22_050;
/// Room noise against full scale.
const NOISE_DECIBEL: f64 = -52.0;
/// Quiet time in seconds kept free at the end.
const TAIL: f64 = 0.3;
/// A sample above this belongs to the speech.
const AUDIBLE: i16 = 60;

/// How the voice part is heard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// Words a minute, as espeak-ng counts them: 106 to 224.
    pub(crate) rate: u32,
    /// Pause between words in steps of about 10 ms: 0 to 5.
    pub(crate) gap: u32,
    /// Pitch range in percent of the voice's own: 13 to 167.
    pub(crate) pitch_range: u32,
    /// Root mean square of the speech against full scale: -31.6 to -18.4 dB.
    pub(crate) decibel: f64,
}

impl Manner {
    pub(crate) fn new(part: f64) -> Self {
        Self {
            rate: (165.0 + 27.0 * part).round() as u32,
            gap: (1.5 - 1.5 * part).round().max(0.0) as u32,
            pitch_range: (90.0 + 35.0 * part).round() as u32,
            decibel: -25.0 + 3.0 * part,
        }
    }
}

/// What was said, and for how long.
#[derive(Debug)]
pub(crate) struct Spoken {
    /// The words that fit.
    pub(crate) text: String,
    /// From the first to the last sound.
    pub(crate) seconds: f64,
}

/// Speaks a text; the samples begin and end with a sound.
fn read_aloud(plan: &Plan, manner: Manner, text: &str, folder: &Path) -> Outcome<Vec<i16>> {
    let path = folder.join("speech.wav");
    let mut child = Command::new("espeak-ng")
        .args(["--stdin", "-m", "-b", "1", "-v", &plan.voice, "-s", &manner.rate.to_string(), "-g", &manner.gap.to_string()])
        .args(["-p", &plan.pitch.to_string(), "-w"])
        .arg(&path)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("starting espeak-ng failed: {error}"))?;
    // The transcript's words hold no `<`, `>` and `&` any more.
    let document = format!("<speak><prosody range=\"{}%\">{text}</prosody></speak>", manner.pitch_range);
    let written = child.stdin.take().map_or(Ok(()), |mut pipe| pipe.write_all(document.as_bytes()));
    let output = child.wait_with_output()?;
    if !output.status.success() || written.is_err() {
        return Err(failure("espeak-ng", &output).into());
    }
    let mut reader = hound::WavReader::open(&path).map_err(|error| format!("espeak-ng wrote no readable wav: {error}"))?;
    let found = reader.spec();
    if (found.channels, found.sample_rate, found.bits_per_sample) != (1, RATE, 16) {
        return Err(format!("espeak-ng wrote {found:?}; {RATE} Hz mono 16 bit were expected").into());
    }
    let samples = reader.samples::<i16>().collect::<Result<Vec<_>, _>>()?;
    let audible = |sample: &i16| sample.saturating_abs() > AUDIBLE;
    let first = samples.iter().position(audible).ok_or("espeak-ng said nothing")?;
    let last = samples.iter().rposition(audible).unwrap_or(first);
    Ok(samples[first..=last].to_vec())
}

/// Speaks the words that fit into the recording and writes its sound.
pub(crate) fn speak(plan: &Plan, clip: &Clip, seed: u64, seconds: u32, folder: &Path, wav: &Path) -> Outcome<Spoken> {
    let manner = Manner::new(plan.parts.voice);
    let mut rng = stream(seed, Stream::Voice, plan.number);
    let lead = rng.random_range(0.25..0.75);
    let room = f64::from(seconds) - lead - TAIL;
    let mut count = clip.words.len().min((f64::from(manner.rate) / 60.0 * room * 1.25).ceil() as usize).max(1);
    let (text, speech) = loop {
        let text = clip.words[..count].join(" ");
        let speech = read_aloud(plan, manner, &text, folder)?;
        let length = speech.len() as f64 / f64::from(RATE);
        if length <= room {
            break (text, speech);
        }
        if count == 1 {
            return Err(format!("its first word takes {length:.1} s, longer than the recording; give more --seconds").into());
        }
        count = ((count as f64 * room / length).floor() as usize).clamp(1, count - 1);
    };

    let power = speech.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>() / speech.len() as f64;
    let amplitude = |decibel: f64| 10_f64.powf(decibel / 20.0);
    let gain = amplitude(manner.decibel) / power.sqrt();
    // A uniform number from -1 to 1 has the root mean square 1/sqrt(3).
    let noise = amplitude(NOISE_DECIBEL) * 3_f64.sqrt();
    let start = (lead * f64::from(RATE)) as usize;
    let header = hound::WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(wav, header)?;
    for place in 0..(seconds * RATE) as usize {
        let voice = place.checked_sub(start).and_then(|place| speech.get(place)).map_or(0.0, |&sample| f64::from(sample) * gain);
        let sample = (voice + noise * rng.random_range(-1.0..1.0)) * 32_767.0;
        writer.write_sample(sample.round().clamp(-32_768.0, 32_767.0) as i16)?;
    }
    writer.finalize()?;
    Ok(Spoken { text, seconds: speech.len() as f64 / f64::from(RATE) })
}
