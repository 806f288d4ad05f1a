//! Wanted columns of several files, before they have roles.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array, StringArray};
use arrow_schema::DataType;
use evenhand_rows::roles::{Columns, named};

use super::arrow_ipc::ArrowFile;
use super::content::{Content, Form, Origin};
use super::csv::{CsvText, Header};
use super::files::{self, Source};
use super::json::JsonRows;
use super::options::FileOptions;
use super::parquet::ParquetFile;
use super::text::{self, Emptied, Look, TextRows};
use super::workbook;
use crate::notation::Notation;
use crate::{DataError, FileDigest};

/// One column of a batch: texts from CSV, texts or numbers from Parquet. A null is a missing value.
#[derive(Debug, Clone)]
pub(crate) enum Cells {
    Text(StringArray),
    Number(Float64Array),
    /// Numbers that are typed in their file beside texts: only the latter are written in some notation.
    Mixed {
        /// Every value as a text.
        texts: StringArray,
        /// Those that are numbers (90 where `90%` is shown).
        numbers: Float64Array,
        /// Whether the numbers are shown as percent.
        percent: bool,
    },
}

impl Cells {
    /// A column of text or numbers.
    pub(crate) fn of(column: &ArrayRef) -> Self {
        match column.data_type() {
            DataType::Float64 => Cells::Number(column.as_primitive::<Float64Type>().clone()),
            _ => Cells::Text(column.as_string::<i32>().clone()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Cells::Text(texts) | Cells::Mixed { texts, .. } => texts.len(),
            Cells::Number(numbers) => numbers.len(),
        }
    }

    /// The values of these rows.
    fn select(&self, rows: &[usize]) -> Self {
        let picked_texts =
            |texts: &StringArray| rows.iter().map(|&row| texts.is_valid(row).then(|| texts.value(row))).collect::<StringArray>();
        let picked_numbers =
            |numbers: &Float64Array| rows.iter().map(|&row| numbers.is_valid(row).then(|| numbers.value(row))).collect::<Float64Array>();
        match self {
            Cells::Text(texts) => Cells::Text(picked_texts(texts)),
            Cells::Number(numbers) => Cells::Number(picked_numbers(numbers)),
            Cells::Mixed { texts, numbers, percent } => {
                Cells::Mixed { texts: picked_texts(texts), numbers: picked_numbers(numbers), percent: *percent }
            }
        }
    }
}

/// Consecutive rows of one file.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Index into `RawTable::files`.
    pub(crate) file: usize,
    /// Number of rows of the file that stand before this batch.
    pub(crate) rows_before: u64,
    pub(crate) rows: usize,
    pub(crate) columns: Vec<Cells>,
    /// Places of these rows among those that were read, where some were left out.
    pub(crate) kept: Option<Vec<usize>>,
}

/// Which columns to read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted<'a> {
    All,
    Named(&'a [String]),
}

/// The wanted columns of all files, in the order of the rows.
#[derive(Debug, Default)]
pub(crate) struct RawTable {
    /// Files as shown in messages.
    pub(crate) files: Vec<String>,
    pub(crate) digests: Vec<FileDigest>,
    /// Names of the columns that were read, in the order of `Batch::columns`.
    pub(crate) names: Vec<String>,
    pub(crate) batches: Vec<Batch>,
    /// Remarks for the report.
    pub(crate) notes: Vec<String>,
    /// How each file is written; one that is no text counts as plain CSV.
    pub(crate) looks: Vec<Look>,
    /// Texts of a column that its file holds in another way.
    pub(crate) rewritten: BTreeMap<String, BTreeSet<String>>,
    /// How columns of numbers are written, where an earlier part of a stream has shown it.
    pub(crate) notations: BTreeMap<String, Notation>,
    /// Numbers of the rows over all files, counted from 0, where some were left out.
    pub(crate) numbers: Option<Vec<u64>>,
}

/// Consecutive rows as a file gives them.
#[derive(Debug)]
pub(crate) struct Part {
    /// The wanted columns, without the rows that were left out.
    pub(crate) columns: Vec<Cells>,
    /// Rows that were read.
    pub(crate) rows: usize,
    /// Places of those that stay, where some were left out.
    pub(crate) kept: Option<Vec<usize>>,
}

impl Part {
    /// Columns of text or numbers without the rows `out`, in ascending order.
    pub(crate) fn without(columns: Vec<Cells>, out: &[usize]) -> Self {
        let rows = columns.first().map_or(0, Cells::len);
        if out.is_empty() {
            return Part { columns, rows, kept: None };
        }
        let mut out = out.iter().copied().peekable();
        let kept: Vec<usize> = (0..rows).filter(|row| out.next_if_eq(row).is_none()).collect();
        let columns = columns.iter().map(|column| column.select(&kept)).collect();
        Part { columns, rows, kept: Some(kept) }
    }

    /// Number of rows that stay.
    pub(crate) fn left(&self) -> usize {
        self.kept.as_ref().map_or(self.rows, Vec::len)
    }
}

