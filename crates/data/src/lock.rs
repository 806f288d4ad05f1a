//! One process at a time writes into a folder: two would mix their files.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Name of the locked file.
pub const NAME: &str = "lock";

/// The lock of a folder, held as long as this lives; then its file is gone.
#[derive(Debug)]
pub struct FolderLock {
    file: File,
    path: PathBuf,
}

/// Why a folder is not locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("another process is writing into {}", .0.display())]
    Held(PathBuf),
    /// The folder or its lock could not be made.
    #[error("{}: cannot lock the folder: {cause}", folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // The name goes first: whoever makes it anew finds another file, and whoever waits at this one sees that it has no name. Where the owner has
        // taken the folder away already, the name may be another's.
        if is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
        // Closing it is not enough: a program that another thread is just starting has a copy of the handle.
        let _ = self.file.unlock();
    }
}

/// Locks a folder, which is made where it is not there.
///
/// ```
/// use evenhand_data::lock::{LockError, hold};
///
/// let folder = tempfile::tempdir()?;
/// let lock = hold(folder.path())?;
/// assert!(matches!(hold(folder.path()), Err(LockError::Held(_))));
/// drop(lock);
/// assert!(hold(folder.path()).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn hold(folder: &Path) -> Result<FolderLock, LockError> {
    let failed = |cause| LockError::Io { folder: folder.to_owned(), cause };
    let path = folder.join(NAME);
    loop {
        fs::create_dir_all(folder).map_err(failed)?;
        let file = match File::options().create(true).truncate(false).write(true).open(&path) {
            // Whoever held it has just taken the folder away.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other.map_err(failed)?,
        };
        match file.try_lock() {
            Ok(()) if is_at(&file, &path) => return Ok(FolderLock { file, path }),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
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
        assert!(hold(&place).is_err());
        drop(lock);
        assert_eq!(std::fs::read_dir(&place).unwrap().count(), 0);
        hold(&place).unwrap();
    }
}
