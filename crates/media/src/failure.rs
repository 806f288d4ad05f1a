//! Why one recording cannot be used, as a fact that is kept with the candidate.
//!
//! A failure never ends a run: the candidate is reported as not scored, with the reason. What the machine is to blame for is no failure
//! of a recording and ends the run ([`StepError`]). Ids are stable, so that lists of two runs can be compared. The detail quotes what a program said about an untrusted file: control characters are gone from it, but it is
//! still text of a stranger and must be escaped wherever it is shown in HTML.

use std::fmt;

use crate::MediaError;

/// Declares the reasons once: variant, id, sentence.
macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident, $id:literal, $sentence:literal;)+) => {
        /// Why a recording cannot be used.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $variant,)+
        }

        impl Reason {
            /// Every reason, in the order of the checks.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Stable id, as stored.
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)+ }
            }

            /// One sentence for the person who sent the recording in or handles it.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)+ }
            }
        }
    };
}

reasons! {
    /// No file of that name, or it cannot be opened.
    NoSuchFile, "no-such-file", "The file does not exist or cannot be opened: check its name and its access rights.";
    /// Length zero.
    EmptyFile, "empty-file", "The file has no content: ask for it again.";
    /// Nothing a demultiplexer understands.
    NotARecording, "not-a-recording", "The file is not a video or sound recording, or its beginning is damaged: ask for it again.";
    /// The index at the end of the file is missing, or no picture and no sound follow the header.
    IncompleteUpload, "incomplete-upload", "The file ends too early, as after an upload that was cut off: ask for it again.";
    /// A container outside the whitelist.
    FormatRefused, "format-refused", "The file is of a kind that is not accepted: send MP4, MOV, MKV or WebM.";
    /// A codec outside the whitelist.
    CodecRefused, "codec-refused", "The pictures or the sound are coded in a way that is not accepted: send H.264, HEVC, VP8, VP9 or AV1 with AAC, Opus, Vorbis or MP3.";
    /// Protected by a key that we have not got.
    Encrypted, "encrypted", "The recording is encrypted: send a copy without protection.";
    /// More bytes than the limit.
    TooLarge, "too-large", "The file has more bytes than the limit: send a shorter or smaller recording, or raise the limit.";
    /// More seconds or frames than the limit.
    TooLong, "too-long", "The recording is longer than the limit: cut it, or raise the limit.";
    /// A side longer than the limit.
    TooManyPixels, "too-many-pixels", "The pictures are larger than the limit: send a smaller recording, or raise the limit.";
    /// Pictures were asked for, and there are none.
    NoVideo, "no-video", "The recording has no pictures.";
    /// Sound was asked for, and there is none.
    NoAudio, "no-audio", "The recording has no sound.";
    /// The decoder gave nothing.
    DecodeFailed, "decode-failed", "The recording could not be decoded: play it, and convert it to MP4 or ask for it again.";
    /// Wall-clock or processor time.
    TimeLimit, "time-limit", "Decoding took longer than the limit and was stopped: convert the recording, or raise the limit.";
    /// Memory.
    MemoryLimit, "memory-limit", "Decoding needed more memory than the limit and was stopped: send a smaller recording, or raise the limit.";
    /// A link, a pipe or a device.
    NotAFile, "not-a-file", "The path leads to a link, a pipe or a device: name the file itself.";
    /// A picture of the folder cannot be read.
    BadPictures, "bad-pictures", "A picture of the folder cannot be read: give whole PNG or JPEG files, in the order of their names.";
    /// Boxes are looked up by time, and nothing says how fast the pictures follow each other.
    NoTimes, "no-times", "The times of the pictures are not known: set `frames_per_second`, or correct the sound that they go with.";
    /// The WAV file cannot be read.
    BadSound, "bad-sound", "The sound file cannot be read: give a whole WAV file with one or two channels.";
    /// Not enough sound for the features.
    TooShort, "too-short", "The sound is too short for its features.";
    /// Pictures, and no face in any of them.
    NoFace, "no-face", "No face was found in any of the frames.";
    /// Faces in too few segments.
    FaceFloor, "face-floor", "A face was found in too few segments of the recording: check that the camera shows the candidate.";
    /// No words came with the recording, and no recogniser was named.
    NoTranscript, "no-transcript", "There is no transcript, and no recogniser was named.";
    /// The transcript's file cannot be read.
    BadTranscript, "bad-transcript", "The transcript cannot be read: correct it, or leave it out.";
    /// The recogniser gave nothing.
    RecogniserFailed, "recogniser-failed", "The speech recogniser gave no transcript: run its command by hand on the recording.";
    /// No words.
    TranscriptEmpty, "transcript-empty", "The transcript holds no words.";
    /// Fewer words a minute than the limit.
    TooFewWords, "too-few-words", "The transcript has too few words for the length of the recording.";
    /// More words a minute than the limit.
    TooManyWords, "too-many-words", "The transcript has too many words for the length of the recording.";
    /// The recogniser was not sure.
    LowConfidence, "low-confidence", "The recogniser was not sure of the transcript.";
    /// Nothing that the encoder knows.
    NoTokens, "no-tokens", "The transcript holds nothing that the text encoder can read.";
    /// No pictures, no sound, no words.
    NothingFound, "nothing-found", "Nothing that can be scored was found: no face, no sound and no words.";
    /// A detector or encoder failed on this recording.
    ModelFailed, "model-failed", "A model failed on this recording: see the detail.";
}

impl Reason {
    /// The reason of an id, where it is one.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.id() == id)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.id())
    }
}

/// One recording that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind.
    pub reason: Reason,
    /// What was found, with figures; may be empty. Free of control characters, not of markup.
    pub detail: String,
}

impl Failure {
    /// A failure with its detail.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.reason.sentence())?;
        if self.detail.is_empty() { Ok(()) } else { write!(out, " ({})", self.detail) }
    }
}

impl std::error::Error for Failure {}

/// Why a step of a recording gave no result.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// This recording cannot be used; others can.
    #[error(transparent)]
    Recording(#[from] Failure),
    /// The machine cannot go on (no room for temporary files, a program that is gone). Kept as a fact it would condemn this recording
    /// and all that come after it.
    #[error(transparent)]
    Machine(MediaError),
}
