//! The tensors of recorded interviews, one record a candidate: sizes, modalities, views into a record's bytes.
//!
//! ```text
//! record: presence u32          bit 0 video, bit 1 audio, bit 2 text
//!         found   u8  [segments * per_segment]                  1 where the frame holds a face, 0 where it is all zeros
//!         (zeros up to a multiple of 4)
//!         audio   f32 [segments, audio]                         zeros where absent
//!         text    f32 [text]                                    zeros where absent
//!         frames  u8  [segments, per_segment, side, side, 3]    RGB
//!         (zeros up to a multiple of 64)
//! ```
//!
//! Numbers are little-endian. Where the records lie (a file, memory) is the affair of a [`RecordSource`].

use std::fmt::Debug;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::RowsError;

/// Records start at multiples of so many bytes.
pub const ALIGNMENT: usize = 64;
/// Bytes of a record beyond which its sizes are damaged: a thousand times those of thirty frames of 112 x 112.
const RECORD_LIMIT: u128 = 1 << 30;

/// Sizes that all records of a file share. A size of 0 says that the modality was not extracted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Pieces of equal length that a recording is cut into.
    pub segments: usize,
    /// Frames kept of each segment.
    pub per_segment: usize,
    /// Width and height of a frame in pixels.
    pub side: usize,
    /// Audio features of a segment.
    pub audio: usize,
    /// Length of the text vector.
    pub text: usize,
}

impl Shape {
    /// Bytes of one candidate's frames.
    pub fn frame_bytes(&self) -> usize {
        self.segments * self.per_segment * self.side * self.side * 3
    }

    fn audio_start(&self) -> usize {
        (4 + self.found()).next_multiple_of(4)
    }

    fn found(&self) -> usize {
        if self.side == 0 { 0 } else { self.segments * self.per_segment }
    }

    /// Bytes of a record before its text vector.
    pub fn text_start(&self) -> usize {
        self.audio_start() + 4 * self.segments * self.audio
    }

    /// Bytes of a record before its frames.
    pub fn frames_start(&self) -> usize {
        self.text_start() + 4 * self.text
    }

    /// Bytes from one record to the next.
    pub fn stride(&self) -> usize {
        (self.frames_start() + self.frame_bytes()).next_multiple_of(ALIGNMENT)
    }

    /// Whether a record of these sizes holds something and is no larger than 1 GiB. Sizes out of a file are asked first: the others of
    /// these methods multiply them.
    pub fn is_plausible(&self) -> bool {
        let sizes = [self.segments, self.per_segment, self.side, self.audio, self.text];
        // Up to this bound no product of sizes leaves 128 bits.
        if sizes.iter().any(|&size| size > 1 << 16) {
            return false;
        }
        let [segments, per_segment, side, audio, text] = sizes.map(|size| size as u128);
        let bytes = segments * per_segment * (1 + side * side * 3) + 4 * (segments * audio + text);
        let something = side > 0 || audio > 0 || text > 0;
        something && segments > 0 && (per_segment > 0 || side == 0) && bytes <= RECORD_LIMIT
    }
}

/// One kind of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Modality {
    /// Frames of the face.
    Video,
    /// Features of the voice.
    Audio,
    /// The vector of the words.
    Text,
}

impl Modality {
    /// All of them, in the order of a record.
    pub const ALL: [Modality; 3] = [Modality::Video, Modality::Audio, Modality::Text];

    /// Its name in recipes and reports.
    pub fn name(self) -> &'static str {
        match self {
            Modality::Video => "video",
            Modality::Audio => "audio",
            Modality::Text => "text",
        }
    }

    fn bit(self) -> u32 {
        match self {
            Modality::Video => 1,
            Modality::Audio => 2,
            Modality::Text => 4,
        }
    }
}

/// The tensors of one candidate. What could not be had is `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recording {
    /// Frames `[segments, per_segment, side, side, 3]`, and for each frame whether it holds a face.
    pub video: Option<(Vec<u8>, Vec<bool>)>,
    /// Audio features `[segments, audio]`.
    pub audio: Option<Vec<f32>>,
    /// Text vector.
    pub text: Option<Vec<f32>>,
}