/// Batches of the parts of a file.
pub(super) fn batches(file: usize, rows_before: u64, parts: Vec<Part>) -> Vec<Batch> {
    let mut before = rows_before;
    let numbered = parts.into_iter().map(|part| {
        let rows = part.columns.first().map_or(0, Cells::len);
        let batch = Batch { file, rows_before: before, rows, columns: part.columns, kept: part.kept };
        before += part.rows as u64;
        batch
    });
    numbered.filter(|batch| batch.rows > 0).collect()
}

impl RawTable {
    /// Reads the wanted columns of all sources.
    pub(crate) fn read(sources: &[Source], wanted: Wanted, options: &FileOptions) -> Result<Self, DataError> {
        let mut table = RawTable::default();
        for source in sources {
            let content = Content::open(source)?;
            if content.form == Form::Text && matches!(content.origin, Origin::Gzip(_)) {
                // Its beginning is looked at before all of it is unpacked.
                text::names(source, content.clone(), options)?;
            }
            let (digest, rows) = match &content.origin {
                // What is at hand is hashed while it is decoded.
                Origin::File(_) if content.form == Form::Text => {
                    let bytes = content.bytes(&source.shown())?;
                    let (digest, rows) = rayon::join(
                        || Ok(files::digest(&source.path, &bytes)),
                        || table.rows_of(source, &content, Some(&bytes), wanted, options),
                    );
                    (digest, rows)
                }
                _ => rayon::join(|| source.digest(), || table.rows_of(source, &content, None, wanted, options)),
            };
            let rows = rows?;
            table.notes.extend(content.notes);
            table.add(source.shown(), digest?, rows)?;
        }
        Ok(table)
    }

    /// The rows of a file of any kind.
    fn rows_of(
        &self,
        source: &Source,
        content: &Content,
        bytes: Option<&[u8]>,
        wanted: Wanted,
        options: &FileOptions,
    ) -> Result<TextRows, DataError> {
        let file = source.shown();
        let pick = |found: &[String]| self.agreed_names(source, found, wanted);
        let held;
        let bytes = match bytes {
            Some(bytes) => bytes,
            None if content.form == Form::Parquet => &[],
            None => {
                held = content.bytes(&file)?;
                held.as_slice()
            }
        };
        let typed = |names: Vec<String>, parts: Vec<Part>| {
            let mut emptied = Emptied::default();
            emptied.add_all(&parts);
            let look = Look { decimal: options.decimal, ..Look::default() };
            TextRows { names, parts, look, notes: emptied.note(&source.name()).into_iter().collect(), ..TextRows::default() }
        };
        match content.form {
            Form::Text => text::read(source, bytes, options, pick),
            Form::Workbook => {
                let made = workbook::as_text(&file, &source.name(), bytes, options)?;
                let mut rows = text::read_made(source, &made.text, options.skip_lines, pick)?;
                made.type_cells(&mut rows);
                rows.look.decimal = options.decimal;
                rows.notes.splice(0..0, made.notes);
                Ok(rows)
            }
            Form::Parquet => {
                let parquet = ParquetFile::open(&content.origin, &file)?;
                let names = pick(parquet.names())?;
                Ok(typed(names.clone(), parquet.read(&names)?))
            }
            Form::Arrow | Form::ArrowStream => {
                let arrow = ArrowFile::open(&file, bytes, content.form == Form::ArrowStream)?;
                let names = pick(arrow.names())?;
                Ok(typed(names.clone(), arrow.read(&names)?))
            }
            Form::Json => {
                let json = JsonRows::read(&file, bytes)?;
                let names = pick(json.names())?;
                Ok(typed(names.clone(), json.columns(&names)?))
            }
        }
    }

    /// Names of the columns of a file of any kind.
    pub(super) fn names_of(source: &Source, options: &FileOptions) -> Result<Vec<String>, DataError> {
        let content = Content::open(source)?;
        let file = source.shown();
        match content.form {
            Form::Text => text::names(source, content, options),
            Form::Workbook => {
                let made = workbook::as_text(&file, &source.name(), &content.bytes(&file)?, options)?;
                text::names_made(source, made.text, options.skip_lines)
            }
            Form::Parquet => Ok(ParquetFile::open(&content.origin, &file)?.names().to_vec()),
            Form::Arrow | Form::ArrowStream => {
                Ok(ArrowFile::open(&file, &content.bytes(&file)?, content.form == Form::ArrowStream)?.names().to_vec())
            }
            Form::Json => Ok(JsonRows::read(&file, &content.bytes(&file)?)?.names().to_vec()),
        }
    }

    /// A text whose header or separator the caller knows (a corpus without a header, or with a known slip in it). `skip` bytes of the
    /// file stand before the text.
    pub(crate) fn of_corpus(source: &Source, header: Header, delimiter: u8, skip: impl Fn(&[u8]) -> usize) -> Result<Self, DataError> {
        let mut table = RawTable::default();
        let bytes = files::bytes(&source.path)?;
        let csv = CsvText::open(&source.shown(), &bytes[skip(&bytes).min(bytes.len())..], header, delimiter)?;
        let names = csv.names();
        let parts = csv.read(&names, 0)?.iter().map(|batch| Part::without(batch.iter().map(Cells::of).collect(), &[])).collect();
        let rows = TextRows { names, parts, ..TextRows::default() };
        table.add(source.shown(), files::digest(&source.path, &bytes), rows)?;
        Ok(table)
    }

