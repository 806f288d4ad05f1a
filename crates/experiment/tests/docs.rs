//! The generated documents are up to date; `UPDATE_DOCS=1` writes them anew.

use std::path::Path;

use evenhand_experiment::registry;

#[test]
fn generated_documents_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut tables: Vec<(String, String)> = std::fs::read_dir(folder.join("results"))
        .unwrap()
        .filter_map(|entry| {
            let entry = entry.unwrap();
            let text = std::fs::read_to_string(entry.path().join("measures.csv")).ok()?;
            Some((entry.file_name().into_string().unwrap(), text))
        })
        .collect();
    tables.sort();
    for (name, content) in registry::documents(&tables).unwrap() {
        let path = folder.join(name);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &content).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == content, "docs/{name} is out of date; run UPDATE_DOCS=1 cargo test -p evenhand-experiment docs");
    }
}