impl Recording {
    /// The record's bytes; an error names the tensor that does not fit the shape or holds a number that is not finite.
    pub fn to_bytes(&self, shape: &Shape) -> Result<Vec<u8>, RowsError> {
        let mut bytes = vec![0; shape.stride()];
        let mut presence = 0;
        let misfit = |what: &str, found: usize, wanted: usize| {
            Err(RowsError::BadRecordings {
                path: String::new(),
                problem: format!("{what} has {found} values where the shape asks for {wanted}"),
            })
        };
        if let Some((frames, found)) = &self.video {
            if frames.len() != shape.frame_bytes() || found.len() != shape.found() {
                return misfit("the video", frames.len(), shape.frame_bytes());
            }
            presence |= Modality::Video.bit();
            for (byte, &found) in bytes[4..].iter_mut().zip(found) {
                *byte = u8::from(found);
            }
            bytes[shape.frames_start()..shape.frames_start() + frames.len()].copy_from_slice(frames);
        }
        let numbers = [
            (Modality::Audio, &self.audio, shape.audio_start(), shape.segments * shape.audio),
            (Modality::Text, &self.text, shape.text_start(), shape.text),
        ];
        for (modality, values, start, length) in numbers {
            let Some(values) = values else { continue };
            if values.len() != length {
                return misfit(modality.name(), values.len(), length);
            }
            if values.iter().any(|value| !value.is_finite()) {
                let problem = format!("the {} features hold a number that is not finite", modality.name());
                return Err(RowsError::BadRecordings { path: String::new(), problem });
            }
            presence |= modality.bit();
            for (place, value) in bytes[start..start + 4 * length].chunks_exact_mut(4).zip(values) {
                place.copy_from_slice(&value.to_le_bytes());
            }
        }
        bytes[..4].copy_from_slice(&presence.to_le_bytes());
        Ok(bytes)
    }
}

/// A record as it was read: views into its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    shape: Shape,
    bytes: &'a [u8],
    /// Modalities that are to count as absent, as bits.
    hidden: u32,
}

impl<'a> Record<'a> {
    /// A view into a record's first bytes: all of them, or those before the frames.
    pub fn new(shape: Shape, bytes: &'a [u8]) -> Self {
        Record { shape, bytes, hidden: 0 }
    }

    /// The same as if it lacked a modality.
    #[must_use]
    pub fn without(self, modality: Modality) -> Self {
        Record { hidden: self.hidden | modality.bit(), ..self }
    }

    /// Whether a modality is there.
    pub fn has(&self, modality: Modality) -> bool {
        u32::from_le_bytes([self.bytes[0], self.bytes[1], self.bytes[2], self.bytes[3]]) & !self.hidden & modality.bit() != 0
    }

    /// Whether frame `frame` of segment `segment` holds a face.
    pub fn found(&self, segment: usize, frame: usize) -> bool {
        self.has(Modality::Video) && self.bytes[4 + segment * self.shape.per_segment + frame] != 0
    }

    /// A frame, `[side, side, 3]`.
    ///
    /// # Panics
    /// When the record was read without its frames.
    pub fn frame(&self, segment: usize, frame: usize) -> &'a [u8] {
        let size = self.shape.side * self.shape.side * 3;
        let start = self.shape.frames_start() + (segment * self.shape.per_segment + frame) * size;
        &self.bytes[start..start + size]
    }

    /// Audio features `[segments, audio]`.
    pub fn audio(&self) -> impl Iterator<Item = f32> + use<'a> {
        numbers(&self.bytes[self.shape.audio_start()..self.shape.text_start()])
    }

    /// Text vector.
    pub fn text(&self) -> impl Iterator<Item = f32> + use<'a> {
        numbers(&self.bytes[self.shape.text_start()..self.shape.frames_start()])
    }

    /// A copy that owns its tensors.
    pub fn to_recording(&self) -> Recording {
        let shape = &self.shape;
        Recording {
            video: self.has(Modality::Video).then(|| {
                let frames = self.bytes[shape.frames_start()..shape.frames_start() + shape.frame_bytes()].to_vec();
                (frames, self.bytes[4..4 + shape.found()].iter().map(|&byte| byte != 0).collect())
            }),
            audio: self.has(Modality::Audio).then(|| self.audio().collect()),
            text: self.has(Modality::Text).then(|| self.text().collect()),
        }
    }
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = f32> + use<'_> {
    bytes.chunks_exact(4).map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]]))
}

