//! Integration tests of the crate: one binary, one module a topic.

mod corpus;
mod training;
