//! Synthetic rows: a method learns a table and makes rows like it.
//!
//! A [`Synthesiser`] is fitted on a [`Table`] and becomes a [`Generator`], which makes as many rows as asked for; with [`Condition`]s every
//! row made has the wanted categories.

use std::fmt;

use evenhand_catalog::Card;
use rand::Rng;

use crate::RebalanceError;

/// Columns of equal length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The columns, in the order of the file.
    pub columns: Vec<Column>,
}

/// A named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Values.
    pub cells: Cells,
}

/// Values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// Numbers, `NaN` where missing; dates are days since 1970-01-01.
    Numbers {
        /// How they are written.
        form: Form,
        /// A value per row.
        values: Vec<f64>,
    },
    /// Categories (a boolean is a category of two).
    Categories {
        /// Names.
        levels: Vec<String>,
        /// A code per row, [`evenhand_data::MISSING`] where missing.
        codes: Vec<u32>,
    },
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Without a fraction.
    Integer,
    /// With at most this many decimals.
    Real {
        /// Decimals.
        decimals: usize,
    },
    /// A day, as `2026-11-20`.
    Date,
}

/// A category that every row made must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// Position of the column in the table.
    pub column: usize,
    /// Code of the wanted category.
    pub level: u32,
}

/// How far fitting has come; whoever receives it may draw a bar, or ask to stop.
pub trait Watch: Sync {
    /// Called after every epoch (1 to `epochs`) with the losses so far. `false` stops the fit, which returns [`RebalanceError::Stopped`].
    fn epoch(&self, epoch: usize, epochs: usize, losses: &[(f64, f64)]) -> bool;
}

/// A method that learns tables.
pub trait Synthesiser: fmt::Debug + Send + Sync {
    /// What the method says of itself.
    fn card(&self) -> &'static Card;

    /// Learns a table.
    fn fit(&self, table: &Table, seed: u64, watch: &dyn Watch) -> Result<Box<dyn Generator>, RebalanceError>;
}

/// A fitted synthesiser.
pub trait Generator: fmt::Debug + Send + Sync {
    /// Makes rows that all meet the conditions; the same generator of random numbers gives the same rows.
    fn sample(&self, rows: usize, conditions: &[Condition], rng: &mut dyn Rng) -> Result<Table, RebalanceError>;
}
