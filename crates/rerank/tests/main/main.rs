//! Integration tests of the rerank crate.
#![allow(clippy::unwrap_used, reason = "a broken test ends at once")]

mod contract;
mod det;
mod exposure;
mod fa_ir;
mod kept;
mod lists;
mod oracle;
mod plain;
mod reference;
mod repairs;
