//! Recipe to run to report; the only crate that joins the others.

pub mod html;
mod lookup;
mod numbers;
pub mod report;
pub mod view;

pub use report::{FORMAT, Report, ReportKind};
