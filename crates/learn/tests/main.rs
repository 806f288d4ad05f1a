//! Integration tests of the crate: one binary, one module a topic.

#![allow(clippy::unwrap_used)]

mod alone;
mod corpus;
mod every;
mod hooks;
mod interview;
mod networks;
mod refusals;
mod sealed;
mod training;
