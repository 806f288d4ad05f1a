//! Integration tests of the audit crate, one module a subject.

mod docs;
mod html;
mod sample;
mod view;