/// Where records lie.
pub trait RecordSource: Debug + Send + Sync {
    /// Sizes of a record.
    fn shape(&self) -> Shape;

    /// Number of records.
    fn len(&self) -> usize;

    /// True when there are no records.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// sha256 of the content; empty where nobody asked for it.
    fn digest(&self) -> &str;

    /// Reads one record's bytes into a buffer that is used again and again.
    fn read<'a>(&self, record: usize, buffer: &'a mut Vec<u8>) -> Result<Record<'a>, RowsError>;

    /// The same without the frames, which are nearly all of a record: it comes back as one that has no video.
    fn read_without_frames<'a>(&self, record: usize, buffer: &'a mut Vec<u8>) -> Result<Record<'a>, RowsError>;

    /// Which modalities a record has, in the order of [`Modality::ALL`].
    fn presence(&self, record: usize) -> Result<[bool; 3], RowsError>;
}

/// The recordings of a data set's rows.
#[derive(Debug, Clone)]
pub struct Recordings {
    store: Arc<dyn RecordSource>,
    /// Record of each row.
    records: Vec<u32>,
    hidden: u32,
}

impl PartialEq for Recordings {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.store, &other.store) && self.records == other.records && self.hidden == other.hidden
    }
}

impl Recordings {
    /// The rows' recordings: `records` names a record of the store for each row.
    ///
    /// # Panics
    /// When a row names a record that is not there.
    pub fn new(store: Arc<dyn RecordSource>, records: Vec<u32>) -> Self {
        assert!(records.iter().all(|&record| (record as usize) < store.len()), "every row has a record");
        Recordings { store, records, hidden: 0 }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// True when there are no rows.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Sizes of a record.
    pub fn shape(&self) -> Shape {
        self.store.shape()
    }

    /// The record of each row.
    pub fn records(&self) -> &[u32] {
        &self.records
    }

    /// Number of records that rows can name, and the sha256 of them all (empty for a file that was opened without one): what these
    /// recordings are, in few bytes.
    pub fn origin(&self) -> (usize, &str) {
        (self.store.len(), self.store.digest())
    }

    /// Reads a row's record.
    pub fn read<'a>(&self, row: usize, buffer: &'a mut Vec<u8>) -> Result<Record<'a>, RowsError> {
        let record = self.store.read(self.records[row] as usize, buffer)?;
        Ok(Record { hidden: self.hidden, ..record })
    }

    /// Reads a row's record without its frames ([`RecordSource::read_without_frames`]).
    pub fn read_without_frames<'a>(&self, row: usize, buffer: &'a mut Vec<u8>) -> Result<Record<'a>, RowsError> {
        let record = self.store.read_without_frames(self.records[row] as usize, buffer)?;
        Ok(Record { hidden: self.hidden | record.hidden, ..record })
    }

    /// Which modalities a row has, in the order of [`Modality::ALL`]; reads four bytes.
    pub fn presence(&self, row: usize) -> Result<[bool; 3], RowsError> {
        let present = self.store.presence(self.records[row] as usize)?;
        Ok(Modality::ALL.map(|modality| present[modality as usize] && self.hidden & modality.bit() == 0))
    }

    /// The chosen rows in the chosen order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        Recordings { store: Arc::clone(&self.store), records: rows.iter().map(|&row| self.records[row]).collect(), hidden: self.hidden }
    }

    /// The same rows as if they lacked a modality: what does a score rest on?
    #[must_use]
    pub fn without(&self, modality: Modality) -> Self {
        Recordings { hidden: self.hidden | modality.bit(), ..self.clone() }
    }

    /// Modalities that the records may hold.
    pub fn modalities(&self) -> Vec<Modality> {
        let shape = self.shape();
        let sizes = [(Modality::Video, shape.side), (Modality::Audio, shape.audio), (Modality::Text, shape.text)];
        sizes.into_iter().filter(|(modality, size)| *size > 0 && self.hidden & modality.bit() == 0).map(|(modality, _)| modality).collect()
    }
}
