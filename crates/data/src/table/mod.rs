//! A person's own files: CSV and Parquet, one, several or all that match a pattern.
//!
//! - [`read`] gives every column its role and returns a [`Dataset`].
//! - [`read_scores`] is the fast path of an audit: only the score, the groups and what else was asked for is converted.
//! - [`stream`] gives the same in parts, for files that are larger than the memory.
//!
//! CSV: UTF-8 with or without byte order mark, line ends LF or CRLF, fields in double quotes, empty lines skipped; separated by `,` or,
//! when the header holds more of them, by `;` or tabs, or as a first line such as `sep=;` says. Blanks around a value are cut. Several files are joined in the order given, those
//! of a pattern in the order of their names.

mod copy;
mod csv;
mod files;
mod parquet;
mod raw;
mod roles;
mod stream;

use crate::{
    ColumnType, DataError, Dataset, Feature, Groups, LabelRole, MISSING, Provenance, Schema, SensitiveAsFeatures, SensitiveRole, Values,
};
use roles::{Extent, Required};

pub(crate) use copy::record;
pub use copy::{columns, paths, rows_as_csv};
pub(crate) use csv::{CsvText, Header};
pub use evenhand_rows::{Chunk, Scored};
pub(crate) use files::{Format, Source, bytes as file_bytes, digest as file_digest, digest_of_file, resolve};
pub(crate) use raw::{Batch, Cells as RawCells, RawTable, Wanted};
pub(crate) use roles::{Coded, Missing, UNKNOWN_TEXTS, against_rest, categories, identity_or, remark, sensitive_columns};
pub use stream::{Chunks, stream, stream_scores};

/// Categories of one input beyond which the report warns: one-hot encoding makes an input of each.
const MANY_CATEGORIES: usize = 1000;

/// Reads files whose columns have the roles of `schema`.
pub fn read(files: &[String], schema: &Schema) -> Result<Dataset, DataError> {
    let sources = files::resolve(files)?;
    let sensitive_columns = roles::sensitive_columns(&schema.sensitive);
    check_roles(schema)?;
    let named = schema.features.as_ref().map(|features| {
        let mut names: Vec<String> = Vec::new();
        let role_columns = schema.label.iter().map(|role| &role.column).chain(&schema.person).chain(&schema.job).chain(&schema.weight);
        for name in features.iter().chain(role_columns).chain(&schema.targets).chain(&sensitive_columns) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    });
    let table = RawTable::read(&sources, named.as_deref().map_or(Wanted::All, Wanted::Named))?;
    let name = match sources.as_slice() {
        [only] => only.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
        several => format!("{} files", several.len()),
    };
    dataset(table, schema, name, "table")
}

