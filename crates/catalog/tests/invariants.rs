//! The invariants of ARCHITECTURE.md, checked on the manifests and sources of the whole workspace.
//!
//! They stand in the lowest crate, so that they are checked without building the others.
#![allow(clippy::unwrap_used, reason = "a broken test ends at once")]

#[path = "invariants/dependencies.rs"]
mod dependencies;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Crate (folder under `crates/`), and the crates of ours it may depend on. Arrows point down only.
const ARROWS: &[(&str, &[&str])] = &[
    ("catalog", &[]),
    ("rows", &["catalog"]),
    ("kernels", &[]),
    ("data", &["catalog", "rows"]),
    ("metrics", &["catalog", "rows"]),
    ("rerank", &["catalog", "rows"]),
    ("media", &["catalog", "rows", "data", "kernels"]),
    ("report", &["catalog", "rows", "metrics"]),
    ("rebalance", &["catalog", "rows", "metrics", "kernels"]),
    ("learn", &["catalog", "rows", "metrics", "kernels"]),
    ("audit", &["catalog", "rows", "metrics", "report", "rerank", "rebalance"]),
    ("experiment", &["catalog", "rows", "data", "metrics", "report", "rerank", "media", "rebalance", "learn", "audit"]),
    ("cli", &["audit", "experiment", "report", "data", "rows", "catalog", "metrics", "rebalance"]),
    ("server", &["audit", "experiment", "report"]),
    ("python", &["audit", "experiment", "report"]),
];

/// Crates that may name the tensor library.
const TENSOR_CRATES: &[&str] = &["learn"];

/// Crates that do no IO, print nothing, and know no clock and no ambient randomness.
const PURE_CRATES: &[&str] = &["catalog", "kernels", "rows", "metrics", "report", "rerank", "audit"];

/// Crate, and the most crates (ours and others') that may stand beneath it.
const LIGHT_CRATES: &[(&str, usize)] = &[("metrics", 45), ("report", 60), ("audit", 85)];

/// Crates for whoever audits scores or reads reports, and what they reach neither directly nor through others: the tensor library, a TLS stack, readers of
/// files, the sandbox of decoders. A name that ends in `*` stands for all that begin so.
const FREE_CRATES: &[&str] = &["catalog", "kernels", "rows", "metrics", "rerank", "rebalance", "report", "audit"];
const HEAVY: &[&str] =
    &["burn*", "rustls*", "ring", "ureq*", "landlock", "arrow*", "parquet", "evenhand-data", "evenhand-media", "evenhand-learn"];

/// Folders that hold one method a file: the file's name is the method's id.
const REGISTRIES: &[&str] = &[
    "data/src/loaders",
    "metrics/src/performance",
    "metrics/src/parity",
    "metrics/src/representation",
    "metrics/src/ranking",
    "rebalance/src/methods",
    "learn/src/objectives",
    "learn/src/networks",
    "rerank/src/methods",
    "rerank/src/repairs",
    "audit/src/law/presets",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A member of the workspace: its folder's name and its dependencies for building (not for tests).
struct Member {
    folder: String,
    dependencies: Vec<String>,
}

fn members() -> Vec<Member> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let member = |package: &Value| {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        let dependencies = package["dependencies"].as_array().unwrap();
        Member {
            folder: manifest.parent().and_then(Path::file_name).unwrap().to_str().unwrap().to_owned(),
            dependencies: dependencies
                .iter()
                .filter(|dependency| dependency["kind"] != "dev")
                .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
                .collect(),
        }
    };
    let members: Vec<Member> = metadata["packages"].as_array().unwrap().iter().map(member).collect();
    assert!(!members.is_empty());
    members
}

fn ours(dependency: &str) -> Option<&str> {
    dependency.strip_prefix("evenhand-")
}

/// Files below a folder with this extension, in order, without what is built or hidden.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for path in entries.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !path.is_symlink() && !name.starts_with('.') && name != "target" && name != "runs" {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The numbered code lines of a source file: no comments, nothing from its tests on.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines().enumerate().map(|(number, line)| (number + 1, line.split("//").next().unwrap().to_owned())).collect()
}

