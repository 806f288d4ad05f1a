//! What can go wrong when a scorer is trained, saved or loaded.

use std::path::PathBuf;

use evenhand_catalog::CatalogError;

/// Errors of this crate: what happened, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// An id or a parameter of an objective was refused.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// Rows or recordings could not be read.
    #[error(transparent)]
    Data(#[from] evenhand_rows::RowsError),
    /// A setting of `[architecture]` or `[training]` is outside its range.
    #[error("`{section}.{key}` = {value} is not allowed; it must be {expected}")]
    BadSetting {
        /// Section of the recipe.
        section: &'static str,
        /// Key in the section.
        key: &'static str,
        /// The value as given.
        value: String,
        /// What it must be.
        expected: String,
    },
    /// Features, labels, groups or weights do not describe the same rows.
    #[error("the {part} rows do not fit together: {reason}")]
    Misfit {
        /// `training` or `validation`.
        part: &'static str,
        /// Which lengths or widths clash.
        reason: String,
    },
    /// Candidates are not what a scorer reads.
    #[error("the scorer cannot read these candidates: {reason}")]
    Unreadable {
        /// What it reads, what it was given, and what to do.
        reason: String,
    },
    /// A feature, label or weight is not a finite number, or lies outside its range.
    #[error("{part} row {row}: {what} is {value}; {remedy}")]
    BadRow {
        /// `training` or `validation`.
        part: &'static str,
        /// Index of the row, from 0.
        row: usize,
        /// Feature column, label or weight.
        what: String,
        /// The value found.
        value: f64,
        /// What to do.
        remedy: &'static str,
    },
    /// The loss is no longer a finite number.
    #[error(
        "epoch {epoch}, batch {batch}: the training loss is {loss}; lower `training.learning_rate` (now {learning_rate}) or the weights of the objective's terms"
    )]
    Diverged {
        /// Epoch, from 1.
        epoch: usize,
        /// Batch, from 1.
        batch: usize,
        /// The loss found.
        loss: f64,
        /// Learning rate of that epoch.
        learning_rate: f64,
    },
    /// The run was interrupted from outside.
    #[error("interrupted after epoch {epoch}{}", resume_hint(.checkpoint.as_ref()))]
    Interrupted {
        /// Epochs that were finished.
        epoch: usize,
        /// Folder of the checkpoint, when one is kept.
        checkpoint: Option<PathBuf>,
    },
    /// The objective asks the model for something it cannot do.
    #[error("objective `{objective}` needs {need}, which {model} does not offer; {remedy}")]
    Unsupported {
        /// Id of the objective.
        objective: String,
        /// What it needs.
        need: String,
        /// The model.
        model: String,
        /// What to do.
        remedy: String,
    },
    /// The objective makes no sense for these rows or settings.
    #[error("objective `{objective}` cannot be used here: {reason}")]
    Unsuited {
        /// Id of the objective.
        objective: String,
        /// Why, and what to do.
        reason: String,
    },
    /// An optimum was not reached.
    #[error("{what} did not converge in {steps} steps; {remedy}")]
    NotConverged {
        /// What was fitted.
        what: &'static str,
        /// Steps taken at most.
        steps: usize,
        /// What to do.
        remedy: &'static str,
    },
    /// A file of a model folder or checkpoint could not be read or written.
    #[error("{action} `{path}`: {source}")]
    Io {
        /// `reading` or `writing`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A folder or file is not what it should be.
    #[error("`{path}` {problem}; {remedy}")]
    BadFile {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        remedy: &'static str,
    },
}

fn resume_hint(checkpoint: Option<&PathBuf>) -> String {
    match checkpoint {
        Some(folder) => format!("; resume from the checkpoint in `{}`", folder.display()),
        None => "; no checkpoint was kept".to_owned(),
    }
}
