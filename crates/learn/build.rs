//! Tells the crate which version of the tensor library it is built with.
//!
//! Digests of finished runs hold it, so it is read from what was resolved and not typed: the lock file above this crate.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let here = std::env::var("CARGO_MANIFEST_DIR").map(PathBuf::from).expect("cargo says where the crate lies");
    let lock = here.ancestors().map(|folder| folder.join("Cargo.lock")).find(|file| file.is_file());
    let lock = lock.expect("a Cargo.lock lies in the folder of the workspace; `cargo generate-lockfile` makes one");
    println!("cargo::rerun-if-changed={}", lock.display());
    println!("cargo::rustc-env=EVENHAND_BURN={}", version(&lock, "burn-tensor"));
    // The engine behind the library that the scorer runs on.
    assert_eq!(version(&lock, "burn-tensor"), version(&lock, "burn-flex"), "the library and its engine are of one version");
}

/// The version that the lock file resolves a package to.
fn version(lock: &Path, package: &str) -> String {
    let text = std::fs::read_to_string(lock).expect("the lock file can be read");
    let mut lines = text.lines().skip_while(|line| *line != format!("name = \"{package}\"")).skip(1);
    let version = lines.next().and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    version.unwrap_or_else(|| panic!("{} has no `{package}`", lock.display())).to_owned()
}
