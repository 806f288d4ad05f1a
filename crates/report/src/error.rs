//! What can go wrong with a report.

use evenhand_catalog::CatalogError;
use evenhand_metrics::MetricError;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A limit speaks of a number that the report does not hold.
    #[error("limit `{key}`: the report has no such number")]
    NoSuchNumber {
        /// The limit's key: `metric` or `metric@attribute`.
        key: String,
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
