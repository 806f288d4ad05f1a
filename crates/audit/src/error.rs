//! What can go wrong between a recipe and its report.

use std::path::PathBuf;

use evenhand_catalog::CatalogError;
use evenhand_data::DataError;
use evenhand_metrics::MetricError;
use evenhand_rebalance::RebalanceError;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A file could not be read or written.
    #[error("{}: cannot {action}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `read`, `write`, `create the folder`.
        action: &'static str,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The request itself makes no sense.
    #[error("{0}")]
    Request(String),
    /// An id or parameter was refused.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The data could not be used.
    #[error(transparent)]
    Data(#[from] DataError),
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

impl AuditError {
    pub(crate) fn io(path: impl Into<PathBuf>, action: &'static str) -> impl FnOnce(std::io::Error) -> AuditError {
        let path = path.into();
        move |cause| AuditError::Io { path, action, cause }
    }
}
