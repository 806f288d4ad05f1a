//! Recipe to run to report; the only crate that joins the others.

pub mod report;

pub use report::{FORMAT, Report, ReportKind};
