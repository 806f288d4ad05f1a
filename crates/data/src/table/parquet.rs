//! Parquet files to arrow columns: the row groups are read side by side, and only the wanted columns.

use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use evenhand_catalog::limits::{COLUMNS, check_typed};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::reader::ChunkReader;
use rayon::prelude::*;

use arrow_array::RecordBatch;

use super::HELD_COLUMNS;
use super::content::Origin;
use super::raw::Part;
use super::typed;
use crate::DataError;

/// Rows that are decoded at once.
const BATCH_ROWS: usize = 8192;

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
        DataError::within(file, COLUMNS, names.len() as u64)?;
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
        // All groups are held together.
        let rows: usize = (0..self.row_groups()).map(|group| self.rows_of(group)).fold(0, usize::saturating_add);
        self.refuse_bomb(rows.saturating_mul(8).saturating_mul(wanted.len()))?;
        let unfolded = Arc::new(AtomicUsize::new(0));
        let whole = |group: usize| {
            let mut open = OpenGroup { unfolded: Arc::clone(&unfolded), ..self.open_group(wanted, group)? };
            let mut parts = Vec::new();
            while let Some(next) = self.next_parts(&mut open, usize::MAX)? {
                parts.extend(next);
            }
            Ok(parts)
        };
        let groups: Result<Vec<Vec<Part>>, DataError> = (0..self.row_groups()).into_par_iter().map(whole).collect();
        Ok(groups?.into_iter().flatten().collect())
    }

    fn rows_of(&self, group: usize) -> usize {
        usize::try_from(self.metadata.metadata().row_group(group).num_rows()).unwrap_or(0)
    }

    /// Begins to read the wanted columns of one row group.
    pub(crate) fn open_group(&self, wanted: &[String], group: usize) -> Result<OpenGroup, DataError> {
        if let Some(name) = wanted.iter().find(|name| !self.names.contains(name)) {
            return Err(DataError::missing_column(&self.file, name, &self.names));
        }
        let rows = self.rows_of(group);
        // What the file says of itself is looked at first; it may say less than it holds.
        self.refuse_bomb(rows.saturating_mul(8).saturating_mul(wanted.len()))?;
        let reader = self.reader(|name| wanted.contains(name), group, None)?;
        Ok(OpenGroup { reader, wanted: wanted.to_vec(), group, row: 0, unfolded: Arc::default() })
    }

    /// The next rows of a row group, some more than `most` at once; `None` at its end.
    pub(crate) fn next_parts(&self, open: &mut OpenGroup, most: usize) -> Result<Option<Vec<Part>>, DataError> {
        let from = open.row;
        let mut batches = Vec::new();
        while open.row - from < most {
            // The reader panics on some damaged pages instead of refusing them.
            let Some(batch) = typed::without_panic(|| open.reader.next()).map_err(|reason| self.broken(reason))? else { break };
            let batch = batch.map_err(|error| self.broken(error.to_string()))?;
            let bytes = batch.columns().iter().map(typed::unfolded_bytes).sum::<usize>();
            self.refuse_bomb(open.unfolded.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes))?;
            open.row += batch.num_rows();
            if batch.num_rows() > 0 {
                batches.push(batch);
            }
        }
        if batches.is_empty() {
            return Ok(None);
        }
        let mut empty: Vec<Vec<usize>> = batches.iter().map(typed::rows_without_value).collect();
        if empty.iter().any(|rows| !rows.is_empty()) && self.names.iter().any(|name| !open.wanted.contains(name)) {
            // The columns that are not wanted may hold something.
            let others: Vec<String> = self.names.iter().filter(|name| !open.wanted.contains(name)).cloned().collect();
            for others in others.chunks(HELD_COLUMNS) {
                if empty.iter().all(Vec::is_empty) {
                    break;
                }
                let sizes: Vec<usize> = batches.iter().map(RecordBatch::num_rows).collect();
                let found = self.rows_without_any_value(others, open.group, from..open.row, &sizes)?;
                for (empty, found) in empty.iter_mut().zip(found) {
                    empty.retain(|row| found.binary_search(row).is_ok());
                }
            }
        }
        batches
            .iter()
            .zip(empty)
            .map(|(batch, empty)| typed::part(batch, &open.wanted, "Parquet", &empty))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// Of these rows of a row group, those without a value in these columns, batch by batch of these sizes.
    fn rows_without_any_value(
        &self,
        columns: &[String],
        group: usize,
        rows: Range<usize>,
        sizes: &[usize],
    ) -> Result<Vec<Vec<usize>>, DataError> {
        let mut reader = self.reader(|name| columns.contains(name), group, Some(rows))?;
        let (mut empty, mut unfolded) = (Vec::new(), 0);
        while let Some(batch) = typed::without_panic(|| reader.next()).map_err(|reason| self.broken(reason))? {
            let batch = batch.map_err(|error| self.broken(error.to_string()))?;
            unfolded += batch.columns().iter().map(typed::unfolded_bytes).sum::<usize>();
            self.refuse_bomb(unfolded)?;
            if batch.num_rows() > 0 {
                if sizes.get(empty.len()) != Some(&batch.num_rows()) {
                    return Err(self.broken("its columns do not have the same rows".to_owned()));
                }
                empty.push(typed::rows_without_value(&batch));
            }
        }
        if empty.len() == sizes.len() { Ok(empty) } else { Err(self.broken("its columns do not have the same rows".to_owned())) }
    }

    fn reader(
        &self,
        wanted: impl Fn(&String) -> bool,
        group: usize,
        rows: Option<Range<usize>>,
    ) -> Result<ParquetRecordBatchReader, DataError> {
        let positions = (0..self.names.len()).filter(|&position| wanted(&self.names[position]));
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), positions);
        let built = || match &self.place {
            Place::File(path) => self.built(open(path, &self.file)?, mask, group, rows),
            Place::Held(bytes) => self.built(bytes.clone(), mask, group, rows),
        };
        typed::without_panic(built).unwrap_or_else(|reason| Err(self.broken(reason)))
    }

    fn built<R: ChunkReader + 'static>(
        &self,
        bytes: R,
        mask: ProjectionMask,
        group: usize,
        rows: Option<Range<usize>>,
    ) -> Result<ParquetRecordBatchReader, DataError> {
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, self.metadata.clone())
            .with_row_groups(vec![group])
            .with_projection(mask)
            .with_batch_size(BATCH_ROWS);
        if let Some(rows) = rows {
            builder = builder.with_offset(rows.start).with_limit(rows.len());
        }
        builder.build().map_err(|error| self.broken(error.to_string()))
    }

    /// Refuses so much out of so little that it is no table.
    fn refuse_bomb(&self, unfolded: usize) -> Result<(), DataError> {
        check_typed(unfolded as u64, self.size as u64).map_err(|limit| DataError::Beyond { file: self.file.clone(), limit })
    }

    fn broken(&self, reason: String) -> DataError {
        broken(&self.file, reason)
    }
}

