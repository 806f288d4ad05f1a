//! Composes interview recordings with a known score: mp4 and webm files and the manifest that `evenhand extract` reads.
//!
//! ```sh
//! cargo run --release --example compose_interviews -- --faces FOLDER-OR-TAR --labels labels.csv \
//!     --transcripts FOLDER-OR-CSV --out FOLDER --count 300 --seconds 15 --seed 7
//! ```
//!
//! A recording shows a real face (UTKFace pictures) that moves before a plain wall, and a synthetic voice (espeak-ng) reads as much of
//! a real transcript (ChaLearn First Impressions) as fits. What decides the score is planted where an extractor can find it:
//!
//! ```text
//! score = clip(0.5 + 0.15 (0.6 voice + 0.5 picture + 0.5 words + sqrt(0.14) noise), 0, 1)
//!
//! voice    z ~ N(0,1) within +-2.2   speech rate, gaps between words, pitch range, loudness against a constant room noise
//! picture  z ~ N(0,1) within +-2.2   light on the face and its steadiness, how much the head moves and tilts
//! words    (interview score of the transcript - mean) / standard deviation, both over all usable transcripts
//! noise    z ~ N(0,1) within +-2.2   nowhere in the recording
//! trait_k  = clip(trait_k of the transcript + 0.8 (score - interview score of the transcript), 0, 1)
//! ```
//!
//! The weights' squares add up to 1, so the score has about mean 0.5 and standard deviation 0.15, as in the corpus of transcripts. Gender
//! (of the face, matched by the voice), age and ethnicity are drawn independently of all four parts: a gap in these scores between
//! groups is chance, and a tilt has to be put in. Faces are brought to the same mean brightness, as a camera's exposure does, so that
//! the planted light does not hang on the skin.
//!
//! One speaker of the transcripts (a YouTube id) becomes one person with one face and one voice; every fourth person whose speaker has
//! two transcripts is recorded twice, so that a split by person matters. Everything random comes from `--seed` and the recording's
//! or person's number: the first 100 of 300 recordings are the same as the recordings of `--count 100`, and the bytes are the same
//! wherever ffmpeg and espeak-ng are the same.
//!
//! | file in `--out` | content |
//! |---|---|
//! | `manifest.csv` | id, file, person, job, interview, five traits, gender, age_band, ethnicity, transcript (the words that are spoken), language |
//! | `recordings/` | the files, named by id |
//! | `facts.csv` | the planted parts and their settings, for tests |
//! | `broken.csv` | id, file and kind of the files that `--broken-share` broke |
//! | `arguments.txt` | what the recordings depend on; a later call with the same continues where this one stopped |
//!
//! The faces are for non-commercial research only (UTKFace) and the transcripts CC BY-NC 4.0 (ChaLearn): so is what is composed of them.
//! UTKFace's gender and ethnicity labels were partly estimated by a program. Needs ffmpeg (libx264, aac, libvpx, libopus) and espeak-ng.

#![allow(clippy::print_stderr, reason = "an example speaks to whoever runs it")]

mod faces;
mod pickle;
mod picture;
mod recording;
mod score;
mod tables;
mod transcripts;
mod voice;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Parser;
use rayon::prelude::*;

use score::Plan;
use transcripts::Transcripts;

/// A result whose error is a message for the terminal.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Composes interview recordings with a known score.
#[derive(Debug, Parser)]
#[command(name = "compose_interviews")]
struct Arguments {
    /// UTKFace pictures: a folder or a tar of jpg or png files.
    #[arg(long)]
    faces: PathBuf,
    /// Their labels: a CSV file with the columns file, age, gender (0 male, 1 female), race (0 to 4).
    #[arg(long)]
    labels: PathBuf,
    /// ChaLearn's folder with annotation_*.pkl and transcription_*.pkl, or a CSV file: id, transcript, interview, and the traits if any.
    #[arg(long)]
    transcripts: PathBuf,
    /// Where the corpus goes.
    #[arg(long)]
    out: PathBuf,
    /// How many recordings.
    #[arg(long, default_value_t = 300)]
    count: usize,
    /// Length of a recording in seconds, 3 to 600.
    #[arg(long, default_value_t = 15)]
    seconds: u32,
    /// Same seed, same corpus.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Width of the picture in pixels, even, 128 to 1920.
    #[arg(long, default_value_t = 320)]
    width: u32,
    /// Height of the picture in pixels, even, 128 to 1920.
    #[arg(long, default_value_t = 240)]
    height: u32,
    /// Frames per second, 3 to 60.
    #[arg(long, default_value_t = 15)]
    frames_per_second: u32,
    /// Share of webm files (VP8 and Opus, as a browser records); the others are mp4 (H.264 and AAC).
    #[arg(long, default_value_t = 0.3)]
    webm_share: f64,
    /// Share of files to break, at even distances.
    #[arg(long, default_value_t = 0.0)]
    broken_share: f64,
    /// Recordings made at the same time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

impl Arguments {
    fn check(&self) -> Outcome<()> {
        let side = |name: &str, pixels: u32| {
            if (128..=1920).contains(&pixels) && pixels.is_multiple_of(2) {
                Ok(())
            } else {
                Err(format!("--{name} is {pixels}; it must be an even number from 128 to 1920"))
            }
        };
        let share = |name: &str, value: f64| {
            if (0.0..=1.0).contains(&value) { Ok(()) } else { Err(format!("--{name} is {value}; it must be from 0 to 1")) }
        };
        let range = |name: &str, value: u64, least: u64, most: u64| {
            if (least..=most).contains(&value) { Ok(()) } else { Err(format!("--{name} is {value}; it must be from {least} to {most}")) }
        };
        side("width", self.width)?;
        side("height", self.height)?;
        share("webm-share", self.webm_share)?;
        share("broken-share", self.broken_share)?;
        range("seconds", u64::from(self.seconds), 3, 600)?;
        range("frames-per-second", u64::from(self.frames_per_second), 3, 60)?;
        range("count", self.count as u64, 1, 1_000_000)?;
        range("jobs", self.jobs as u64, 1, 64)?;
        Ok(())
    }

