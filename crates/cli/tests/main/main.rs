//! The command as a user types it.

#![allow(clippy::unwrap_used, missing_docs)]

mod bad_inputs;
mod cases;
mod command;
mod everyday;
mod exports;
mod figures;
mod forms;
mod gates;
mod guide;
#[cfg(target_os = "linux")]
mod harness;
mod init;
mod interviews;
mod law;
mod published;
mod questions;
mod slips;
