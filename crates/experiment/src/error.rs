//! What can go wrong between a recipe and its report.

use std::path::PathBuf;

use evenhand_audit::AuditError;
use evenhand_catalog::CatalogError;
use evenhand_data::DataError;
use evenhand_learn::LearnError;
use evenhand_metrics::MetricError;
use evenhand_rebalance::RebalanceError;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
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
    /// The recipe is not what it should be.
    #[error("{origin}: {message}")]
    Recipe {
        /// Path of the recipe, or where the setting came from.
        origin: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// A setting of the call has a value that cannot be used.
    #[error("`{setting}`{}: {message}", spaced(value))]
    Setting {
        /// Its name, in snake case: whoever calls says how it is given.
        setting: &'static str,
        /// The value; empty where it is missing.
        value: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// The request itself makes no sense.
    #[error("{0}")]
    Request(String),
    /// The user asked to stop; what was finished is kept.
    #[error("interrupted; {finished} of {total} runs are kept in {}, the same command goes on from there", folder.display())]
    Interrupted {
        /// Runs finished.
        finished: usize,
        /// Runs in all.
        total: usize,
        /// Where they are kept.
        folder: PathBuf,
    },
    /// A method of one run failed.
    #[error("{method}, seed {seed}: {cause}")]
    Method {
        /// Name of the method.
        method: String,
        /// Seed of the run.
        seed: u64,
        /// What went wrong.
        cause: Box<ExperimentError>,
    },
    /// A question about rows could not be answered.
    #[error(transparent)]
    Audit(AuditError),
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
    /// Gate 2 failed.
    #[error(transparent)]
    Learn(#[from] LearnError),
    /// A metric was refused.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// Recordings could not be used.
    #[error(transparent)]
    Media(#[from] evenhand_media::MediaError),
    /// The report could not be made.
    #[error(transparent)]
    Report(#[from] evenhand_report::ReportError),
}

/// A value with a blank before it; nothing of nothing.
fn spaced(value: &str) -> String {
    if value.is_empty() { String::new() } else { format!(" {value}") }
}

impl From<AuditError> for ExperimentError {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Setting { setting, value, message } => ExperimentError::Setting { setting, value, message },
            AuditError::Request(message) => ExperimentError::Request(message),
            other => ExperimentError::Audit(other),
        }
    }
}

impl ExperimentError {
    /// True when the user asked to stop.
    pub(crate) fn is_interrupt(&self) -> bool {
        match self {
            ExperimentError::Interrupted { .. } | ExperimentError::Learn(LearnError::Interrupted { .. }) => true,
            ExperimentError::Method { cause, .. } => cause.is_interrupt(),
            _ => false,
        }
    }

    /// True when a file could not be read or written: that is nobody's method.
    pub(crate) fn is_io(&self) -> bool {
        match self {
            ExperimentError::Io { .. } | ExperimentError::Learn(LearnError::Io { .. }) => true,
            ExperimentError::Method { cause, .. } => cause.is_io(),
            _ => false,
        }
    }

    /// True when a method of a gate refused its rows or settings, rather than failed at them.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            ExperimentError::Method { cause, .. } => cause.is_refusal(),
            ExperimentError::Request(_) | ExperimentError::Catalog(_) | ExperimentError::Rebalance(_) | ExperimentError::Rerank(_) => true,
            _ => false,
        }
    }

    /// What went wrong in a method, without its name.
    pub(crate) fn reason(&self) -> String {
        match self {
            ExperimentError::Method { cause, .. } if cause.is_refusal() => cause.to_string(),
            ExperimentError::Method { seed, cause, .. } => format!("seed {seed}: {cause}"),
            other => other.to_string(),
        }
    }

    pub(crate) fn io(path: impl Into<PathBuf>, action: &'static str) -> impl FnOnce(std::io::Error) -> ExperimentError {
        let path = path.into();
        move |cause| ExperimentError::Io { path, action, cause }
    }
}
