//! A person's own files, read in one way by every command: one, several or all that match a pattern.
//!
//! - [`read`] gives every column its role and returns a [`Dataset`].
//! - [`read_scores`] is the fast path of an audit: only the score, the groups and what else was asked for is converted.
//! - [`stream_scores`] gives the same in parts, for files that are larger than the memory.
//!
//! What the bytes of files are is found out here; what the texts of a column mean (missing, declined, yes and no, two spellings of one
//! thing) is the affair of [`evenhand_rows::roles`]. Blanks around a value are cut. Numbers may have decimal commas, signs between thousands,
//! percent and currency signs. Several files are joined in the order given, those of a pattern in the order of their names.

mod alike;
mod arrow_ipc;
mod categories;
mod columns;
mod content;
mod copy;
mod csv;
mod encoding;
mod files;
mod framing;
mod json;
mod kind;
mod options;
mod packed;
mod parquet;
mod raw;
mod separator;
mod stream;
mod text;
mod typed;
mod workbook;

use evenhand_rows::roles::words::spelling_key;
use evenhand_rows::roles::{self, Columns, Extent, dataset_of};

use crate::notation::Notation;
use crate::{DataError, Dataset, Identity, MISSING, Schema};

pub use categories::{check_categories, read_categories};
pub(crate) use copy::record;
pub use copy::{columns, paths, rows_as_csv};
pub(crate) use csv::Header;
pub use evenhand_rows::roles::{Chunk, Counted, ScoreRoles, Scored};
pub(crate) use files::{Format, Source, bytes as file_bytes, digest as file_digest, digest_of_file, resolve};
pub use options::{Encoding, FileOptions, Separator};
pub(crate) use raw::{Cells as RawCells, RawTable, Wanted};
pub use stream::{Chunks, stream_scores};

/// How files are read, the same for every command.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TableSettings {
    /// How bytes become rows.
    pub file: FileOptions,
    /// Rows to keep: column and value; values of one column are alternatives, of several columns all must hold.
    pub filter: Vec<(String, String)>,
}

/// The settings that keep every row.
pub(crate) const EVERY_ROW: &TableSettings = &TableSettings {
    file: FileOptions { separator: None, skip_lines: None, worksheet: None, encoding: None, decimal: None },
    filter: Vec::new(),
};

/// Rows beyond which nobody looks whether persons repeat.
const MOST_LOOKED_AT: usize = 200_000;

impl TableSettings {
    /// Reads `COLUMN=VALUE`; any column can be named, whatever its name holds.
    pub fn parse_filter(text: &str, columns: &[String]) -> Result<(String, String), DataError> {
        let cuts = text.match_indices('=').map(|(at, _)| (text[..at].trim(), text[at + 1..].trim()));
        let found = cuts.clone().rfind(|(column, _)| columns.iter().any(|known| known == column)).or_else(|| cuts.clone().next());
        let Some((column, value)) = found else {
            let reason = "a filter is a column, `=` and the value of the rows that stay".to_owned();
            return Err(DataError::from(crate::RowsError::BadColumn { column: text.to_owned(), reason }));
        };
        Ok((column.to_owned(), value.to_owned()))
    }

    /// Adds the columns that the filter looks at.
    fn with_columns(&self, mut names: Vec<String>) -> Vec<String> {
        for (column, _) in &self.filter {
            if !names.contains(column) {
                names.push(column.clone());
            }
        }
        names
    }

    /// Reads the wanted columns of the rows that stay.
    pub(crate) fn read(&self, sources: &[Source], wanted: Wanted) -> Result<RawTable, DataError> {
        let mut table = match wanted {
            Wanted::All => RawTable::read(sources, Wanted::All, &self.file)?,
            Wanted::Named(names) => RawTable::read(sources, Wanted::Named(&self.with_columns(names.to_vec())), &self.file)?,
        };
        settle_decimals(&mut table, sources, wanted, &self.file)?;
        self.keep(&mut table, Extent::Whole)?;
        Ok(table)
    }

    fn told_filter(&self, kept: usize, all: usize) -> String {
        let rules: Vec<String> = self.filter.iter().map(|(column, value)| format!("`{column}` = `{value}`")).collect();
        format!("{kept} of {all} rows are kept: {}", rules.join(", "))
    }

