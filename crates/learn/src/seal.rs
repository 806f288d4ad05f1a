//! What ties the files of a scorer's folder together: their digests, and one of all of them by which reports name the scorer.
//!
//! ```text
//! digests.json   { "format": 1, "scorer": S, "files": { NAME: sha256 of its bytes, ... } }
//! S              sha256 of the lines "digest  NAME\n" in the order of the names
//! ```
//!
//! A changed bit anywhere in the folder is refused with the file's name. Who can write into the folder can also write new digests: against that, S is
//! to be kept elsewhere, as reports do.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use evenhand_catalog::limits::{TEXT_BYTES, WEIGHTS};
use evenhand_rows::digest::of_bytes;
use serde::{Deserialize, Serialize};

use crate::LearnError;
use crate::scorer::write_json;

/// The file of digests.
pub(crate) const SEAL: &str = "digests.json";
const FORMAT: u32 = 1;

/// The digests of a scorer's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seal {
    format: u32,
    /// By which reports name the scorer.
    pub(crate) scorer: String,
    /// By the file's name; a file in a folder of the folder is named with it, between them `/`.
    pub(crate) files: BTreeMap<String, String>,
}

/// Writes the digests of all files of a folder.
pub(crate) fn seal(folder: &Path) -> Result<(), LearnError> {
    let mut files = BTreeMap::new();
    for name in names(folder, "")? {
        let digest = of_bytes(&read(folder, &name)?);
        files.insert(name, digest);
    }
    write_json(&folder.join(SEAL), &Seal { format: FORMAT, scorer: of_files(&files), files })
}

/// Reads the digests of a folder and compares its files with them; refuses what differs, is gone or was added.
pub(crate) fn verified(folder: &Path) -> Result<Seal, LearnError> {
    let bad = |name: &str, problem: String| LearnError::BadFile {
        path: folder.join(name),
        problem,
        remedy: "restore the folder from a copy, or train again",
    };
    if !folder.join(SEAL).is_file() {
        let problem = "is not there: it tells whether the other files are those that were written, and an earlier version wrote none";
        return Err(bad(SEAL, problem.to_owned()));
    }
    let text = read(folder, SEAL)?;
    let seal: Seal = serde_json::from_slice(&text).map_err(|error| bad(SEAL, format!("holds no digests ({error})")))?;
    if seal.format != FORMAT {
        return Err(bad(SEAL, format!("has format {}, this program reads {FORMAT}", seal.format)));
    }
    if seal.scorer != of_files(&seal.files) {
        return Err(bad(SEAL, "was changed: its digests are not those that were written".to_owned()));
    }
    for name in names(folder, "")?.iter().filter(|name| *name != SEAL) {
        if !seal.files.contains_key(name) {
            return Err(bad(name, format!("is no file of this scorer: {SEAL} does not know it")));
        }
    }
    for (name, digest) in &seal.files {
        // A name leads nowhere else.
        let plain = name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':']));
        if !plain || !folder.join(name).is_file() {
            return Err(bad(name, format!("is not there, and {SEAL} names it")));
        }
        if of_bytes(&read(folder, name)?) != *digest {
            return Err(bad(name, format!("was changed since it was written: its sha256 is not the one in {SEAL}")));
        }
    }
    Ok(seal)
}

fn of_files(files: &BTreeMap<String, String>) -> String {
    let lines: Vec<String> = files.iter().map(|(name, digest)| format!("{digest}  {name}\n")).collect();
    of_bytes(lines.concat().as_bytes())
}

/// A file, if it is no larger than a scorer's can be.
fn read(folder: &Path, name: &str) -> Result<Vec<u8>, LearnError> {
    let path = folder.join(name);
    let failed = |source| LearnError::Io { action: "reading", path: path.clone(), source };
    // A header beside the weights.
    let most = WEIGHTS.most().saturating_mul(4).saturating_add(TEXT_BYTES.most());
    let bytes = path.metadata().map_err(failed)?.len();
    if bytes > most {
        return Err(LearnError::BadFile {
            path,
            problem: format!("is {bytes} bytes long, more than the limit `weights` allows"),
            remedy: "restore the folder from a copy, or set another limit (`ceiling` 'weights=N')",
        });
    }
    fs::read(&path).map_err(failed)
}

/// Names of the files of a folder and of its folders, in order. What begins with a point is the system's or an editor's.
fn names(folder: &Path, above: &str) -> Result<Vec<String>, LearnError> {
    /// Scorers of a mixture lie one folder deep.
    const DEEPEST: usize = 4;
    let failed = |source| LearnError::Io { action: "reading", path: folder.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let name = format!("{above}{name}");
        if entry.path().is_dir() && name.matches('/').count() < DEEPEST {
            names.extend(self::names(&entry.path(), &format!("{name}/"))?);
        } else {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_anywhere_is_refused_with_the_files_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        fs::create_dir(path.join("0")).unwrap();
        for (name, content) in [("a.json", "{}"), ("w.bin", "1234"), ("0/b.json", "[]")] {
            fs::write(path.join(name), content).unwrap();
        }
        seal(path).unwrap();
        let whole = verified(path).unwrap();
        assert_eq!(whole.files.keys().collect::<Vec<_>>(), ["0/b.json", "a.json", "w.bin"]);
        fs::write(path.join(".DS_Store"), "x").unwrap();
        assert_eq!(verified(path).unwrap(), whole, "what systems leave behind is no file of the scorer");
        for name in ["a.json", "w.bin", "0/b.json", SEAL] {
            let bytes = fs::read(path.join(name)).unwrap();
            for at in 0..bytes.len() {
                for bit in 0..8 {
                    let mut changed = bytes.clone();
                    changed[at] ^= 1 << bit;
                    fs::write(path.join(name), changed).unwrap();
                    let told = verified(path).unwrap_err().to_string();
                    assert!(told.contains(name), "{name}, byte {at}, bit {bit}: {told}");
                }
            }
            fs::write(path.join(name), bytes).unwrap();
        }
        fs::write(path.join("repair.json"), "{}").unwrap();
        assert!(verified(path).unwrap_err().to_string().contains("repair.json"));
        fs::remove_file(path.join("repair.json")).unwrap();
        fs::remove_file(path.join("w.bin")).unwrap();
        assert!(verified(path).unwrap_err().to_string().contains("w.bin"));
    }
}
