//! Integration tests of the audit crate, one module a subject.

#![allow(clippy::unwrap_used)]

mod docs;
mod extraction;
mod faircv;
mod fits;
mod html;
mod measures;
mod recipes;
mod sample;
mod view;
