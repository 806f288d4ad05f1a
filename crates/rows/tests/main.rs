//! Tests of the crate as its users see it.
#![allow(clippy::unwrap_used, reason = "a broken test ends at once")]

mod encoder;
mod splits;
