//! What rows may lack: each message says what, where and what to do.

use std::fmt::Write as _;

use evenhand_catalog::nearest;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The data set has no attribute of this name.
    #[error("no sensitive attribute `{name}` in the data; known are: {known}")]
    UnknownAttribute {
        /// The name as given.
        name: String,
        /// Known attributes, joined by commas.
        known: String,
    },
    /// A group that the attribute does not have.
    #[error("the attribute `{attribute}` has no group `{group}`{}; its groups are {known}", hint(nearest.as_deref()))]
    UnknownGroup {
        /// Name of the attribute.
        attribute: String,
        /// The group as given.
        group: String,
        /// The nearest group that exists.
        nearest: Option<String>,
        /// All groups, joined by commas.
        known: String,
    },
    /// The data set has no label.
    #[error("the data has no label; name its column in the recipe under `[data.label]`")]
    NoLabel,
    /// A size beyond its ceiling.
    #[error("column `{column}`: {limit}")]
    Beyond {
        /// Column, or name of the attribute.
        column: String,
        /// What there is too much of.
        limit: evenhand_catalog::limits::BeyondLimit,
    },
    /// No column is left for the model to see.
    #[error(
        "no input column is left; name them in the recipe under `data.features`, or exclude fewer. A scorer of recordings needs the folder \
         that `evenhand extract` wrote: as `folder` of the loader `interviews`, or as `extracted` of the loader `first-impressions`"
    )]
    NoFeatures,
    /// A wanted column is not there.
    #[error("`{file}` has no column `{column}`{}; its columns are {known}", hint(nearest.as_deref()))]
    MissingColumn {
        /// File as given, or the name of the data set.
        file: String,
        /// The column as named by recipe or command line.
        column: String,
        /// The nearest column that exists.
        nearest: Option<String>,
        /// All columns, joined by commas.
        known: String,
    },
    /// A header without rows.
    #[error("`{file}` has a header but no rows; it needs at least one row")]
    NoRows {
        /// File as given.
        file: String,
    },
    /// A value that its column's role does not allow.
    #[error("`{file}`, column `{column}`, data row {row}: {value} is not allowed; {remedy}")]
    BadValue {
        /// File as given.
        file: String,
        /// Column name.
        column: String,
        /// Data row.
        row: u64,
        /// The value as it stands in the file, in quotes, or `an empty field`.
        value: String,
        /// What is expected and what to do.
        remedy: String,
    },
    /// A column as a whole does not fit its role.
    #[error("column `{column}`: {reason}")]
    BadColumn {
        /// Column name.
        column: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A rule that cuts a numeric column cannot be understood.
    #[error(
        "sensitive attribute `{attribute}`: the rule `{rule}` is not understood; write `>`, `>=`, `<` or `<=` and a number, for example `> 25`, or `=` and a group, for example `= White`"
    )]
    BadRule {
        /// Name of the attribute.
        attribute: String,
        /// The rule as given.
        rule: String,
    },
    /// The wanted split is impossible.
    #[error("cannot split the data: {reason}")]
    BadSplit {
        /// Why, and what to do.
        reason: String,
    },
    /// An encoder meets data it was not fitted for.
    #[error("cannot encode the data: {reason}")]
    BadEncoding {
        /// Why, and what to do.
        reason: String,
    },
    /// Arrays that are no scores with their groups and labels.
    #[error("the scores cannot be used: {reason}")]
    BadScores {
        /// Why, and where.
        reason: String,
    },
    /// The wanted unfairness degree cannot be measured or made.
    #[error("cannot tilt the data: {reason}")]
    BadSkew {
        /// Why, and what to do.
        reason: String,
    },
    /// A file of recordings that cannot be used.
    #[error("the recordings `{path}`: {problem}")]
    BadRecordings {
        /// The path as given.
        path: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The operating system refused to read a record.
    #[error("cannot read `{path}`: {reason}")]
    UnreadableRecords {
        /// The file.
        path: String,
        /// The operating system's reason.
        reason: String,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|word| format!("; did you mean `{word}`?")).unwrap_or_default()
}

impl RowsError {
    /// The error for a column that is not among `known`.
    pub fn missing_column(file: &str, column: &str, known: &[String]) -> Self {
        RowsError::MissingColumn {
            file: file.to_owned(),
            column: column.to_owned(),
            nearest: nearest(column, known.iter().map(String::as_str)).map(str::to_owned),
            known: shortened(known),
        }
    }

    /// The error for a group that is not among the levels of an attribute.
    pub fn unknown_group(attribute: &str, group: &str, known: &[String]) -> Self {
        RowsError::UnknownGroup {
            attribute: attribute.to_owned(),
            group: group.to_owned(),
            nearest: nearest(group, known.iter().map(String::as_str)).map(str::to_owned),
            known: shortened(known),
        }
    }
}

/// The names joined by commas; a long list is cut, because a message must stay readable.
pub fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 40;
    const LETTERS: usize = 100;
    let cut = |name: &String| match name.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.clone(),
    };
    let mut text = names.iter().take(SHOWN).map(cut).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        let _ = write!(text, " and {} more", names.len() - SHOWN);
    }
    text
}
