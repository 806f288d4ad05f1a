//! Rows as a training method reads them, and the versions that what it learns depends on.

use std::collections::BTreeMap;

use evenhand_learn::Rows;
use evenhand_rows::{Dataset, Matrix, SensitiveInput};

use crate::ExperimentError;

/// Versions that the numbers depend on.
pub(crate) fn versions() -> BTreeMap<String, String> {
    let mut versions = evenhand_audit::run::versions();
    versions.insert("tensor engine".to_owned(), evenhand_learn::ENGINE.to_owned());
    versions
}

/// Encoded rows as a training method reads them.
pub(crate) fn training_rows<'a>(
    data: &'a Dataset,
    features: &'a Matrix,
    attribute: &str,
    sensitive: Option<&'a SensitiveInput>,
) -> Result<Rows<'a>, ExperimentError> {
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
