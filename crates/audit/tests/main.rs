//! Integration tests of the audit crate, one module a subject.

#![allow(clippy::unwrap_used)]

mod extraction;
mod faircv;
mod html;
mod measures;
mod sample;
mod view;
