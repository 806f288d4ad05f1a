//! Questions about rows, asked as their users ask them.

#![allow(clippy::unwrap_used)]

mod asked;
mod faircv;
mod law;
mod pools;
mod scores;
mod tilting;
