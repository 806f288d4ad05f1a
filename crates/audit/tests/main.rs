//! Integration tests of the audit crate, one module a subject.

#![allow(clippy::unwrap_used)]

mod analyses;
mod docs;
mod extraction;
mod faircv;
mod fits;
mod places;
mod recipes;
#[path = "../../report/tests/sample.rs"]
#[allow(dead_code, reason = "these tests need some of the made-up reports")]
mod sample;
mod scores;
mod tilting;