/// Gives the columns of a table their roles.
pub(crate) fn dataset(table: RawTable, schema: &Schema, name: String, loader: &str) -> Result<Dataset, DataError> {
    let sensitive_columns = roles::sensitive_columns(&schema.sensitive);
    check_roles(schema)?;
    let mut notes = table.notes.clone();
    let plain = Missing { texts: &schema.missing, sensitive: false };
    // With chosen inputs the types may speak of columns that were never read; they are then of no use and of no harm.
    if schema.features.is_none() {
        for named in schema.exclude.iter().chain(schema.types.keys()) {
            table.position(named)?;
        }
    }
    let sensitive = roles::sensitive(&table, &schema.sensitive, &schema.missing, Extent::Whole, &mut notes)?;
    let label = schema.label.as_ref().map(|role| roles::label(&table, role, Extent::Whole)).transpose()?;
    let further = |column: &String| roles::label(&table, &LabelRole { column: column.clone(), favourable: None }, Extent::Whole);
    let targets = schema.targets.iter().map(further).collect::<Result<Vec<_>, _>>()?;
    let person = schema.person.as_ref().map(|column| roles::identity(&table, column, &schema.missing)).transpose()?;
    let job = schema.job.as_ref().map(|column| roles::identity(&table, column, &schema.missing)).transpose()?;
    let weights = schema.weight.as_ref().map(|column| roles::weights(&table, column, Extent::Whole)).transpose()?;

    let has_role = |name: &String| {
        schema.label.as_ref().is_some_and(|role| role.column == *name)
            || schema.targets.contains(name)
            || [&schema.person, &schema.job, &schema.weight].into_iter().flatten().any(|column| column == name)
    };
    let mut names: Vec<String> = match &schema.features {
        Some(features) => features.clone(),
        None => table.names.iter().filter(|name| !has_role(name) && !sensitive_columns.contains(name)).cloned().collect(),
    };
    if schema.sensitive_as_features == SensitiveAsFeatures::Columns {
        names.extend(sensitive_columns.iter().filter(|column| !schema.features.iter().flatten().any(|name| name == *column)).cloned());
    }
    names.retain(|name| !schema.exclude.contains(name));
    let mut features = Vec::with_capacity(names.len());
    for name in names {
        let column = table.position(&name)?;
        let numeric = match schema.types.get(&name) {
            Some(kind) => *kind == ColumnType::Numeric,
            None => roles::is_numeric(&table, column, plain),
        };
        let values = if numeric {
            Values::Numeric(roles::numbers(&table, column, plain)?)
        } else {
            let values: Values = roles::categories(&table, column, plain).into();
            if !schema.types.contains_key(&name) {
                notes.extend(almost_numbers(&name, &values));
            }
            if let Values::Categorical { levels, .. } = &values
                && levels.len() > MANY_CATEGORIES
            {
                notes.push(format!("input `{name}` has {} categories; exclude it if it is an id or free text", levels.len()));
            }
            values
        };
        let sensitive = sensitive_columns.contains(&name);
        features.push(Feature { name, values, sensitive });
    }
    if schema.sensitive_as_features == SensitiveAsFeatures::Groups {
        features.extend(group_inputs(&schema.sensitive, &sensitive, &table.names)?);
    }
    let rows = (1..=table.rows() as u64).collect();
    let provenance = Provenance { loader: loader.to_owned(), files: table.digests, notes };
    Ok(Dataset { name, features, label, targets, sensitive, person, job, weights, recordings: None, parts: None, rows, provenance })
}

/// A remark on a column that was read as categories though most of its values are numbers: one `n/a` is enough for that.
fn almost_numbers(name: &str, values: &Values) -> Option<String> {
    let Values::Categorical { levels, codes } = values else { return None };
    let mut counts = vec![0_usize; levels.len()];
    for &code in codes.iter().filter(|&&code| code != MISSING) {
        counts[code as usize] += 1;
    }
    let known: usize = counts.iter().sum();
    let is_number = |text: &str| text.parse::<f64>().is_ok() || text.replacen(',', ".", 1).parse::<f64>().is_ok();
    let others: Vec<usize> = (0..levels.len()).filter(|&level| !is_number(&levels[level])).collect();
    let odd: usize = others.iter().map(|&level| counts[level]).sum();
    if 2 * odd >= known {
        return None;
    }
    // Without any odd text all values are numbers, written with decimal commas.
    let Some(most) = others.iter().copied().max_by_key(|&level| counts[level]) else {
        return Some(format!(
            "input `{name}` was read as categories: its numbers have decimal commas; write them with points, or exclude it"
        ));
    };
    Some(format!(
        "input `{name}` was read as categories because {odd} of {known} values are no numbers, most often `{}`; if it is a number, list that \
         text under the texts that mean missing (`missing` in a recipe), or set its type to numeric to be shown the first such row",
        levels[most]
    ))
}

/// The groups of the attributes as inputs. An intersection of attributes that are inputs themselves tells nothing more and is left out.
fn group_inputs(roles: &[SensitiveRole], attributes: &[Groups], columns: &[String]) -> Result<Vec<Feature>, DataError> {
    let stands_alone = |column: &String| {
        let single = roles.iter().filter(|role| role.columns.len() < 2);
        single.into_iter().any(|role| role.name == *column || role.rule.is_none() && role.columns.first() == Some(column))
    };
    let mut inputs = Vec::new();
    for (role, groups) in roles.iter().zip(attributes) {
        if role.columns.len() > 1 && role.columns.iter().all(stands_alone) {
            continue;
        }
        let name = groups.input_name();
        if columns.contains(&name) {
            let reason = format!("the groups of `{}` become an input of this name; rename the column", groups.name());
            return Err(DataError::BadColumn { column: name, reason });
        }
        let values = Values::Categorical { levels: groups.levels().to_vec(), codes: groups.codes().to_vec() };
        inputs.push(Feature { name, values, sensitive: true });
    }
    Ok(inputs)
}

