//! What can go wrong with a report.

use evenhand_catalog::CatalogError;
use evenhand_metrics::MetricError;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A limit speaks of a number that the report does not hold.
    #[error("`{key}`: {reason}")]
    NoSuchNumber {
        /// The limit's key: `metric` or `metric@attribute`.
        key: String,
        /// What the number needs, or which ones there are.
        reason: String,
    },
    /// A limit that no number of its metric can keep, or none can breach.
    #[error("limit `{key}` = {value}: {reason}")]
    BadLimit {
        /// The limit's key.
        key: String,
        /// The limit as given.
        value: f64,
        /// What limits of the metric lie within, and what was meant, most likely.
        reason: String,
    },
    /// The report is no JSON document.
    #[error("the report cannot be written as JSON: {0}")]
    Json(serde_json::Error),
    /// The numbers are no table.
    #[error("the numbers cannot be written as CSV: {reason}")]
    Csv {
        /// What the writer says.
        reason: String,
    },
    /// The page could not be made.
    #[error(transparent)]
    Html(#[from] crate::html::HtmlError),
    /// A metric is not known.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A metric was refused.
    #[error(transparent)]
    Metric(#[from] MetricError),
}
