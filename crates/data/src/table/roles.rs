//! From columns to roles: numbers, categories, groups, labels, weights, identities.
//!
//! Blanks around a text are cut everywhere: `Female` and ` Female` are one group. Work is shared between threads by batches; what is
//! joined over batches (the levels of a category) is put in a fixed order, so that the number of threads never shows.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow_array::Array;
use rayon::prelude::*;

use super::raw::{Batch, Cells, RawTable};
use crate::{DataError, Groups, Identity, Label, LabelKind, LabelRole, MISSING, SensitiveRole, UNKNOWN, Values};

/// Texts in a sensitive column that say that the group is not known, beside the empty field and the schema's own; case is ignored.
pub(crate) const UNKNOWN_TEXTS: [&str; 13] = [
    "unknown",
    "?",
    "n/a",
    "na",
    "nan",
    "null",
    "not known",
    "not stated",
    "not specified",
    "not disclosed",
    "undisclosed",
    "prefer not to say",
    "rather not say",
];

/// Groups of one attribute beyond which the report warns: a number was probably meant to be cut by a rule.
const MANY_GROUPS: usize = 50;

/// Decides which texts are missing values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Missing<'a> {
    pub(crate) texts: &'a [String],
    pub(crate) sensitive: bool,
}

impl Missing<'_> {
    fn holds(&self, text: &str) -> bool {
        text.is_empty()
            || self.texts.iter().any(|missing| missing == text)
            || self.sensitive && UNKNOWN_TEXTS.iter().any(|missing| text.eq_ignore_ascii_case(missing))
    }
}

/// Runs `work` over the batches on all threads and joins the results in the order of the rows.
fn by_batch<T: Send>(table: &RawTable, work: impl Fn(&Batch) -> Result<Vec<T>, DataError> + Send + Sync) -> Result<Vec<T>, DataError> {
    let parts = table.batches.par_iter().map(work).collect::<Result<Vec<Vec<T>>, DataError>>()?;
    let mut joined = Vec::with_capacity(parts.iter().map(Vec::len).sum());
    for part in parts {
        joined.extend(part);
    }
    Ok(joined)
}

/// Whether every value of a column is a number or missing, and at least one is a number.
pub(crate) fn is_numeric(table: &RawTable, column: usize, missing: Missing) -> bool {
    let kinds: Vec<Option<bool>> = table
        .batches
        .par_iter()
        .map(|batch| match &batch.columns[column] {
            Cells::Number(numbers) => Some(numbers.iter().any(|number| number.is_some_and(f64::is_finite))),
            Cells::Text(texts) => {
                let mut seen = false;
                for text in texts.iter().flatten().map(str::trim).filter(|text| !missing.holds(text)) {
                    seen |= text.parse::<f64>().ok()?.is_finite();
                }
                Some(seen)
            }
        })
        .collect();
    kinds.iter().all(Option::is_some) && kinds.contains(&Some(true))
}

/// A column of numbers; missing values, and the text `nan`, become NaN. Infinities are refused.
pub(crate) fn numbers(table: &RawTable, column: usize, missing: Missing) -> Result<Vec<f64>, DataError> {
    let refuse = |batch: &Batch, row: usize, value: &str| {
        let remedy =
            "a finite number is expected; correct it, list it under the texts that mean missing, or read the column as categorical";
        table.bad_value(batch, column, row, format!("`{value}`"), remedy.to_owned())
    };
    by_batch(table, |batch| match &batch.columns[column] {
        Cells::Number(numbers) => numbers
            .iter()
            .enumerate()
            .map(|(row, number)| match number {
                Some(number) if number.is_infinite() => Err(refuse(batch, row, &number.to_string())),
                other => Ok(other.unwrap_or(f64::NAN)),
            })
            .collect(),
        Cells::Text(texts) => texts
            .iter()
            .enumerate()
            .map(|(row, text)| {
                let text = text.unwrap_or_default().trim();
                match text.parse::<f64>() {
                    _ if missing.holds(text) => Ok(f64::NAN),
                    Ok(number) if !number.is_infinite() => Ok(number),
                    _ => Err(refuse(batch, row, text)),
                }
            })
            .collect(),
    })
}

