//! The columns that an extraction adds to those of the manifest.

use evenhand_data::loaders::interviews::{RECORD, STATUS};
use serde::{Deserialize, Serialize};

/// A step of the extraction whose result is kept by itself, so that a changed setting re-does only what depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// What the recording holds.
    Source,
    /// Faces.
    Video,
    /// Features of the sound.
    Audio,
    /// What the recogniser heard.
    Speech,
    /// The vector of the words.
    Text,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Stage; 5] = [Stage::Source, Stage::Video, Stage::Audio, Stage::Speech, Stage::Text];

    /// Its name in digests and columns.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Source => "source",
            Stage::Video => "video",
            Stage::Audio => "audio",
            Stage::Speech => "speech",
            Stage::Text => "text",
        }
    }

    /// The column that says why it gave nothing.
    pub fn reason(self) -> &'static str {
        match self {
            Stage::Source => "source_reason",
            Stage::Video => "video_reason",
            Stage::Audio => "audio_reason",
            Stage::Speech => "speech_reason",
            Stage::Text => "text_reason",
        }
    }

    /// The column with what was found out about it.
    pub fn detail(self) -> &'static str {
        match self {
            Stage::Source => "source_detail",
            Stage::Video => "video_detail",
            Stage::Audio => "audio_detail",
            Stage::Speech => "speech_detail",
            Stage::Text => "text_detail",
        }
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// A whole number.
    Count,
    /// A number.
    Number,
}

/// One column of facts.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// The step that fills it.
    pub stage: Stage,
    /// What it holds.
    pub kind: Kind,
    /// What it says.
    pub about: &'static str,
}

const fn column(name: &'static str, stage: Stage, kind: Kind, about: &'static str) -> Column {
    Column { name, stage, kind, about }
}

/// More about a status.
pub const STATUS_DETAIL: &str = "status_detail";
/// Digests of the steps, `step:digest` with blanks between them.
pub const DIGEST: &str = "digest";

/// The facts, in the order of the table.
pub const FACTS: &[Column] = &[
    column("source_reason", Stage::Source, Kind::Text, "why the recording cannot be used at all"),
    column("source_detail", Stage::Source, Kind::Text, "more about it"),
    column("seconds", Stage::Source, Kind::Number, "length of the recording"),
    column("width", Stage::Source, Kind::Count, "pixels a row of its pictures, as shown"),
    column("height", Stage::Source, Kind::Count, "rows of its pictures, as shown"),
    column("frames_in_recording", Stage::Source, Kind::Count, "pictures in the recording"),
    column("video_reason", Stage::Video, Kind::Text, "why there are no frames"),
    column("video_detail", Stage::Video, Kind::Text, "more about it"),
    column("frames_decoded", Stage::Video, Kind::Count, "frames that were asked for and decoded"),
    column("frames_filled", Stage::Video, Kind::Count, "frames that were asked for and replaced by a neighbour"),
    column("faces_found", Stage::Video, Kind::Count, "frames with a face of their own segment"),
    column("faces_found_share", Stage::Video, Kind::Number, "faces_found as a share of the frames kept"),
    column("several_faces", Stage::Video, Kind::Count, "frames with more than one face"),
    column("face_score", Stage::Video, Kind::Number, "mean score of the faces"),
    column("audio_reason", Stage::Audio, Kind::Text, "why there are no features of the sound"),
    column("audio_detail", Stage::Audio, Kind::Text, "more about it"),
    column("sound_seconds", Stage::Audio, Kind::Number, "length of the sound"),
    column("voiced_share", Stage::Audio, Kind::Number, "share of the sound that is not silent"),
    column("level_dbfs", Stage::Audio, Kind::Number, "level of the sound relative to full scale, in decibels"),
    column("speech_reason", Stage::Speech, Kind::Text, "why the recogniser gave no transcript"),
    column("speech_detail", Stage::Speech, Kind::Text, "more about it"),
    column("recognised", Stage::Speech, Kind::Text, "what the recogniser heard"),
    column("recognised_confidence", Stage::Speech, Kind::Number, "its mean confidence"),
    column("text_reason", Stage::Text, Kind::Text, "why there is no vector of the words"),
    column("text_detail", Stage::Text, Kind::Text, "more about it"),
    column("transcript_origin", Stage::Text, Kind::Text, "manifest, file or recogniser"),
    column("words", Stage::Text, Kind::Count, "words of the transcript"),
    column("words_per_minute", Stage::Text, Kind::Number, "words over the length of the recording"),
    column("transcript_confidence", Stage::Text, Kind::Number, "mean confidence of the transcript, where it is known"),
    column("tokens", Stage::Text, Kind::Count, "tokens of the encoder"),
    column("chunks", Stage::Text, Kind::Count, "parts that the transcript was cut into"),
    column("unknown_tokens", Stage::Text, Kind::Count, "tokens that the encoder does not know"),
];

/// The names of all columns that an extraction adds; a manifest may hold none of them.
pub fn added() -> Vec<&'static str> {
    [RECORD, STATUS, STATUS_DETAIL].into_iter().chain(FACTS.iter().map(|column| column.name)).chain([DIGEST]).collect()
}
