//! From columns to roles: label, groups, identities, weights and inputs, with one meaning for files, tables in memory and data frames.
//!
//! Whoever holds columns implements [`Columns`]: what a column's texts and numbers are. What they mean is decided here and nowhere else.

mod groups;
mod label;
mod scores;
pub mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::table::{Cells, Table};
use crate::{
    ColumnType, Dataset, Feature, FileDigest, Groups, Identity, Label, LabelRole, MISSING, Provenance, RowsError, Schema,
    SensitiveAsFeatures, SensitiveRole, Values, screening,
};

pub use groups::{UNKNOWN_GROUP, against_rest, remark, sensitive, sensitive_columns, spelled};
pub use label::label;
pub use scores::{Chunk, Counted, Occurring, ScoreRoles, Scored, remark_repeats};
use words::{Categories, Missing};

/// Spellings of identities that are told one by one.
const MOST_TOLD: usize = 3;

/// Categories of one input beyond which a remark warns: one-hot encoding makes an input of each.
const MANY_CATEGORIES: usize = 1000;

/// Distinct texts of a column and a code per row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coded {
    /// Texts, blanks around them cut, in order of first appearance.
    pub levels: Vec<String>,
    /// An index into `levels` per row, [`MISSING`] for an empty field.
    pub codes: Vec<u32>,
}

impl Coded {
    /// The text of a row; empty where it is missing.
    pub fn at(&self, row: usize) -> &str {
        self.levels.get(self.codes[row] as usize).map_or("", String::as_str)
    }
}

/// A column read as numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Numbers {
    /// A number per row as written (46.7 for `46.7%`), NaN where it is missing.
    pub values: Vec<f64>,
    /// Whether the numbers bear a percent sign.
    pub percent: bool,
}

/// The first value of a column that is neither a number nor missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Odd {
    /// Its row, counted from 0.
    pub row: usize,
    /// Its text.
    pub text: String,
}

/// Columns of texts and numbers, all of one length.
pub trait Columns: Sync {
    /// Names of the columns.
    fn names(&self) -> &[String];

    /// Number of rows.
    fn rows(&self) -> usize;

    /// What the rows are called in messages: a file, or `the rows`.
    fn source(&self) -> &str;

    /// A column as texts.
    fn texts(&self, column: usize) -> Coded;

    /// A column as finite numbers, or the first value that is none.
    fn numbers(&self, column: usize, missing: Missing<'_>) -> Result<Numbers, Odd>;

    /// A text of a column of numbers whose sign may stand before decimals or between thousands, where nothing says which.
    fn unsettled(&self, _column: usize, _missing: Missing<'_>) -> Option<String> {
        None
    }

    /// The error for a value, with the place where the person finds it.
    fn bad_value(&self, column: usize, row: usize, value: String, remedy: String) -> RowsError;

    /// The number of a row in its source, counted from 1.
    fn row_number(&self, row: usize) -> u64 {
        row as u64 + 1
    }

    /// Position of the column of this name, or an error that names those there are.
    fn position(&self, name: &str) -> Result<usize, RowsError> {
        named(self.names(), name).ok_or_else(|| RowsError::missing_column(self.source(), name, self.names()))
    }
}

/// Position of the column of this name; of one that looks the same where none is written the same.
pub fn named(names: &[String], name: &str) -> Option<usize> {
    let seen = words::visible(name);
    let alike = || names.iter().position(|known| words::visible(known).trim() == seen.trim());
    names.iter().position(|known| known == name).or_else(alike)
}

/// Whether the columns are all there is, or a part of a stream: what only the whole can lack is not asked of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All rows.
    Whole,
    /// Some of them.
    Part,
}

/// A typed table under a name, as the roles read it.
#[derive(Debug)]
struct InMemory<'a> {
    table: &'a Table,
    name: &'a str,
    names: Vec<String>,
}

