//! The preloaded library that makes calls of the system fail: built once with the C compiler, and what it says of a run.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;

use super::child::{Ended, run};
use super::skipped;

/// Calls that can fail, as the library names them.
pub(super) const FAMILIES: [&str; 6] = ["create", "write", "sync", "rename", "truncate", "read"];

/// Errors of the system, by their numbers on Linux.
pub(super) const NO_SPACE: i32 = 28;
pub(super) const BROKEN: i32 = 5;
pub(super) const INTERRUPTED: i32 = 4;
/// In the place of an error: the program is killed at this call.
pub(super) const KILLED: i32 = -1;

/// The built library; `None`, said once, where there is no C compiler.
pub(super) fn library() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<(TempDir, PathBuf)>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let (source, library) = (folder.path().join("shim.c"), folder.path().join("shim.so"));
        fs::write(&source, include_str!("shim.c")).unwrap();
        let output = Command::new("cc").args(["-O1", "-shared", "-fPIC", "-o"]).args([&library, &source]).arg("-ldl").output();
        match output {
            Ok(output) if output.status.success() => Some((folder, library)),
            Ok(output) => {
                skipped("failing calls", &format!("cc cannot build the library: {}", String::from_utf8_lossy(&output.stderr)));
                None
            }
            Err(error) => {
                skipped("failing calls", &format!("cc: {error}"));
                None
            }
        }
    });
    built.as_ref().map(|(_, library)| library.as_path())
}

/// What is done to a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Failure {
    /// Family, call of it and error.
    pub(super) call: Option<(&'static str, usize, i32)>,
    /// From that call on every so manieth one fails, too.
    pub(super) every: usize,
    /// Most bytes of one write.
    pub(super) write: usize,
    /// Most bytes of one read.
    pub(super) read: usize,
    /// Bytes until the disk is full.
    pub(super) budget: Option<usize>,
}

/// What the library counted.
#[derive(Debug, Default)]
pub(super) struct Counted {
    lines: Vec<(String, String)>,
}

impl Counted {
    /// Calls of a family, or `bytes` written.
    pub(super) fn of(&self, name: &str) -> usize {
        self.lines.iter().find(|(found, _)| found == name).map_or(0, |(_, count)| count.parse().unwrap())
    }

    /// Names of files whose calls failed.
    pub(super) fn failed(&self) -> Vec<&str> {
        self.lines.iter().filter(|(name, _)| name == "failed").map(|(_, path)| path.as_str()).collect()
    }
}

/// Runs a command with failing calls.
pub(super) fn run_with(library: &Path, folder: &Path, words: &str, failure: &Failure, most: Duration) -> (Ended, Counted) {
    let place = TempDir::new().unwrap();
    let log = place.path().join("log");
    let mut environment: Vec<(&str, OsString)> = vec![("LD_PRELOAD", library.into()), ("EVENHAND_SHIM_LOG", log.clone().into())];
    if let Some((family, at, error)) = failure.call {
        environment.extend([
            ("EVENHAND_SHIM_FAMILY", family.into()),
            ("EVENHAND_SHIM_AT", at.to_string().into()),
            ("EVENHAND_SHIM_ERROR", error.to_string().into()),
        ]);
    }
    for (name, value) in
        [("EVENHAND_SHIM_EVERY", failure.every), ("EVENHAND_SHIM_WRITE", failure.write), ("EVENHAND_SHIM_READ", failure.read)]
    {
        environment.push((name, value.to_string().into()));
    }
    environment.extend(failure.budget.map(|budget| ("EVENHAND_SHIM_BUDGET", budget.to_string().into())));
    let ended = run(folder, words, &environment, most);
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(' ')).map(|(name, rest)| (name.to_owned(), rest.to_owned()));
    (ended, Counted { lines: lines.collect() })
}
