//! The folder of cells: what an earlier call finished or began, by the digests of all it depends on.

use std::fs;
use std::path::{Path, PathBuf};

use crate::report::RunReport;
use crate::steps::fits::{DIGITS, FIT_FILES};
use crate::{ExperimentError, write};

/// Where a finished cell is kept.
pub(crate) fn file_of(folder: &Path, digest: &str) -> PathBuf {
    folder.join(format!("{digest}.json"))
}

/// Where a cell keeps what it has trained so far.
pub(crate) fn checkpoint_of(folder: &Path, digest: &str, cell: usize) -> PathBuf {
    folder.join(format!("{digest}.{cell}.checkpoint"))
}

/// A cell that an earlier call finished.
pub(crate) fn read_finished(path: &Path) -> Option<RunReport> {
    let text = fs::read_to_string(path).ok()?;
    serde_json::from_str(&text).ok()
}

/// Keeps a finished cell.
pub(crate) fn keep_finished(path: &Path, run: &RunReport) -> Result<(), ExperimentError> {
    let text = serde_json::to_string(run).map_err(|error| ExperimentError::Request(format!("a run cannot be written as JSON: {error}")))?;
    write::replace_privately(path, text.as_bytes())
}

/// Removes the finished cells, checkpoints and fits of a folder, and nothing else that lies in it.
pub(crate) fn forget(folder: &Path) -> Result<(), ExperimentError> {
    for entry in fs::read_dir(folder).map_err(ExperimentError::io(folder, "read"))? {
        let entry = entry.map_err(ExperimentError::io(folder, "read"))?;
        let name = entry.file_name();
        let Some(kind) = name.to_str().and_then(kind_of) else { continue };
        let path = entry.path();
        let found = entry.file_type().map_err(ExperimentError::io(&path, "read"))?;
        match kind {
            Kind::Finished | Kind::Fit if found.is_file() => fs::remove_file(&path).map_err(ExperimentError::io(&path, "remove"))?,
            Kind::Checkpoint if found.is_dir() => fs::remove_dir_all(&path).map_err(ExperimentError::io(&path, "remove the checkpoint"))?,
            _ => {}
        }
    }
    Ok(())
}

/// What a name in the folder of cells stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `<digest>.json`
    Finished,
    /// `<digest>.<cell>.checkpoint`
    Checkpoint,
    /// `<digest>.generator`, `<digest>.synthesiser`
    Fit,
}

fn kind_of(name: &str) -> Option<Kind> {
    let mut parts = name.split('.');
    let digest = parts.next()?;
    let hexadecimal = |letter: u8| letter.is_ascii_digit() || (b'a'..=b'f').contains(&letter);
    if digest.len() != DIGITS || !digest.bytes().all(hexadecimal) {
        return None;
    }
    let rest: Vec<&str> = parts.collect();
    match rest.as_slice() {
        ["json"] => Some(Kind::Finished),
        [ending] if FIT_FILES.contains(ending) => Some(Kind::Fit),
        [number, "checkpoint"] if number.parse::<usize>().is_ok() => Some(Kind::Checkpoint),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_our_own_are_cells() {
        let digest = "0123456789abcdef01234567";
        assert_eq!(kind_of(&format!("{digest}.json")), Some(Kind::Finished));
        assert_eq!(kind_of(&format!("{digest}.12.checkpoint")), Some(Kind::Checkpoint));
        assert_eq!(kind_of(&format!("{digest}.generator")), Some(Kind::Fit));
        assert_eq!(kind_of(&format!("{digest}.synthesiser")), Some(Kind::Fit));
        for other in ["lock", "plan.json", "0123456789ABCDEF01234567.json", "0123456789abcdef0123456.json"] {
            assert_eq!(kind_of(other), None, "{other}");
        }
        for ending in [".json.bak", ".x.checkpoint", ".checkpoint", "", ".3.json", ".3.generator"] {
            assert_eq!(kind_of(&format!("{digest}{ending}")), None, "{ending}");
        }
    }

    #[test]
    fn forgetting_takes_what_is_ours_and_leaves_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let digest = "0123456789abcdef01234567";
        let run = RunReport { seed: 7, ..RunReport::default() };
        keep_finished(&file_of(folder.path(), digest), &run).unwrap();
        assert_eq!(read_finished(&file_of(folder.path(), digest)), Some(run));
        fs::create_dir(checkpoint_of(folder.path(), digest, 3)).unwrap();
        fs::write(folder.path().join(format!("{digest}.generator")), "learned").unwrap();
        // A folder of a cell's name, a checkpoint that is a file, and somebody's notes.
        fs::create_dir(folder.path().join("abcdef0123456789abcdef01.json")).unwrap();
        fs::write(folder.path().join("abcdef0123456789abcdef01.3.checkpoint"), "no folder").unwrap();
        fs::write(folder.path().join("notes.json"), "{}").unwrap();
        forget(folder.path()).unwrap();
        let mut left: Vec<String> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, ["abcdef0123456789abcdef01.3.checkpoint", "abcdef0123456789abcdef01.json", "notes.json"]);
        assert_eq!(read_finished(&folder.path().join("notes.json")), None, "what cannot be read was not finished");
    }
}
