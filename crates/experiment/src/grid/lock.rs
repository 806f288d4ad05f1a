//! One process at a time writes into an output folder: two would mix their checkpoints.

use std::path::Path;

use evenhand_data::lock::{FolderLock, LockError};

use crate::ExperimentError;

/// Locks a folder of cells, which is made where it is not there; an error where another process holds it.
pub(crate) fn hold(folder: &Path) -> Result<FolderLock, ExperimentError> {
    evenhand_data::lock::hold(folder).map_err(|error| match error {
        LockError::Held(folder) => ExperimentError::Setting {
            setting: "out",
            value: folder.parent().unwrap_or(&folder).display().to_string(),
            message: "another evenhand command is writing there; wait for it, or name another folder".to_owned(),
        },
        LockError::Io { folder, cause } => ExperimentError::Io { path: folder, action: "lock", cause },
    })
}

#[cfg(test)]
mod tests {
    use super::hold;

    #[test]
    fn a_folder_that_is_held_is_refused_by_its_setting() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("cells");
        let _lock = hold(&place).unwrap();
        let refused = hold(&place).unwrap_err().to_string();
        assert!(refused.contains("another evenhand command") && refused.contains("`out`"), "{refused}");
    }
}
