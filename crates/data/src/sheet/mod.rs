//! A person's own file as a table of typed columns, before any column has a role; and back into a file of the same look.
//!
//! [`read`] finds out what each column holds (whole numbers, numbers with decimals, dates, categories, truth values as categories of
//! two) and how it is written: separator, decimal comma, grouping of thousands, order of day and month, the text that stands for
//! "missing". [`Sheet::to_csv`] writes any [`Table`] with the same columns in that way. Columns that tell persons apart (ids, names, free
//! text) are left out and named in [`Sheet::left_out`], for rows made from them would be nobody's or somebody's.
//!
//! For the same reason, in files of 50 rows and more, categories of texts that fewer than 5 rows hold are joined into one, `(other)`, and
//! noted; where more than half of a column's rows hold such a category, the column is left out. Columns whose reading the caller gives stay as
//! asked, and so do two whole numbers such as 0 and 1.
//!
//! All numbers of a file are taken to be written in one way. Between semicolons or tabs, where `1.234` may be either number, other columns
//! settle it (`0,5` does), whatever they are read as; where none does, a note says how it was read.

mod dates;
mod numbers;
mod read;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, StringArray};
use sha2::{Digest as _, Sha256};

use crate::table::{Batch, RawTable};
use crate::{DataError, Dataset, FileDigest, MISSING, Schema, digest};

pub use dates::{DateStyle, Order};
pub use numbers::Notation;
pub use read::{ReadOptions, Reading, read};

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
    pub fn position(&self, name: &str) -> Result<usize, DataError> {
        let names: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
        names.iter().position(|known| known == name).ok_or_else(|| DataError::missing_column("the table", name, &names))
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
        digest::hexadecimal(hash)
    }

    /// The chosen rows in the chosen order; a row may be chosen more than once.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let select = |column: &Column| Column { name: column.name.clone(), cells: column.cells.select(rows) };
        Table { columns: self.columns.iter().map(select).collect() }
    }

    /// Gives the columns their roles, as for a file: what a model of gate 2 learns from. `name` is the data set's.
    pub fn dataset(&self, name: &str, schema: &Schema) -> Result<Dataset, DataError> {
        if self.rows() == 0 {
            return Err(DataError::NoRows { file: name.to_owned() });
        }
        let columns: Vec<ArrayRef> = self
            .columns
            .iter()
            .map(|column| match &column.cells {
                Cells::Numbers { values, .. } => {
                    Arc::new(values.iter().map(|value| Some(*value).filter(|value| !value.is_nan())).collect::<Float64Array>()) as ArrayRef
                }
                Cells::Categories { levels, codes } => {
                    Arc::new(codes.iter().map(|&code| levels.get(code as usize)).collect::<StringArray>()) as ArrayRef
                }
            })
            .collect();
        let table = RawTable {
            files: vec![name.to_owned()],
            digests: Vec::new(),
            names: self.columns.iter().map(|column| column.name.clone()).collect(),
            batches: vec![Batch::new(0, 0, &columns)],
            notes: Vec::new(),
        };
        crate::table::dataset(table, schema, name.to_owned(), "table")
    }
}

/// A table as read, with its look.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// The columns that are kept.
    pub table: Table,
    /// How the file is written.
    pub layout: Layout,
    /// How each column of `table` is written.
    pub styles: Vec<Style>,
    /// The texts of columns that were asked for as they are written, by name; a typed file has none.
    pub texts: BTreeMap<String, Cells>,
    /// Columns that were left out.
    pub left_out: Vec<LeftOut>,
    /// What was skipped or taken as missing on the way in, in plain sentences.
    pub notes: Vec<String>,
    /// The files read.
    pub files: Vec<FileDigest>,
}

/// How a CSV file is written. A Parquet file counts as plain CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Separator of the fields.
    pub delimiter: u8,
    /// Whether the text begins with a byte order mark, by which Excel knows UTF-8.
    pub byte_order_mark: bool,
    /// Whether lines end with carriage return and line feed.
    pub carriage_return: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Layout { delimiter: b',', byte_order_mark: false, carriage_return: false }
    }
}

/// How a column is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// How its values are written.
    pub values: ValueStyle,
    /// What stands where a value is missing.
    pub missing: String,
}

/// How the values of a column are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueStyle {
    /// The names of the categories.
    Text,
    /// Numbers; all with the same number of decimals where `fixed`.
    Number {
        /// Signs of the decimals and of the thousands.
        notation: Notation,
        /// Whether closing zeros stand.
        fixed: bool,
    },
    /// Days.
    Date(DateStyle),
}

/// A column that is not in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name.
    pub column: String,
    /// Why, and how to keep it.
    pub reason: String,
}