    /// What a recording depends on, besides its number.
    fn fingerprint(&self) -> String {
        format!(
            "compose_interviews 1\nseed {}\nseconds {}\nsize {}x{}\nframes per second {}\nwebm share {}\nbroken share {}\n",
            self.seed, self.seconds, self.width, self.height, self.frames_per_second, self.webm_share, self.broken_share
        )
    }
}

/// Writes a file by way of another name, so that it is whole or absent.
fn write_whole(path: &Path, content: &[u8]) -> Outcome<()> {
    let partial = path.with_extension("partial");
    fs::write(&partial, content)
        .and_then(|()| fs::rename(&partial, path))
        .map_err(|error| format!("writing `{}` failed: {error}", path.display()).into())
}

/// Makes the folder, or makes sure that what it holds belongs to the same arguments.
fn open_folder(arguments: &Arguments, inputs: &str) -> Outcome<()> {
    let recordings = arguments.out.join("recordings");
    fs::create_dir_all(&recordings).map_err(|error| format!("making `{}` failed: {error}", recordings.display()))?;
    let note = arguments.out.join("arguments.txt");
    let fingerprint = arguments.fingerprint() + inputs;
    match fs::read_to_string(&note) {
        Ok(known) if known == fingerprint => Ok(()),
        Ok(_) => Err(format!(
            "`{}` holds recordings made with other arguments (see `{}`); choose another --out, or remove it",
            arguments.out.display(),
            note.display()
        )
        .into()),
        Err(_) => write_whole(&note, fingerprint.as_bytes()),
    }
}

fn compose(arguments: &Arguments) -> Outcome<()> {
    arguments.check()?;
    recording::find_programs()?;
    let transcripts = Transcripts::read(&arguments.transcripts)?;
    let faces = faces::read_labels(&arguments.labels)?;
    let plans = score::plan(arguments, &transcripts, &faces)?;
    open_folder(arguments, &format!("transcripts {}\nfaces {}\n", transcripts.clips.len(), faces.len()))?;
    eprintln!("The faces are for non-commercial research only (UTKFace), the transcripts CC BY-NC 4.0 (ChaLearn): so is this corpus.");

    let pictures = faces::read_pictures(&arguments.faces, plans.iter().map(|plan| faces[plan.face].file.as_str()).collect())?;
    let finished = AtomicUsize::new(0);
    let one = |plan: &Plan| {
        let face = &faces[plan.face];
        let clip = &transcripts.clips[plan.clip];
        let spoken = recording::make(arguments, plan, clip, &pictures[&face.file])
            .map_err(|error| format!("recording {} (face `{}`, transcript `{}`): {error}", plan.id, face.file, clip.id))?;
        let done = finished.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(50) {
            eprintln!("{done} of {} recordings", plans.len());
        }
        Ok(spoken)
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.jobs).build()?;
    let spoken: Vec<voice::Spoken> = pool.install(|| plans.par_iter().with_max_len(1).map(one).collect::<Outcome<_>>())?;
    tables::write(&arguments.out, &plans, &spoken, &transcripts.clips, &faces)?;
    eprintln!("{} recordings and manifest.csv are in `{}`", plans.len(), arguments.out.display());
    Ok(())
}

fn main() -> ExitCode {
    match compose(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
