//! Integration tests of the crate, one binary.

mod contract;
mod intervals;
mod mistakes;
mod oracle;
mod properties;
mod tally;