/// What a column of required numbers may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Required {
    /// A score: finite, in the closed interval, which is stretched to [0, 1].
    Score(f64, f64),
    /// A label in [0, 1].
    Label,
    /// A weight: finite and not negative.
    Weight,
}

impl Required {
    fn accept(self, number: f64) -> Option<f64> {
        match self {
            Required::Score(low, high) => (number >= low && number <= high).then(|| (number - low) / (high - low)),
            Required::Label => (0.0..=1.0).contains(&number).then_some(number),
            Required::Weight => (number >= 0.0 && number.is_finite()).then_some(number),
        }
    }

    fn remedy(self) -> String {
        match self {
            Required::Score(0.0, 1.0) => {
                "a score is a number from 0 to 1; correct the row, or state the range of the scores (`--range LOW,HIGH`) so that they are rescaled".to_owned()
            }
            Required::Score(low, high) => format!("the range of the scores was stated as {low} to {high}; correct the row or the range"),
            Required::Label => {
                "a label is 0 or 1, true or false, or a number from 0 to 1; correct the row, or name the favourable value of the label"
                    .to_owned()
            }
            Required::Weight => "a weight is a finite number that is not negative; correct or remove the row".to_owned(),
        }
    }
}

/// The number that a truth value stands for.
fn truth(text: &str) -> Option<f64> {
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("yes") {
        Some(1.0)
    } else if text.eq_ignore_ascii_case("false") || text.eq_ignore_ascii_case("no") {
        Some(0.0)
    } else {
        None
    }
}

/// A column in which every row has a number of the required kind. `true`, `false`, `yes` and `no` count as 1 and 0.
pub(crate) fn required(table: &RawTable, column: usize, kind: Required) -> Result<Vec<f64>, DataError> {
    by_batch(table, |batch| {
        let refuse = |row: usize, value: Option<&str>| {
            let shown = value.filter(|value| !value.is_empty()).map_or_else(|| "an empty field".to_owned(), |value| format!("`{value}`"));
            let empty = value.is_none_or(str::is_empty);
            let remedy = match kind {
                Required::Score(..) if empty => "fill it in, or leave such rows out with --skip-unscored".to_owned(),
                _ if empty => "fill it in or remove the row".to_owned(),
                _ => kind.remedy(),
            };
            table.bad_value(batch, column, row, shown, remedy)
        };
        match &batch.columns[column] {
            Cells::Number(numbers) => numbers
                .iter()
                .enumerate()
                .map(|(row, number)| {
                    number
                        .and_then(|number| kind.accept(number))
                        .ok_or_else(|| refuse(row, number.map(|number| number.to_string()).as_deref()))
                })
                .collect(),
            Cells::Text(texts) => {
                let mut values = Vec::with_capacity(texts.len());
                for (row, text) in texts.iter().enumerate() {
                    let text = text.unwrap_or_default().trim();
                    let number = text.parse::<f64>().ok().or_else(|| truth(text));
                    match number.and_then(|number| kind.accept(number)) {
                        Some(number) => values.push(number),
                        None => return Err(refuse(row, Some(text))),
                    }
                }
                Ok(values)
            }
        }
    })
}

/// Whether a table is all there is, or a part of a stream: what only the whole can lack is not asked of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Whole,
    Part,
}

/// Weights; at least one must be positive.
pub(crate) fn weights(table: &RawTable, name: &str, extent: Extent) -> Result<Vec<f64>, DataError> {
    let weights = required(table, table.position(name)?, Required::Weight)?;
    if extent == Extent::Part || weights.iter().any(|&weight| weight > 0.0) {
        return Ok(weights);
    }
    Err(DataError::BadColumn { column: name.to_owned(), reason: "all weights are 0; at least one must be positive".to_owned() })
}

