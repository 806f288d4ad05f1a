//! Integration tests of the data crate.
#![allow(clippy::unwrap_used, reason = "a broken test ends at once")]

mod fetch;
