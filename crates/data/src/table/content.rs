//! What stands in a file, unpacked: the bytes decide, the ending only says what was promised.
//!
//! Standard input (`-`) and pipes can be read once, while a command may ask for the names of the columns first and for the rows later:
//! their bytes are kept for as long as the program runs.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use evenhand_catalog::limits::PIPED_BYTES;

use super::files::{Format, STANDARD_INPUT, Source};
use super::kind::{HEAD, Kind, kind};
use super::packed::{Member, gunzip, refused, said_size, unzip};
use crate::DataError;

/// Bytes of a pipe for which a growing place is made.
const GROWING_BYTES: u64 = 16 << 20;

/// How the bytes are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Parquet,
    Arrow,
    ArrowStream,
    Json,
    Workbook,
}

impl Form {
    fn word(self) -> &'static str {
        match self {
            Form::Text => "text",
            Form::Parquet => "Parquet",
            Form::Arrow | Form::ArrowStream => "Arrow",
            Form::Json => "JSON",
            Form::Workbook => "a workbook (xlsx)",
        }
    }
}

/// Where the bytes are.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// As they stand in a file.
    File(PathBuf),
    /// Packed with gzip in a file.
    Gzip(PathBuf),
    /// At hand.
    Held(Arc<Vec<u8>>),
}

/// A file whose kind is known.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) form: Form,
    pub(crate) origin: Origin,
    pub(crate) notes: Vec<String>,
}

impl Content {
    /// Looks at the bytes of a source.
    pub(crate) fn open(source: &Source) -> Result<Self, DataError> {
        let file = source.shown();
        let held = if source.is_piped() { Some(piped(source)?) } else { None };
        let head = match &held {
            Some(bytes) => bytes[..bytes.len().min(HEAD)].to_vec(),
            None => head(open(&source.path)?).map_err(|error| DataError::Read { path: file.clone(), source: error })?,
        };
        let origin = held.map_or_else(|| Origin::File(source.path.clone()), Origin::Held);
        refuse_zeros(&file, &head)?;
        let (form, origin) = resolve(&file, &head, origin, source.format, 0)?;
        let ending = source.path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        let promised_text = matches!(ending.as_str(), "csv" | "tsv" | "txt" | "tab");
        let promised_other = matches!(ending.as_str(), "xlsx" | "xls" | "json" | "jsonl" | "ndjson" | "feather" | "arrow");
        let mut notes = Vec::new();
        if promised_text && form != Form::Text || promised_other && form == Form::Text {
            notes.push(format!("`{}` is {} by its bytes, whatever its ending says, and was read so", source.name(), form.word()));
        }
        Ok(Content { form, origin, notes })
    }

    /// The bytes from the beginning.
    pub(crate) fn reader(&self) -> Result<Box<dyn Read + Send>, DataError> {
        Ok(match &self.origin {
            Origin::File(path) => Box::new(open(path)?),
            Origin::Gzip(path) => {
                let packed = open(path)?;
                let bytes = packed.metadata().map_or(0, |metadata| metadata.len());
                Box::new(gunzip(packed, bytes))
            }
            Origin::Held(bytes) => Box::new(Cursor::new(Shared(Arc::clone(bytes)))),
        })
    }

    /// All bytes.
    pub(crate) fn bytes(&self, file: &str) -> Result<Arc<Vec<u8>>, DataError> {
        match &self.origin {
            Origin::Held(bytes) => Ok(Arc::clone(bytes)),
            Origin::File(path) => super::files::bytes(path).map(Arc::new),
            Origin::Gzip(path) => {
                let mut bytes = Vec::new();
                // A vector that doubles holds its bytes twice.
                let _ = bytes.try_reserve_exact(said(path).unwrap_or(0));
                self.reader()?.read_to_end(&mut bytes).map_err(|error| refused(file, &error))?;
                Ok(Arc::new(bytes))
            }
        }
    }

    /// The error for bytes that cannot be had.
    pub(crate) fn unreadable(&self, file: &str, error: std::io::Error) -> DataError {
        match self.origin {
            Origin::Gzip(_) => refused(file, &error),
            _ => DataError::Read { path: file.to_owned(), source: error },
        }
    }
}

