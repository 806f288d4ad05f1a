//! Scorers' folders that were edited and given new digests, as somebody can who may write them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use evenhand_rows::digest::of_bytes;

/// Writes the digests of the files as they are now.
pub(crate) fn reseal(folder: &Path) {
    let path = folder.join("digests.json");
    let mut seal: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let names: Vec<String> = seal["files"].as_object().unwrap().keys().cloned().collect();
    let there = names.into_iter().filter(|name| folder.join(name).is_file());
    let files: BTreeMap<String, String> = there.map(|name| (name.clone(), of_bytes(&fs::read(folder.join(&name)).unwrap()))).collect();
    let lines: Vec<String> = files.iter().map(|(name, digest)| format!("{digest}  {name}\n")).collect();
    seal["scorer"] = of_bytes(lines.concat().as_bytes()).into();
    seal["files"] = serde_json::to_value(&files).unwrap();
    fs::write(path, seal.to_string()).unwrap();
}
