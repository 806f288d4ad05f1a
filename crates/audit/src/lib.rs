//! Recipe to run to report; the only crate that joins the others.
//!
//! The faces (the command line, later a server and Python) translate to and from the functions here and hold no formula.

pub mod analyses;
pub mod balancing;
mod curves;
mod error;
mod evidence;
pub mod extraction;
pub mod keys;
mod lock;
pub mod model;
mod readings;
pub mod recipe;
pub mod registry;
pub mod run;
pub mod scores;
pub mod settings;
pub mod shortlists;
pub mod synthetic;
pub mod tilting;
mod versions;
pub mod write;

pub use evenhand_catalog as catalog;
pub use evenhand_data::fetch;
pub use evenhand_data::loaders::first_impressions;
pub use evenhand_media as media;

use evenhand_report::{self as report, FORMAT, lookup, numbers};

pub use error::AuditError;
pub use recipe::Recipe;
pub use run::{Observer, Options, Silent, compare, write_report};
pub use scores::{AuditSettings, AuditStream, audit};
