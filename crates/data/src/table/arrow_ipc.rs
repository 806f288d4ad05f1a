//! Arrow files (Feather, version 2) and Arrow streams to columns.
//!
//! Compressed buffers say themselves how long they will be, and the reader believes them; so the sum of what they say is looked at before
//! anything is unfolded.

use std::io::Cursor;

use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::ArrowError;
use evenhand_catalog::limits::{COLUMNS, check_typed};

use super::raw::Part;
use super::typed;
use crate::DataError;

/// An Arrow file whose columns are known.
#[derive(Debug)]
pub(crate) struct ArrowFile<'a> {
    file: String,
    bytes: &'a [u8],
    stream: bool,
    names: Vec<String>,
}

impl<'a> ArrowFile<'a> {
    /// `stream`: the batches stand one after the other, without an index at the end.
    pub(crate) fn open(file: &str, bytes: &'a [u8], stream: bool) -> Result<Self, DataError> {
        let mut arrow = ArrowFile { file: file.to_owned(), bytes, stream, names: Vec::new() };
        let schema = arrow.guarded(|| {
            let unfolded = if stream { unfolded_bytes_of_stream(bytes) } else { unfolded_bytes(bytes) };
            let unfolded = unfolded.ok_or_else(|| ArrowError::IpcError("its index or one of its messages is broken".to_owned()))?;
            check_typed(unfolded, bytes.len() as u64).map_err(|limit| ArrowError::IpcError(limit.to_string()))?;
            if stream {
                Ok(StreamReader::try_new(Cursor::new(bytes), None)?.schema())
            } else {
                Ok(FileReader::try_new(Cursor::new(bytes), None)?.schema())
            }
        })?;
        arrow.names = schema.fields().iter().map(|field| field.name().clone()).collect();
        DataError::within(file, COLUMNS, arrow.names.len() as u64)?;
        super::refuse_equal_names(file, &arrow.names)?;
        Ok(arrow)
    }

    /// Names of the columns.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The wanted columns in the wanted order, in parts of consecutive rows.
    pub(crate) fn read(&self, wanted: &[String]) -> Result<Vec<Part>, DataError> {
        if let Some(name) = wanted.iter().find(|name| !self.names.contains(name)) {
            return Err(DataError::missing_column(&self.file, name, &self.names));
        }
        let batches = self.batches(&|name| wanted.contains(name))?;
        let unfolded = batches.iter().flat_map(RecordBatch::columns).map(typed::unfolded_bytes).fold(0, usize::saturating_add);
        check_typed(unfolded as u64, self.bytes.len() as u64).map_err(|limit| DataError::Beyond { file: self.file.clone(), limit })?;
        let mut empty: Vec<Vec<usize>> = batches.iter().map(typed::rows_without_value).collect();
        if empty.iter().any(|rows| !rows.is_empty()) && self.names.iter().any(|name| !wanted.contains(name)) {
            // The columns that are not wanted may hold something.
            empty = self.batches(&|_| true)?.iter().map(typed::rows_without_value).collect();
        }
        batches.iter().zip(empty).map(|(batch, empty)| typed::part(batch, wanted, "Arrow", &empty)).collect()
    }

    fn batches(&self, wanted: &dyn Fn(&String) -> bool) -> Result<Vec<RecordBatch>, DataError> {
        let positions: Vec<usize> = (0..self.names.len()).filter(|&position| wanted(&self.names[position])).collect();
        let filled = |batch: &Result<RecordBatch, ArrowError>| batch.as_ref().map_or(true, |batch| batch.num_rows() > 0);
        self.guarded(|| {
            if self.stream {
                StreamReader::try_new(Cursor::new(self.bytes), Some(positions))?.filter(filled).collect()
            } else {
                FileReader::try_new(Cursor::new(self.bytes), Some(positions))?.filter(filled).collect()
            }
        })
    }

    fn guarded<T>(&self, read: impl FnOnce() -> Result<T, ArrowError>) -> Result<T, DataError> {
        let reason = match typed::without_panic(read) {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error.to_string(),
            Err(reason) => reason,
        };
        Err(DataError::NotTable { file: self.file.clone(), kind: "Arrow", reason: format!("{reason}; write it again") })
    }
}

/// Bytes that the buffers of an Arrow file say they unfold to, those that are not packed included.
fn unfolded_bytes(bytes: &[u8]) -> Option<u64> {
    let length = bytes.len().checked_sub(10)?;
    let footer_length = u32::from_le_bytes(*bytes[length..].first_chunk()?) as usize;
    let footer = arrow_ipc::root_as_footer(&bytes[length.checked_sub(footer_length)?..length]).ok()?;
    let blocks = footer.recordBatches().into_iter().flatten().chain(footer.dictionaries().into_iter().flatten());
    let mut sum = 0_u64;
    for block in blocks {
        let start = usize::try_from(block.offset()).ok()?;
        let body = start.checked_add(usize::try_from(block.metaDataLength()).ok()?)?;
        let message = bytes.get(start..body)?;
        let message = message.strip_prefix(&CONTINUES).unwrap_or(message).get(4..)?;
        sum = sum.saturating_add(said(&arrow_ipc::root_as_message(message).ok()?, bytes.get(body..)?)?);
    }
    Some(sum)
}

/// What stands before each message of a stream.
const CONTINUES: [u8; 4] = [0xFF; 4];