/// Refuses roles that contradict each other.
pub(crate) fn check_roles(schema: &Schema) -> Result<(), DataError> {
    let sensitive_columns = roles::sensitive_columns(&schema.sensitive);
    let clash = |column: &str, reason: String| Err(DataError::BadColumn { column: column.to_owned(), reason });
    let single = [
        ("label", schema.label.as_ref().map(|role| &role.column)),
        ("person", schema.person.as_ref()),
        ("job", schema.job.as_ref()),
        ("weight", schema.weight.as_ref()),
    ];
    for (position, (role, column)) in single.iter().enumerate() {
        let Some(column) = column else { continue };
        if let Some((other, _)) = single[..position].iter().find(|(_, other)| *other == Some(column)) {
            return clash(column, format!("it cannot be both {other} and {role}; take one role away"));
        }
        if *role != "job" && sensitive_columns.contains(column) {
            return clash(column, format!("it cannot be both {role} and sensitive; take one role away"));
        }
        if schema.features.iter().flatten().any(|name| name == *column) {
            return clash(column, format!("it is the {role} and stands among the inputs as well; take it out of `features`"));
        }
    }
    if let Some(column) = schema.features.iter().flatten().find(|name| sensitive_columns.contains(name))
        && schema.sensitive_as_features != SensitiveAsFeatures::Columns
    {
        let reason = match schema.sensitive_as_features {
            SensitiveAsFeatures::Groups => {
                "its groups are an input, and it stands among the inputs itself; take it out of `features`, or say \
                 `sensitive_as_features = true`"
            }
            _ => "it is sensitive and stands among the inputs; take it out of `features`, or say `sensitive_as_features = true`",
        };
        return clash(column, reason.to_owned());
    }
    for target in &schema.targets {
        let role = single.iter().find(|(_, column)| *column == Some(target)).map(|(role, _)| *role);
        match role.or_else(|| sensitive_columns.contains(target).then_some("sensitive")) {
            Some("label") => {
                let reason =
                    "it is the label, which is learned anyway, and stands among the further targets as well; take it out of `targets`";
                return clash(target, reason.to_owned());
            }
            Some(role) => return clash(target, format!("it cannot be both {role} and a target; take one role away")),
            None => {}
        }
        if schema.features.iter().flatten().any(|name| name == target) {
            let reason = "it is a target and stands among the inputs as well, where the model would read it off; take it out of `features`";
            return clash(target, reason.to_owned());
        }
    }
    for (key, names) in [("features", schema.features.as_deref().unwrap_or_default()), ("targets", &schema.targets)] {
        if let Some(column) = named_twice(names) {
            return clash(column, format!("it stands twice in `{key}`; name it once"));
        }
    }
    Ok(())
}

/// The first name that an earlier one repeats.
pub(crate) fn named_twice(names: &[String]) -> Option<&String> {
    names.iter().enumerate().find(|(position, name)| names[..*position].contains(name)).map(|(_, name)| name)
}

/// Which columns of a file of scores are to be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScoreRoles {
    /// Column of the score; `true`, `false`, `yes` and `no` count as 1 and 0.
    pub score: String,
    /// The sensitive attributes.
    pub groups: Vec<SensitiveRole>,
    /// The truth, where it is known.
    pub label: Option<LabelRole>,
    /// Sample weight.
    pub weight: Option<String>,
    /// Texts that mean "missing" in a sensitive column, beside the empty field and the usual words for "unknown".
    pub missing: Vec<String>,
    /// Lowest and highest possible score when that is not 0 to 1; scores are then rescaled to [0, 1].
    pub range: Option<(f64, f64)>,
    /// Leaves rows without a score out, counted by group, instead of refusing the file.
    pub skip_unscored: bool,
}

