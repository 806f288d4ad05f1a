//! What can go wrong with rows: each message says what, where and what to do.

use evenhand_catalog::CatalogError;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The data set has no attribute of this name.
    #[error("no sensitive attribute `{name}` in the data; known are: {known}")]
    UnknownAttribute {
        /// The name as given.
        name: String,
        /// Known attributes, joined by commas.
        known: String,
    },
    /// The data set has no label.
    #[error("the data has no label; name its column in the recipe under `[data.label]`")]
    NoLabel,
    /// An id or parameter was refused.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}
