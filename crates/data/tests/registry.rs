//! Every loader keeps the house rules of a registry.

use evenhand_data::table::TableSettings;
use std::collections::BTreeMap;
use std::path::Path;

use evenhand_catalog::{Kind, Parameters};
use evenhand_data::{DataError, LOADERS, LoadRequest};
use evenhand_rows::Schema;

#[test]
fn id_file_and_type_have_one_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/loaders");
    let mut ids: Vec<&str> = LOADERS.iter().map(|entry| entry.card.id).collect();
    let files = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, ids.len() + 1, "one file a loader, and mod.rs");
    for id in &ids {
        let text = std::fs::read_to_string(folder.join(id.replace('-', "_")).with_extension("rs")).unwrap();
        let named = text.lines().filter_map(|line| line.strip_prefix("struct ")).any(|rest| {
            let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
            name.to_lowercase() == id.replace('-', "")
        });
        assert!(named, "{id}: no type of that name");
        assert!(text.starts_with("//! "), "{id}: the file opens with its documentation");
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), LOADERS.len());
}

#[test]
fn cards_are_complete_and_defaults_build() {
    for entry in LOADERS {
        let card = entry.card;
        assert_eq!(card.kind, Kind::Corpus);
        assert!(!card.name.is_empty() && !card.summary.is_empty() && !card.source.is_empty(), "{}", card.id);
        let loader = (entry.build)(&Parameters::resolve(card, &BTreeMap::new()).unwrap()).unwrap();
        assert_eq!(loader.card(), card);
    }
}

#[test]
fn a_loader_whose_files_are_absent_says_what_to_do() {
    let empty = tempfile::tempdir().unwrap();
    for entry in LOADERS
        .iter()
        .filter(|entry| !["synthetic", "synthetic-interviews", "synthetic-jobs", "table", "interviews"].contains(&entry.card.id))
    {
        let loader = (entry.build)(&Parameters::resolve(entry.card, &BTreeMap::new()).unwrap()).unwrap();
        let request = LoadRequest {
            folder: Some(empty.path()),
            files: &[],
            schema: &Schema::default(),
            settings: &TableSettings::default(),
            seed: 0,
        };
        let error = loader.load(&request).unwrap_err();
        assert!(matches!(error, DataError::CorpusAbsent { .. }), "{error}");
        assert!(error.to_string().contains(&format!("evenhand fetch {}", entry.card.id)), "{error}");
    }
}
