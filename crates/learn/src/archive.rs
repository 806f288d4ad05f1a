//! Named `f32` arrays and a JSON text in one safetensors file, written whole or not at all.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::LearnError;

/// Key of the JSON text in the file's metadata.
const KEY: &str = "evenhand";

/// Arrays by name, with their shapes, and a JSON text beside them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Archive {
    pub(crate) arrays: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    pub(crate) text: String,
}

impl Archive {
    pub(crate) fn write(&self, path: &Path) -> Result<(), LearnError> {
        let bytes: Vec<(&str, &[usize], Vec<u8>)> = self
            .arrays
            .iter()
            .map(|(name, (shape, values))| (name.as_str(), shape.as_slice(), values.iter().flat_map(|value| value.to_le_bytes()).collect()))
            .collect();
        let problem = |error: safetensors::SafeTensorError| LearnError::BadFile {
            path: path.to_owned(),
            problem: format!("cannot hold these arrays ({error})"),
            remedy: "report this with the recipe that led to it",
        };
        let views = bytes
            .iter()
            .map(|(name, shape, bytes)| Ok((*name, TensorView::new(Dtype::F32, shape.to_vec(), bytes)?)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(problem)?;
        let metadata = HashMap::from([(KEY.to_owned(), self.text.clone())]);
        let whole = safetensors::serialize(views, Some(metadata)).map_err(problem)?;
        write_whole(path, &whole)
    }

    pub(crate) fn read(path: &Path) -> Result<Self, LearnError> {
        let bytes = std::fs::read(path).map_err(|source| LearnError::Io { action: "reading", path: path.to_owned(), source })?;
        let problem = |problem: String| LearnError::BadFile {
            path: path.to_owned(),
            problem,
            remedy: "it may be cut off or stem from another program; train again or restore it from a copy",
        };
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| problem(format!("is no safetensors file ({error})")))?;
        let text = metadata.metadata().as_ref().and_then(|texts| texts.get(KEY)).cloned();
        let text = text.ok_or_else(|| problem("was not written by evenhand (its header has no `evenhand` entry)".to_owned()))?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| problem(format!("is no safetensors file ({error})")))?;
        let mut arrays = BTreeMap::new();
        for (name, view) in tensors.iter() {
            if view.dtype() != Dtype::F32 {
                return Err(problem(format!("holds `{name}` as {:?}, not F32", view.dtype())));
            }
            let values = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            arrays.insert(name.to_owned(), (view.shape().to_vec(), values));
        }
        Ok(Archive { arrays, text })
    }
}

/// Writes under a temporary name in the same folder, flushes to the disk, and renames: readers see the old file or the new one. The same as
/// `evenhand_data::whole`, above which this crate does not stand.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), LearnError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |source| LearnError::Io { action: "writing", path: path.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    sync_folder(folder);
    Ok(())
}

/// The file of a temporary folder that is locked while its process lives.
pub(crate) const LIVES: &str = ".lives";

/// A temporary folder whose process lives as long as the file is open.
pub(crate) fn temporary(parent: &Path, prefix: &str) -> std::io::Result<(tempfile::TempDir, std::fs::File)> {
    let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(parent)?;
    let lives = std::fs::File::create(folder.path().join(LIVES))?;
    // A file system without locks: nothing is taken away there.
    let _ = lives.try_lock();
    Ok((folder, lives))
}

/// Takes away the folders that killed processes have left in a folder: their names begin so, and nobody locks the file in them.
pub(crate) fn sweep(folder: &Path, names: &[&str]) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if !name.to_str().is_some_and(|name| names.iter().any(|known| name.starts_with(known))) {
            continue;
        }
        // Without the file its process was killed before it could make it, or is about to: an empty folder is given the time.
        let lives = std::fs::File::open(entry.path().join(LIVES));
        // Held until the folder is gone.
        let dead = match &lives {
            Ok(lives) => lives.try_lock().is_ok(),
            // Its process was killed just before the folder would have had its name.
            Err(_) => entry.path().join(crate::seal::SEAL).exists() || is_old(&entry.path()),
        };
        if dead {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn is_old(path: &Path) -> bool {
    let age = path.metadata().and_then(|about| about.modified()).ok().and_then(|then| then.elapsed().ok());
    age.is_some_and(|age| age > std::time::Duration::from_mins(10))
}

/// Has the names of a folder written to the disk, where the system lets folders be opened.
pub(crate) fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    #[cfg(not(unix))]
    let _ = folder;
}