    /// Leaves out the rows that the filter does not hold of.
    fn keep(&self, table: &mut RawTable, extent: Extent) -> Result<(), DataError> {
        if self.filter.is_empty() {
            return Ok(());
        }
        let all = Columns::rows(table);
        let mut out = vec![false; all];
        let mut looked: Vec<&String> = Vec::new();
        for (column, _) in &self.filter {
            if looked.contains(&column) {
                continue;
            }
            looked.push(column);
            let wanted: Vec<String> =
                self.filter.iter().filter(|(other, _)| other == column).map(|(_, value)| spelling_key(value)).collect();
            let coded = table.texts(Columns::position(table, column)?);
            // A word for "missing" asks for every row without a value, unless the column holds the word itself: a region may be called so.
            let missing = roles::words::Missing { texts: &[] };
            let held = |key: &String| coded.levels.iter().any(|level| spelling_key(level) == *key);
            let empty = wanted.iter().any(|key| key.is_empty() || missing.value(key) && !held(key));
            let holds: Vec<bool> =
                coded.levels.iter().map(|level| wanted.contains(&spelling_key(level)) || empty && missing.value(level)).collect();
            if extent == Extent::Whole && !empty && !holds.contains(&true) {
                let values: Vec<&str> = self.filter.iter().filter(|(other, _)| other == column).map(|(_, value)| value.as_str()).collect();
                let reason = format!(
                    "no row has the value {} that rows are to be kept by; the column holds {}",
                    values.join(" or "),
                    crate::shortened(&coded.levels)
                );
                return Err(DataError::from(crate::RowsError::BadColumn { column: column.clone(), reason }));
            }
            for (out, &code) in out.iter_mut().zip(&coded.codes) {
                *out |= !holds.get(code as usize).copied().unwrap_or(empty);
            }
        }
        let kept = out.iter().filter(|out| !**out).count();
        if kept == 0 && extent == Extent::Whole {
            return Err(DataError::from(crate::RowsError::NoRows { file: format!("{} after the filter", table.source()) }));
        }
        if extent == Extent::Whole {
            table.notes.push(self.told_filter(kept, all));
        }
        table.leave_out(&out);
        Ok(())
    }
}

/// Finds the sign before decimals of each file whose fields are separated by something else than commas: one column settles it for all of a
/// file, also one that is not wanted. What no column of a file settles, other files with the same separator may.
fn settle_decimals(table: &mut RawTable, sources: &[Source], wanted: Wanted, options: &FileOptions) -> Result<(), DataError> {
    for (file, source) in sources.iter().enumerate() {
        if table.looks[file].separator == b',' {
            continue;
        }
        let mut decimal = options.decimal.or_else(|| table.told_decimal(file));
        if decimal.is_none() && matches!(wanted, Wanted::Named(_)) && (0..table.names.len()).any(|column| table.has_points(file, column)) {
            decimal = decimal_of_all(source, options)?;
        }
        table.looks[file].decimal = decimal;
    }
    let told = table.looks.clone();
    for look in table.looks.iter_mut().filter(|look| look.separator != b',' && look.decimal.is_none()) {
        look.decimal = agreed(told.iter().filter(|other| other.separator == look.separator).filter_map(|other| other.decimal));
    }
    Ok(())
}

/// Columns of a wide file that are held at once while the sign before its decimals is looked for.
pub(crate) const HELD_COLUMNS: usize = 5000;

/// The sign before decimals that all columns of a file tell together.
fn decimal_of_all(source: &Source, options: &FileOptions) -> Result<Option<char>, DataError> {
    let names = RawTable::names_of(source, options)?;
    let mut told = Vec::new();
    for names in names.chunks(HELD_COLUMNS) {
        told.extend(RawTable::read(std::slice::from_ref(source), Wanted::Named(names), options)?.signs_told(0));
    }
    Ok(agreed(told.into_iter()))
}

/// The sign that all tell.
fn agreed(mut told: impl Iterator<Item = char>) -> Option<char> {
    let first = told.next()?;
    told.all(|sign| sign == first).then_some(first)
}

impl RawTable {
    /// The sign before decimals of a file, where the columns that tell one agree.
    fn told_decimal(&self, file: usize) -> Option<char> {
        agreed(self.signs_told(file))
    }

    /// The signs before decimals that the columns of a file tell, one a column that tells one.
    fn signs_told(&self, file: usize) -> impl Iterator<Item = char> {
        /// Distinct texts that are looked at; a column that has more tells the same by these.
        const ENOUGH: usize = 10_000;
        (0..self.names.len()).filter_map(move |column| {
            let coded = self.written(file, column);
            let missing = roles::words::Missing { texts: &[] };
            // A word of the person's own for "missing" says nothing of numbers.
            let number = |text: &&str| !missing.value(text) && text.bytes().any(|byte| byte.is_ascii_digit());
            let texts = coded.levels.iter().map(String::as_str).filter(number).take(ENOUGH);
            Notation::told(&texts).ok().flatten()
        })
    }

    /// Whether some text of a file's column has a point or a comma between digits.
    fn has_points(&self, file: usize, column: usize) -> bool {
        let begins = |sign: char| sign.is_ascii_digit() || matches!(sign, '-' | '+' | '.' | ',');
        let signed = |text: &str| text.starts_with(begins) && text.contains(['.', ',']);
        self.batches.iter().filter(|batch| batch.file == file).any(|batch| match &batch.columns[column] {
            RawCells::Text(texts) | RawCells::Mixed { texts, .. } => texts.iter().flatten().take(100).any(|text| signed(text.trim())),
            RawCells::Number(_) => false,
        })
    }

    /// A column as numbers, NaN where the field is empty.
    pub(crate) fn plain_numbers(&self, name: &str) -> Result<Vec<f64>, DataError> {
        let column = Columns::position(self, name)?;
        let missing = roles::words::Missing { texts: &[] };
        let refuse = |odd: roles::Odd| {
            let remedy = "a finite number is expected; correct it".to_owned();
            Columns::bad_value(self, column, odd.row, format!("`{}`", odd.text), remedy)
        };
        Ok(Columns::numbers(self, column, missing).map_err(refuse)?.values)
    }