impl Columns for InMemory<'_> {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn rows(&self) -> usize {
        self.table.rows()
    }

    fn source(&self) -> &str {
        self.name
    }

    fn texts(&self, column: usize) -> Coded {
        let mut index: HashMap<u64, u32> = HashMap::new();
        let mut coded = Coded::default();
        match &self.table.columns[column].cells {
            Cells::Numbers { values, .. } => {
                for value in values {
                    coded.codes.push(if value.is_nan() {
                        MISSING
                    } else {
                        *index.entry((value + 0.0).to_bits()).or_insert_with(|| {
                            coded.levels.push((value + 0.0).to_string());
                            coded.levels.len() as u32 - 1
                        })
                    });
                }
            }
            Cells::Categories { levels, codes } => {
                for &code in codes {
                    let text = levels.get(code as usize).map(|level| level.trim()).filter(|level| !level.is_empty());
                    coded.codes.push(text.map_or(MISSING, |text| {
                        *index.entry(u64::from(code)).or_insert_with(|| {
                            coded.levels.push(text.to_owned());
                            coded.levels.len() as u32 - 1
                        })
                    }));
                }
            }
        }
        coded
    }

    fn numbers(&self, column: usize, missing: Missing<'_>) -> Result<Numbers, Odd> {
        match &self.table.columns[column].cells {
            Cells::Numbers { values, .. } => match values.iter().position(|value| value.is_infinite()) {
                Some(row) => Err(Odd { row, text: values[row].to_string() }),
                None => Ok(Numbers { values: values.clone(), percent: false }),
            },
            Cells::Categories { levels, codes } => {
                let number = |text: &String| {
                    let text = text.trim();
                    if missing.number(text) { Some(f64::NAN) } else { text.parse::<f64>().ok().filter(|number| number.is_finite()) }
                };
                let numbers: Vec<Option<f64>> = levels.iter().map(number).collect();
                let value = |(row, &code): (usize, &u32)| match numbers.get(code as usize) {
                    None => Ok(f64::NAN),
                    Some(Some(number)) => Ok(*number),
                    Some(None) => Err(Odd { row, text: levels[code as usize].clone() }),
                };
                Ok(Numbers { values: codes.iter().enumerate().map(value).collect::<Result<_, _>>()?, percent: false })
            }
        }
    }

    fn bad_value(&self, column: usize, row: usize, value: String, remedy: String) -> RowsError {
        RowsError::BadValue { file: self.name.to_owned(), column: self.names[column].clone(), row: row as u64 + 1, value, remedy }
    }
}

/// Gives the columns of a table in memory their roles, as for a file: what a model of gate 2 learns from. `name` is the data set's.
pub fn dataset(table: &Table, name: &str, schema: &Schema) -> Result<Dataset, RowsError> {
    if table.rows() == 0 {
        return Err(RowsError::NoRows { file: name.to_owned() });
    }
    let names = table.columns.iter().map(|column| column.name.clone()).collect();
    dataset_of(&InMemory { table, name, names }, schema, name.to_owned(), "table", Vec::new(), Vec::new())
}

