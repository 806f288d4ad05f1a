//! The report as plain tables and as CSV.

pub mod extraction;
pub mod listing;
pub mod making;
pub mod measures;
pub mod tables;

pub use tables::Table;
