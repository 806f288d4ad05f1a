//! Versions that the numbers of a report depend on.

use std::collections::BTreeMap;

/// The tensor library behind `evenhand-learn`, as pinned in the workspace.
const ENGINE: &str = "burn 0.22.1, flex";

/// Versions that the numbers depend on.
pub(crate) fn versions() -> BTreeMap<String, String> {
    BTreeMap::from([
        ("evenhand".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("report format".to_owned(), evenhand_report::FORMAT.to_string()),
        ("tensor engine".to_owned(), ENGINE.to_owned()),
    ])
}