/// The same of a stream, whose messages stand one after the other.
fn unfolded_bytes_of_stream(mut bytes: &[u8]) -> Option<u64> {
    let mut sum = 0_u64;
    while !bytes.is_empty() {
        let rest = bytes.strip_prefix(&CONTINUES).unwrap_or(bytes);
        let length = u32::from_le_bytes(*rest.first_chunk()?) as usize;
        if length == 0 {
            break;
        }
        let message = arrow_ipc::root_as_message(rest.get(4..)?.get(..length)?).ok()?;
        let body = &rest[4 + length..];
        let own = body.get(..usize::try_from(message.bodyLength()).ok()?)?;
        sum = sum.saturating_add(said(&message, own)?);
        bytes = &body[own.len()..];
    }
    Some(sum)
}

/// Bytes that the buffers of a message say they unfold to; `None` where they lie outside of what follows it.
fn said(message: &arrow_ipc::Message<'_>, body: &[u8]) -> Option<u64> {
    let Some(batch) = message.header_as_record_batch().or_else(|| message.header_as_dictionary_batch().and_then(|batch| batch.data()))
    else {
        return Some(0);
    };
    let packed = batch.compression().is_some();
    let mut sum = 0_u64;
    for buffer in batch.buffers().into_iter().flatten() {
        let held = u64::try_from(buffer.length()).ok()?;
        let says = if packed && held >= 8 {
            let at = usize::try_from(buffer.offset()).ok()?;
            // -1 says that this buffer is not packed.
            u64::try_from(i64::from_le_bytes(*body.get(at..)?.first_chunk()?)).unwrap_or(held)
        } else {
            held
        };
        sum = sum.saturating_add(says);
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray};
    use arrow_ipc::CompressionType;
    use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};

    use super::super::raw::Cells;
    use super::*;

    fn batch() -> RecordBatch {
        let ids = Arc::new(Int64Array::from(vec![Some(1), Some(2), None])) as ArrayRef;
        let groups = Arc::new(StringArray::from(vec![Some("f"), None, None])) as ArrayRef;
        let scores = Arc::new(Float64Array::from(vec![Some(0.5), Some(1.0), None])) as ArrayRef;
        RecordBatch::try_from_iter([("id", ids), ("group", groups), ("score", scores)]).unwrap()
    }

    fn file(compression: Option<CompressionType>) -> Vec<u8> {
        let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
        let mut writer = FileWriter::try_new_with_options(Vec::new(), &batch().schema(), options).unwrap();
        writer.write(&batch()).unwrap();
        writer.finish().unwrap();
        writer.into_inner().unwrap()
    }

    #[test]
    fn files_and_streams_are_read_however_they_are_packed() {
        let mut stream = StreamWriter::try_new(Vec::new(), &batch().schema()).unwrap();
        stream.write(&batch()).unwrap();
        let stream = stream.into_inner().unwrap();
        let files = [None, Some(CompressionType::LZ4_FRAME), Some(CompressionType::ZSTD)].map(|packed| (file(packed), false));
        for (bytes, is_stream) in files.into_iter().chain([(stream, true)]) {
            let arrow = ArrowFile::open("x.feather", &bytes, is_stream).unwrap();
            assert_eq!(arrow.names(), ["id", "group", "score"]);
            let parts = arrow.read(&["score".to_owned(), "group".to_owned()]).unwrap();
            let Cells::Number(scores) = &parts[0].columns[0] else { panic!() };
            assert_eq!(scores.values(), &[0.5, 1.0]);
            assert_eq!(parts[0].kept, Some(vec![0, 1]), "the last row is empty in every column");
        }
    }

    #[test]
    fn broken_files_and_promises_of_much_are_refused() {
        let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD)).unwrap();
        let mut stream = StreamWriter::try_new_with_options(Vec::new(), &batch().schema(), options).unwrap();
        stream.write(&batch()).unwrap();
        let stream = stream.into_inner().unwrap();
        assert!(unfolded_bytes_of_stream(&stream).unwrap() < 1000);
        let mut refused = 0;
        for at in (0..stream.len() - 8).step_by(8) {
            let mut bytes = stream.clone();
            bytes[at..at + 8].copy_from_slice(&(1_i64 << 40).to_le_bytes());
            let read = ArrowFile::open("x.feather", &bytes, true).and_then(|arrow| arrow.read(&["score".to_owned()]).map(|_| ()));
            refused += usize::from(read.is_err_and(|error| error.to_string().contains("the limit `unpacked-bytes`")));
        }
        assert!(refused > 0);
        let whole = file(Some(CompressionType::ZSTD));
        for cut in [7, 100, whole.len() - 3] {
            let told = ArrowFile::open("x.feather", &whole[..cut], false).unwrap_err().to_string();
            assert!(told.contains("cannot be read as Arrow"), "{told}");
        }
        // Every place where a length of a buffer may stand says a lot.
        let mut refused = 0;
        for at in (0..whole.len() - 8).step_by(8) {
            let mut bytes = whole.clone();
            bytes[at..at + 8].copy_from_slice(&(1_i64 << 40).to_le_bytes());
            match ArrowFile::open("x.feather", &bytes, false).and_then(|arrow| arrow.read(&["score".to_owned()]).map(|_| ())) {
                Ok(()) => {}
                Err(error) => refused += usize::from(error.to_string().contains("the limit `unpacked-bytes`")),
            }
        }
        assert!(refused > 0);
    }
}
