//! Scores in parts of fixed size, for files larger than the memory.
//!
//! Memory: one part of text (8 MiB) and its rows, whatever the length of the files; of Parquet files one row group at a time.
//! A group keeps its code through the whole stream: new groups are appended in the first part that holds them, in alphabetical order
//! within the part; parts depend on the files alone, so the codes do not depend on the number of threads.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;

use sha2::{Digest, Sha256};

use super::csv::{CsvText, Header, last_record_end};
use super::files::{self, Format, Source};
use super::parquet::ParquetFile;
use super::raw::{Batch, RawTable};
use super::roles::Extent;
use super::{Chunk, ScoreRoles, Scored, scored};
use crate::{DataError, FileDigest, Groups, Schema, UNKNOWN};

/// Bytes of text that are read at once; a record that is longer is an error.
const PART_BYTES: usize = 8 << 20;

/// The chunks of a stream, and after the last one the digests of the files.
#[derive(Debug)]
pub struct Chunks {
    roles: ScoreRoles,
    columns: Vec<String>,
    sources: Vec<Source>,
    next_source: usize,
    open: Option<Open>,
    levels: Vec<Levels>,
    digests: Vec<FileDigest>,
    notes: BTreeSet<String>,
    failed: bool,
}

#[derive(Debug, Default)]
struct Levels {
    names: Vec<String>,
}

#[derive(Debug)]
enum Open {
    Csv { file: File, hash: Sha256, bytes: u64, rest: Vec<u8>, header: Option<Vec<u8>>, rows: u64, ended: bool },
    Parquet { row_group: usize, rows: u64 },
}

/// Streams the score column `score` and the roles label, sensitive and weight of `schema`.
pub fn stream(files: &[String], schema: &Schema, score: &str) -> Result<Chunks, DataError> {
    stream_scores(
        files,
        &ScoreRoles {
            score: score.to_owned(),
            groups: schema.sensitive.clone(),
            label: schema.label.clone(),
            weight: schema.weight.clone(),
            missing: schema.missing.clone(),
            range: None,
            skip_unscored: false,
        },
    )
}

/// Streams what [`super::read_scores`] reads at once.
pub fn stream_scores(files: &[String], roles: &ScoreRoles) -> Result<Chunks, DataError> {
    Ok(Chunks {
        roles: roles.clone(),
        columns: roles.columns()?,
        sources: files::resolve(files)?,
        next_source: 0,
        open: None,
        levels: Vec::new(),
        digests: Vec::new(),
        notes: BTreeSet::new(),
        failed: false,
    })
}

impl Chunks {
    /// Files that were read to their end so far, with their digests.
    pub fn digests(&self) -> &[FileDigest] {
        &self.digests
    }

    /// Remarks on the rows so far, each one once.
    pub fn notes(&self) -> Vec<String> {
        self.notes.iter().cloned().collect()
    }

    /// The columns of the next part, or `None` at the end of the last file.
    fn next_table(&mut self) -> Result<Option<RawTable>, DataError> {
        loop {
            let Some(source) = self.sources.get(self.next_source).cloned() else { return Ok(None) };
            if self.open.is_none() {
                self.open = Some(match source.format {
                    Format::Csv => {
                        let file = File::open(&source.path).map_err(|error| DataError::Read { path: source.shown(), source: error })?;
                        Open::Csv { file, hash: Sha256::new(), bytes: 0, rest: Vec::new(), header: None, rows: 0, ended: false }
                    }
                    Format::Parquet => Open::Parquet { row_group: 0, rows: 0 },
                });
            }
            if let Some(table) = self.next_part(&source)? {
                return Ok(Some(table));
            }
            self.open = None;
            self.next_source += 1;
        }
    }

