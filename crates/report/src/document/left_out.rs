//! Methods that have no row in the report.

use serde::{Deserialize, Serialize};

/// A method without a row, with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The method.
    pub method: String,
    /// Why it has none.
    pub reason: String,
    /// True when it began and failed; false when it cannot work on these rows, and nobody named it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
}
