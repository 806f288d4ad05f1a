//! Files that appear whole or not at all.

use std::fs;
use std::io::Write;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::AuditError;

/// Refuses an output that would replace one of its inputs.
pub(crate) fn refuse_input(out: &Path, files: &[String]) -> Result<(), AuditError> {
    let same = |file: &String| matches!((fs::canonicalize(file), fs::canonicalize(out)), (Ok(one), Ok(other)) if one == other);
    match files.iter().find(|file| same(file)) {
        Some(file) => Err(AuditError::Request(format!("--out {} would replace the input {file}; give another file", out.display()))),
        None => Ok(()),
    }
}

/// Refuses to write a file of one of these names into a folder where an input lies under it: inputs are given by name and sha256, so that
/// patterns and folders of corpora are seen through.
pub(crate) fn refuse_inputs<'a>(
    folder: &Path,
    names: &[&str],
    inputs: impl Iterator<Item = (&'a String, &'a String)>,
) -> Result<(), AuditError> {
    for (name, sha256) in inputs.filter(|(name, _)| names.contains(&name.as_str())) {
        let path = folder.join(name);
        let same = match fs::read(&path) {
            Ok(bytes) => crate::run::hex(&Sha256::digest(bytes)) == *sha256,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => return Err(AuditError::io(&path, "read")(error)),
        };
        if same {
            return Err(AuditError::Request(format!(
                "--out {} would replace the input {}, as a report has a file of this name; give another folder",
                folder.display(),
                path.display()
            )));
        }
    }
    Ok(())
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
