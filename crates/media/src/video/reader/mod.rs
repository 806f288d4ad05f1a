//! What ordinary recordings hold, read in safe Rust.
//!
//! ```text
//! matroska   EBML elements: headers, then the header of every block
//! mp4        ISO boxes: the index of the samples
//! codecs     the first bytes of the coded pictures and sounds that say their size
//! bytes      numbers and bits out of a slice
//! ```
//!
//! Starting ffprobe costs as much as decoding five seconds of pictures, for a list of numbers that the recordings of browsers and
//! cameras state plainly. A reader here knows those and nothing else: whatever is unusual, damaged, cut off, over a limit or not
//! understood gives `None`, and ffprobe is asked, which has seen everything. So no recording is refused here, and every reason of a
//! failure stays ffprobe's. What is read equals what ffprobe tells (5.1; later releases may count the last packet's duration
//! differently); tests compare the two on every kind of recording, whole, cut off and damaged.
//!
//! | | read here | left to ffprobe |
//! |---|---|---|
//! | containers | Matroska and WebM, of known or unknown sizes; MP4 with one index | fragments, QuickTime's own boxes, two of anything |
//! | tracks | at most one of pictures and one of sound | covers, subtitles, sensors, chapters |
//! | codecs | VP8, VP9 profile 0, H.264 of 8 bits 4:2:0; Opus (Matroska), AAC-LC (MP4) | all others |
//! | times | one edit, with or without a pause before it | several edits, edits that cut pictures, negative offsets, laced blocks |
//! | pictures | square pixels, sides as coded, turned by quarters | crops, mirrors, other pixel shapes |
//!
//! Memory: an index of at most [`LARGEST_INDEX`] bytes, a list of at most [`MOST_CHILDREN`] of an element's or box's parts, and two numbers
//! a frame, of which there are at most `Limits::frames`. Time: every element read has a header in the file, and is passed over once; of
//! Matroska's, which may be two bytes long, at most eight a frame are read.

mod bytes;
mod codecs;
mod matroska;
mod mp4;

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use super::limits::Limits;

/// Largest header of a recording that is read into memory: an hour of two tracks takes about two million bytes.
const LARGEST_INDEX: u64 = 16 << 20;

/// Parts of one element or box that are listed, at most: ordinary ones have some twenty.
const MOST_CHILDREN: usize = 10_000;

/// What an ordinary recording holds.
#[derive(Debug)]
pub(super) struct Contents {
    /// ffmpeg's name of the format.
    pub(super) format: &'static str,
    /// Time stamp of the beginning in microseconds.
    pub(super) start: i64,
    /// The tracks, in the order of the file.
    pub(super) tracks: Vec<Track>,
}

/// One track.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) kind: Kind,
    /// Seconds a tick, as a fraction.
    pub(super) time_base: (i64, i64),
    /// Times of the packets that are shown, in ticks, in the order of the file.
    pub(super) pts: Vec<i64>,
    /// End of the latest packet in ticks; of sound only.
    pub(super) end: i64,
}

/// What a track carries.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Pictures of square pixels.
    Pictures { codec: &'static str, width: u32, height: u32, pixel_format: &'static str, rotation: i32 },
    /// Sound.
    Sound { codec: &'static str, sample_rate: u32, channels: u32 },
}

/// What the file holds; `None`: ask ffprobe.
pub(super) fn read(path: &Path, limits: &Limits) -> Option<Contents> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let mut start = [0; 8];
    file.read_exact(&mut start).ok()?;
    file.rewind().ok()?;
    let contents = match start {
        [0x1a, 0x45, 0xdf, 0xa3, ..] => matroska::read(file, length, limits)?,
        [_, _, _, _, b'f', b't', b'y', b'p'] => mp4::read(file, length, limits)?,
        _ => return None,
    };
    let pictures = |track: &&Track| matches!(track.kind, Kind::Pictures { .. });
    let [of_pictures, of_sound] =
        [contents.tracks.iter().filter(pictures).count(), contents.tracks.iter().filter(|t| !pictures(t)).count()];
    let streams = contents.tracks.len();
    if of_pictures > 1 || of_sound > 1 || streams == 0 || streams > limits.streams as usize {
        return None;
    }
    contents.tracks.iter().all(|track| within(track, limits)).then_some(contents)
}

/// Whether nothing of a track is over a limit or left to ffprobe's guesses.
fn within(track: &Track, limits: &Limits) -> bool {
    let counted = !track.pts.is_empty() && track.pts.len() as u64 <= limits.frames;
    match track.kind {
        Kind::Pictures { width, height, .. } => {
            let sides = [width, height].iter().all(|side| (1..=limits.pixels_side).contains(side));
            // How long a single picture is shown is guessed from other facts.
            let several = track.pts.iter().any(|pts| Some(pts) != track.pts.first());
            counted && sides && several
        }
        Kind::Sound { .. } => counted,
    }
}

/// Ticks as microseconds, rounded half away from zero as ffmpeg rounds.
fn micros(ticks: i64, (numerator, denominator): (i64, i64)) -> Option<i64> {
    rescale(ticks, numerator.checked_mul(1_000_000)?, denominator)
}

/// `value * numerator / denominator`, rounded half away from zero. Numerator and denominator are positive.
fn rescale(value: i64, numerator: i64, denominator: i64) -> Option<i64> {
    if numerator <= 0 || denominator <= 0 {
        return None;
    }
    let product = i128::from(value) * i128::from(numerator);
    let half = i128::from(denominator / 2);
    let rounded = (product.abs() + half) / i128::from(denominator);
    i64::try_from(if product < 0 { -rounded } else { rounded }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_half_away_from_zero() {
        assert_eq!(rescale(6_500_000, 1, 1_000_000), Some(7));
        assert_eq!(rescale(-6_500_000, 1, 1_000_000), Some(-7));
        assert_eq!(rescale(6_499_999, 1, 1_000_000), Some(6));
        assert_eq!(micros(-7, (1, 1000)), Some(-7000));
        assert_eq!(micros(1, (1, 3)), Some(333_333));
        assert_eq!(micros(2, (1, 3)), Some(666_667));
        assert_eq!(rescale(i64::MAX, 2, 1), None);
        assert_eq!(rescale(1, 1, 0), None);
    }
}
