//! Pictures and sound of untrusted recordings, decoded by ffprobe and ffmpeg in a sandbox.
//!
//! ```text
//! probe    container, tracks, time of every frame (nothing decoded): ordinary recordings by our own reader, all others by ffprobe
//! draw     30 time segments, one frame each                        (segments)
//! frames   one decoding pass that hands out just these frames, scaled down
//! audio    mono, 16 kHz, aligned with the pictures
//! ```
//!
//! Decoders of compressed video are large C programs, and a recording comes from a stranger: they run as processes of their own,
//! with whitelists of protocols, formats and codecs, and with the limits of [`Limits`] enforced by the operating system.
//! What stands between a hostile file and this machine is listed by [`Decoder::defences`].

mod audio;
mod colour;
mod decoder;
mod diagnosis;
mod frames;
mod limits;
mod probe;
mod protection;
mod reader;
mod sandbox;
pub mod segments;

pub use decoder::Decoder;
pub use frames::{Decoded, Shown, Wanted};
pub use limits::Limits;
pub use probe::{AudioTrack, Probe, VideoTrack};
pub(crate) use sandbox::end_with_parent;
