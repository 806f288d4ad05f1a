//! The versions that numbers depend on.

use std::collections::BTreeMap;

/// Versions that the numbers of an answer depend on; no network takes part in one.
pub fn versions() -> BTreeMap<String, String> {
    BTreeMap::from([("evenhand".to_owned(), env!("CARGO_PKG_VERSION").to_owned()), ("report format".to_owned(), crate::FORMAT.to_string())])
}
