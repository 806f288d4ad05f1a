//! The report as plain tables, as CSV, and as text for other documents.

pub mod extraction;
pub mod law;
pub mod listing;
pub mod making;
pub mod measures;
pub mod selected;
pub mod strata;
pub mod tables;
mod text;

pub use tables::Table;
pub use text::{latex, markdown};
