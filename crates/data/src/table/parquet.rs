//! Parquet files to arrow columns: the row groups are read side by side, and only the wanted columns.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::reader::ChunkReader;
use rayon::prelude::*;

use super::content::Origin;
use super::raw::Part;
use super::typed;
use crate::DataError;

/// Rows that are decoded at once.
const BATCH_ROWS: usize = 8192;
/// Bytes of decoded columns of which no ratio to the file is asked.
const FREE_BYTES: usize = 256 << 20;
/// Bytes of decoded columns for a byte of the file; repeated values are packed well, but a file holds more than them.
const MOST_RATIO: usize = 5000;

/// Where the bytes are.
#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    Held(Bytes),
}

/// A Parquet file whose columns are known.
#[derive(Debug)]
pub(crate) struct ParquetFile {
    place: Place,
    file: String,
    /// Bytes of the file.
    size: usize,
    metadata: ArrowReaderMetadata,
    names: Vec<String>,
}

impl ParquetFile {
    pub(crate) fn open(origin: &Origin, file: &str) -> Result<Self, DataError> {
        let place = match origin {
            Origin::File(path) | Origin::Gzip(path) => Place::File(path.clone()),
            Origin::Held(bytes) => Place::Held(Bytes::from_owner(Owned(Arc::clone(bytes)))),
        };
        let (size, metadata) = match &place {
            Place::File(path) => {
                let open = open(path, file)?;
                let size = open.metadata().map_or(0, |metadata| metadata.len()) as usize;
                (size, metadata_of(&open, file)?)
            }
            Place::Held(bytes) => (bytes.len(), metadata_of(bytes, file)?),
        };
        let names: Vec<String> = metadata.schema().fields().iter().map(|field| field.name().clone()).collect();
        super::refuse_equal_names(file, &names)?;
        Ok(ParquetFile { place, file: file.to_owned(), size, metadata, names })
    }

    /// Names of the columns.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of row groups, the parts a file can be read in.
    pub(crate) fn row_groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// The wanted columns in the wanted order, in parts of consecutive rows.
    pub(crate) fn read(&self, wanted: &[String]) -> Result<Vec<Part>, DataError> {
        let groups: Result<Vec<_>, DataError> =
            (0..self.row_groups()).into_par_iter().map(|group| self.read_group(wanted, group)).collect();
        Ok(groups?.into_iter().flatten().collect())
    }

    /// The same for one row group.
    pub(crate) fn read_group(&self, wanted: &[String], group: usize) -> Result<Vec<Part>, DataError> {
        if let Some(name) = wanted.iter().find(|name| !self.names.contains(name)) {
            return Err(DataError::missing_column(&self.file, name, &self.names));
        }
        let batches = self.batches(|name| wanted.contains(name), group)?;
        let mut empty: Vec<Vec<usize>> = batches.iter().map(typed::rows_without_value).collect();
        if empty.iter().any(|rows| !rows.is_empty()) && self.names.iter().any(|name| !wanted.contains(name)) {
            // The columns that are not wanted may hold something.
            let whole = self.batches(|_| true, group)?;
            empty = whole.iter().map(typed::rows_without_value).collect();
        }
        batches.iter().zip(empty).map(|(batch, empty)| typed::part(batch, wanted, "Parquet", &empty)).collect()
    }

    fn batches(&self, wanted: impl Fn(&String) -> bool, group: usize) -> Result<Vec<RecordBatch>, DataError> {
        let positions = (0..self.names.len()).filter(|&position| wanted(&self.names[position]));
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), positions);
        // The reader panics on some damaged pages instead of refusing them.
        let read = || match &self.place {
            Place::File(path) => self.decode(open(path, &self.file)?, mask, group),
            Place::Held(bytes) => self.decode(bytes.clone(), mask, group),
        };
        typed::without_panic(read).unwrap_or_else(|reason| Err(self.broken(reason)))
    }

    fn decode<R: ChunkReader + 'static>(&self, bytes: R, mask: ProjectionMask, group: usize) -> Result<Vec<RecordBatch>, DataError> {
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, self.metadata.clone())
            .with_row_groups(vec![group])
            .with_projection(mask)
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|error| self.broken(error.to_string()))?;
        let mut batches = Vec::new();
        let mut decoded = 0;
        for batch in reader {
            let batch = batch.map_err(|error| self.broken(error.to_string()))?;
            decoded += batch.columns().iter().map(Array::get_array_memory_size).sum::<usize>();
            if decoded > FREE_BYTES && decoded / MOST_RATIO > self.size {
                return Err(self.broken(format!("it unfolds to more than {MOST_RATIO} times its size, as no table does")));
            }
            if batch.num_rows() > 0 {
                batches.push(batch);
            }
        }
        Ok(batches)
    }

    fn broken(&self, reason: String) -> DataError {
        broken(&self.file, reason)
    }
}

/// Bytes that are shared with other readers.
struct Owned(Arc<Vec<u8>>);

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn open(path: &std::path::Path, file: &str) -> Result<File, DataError> {
    File::open(path).map_err(|error| DataError::Read { path: file.to_owned(), source: error })
}

fn metadata_of(bytes: &impl ChunkReader, file: &str) -> Result<ArrowReaderMetadata, DataError> {
    typed::without_panic(|| ArrowReaderMetadata::load(bytes, ArrowReaderOptions::new()))
        .unwrap_or_else(|reason| Err(parquet::errors::ParquetError::General(reason)))
        .map_err(|error| broken(file, error.to_string()))
}

fn broken(file: &str, reason: String) -> DataError {
    DataError::NotParquet { file: file.to_owned(), reason }
}