/// Whether the word stands in the line on its own, not as the end of a longer name.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
}

#[test]
fn arrows_point_down_only() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    for member in members() {
        let below = allowed
            .get(member.folder.as_str())
            .unwrap_or_else(|| panic!("crate `{}` has no place: add it to ARCHITECTURE.md and to this table", member.folder));
        for dependency in member.dependencies.iter().filter_map(|dependency| ours(dependency)) {
            assert!(below.contains(&dependency), "`{}` must not depend on `{dependency}`", member.folder);
        }
    }
}

#[test]
fn the_table_of_arrows_has_no_circle() {
    for (position, (name, below)) in ARROWS.iter().enumerate() {
        for dependency in *below {
            assert!(ARROWS[..position].iter().any(|(earlier, _)| earlier == dependency), "`{name}` stands above `{dependency}`");
        }
    }
}

#[test]
fn only_the_crates_that_train_reach_the_tensor_library() {
    let members = members();
    let tensors = |member: &Member| member.dependencies.iter().any(|name| name == "burn" || name.starts_with("burn-"));
    for member in members.iter().filter(|member| tensors(member)) {
        assert!(TENSOR_CRATES.contains(&member.folder.as_str()), "`{}` must not name the tensor library", member.folder);
    }
    // Whoever audits scores with these builds no tensor library, however far down it would come in.
    for start in ["catalog", "rows", "data", "metrics", "report", "rerank", "audit"] {
        let mut reached = BTreeSet::from([start.to_owned()]);
        let mut open = vec![start.to_owned()];
        while let Some(folder) = open.pop() {
            for member in members.iter().filter(|member| member.folder == folder) {
                assert!(!tensors(member), "`{start}` reaches the tensor library through `{folder}`");
                for dependency in member.dependencies.iter().filter_map(|dependency| ours(dependency)) {
                    if reached.insert(dependency.to_owned()) {
                        open.push(dependency.to_owned());
                    }
                }
            }
        }
    }
}

/// Packages that are built for a crate on this machine, itself not among them: name with version, each once. `None` when there is no such crate.
fn beneath(folder: &str) -> Option<BTreeSet<String>> {
    members().iter().find(|member| member.folder == folder)?;
    let package = format!("evenhand-{folder}");
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--package", &package])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let packages = text.lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" "));
    Some(packages.filter(|line| !line.is_empty() && line.split(' ').next() != Some(package.as_str())).collect())
}

/// The crates that a test of the graph is about and that are there; the others are named.
fn present(folder: &str) -> Option<BTreeSet<String>> {
    let found = beneath(folder);
    if found.is_none() {
        #[expect(clippy::print_stderr, reason = "what is skipped is told")]
        {
            eprintln!("not checked: there is no crate `{folder}`");
        }
    }
    found
}

#[test]
fn whoever_only_measures_builds_few_crates() {
    for &(folder, most) in LIGHT_CRATES {
        let Some(packages) = present(folder) else { continue };
        eprintln!("`{folder}` builds on {} crates", packages.len());
        let named: Vec<&str> = packages.iter().map(String::as_str).collect();
        assert!(packages.len() <= most, "`{folder}` builds on {} crates, {most} are allowed: {}", packages.len(), named.join(", "));
    }
}

#[test]
fn whoever_audits_builds_no_tensor_library_no_tls_and_no_decoder() {
    for folder in FREE_CRATES {
        let Some(packages) = present(folder) else { continue };
        for package in &packages {
            let name = package.split(' ').next().unwrap_or_default();
            let heavy = HEAVY.iter().find(|heavy| heavy.strip_suffix('*').map_or(name == **heavy, |start| name.starts_with(start)));
            assert!(
                heavy.is_none(),
                "`{folder}` must not build `{package}`; `cargo tree -p evenhand-{folder} -i {name}` says where it comes in"
            );
        }
    }
}