/// Bytes that several readers share.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Unpacks until something is found that can be read.
fn resolve(file: &str, head: &[u8], origin: Origin, promised: Format, depth: usize) -> Result<(Form, Origin), DataError> {
    let other = |what: &str, remedy: &str| DataError::OtherKind { file: file.to_owned(), what: what.to_owned(), remedy: remedy.to_owned() };
    let form = match kind(head) {
        // What promised to be Parquet is told why it is none.
        Kind::Text if promised == Format::Parquet => Form::Parquet,
        Kind::Text => Form::Text,
        Kind::Parquet => Form::Parquet,
        Kind::Arrow => Form::Arrow,
        Kind::ArrowStream => Form::ArrowStream,
        Kind::Json => Form::Json,
        Kind::Other(what, remedy) => return Err(other(what, remedy)),
        Kind::Gzip | Kind::Zip if depth >= 2 => return Err(other("packed more than twice", "unpack it")),
        Kind::Gzip => {
            let packed = |bytes: Vec<u8>| Origin::Held(Arc::new(bytes));
            let unpacked = match &origin {
                Origin::File(path) => Content { form: Form::Text, origin: Origin::Gzip(path.clone()), notes: Vec::new() },
                held => {
                    let bytes = Content { form: Form::Text, origin: held.clone(), notes: Vec::new() }.bytes(file)?;
                    let mut unpacked = Vec::new();
                    if let Some(last) = bytes.last_chunk::<4>() {
                        let _ = unpacked.try_reserve_exact(said_size(*last, bytes.len() as u64) + 1);
                    }
                    gunzip(bytes.as_slice(), bytes.len() as u64).read_to_end(&mut unpacked).map_err(|error| refused(file, &error))?;
                    Content { form: Form::Text, origin: packed(unpacked), notes: Vec::new() }
                }
            };
            let head = self::head(unpacked.reader()?).map_err(|error| refused(file, &error))?;
            if head.is_empty() {
                return Err(DataError::EmptyFile { file: file.to_owned() });
            }
            let inner = match (kind(&head), &unpacked.origin) {
                // A text may be read in parts; everything else needs all its bytes.
                (Kind::Text, _) | (_, Origin::Held(_)) => unpacked.origin.clone(),
                _ => Origin::Held(unpacked.bytes(file)?),
            };
            return resolve(file, &head, inner, promised, depth + 1);
        }
        Kind::Zip => {
            let bytes = Content { form: Form::Workbook, origin, notes: Vec::new() }.bytes(file)?;
            return match unzip(file, &bytes)? {
                Member::Workbook => Ok((Form::Workbook, Origin::Held(bytes))),
                Member::File(unpacked) if unpacked.is_empty() => Err(DataError::EmptyFile { file: file.to_owned() }),
                Member::File(unpacked) => {
                    let head = unpacked[..unpacked.len().min(HEAD)].to_vec();
                    resolve(file, &head, Origin::Held(Arc::new(unpacked)), promised, depth + 1)
                }
            };
        }
    };
    Ok((form, origin))
}

fn open(path: &Path) -> Result<File, DataError> {
    File::open(path).map_err(|error| DataError::Read { path: path.display().to_string(), source: error })
}

fn head(reader: impl Read) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Bytes that a gzip file says it unfolds to, and one more, so that its end is found without more room.
fn said(path: &Path) -> Option<usize> {
    let mut file = File::open(path).ok()?;
    let packed = file.metadata().ok()?.len();
    file.seek(SeekFrom::End(-4)).ok()?;
    let mut last = [0; 4];
    file.read_exact(&mut last).ok()?;
    Some(said_size(last, packed) + 1)
}

/// Refuses what begins like a file that was only set aside, or never ends.
fn refuse_zeros(file: &str, head: &[u8]) -> Result<(), DataError> {
    if head.is_empty() || head.iter().any(|byte| *byte != 0) {
        return Ok(());
    }
    let remedy = "name the file that holds the table".to_owned();
    Err(DataError::OtherKind { file: file.to_owned(), what: "no text (it begins with zero bytes alone)".to_owned(), remedy })
}

/// The bytes of standard input or of a pipe, kept.
pub(super) fn piped(source: &Source) -> Result<Arc<Vec<u8>>, DataError> {
    static KEPT: Mutex<Option<HashMap<PathBuf, Arc<Vec<u8>>>>> = Mutex::new(None);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = kept.get_or_insert_default();
    if let Some(bytes) = kept.get(&source.path) {
        return Ok(Arc::clone(bytes));
    }
    let file = source.shown();
    let pipe: Box<dyn Read> =
        if source.path.as_os_str() == STANDARD_INPUT { Box::new(std::io::stdin().lock()) } else { Box::new(open(&source.path)?) };
    let failed = |error| DataError::Read { path: file.clone(), source: error };
    // The beginning tells whether it is worth to wait for the end, which may never come.
    let mut pipe = pipe.take(PIPED_BYTES.most().saturating_add(1));
    let mut bytes = Vec::new();
    (&mut pipe).take(HEAD as u64).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.is_empty() {
        return Err(DataError::EmptyFile { file });
    }
    if let Kind::Other(what, remedy) = kind(&bytes) {
        return Err(DataError::OtherKind { file, what: what.to_owned(), remedy: remedy.to_owned() });
    }
    refuse_zeros(&file, &bytes)?;
    (&mut pipe).take(GROWING_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    // A vector that doubles holds its bytes twice.
    let _ = bytes.try_reserve_exact(pipe.limit().min(PIPED_BYTES.most) as usize);
    pipe.read_to_end(&mut bytes).map_err(failed)?;
    if let Err(limit) = PIPED_BYTES.check(bytes.len() as u64) {
        let remedy = format!("write it into a file and name that ({limit})");
        return Err(DataError::OtherKind { file, what: "too long to be held".to_owned(), remedy });
    }
    let bytes = Arc::new(bytes);
    kept.insert(source.path.clone(), Arc::clone(&bytes));
    Ok(bytes)
}