/// The label: with a favourable value 1 for it and 0 for every other; without one numbers in [0, 1] or truth values.
pub(crate) fn label(table: &RawTable, role: &LabelRole, extent: Extent) -> Result<Label, DataError> {
    let column = table.position(&role.column)?;
    let Some(favourable) = role.favourable.as_deref().map(str::trim) else {
        let values = required(table, column, Required::Label)?;
        let binary = values.iter().all(|&value| value == 0.0 || value == 1.0);
        let kind = if binary { LabelKind::Binary } else { LabelKind::Continuous };
        return Ok(Label { name: role.column.clone(), kind, values });
    };
    let coded = categories(table, column, Missing { texts: &[], sensitive: false });
    if let Some(row) = coded.codes.iter().position(|&code| code == MISSING) {
        let (batch, row) = place(table, row)?;
        let remedy = "every row needs a label; fill it in or remove the row".to_owned();
        return Err(table.bad_value(batch, column, row, "an empty field".to_owned(), remedy));
    }
    let number = favourable.parse::<f64>().ok();
    let wanted = |level: &String| level == favourable || number.is_some() && level.parse::<f64>().ok() == number;
    let wanted = coded.levels.iter().position(wanted);
    if wanted.is_none() && extent == Extent::Whole {
        let reason = format!("the favourable value `{favourable}` does not occur; the column holds {}", crate::shortened(&coded.levels));
        return Err(DataError::BadColumn { column: role.column.clone(), reason });
    }
    let values = coded.codes.iter().map(|&code| f64::from(u8::from(wanted == Some(code as usize)))).collect();
    Ok(Label { name: role.column.clone(), kind: LabelKind::Binary, values })
}

/// The batch and the row in it of a row of the table.
fn place(table: &RawTable, row: usize) -> Result<(&Batch, usize), DataError> {
    let mut before = 0;
    for batch in &table.batches {
        if row < before + batch.rows {
            return Ok((batch, row - before));
        }
        before += batch.rows;
    }
    Err(DataError::BadColumn { column: String::new(), reason: "a row beyond the table was asked for".to_owned() })
}

/// Levels and a code per row, [`MISSING`] for missing values.
#[derive(Debug)]
pub(crate) struct Coded {
    pub(crate) levels: Vec<String>,
    pub(crate) codes: Vec<u32>,
    /// Texts beside the empty field that were taken as missing.
    pub(crate) missing_texts: BTreeSet<String>,
}

impl Coded {
    /// The text of a row; empty where it is missing.
    pub(crate) fn at(&self, row: usize) -> &str {
        self.levels.get(self.codes[row] as usize).map_or("", String::as_str)
    }
}

impl From<Coded> for Values {
    fn from(coded: Coded) -> Self {
        Values::Categorical { levels: coded.levels, codes: coded.codes }
    }
}

/// Gives each distinct text a small number; no allocation per row.
#[derive(Debug, Default)]
struct Coder<'a> {
    levels: Vec<Cow<'a, str>>,
    index: HashMap<Cow<'a, str>, u32>,
}

impl<'a> Coder<'a> {
    /// Number of levels up to which comparing with each one is faster than hashing.
    const FEW: usize = 12;

    fn code(&mut self, text: Cow<'a, str>) -> u32 {
        let known = if self.levels.len() <= Self::FEW {
            self.levels.iter().position(|level| *level == text).map(|position| position as u32)
        } else {
            self.index.get(&text).copied()
        };
        known.unwrap_or_else(|| {
            let code = self.levels.len() as u32;
            self.levels.push(text.clone());
            self.index.insert(text, code);
            code
        })
    }
}

