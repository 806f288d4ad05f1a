//! The recordings of one batch, side by side in memory: frames stay bytes until the network's first layer reads them.

use evenhand_rows::recordings::{Modality, Recordings, Shape};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::LearnError;

/// The recordings of a batch's rows. What belongs to a modality that was not asked for is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Sizes of a record.
    pub shape: Shape,
    /// Number of rows.
    pub rows: usize,
    /// One frame of each segment, RGB: `[rows, segments, side, side, 3]`.
    pub frames: Vec<u8>,
    /// Whether the frame holds a face: `[rows, segments]`. A row without video has none.
    pub found: Vec<bool>,
    /// Audio features `[rows, segments, audio]`, zeros where absent.
    pub audio: Vec<f32>,
    /// Whether a row has audio.
    pub has_audio: Vec<bool>,
    /// Text vectors `[rows, text]`, zeros where absent.
    pub text: Vec<f32>,
    /// Whether a row has text.
    pub has_text: Vec<bool>,
}

impl Recorded {
    /// Reads these modalities of some rows. Where a segment has several frames with a face, `draw` picks one of them; without it the
    /// first is taken, so that one recording always gets one score.
    pub fn gather(
        recordings: &Recordings,
        rows: &[usize],
        modalities: &[Modality],
        mut draw: Option<&mut ChaCha8Rng>,
    ) -> Result<Self, LearnError> {
        let shape = recordings.shape();
        let frame_bytes = shape.side * shape.side * 3;
        let [video, audio, text] = Modality::ALL.map(|modality| modalities.contains(&modality));
        let segments = if video && shape.side > 0 { shape.segments } else { 0 };
        let mut recorded = Recorded {
            shape,
            rows: rows.len(),
            frames: vec![0; rows.len() * segments * frame_bytes],
            found: vec![false; rows.len() * segments],
            audio: Vec::new(),
            has_audio: Vec::new(),
            text: Vec::new(),
            has_text: Vec::new(),
        };
        let mut buffer = Vec::new();
        for (place, &row) in rows.iter().enumerate() {
            if row == usize::MAX {
                return Err(LearnError::Unsupported {
                    objective: "this".to_owned(),
                    need: "rows that it makes up itself".to_owned(),
                    model: "a network of recordings".to_owned(),
                    remedy: "take another objective, or train on a table".to_owned(),
                });
            }
            let record =
                if segments > 0 { recordings.read(row, &mut buffer)? } else { recordings.read_without_frames(row, &mut buffer)? };
            for segment in 0..segments {
                let faces: Vec<usize> = (0..shape.per_segment).filter(|&frame| record.found(segment, frame)).collect();
                // The draw does not depend on what was found, so that one unreadable frame does not change every later draw.
                let position = draw.as_deref_mut().map_or(0, |rng| rng.random_range(0..shape.per_segment));
                let Some(&frame) = faces.get(position % faces.len().max(1)) else { continue };
                let slot = place * segments + segment;
                recorded.found[slot] = true;
                recorded.frames[slot * frame_bytes..(slot + 1) * frame_bytes].copy_from_slice(record.frame(segment, frame));
            }
            if audio {
                recorded.audio.extend(record.audio());
                recorded.has_audio.push(record.has(Modality::Audio));
            }
            if text {
                recorded.text.extend(record.text());
                recorded.has_text.push(record.has(Modality::Text));
            }
        }
        Ok(recorded)
    }
}
