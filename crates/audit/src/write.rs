//! Files that appear whole or not at all.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::AuditError;

/// Refuses an output that would replace one of its inputs.
pub(crate) fn refuse_input(out: &Path, files: &[String]) -> Result<(), AuditError> {
    let same = |file: &String| matches!((fs::canonicalize(file), fs::canonicalize(out)), (Ok(one), Ok(other)) if one == other);
    match files.iter().find(|file| same(file)) {
        Some(file) => Err(AuditError::Request(format!("--out {} would replace the input {file}; give another file", out.display()))),
        None => Ok(()),
    }
}

/// Writes under a temporary name beside the target, then renames: a reader sees the old file or the new one.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), AuditError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(AuditError::io(folder, "create the folder"))?;
    let mut builder = tempfile::Builder::new();
    // A temporary file is private by default; a report is a file like any other.
    #[cfg(unix)]
    builder.permissions(<fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666));
    let mut file = builder.prefix(".evenhand-").tempfile_in(folder).map_err(AuditError::io(path, "write"))?;
    file.write_all(bytes).map_err(AuditError::io(path, "write"))?;
    file.persist(path).map_err(|error| AuditError::Io { path: path.to_path_buf(), action: "write", cause: error.error })?;
    Ok(())
}
