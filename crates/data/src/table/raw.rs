//! Wanted columns of several files, before they have roles.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array, StringArray};
use arrow_schema::DataType;
use evenhand_rows::roles::Columns;

use super::csv::{CsvText, Header};
use super::files::{self, Format, Source};
use super::parquet::ParquetFile;
use crate::notation::Notation;
use crate::{DataError, FileDigest};

/// One column of a batch: texts from CSV, texts or numbers from Parquet. A null is a missing value.
#[derive(Debug, Clone)]
pub(crate) enum Cells {
    Text(StringArray),
    Number(Float64Array),
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
#[derive(Debug)]
pub(crate) struct RawTable {
    /// Files as shown in messages.
    pub(crate) files: Vec<String>,
    pub(crate) digests: Vec<FileDigest>,
    /// Names of the columns that were read, in the order of `Batch::columns`.
    pub(crate) names: Vec<String>,
    pub(crate) batches: Vec<Batch>,
    /// Remarks for the report.
    pub(crate) notes: Vec<String>,
    /// Separator of the fields; a comma for typed files.
    pub(crate) delimiter: u8,
    /// The sign before decimals, where some column of the file settles it.
    pub(crate) decimal: Option<char>,
    /// How columns of numbers are written, where an earlier part of a stream has shown it.
    pub(crate) notations: BTreeMap<String, Notation>,
    /// Numbers of the rows over all files, counted from 0, where some were left out.
    pub(crate) numbers: Option<Vec<u64>>,
}

impl Default for RawTable {
    fn default() -> Self {
        RawTable {
            files: Vec::new(),
            digests: Vec::new(),
            names: Vec::new(),
            batches: Vec::new(),
            notes: Vec::new(),
            delimiter: b',',
            decimal: None,
            notations: BTreeMap::new(),
            numbers: None,
        }
    }
}

impl RawTable {
    /// Reads the wanted columns of all sources.
    pub(crate) fn read(sources: &[Source], wanted: Wanted) -> Result<Self, DataError> {
        let mut table = RawTable::default();
        for source in sources {
            match source.format {
                Format::Csv => {
                    let bytes = files::bytes(&source.path)?;
                    let (digest, read) = rayon::join(
                        || files::digest(&source.path, &bytes),
                        || {
                            let csv = CsvText::open(&source.shown(), &bytes, Header::FirstLine, None)?;
                            let names = table.agreed_names(source, &csv.names(), wanted)?;
                            Ok::<_, DataError>((csv.delimiter(), csv.read(&names, 0)?, names))
                        },
                    );
                    let (delimiter, batches, names) = read?;
                    table.delimiter = delimiter;
                    if delimiter != b',' {
                        let sign = if delimiter == b'\t' { "a tab".to_owned() } else { format!("`{}`", char::from(delimiter)) };
                        table.notes.push(format!("the fields of {} are separated by {sign}", digest.name));
                    }
                    table.add(source.shown(), digest, names, &batches)?;
                }
                Format::Parquet => {
                    let (digest, read) = rayon::join(
                        || files::digest_of_file(&source.path),
                        || {
                            let parquet = ParquetFile::open(&source.path)?;
                            let names = table.agreed_names(source, parquet.names(), wanted)?;
                            Ok::<_, DataError>((parquet.read(&names)?, names))
                        },
                    );
                    let (batches, names) = read?;
                    table.add(source.shown(), digest?, names, &batches)?;
                }
            }
        }
        Ok(table)
    }

    /// A text whose header or separator the caller knows (a corpus without a header, or with a known slip in it). `skip` bytes of the
    /// file stand before the text.
    pub(crate) fn of_corpus(source: &Source, header: Header, delimiter: u8, skip: impl Fn(&[u8]) -> usize) -> Result<Self, DataError> {
        let mut table = RawTable::default();
        let bytes = files::bytes(&source.path)?;
        let csv = CsvText::open(&source.shown(), &bytes[skip(&bytes).min(bytes.len())..], header, Some(delimiter))?;
        let names = csv.names();
        let batches = csv.read(&names, 0)?;
        table.add(source.shown(), files::digest(&source.path, &bytes), names, &batches)?;
        Ok(table)
    }

