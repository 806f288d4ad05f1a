//! Integration tests of the crate, one binary.

#![allow(clippy::unwrap_used)]

mod contract;
mod intervals;
mod mistakes;
mod oracle;
mod properties;
mod ranking_contract;
mod ranking_oracle;
mod ranking_properties;
mod ranks;
mod significance;
mod tally;
mod tally_bytes;
