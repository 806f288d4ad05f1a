//! Integration tests of the experiment crate, one module a subject.

#![allow(clippy::unwrap_used)]

mod analyses;
mod docs;
mod extraction;
mod fits;
mod models;
mod offered;
mod places;
mod recipes;
#[path = "../../report/tests/sample.rs"]
#[allow(dead_code, reason = "these tests need some of the made-up reports")]
mod sample;
