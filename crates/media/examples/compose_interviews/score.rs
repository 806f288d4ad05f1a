//! Who is recorded, and the score that is planted (formula at the head of `main.rs`).

use std::f64::consts::TAU;
use std::fmt;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::faces::{Face, Gender};
use crate::transcripts::Transcripts;
use crate::{Arguments, Outcome};

/// Weights of voice, picture, words and noise; their squares add up to 1.
const WEIGHTS: [f64; 4] = [0.6, 0.5, 0.5, 0.374_165_738_677_394_1];
const CENTRE: f64 = 0.5;
const SPREAD: f64 = 0.15;
/// Share of the change from the transcript's score to the written score that the traits follow.
const TRAITS_FOLLOW: f64 = 0.8;
/// A part is redrawn beyond this many standard deviations.
const MOST: f64 = 2.2;
/// One person in so many is recorded twice.
const TWICE_EVERY: usize = 4;
const JOBS: [&str; 3] = ["engineering", "sales", "support"];

/// What a random stream is for; the number in the streams is part of the corpus.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    Speakers = 1,
    MaleFaces = 2,
    FemaleFaces = 3,
    Person = 4,
    Recording = 5,
    Picture = 6,
    Voice = 7,
    Bytes = 8,
}

/// The random numbers of one purpose and one person or recording.
pub(crate) fn stream(seed: u64, stream: Stream, number: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream((stream as u64) << 40 | number as u64);
    rng
}

/// A standard normal number within +-[`MOST`] (Box and Muller).
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    loop {
        let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
        let number = radius * (TAU * rng.random::<f64>()).cos();
        if number.abs() <= MOST {
            return number;
        }
    }
}

/// The planted parts, each with about mean 0 and standard deviation 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts {
    pub(crate) voice: f64,
    pub(crate) picture: f64,
    pub(crate) words: f64,
    pub(crate) noise: f64,
}

impl Parts {
    fn score(self) -> f64 {
        let sum: f64 = [self.voice, self.picture, self.words, self.noise].iter().zip(WEIGHTS).map(|(part, weight)| part * weight).sum();
        (CENTRE + SPREAD * sum).clamp(0.0, 1.0)
    }
}

/// File format of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Mp4,
    Webm,
}

impl Container {
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Webm => "webm",
        }
    }
}

/// A way in which a file is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    TruncatedMp4,
    RandomBytes,
    Empty,
    PlaylistRenamed,
    NoAudio,
    NoVideo,
}

const FAULTS: [Fault; 6] = [Fault::TruncatedMp4, Fault::RandomBytes, Fault::Empty, Fault::PlaylistRenamed, Fault::NoAudio, Fault::NoVideo];

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TruncatedMp4 => "truncated_mp4",
            Self::RandomBytes => "random_bytes",
            Self::Empty => "empty",
            Self::PlaylistRenamed => "playlist_renamed",
            Self::NoAudio => "no_audio",
            Self::NoVideo => "no_video",
        })
    }
}

/// Everything that is decided before a recording is made.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) number: usize,
    pub(crate) id: String,
    pub(crate) person: String,
    pub(crate) job: &'static str,
    /// Place among the labelled faces.
    pub(crate) face: usize,
    /// Place among the transcripts.
    pub(crate) clip: usize,
    /// Voice of espeak-ng.
    pub(crate) voice: String,
    /// Pitch, 0 to 99.
    pub(crate) pitch: u32,
    pub(crate) parts: Parts,
    /// Interview score, 0 to 1.
    pub(crate) score: f64,
    pub(crate) traits: Option<[f64; 5]>,
    pub(crate) container: Container,
    pub(crate) fault: Option<Fault>,
}

impl Plan {
    /// Path from the manifest.
    pub(crate) fn file(&self) -> String {
        format!("recordings/{}.{}", self.id, self.container.extension())
    }
}

fn shuffled(seed: u64, purpose: Stream, mut numbers: Vec<usize>) -> Vec<usize> {
    numbers.shuffle(&mut stream(seed, purpose, 0));
    numbers
}

