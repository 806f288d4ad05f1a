//! Integration tests of the rebalance crate.
#![allow(clippy::unwrap_used, reason = "a broken test ends at once")]

mod contract;
mod ctgan;
mod independence;
mod oversampling;
mod score_histogram;
mod tables;
