//! Synthetic rows: a method learns a table and makes rows like it.
//!
//! A [`Synthesiser`] is fitted on a [`Table`] and becomes a [`Generator`], which makes as many rows as asked for; with [`Condition`]s every
//! row made has the wanted categories.

use std::fmt;

use evenhand_catalog::{Card, Entry};
use rand::Rng;

use crate::{RebalanceError, ctgan};

/// Every synthesiser, in the order of display.
pub const SYNTHESISERS: &[Entry<dyn Synthesiser>] = &[ctgan::ENTRY];

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
    /// `losses` are the critic's and the generator's of every epoch, where the method has both.
    fn epoch(&self, epoch: usize, epochs: usize, losses: &[(f64, f64)]) -> bool;

    /// The bytes that [`Watch::keep`] was given last for this fit, to go on from there. A method without epochs does not ask.
    fn kept(&self) -> Option<Vec<u8>> {
        None
    }

    /// Called after [`Watch::epoch`]: `state` makes bytes from which the same fit can go on. `ends`: no other epoch follows, because the fit
    /// is finished or was asked to stop.
    fn keep(&self, ends: bool, state: &dyn Fn() -> Vec<u8>) {
        let _ = (ends, state);
    }
}

/// A method that learns tables.
pub trait Synthesiser: fmt::Debug + Send + Sync {
    /// What the method says of itself.
    fn card(&self) -> &'static Card;

    /// Learns a table.
    fn fit(&self, table: &Table, seed: u64, watch: &dyn Watch) -> Result<Box<dyn Generator>, RebalanceError>;

    /// The generator that [`Generator::save`] wrote.
    fn restore(&self, bytes: &[u8]) -> Result<Box<dyn Generator>, RebalanceError> {
        let _ = bytes;
        Err(RebalanceError::ForeignState { method: self.card().id, reason: "this method does not keep its generators; fit it again" })
    }
}

/// A fitted synthesiser.
pub trait Generator: fmt::Debug + Send + Sync {
    /// Makes rows that all meet the conditions; the same generator of random numbers gives the same rows.
    fn sample(&self, rows: usize, conditions: &[Condition], rng: &mut dyn Rng) -> Result<Table, RebalanceError>;

    /// Losses of every epoch (critic, generator); none where the method has no epochs.
    fn losses(&self) -> &[(f64, f64)] {
        &[]
    }

    /// The generator as bytes for [`Synthesiser::restore`]; `None` where the method does not keep its generators.
    fn save(&self) -> Option<Vec<u8>> {
        None
    }
}