/// A row group on its way.
pub(crate) struct OpenGroup {
    reader: ParquetRecordBatchReader,
    wanted: Vec<String>,
    group: usize,
    /// Rows that were read.
    row: usize,
    /// Bytes that came out of the file so far.
    unfolded: Arc<AtomicUsize>,
}

impl fmt::Debug for OpenGroup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OpenGroup").field("group", &self.group).field("row", &self.row).finish_non_exhaustive()
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
    // Texts stay views of their pages until their lengths are known: a long text may stand in many rows and once in the file.
    let load = || {
        let found = ArrowReaderMetadata::load(bytes, ArrowReaderOptions::new())?;
        let fields = found.schema().fields().iter().map(|field| match field.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 => Field::new(field.name(), DataType::Utf8View, field.is_nullable()),
            DataType::Binary | DataType::LargeBinary => Field::new(field.name(), DataType::BinaryView, field.is_nullable()),
            _ => Field::clone(field),
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        ArrowReaderMetadata::try_new(Arc::clone(found.metadata()), ArrowReaderOptions::new().with_schema(schema))
    };
    typed::without_panic(load)
        .unwrap_or_else(|reason| Err(parquet::errors::ParquetError::General(reason)))
        .map_err(|error| broken(file, error.to_string()))
}

fn broken(file: &str, reason: String) -> DataError {
    DataError::NotParquet { file: file.to_owned(), reason }
}
