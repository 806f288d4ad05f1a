//! Integration tests of the experiment crate, one module a subject.

#![allow(clippy::unwrap_used)]

mod docs;
mod fits;
mod recipes;