#[test]
fn the_core_does_no_io_prints_nothing_and_knows_no_clock_and_no_chance() {
    const FORBIDDEN: &[&str] = &[
        "std::fs",
        "std::io",
        "std::env",
        "std::net",
        "std::process",
        "std::time",
        "fs::",
        "io::",
        "env::",
        "File::",
        "println!",
        "print!",
        "eprintln!",
        "eprint!",
        "SystemTime",
        "Instant",
        "thread_rng",
        "rand::rng",
        "from_os_rng",
        "from_entropy",
        "OsRng",
        "SysRng",
    ];
    for path in PURE_CRATES.iter().flat_map(|name| files(&root().join("crates").join(name).join("src"), "rs")) {
        for (number, line) in code(&path) {
            for word in FORBIDDEN {
                assert!(!names(&line, word), "{}:{number}: `{word}` has no place in this crate: {}", shown(&path), line.trim());
            }
        }
    }
}

#[test]
fn a_method_is_called_like_its_file_and_stands_in_its_registry() {
    for folder in REGISTRIES.iter().map(|folder| root().join("crates").join(folder)).filter(|folder| folder.is_dir()) {
        let registry = fs::read_to_string(folder.join("mod.rs")).unwrap();
        for path in files(&folder, "rs").into_iter().filter(|path| path.parent() == Some(&folder) && !path.ends_with("mod.rs")) {
            let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let id = format!("id: \"{}\"", module.replace('_', "-"));
            assert!(fs::read_to_string(&path).unwrap().contains(&id), "{} must hold the card with {id}", shown(&path));
            assert!(registry.contains(&format!("mod {module};")), "{} is not in its mod.rs", shown(&path));
            assert!(registry.contains(&format!("{module}::")), "{} is not in the registry of its mod.rs", shown(&path));
        }
    }
}

#[test]
fn only_the_program_speaks_of_its_flags() {
    // Corpora are fetched by the program alone, and its whole command is named.
    let exempt = ["crates/cli", "crates/data/src/fetch", "crates/experiment/src/recipe/keys.rs"].map(|path| root().join(path));
    for folder in fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path().join("src")) {
        for path in files(&folder, "rs").into_iter().filter(|path| !exempt.iter().any(|one| path.starts_with(one))) {
            for (number, line) in code(&path).into_iter().filter(|(_, line)| !line.contains("`evenhand ")) {
                // A custom property of a style sheet is no flag.
                let line = line.replace("var(--", "var(");
                let flag = line.match_indices("--").any(|(at, _)| line[at + 2..].starts_with(|letter: char| letter.is_ascii_lowercase()));
                assert!(!flag, "{}:{number}: name the setting, as in (`skip lines`), and not the flag: {}", shown(&path), line.trim());
            }
        }
    }
}

#[test]
fn names_say_what_a_thing_is() {
    const EMPTY: &[&str] = &["base", "common", "util", "utils", "helper", "helpers", "manager", "misc"];
    for path in files(&root().join("crates"), "rs") {
        for part in path.strip_prefix(root()).unwrap() {
            let part = part.to_string_lossy();
            let part = part.strip_suffix(".rs").unwrap_or(&part);
            assert!(!EMPTY.contains(&part), "{}: `{part}` says nothing", shown(&path));
        }
        let tests = path.components().any(|part| part.as_os_str() == "tests");
        for (number, line) in code(&path).into_iter().filter(|_| !tests) {
            assert!(!names(&line, "fn get_"), "{}:{number}: drop the `get_`", shown(&path));
        }
    }
}

#[test]
fn no_document_promises_what_no_number_can_keep() {
    let promises = ["unbiased", "debias", "bias-free", "protected attribute", "guarantees fairness"];
    let judge = |path: &Path, text: &str| {
        for promise in promises {
            assert!(!text.to_lowercase().contains(promise), "{}: `{promise}`; WORDING.md says what to write instead", shown(path));
        }
    };
    for path in ["md", "html", "toml"].iter().flat_map(|extension| files(&root(), extension)) {
        if !path.ends_with("WORDING.md") {
            judge(&path, &fs::read_to_string(&path).unwrap());
        }
    }
    for path in files(&root().join("crates"), "rs") {
        let text = fs::read_to_string(&path).unwrap();
        judge(&path, &text.lines().filter(|line| line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n"));
    }
}
