//! The command as a user types it.

mod bad_inputs;
mod command;
mod everyday;
