//! What can go wrong between a question and its answer.

use evenhand_catalog::CatalogError;
use evenhand_metrics::MetricError;
use evenhand_rebalance::RebalanceError;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A setting has a value that cannot be used.
    #[error("`{setting}`{}: {message}", spaced(value))]
    Setting {
        /// Its name, in snake case: whoever asks says how it is given.
        setting: &'static str,
        /// The value; empty where it is missing or long.
        value: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// The request itself makes no sense.
    #[error("{0}")]
    Request(String),
    /// An id or parameter was refused.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The rows lack what is asked of them.
    #[error(transparent)]
    Rows(#[from] evenhand_rows::RowsError),
    /// Gate 1 failed.
    #[error(transparent)]
    Rebalance(#[from] RebalanceError),
    /// Gate 3 failed.
    #[error(transparent)]
    Rerank(#[from] evenhand_rerank::RerankError),
    /// A metric was refused.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// The report cannot be judged or shown.
    #[error(transparent)]
    Report(#[from] evenhand_report::ReportError),
}

/// A value with a blank before it; nothing of nothing.
fn spaced(value: &str) -> String {
    if value.is_empty() { String::new() } else { format!(" {value}") }
}
