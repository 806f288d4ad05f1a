//! Integration tests of the audit crate, one module a subject.

#![allow(clippy::unwrap_used)]

mod faircv;
