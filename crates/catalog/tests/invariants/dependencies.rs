//! Licences, bans and sources of what the program is built of, against `deny.toml`. Known vulnerabilities need a network: `cargo deny check` asks.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use toml::{Table, Value};

use super::root;

/// A crate that is built for this machine.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Dependency {
    name: String,
    version: String,
    licence: String,
}

fn dependencies() -> BTreeSet<Dependency> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--offline", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}|{l}"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let dependency = |line: &str| {
        let (package, licence) = line.split_once('|')?;
        let mut words = package.split_whitespace();
        let (name, version) = (words.next()?.to_owned(), words.next()?.trim_start_matches('v').to_owned());
        Some(Dependency { name, version, licence: licence.trim_end_matches(" (*)").trim().to_owned() })
    };
    let found: BTreeSet<Dependency> = text.lines().filter_map(dependency).collect();
    assert!(found.len() > 100, "the graph is read: {}", found.len());
    found
}

fn policy() -> Table {
    fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Whether licences that are allowed cover an expression of SPDX: `OR` binds less than `AND`, and `/` is an old `OR`.
fn covered(expression: &str, allowed: &[String]) -> bool {
    fn either(words: &[&str], allowed: &[String]) -> bool {
        split(words, "OR").iter().any(|part| split(part, "AND").iter().all(|one| single(one, allowed)))
    }
    fn single(words: &[&str], allowed: &[String]) -> bool {
        if words.first() == Some(&"(") && words.last() == Some(&")") {
            return either(&words[1..words.len() - 1], allowed);
        }
        let name = words.join(" ");
        allowed.contains(&name)
    }
    /// The parts between these words, outside of brackets.
    fn split<'a>(words: &'a [&'a str], between: &str) -> Vec<&'a [&'a str]> {
        let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
        for (place, word) in words.iter().enumerate() {
            match *word {
                "(" => depth += 1,
                ")" => depth -= 1,
                word if word == between && depth == 0 => {
                    parts.push(&words[start..place]);
                    start = place + 1;
                }
                _ => {}
            }
        }
        parts.push(&words[start..]);
        parts
    }
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    !words.is_empty() && either(&words, allowed)
}

#[test]
fn expressions_of_licences_are_read() {
    let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
    for yes in ["MIT", "GPL-3.0 OR MIT", "GPL-3.0/MIT", "(GPL-3.0 OR MIT) AND ISC", "MIT AND ISC", "Apache-2.0 WITH LLVM-exception"] {
        assert!(covered(yes, &allowed), "{yes}");
    }
    for no in ["", "GPL-3.0", "MIT AND GPL-3.0", "(GPL-3.0 OR MPL-2.0) AND MIT", "Apache-2.0"] {
        assert!(!covered(no, &allowed), "{no}");
    }
}

#[test]
fn every_licence_is_allowed_and_no_exception_is_idle() {
    let policy = policy();
    let allowed = texts(&policy["licenses"]["allow"]);
    let exceptions = policy["licenses"]["exceptions"].as_array().unwrap();
    let mut used = BTreeSet::new();
    for dependency in dependencies().iter().filter(|dependency| !covered(&dependency.licence, &allowed)) {
        let exception = exceptions.iter().find(|exception| exception["crate"].as_str() == Some(&dependency.name));
        let exception = exception.unwrap_or_else(|| panic!("{} {} is under `{}`", dependency.name, dependency.version, dependency.licence));
        let more: Vec<String> = allowed.iter().cloned().chain(texts(&exception["allow"])).collect();
        assert!(covered(&dependency.licence, &more), "{} {} is under `{}`", dependency.name, dependency.version, dependency.licence);
        used.insert(dependency.name.clone());
    }
    let idle = exceptions.iter().find(|exception| !used.contains(exception["crate"].as_str().unwrap()));
    assert!(idle.is_none(), "no crate needs the exception {idle:?}");
}

#[test]
fn nothing_banned_is_built() {
    let policy = policy();
    let banned: Vec<&str> = policy["bans"]["deny"].as_array().unwrap().iter().map(|ban| ban["crate"].as_str().unwrap()).collect();
    let found: Vec<Dependency> = dependencies().into_iter().filter(|dependency| banned.contains(&dependency.name.as_str())).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn everything_comes_from_the_registry_with_its_checksum() {
    let allowed = texts(&policy()["sources"]["allow-registry"]);
    let lock: Table = fs::read_to_string(root().join("Cargo.lock")).unwrap().parse().unwrap();
    let mut foreign = 0;
    for package in lock["package"].as_array().unwrap() {
        // Our own have no source.
        let Some(source) = package.get("source") else {
            assert!(package["name"].as_str().unwrap().starts_with("evenhand"), "{package}");
            continue;
        };
        let place = source.as_str().unwrap().strip_prefix("registry+").unwrap_or_else(|| panic!("{package} is from no registry"));
        assert!(allowed.iter().any(|registry| registry == place), "{package}");
        assert!(package.get("checksum").is_some(), "{package} has no checksum");
        foreign += 1;
    }
    assert!(foreign > 100);
}