/// Gives columns their roles. `files` and `notes` are where the rows came from and what was told of it.
pub fn dataset_of(
    table: &impl Columns,
    schema: &Schema,
    name: String,
    loader: &str,
    files: Vec<FileDigest>,
    mut notes: Vec<String>,
) -> Result<Dataset, RowsError> {
    let sensitive_columns = sensitive_columns(&schema.sensitive);
    check_roles(schema)?;
    let missing = Missing { texts: &schema.missing };
    // With chosen inputs the types may speak of columns that were never read; they are then of no use and of no harm.
    if schema.features.is_none() {
        let mapped: Vec<String> = schema.categories.rules().filter_map(|(column, ..)| column.map(str::to_owned)).collect();
        for named in schema.exclude.iter().chain(&schema.include).chain(schema.types.keys()).chain(&mapped) {
            table.position(named)?;
        }
    }
    let attributes = sensitive(table, &schema.sensitive, missing, &schema.categories, Extent::Whole, &mut notes)?;
    for groups in &attributes {
        remark(groups, &mut notes);
    }
    let mut told = Vec::new();
    let label =
        schema.label.as_ref().map(|role| label::label(table, role, missing, &schema.categories, Extent::Whole, &mut told)).transpose()?;
    if let Some(role) = &schema.label {
        let levels = &table.texts(table.position(&role.column)?).levels;
        let keys: BTreeSet<String> =
            levels.iter().map(|level| words::spelling_key(schema.categories.map(&role.column, level).unwrap_or(level))).collect();
        if let Some(text) = role.undecided.iter().find(|text| !keys.contains(&words::spelling_key(text.trim()))) {
            let reason = format!("the undecided value `{text}` does not occur; the column holds {}", crate::shortened(levels));
            return Err(RowsError::BadColumn { column: role.column.clone(), reason });
        }
    }
    let mut target = |column: &String| {
        let role = LabelRole { column: column.clone(), ..LabelRole::default() };
        let target = label::label(table, &role, missing, &schema.categories, Extent::Whole, &mut told)?;
        match target.values.iter().position(|value| value.is_nan()) {
            Some(row) => {
                let remedy = "every row needs a value here; fill it in or remove the row".to_owned();
                Err(table.bad_value(table.position(column)?, row, "a missing value".to_owned(), remedy))
            }
            None => Ok(target),
        }
    };
    let targets = schema.targets.iter().map(&mut target).collect::<Result<Vec<Label>, _>>()?;
    notes.extend(told);
    let person = schema.person.as_ref().map(|column| identity(table, column, Named::Person, missing, &mut notes)).transpose()?;
    let job = schema.job.as_ref().map(|column| identity(table, column, Named::Job, missing, &mut notes)).transpose()?;
    let weights = schema.weight.as_ref().map(|column| weights(table, column, missing, Extent::Whole)).transpose()?;

    let has_role = |name: &String| {
        schema.label.as_ref().is_some_and(|role| role.column == *name)
            || schema.targets.contains(name)
            || [&schema.person, &schema.job, &schema.weight].into_iter().flatten().any(|column| column == name)
    };
    let mut names: Vec<String> = match &schema.features {
        Some(features) => features.clone(),
        None => table.names().iter().filter(|name| !has_role(name) && !sensitive_columns.contains(name)).cloned().collect(),
    };
    if schema.sensitive_as_features == SensitiveAsFeatures::Columns {
        names.extend(sensitive_columns.iter().filter(|column| !schema.features.iter().flatten().any(|name| name == *column)).cloned());
    }
    names.retain(|name| !schema.exclude.contains(name));
    if schema.screened && schema.features.is_none() {
        leave_out_identifying(table, schema, &sensitive_columns, &mut names, &mut notes);
    }
    let mut features = Vec::with_capacity(names.len());
    for name in names {
        let column = table.position(&name)?;
        let wanted = schema.types.get(&name);
        let numeric = match wanted {
            Some(ColumnType::Categorical) => None,
            Some(ColumnType::Numeric) => Some(numbers(table, column, missing)?),
            None => table
                .numbers(column, missing)
                .ok()
                .map(|numbers| numbers.values)
                .filter(|values| values.iter().any(|value| value.is_finite())),
        };
        if let Some(example) = table.unsettled(column, missing).filter(|_| numeric.is_some()) {
            tell(
                &mut notes,
                format!("input `{name}`: the sign in `{example}` was read as that before decimals; say it (`decimal`) if it is not"),
            );
        }
        let values = if let Some(values) = numeric {
            Values::Numeric(values)
        } else {
            let categories = sorted(&table.texts(column), |text| missing.category(text)).0;
            let values = Values::Categorical { levels: categories.levels, codes: categories.codes };
            if wanted.is_none() {
                notes.extend(almost_numbers(&name, &values, missing));
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
        features.extend(group_inputs(&schema.sensitive, &attributes, table.names())?);
    }
    let rows = (0..table.rows()).map(|row| table.row_number(row)).collect();
    let provenance = Provenance { loader: loader.to_owned(), files, notes };
    let data = Dataset {
        name,
        features,
        label,
        targets,
        sensitive: attributes,
        person,
        job,
        weights,
        recordings: None,
        parts: None,
        rows,
        provenance,
    };
    without_undecided(data, schema.keep_unlabelled)
}

/// Leaves out what identifies a person or stands for a group and was not asked for by its name, and tells it with its reason.
fn leave_out_identifying(table: &impl Columns, schema: &Schema, sensitive: &[String], names: &mut Vec<String>, notes: &mut Vec<String>) {
    names.retain(|name| {
        if sensitive.contains(name) || schema.include.contains(name) || schema.types.contains_key(name) {
            return true;
        }
        let Ok(column) = table.position(name) else { return true };
        let Some(reason) = screening::identifying(name, &table.texts(column)) else { return true };
        notes.push(format!(
            "`{name}` is left out of the inputs: {reason}. It identifies a person or may stand for a group; name it under `include` to keep it"
        ));
        false
    });
}

/// The rows that have a label, where one is asked for; the others are told.
fn without_undecided(mut data: Dataset, keep: bool) -> Result<Dataset, RowsError> {
    let Some(label) = &data.label else { return Ok(data) };
    let decided: Vec<usize> = (0..label.values.len()).filter(|&row| !label.values[row].is_nan()).collect();
    let out = label.values.len() - decided.len();
    if out == 0 {
        return Ok(data);
    }
    if keep {
        let rows = label.values.len();
        let rest = if decided.is_empty() { "so it is left out" } else { "they are left out of what needs one" };
        data.provenance.notes.push(format!("`{}`: {out} of {rows} rows have no label; {rest}", label.name));
        data.label = data.label.filter(|_| !decided.is_empty());
        return Ok(data);
    }
    let note = format!("`{}`: {out} of {} rows have no label; they are left out, {} stay", label.name, label.values.len(), decided.len());
    if decided.is_empty() {
        return Err(RowsError::BadColumn { column: label.name.clone(), reason: "no row has a label".to_owned() });
    }
    let mut kept = data.select(&decided);
    kept.provenance.notes.push(note);
    Ok(kept)
}

/// A remark on a column that was read as categories though most of its values are numbers: one odd text is enough for that.
fn almost_numbers(name: &str, values: &Values, missing: Missing<'_>) -> Option<String> {
    let Values::Categorical { levels, codes } = values else { return None };
    let mut counts = vec![0_usize; levels.len()];
    for &code in codes.iter().filter(|&&code| code != MISSING) {
        counts[code as usize] += 1;
    }
    let is_number = |text: &str| text.parse::<f64>().is_ok() || text.replacen(',', ".", 1).parse::<f64>().is_ok();
    let present: Vec<usize> = (0..levels.len()).filter(|&level| !missing.value(&levels[level])).collect();
    let known: usize = present.iter().map(|&level| counts[level]).sum();
    let others: Vec<usize> = present.into_iter().filter(|&level| !is_number(&levels[level])).collect();
    let odd: usize = others.iter().map(|&level| counts[level]).sum();
    if 2 * odd >= known {
        return None;
    }
    let most = others.iter().copied().max_by_key(|&level| counts[level])?;
    Some(format!(
        "input `{name}` was read as categories because {odd} of {known} values are no numbers, most often `{}`; if it is a number, list that \
         text under the texts that mean missing (`missing`), or set its type to numeric to be shown the first such row",
        levels[most]
    ))
}

/// The groups of the attributes as inputs. An intersection of attributes that are inputs themselves tells nothing more and is left out.
fn group_inputs(roles: &[SensitiveRole], attributes: &[Groups], columns: &[String]) -> Result<Vec<Feature>, RowsError> {
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
            return Err(RowsError::BadColumn { column: name, reason });
        }
        let values = Values::Categorical { levels: groups.levels().to_vec(), codes: groups.codes().to_vec() };
        inputs.push(Feature { name, values, sensitive: true });
    }
    Ok(inputs)
}

