//! From the paths and patterns a person types to the files that are read.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use evenhand_catalog::limits::HELD_BYTES;
use sha2::Sha256;

use crate::{DataError, FileDigest, digest};

/// The name that stands for standard input.
pub(crate) const STANDARD_INPUT: &str = "-";

/// What the ending of a file promises; its bytes decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Parquet,
}

/// One file to be read.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
}

impl Source {
    /// The path as shown in messages.
    pub(crate) fn shown(&self) -> String {
        if self.path.as_os_str() == STANDARD_INPUT { "standard input".to_owned() } else { self.path.display().to_string() }
    }

    /// The name as shown in notes.
    pub(crate) fn name(&self) -> String {
        file_name(&self.path)
    }

    /// Whether its bytes can be read only once.
    pub(crate) fn is_piped(&self) -> bool {
        self.path.as_os_str() == STANDARD_INPUT || self.path.metadata().is_ok_and(|metadata| !metadata.is_file())
    }

    /// Name, size and sha256 of its bytes as they were given.
    pub(crate) fn digest(&self) -> Result<FileDigest, DataError> {
        if self.is_piped() {
            let bytes = super::content::piped(self)?;
            return Ok(digest(&self.path, &bytes));
        }
        digest_of_file(&self.path)
    }
}

/// Expands patterns; the files of one pattern come in the order of their names, so that the same folder gives the same rows.
pub(crate) fn resolve(files: &[String]) -> Result<Vec<Source>, DataError> {
    let mut sources = Vec::new();
    for given in files {
        let path = Path::new(given);
        if given == STANDARD_INPUT {
            if sources.iter().any(|source: &Source| source.path == path) {
                return Err(DataError::FileTwice { file: given.clone(), first: given.clone() });
            }
            sources.push(Source { path: path.to_owned(), format: Format::Csv });
            continue;
        }
        // A file whose very name holds a bracket or a star is taken as it is.
        if path.exists() || !given.contains(['*', '?', '[']) {
            sources.push(source(path)?);
            continue;
        }
        let matches = glob::glob(given)
            .map_err(|error| DataError::BadPattern { pattern: given.clone(), reason: error.to_string() })?
            .collect::<Result<Vec<PathBuf>, _>>()
            .map_err(|error| DataError::Read { path: error.path().display().to_string(), source: error.into() })?;
        let before = sources.len();
        for path in matches.iter().filter(|path| path.is_file()) {
            sources.push(source(path)?);
        }
        if sources.len() == before {
            return Err(DataError::NoMatch { pattern: given.clone() });
        }
    }
    let mut seen: HashMap<PathBuf, &Source> = HashMap::new();
    for source in &sources {
        // A file that cannot be followed is told by whoever reads it.
        let Ok(real) = source.path.canonicalize() else { continue };
        if let Some(first) = seen.insert(real, source) {
            return Err(DataError::FileTwice { file: source.shown(), first: first.shown() });
        }
    }
    if sources.is_empty() { Err(DataError::NoFiles) } else { Ok(sources) }
}

fn source(path: &Path) -> Result<Source, DataError> {
    let shown = || path.display().to_string();
    let metadata = path.metadata().map_err(|error| DataError::Read { path: shown(), source: error })?;
    if metadata.is_dir() {
        return Err(DataError::IsFolder { path: shown() });
    }
    if metadata.is_file() && metadata.len() == 0 {
        return Err(DataError::EmptyFile { file: shown() });
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        let kind = metadata.file_type();
        if kind.is_block_device() || kind.is_char_device() && std::fs::canonicalize(path).is_ok_and(|real| !real.starts_with("/dev/pts")) {
            let remedy = "name a file, or `-` for standard input".to_owned();
            return Err(DataError::OtherKind { file: shown(), what: "a device".to_owned(), remedy });
        }
    }
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    let format = if matches!(ending.as_str(), "parquet" | "parq" | "pq") { Format::Parquet } else { Format::Csv };
    Ok(Source { path: path.to_owned(), format })
}

/// The whole file.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, DataError> {
    DataError::within(&path.display().to_string(), HELD_BYTES, path.metadata().map_or(0, |about| about.len()))?;
    std::fs::read(path).map_err(|error| DataError::Read { path: path.display().to_string(), source: error })
}

/// Name, size and sha256 of a file whose bytes are at hand.
pub(crate) fn digest(path: &Path, bytes: &[u8]) -> FileDigest {
    named(path, bytes.len() as u64, digest::of_bytes(bytes))
}

/// Name, size and sha256 of a file that is read for it piece by piece.
pub(crate) fn digest_of_file(path: &Path) -> Result<FileDigest, DataError> {
    let (bytes, sha256) = digest::of_file(path).map_err(|error| DataError::Read { path: path.display().to_string(), source: error })?;
    Ok(named(path, bytes, sha256))
}

/// Name, size and sha256 of a file that was hashed while it was read.
pub(crate) fn finish(path: &Path, bytes: u64, hash: Sha256) -> FileDigest {
    named(path, bytes, digest::hexadecimal(hash))
}

fn named(path: &Path, bytes: u64, sha256: String) -> FileDigest {
    FileDigest { name: file_name(path), bytes, sha256 }
}

fn file_name(path: &Path) -> String {
    if path.as_os_str() == STANDARD_INPUT {
        return "standard input".to_owned();
    }
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
