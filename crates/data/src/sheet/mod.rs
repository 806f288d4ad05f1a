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

use crate::table::{Batch, Look, RawTable};
use arrow_array::{ArrayRef, Float64Array, StringArray};
pub use evenhand_rows::table::{Cells, Column, Form, Table};

use crate::{DataError, Dataset, FileDigest, Schema};

pub use dates::{DateStyle, Order};
pub use numbers::Notation;
pub use read::{ReadOptions, Reading, read};

/// Gives the columns of a table their roles, as for a file: what a model of gate 2 learns from. `name` is the data set's.
pub fn dataset(table: &Table, name: &str, schema: &Schema) -> Result<Dataset, DataError> {
    if table.rows() == 0 {
        return Err(DataError::NoRows { file: name.to_owned() });
    }
    let columns: Vec<ArrayRef> = table
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
    let raw = RawTable {
        files: vec![name.to_owned()],
        digests: Vec::new(),
        names: table.columns.iter().map(|column| column.name.clone()).collect(),
        batches: vec![Batch::new(0, 0, &columns)],
        notes: Vec::new(),
        look: Look::default(),
    };
    crate::table::dataset(raw, schema, name.to_owned(), "table")
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
