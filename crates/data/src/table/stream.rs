//! Scores in parts of fixed size, for files larger than the memory.
//!
//! Memory: one part of text (8 MiB) and its rows, whatever the length of the files, plain or packed with gzip; of Parquet files [`PART_ROWS`]
//! rows. Files of other kinds, what is packed with zip and standard input are held as a whole.
//! A group keeps its code through the whole stream: new groups are appended in the first part that holds them, in alphabetical order
//! within the part; parts depend on the files alone, so the codes do not depend on the number of threads.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use evenhand_rows::roles::words::{spelling_key, visible};
use evenhand_rows::roles::{Columns, Extent, Occurring};

use super::content::{Content, Form};
use super::files::{self, Source};
use super::parquet::{OpenGroup, ParquetFile};
use super::raw::{Part, RawTable, Wanted, batches};
use super::text::{Emptied, Look, TextParts};
use super::{Chunk, HELD_COLUMNS, ScoreRoles, Scored, TableSettings, agreed};
use crate::notation::Notation;
use crate::{DataError, FileDigest, Groups, UNKNOWN};

/// Rows of a Parquet file that are read at once.
const PART_ROWS: usize = 1 << 16;

/// The chunks of a stream, and after the last one the digests of the files.
#[derive(Debug)]
pub struct Chunks {
    roles: ScoreRoles,
    settings: TableSettings,
    columns: Vec<String>,
    sources: Vec<Source>,
    next_source: usize,
    open: Option<Open>,
    levels: Vec<Levels>,
    /// The sign before decimals of the open file, and how its columns of numbers are written, as its parts have shown.
    decimal: Option<char>,
    notations: BTreeMap<String, Notation>,
    digests: Vec<FileDigest>,
    notes: BTreeSet<String>,
    /// What the columns of decisions have shown so far.
    occurring: Occurring,
    /// Rows read, those that the filter keeps, and those of them that have a score.
    rows: [usize; 3],
    failed: bool,
}

#[derive(Debug, Default)]
struct Levels {
    names: Vec<String>,
    keys: HashMap<String, u32>,
}

#[derive(Debug)]
enum Open {
    Text(Box<TextParts>),
    Parquet {
        file: Box<ParquetFile>,
        row_group: usize,
        group: Option<Box<OpenGroup>>,
        emptied: Emptied,
        notes: Vec<String>,
    },
    /// A file of a kind that is read at once.
    Whole(Option<Box<RawTable>>),
}

