//! CSV text to arrow columns, in parallel and with errors that name the row.
//!
//! The text is cut at line ends outside quotes into pieces; each is decoded on its own thread, and only the wanted columns become arrays.
//! When a piece is refused, the rows are walked once more with the small scanner below, which is slow and knows the number of the row that is
//! at fault.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use csv_core::ReadRecordResult;
use evenhand_catalog::limits::{COLUMNS, ROW_BYTES};
use evenhand_rows::roles::words::visible;
use rayon::prelude::*;

use super::raw::{Cells, Part};
use crate::DataError;

/// Rows of a batch.
const BATCH_ROWS: usize = 8192;
/// Fields of a batch: each has a place, wanted or not.
const BATCH_FIELDS: usize = BATCH_ROWS * 256;
/// Bytes of a batch, after which the next begins: an array counts them with 32 bits.
const BATCH_BYTES: usize = 1 << 28;
/// Bytes of text below which cutting further does not pay.
const SMALLEST_PIECE: usize = 256 * 1024;

/// Where the names of the columns come from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Header<'a> {
    /// From the first line; a name that stands there twice is an error.
    FirstLine,
    /// From the first line; of columns with the same name the first is kept (a corpus known to repeat equal columns).
    FirstOfEqualNames,
    /// From the caller: the text begins with the first row.
    Given(&'a [&'a str]),
}

/// A CSV text whose header is known.
#[derive(Debug)]
pub(crate) struct CsvText<'a> {
    file: String,
    body: &'a [u8],
    delimiter: u8,
    /// All columns of the text by position; `None` for a repeated name that is left out.
    columns: Vec<Option<String>>,
}

impl<'a> CsvText<'a> {
    /// Finds the header of a text that begins with it, or has none.
    pub(crate) fn open(file: &str, bytes: &'a [u8], header: Header, delimiter: u8) -> Result<Self, DataError> {
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        if let Header::Given(names) = header {
            let columns = names.iter().map(|name| Some((*name).to_owned())).collect();
            return Ok(CsvText { file: file.to_owned(), body: text, delimiter, columns });
        }
        let first = Record::next(text, 0, delimiter).ok_or_else(|| DataError::EmptyFile { file: file.to_owned() })?;
        DataError::within(file, ROW_BYTES, (first.end - first.start) as u64)?;
        DataError::within(file, COLUMNS, first.fields as u64)?;
        let names = fields(&text[first.start..first.end], delimiter)
            .map_err(|()| DataError::NotUtf8 { file: file.to_owned(), place: "the header".to_owned() })?;
        let mut columns: Vec<Option<String>> = Vec::with_capacity(names.len());
        let mut known: HashSet<String> = HashSet::with_capacity(names.len());
        for (position, name) in names.iter().enumerate() {
            let name = visible(name.trim());
            let name = name.trim();
            // A nameless column is what spreadsheets and pandas write for a row number; it gets a name to be excluded by.
            let name = if name.is_empty() { format!("column {}", position + 1) } else { name.to_owned() };
            match (known.insert(name.clone()), header) {
                (false, Header::FirstOfEqualNames) => columns.push(None),
                (false, _) => return Err(DataError::DuplicateColumn { file: file.to_owned(), column: name }),
                (true, _) => columns.push(Some(name)),
            }
        }
        Ok(CsvText { file: file.to_owned(), body: &text[first.next..], delimiter, columns })
    }

    /// Names of the columns, repeated ones left out.
    pub(crate) fn names(&self) -> Vec<String> {
        self.columns.iter().flatten().cloned().collect()
    }

    /// Number of bytes up to the first row.
    pub(crate) fn header_bytes(&self, bytes: &[u8]) -> usize {
        bytes.len() - self.body.len()
    }

