//! Takes one file out of a zip archive.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use tempfile::NamedTempFile;
use zip::ZipArchive;

use super::FetchError;
use crate::whole;

/// Unpacks `member` into a nameless file in `folder`. `None` when the archive does not hold it.
///
/// The file's place is chosen by the caller, never by the archive; an archive with an entry that points outside is refused all the
/// same, for somebody made it to do harm. `limit` caps the unpacked size.
pub(super) fn unpack(archive: &Path, member: &str, limit: u64, folder: &Path) -> Result<Option<NamedTempFile>, FetchError> {
    let broken = |reason: String| FetchError::Archive { archive: archive.to_owned(), reason };
    let file = File::open(archive).map_err(|source| FetchError::File { path: archive.to_owned(), action: "cannot be opened", source })?;
    let mut zip = ZipArchive::new(file).map_err(|error| broken(format!("not a whole zip file ({error})")))?;

    let mut position = None;
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(|error| broken(error.to_string()))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if points_outside(&name) {
            return Err(FetchError::UnsafeArchive { archive: archive.to_owned(), entry: name });
        }
        if position.is_none() && entry.is_file() && name.rsplit(['/', '\\']).next() == Some(member) {
            position = Some(index);
        }
    }
    let Some(position) = position else { return Ok(None) };

    let entry = zip.by_index(position).map_err(|error| broken(format!("`{member}` cannot be unpacked ({error})")))?;
    let refused = |source| FetchError::File { path: folder.to_owned(), action: "cannot hold the unpacked file", source };
    let mut unpacked = whole::temporary(folder, false).map_err(refused)?;
    let bytes =
        io::copy(&mut entry.take(limit + 1), &mut unpacked).map_err(|error| broken(format!("`{member}` cannot be unpacked ({error})")))?;
    if bytes > limit {
        return Err(broken(format!("`{member}` unpacks to more than the {limit} bytes it can have")));
    }
    Ok(Some(unpacked))
}

/// Absolute, with a drive, or climbing: no honest archive of a corpus has such an entry.
fn points_outside(name: &str) -> bool {
    name.contains('\0') || name.contains(':') || name.starts_with(['/', '\\']) || name.split(['/', '\\']).any(|step| step == "..")
}
