//! What can go wrong with a recording: each message says what, where and what to do.

use std::path::PathBuf;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The operating system refused.
    #[error("{action} `{}` failed: {source}", path.display())]
    Io {
        /// `reading` or `writing`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A file cannot be used.
    #[error("`{}` {problem}; {remedy}", path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, as a sentence whose subject is the file, with the place (line, byte, second) where there is one.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// A recording is longer than allowed.
    #[error("`{}` lasts more than {limit} s; cut it, or raise the limit", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Seconds allowed.
        limit: f64,
    },
    /// A setting is outside its range.
    #[error("{setting} is {value}; it must be {expected}")]
    BadSetting {
        /// Name of the setting.
        setting: &'static str,
        /// As given.
        value: String,
        /// What is allowed.
        expected: String,
    },
    /// A program that is needed is absent or failed.
    #[error("`{program}` {problem}; {remedy}")]
    Program {
        /// Its name.
        program: String,
        /// What happened.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// The user asked to stop; what was finished is kept.
    #[error("interrupted; {finished} of {total} candidates are kept in `{}`, the same command goes on from there", folder.display())]
    Interrupted {
        /// Candidates finished.
        finished: usize,
        /// Candidates in all.
        total: usize,
        /// Where they are kept.
        folder: PathBuf,
    },
    /// A size beyond its ceiling.
    #[error(transparent)]
    Limit(#[from] evenhand_catalog::limits::BeyondLimit),
    /// The tensors or the table could not be written or read.
    #[error(transparent)]
    Data(#[from] evenhand_data::DataError),
    /// A record that does not fit.
    #[error(transparent)]
    Rows(#[from] evenhand_rows::RowsError),
}