    /// The same header over other rows (the next part of a long file).
    pub(crate) fn with_body<'b>(&self, body: &'b [u8]) -> CsvText<'b> {
        CsvText { file: self.file.clone(), body, delimiter: self.delimiter, columns: self.columns.clone() }
    }

    /// Number of columns, repeated names included.
    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// The header alone.
    pub(super) fn without_body(&self) -> CsvText<'static> {
        CsvText { file: self.file.clone(), body: &[], delimiter: self.delimiter, columns: self.columns.clone() }
    }

    /// The wanted columns as [`CsvText::read`] gives them, without the rows whose fields are empty in every column of the file, as
    /// spreadsheets write them for empty lines.
    pub(super) fn read_filled(&self, wanted: &[String], rows_before: u64) -> Result<Vec<Part>, DataError> {
        let batches = self.read(wanted, rows_before)?;
        let candidates: Vec<Vec<usize>> = batches.par_iter().map(|batch| rows_without_value(batch)).collect();
        let mut empty = vec![Vec::new(); batches.len()];
        if candidates.iter().any(|rows| !rows.is_empty()) {
            // The columns that are not wanted may hold something: the row itself must be looked at.
            let mut at = 0;
            for ((batch, candidates), empty) in batches.iter().zip(&candidates).zip(&mut empty) {
                let rows = batch.first().map_or(0, Array::len);
                let mut wanted = candidates.iter().copied().peekable();
                for row in 0..rows {
                    let Some(record) = Record::next(self.body, at, self.delimiter) else { break };
                    at = record.next;
                    if wanted.next_if_eq(&row).is_some() && record.is_empty(self.body, self.delimiter) {
                        empty.push(row);
                    }
                }
            }
        }
        Ok(batches.iter().zip(empty).map(|(columns, empty)| Part::without(columns.iter().map(Cells::of).collect(), &empty)).collect())
    }

    /// The wanted columns in the wanted order, as text arrays in batches of consecutive rows. `rows_before` counts the rows of the
    /// file that stand before this text: it only serves messages.
    pub(crate) fn read(&self, wanted: &[String], rows_before: u64) -> Result<Vec<Vec<ArrayRef>>, DataError> {
        let places: HashMap<&str, usize> =
            self.columns.iter().enumerate().filter_map(|(position, column)| column.as_deref().map(|name| (name, position))).collect();
        let positions = wanted
            .iter()
            .map(|name| {
                let position = places.get(name.as_str()).copied();
                position.ok_or_else(|| DataError::missing_column(&self.file, name, &self.names()))
            })
            .collect::<Result<Vec<usize>, _>>()?;
        let pieces = self.pieces(rows_before)?;
        let decoded: Option<Vec<Vec<Vec<ArrayRef>>>> =
            pieces.into_par_iter().map(|piece| self.decode(&self.body[piece], &positions)).collect();
        match decoded {
            Some(batches) => Ok(batches.into_iter().flatten().collect()),
            None => Err(self.explain(rows_before)),
        }
    }

    /// The columns at these positions of whole records, in batches; an empty field is null. `None` when a record has another number of fields than
    /// the header, or is not UTF-8.
    fn decode(&self, mut text: &[u8], positions: &[usize]) -> Option<Vec<Vec<ArrayRef>>> {
        let width = self.columns.len();
        let most = (BATCH_FIELDS / width.max(1)).clamp(16, BATCH_ROWS) * width;
        let mut reader = csv_core::ReaderBuilder::new().delimiter(self.delimiter).build();
        let mut decoded = Decoded { fields: vec![0; (4 * text.len() / 3).clamp(64, BATCH_ROWS * 64)], ends: Vec::new() };
        let mut batches = Vec::new();
        // Bytes of the whole records, bytes of the one on its way, and its fields.
        let (mut whole, mut written, mut ended) = (0, 0, 0);
        let mut ends = vec![0; width + 1];
        loop {
            let (result, read, bytes, count) = reader.read_record(text, &mut decoded.fields[whole + written..], &mut ends[ended..]);
            text = &text[read..];
            (written, ended) = (written + bytes, ended + count);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if written as u64 > ROW_BYTES.most() => return None,
                ReadRecordResult::OutputFull => decoded.fields.resize(2 * decoded.fields.len(), 0),
                // More fields than columns.
                ReadRecordResult::OutputEndsFull => return None,
                ReadRecordResult::Record => {
                    if ended != width || written as u64 > ROW_BYTES.most() {
                        return None;
                    }
                    decoded.ends.extend(ends[..width].iter().map(|end| whole + end));
                    (whole, written, ended) = (whole + written, 0, 0);
                    if decoded.ends.len() == most || whole >= BATCH_BYTES {
                        batches.push(decoded.columns(whole, width, positions)?);
                        decoded.ends.clear();
                        whole = 0;
                    }
                }
                ReadRecordResult::End => break,
            }
        }
        if !decoded.ends.is_empty() {
            batches.push(decoded.columns(whole, width, positions)?);
        }
        Some(batches)
    }

    /// Ranges of whole records that cover the body.
    fn pieces(&self, rows_before: u64) -> Result<Vec<Range<usize>>, DataError> {
        let size = (self.body.len() / (8 * rayon::current_num_threads())).max(SMALLEST_PIECE);
        let mut pieces = Vec::new();
        let mut start = 0;
        if self.body.contains(&b'"') {
            // A line end inside quotes does not end a record, so the records must be walked.
            let mut at = 0;
            let mut row = rows_before;
            while let Some(record) = Record::next(self.body, at, self.delimiter) {
                row += 1;
                at = record.next;
                if record.unclosed {
                    let reason =
                        format!("the double quote that opens in data row {row} is never closed; close it, or double it if it is meant");
                    return Err(DataError::NotCsv { file: self.file.clone(), reason });
                }
                if at - start >= size {
                    pieces.push(start..at);
                    start = at;
                }
            }
        } else {
            while start + size < self.body.len() {
                let Some(end) = self.body[start + size..].iter().position(|&byte| byte == b'\n') else { break };
                pieces.push(start..start + size + end + 1);
                start += size + end + 1;
            }
        }
        if start < self.body.len() {
            pieces.push(start..self.body.len());
        }
        Ok(pieces)
    }

    /// Finds the row at which the decoding stopped.
    fn explain(&self, rows_before: u64) -> DataError {
        let expected = self.columns.len();
        let mut at = 0;
        let mut row = rows_before;
        while let Some(record) = Record::next(self.body, at, self.delimiter) {
            row += 1;
            at = record.next;
            if let Err(error) = within_a_row(&self.file, row, record.end - record.start) {
                return error;
            }
            if record.fields != expected {
                return DataError::RaggedRow { file: self.file.clone(), row, found: record.fields, expected };
            }
            if std::str::from_utf8(&self.body[record.start..record.end]).is_err() {
                return DataError::NotUtf8 { file: self.file.clone(), place: format!("data row {row}") };
            }
        }
        let reason = "some row cannot be told from the next; write quotes twice within a quoted field".to_owned();
        DataError::NotCsv { file: self.file.clone(), reason }
    }
}

