//! Where fetched corpora lie.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The folder of all corpora: `EVENHAND_DATA`, else `XDG_CACHE_HOME/evenhand`, else `HOME/.cache/evenhand`
/// (`LOCALAPPDATA/evenhand` where there is no HOME); `None` without any of them.
pub fn folder() -> Option<PathBuf> {
    folder_of(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
}

/// The same by other variables.
pub(crate) fn folder_of(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(folder) = variable("EVENHAND_DATA") {
        return Some(PathBuf::from(folder));
    }
    // The base directory rule: a relative XDG path is ignored.
    variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
        .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".cache")))
        .or_else(|| variable("LOCALAPPDATA").map(PathBuf::from))
        .map(|folder| folder.join("evenhand"))
}
