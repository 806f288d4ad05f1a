//! Integration tests of the report crate, one module a subject.

#![allow(clippy::unwrap_used)]

mod audited;
mod html;
mod measures;
mod sample;
mod summary;
mod text;
mod view;
