//! Integration tests of the rerank crate.
#![allow(clippy::unwrap_used, reason = "a broken test ends at once")]

mod det;
mod lists;
