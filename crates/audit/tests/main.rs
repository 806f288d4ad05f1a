//! Integration tests of the audit crate, one module a subject.

mod html;
mod sample;
mod view;
