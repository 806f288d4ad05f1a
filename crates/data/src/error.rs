//! What can go wrong with rows: each message says what, where and what to do.

use evenhand_catalog::CatalogError;
use evenhand_catalog::limits::{BeyondLimit, Limit};
use evenhand_rows::RowsError;

/// Errors of this crate. Rows are counted from 1 at the first data row of their file: the header is not counted.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The rows do not have what is asked of them.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// An id or parameter was refused.
    #[error(transparent)]
    Catalog(#[from] CatalogError),

    /// No file was named.
    #[error("no input file was named; give at least one CSV or Parquet file, or a pattern such as `scores/*.csv`")]
    NoFiles,
    /// A file is named twice, by itself or by patterns.
    #[error("`{first}` and `{file}` are one file, whose rows would count twice; name it once")]
    FileTwice {
        /// The file as found the second time.
        file: String,
        /// The file as found the first time.
        first: String,
    },
    /// A pattern matches nothing.
    #[error("no file matches `{pattern}`; check the folder and the ending, and quote the pattern so that the shell leaves it alone")]
    NoMatch {
        /// The pattern as given.
        pattern: String,
    },
    /// A pattern cannot be understood.
    #[error("`{pattern}` is not a valid file pattern: {reason}")]
    BadPattern {
        /// The pattern as given.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder stands where a file is wanted.
    #[error("`{path}` is a folder, not a file; name the files in it, for example `{path}/*.csv`")]
    IsFolder {
        /// The path as given.
        path: String,
    },
    /// The operating system refused.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The path as given.
        path: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The operating system refused.
    #[error("cannot write `{path}`: {source}; check that the folder exists, may be written to and has room")]
    Write {
        /// The path as given.
        path: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A file of more than may be read.
    #[error("`{file}`: {limit}")]
    Beyond {
        /// File as given.
        file: String,
        /// What there is too much of.
        limit: BeyondLimit,
    },
    /// A file of zero bytes.
    #[error("`{file}` is empty (0 bytes); it needs a header line and at least one row")]
    EmptyFile {
        /// File as given.
        file: String,
    },
    /// The file is no Parquet file, or a broken one.
    #[error("`{file}` cannot be read as Parquet: {reason}; write it again, or give it the ending .csv if it is text")]
    NotParquet {
        /// File as given.
        file: String,
        /// The reader's reason.
        reason: String,
    },
    /// The file cannot be read as CSV.
    #[error("`{file}` cannot be read as CSV: {reason}")]
    NotCsv {
        /// File as given.
        file: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A file of a kind that is not read.
    #[error("`{file}` is {what}; {remedy}")]
    OtherKind {
        /// File as given.
        file: String,
        /// What it is.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// A packed file that cannot be unpacked, or not within bounds.
    #[error("`{file}` cannot be unpacked: {reason}; pack it again, or unpack it first")]
    NotUnpacked {
        /// File as given.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A file of typed columns that is broken, or holds what no table holds.
    #[error("`{file}` cannot be read as {kind}: {reason}")]
    NotTable {
        /// File as given.
        file: String,
        /// `xlsx`, `Arrow`, `JSON`.
        kind: &'static str,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A worksheet that the workbook does not hold.
    #[error("`{file}` has no worksheet `{worksheet}`; it holds {known}")]
    NoWorksheet {
        /// File as given.
        file: String,
        /// The worksheet asked for.
        worksheet: String,
        /// The names of its worksheets.
        known: String,
    },
    /// Bytes that are not UTF-8.
    #[error(
        "`{file}`, {place}: the text is not UTF-8, and nothing settles what else it is; save the file with the encoding UTF-8, or name its \
         encoding (`encoding`)"
    )]
    NotUtf8 {
        /// File as given.
        file: String,
        /// `the header` or `data row 3`.
        place: String,
    },
    /// A row with more or fewer fields than the header.
    #[error(
        "`{file}`, data row {row}: {found} fields where the header names {expected}; put a field that holds the separator into double \
         quotes, remove the row, or name what stands between the fields (`separator`) or how many lines stand before the header (`skip lines`) if \
         that was misread"
    )]
    RaggedRow {
        /// File as given.
        file: String,
        /// Data row.
        row: u64,
        /// Fields found.
        found: usize,
        /// Fields of the header.
        expected: usize,
    },
    /// The header names a column twice.
    #[error("`{file}`: the header names the column `{column}` twice; rename or remove one of them")]
    DuplicateColumn {
        /// File as given.
        file: String,
        /// The repeated name.
        column: String,
    },
    /// Files that should form one table differ in their columns.
    #[error("`{file}` and `{first}` do not have the same columns: `{column}` stands in only one of them; read them apart or align them")]
    ColumnsDiffer {
        /// The file that differs.
        file: String,
        /// The first file.
        first: String,
        /// A column that only one of them has.
        column: String,
    },

    /// A corpus is not where it was looked for.
    #[error(
        "the corpus `{corpus}` was not found {place}; it needs the files {files}. Run `evenhand fetch {corpus}`, or name a folder that \
         holds them, in a recipe as `folder` under `[data]` (`data`)"
    )]
    CorpusAbsent {
        /// Id of the corpus.
        corpus: String,
        /// `in FOLDER`, or that no folder is known.
        place: String,
        /// Expected files, joined by commas.
        files: String,
    },
    /// A numpy file that no loader knows.
    #[error(
        "`{file}` cannot be read: of .npy files only the predictions of FairCVtest are understood, under their own names \
         (predictions_biased_gender.npy and so on); write other scores as CSV or Parquet"
    )]
    UnknownNpy {
        /// File as given.
        file: String,
    },
    /// A corpus file does not hold what it should.
    #[error("`{file}` is not the file of the corpus that is expected: {reason}")]
    CorpusChanged {
        /// File.
        file: String,
        /// What differs and what to do.
        reason: String,
    },
}

impl DataError {
    /// The error for a column that is not among `known`.
    pub(crate) fn missing_column(file: &str, column: &str, known: &[String]) -> Self {
        RowsError::missing_column(file, column, known).into()
    }

    /// Refuses more of something in a file than may be read.
    pub(crate) fn within(file: &str, limit: Limit, given: u64) -> Result<(), Self> {
        limit.check(given).map_err(|limit| DataError::Beyond { file: file.to_owned(), limit })
    }

    /// The error for recordings that cannot be used.
    pub(crate) fn bad_recordings(path: &std::path::Path, problem: String) -> Self {
        RowsError::BadRecordings { path: path.display().to_string(), problem }.into()
    }
}
