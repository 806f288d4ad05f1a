//! Integration tests of the crate: one binary, one module a topic.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

#[path = "main/audio.rs"]
mod audio;
#[path = "main/clips.rs"]
mod clips;
#[cfg(target_os = "linux")]
#[path = "main/escapes.rs"]
mod escapes;
#[path = "main/extract.rs"]
mod extract;
#[path = "main/face.rs"]
mod face;
#[path = "main/keeping.rs"]
mod keeping;
#[path = "main/reader.rs"]
mod reader;
#[cfg(unix)]
#[path = "main/sandbox.rs"]
mod sandbox;
#[path = "main/segments.rs"]
mod segments;
#[path = "main/speech.rs"]
mod speech;
#[path = "main/text.rs"]
mod text;
#[path = "main/video.rs"]
mod video;
