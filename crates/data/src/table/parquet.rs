//! Parquet files to arrow columns: the row groups are read side by side, and only the wanted columns.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt64Type};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_cast::{can_cast_types, cast};
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rayon::prelude::*;

use crate::DataError;

/// Rows that are decoded at once.
const BATCH_ROWS: usize = 8192;

/// A Parquet file whose columns are known.
#[derive(Debug)]
pub(crate) struct ParquetFile<'a> {
    path: &'a Path,
    file: String,
    names: Vec<String>,
    row_groups: usize,
}

impl<'a> ParquetFile<'a> {
    pub(crate) fn open(path: &'a Path) -> Result<Self, DataError> {
        let file = path.display().to_string();
        let builder = builder(path, &file)?;
        let names: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
        if let Some((_, name)) = names.iter().enumerate().find(|(position, name)| names[..*position].contains(name)) {
            return Err(DataError::DuplicateColumn { file, column: name.clone() });
        }
        let row_groups = builder.metadata().num_row_groups();
        Ok(ParquetFile { path, file, names, row_groups })
    }

    /// Names of the columns.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of row groups, the parts a file can be read in.
    pub(crate) fn row_groups(&self) -> usize {
        self.row_groups
    }

    /// The wanted columns in the wanted order, as text or `f64` arrays in batches of consecutive rows.
    pub(crate) fn read(&self, wanted: &[String]) -> Result<Vec<Vec<ArrayRef>>, DataError> {
        let groups: Result<Vec<_>, DataError> = (0..self.row_groups).into_par_iter().map(|group| self.read_group(wanted, group)).collect();
        Ok(groups?.into_iter().flatten().collect())
    }

    /// The same for one row group.
    pub(crate) fn read_group(&self, wanted: &[String], group: usize) -> Result<Vec<Vec<ArrayRef>>, DataError> {
        let mut positions = wanted
            .iter()
            .map(|name| {
                let position = self.names.iter().position(|column| column == name);
                position.ok_or_else(|| DataError::missing_column(&self.file, name, &self.names))
            })
            .collect::<Result<Vec<usize>, _>>()?;
        let broken = |reason: String| DataError::NotParquet { file: self.file.clone(), reason };
        let builder = builder(self.path, &self.file)?;
        positions.sort_unstable();
        positions.dedup();
        let mask = ProjectionMask::roots(builder.parquet_schema(), positions.iter().copied());
        let reader = builder
            .with_row_groups(vec![group])
            .with_projection(mask)
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|error| broken(error.to_string()))?;
        let mut batches = Vec::new();
        for batch in reader {
            let batch = batch.map_err(|error| broken(error.to_string()))?;
            if batch.num_rows() > 0 {
                batches.push(wanted.iter().map(|name| column(&batch, name)).collect::<Result<Vec<_>, _>>()?);
            }
        }
        Ok(batches)
    }
}

fn builder(path: &Path, file: &str) -> Result<ParquetRecordBatchReaderBuilder<File>, DataError> {
    let open = File::open(path).map_err(|error| DataError::Read { path: file.to_owned(), source: error })?;
    ParquetRecordBatchReaderBuilder::try_new(open)
        .map_err(|error| DataError::NotParquet { file: file.to_owned(), reason: error.to_string() })
}

/// Whether whole numbers are too long for `f64`: they are ids, and two of them must not become one.
fn holds_long_ids(array: &ArrayRef) -> bool {
    const EXACT: i64 = 1 << 53;
    match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().iter().flatten().any(|number| !(-EXACT..=EXACT).contains(&number)),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().iter().flatten().any(|number| number > EXACT as u64),
        _ => false,
    }
}

/// Numbers become `f64`, everything else text: the two kinds that the roles know.
fn column(batch: &RecordBatch, name: &str) -> Result<ArrayRef, DataError> {
    let unreadable = |kind: &DataType| DataError::BadColumn {
        column: name.to_owned(),
        reason: format!("its Parquet type {kind} is neither a number nor a text; convert it, or leave the column out"),
    };
    let array = batch
        .column_by_name(name)
        .ok_or_else(|| DataError::BadColumn { column: name.to_owned(), reason: "the reader did not return it".to_owned() })?;
    let value_type = match array.data_type() {
        DataType::Dictionary(_, values) => values.as_ref(),
        other => other,
    };
    let numeric = (value_type.is_numeric() || matches!(value_type, DataType::Null)) && !holds_long_ids(array);
    let target = if numeric { DataType::Float64 } else { DataType::Utf8 };
    if value_type.is_nested() || !can_cast_types(array.data_type(), &target) {
        return Err(unreadable(array.data_type()));
    }
    if *array.data_type() == target {
        return Ok(Arc::clone(array));
    }
    cast(array, &target).map_err(|_| unreadable(array.data_type()))
}
