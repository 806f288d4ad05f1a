//! Integration tests of the rebalance crate.
#![allow(clippy::unwrap_used, reason = "a broken test ends at once")]

mod balanced;
mod candidates;
mod contract;
mod ctgan;
mod gaussian_copula;
mod independence;
mod oversampling;
mod quality;
mod rejection_sampling;
mod score_histogram;
mod synthesisers;
mod tables;
