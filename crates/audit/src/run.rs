//! The versions that numbers depend on, and rows as a training method reads them.

use std::collections::BTreeMap;

use evenhand_learn::Rows;
use evenhand_rows::{Dataset, Matrix, SensitiveInput};

use crate::AuditError;

/// Versions that the numbers depend on.
pub fn versions() -> BTreeMap<String, String> {
    BTreeMap::from([
        ("evenhand".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("report format".to_owned(), crate::FORMAT.to_string()),
        ("tensor engine".to_owned(), evenhand_learn::ENGINE.to_owned()),
    ])
}

/// Encoded rows as a training method reads them.
pub fn training_rows<'a>(
    data: &'a Dataset,
    features: &'a Matrix,
    attribute: &str,
    sensitive: Option<&'a SensitiveInput>,
) -> Result<Rows<'a>, AuditError> {
    Ok(Rows {
        features,
        labels: &data.label()?.values,
        groups: data.groups(attribute)?,
        weights: data.weights.as_deref(),
        recordings: data.recordings.as_ref(),
        targets: &data.targets,
        sensitive,
    })
}