/// The fault of a recording: the broken ones lie at even distances and take turns.
fn fault(share: f64, number: usize) -> Option<Fault> {
    let before = (share * number as f64).floor() as usize;
    let with = (share * (number + 1) as f64).floor() as usize;
    (with > before).then(|| FAULTS[before % FAULTS.len()])
}

/// Plans `--count` recordings; each depends on the seed and its number only.
pub(crate) fn plan(arguments: &Arguments, transcripts: &Transcripts, faces: &[Face]) -> Outcome<Vec<Plan>> {
    let seed = arguments.seed;
    let of = |gender: Gender| (0..faces.len()).filter(|&number| faces[number].gender == gender).collect::<Vec<_>>();
    let male = shuffled(seed, Stream::MaleFaces, of(Gender::Male));
    let female = shuffled(seed, Stream::FemaleFaces, of(Gender::Female));
    let speakers = shuffled(seed, Stream::Speakers, (0..transcripts.speakers.len()).collect());
    let (mut next_male, mut next_female) = (male.iter(), female.iter());
    let mut plans = Vec::with_capacity(arguments.count);
    for (number, speaker) in speakers.into_iter().enumerate() {
        if plans.len() == arguments.count {
            break;
        }
        let mut rng = stream(seed, Stream::Person, number);
        let gender = if rng.random::<bool>() { Gender::Female } else { Gender::Male };
        let next = if gender == Gender::Female { next_female.next() } else { next_male.next() };
        let Some(&face) = next else {
            return Err(format!("--count is {}, but the labels give too few {gender} faces aged 18 to 70", arguments.count).into());
        };
        let (voice, pitch) = match gender {
            Gender::Female => (format!("en-us+f{}", rng.random_range(1..=5)), rng.random_range(52..=68)),
            Gender::Male => (format!("en-us+m{}", rng.random_range(1..=8)), rng.random_range(27..=43)),
        };
        let clips = &transcripts.speakers[speaker];
        let times = if number % TWICE_EVERY == TWICE_EVERY - 1 { 2 } else { 1 };
        for &clip in clips.iter().take(times.min(arguments.count - plans.len())) {
            let person = Person { number, face, voice: &voice, pitch };
            plans.push(recording(arguments, transcripts, &person, clip, plans.len()));
        }
    }
    if plans.len() < arguments.count {
        return Err(format!("--count is {}, but the speakers of the transcripts give {} recordings", arguments.count, plans.len()).into());
    }
    Ok(plans)
}

struct Person<'a> {
    number: usize,
    face: usize,
    voice: &'a str,
    pitch: u32,
}

fn recording(arguments: &Arguments, transcripts: &Transcripts, person: &Person<'_>, clip: usize, number: usize) -> Plan {
    let mut rng = stream(arguments.seed, Stream::Recording, number);
    let real = &transcripts.clips[clip];
    let words = if transcripts.deviation > 0.0 { (real.interview - transcripts.mean) / transcripts.deviation } else { 0.0 };
    let parts = Parts { voice: normal(&mut rng), picture: normal(&mut rng), words, noise: normal(&mut rng) };
    let score = parts.score();
    let job = JOBS[rng.random_range(0..JOBS.len())];
    let webm = rng.random::<f64>() < arguments.webm_share;
    let fault = fault(arguments.broken_share, number);
    let container = if webm && fault != Some(Fault::TruncatedMp4) { Container::Webm } else { Container::Mp4 };
    Plan {
        number,
        id: format!("r{number:05}"),
        person: format!("p{:05}", person.number),
        job,
        face: person.face,
        clip,
        voice: person.voice.to_owned(),
        pitch: person.pitch,
        parts,
        score,
        traits: real.traits.map(|traits| traits.map(|real_trait| (real_trait + TRAITS_FOLLOW * (score - real.interview)).clamp(0.0, 1.0))),
        container,
        fault,
    }
}