/// Texts of a batch in order of first appearance, and a position among them per row.
pub(crate) fn code_batch(cells: &Cells) -> (Vec<String>, Vec<u32>) {
    let mut coder = Coder::default();
    let codes = match cells {
        Cells::Text(texts) => texts.iter().map(|text| coder.code(Cow::Borrowed(text.unwrap_or_default().trim()))).collect(),
        Cells::Number(numbers) => {
            let mut known: HashMap<u64, u32> = HashMap::new();
            numbers
                .iter()
                .map(|number| {
                    let number = number.filter(|number| !number.is_nan());
                    let bits = number.map_or(u64::MAX, f64::to_bits);
                    *known
                        .entry(bits)
                        .or_insert_with(|| coder.code(Cow::Owned(number.map(|number| number.to_string()).unwrap_or_default())))
                })
                .collect()
        }
    };
    (coder.levels.into_iter().map(Cow::into_owned).collect(), codes)
}

/// A column as categories. Levels are in alphabetical order, or by size where all of them are numbers.
pub(crate) fn categories(table: &RawTable, column: usize, missing: Missing) -> Coded {
    let parts: Vec<(Vec<String>, Vec<u32>)> = table.batches.par_iter().map(|batch| code_batch(&batch.columns[column])).collect();
    let mut levels = BTreeSet::new();
    let mut missing_texts = BTreeSet::new();
    for level in parts.iter().flat_map(|(levels, _)| levels) {
        if !missing.holds(level) {
            if !levels.contains(level.as_str()) {
                levels.insert(level.as_str());
            }
        } else if !level.is_empty() {
            missing_texts.insert(level.clone());
        }
    }
    let mut levels: Vec<&str> = levels.into_iter().collect();
    if levels.iter().all(|level| level.parse::<f64>().is_ok_and(f64::is_finite)) {
        levels.sort_by(|left, right| {
            let number = |level: &str| level.parse::<f64>().unwrap_or(f64::MAX);
            number(left).total_cmp(&number(right)).then_with(|| left.cmp(right))
        });
    }
    let index: BTreeMap<&str, u32> = levels.iter().enumerate().map(|(code, level)| (*level, code as u32)).collect();
    let recoded: Vec<Vec<u32>> = parts
        .par_iter()
        .map(|(levels, codes)| {
            let table: Vec<u32> = levels.iter().map(|level| index.get(level.as_str()).copied().unwrap_or(MISSING)).collect();
            codes.iter().map(|&code| table[code as usize]).collect()
        })
        .collect();
    Coded { codes: recoded.concat(), levels: levels.into_iter().map(str::to_owned).collect(), missing_texts }
}

/// A column as identities in order of first appearance; an empty field is an error, because nobody could be kept together by it.
pub(crate) fn identity(table: &RawTable, name: &str, texts: &[String]) -> Result<Identity, DataError> {
    let column = table.position(name)?;
    let missing = Missing { texts, sensitive: false };
    let parts: Vec<(Vec<String>, Vec<u32>)> = table.batches.par_iter().map(|batch| code_batch(&batch.columns[column])).collect();
    let mut index: HashMap<String, u32> = HashMap::new();
    let mut levels = Vec::new();
    let mut codes = Vec::with_capacity(table.rows());
    for (batch, (names, part)) in table.batches.iter().zip(parts) {
        if let Some(empty) = names.iter().position(|name| missing.holds(name)) {
            let row = part.iter().position(|&code| code as usize == empty).unwrap_or_default();
            let remedy = "every row needs an id here; fill it in or remove the row".to_owned();
            return Err(table.bad_value(batch, column, row, "an empty field".to_owned(), remedy));
        }
        let recode: Vec<u32> = names
            .into_iter()
            .map(|name| {
                *index.entry(name).or_insert_with_key(|name| {
                    levels.push(name.clone());
                    levels.len() as u32 - 1
                })
            })
            .collect();
        codes.extend(part.into_iter().map(|code| recode[code as usize]));
    }
    Ok(Identity { name: name.to_owned(), levels, codes })
}

