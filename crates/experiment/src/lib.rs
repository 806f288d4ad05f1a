//! From a recipe to its report.
//!
//! A [`Recipe`] says what is done; [`compare`] runs its grid, a cell a method, seed and fold, and joins the report. A run may keep its [`model::Model`],
//! which scores rows in memory or in files. [`registry`] holds the cards of everything that a recipe may name, [`extraction`] reads
//! what an extraction of interviews found. The faces (the command line, later a server and Python) translate to and from the functions here and hold no formula.

pub mod analyses;
mod error;
pub mod extraction;
mod files;
pub mod fitting;
pub mod grid;
pub mod inputs;
mod learners;
pub mod model;
pub mod proposal;
pub mod recipe;
pub mod registry;
mod steps;
mod training_rows;
pub mod write;

pub use evenhand_media as media;

use evenhand_audit::{evidence, settings};
use evenhand_report::{self as report, lookup, numbers};

pub use error::ExperimentError;
pub use files::{Form, LAW_FILES, LawFiles, Written, pictures, read_report, refuse_law_strangers, write_law, write_report};
pub use grid::{Observer, Options, Silent, compare};
pub use learners::Learners;
pub use recipe::{Recipe, keys};
use training_rows::{training_rows, versions};

/// The program texts of the guide, compiled and run as tests.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../../docs/guide/crates.md")]
    mod crates {}
}
