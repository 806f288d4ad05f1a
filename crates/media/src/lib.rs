//! Interview recordings in, named tensors out.
//!
//! [`extract`] takes the candidates of a [`manifest`] through [`video`], [`face`], [`audio`], [`speech`] and [`text`] and writes a folder
//! that the loader `interviews` reads. Models and recogniser are the user's; nothing is downloaded. What was found of each candidate
//! stands in the folder's table, so that a pipeline that fails more often for one group can be seen.

pub mod audio;
mod error;
pub mod extract;
pub mod face;
mod failure;
mod group;
pub mod manifest;
pub mod picture;
pub mod speech;
pub mod text;
pub mod video;

pub use error::MediaError;
pub use failure::{Failure, Reason, StepError};
pub use picture::Picture;