/// Streams what [`super::read_scores`] reads at once.
pub fn stream_scores(files: &[String], roles: &ScoreRoles, settings: &TableSettings) -> Result<Chunks, DataError> {
    Ok(Chunks {
        settings: settings.clone(),
        roles: roles.clone(),
        columns: settings.with_columns(roles.columns()?).iter().map(|name| visible(name).into_owned()).collect(),
        occurring: Occurring::default(),
        sources: files::resolve(files)?,
        next_source: 0,
        open: None,
        levels: Vec::new(),
        decimal: None,
        notations: BTreeMap::new(),
        digests: Vec::new(),
        notes: BTreeSet::new(),
        rows: [0; 3],
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
        let [all, kept, scored] = self.rows;
        let filter = (kept < all).then(|| self.settings.told_filter(kept, all));
        let unscored = (scored < kept).then(|| format!("{} of {kept} rows have no score and are left out", kept - scored));
        self.notes.iter().cloned().chain(filter).chain(unscored).collect()
    }

    /// The columns of the next part, or `None` at the end of the last file.
    fn next_table(&mut self) -> Result<Option<RawTable>, DataError> {
        loop {
            let Some(source) = self.sources.get(self.next_source).cloned() else {
                self.roles.check_named(&self.occurring)?;
                return Ok(None);
            };
            if self.open.is_none() {
                self.open = Some(self.open_source(&source)?);
            }
            if let Some(table) = self.next_part(&source)? {
                return Ok(Some(table));
            }
            self.open = None;
            self.next_source += 1;
        }
    }

    fn open_source(&mut self, source: &Source) -> Result<Open, DataError> {
        let content = Content::open(source)?;
        // Each file has its own way of writing numbers.
        self.decimal = None;
        self.notations.clear();
        Ok(match content.form {
            Form::Text => {
                self.decimal = self.decimal_of(source, &content)?;
                Open::Text(Box::new(TextParts::open(source, content, &self.settings.file)?))
            }
            Form::Parquet => {
                self.decimal = self.settings.file.decimal;
                let file = Box::new(ParquetFile::open(&content.origin, &source.shown())?);
                Open::Parquet { file, row_group: 0, group: None, emptied: Emptied::default(), notes: content.notes }
            }
            _ => {
                let table = RawTable::read(std::slice::from_ref(source), Wanted::Named(&self.columns), &self.settings.file)?;
                Open::Whole(Some(Box::new(table)))
            }
        })
    }

    /// The sign before decimals that the first part of a text tells, with all its columns; between commas a point stands before decimals.
    fn decimal_of(&self, source: &Source, content: &Content) -> Result<Option<char>, DataError> {
        let mut head = TextParts::open(source, content.clone(), &self.settings.file)?;
        let names = head.names()?;
        if head.separator() == Some(b',') {
            return Ok(None);
        }
        if self.settings.file.decimal.is_some() {
            return Ok(self.settings.file.decimal);
        }
        let part = |before: u64, parts: Vec<Part>, names: &[String]| {
            let (files, looks) = (vec![source.shown()], vec![Look::default()]);
            RawTable { files, looks, names: names.to_vec(), batches: batches(0, before, parts), ..RawTable::default() }
        };
        // The wanted columns may tell it themselves; only where they do not, all others are looked at.
        let wanted: Vec<String> = self.columns.iter().filter(|name| names.contains(name)).cloned().collect();
        if !wanted.is_empty() {
            let Some((before, parts)) = head.next(&wanted)? else { return Ok(None) };
            let own = part(before, parts, &wanted).told_decimal(0);
            if own.is_some() {
                return Ok(own);
            }
        }
        let mut told = Vec::new();
        for names in names.chunks(HELD_COLUMNS) {
            let mut head = TextParts::open(source, content.clone(), &self.settings.file)?;
            let Some((before, parts)) = head.next(names)? else { return Ok(None) };
            told.extend(part(before, parts, names).signs_told(0));
        }
        Ok(agreed(told.into_iter()))
    }

    fn next_part(&mut self, source: &Source) -> Result<Option<RawTable>, DataError> {
        let columns = &self.columns;
        let decimal = self.decimal;
        let table = |before: u64, parts: Vec<Part>| RawTable {
            files: vec![source.shown()],
            looks: vec![Look { decimal, ..Look::default() }],
            names: columns.clone(),
            batches: batches(0, before, parts),
            ..RawTable::default()
        };
        match &mut self.open {
            None => Ok(None),
            Some(Open::Text(text)) => {
                if let Some((before, parts)) = text.next(columns)? {
                    let mut part = table(before, parts);
                    part.looks[0].separator = text.separator().unwrap_or(b',');
                    return Ok(Some(part));
                }
                let (notes, digest) = text.finish(source)?;
                self.notes.extend(notes);
                self.digests.push(digest);
                Ok(None)
            }
            Some(Open::Parquet { file, row_group, group, emptied, notes }) => {
                while *row_group < file.row_groups() {
                    let open = match group {
                        Some(open) => open,
                        None => group.insert(Box::new(file.open_group(columns, *row_group)?)),
                    };
                    let Some(parts) = file.next_parts(open, PART_ROWS)? else {
                        *group = None;
                        *row_group += 1;
                        continue;
                    };
                    let before = emptied.rows();
                    emptied.add_all(&parts);
                    if parts.iter().any(|part| part.left() > 0) {
                        return Ok(Some(table(before, parts)));
                    }
                }
                if emptied.all() {
                    return Err(DataError::from(crate::RowsError::NoRows { file: source.shown() }));
                }
                self.notes.extend(std::mem::take(notes));
                self.notes.extend(emptied.note(&source.name()));
                self.digests.push(source.digest()?);
                Ok(None)
            }
            Some(Open::Whole(whole)) => {
                let Some(mut whole) = whole.take() else { return Ok(None) };
                self.notes.extend(std::mem::take(&mut whole.notes));
                self.digests.append(&mut whole.digests);
                Ok(Some(*whole))
            }
        }
    }

    fn chunk(&mut self, mut table: RawTable) -> Result<Chunk, DataError> {
        table.notations.clone_from(&self.notations);
        let numbers = [Some(&self.roles.score), self.roles.weight.as_ref(), self.roles.count.as_ref()];
        let label = self.roles.label.as_ref().map(|label| &label.column);
        for name in numbers.into_iter().flatten().chain(label) {
            if !self.notations.contains_key(name)
                && let Some(notation) = table.shown_notation(name, &self.roles.missing)
            {
                self.notations.insert(name.clone(), notation);
            }
        }
        self.rows[0] += Columns::rows(&table);
        self.settings.keep(&mut table, Extent::Part)?;
        self.roles.look_for_named(&table, &mut self.occurring)?;
        let kept = Columns::rows(&table);
        let Scored { scores, scale, label, weights, groups, selecting, provenance, .. } =
            self.roles.read(&table, Extent::Part, Vec::new(), Vec::new())?;
        for note in provenance.notes {
            self.notes.insert(note);
        }
        self.rows[1] += kept;
        // A row of counts stands for many.
        self.rows[2] += if self.roles.count.is_some() || self.roles.counted.is_some() { kept } else { scores.len() };
        if self.levels.is_empty() {
            self.levels = groups.iter().map(|_| Levels::default()).collect();
        }
        let groups = groups.iter().zip(&mut self.levels).map(|(groups, levels)| levels.extend(groups)).collect();
        Ok(Chunk { scores, scale, label, weights, groups, selecting })
    }
}

impl Levels {
    /// The attribute of a part with the codes of the whole stream.
    fn extend(&mut self, groups: &Groups) -> Groups {
        let recode: Vec<u32> = groups
            .levels()
            .iter()
            .map(|level| {
                *self.keys.entry(spelling_key(level)).or_insert_with(|| {
                    self.names.push(level.clone());
                    self.names.len() as u32 - 1
                })
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
