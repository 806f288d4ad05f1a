//! Reading a model's files.

use std::path::Path;

use crate::MediaError;

/// The whole file.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, MediaError> {
    std::fs::read(path).map_err(|source| MediaError::Io { action: "reading", path: path.to_owned(), source })
}

/// Its content as text.
pub(crate) fn text(path: &Path, bytes: Vec<u8>) -> Result<String, MediaError> {
    String::from_utf8(bytes).map_err(|error| MediaError::BadFile {
        path: path.to_owned(),
        problem: format!("is not UTF-8 text (byte {})", error.utf8_error().valid_up_to()),
        remedy: "use the file as it came with the model, saved as UTF-8".into(),
    })
}

/// Its content as JSON.
pub(crate) fn json(path: &Path, bytes: &[u8]) -> Result<serde_json::Value, MediaError> {
    serde_json::from_slice(bytes).map_err(|error| MediaError::BadFile {
        path: path.to_owned(),
        problem: format!("is not JSON: {error}"),
        remedy: "use the file as it came with the model".into(),
    })
}
