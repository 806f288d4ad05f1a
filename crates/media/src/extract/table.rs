//! The table of candidates as a Parquet file, whose bytes depend on nothing but its content.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use evenhand_data::whole::WholeFile;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::MediaError;

/// The values of a column, `None` where there is none.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// Words.
    Texts(Vec<Option<String>>),
    /// Whole numbers, to be written as such.
    Counts(Vec<Option<i64>>),
    /// Numbers; whole numbers come back as such too.
    Numbers(Vec<Option<f64>>),
}

/// Named columns of one length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    columns: Vec<(String, Cells)>,
}

impl Table {
    /// Adds a column at the end.
    pub(super) fn push(&mut self, name: &str, cells: Cells) {
        self.columns.push((name.to_owned(), cells));
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Cells> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, cells)| cells)
    }

    /// The column of this name as texts; numbers are written out.
    pub fn texts(&self, name: &str) -> Option<Vec<Option<String>>> {
        Some(match self.column(name)? {
            Cells::Texts(texts) => texts.clone(),
            Cells::Counts(counts) => counts.iter().map(|count| count.map(|count| count.to_string())).collect(),
            Cells::Numbers(numbers) => numbers.iter().map(|number| number.map(|number| number.to_string())).collect(),
        })
    }

    /// The text of one cell of a column of texts.
    pub(super) fn text(&self, name: &str, row: usize) -> Option<&str> {
        match self.column(name)? {
            Cells::Texts(texts) => texts.get(row)?.as_deref(),
            Cells::Counts(_) | Cells::Numbers(_) => None,
        }
    }

    /// The column of this name as numbers, where it holds some.
    pub fn numbers(&self, name: &str) -> Option<Vec<Option<f64>>> {
        match self.column(name)? {
            Cells::Numbers(numbers) => Some(numbers.clone()),
            Cells::Counts(counts) => Some(counts.iter().map(|count| count.map(|count| count as f64)).collect()),
            Cells::Texts(_) => None,
        }
    }

    /// Names of the columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, cells)| match cells {
            Cells::Texts(texts) => texts.len(),
            Cells::Counts(counts) => counts.len(),
            Cells::Numbers(numbers) => numbers.len(),
        })
    }

    /// Writes the table, private to this user: it holds what people said.
    pub(super) fn write(&self, path: &Path) -> Result<(), MediaError> {
        let failed = |error: String| MediaError::Io { action: "writing", path: path.to_owned(), source: std::io::Error::other(error) };
        let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = self
            .columns
            .iter()
            .map(|(name, cells)| {
                let (kind, array): (DataType, ArrayRef) = match cells {
                    Cells::Texts(texts) => (DataType::Utf8, Arc::new(texts.iter().map(Option::as_deref).collect::<StringArray>())),
                    Cells::Counts(counts) => (DataType::Int64, Arc::new(counts.iter().copied().collect::<Int64Array>())),
                    Cells::Numbers(numbers) => (DataType::Float64, Arc::new(numbers.iter().copied().collect::<Float64Array>())),
                };
                (Field::new(name, kind, true), array)
            })
            .unzip();
        let schema = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(|error| failed(error.to_string()))?;
        let properties = WriterProperties::builder().set_created_by("evenhand".to_owned()).set_compression(Compression::SNAPPY).build();
        let unwritten = |source| MediaError::Io { action: "writing", path: path.to_owned(), source };
        let file = WholeFile::create(path).map_err(unwritten)?;
        let mut writer = ArrowWriter::try_new(file, schema, Some(properties)).map_err(|error| failed(error.to_string()))?;
        writer.write(&batch).map_err(|error| failed(error.to_string()))?;
        let file = writer.into_inner().map_err(|error| failed(error.to_string()))?;
        file.finish().map_err(unwritten)
    }

    /// Reads a table that was written here.
    pub fn read(path: &Path) -> Result<Self, MediaError> {
        let bad = |problem: String| MediaError::BadFile {
            path: path.to_owned(),
            problem,
            remedy: "name a folder that `evenhand extract` finished, or extract again".to_owned(),
        };
        let file = File::open(path).map_err(|source| MediaError::Io { action: "reading", path: path.to_owned(), source })?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)
            .and_then(ParquetRecordBatchReaderBuilder::build)
            .map_err(|error| bad(format!("is no table of candidates ({error})")))?;
        let mut table = Table::default();
        for batch in reader {
            let batch = batch.map_err(|error| bad(format!("is damaged ({error})")))?;
            for (place, field) in batch.schema().fields().iter().enumerate() {
                let array = batch.column(place);
                let cells = match field.data_type() {
                    DataType::Utf8 => Cells::Texts(array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()),
                    DataType::Int64 => {
                        Cells::Numbers(array.as_primitive::<Int64Type>().iter().map(|count| count.map(|count| count as f64)).collect())
                    }
                    DataType::Float64 => Cells::Numbers(array.as_primitive::<Float64Type>().iter().collect()),
                    other => return Err(bad(format!("has a column `{}` of the type {other}", field.name()))),
                };
                match (table.columns.get_mut(place), cells) {
                    (None, cells) => table.columns.push((field.name().clone(), cells)),
                    (Some((_, Cells::Texts(known))), Cells::Texts(more)) => known.extend(more),
                    (Some((_, Cells::Numbers(known))), Cells::Numbers(more)) => known.extend(more),
                    _ => return Err(bad(format!("has a column `{}` of changing type", field.name()))),
                }
            }
        }
        Ok(table)
    }
}