/// Refuses a row that is too long.
pub(super) fn within_a_row(file: &str, row: u64, bytes: usize) -> Result<(), DataError> {
    ROW_BYTES.check(bytes as u64).map_err(|limit| DataError::NotCsv {
        file: file.to_owned(),
        reason: format!("data row {row}: a double quote is probably not closed: {limit}"),
    })
}

/// End of the last whole record of a part of a text, or `None` when no record ends in it. Line ends inside quotes do not count.
pub(crate) fn last_record_end(part: &[u8], delimiter: u8) -> Option<usize> {
    if !part.contains(&b'"') {
        let last = |end: u8| part.iter().rposition(|&byte| byte == end).map(|position| position + 1);
        return last(b'\n').or_else(|| last(b'\r'));
    }
    let mut at = 0;
    let mut end = None;
    while let Some(record) = Record::next(part, at, delimiter) {
        if record.next == part.len() && !part.ends_with(b"\n") && !part.ends_with(b"\r") || record.unclosed {
            break;
        }
        at = record.next;
        end = Some(at);
    }
    end
}

/// A record found by walking the bytes as the CSV rules say: a quote counts only at the beginning of a field, a doubled quote inside
/// quotes stands for itself, empty lines are skipped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) next: usize,
    pub(super) fields: usize,
    pub(super) unclosed: bool,
}