    fn next_part(&mut self, source: &Source) -> Result<Option<RawTable>, DataError> {
        let columns = &self.columns;
        let table = |batches: Vec<Vec<arrow_array::ArrayRef>>, rows: &mut u64| {
            let mut table = RawTable {
                files: vec![source.shown()],
                digests: Vec::new(),
                names: columns.clone(),
                batches: Vec::new(),
                notes: Vec::new(),
            };
            for arrays in &batches {
                let batch = Batch::new(0, *rows, arrays);
                *rows += batch.rows as u64;
                table.batches.push(batch);
            }
            table
        };
        match &mut self.open {
            None => Ok(None),
            Some(Open::Parquet { row_group, rows }) => {
                let parquet = ParquetFile::open(&source.path)?;
                while *row_group < parquet.row_groups() {
                    let batches = parquet.read_group(columns, *row_group)?;
                    *row_group += 1;
                    if !batches.is_empty() {
                        return Ok(Some(table(batches, rows)));
                    }
                }
                if *rows == 0 {
                    return Err(DataError::NoRows { file: source.shown() });
                }
                self.digests.push(files::digest_of_file(&source.path)?);
                Ok(None)
            }
            Some(Open::Csv { file, hash, bytes, rest, header, rows, ended }) => loop {
                if *ended {
                    if *rows == 0 {
                        return Err(DataError::NoRows { file: source.shown() });
                    }
                    self.digests.push(files::finish(&source.path, *bytes, std::mem::take(hash)));
                    return Ok(None);
                }
                let before = rest.len();
                rest.resize(before + PART_BYTES, 0);
                let mut filled = before;
                while filled < rest.len() {
                    match file.read(&mut rest[filled..]).map_err(|error| DataError::Read { path: source.shown(), source: error })? {
                        0 => break,
                        count => filled += count,
                    }
                }
                *ended = filled < rest.len();
                rest.truncate(filled);
                hash.update(&rest[before..]);
                *bytes += (filled - before) as u64;
                let mut text = std::mem::take(rest);
                let csv_header = header.clone();
                let mut skip = 0;
                let opened = if let Some(header) = &csv_header {
                    CsvText::open(&source.shown(), header, Header::FirstLine, None)?
                } else {
                    let csv = CsvText::open(&source.shown(), &text, Header::FirstLine, None)?;
                    skip = csv.header_bytes(&text);
                    *header = Some(text[..skip].to_vec());
                    csv
                };
                let body = &text[skip..];
                let end = if *ended { body.len() } else { last_record_end(body, opened.delimiter()).unwrap_or(0) };
                if end == 0 && !*ended {
                    let reason =
                        format!("data row {} is longer than {} MiB; a double quote is probably not closed", *rows + 1, PART_BYTES >> 20);
                    return Err(DataError::NotCsv { file: source.shown(), reason });
                }
                let batches = opened.with_body(&body[..end]).read(columns, *rows)?;
                *rest = text.split_off(skip + end);
                if !batches.is_empty() {
                    return Ok(Some(table(batches, rows)));
                }
            },
        }
    }

    fn chunk(&mut self, table: RawTable) -> Result<Chunk, DataError> {
        let Scored { scores, label, weights, groups, provenance } = scored(table, &self.roles, Extent::Part)?;
        for note in provenance.notes {
            // Remarks that count rows hold for a part only.
            if note.contains("taken as unknown group") || note.contains("rescaled") {
                self.notes.insert(note);
            }
        }
        if self.levels.is_empty() {
            self.levels = groups.iter().map(|_| Levels::default()).collect();
        }
        let groups = groups.iter().zip(&mut self.levels).map(|(groups, levels)| levels.extend(groups)).collect();
        Ok(Chunk { scores, labels: label.map(|label| label.values), weights, groups })
    }
}

impl Levels {
    /// The attribute of a part with the codes of the whole stream.
    fn extend(&mut self, groups: &Groups) -> Groups {
        let recode: Vec<u32> = groups
            .levels()
            .iter()
            .map(|level| {
                let known = self.names.iter().position(|name| name == level);
                known.unwrap_or_else(|| {
                    self.names.push(level.clone());
                    self.names.len() - 1
                }) as u32
            })
            .collect();
        let codes = groups.codes().iter().map(|&code| if code == UNKNOWN { UNKNOWN } else { recode[code as usize] }).collect();
        Groups::new(groups.name(), self.names.clone(), codes)
    }
}

impl Iterator for Chunks {
    type Item = Result<Chunk, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.next_table().and_then(|table| table.map(|table| self.chunk(table)).transpose());
        self.failed = next.is_err();
        next.transpose()
    }
}
