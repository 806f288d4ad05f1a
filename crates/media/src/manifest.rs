//! The list of candidates: a CSV file that names each recording and what is known about it.
//!
//! ```text
//! id               required, unique; letters, digits and signs, no control characters
//! file             a recording (MP4, MOV, MKV, WebM), or in its place
//! frames, wav      a folder of PNG or JPEG pictures in the order of their names, and a WAV file; either may be empty; the pictures last as
//!                  long as the sound, unless the settings say how many there are a second
//! transcript       the words, or in its place
//! transcript_file  a file with them (text, SRT, VTT, JSON of a recogniser, CTM)
//! language         of the words, for the recogniser: a tag such as `en` or `pt-BR`
//! ```
//!
//! All other columns (person, job, scores, sensitive attributes, ...) are carried along as they stand. UTF-8 with or without byte order
//! mark, a header, fields separated by `,` or, where the header holds more of them, by `;` or tabs. Paths are relative to the manifest; a
//! path may leave its folder. Blanks around the values of the columns above are cut.
//!
//! Errors name the column and the row (the first row after the header is row 1). A file that does not exist is no error here but a
//! failure of its candidate, so that one lost upload does not hold up the others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use evenhand_catalog::limits::CANDIDATE_ID;
use evenhand_data::whole;

use crate::MediaError;

/// Columns with a meaning of their own.
pub const COLUMNS: [&str; 7] = ["id", "file", "frames", "wav", "transcript", "transcript_file", "language"];

/// Longest id in characters.
const LONGEST_ID: usize = CANDIDATE_ID.most as usize;

/// Where a candidate's pictures and sound are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// One recording.
    File(PathBuf),
    /// What another program took out of it.
    Parts {
        /// Folder of pictures.
        frames: Option<PathBuf>,
        /// Sound.
        wav: Option<PathBuf>,
    },
    /// Neither: the words are all there is.
    Words,
}

/// One candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// Its pictures and sound.
    pub source: Source,
    /// Its words.
    pub transcript: Option<String>,
    /// A file with its words.
    pub transcript_file: Option<PathBuf>,
    /// Their language.
    pub language: Option<String>,
    /// Every field as it stands, in the order of [`Manifest::columns`].
    pub cells: Vec<String>,
}

/// The candidates in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The file.
    pub path: PathBuf,
    /// Names of all columns.
    pub columns: Vec<String>,
    /// The candidates; at least one.
    pub rows: Vec<Row>,
}

impl Manifest {
    /// Reads a manifest.
    pub fn read(path: &Path) -> Result<Self, MediaError> {
        if path.is_dir() {
            let remedy = "name the manifest: a CSV file with a row a candidate, whose column `file` names the recordings";
            return Err(Reader { path }.bad("is a folder".to_owned(), remedy));
        }
        let bytes = whole::read_text(path).map_err(|source| MediaError::Io { action: "reading", path: path.to_owned(), source })?;
        Self::parse(&bytes, path)
    }

    /// Reads the bytes of a manifest that stands at this path.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, MediaError> {
        let reader = Reader { path };
        if bytes.iter().take(4096).any(|byte| *byte == 0) {
            let remedy = "name the manifest: a CSV file (UTF-8) with a row a candidate, whose column `file` names the recordings";
            return Err(reader.bad("is no text".to_owned(), remedy));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
            reader.bad(format!("is not UTF-8 text (line {line})"), "save it as UTF-8")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rows = csv::ReaderBuilder::new().delimiter(delimiter(text)).from_reader(text.as_bytes());
        let columns: Vec<String> =
            rows.headers().map_err(|error| reader.damaged(&error))?.iter().map(|name| name.trim().to_owned()).collect();
        reader.check_header(&columns)?;
        let mut manifest = Manifest { path: path.to_owned(), columns, rows: Vec::new() };
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for (number, cells) in rows.records().enumerate() {
            let cells = cells.map_err(|error| reader.damaged(&error))?;
            let number = number + 1;
            let row = reader.row(&manifest.columns, cells.iter().map(str::to_owned).collect(), number)?;
            if let Some(earlier) = known.insert(row.id.clone(), number) {
                let problem = format!("holds the id `{}` twice, in row {earlier} and in row {number}, column `id`", row.id);
                return Err(reader.bad(problem, "give every candidate an id of its own, or take one of the two rows out"));
            }
            manifest.rows.push(row);
        }
        if manifest.rows.is_empty() {
            return Err(reader.bad("holds no candidates, only a header".to_owned(), "add a row for each candidate"));
        }
        Ok(manifest)
    }