/// Reads scores, groups, and label and weight where named; nothing else of the files is converted.
pub fn read_scores(files: &[String], roles: &ScoreRoles) -> Result<Scored, DataError> {
    let sources = files::resolve(files)?;
    let mut table = RawTable::read(&sources, Wanted::Named(&roles.columns()?))?;
    if roles.skip_unscored {
        leave_unscored_out(&mut table, roles)?;
    }
    scored(table, roles, Extent::Whole)
}

/// Leaves rows without a score out and notes how many of each group: who cannot be scored is a gap of its own.
fn leave_unscored_out(table: &mut RawTable, roles: &ScoreRoles) -> Result<(), DataError> {
    let unscored = table.empty(table.position(&roles.score)?);
    let count = unscored.iter().filter(|unscored| **unscored).count();
    if count == 0 {
        return Ok(());
    }
    let attributes = roles::sensitive(table, &roles.groups, &roles.missing, Extent::Whole, &mut Vec::new())?;
    let told: Vec<String> = attributes
        .iter()
        .map(|groups| {
            let without: Vec<usize> = (0..unscored.len()).filter(|&row| unscored[row]).collect();
            let sizes = groups.select(&without).sizes();
            let levels = groups.levels().iter().zip(sizes).zip(groups.sizes());
            let shares: Vec<String> = levels.map(|((level, without), all)| format!("{level} {without} of {all}")).collect();
            format!("{}: {}", groups.name(), shares.join(", "))
        })
        .collect();
    table.notes.push(format!("{count} of {} rows have no score and are left out ({})", unscored.len(), told.join("; ")));
    table.leave_out(&unscored);
    if table.rows() == 0 {
        return Err(DataError::BadColumn { column: roles.score.clone(), reason: "no row has a score".to_owned() });
    }
    Ok(())
}

impl ScoreRoles {
    /// The columns to read.
    fn columns(&self) -> Result<Vec<String>, DataError> {
        if let Some((low, high)) = self.range
            && !(low < high && low.is_finite() && high.is_finite())
        {
            let reason = format!("the range {low} to {high} of the score is empty; give the lowest and the highest possible score");
            return Err(DataError::BadColumn { column: self.score.clone(), reason });
        }
        let mut names = vec![self.score.clone()];
        let others = self.label.iter().map(|role| role.column.clone()).chain(self.weight.clone());
        for name in others.chain(roles::sensitive_columns(&self.groups)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }
}

fn scored(table: RawTable, roles: &ScoreRoles, extent: Extent) -> Result<Scored, DataError> {
    let (low, high) = roles.range.unwrap_or((0.0, 1.0));
    let mut notes = table.notes.clone();
    if roles.range.is_some() {
        notes.push(format!("scores were rescaled from {low} to {high} to 0 to 1"));
    }
    let scores = roles::required(&table, table.position(&roles.score)?, Required::Score(low, high))?;
    let label = roles.label.as_ref().map(|role| roles::label(&table, role, extent)).transpose()?;
    let weights = roles.weight.as_ref().map(|column| roles::weights(&table, column, extent)).transpose()?;
    let groups = roles::sensitive(&table, &roles.groups, &roles.missing, extent, &mut notes)?;
    let provenance = Provenance { loader: "table".to_owned(), files: table.digests, notes };
    Ok(Scored { scores, label, weights, groups, provenance })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(texts: &[&str]) -> Values {
        let groups = Groups::from_texts("x", texts.iter().map(|text| Some(*text)));
        Values::Categorical { levels: groups.levels().to_vec(), codes: groups.codes().to_vec() }
    }

    #[test]
    fn numbers_read_as_categories_are_told() {
        let told = almost_numbers("grade", &column(&["61", "n/a", "7.5", "n/a", "4", "5", "-"])).unwrap();
        assert!(told.starts_with("input `grade` was read as categories because 3 of 7 values are no numbers, most often `n/a`"), "{told}");
        let commas = almost_numbers("grade", &column(&["6,1", "7,5"])).unwrap();
        assert!(commas.contains("decimal commas"), "{commas}");
        for words in [&["a", "b", "1"][..], &["one", "2"], &[]] {
            assert_eq!(almost_numbers("grade", &column(words)), None);
        }
    }
}