/// Levels in alphabetical order, or by size where all of them are numbers, without the missing; and the texts beside the empty field that
/// were taken as missing.
pub fn sorted(coded: &Coded, missing: impl Fn(&str) -> bool) -> (Coded, BTreeSet<String>) {
    let mut missing_texts = BTreeSet::new();
    let mut levels: Vec<&str> = Vec::with_capacity(coded.levels.len());
    for level in &coded.levels {
        if missing(level) {
            missing_texts.insert(level.clone());
        } else {
            levels.push(level);
        }
    }
    order(&mut levels);
    let index: BTreeMap<&str, u32> = levels.iter().enumerate().map(|(code, level)| (*level, code as u32)).collect();
    let recode: Vec<u32> = coded.levels.iter().map(|level| index.get(level.as_str()).copied().unwrap_or(MISSING)).collect();
    let codes = coded.codes.iter().map(|&code| recode.get(code as usize).copied().unwrap_or(MISSING)).collect();
    let levels = levels.into_iter().map(str::to_owned).collect();
    (Coded { levels, codes }, missing_texts)
}

/// Alphabetical order, or by size where all are numbers.
fn order(levels: &mut [&str]) {
    levels.sort_unstable();
    if levels.iter().all(|level| level.parse::<f64>().is_ok_and(f64::is_finite)) {
        let number = |level: &str| level.parse::<f64>().unwrap_or(f64::MAX);
        levels.sort_by(|left, right| number(left).total_cmp(&number(right)).then_with(|| left.cmp(right)));
    }
}