    /// A column as texts.
    pub(crate) fn texts_of(&self, name: &str) -> Result<roles::Coded, DataError> {
        Ok(self.texts(Columns::position(self, name)?))
    }
}

/// Reads files whose columns have the roles of `schema`.
pub fn read(files: &[String], schema: &Schema, settings: &TableSettings) -> Result<Dataset, DataError> {
    let sources = files::resolve(files)?;
    let sensitive_columns = roles::sensitive_columns(&schema.sensitive);
    roles::check_roles(schema)?;
    let named = schema.features.as_ref().map(|features| {
        let mut names: Vec<String> = Vec::new();
        let role_columns = schema.label.iter().map(|role| &role.column).chain(&schema.person).chain(&schema.job).chain(&schema.weight);
        for name in features.iter().chain(role_columns).chain(&schema.targets).chain(&sensitive_columns) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    });
    let table = settings.read(&sources, named.as_deref().map_or(Wanted::All, Wanted::Named))?;
    let name = match sources.as_slice() {
        [only] => only.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
        several => format!("{} files", several.len()),
    };
    dataset(table, schema, name, "table")
}

/// Reads all columns without giving any a role: what a proposal of roles looks at.
pub fn look(files: &[String], settings: &TableSettings) -> Result<impl Columns + use<>, DataError> {
    settings.read(&files::resolve(files)?, Wanted::All)
}

/// Gives the columns of a table their roles.
pub(crate) fn dataset(mut table: RawTable, schema: &Schema, name: String, loader: &str) -> Result<Dataset, DataError> {
    let digests = std::mem::take(&mut table.digests);
    let notes = std::mem::take(&mut table.notes);
    Ok(dataset_of(&table, schema, name, loader, digests, notes)?.with_joined_spellings())
}

/// Reads scores, groups, and label and weight where named; nothing else of the files is converted.
pub fn read_scores(files: &[String], roles: &ScoreRoles, settings: &TableSettings) -> Result<Scored, DataError> {
    let sources = files::resolve(files)?;
    let mut wanted = roles.columns()?;
    // Nobody has said whose rows they are: a column that names persons is looked at.
    let persons = if roles.person.is_none() && roles.count.is_none() && roles.counted.is_none() {
        columns(files, &settings.file)?.into_iter().find(|name| names_a_person(name) && !wanted.contains(name))
    } else {
        None
    };
    let small = sources.iter().map(|source| source.path.metadata().map_or(u64::MAX, |about| about.len())).sum::<u64>() < 1 << 24;
    let persons = persons.filter(|_| small);
    wanted.extend(persons.clone());
    let mut table = settings.read(&sources, Wanted::Named(&wanted))?;
    if let Some(column) = &persons
        && Columns::rows(&table) <= MOST_LOOKED_AT
    {
        let repeats = roles::remark_repeats(&table, Columns::position(&table, column)?);
        table.notes.extend(repeats);
    }
    let digests = std::mem::take(&mut table.digests);
    let notes = std::mem::take(&mut table.notes);
    Ok(roles.read(&table, Extent::Whole, digests, notes)?)
}

/// Refuses a file that names a column twice.
fn refuse_equal_names(file: &str, names: &[String]) -> Result<(), DataError> {
    let mut known = std::collections::HashSet::with_capacity(names.len());
    match names.iter().find(|name| !known.insert(*name)) {
        Some(name) => Err(DataError::DuplicateColumn { file: file.to_owned(), column: name.clone() }),
        None => Ok(()),
    }
}

/// Whether a column's name says that it holds persons.
fn names_a_person(name: &str) -> bool {
    const PERSONS: [&str; 12] = [
        "person",
        "person id",
        "candidate",
        "candidate id",
        "applicant",
        "applicant id",
        "employee id",
        "user id",
        "participant",
        "participant id",
        "email",
        "e mail",
    ];
    PERSONS.contains(&roles::words::simplified(name).as_str())
}

/// A column as identities where a row without a value is an identity of its own, named as in the column `own`; says how many there are.
pub(crate) fn identity_or(table: &RawTable, name: &str, own: &str, texts: &[String]) -> Result<(Identity, usize), DataError> {
    let missing = roles::words::Missing { texts };
    let (given, own) = (table.texts_of(name)?, table.texts_of(own)?);
    let mut index: std::collections::HashMap<&str, u32> = std::collections::HashMap::new();
    let mut levels = Vec::new();
    let mut codes = Vec::with_capacity(Columns::rows(table));
    let mut alone = 0;
    for row in 0..given.codes.len() {
        let empty = given.codes[row] == MISSING || missing.category(given.at(row));
        alone += usize::from(empty);
        let level = if empty { own.at(row) } else { given.at(row) };
        codes.push(*index.entry(level).or_insert_with(|| {
            levels.push(level.to_owned());
            levels.len() as u32 - 1
        }));
    }
    Ok((Identity { name: name.to_owned(), levels, codes }, alone))
}