impl Record {
    /// Its fields without the blanks around them; bytes that are no UTF-8 become a sign for that.
    pub(super) fn texts(&self, text: &[u8], delimiter: u8) -> Vec<String> {
        raw_fields(&text[self.start..self.end], delimiter).iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect()
    }

    /// Whether all its fields are empty.
    pub(super) fn is_empty(&self, text: &[u8], delimiter: u8) -> bool {
        // Most rows say no with their first byte.
        let first = text[self.start];
        (first == delimiter || first == b'"' || first.is_ascii_whitespace()) && self.texts(text, delimiter).iter().all(String::is_empty)
    }

    pub(super) fn next(text: &[u8], from: usize, delimiter: u8) -> Option<Record> {
        let start = from + text[from..].iter().position(|byte| !matches!(byte, b'\r' | b'\n'))?;
        let (mut at, mut fields, mut quoted, mut field_begins) = (start, 1, false, true);
        while at < text.len() {
            let byte = text[at];
            if quoted {
                if byte == b'"' {
                    if text.get(at + 1) == Some(&b'"') {
                        at += 1;
                    } else {
                        quoted = false;
                    }
                }
            } else if byte == delimiter {
                fields += 1;
                field_begins = true;
                at += 1;
                continue;
            } else if byte == b'"' && field_begins {
                quoted = true;
            } else if matches!(byte, b'\r' | b'\n') {
                break;
            }
            field_begins = false;
            at += 1;
        }
        let next = if text.get(at) == Some(&b'\r') && text.get(at + 1) == Some(&b'\n') { at + 2 } else { (at + 1).min(text.len()) };
        Some(Record { start, end: at, next, fields, unclosed: quoted })
    }
}

/// Fields of whole records, one after another, and where each of them ends.
struct Decoded {
    fields: Vec<u8>,
    ends: Vec<usize>,
}

impl Decoded {
    /// The columns at these positions, among `width`.
    fn columns(&self, bytes: usize, width: usize, positions: &[usize]) -> Option<Vec<ArrayRef>> {
        let text = std::str::from_utf8(&self.fields[..bytes]).ok()?;
        let rows = self.ends.len() / width;
        let column = |&position: &usize| {
            let span = |row: usize| {
                let field = row * width + position;
                (if field == 0 { 0 } else { self.ends[field - 1] }, self.ends[field])
            };
            let size: usize = (0..rows).map(|row| span(row).1 - span(row).0).sum();
            // An array counts its bytes with 32 bits.
            i32::try_from(size).ok()?;
            let mut column = StringBuilder::with_capacity(rows, size);
            for row in 0..rows {
                let (start, end) = span(row);
                // A letter may not be cut in two by the end of a field.
                match text.get(start..end)? {
                    "" => column.append_null(),
                    field => column.append_value(field),
                }
            }
            Some(Arc::new(column.finish()) as ArrayRef)
        };
        positions.iter().map(column).collect()
    }
}

/// Rows without a value in any of the columns.
fn rows_without_value(columns: &[ArrayRef]) -> Vec<usize> {
    let Some((first, others)) = columns.split_first() else { return Vec::new() };
    let blank = |column: &ArrayRef, row: usize| {
        let texts = column.as_string::<i32>();
        let (from, to) = (texts.value_offsets()[row] as usize, texts.value_offsets()[row + 1] as usize);
        from == to || texts.value_data()[from] <= b' ' && texts.value(row).trim().is_empty()
    };
    (0..first.len()).filter(|&row| blank(first, row) && others.iter().all(|column| blank(column, row))).collect()
}

/// The fields of one record as texts; `Err` when they are not UTF-8.
fn fields(record: &[u8], delimiter: u8) -> Result<Vec<String>, ()> {
    raw_fields(record, delimiter).into_iter().map(|field| String::from_utf8(field).map_err(|_| ())).collect()
}

