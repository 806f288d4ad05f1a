//! The report: what an audit, a comparison, a ranking or a balancing found, as one document, and the ways to look at it.
//!
//! [`Report`] is the document and is all that is kept; [`document`] holds its parts. [`lookup`] finds numbers in it, [`limits`] judges them, and the views only
//! read it: [`views`] makes plain tables and CSV, [`html`] one page that needs no script and no network. Nothing here computes a metric, reads a file or
//! knows where the rows came from.

pub mod averages;
pub mod cards;
pub mod document;
pub mod dominance;
mod error;
pub mod html;
pub mod limits;
pub mod lookup;
pub mod marks;
pub mod naming;
pub mod narrow;
pub mod numbers;
pub mod price;
pub mod standings;
mod telling;
pub mod views;

pub use document::*;
pub use error::ReportError;
