//! Settings of one method put over those of all.

use serde::{Deserialize, Serialize};

use super::words::explain;

/// A section with what a method overrules.
pub(super) fn merge<T: Serialize + for<'de> Deserialize<'de>>(section: &T, overrides: &toml::Table, name: &str) -> Result<T, String> {
    let mut table = toml::Table::try_from(section).map_err(|error| format!("[{name}]: {error}"))?;
    overlay(&mut table, overrides);
    table.try_into().map_err(|error: toml::de::Error| format!("{name}: {}", explain(error.message())))
}

/// Puts the values of one table over those of another, tables within them value by value.
pub(super) fn overlay(table: &mut toml::Table, overrides: &toml::Table) {
    for (key, value) in overrides {
        match (table.get_mut(key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(overrides)) => overlay(inner, overrides),
            _ => {
                table.insert(key.clone(), value.clone());
            }
        }
    }
}