    /// How the first file is written.
    pub(crate) fn look(&self) -> Look {
        self.looks.first().copied().unwrap_or_default()
    }

    /// Appends the rows of another table with the same columns.
    pub(crate) fn append(&mut self, other: RawTable) {
        let shift = self.files.len();
        self.files.extend(other.files);
        self.looks.extend(other.looks);
        self.digests.extend(other.digests);
        self.notes.extend(other.notes);
        self.batches.extend(other.batches.into_iter().map(|batch| Batch { file: batch.file + shift, ..batch }));
    }

    fn agreed_names(&self, source: &Source, found: &[String], wanted: Wanted) -> Result<Vec<String>, DataError> {
        let present: HashSet<&String> = found.iter().collect();
        match wanted {
            Wanted::Named(names) => {
                let known = |name: &String| {
                    named(found, name).map(|at| found[at].clone()).ok_or_else(|| DataError::missing_column(&source.shown(), name, found))
                };
                names.iter().map(|name| if present.contains(name) { Ok(name.clone()) } else { known(name) }).collect()
            }
            Wanted::All if self.files.is_empty() => Ok(found.to_vec()),
            Wanted::All => {
                let known: HashSet<&String> = self.names.iter().collect();
                let odd =
                    self.names.iter().find(|name| !present.contains(name)).or_else(|| found.iter().find(|name| !known.contains(name)));
                match odd {
                    Some(column) => {
                        Err(DataError::ColumnsDiffer { file: source.shown(), first: self.files[0].clone(), column: column.clone() })
                    }
                    None => Ok(self.names.clone()),
                }
            }
        }
    }

    fn add(&mut self, file: String, digest: FileDigest, rows: TextRows) -> Result<(), DataError> {
        if rows.parts.iter().all(|part| part.left() == 0) {
            return Err(DataError::from(crate::RowsError::NoRows { file }));
        }
        self.looks.push(rows.look);
        self.notes.extend(rows.notes);
        self.names = rows.names;
        let index = self.files.len();
        self.batches.extend(batches(index, 0, rows.parts));
        self.files.push(file);
        self.digests.push(digest);
        Ok(())
    }

    /// Adds a column whose text is made of another column's text.
    pub(crate) fn derive(&mut self, name: &str, from: &str, text: impl Fn(&str) -> Option<String>) -> Result<(), DataError> {
        let column = self.position(from)?;
        for batch in &mut self.batches {
            let derived: StringArray = match &batch.columns[column] {
                Cells::Text(texts) | Cells::Mixed { texts, .. } => {
                    texts.iter().map(|value| text(value.unwrap_or_default().trim())).collect()
                }
                Cells::Number(numbers) => {
                    numbers.iter().map(|value| text(&value.map(|number| number.to_string()).unwrap_or_default())).collect()
                }
            };
            batch.columns.push(Cells::Text(derived));
        }
        self.names.push(name.to_owned());
        Ok(())
    }

    /// Which rows have an empty field in a column.
    pub(crate) fn empty(&self, column: usize) -> Vec<bool> {
        let mut empty = Vec::with_capacity(Columns::rows(self));
        for batch in &self.batches {
            match &batch.columns[column] {
                Cells::Number(numbers) => empty.extend(numbers.iter().map(|number| number.is_none())),
                Cells::Text(texts) | Cells::Mixed { texts, .. } => {
                    empty.extend(texts.iter().map(|text| text.is_none_or(|text| text.trim().is_empty())));
                }
            }
        }
        empty
    }

    /// Leaves rows out; those that stay keep their number in messages.
    pub(crate) fn leave_out(&mut self, out: &[bool]) {
        let stay = |numbers: &mut dyn Iterator<Item = u64>| numbers.zip(out).filter(|(_, out)| !**out).map(|(number, _)| number).collect();
        self.numbers = Some(match self.numbers.take() {
            Some(numbers) => stay(&mut numbers.into_iter()),
            None => stay(&mut (0..out.len() as u64)),
        });
        let mut before = 0;
        for batch in &mut self.batches {
            let kept: Vec<usize> = (0..batch.rows).filter(|&row| !out[before + row]).collect();
            let places = batch.kept.as_ref().map_or_else(|| kept.clone(), |places| kept.iter().map(|&row| places[row]).collect());
            before += batch.rows;
            for cells in &mut batch.columns {
                *cells = cells.select(&kept);
            }
            batch.rows = kept.len();
            batch.kept = Some(places);
        }
    }
}

impl Batch {
    /// The number of a row in its file, counted from 1.
    pub(crate) fn number(&self, row: usize) -> u64 {
        self.rows_before + self.kept.as_ref().map_or(row, |kept| kept[row]) as u64 + 1
    }
}
