//! One process at a time writes into an output folder: two would mix their checkpoints.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::ExperimentError;

/// Name of the locked file.
const NAME: &str = "lock";

/// The lock of a folder, held as long as this lives; then its file is gone.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The name goes first: whoever makes it anew finds another file, and whoever waits at this one sees that it has no name.
        let _ = fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

/// Locks a folder, which is made where it is not there; an error where another process holds it.
pub(crate) fn hold(folder: &Path) -> Result<Lock, ExperimentError> {
    let path = folder.join(NAME);
    loop {
        fs::create_dir_all(folder).map_err(ExperimentError::io(folder, "create the folder"))?;
        let file = match File::options().create(true).truncate(false).write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other.map_err(ExperimentError::io(&path, "write"))?,
        };
        match file.try_lock() {
            Ok(()) if is_at(&file, &path) => return Ok(Lock { file, path }),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ExperimentError::Setting {
                    setting: "out",
                    value: folder.parent().unwrap_or(folder).display().to_string(),
                    message: "another evenhand command is writing there; wait for it, or name another folder".to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(ExperimentError::io(&path, "lock")(error)),
        }
    }
}

/// Whether the open file still is the one of this name: one that was taken away in the meantime locks nobody out.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let number = |facts: fs::Metadata| (facts.dev(), facts.ino());
        file.metadata().map(number).is_ok_and(|own| fs::metadata(path).map(number).is_ok_and(|there| own == there))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

#[cfg(test)]
mod tests {
    use super::hold;

    #[test]
    fn a_folder_is_held_once_and_free_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("cells");
        let lock = hold(&place).unwrap();
        let refused = hold(&place).unwrap_err().to_string();
        assert!(refused.contains("another evenhand command") && refused.contains("`out`"), "{refused}");
        drop(lock);
        assert_eq!(std::fs::read_dir(&place).unwrap().count(), 0);
        hold(&place).unwrap();
    }
}
