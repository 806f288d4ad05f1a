//! What can go wrong with a download or a local copy.

use std::path::PathBuf;

use super::{Origin, RemoteFile};

/// Why `fetch` gave up. Every message names the place and the way out.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No origin of this name.
    #[error(
        "no download is known for `{corpus}`{}; known are {known}; `synthetic` is built in and `table` reads files of your own",
        nearest.as_deref().map(|word| format!("; did you mean `{word}`?")).unwrap_or_default()
    )]
    UnknownCorpus {
        /// The name as given.
        corpus: String,
        /// The nearest known name.
        nearest: Option<String>,
        /// All known names.
        known: String,
    },
    /// The file is public but not without an account.
    #[error(
        "{}: `{}` cannot be downloaded without an account; download it from {} yourself and run `evenhand fetch {} --from FOLDER` with \
         the folder (or zip file) that holds it",
        origin.corpus, file.name, origin.page, origin.corpus
    )]
    NeedsAccount {
        /// The corpus.
        origin: &'static Origin,
        /// The wanted file.
        file: &'static RemoteFile,
    },
    /// The download failed.
    #[error(
        "{}: {address}: {failure}; run the command again, or get `{}` another way ({}) and run `evenhand fetch {} --from FOLDER`",
        origin.corpus, file.name, origin.page, origin.corpus
    )]
    Transfer {
        /// The corpus.
        origin: &'static Origin,
        /// The wanted file.
        file: &'static RemoteFile,
        /// The address that was asked.
        address: String,
        /// What happened.
        failure: TransferFailure,
    },
    /// The bytes are not the ones the loaders know.
    #[error(
        "{}: `{}` from {place} is not the expected file and was not kept: it has sha256 {got} ({got_bytes} bytes), expected {}; the file \
         there has changed or was damaged on the way; get the original ({}) and run `evenhand fetch {} --from FOLDER`",
        origin.corpus, file.name, accepted(file), origin.page, origin.corpus
    )]
    WrongHash {
        /// The corpus.
        origin: &'static Origin,
        /// The wanted file.
        file: &'static RemoteFile,
        /// Address or path it came from.
        place: String,
        /// Its hash.
        got: String,
        /// Its size.
        got_bytes: u64,
    },
    /// The local folder lacks the file.
    #[error(
        "{}: `{}` is not in {}; `--from` takes the folder, or a zip file, that holds {}",
        origin.corpus, file.name, folder.display(), files(origin)
    )]
    NotThere {
        /// The corpus.
        origin: &'static Origin,
        /// The wanted file.
        file: &'static RemoteFile,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// A zip file could not be read.
    #[error("{}: {reason}; download the archive again or unpack it yourself and pass the folder with `--from`", archive.display())]
    Archive {
        /// The zip file.
        archive: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A zip file names a path outside the folder it is unpacked into.
    #[error("{}: refused, because its entry `{entry}` points outside the archive; nothing of it was unpacked", archive.display())]
    UnsafeArchive {
        /// The zip file.
        archive: PathBuf,
        /// The entry.
        entry: String,
    },
    /// A column that holds names of people is missing, so that it cannot be emptied.
    #[error("{}: no column `{column}` to empty; the file was not stored, because it may name people elsewhere", file.display())]
    NoColumn {
        /// The file.
        file: PathBuf,
        /// The wanted column.
        column: String,
    },
    /// Another process fetches the same corpus.
    #[error("{} is being written by another `evenhand fetch`; wait for it to end and run the command again", folder.display())]
    Busy {
        /// The folder, or the unfinished file.
        folder: PathBuf,
    },
    /// No place for the data.
    #[error("no folder for the data is known; set EVENHAND_DATA to one, or HOME")]
    NoCacheFolder,
    /// The file system refused.
    #[error("{}: {action}: {source}; check that the folder exists, is writable and has room", path.display())]
    File {
        /// File or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
}

/// Why one address did not give its file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransferFailure {
    /// Nobody answered.
    #[error("no answer ({0})")]
    NoAnswer(String),
    /// The server answered with an error.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// The connection broke; what came is kept.
    #[error("cut off after {received} of {} bytes ({reason}); what came is kept and the next run resumes there", total(*.expected))]
    CutOff {
        /// Bytes held now.
        received: u64,
        /// Bytes the file has, where the server said.
        expected: Option<u64>,
        /// The system's answer.
        reason: String,
    },
    /// No byte came for too long; what came is kept.
    #[error("no byte for {seconds} s after {received} bytes; what came is kept and the next run resumes there")]
    Stalled {
        /// Bytes held now.
        received: u64,
        /// The time waited.
        seconds: u64,
    },
    /// More bytes than the file can have.
    #[error("it sends more than the {limit} bytes the file can have")]
    TooLarge {
        /// The cap.
        limit: u64,
    },
    /// Redirects without end.
    #[error("more than {0} redirects")]
    TooManyRedirects(u32),
    /// A redirect that leads nowhere.
    #[error("a redirect without a usable target (`{0}`)")]
    BadRedirect(String),
    /// An address without encryption, other than this machine's own.
    #[error("`{0}` is not encrypted; only https is followed")]
    NotEncrypted(String),
}

fn accepted(file: &RemoteFile) -> String {
    file.accepted.iter().map(|one| format!("{} ({} bytes)", one.sha256, one.bytes)).collect::<Vec<_>>().join(" or ")
}

fn files(origin: &Origin) -> String {
    origin.files.iter().map(|file| format!("`{}`", file.name)).collect::<Vec<_>>().join(", ")
}

fn total(expected: Option<u64>) -> String {
    expected.map_or_else(|| "an unknown number of".to_owned(), |bytes| bytes.to_string())
}
