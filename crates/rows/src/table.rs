//! Columns of numbers and categories, before any column has a role: what a synthesiser learns from and makes.

use sha2::{Digest as _, Sha256};

use crate::{MISSING, RowsError};

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
        /// A code per row, [`MISSING`] where missing.
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

impl Form {
    /// The nearest number that can be written in this form. A number that was read from a file stays what it is.
    pub fn round(self, value: f64) -> f64 {
        /// Decimals beyond which a double has no digit left to round.
        const EXACT_DECIMALS: usize = 15;
        match self {
            // The sum turns -0 into 0.
            Form::Integer | Form::Date => value.round() + 0.0,
            Form::Real { decimals } if decimals < EXACT_DECIMALS => {
                let scale = 10_f64.powi(decimals as i32);
                let scaled = value * scale;
                // Above 2^53 a double has no fraction of a unit that could be cut.
                if scaled.abs() < 9.0e15 { scaled.round() / scale + 0.0 } else { value }
            }
            Form::Real { .. } => value,
        }
    }
}

impl Cells {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Cells::Numbers { values, .. } => values.len(),
            Cells::Categories { codes, .. } => codes.len(),
        }
    }

    /// True when there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the value of a row is missing.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Cells::Numbers { values, .. } => values[row].is_nan(),
            Cells::Categories { codes, .. } => codes[row] == MISSING,
        }
    }

    fn select(&self, rows: &[usize]) -> Self {
        match self {
            Cells::Numbers { form, values } => Cells::Numbers { form: *form, values: rows.iter().map(|&row| values[row]).collect() },
            Cells::Categories { levels, codes } => {
                Cells::Categories { levels: levels.clone(), codes: rows.iter().map(|&row| codes[row]).collect() }
            }
        }
    }
}

impl Table {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.cells.len())
    }

    /// Position of the column of this name, or an error that names those there are.
    pub fn position(&self, name: &str) -> Result<usize, RowsError> {
        let names: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
        names.iter().position(|known| known == name).ok_or_else(|| RowsError::missing_column("the table", name, &names))
    }

    /// sha256 of names, forms, levels and every value, to tell tables apart; a missing number has one form.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        // With its length before it, no text runs into the next.
        let text = |hash: &mut Sha256, text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        for column in &self.columns {
            text(&mut hash, &column.name);
            match &column.cells {
                Cells::Numbers { form, values } => {
                    text(&mut hash, &format!("{form:?}"));
                    hash.update((values.len() as u64).to_le_bytes());
                    for value in values {
                        hash.update((if value.is_nan() { f64::NAN } else { *value }).to_le_bytes());
                    }
                }
                Cells::Categories { levels, codes } => {
                    text(&mut hash, &format!("{} categories", levels.len()));
                    for level in levels {
                        text(&mut hash, level);
                    }
                    hash.update((codes.len() as u64).to_le_bytes());
                    for code in codes {
                        hash.update(code.to_le_bytes());
                    }
                }
            }
        }
        crate::digest::hexadecimal(hash)
    }

    /// The chosen rows in the chosen order; a row may be chosen more than once.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let select = |column: &Column| Column { name: column.name.clone(), cells: column.cells.select(rows) };
        Table { columns: self.columns.iter().map(select).collect() }
    }
}