    /// The names of the columns that are carried along: all but `record` and the like cannot clash with those of the result.
    pub fn clash(&self, taken: &[&str]) -> Option<&str> {
        self.columns.iter().map(String::as_str).find(|name| taken.contains(name))
    }

    /// An error about this file.
    pub fn refuse(&self, problem: String, remedy: &str) -> MediaError {
        Reader { path: &self.path }.bad(problem, remedy)
    }
}

/// `,` unless the header holds more `;` or tabs.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |sign: u8| header.bytes().filter(|byte| *byte == sign).count();
    let mut best = b',';
    for sign in [b';', b'\t'] {
        if count(sign) > count(best) {
            best = sign;
        }
    }
    best
}

#[derive(Debug, Clone, Copy)]
struct Reader<'a> {
    path: &'a Path,
}

impl Reader<'_> {
    fn bad(&self, problem: String, remedy: &str) -> MediaError {
        MediaError::BadFile { path: self.path.to_owned(), problem, remedy: remedy.to_owned() }
    }

    fn damaged(&self, error: &csv::Error) -> MediaError {
        let row = error.position().map_or_else(String::new, |position| format!(" in row {}", position.record()));
        match error.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => self.bad(
                format!("has {len} fields instead of {expected_len}{row}"),
                "put texts that hold a comma, a quote or a line end in double quotes",
            ),
            _ => self.bad(format!("cannot be read as CSV{row}: {error}"), "save it as CSV with a header"),
        }
    }

    fn check_header(&self, columns: &[String]) -> Result<(), MediaError> {
        for (position, name) in columns.iter().enumerate() {
            if name.is_empty() {
                return Err(self.bad(format!("has no name for column {}", position + 1), "name every column in the first line"));
            }
            if columns[..position].contains(name) {
                return Err(self.bad(format!("has two columns `{name}`"), "rename or remove one of them"));
            }
        }
        let has = |name: &str| columns.iter().any(|column| column == name);
        if !has("id") {
            return Err(self.bad(
                format!("has no column `id` (its columns: {})", columns.join(", ")),
                "add a column `id` with a unique name for each candidate",
            ));
        }
        if !COLUMNS[1..6].iter().any(|name| has(name)) {
            return Err(self.bad(
                "names no recordings".to_owned(),
                "add a column `file`, or `frames` and `wav`, or `transcript`; paths are relative to the manifest",
            ));
        }
        if has("boxes") {
            return Err(self.bad(
                "has a column `boxes`, which is not read".to_owned(),
                "name one file with the boxes of all candidates in the settings, `boxes` under `[face]`, and remove the column",
            ));
        }
        Ok(())
    }

    fn row(&self, columns: &[String], cells: Vec<String>, number: usize) -> Result<Row, MediaError> {
        let field = |name: &str| {
            let place = columns.iter().position(|column| column == name)?;
            Some(cells[place].trim()).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let at = |column: &str| format!("in row {number}, column `{column}`");
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let path = |name: &str| field(name).map(|text| folder.join(text));
        let id = field("id").ok_or_else(|| self.bad(format!("has an empty field {}", at("id")), "name every candidate"))?;
        if id.chars().any(char::is_control) || id.chars().count() > LONGEST_ID {
            return Err(self.bad(
                format!("has an id with a control character or more than {LONGEST_ID} characters {}", at("id")),
                "use a short name without line ends",
            ));
        }
        for column in ["file", "frames", "wav", "transcript_file"] {
            if field(column).is_some_and(|text| text.chars().any(char::is_control)) {
                return Err(self.bad(format!("has a path with a control character {}", at(column)), "correct the path"));
            }
        }
        let source = match (path("file"), path("frames"), path("wav")) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
                return Err(self.bad(
                    format!("names a recording and also extracted pictures or sound {}", at("file")),
                    "keep either `file` or `frames` and `wav`",
                ));
            }
            (Some(file), None, None) => Source::File(file),
            (None, None, None) => Source::Words,
            (None, frames, wav) => Source::Parts { frames, wav },
        };
        let (transcript, transcript_file) = (field("transcript"), path("transcript_file"));
        if transcript.is_some() && transcript_file.is_some() {
            return Err(
                self.bad(format!("holds a transcript and also names a file with one {}", at("transcript_file")), "keep one of the two")
            );
        }
        let language = field("language");
        let plain = |text: &str| text.len() <= 35 && text.chars().all(|sign| sign.is_ascii_alphanumeric() || "-_".contains(sign));
        if let Some(wrong) = language.as_deref().filter(|text| !plain(text) || text.starts_with('-')) {
            return Err(self.bad(format!("has `{wrong}` {}, which is no language", at("language")), "write a tag such as `en` or `pt-BR`"));
        }
        Ok(Row { id, source, transcript, transcript_file, language, cells })
    }
}