    /// Appends the rows of another table with the same columns.
    pub(crate) fn append(&mut self, other: RawTable) {
        let shift = self.files.len();
        self.files.extend(other.files);
        self.digests.extend(other.digests);
        self.notes.extend(other.notes);
        self.batches.extend(other.batches.into_iter().map(|batch| Batch { file: batch.file + shift, ..batch }));
    }

    fn agreed_names(&self, source: &Source, found: &[String], wanted: Wanted) -> Result<Vec<String>, DataError> {
        match wanted {
            Wanted::Named(names) => {
                if let Some(name) = names.iter().find(|name| !found.contains(name)) {
                    return Err(DataError::missing_column(&source.shown(), name, found));
                }
                Ok(names.to_vec())
            }
            Wanted::All if self.files.is_empty() => Ok(found.to_vec()),
            Wanted::All => {
                let odd =
                    self.names.iter().find(|name| !found.contains(name)).or_else(|| found.iter().find(|name| !self.names.contains(name)));
                match odd {
                    Some(column) => {
                        Err(DataError::ColumnsDiffer { file: source.shown(), first: self.files[0].clone(), column: column.clone() })
                    }
                    None => Ok(self.names.clone()),
                }
            }
        }
    }

    fn add(&mut self, file: String, digest: FileDigest, names: Vec<String>, batches: &[Vec<ArrayRef>]) -> Result<(), DataError> {
        if batches.is_empty() {
            return Err(DataError::NoRows { file });
        }
        let index = self.files.len();
        let mut rows_before = 0;
        for columns in batches {
            let batch = Batch::new(index, rows_before, columns);
            rows_before += batch.rows as u64;
            self.batches.push(batch);
        }
        self.names = names;
        self.files.push(file);
        self.digests.push(digest);
        Ok(())
    }

    /// Adds a column whose text is made of another column's text.
    pub(crate) fn derive(&mut self, name: &str, from: &str, text: impl Fn(&str) -> Option<String>) -> Result<(), DataError> {
        let column = self.position(from)?;
        for batch in &mut self.batches {
            let derived: StringArray = match &batch.columns[column] {
                Cells::Text(texts) => texts.iter().map(|value| text(value.unwrap_or_default().trim())).collect(),
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
                Cells::Text(texts) => empty.extend(texts.iter().map(|text| text.is_none_or(|text| text.trim().is_empty()))),
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
            before += batch.rows;
            for cells in &mut batch.columns {
                *cells = match cells {
                    Cells::Number(numbers) => {
                        Cells::Number(kept.iter().map(|&row| numbers.is_valid(row).then(|| numbers.value(row))).collect())
                    }
                    Cells::Text(texts) => Cells::Text(kept.iter().map(|&row| texts.is_valid(row).then(|| texts.value(row))).collect()),
                };
            }
            batch.rows = kept.len();
            batch.kept = Some(match &batch.kept {
                Some(earlier) => kept.into_iter().map(|row| earlier[row]).collect(),
                None => kept,
            });
        }
    }
}

impl Batch {
    /// The number of a row in its file, counted from 1.
    pub(crate) fn number(&self, row: usize) -> u64 {
        self.rows_before + self.kept.as_ref().map_or(row, |kept| kept[row]) as u64 + 1
    }

    pub(crate) fn new(file: usize, rows_before: u64, columns: &[ArrayRef]) -> Self {
        let rows = columns.first().map_or(0, Array::len);
        let columns = columns
            .iter()
            .map(|column| match column.data_type() {
                DataType::Float64 => Cells::Number(column.as_primitive::<Float64Type>().clone()),
                _ => Cells::Text(column.as_string::<i32>().clone()),
            })
            .collect();
        Batch { file, rows_before, rows, columns, kept: None }
    }
}
