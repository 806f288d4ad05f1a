//! From a transcript to one vector per candidate.
//!
//! ```text
//! transcript -> pieces (wordpiece) -> chunks -> BERT (bert) -> one vector a chunk (pooling) -> mean over chunks -> vector
//! transcript -> words and letter groups -> signed hashing (hashed) -> vector
//! ```
//!
//! An encoder is frozen: its vector is computed once and stored, training never runs it. A transcript without a single token has no
//! vector (`None`); the caller treats its text as missing. Everything runs on the calling thread, so that candidates can run beside
//! each other.

pub mod bert;
mod files;
pub mod hashed;
pub mod pooling;
pub mod wordpiece;

use std::fmt::Debug;

use crate::MediaError;

/// Most values of a vector: what a file of recordings holds.
pub(crate) const MOST_WIDTH: usize = 1 << 16;

/// One transcript as a vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// As many finite values as the encoder's width.
    pub vector: Vec<f32>,
    /// Tokens of the transcript, without the special tokens around each chunk: word pieces, or words where the encoder counts words.
    pub tokens: usize,
    /// Parts that the transcript was cut into.
    pub chunks: usize,
    /// How many of the tokens the vocabulary does not hold; a large share says that the encoder does not know the language.
    pub unknown: usize,
}

/// Turns a transcript into a vector of fixed width.
pub trait TextEncoder: Debug + Send + Sync {
    /// Short name for recipes and records.
    fn id(&self) -> &'static str;

    /// Values in each vector.
    fn width(&self) -> usize;

    /// What a record needs to repeat the result: files by name and sha256, never a path of this machine.
    fn settings(&self) -> serde_json::Value;

    /// The vector of a transcript; `None` where it holds no token at all.
    fn encode(&self, text: &str) -> Result<Option<Encoded>, MediaError>;
}