/// Categories of which two spellings of one thing are one; what was joined, replaced by a map and taken as missing is told.
pub fn joined(
    table: &impl Columns,
    column: usize,
    missing: impl Fn(&str) -> bool,
    taken_as: &str,
    categories: &Categories,
    notes: &mut Vec<String>,
) -> Coded {
    let name = &table.names()[column];
    let mut coded = table.texts(column);
    if !categories.is_empty() {
        let mut mapped: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let replaced: Vec<Option<&str>> = coded.levels.iter().map(|level| categories.map(name, level)).collect();
        for (level, to) in coded.levels.iter().zip(&replaced) {
            if let Some(to) = to.filter(|to| to != level) {
                mapped.entry(to).or_default().insert(level);
            }
        }
        for (to, from) in &mapped {
            tell(notes, format!("`{name}`: {} became `{to}`, as the map of categories says", quoted(from.iter().copied())));
        }
        let levels = coded.levels.iter().zip(&replaced).map(|(level, to)| to.map_or_else(|| level.clone(), str::to_owned)).collect();
        coded.levels = levels;
    }
    let mut index: HashMap<String, u32> = HashMap::new();
    let mut spellings: Vec<Vec<String>> = Vec::new();
    let mut unknown = BTreeSet::new();
    let mut recode = Vec::with_capacity(coded.levels.len());
    for level in &coded.levels {
        if missing(level) {
            if !level.is_empty() {
                unknown.insert(level.as_str());
            }
            recode.push(MISSING);
            continue;
        }
        let code = *index.entry(words::spelling_key(level)).or_insert_with(|| {
            spellings.push(Vec::new());
            spellings.len() as u32 - 1
        });
        if !spellings[code as usize].contains(level) {
            spellings[code as usize].push(level.clone());
        }
        recode.push(code);
    }
    if !unknown.is_empty() {
        tell(notes, format!("`{name}`: {} taken as {taken_as}", quoted(unknown.into_iter())));
    }
    let levels: Vec<String> = spellings.iter().map(|spellings| words::shown(&spellings[0]).into_owned()).collect();
    for (level, spellings) in levels.iter().zip(&spellings).filter(|(_, spellings)| spellings.len() > 1) {
        tell(notes, format!("`{name}`: {} are taken as one, `{level}`", quoted(spellings.iter().map(String::as_str))));
    }
    let codes = coded.codes.iter().map(|&code| recode.get(code as usize).copied().unwrap_or(MISSING)).collect();
    sorted(&Coded { levels, codes }, |_| false).0
}

/// Adds a note once.
fn tell(notes: &mut Vec<String>, note: String) {
    if !notes.contains(&note) {
        notes.push(note);
    }
}

/// Texts in backticks, joined by commas; a long list is cut.
fn quoted<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 20;
    let texts: Vec<String> = texts.map(|text| format!("`{text}`")).collect();
    let more = texts.len().saturating_sub(SHOWN);
    let shown = texts[..texts.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// Refuses a column of numbers that can be read in two ways.
pub(crate) fn settled(table: &impl Columns, column: usize, missing: Missing<'_>) -> Result<(), RowsError> {
    match table.unsettled(column, missing) {
        Some(example) => Err(unsettled(&table.names()[column], &example)),
        None => Ok(()),
    }
}

/// The error for a column of numbers that can be read in two ways, with a text of it.
pub fn unsettled(column: &str, example: &str) -> RowsError {
    let reason = format!(
        "the sign in `{example}` may stand before decimals or between thousands, and nothing in the file settles which; say which sign stands \
         before decimals (`decimal`): point or comma"
    );
    RowsError::BadColumn { column: column.to_owned(), reason }
}

/// A column of numbers, NaN where missing; anything else is an error with its place.
pub(crate) fn numbers(table: &impl Columns, column: usize, missing: Missing<'_>) -> Result<Vec<f64>, RowsError> {
    settled(table, column, missing)?;
    table.numbers(column, missing).map(|numbers| numbers.values).map_err(|odd| {
        let remedy =
            "a finite number is expected; correct it, list it under the texts that mean missing, or read the column as categorical";
        table.bad_value(column, odd.row, format!("`{}`", odd.text), remedy.to_owned())
    })
}

/// Weights: finite, not negative, given in every row; at least one must be positive.
pub(crate) fn weights(table: &impl Columns, name: &str, missing: Missing<'_>, extent: Extent) -> Result<Vec<f64>, RowsError> {
    let column = table.position(name)?;
    settled(table, column, missing)?;
    let remedy = || "a weight is a finite number that is not negative; correct or remove the row".to_owned();
    let weights =
        table.numbers(column, missing).map_err(|odd| table.bad_value(column, odd.row, format!("`{}`", odd.text), remedy()))?.values;
    if let Some(row) = weights.iter().position(|weight| weight.is_nan()) {
        return Err(table.bad_value(column, row, "a missing value".to_owned(), "fill it in or remove the row".to_owned()));
    }
    if let Some(row) = weights.iter().position(|weight| *weight < 0.0) {
        return Err(table.bad_value(column, row, format!("`{}`", weights[row]), remedy()));
    }
    if extent == Extent::Part || weights.iter().any(|&weight| weight > 0.0) {
        return Ok(weights);
    }
    Err(RowsError::BadColumn { column: name.to_owned(), reason: "all weights are 0; at least one must be positive".to_owned() })
}

/// What names a thing that rows share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A person: ids may differ by case alone, so that only `1` and `1.0` are one.
    Person,
    /// A job, in words.
    Job,
}