fn raw_fields(record: &[u8], delimiter: u8) -> Vec<Vec<u8>> {
    let mut fields = Vec::new();
    let mut field: Vec<u8> = Vec::new();
    let (mut at, mut quoted, mut field_begins) = (0, false, true);
    while at < record.len() {
        let byte = record[at];
        if quoted {
            match (byte, record.get(at + 1)) {
                (b'"', Some(b'"')) => {
                    field.push(b'"');
                    at += 1;
                }
                (b'"', _) => quoted = false,
                _ => field.push(byte),
            }
        } else if byte == delimiter {
            fields.push(std::mem::take(&mut field));
            field_begins = true;
            at += 1;
            continue;
        } else if byte == b'"' && field_begins {
            quoted = true;
        } else {
            field.push(byte);
        }
        field_begins = false;
        at += 1;
    }
    fields.push(field);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(text: &str, name: &str) -> Vec<Option<String>> {
        let delimiter = if text.contains(';') { b';' } else { b',' };
        let csv = CsvText::open("x.csv", text.as_bytes(), Header::FirstLine, delimiter).unwrap();
        let batches = csv.read(&[name.to_owned()], 0).unwrap();
        batches
            .iter()
            .flat_map(|batch| batch[0].as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>())
            .collect()
    }

    #[test]
    fn quotes_line_ends_and_marks_are_understood() {
        let text = "\u{feff}name;note\r\n\"a;b\";\"two\r\nlines\"\r\n\r\n\"say \"\"x\"\"\";\r\n";
        assert_eq!(column(text, "name"), [Some("a;b".to_owned()), Some("say \"x\"".to_owned())]);
        assert_eq!(column(text, "note"), [Some("two\r\nlines".to_owned()), None]);
    }

    #[test]
    fn rows_are_empty_only_where_the_whole_row_is() {
        let text = "id,note,x\n1,,\n,,\n2,\" \",\n , ,\"\"\n,,3\n";
        let csv = CsvText::open("x.csv", text.as_bytes(), Header::FirstLine, b',').unwrap();
        let kept = |wanted: &str| csv.read_filled(&[wanted.to_owned()], 0).unwrap().remove(0).kept;
        assert_eq!(kept("note"), Some(vec![0, 2, 4]));
        assert_eq!(kept("id"), Some(vec![0, 2, 4]));
    }

    #[test]
    fn pieces_end_at_line_ends_outside_quotes() {
        let text = (0..60_000).fold("id,note\n".to_owned(), |text, row| text + &row.to_string() + ",\"line\nof, it\"\n");
        let ids = column(&text, "id");
        assert_eq!(ids.len(), 60_000);
        assert!(ids.iter().enumerate().all(|(row, id)| id.as_deref() == Some(row.to_string().as_str())));
    }

    #[test]
    fn records_of_any_length_and_line_end_are_read_and_ragged_ones_refused() {
        let long = "x".repeat(3000);
        assert_eq!(column(&format!("a,b\r1,{long}\r2,\"{long}\"\r"), "b"), [Some(long.clone()), Some(long)]);
        assert_eq!(column("a,b\n1,\n,", "a"), [Some("1".to_owned()), None], "no line end, empty last field");
        let refused = |text: &[u8]| {
            let csv = CsvText::open("x.csv", text, Header::FirstLine, b',').unwrap();
            csv.read(&["a".to_owned()], 0).unwrap_err().to_string()
        };
        for ragged in ["a,b\n1,2\n1,2,3\n", "a,b\n1,2\n1,2,3,4,5,6\n", "a,b\n1,2\n1\n"] {
            assert!(refused(ragged.as_bytes()).contains("data row 2"), "{ragged}");
        }
        // The bytes of one letter on both sides of a separator.
        assert!(refused(b"a,b\n1,2\n\xC3,\xA9\n").contains("data row 2"));
    }

    #[test]
    fn the_last_whole_record_of_a_part_is_found() {
        assert_eq!(last_record_end(b"1,a\n2,b", b','), Some(4));
        assert_eq!(last_record_end(b"1,\"a\nb\"\n2,\"c\nd", b','), Some(8));
        assert_eq!(last_record_end(b"1,\"a\nb", b','), None);
        assert_eq!(last_record_end(b"1,a\r2,b", b','), Some(4), "lines of an old Mac");
    }
}