/// The same where a row without a value is an identity of its own, named as in the column `own`; says how many there are.
pub(crate) fn identity_or(table: &RawTable, name: &str, own: &str, texts: &[String]) -> Result<(Identity, usize), DataError> {
    let missing = Missing { texts, sensitive: false };
    let (given, own) = (categories(table, table.position(name)?, missing), table.texts(own)?);
    let mut index: HashMap<&str, u32> = HashMap::new();
    let mut levels = Vec::new();
    let mut codes = Vec::with_capacity(table.rows());
    for row in 0..table.rows() {
        let level = if given.at(row).is_empty() { own.at(row) } else { given.at(row) };
        codes.push(*index.entry(level).or_insert_with(|| {
            levels.push(level.to_owned());
            levels.len() as u32 - 1
        }));
    }
    let alone = given.codes.iter().filter(|&&code| code == MISSING).count();
    Ok((Identity { name: name.to_owned(), levels, codes }, alone))
}

/// A rule that cuts numbers in two.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    sign: &'static str,
    bound: f64,
}

impl Rule {
    /// Reads `> 25`, `>= 25`, `< 25` or `<= 25`.
    pub(crate) fn parse(attribute: &str, text: &str) -> Result<Self, DataError> {
        let bad = || DataError::BadRule { attribute: attribute.to_owned(), rule: text.to_owned() };
        let trimmed = text.trim();
        let (sign, rest) =
            [">=", "<=", ">", "<"].into_iter().find_map(|sign| trimmed.strip_prefix(sign).map(|rest| (sign, rest))).ok_or_else(bad)?;
        let bound = rest.trim().parse::<f64>().ok().filter(|bound| bound.is_finite()).ok_or_else(bad)?;
        Ok(Rule { sign, bound })
    }

    fn holds(&self, number: f64) -> bool {
        match self.sign {
            ">=" => number >= self.bound,
            "<=" => number <= self.bound,
            ">" => number > self.bound,
            _ => number < self.bound,
        }
    }

    /// The attribute that the rule makes of a column; NaN is unknown. The part for which the rule holds comes first.
    pub(crate) fn groups(&self, attribute: &str, column: &str, numbers: &[f64]) -> Groups {
        let opposite = match self.sign {
            ">=" => "<",
            "<=" => ">",
            ">" => "<=",
            _ => ">=",
        };
        let levels = [self.sign, opposite].map(|sign| format!("{column} {sign} {}", self.bound)).to_vec();
        let code = |number: f64| if number.is_nan() { UNKNOWN } else { u32::from(!self.holds(number)) };
        Groups::new(attribute, levels, numbers.iter().map(|&number| code(number)).collect()).made_of(vec![column.to_owned()])
    }
}

/// Name and plain columns of an attribute: a role without columns takes the column of its own name.
pub(crate) fn columns_of(role: &SensitiveRole) -> Vec<String> {
    if role.columns.is_empty() { vec![role.name.clone()] } else { role.columns.clone() }
}

/// Columns of the table that the sensitive roles need: those that are no attribute named earlier.
pub(crate) fn sensitive_columns(roles: &[SensitiveRole]) -> Vec<String> {
    let mut needed = Vec::new();
    for (position, role) in roles.iter().enumerate() {
        for column in columns_of(role) {
            let earlier = roles[..position].iter().any(|earlier| earlier.name == column);
            if !earlier && !needed.contains(&column) {
                needed.push(column);
            }
        }
    }
    needed
}