impl Named {
    fn key(self, text: &str) -> String {
        match self {
            Named::Person => words::number_text(text).unwrap_or_else(|| words::visible(text).into_owned()),
            Named::Job => words::spelling_key(text),
        }
    }
}

/// A column as identities in order of first appearance, two spellings of one as one, which is told; an empty field is an error, because nobody
/// could be kept together by it.
pub fn identity(
    table: &impl Columns,
    name: &str,
    what: Named,
    missing: Missing<'_>,
    notes: &mut Vec<String>,
) -> Result<Identity, RowsError> {
    let column = table.position(name)?;
    let coded = table.texts(column);
    let empty: Vec<bool> = coded.levels.iter().map(|level| missing.category(level)).collect();
    if let Some(row) = coded.codes.iter().position(|&code| empty.get(code as usize).is_none_or(|empty| *empty)) {
        let remedy = "every row needs an id here; fill it in or remove the row".to_owned();
        return Err(table.bad_value(column, row, "an empty field".to_owned(), remedy));
    }
    let mut index: HashMap<String, u32> = HashMap::with_capacity(coded.levels.len());
    let mut levels: Vec<String> = Vec::with_capacity(coded.levels.len());
    let mut joined: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    let mut first: Vec<&str> = Vec::with_capacity(coded.levels.len());
    let recode: Vec<u32> = coded
        .levels
        .iter()
        .map(|level| {
            let code = *index.entry(what.key(level)).or_insert(levels.len() as u32);
            if code as usize == levels.len() {
                levels.push(words::shown(level).into_owned());
                first.push(level);
            } else {
                joined.entry(code).or_insert_with(|| vec![first[code as usize]]).push(level);
            }
            code
        })
        .collect();
    for spellings in joined.values().take(MOST_TOLD) {
        tell(notes, format!("`{name}`: {} are taken as one", quoted(spellings.iter().copied())));
    }
    if joined.len() > MOST_TOLD {
        tell(notes, format!("`{name}`: {} more are written in several ways, each taken as one", joined.len() - MOST_TOLD));
    }
    Ok(Identity { name: name.to_owned(), levels, codes: coded.codes.iter().map(|&code| recode[code as usize]).collect() })
}

/// Refuses roles that contradict each other.
pub fn check_roles(schema: &Schema) -> Result<(), RowsError> {
    let sensitive_columns = sensitive_columns(&schema.sensitive);
    let clash = |column: &str, reason: String| Err(RowsError::BadColumn { column: column.to_owned(), reason });
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
pub fn named_twice(names: &[String]) -> Option<&String> {
    names.iter().enumerate().find(|(position, name)| names[..*position].contains(name)).map(|(_, name)| name)
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
        let missing = Missing { texts: &[] };
        let told = almost_numbers("grade", &column(&["61", "low", "7.5", "low", "4", "5", "-"]), missing).unwrap();
        assert!(told.starts_with("input `grade` was read as categories because 2 of 6 values are no numbers, most often `low`"), "{told}");
        for words in [&["a", "b", "1"][..], &["one", "2"], &[]] {
            assert_eq!(almost_numbers("grade", &column(words), missing), None);
        }
    }
}
