//! Files that appear whole or not at all.
//!
//! ```text
//! write under a temporary name in the same folder -> sync the file -> rename -> sync the folder
//! ```
//!
//! A temporary name holds the number of its process, and the file is locked while the process lives: what a killed one left behind is taken away when
//! the next file is begun in the folder.
//!
//! A reader sees the old file or the new one, and after a crash one of them is on the disk: without the first sync a renamed file can come
//! back empty, without the second the rename itself can be lost. Folders are synced where the system lets them be opened.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use evenhand_catalog::limits::TEXT_BYTES;
use tempfile::NamedTempFile;

/// Reads what a person or a program describes: no more than the limit `text-bytes` allows, also of what never ends.
pub fn read_text(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(TEXT_BYTES.most().saturating_add(1)).read_to_end(&mut bytes)?;
    TEXT_BYTES.check(bytes.len() as u64).map_err(io::Error::other)?;
    Ok(bytes)
}

/// What temporary names begin with; the number of the process follows.
const PREFIX: &str = ".evenhand-";

/// Begins a file under a temporary name in a folder, private to this user unless `shared`.
pub fn temporary(folder: &Path, shared: bool) -> io::Result<NamedTempFile> {
    sweep(folder);
    let prefix = format!("{PREFIX}{}-", std::process::id());
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    if shared {
        builder.permissions(<fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666));
    }
    #[cfg(not(unix))]
    let _ = shared;
    loop {
        let file = builder.prefix(&prefix).tempfile_in(folder)?;
        match file.as_file().try_lock() {
            // Somebody sweeps who saw the file before it was locked, and takes it away.
            Err(TryLockError::WouldBlock) => {}
            Ok(()) if !file.path().exists() => {}
            // A file system without locks: the number of the process says enough.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
}

/// Takes away what killed processes have left in a folder; once a folder and process.
fn sweep(folder: &Path) {
    static SWEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    if SWEPT.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned()) {
        sweep_now(folder);
    }
}

fn sweep_now(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let left = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|rest| rest.split_once('-'));
        let Some(process) = left.and_then(|(process, _)| process.parse::<u32>().ok()) else { continue };
        let path = entry.path();
        // Where files can be locked, the lock alone tells: numbers of processes are given anew, and each container has its own.
        let Ok(file) = File::open(&path) else { continue };
        let dead = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(_)) => is_gone(process, &path),
        };
        if dead {
            // Held until it is gone: whoever has just begun it sees that somebody else locks it, and begins another.
            let _ = fs::remove_file(&path);
        }
        drop(file);
    }
}

/// Whether no process has this number. Where the system does not tell, a file of yesterday is nobody's.
fn is_gone(process: u32, path: &Path) -> bool {
    if Path::new("/proc/self").exists() {
        return !Path::new("/proc").join(process.to_string()).exists();
    }
    let age = path.metadata().and_then(|about| about.modified()).ok().and_then(|then| then.elapsed().ok());
    age.is_some_and(|age| age > Duration::from_hours(24))
}

/// Writes a file whole, private to this user.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("names.csv");
/// evenhand_data::whole::write(&path, b"id,name\n")?;
/// assert_eq!(std::fs::read(&path)?, b"id,name\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = WholeFile::create(path)?;
    file.write_all(bytes)?;
    file.finish()
}

/// Gives a finished file another name in the same file system.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    File::options().write(true).open(from)?.sync_all()?;
    fs::rename(from, to)?;
    sync_names(to);
    Ok(())
}

/// Has the names of a folder written to the disk, where folders can be opened.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// The file is in its place; where a file system syncs no folders, nothing more can be done for its name.
fn sync_names(path: &Path) {
    let _ = sync_folder(folder_of(path));
}

/// Lets everybody read a file that was made for its owner alone; where this fails it stays so.
pub(crate) fn let_all_read(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o644));
    }
    #[cfg(not(unix))]
    let _ = path;
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file on its way: it has its name after [`WholeFile::finish`], and leaves nothing behind when it is dropped before.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    file: NamedTempFile,
}

impl WholeFile {
    /// Begins a file, private to this user, in a folder that exists.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(WholeFile { path: path.to_owned(), file: temporary(folder_of(path), false)? })
    }

    /// Begins a file like any other of this user, in a folder that exists: what may be read is the system's to say.
    pub fn create_shared(path: &Path) -> io::Result<Self> {
        Ok(WholeFile { path: path.to_owned(), file: temporary(folder_of(path), true)? })
    }

    /// Puts the file in its place.
    pub fn finish(self) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(&self.path).map_err(|error| error.error)?;
        sync_names(&self.path);
        Ok(())
    }

    /// Puts the file in its place, for everybody to read.
    pub(crate) fn finish_for_all(self) -> io::Result<()> {
        let_all_read(self.file.path());
        self.finish()
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_killed_process_left_goes_and_what_a_live_one_writes_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        // No process has a number beyond those of the kernel.
        let dead = format!("{PREFIX}4194999-abc");
        for name in [&dead, ".evenhand-notes"] {
            fs::write(at(name), b"half").unwrap();
        }
        let locked = format!("{PREFIX}4194998-abc");
        let held = File::create(at(&locked)).unwrap();
        held.try_lock().unwrap();
        write(&at("table.csv"), b"new").unwrap();
        assert!(!at(&dead).exists(), "nobody holds it");
        assert!(at(".evenhand-notes").exists() && at(&locked).exists());
        drop(held);
        let begun = WholeFile::create(&at("live.csv")).unwrap();
        sweep_now(folder.path());
        assert!(begun.file.path().exists(), "its process lives");
        assert!(!at(&locked).exists(), "nobody holds it any more");
    }

    #[test]
    fn an_unfinished_file_leaves_the_old_one_and_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        write(&path, b"old").unwrap();
        let mut begun = WholeFile::create(&path).unwrap();
        begun.write_all(b"half").unwrap();
        drop(begun);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        write(&path, b"new").unwrap();
        rename(&path, &folder.path().join("other.csv")).unwrap();
        assert_eq!(fs::read(folder.path().join("other.csv")).unwrap(), b"new");
        assert!(write(&folder.path().join("missing/table.csv"), b"").is_err(), "folders are not made on the way");
    }
}