/// The sensitive attributes of a table, with remarks about what is unknown or odd.
pub(crate) fn sensitive(
    table: &RawTable,
    roles: &[SensitiveRole],
    texts: &[String],
    extent: Extent,
    notes: &mut Vec<String>,
) -> Result<Vec<Groups>, DataError> {
    let mut attributes: Vec<Groups> = Vec::new();
    for role in roles {
        let columns = columns_of(role);
        let name = if role.name.is_empty() { columns.join(" x ") } else { role.name.clone() };
        if attributes.iter().any(|groups| groups.name() == name) {
            let reason = "two sensitive attributes have this name; give them different names".to_owned();
            return Err(DataError::BadColumn { column: name, reason });
        }
        let groups = match (columns.as_slice(), &role.rule) {
            ([column], Some(rule)) if pooled(rule).is_some() => {
                let groups = one_attribute(table, &attributes, &name, column, texts, notes)?;
                if extent == Extent::Part { against_rest_of_part(&groups, rule) } else { against_rest(&groups, rule)? }
            }
            ([column], Some(rule)) => {
                let rule = Rule::parse(&name, rule)?;
                let missing = Missing { texts, sensitive: true };
                rule.groups(&name, column, &numbers(table, table.position(column)?, missing)?)
            }
            ([column], None) => one_attribute(table, &attributes, &name, column, texts, notes)?,
            (_, Some(rule)) => return Err(DataError::BadRule { attribute: name, rule: format!("{rule} over several columns") }),
            (columns, None) => {
                let mut parts = Vec::new();
                for column in columns {
                    parts.push(one_attribute(table, &attributes, column, column, texts, notes)?);
                }
                Groups::intersection(&parts.iter().collect::<Vec<_>>()).renamed(name)
            }
        };
        remark(&groups, notes);
        attributes.push(groups);
    }
    Ok(attributes)
}

/// The group that a rule `= GROUP` sets against all others.
fn pooled(rule: &str) -> Option<&str> {
    rule.trim().strip_prefix('=').map(str::trim)
}

/// The same for a part of a file, in which the group may have no row.
fn against_rest_of_part(groups: &Groups, rule: &str) -> Groups {
    let level = pooled(rule).unwrap_or_default();
    groups.against_rest(level).unwrap_or_else(|| {
        let levels = vec![level.to_owned(), format!("not {level}")];
        let codes = groups.codes().iter().map(|&code| if code == UNKNOWN { UNKNOWN } else { 1 }).collect();
        Groups::new(groups.name(), levels, codes).made_of(groups.columns().to_vec())
    })
}

/// Applies a rule `= GROUP`.
pub(crate) fn against_rest(groups: &Groups, rule: &str) -> Result<Groups, DataError> {
    let level = pooled(rule).unwrap_or_default();
    groups.against_rest(level).ok_or_else(|| DataError::unknown_group(groups.name(), level, groups.levels()))
}

fn one_attribute(
    table: &RawTable,
    earlier: &[Groups],
    name: &str,
    column: &str,
    texts: &[String],
    notes: &mut Vec<String>,
) -> Result<Groups, DataError> {
    if let Some(groups) = earlier.iter().find(|groups| groups.name() == column) {
        return Ok(groups.clone().renamed(name));
    }
    let coded = categories(table, table.position(column)?, Missing { texts, sensitive: true });
    if !coded.missing_texts.is_empty() {
        let shown = coded.missing_texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ");
        let note = format!("`{column}`: {shown} taken as unknown group");
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    Ok(Groups::new(name, coded.levels, coded.codes).made_of(vec![column.to_owned()]))
}

/// Says what a reader of the report should know of an attribute.
pub(crate) fn remark(groups: &Groups, notes: &mut Vec<String>) {
    let name = groups.name();
    let unknown = groups.unknown_count();
    if unknown > 0 {
        notes.push(format!("`{name}`: the group of {unknown} rows is unknown; they are left out of every gap"));
    }
    let sizes = groups.sizes();
    match sizes.iter().filter(|&&size| size > 0).count() {
        0 => notes.push(format!("`{name}`: no row has a known group, so no gap can be measured")),
        1 => notes.push(format!("`{name}`: all rows are of one group, so no gap can be measured")),
        many if many > MANY_GROUPS => {
            notes.push(format!("`{name}` has {many} groups; a number can be cut by a rule, for example `> 25`"));
        }
        _ => {}
    }
    let mut folded: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for level in groups.levels() {
        folded.entry(level.to_lowercase()).or_default().push(level);
    }
    for alike in folded.values().filter(|alike| alike.len() > 1) {
        notes.push(format!(
            "`{name}`: the groups {} differ in capital letters only and are taken as different; write them alike",
            alike.join(", ")
        ));
    }
}
