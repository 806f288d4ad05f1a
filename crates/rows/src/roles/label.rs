//! The truth of a row: a number, a truth value, or one of several favourable words.

use std::collections::BTreeMap;

use super::words::{Categories, Missing, is_undecided, known_decision, spelling_key, truth};
use super::{Coded, Columns, Extent, Numbers, joined, quoted, settled, tell};
use crate::{Label, LabelKind, LabelRole, MISSING, RowsError, Scale};

/// Distinct texts beyond which a column is not taken for decisions in words.
const MOST_WORDS: usize = 200;

/// The label of every row, in [0, 1]; NaN where it is missing or nothing has been decided, which is told.
///
/// - With favourable values, 1 for each of them and 0 for every other decided one.
/// - Numbers in [0, 1], or in the stated range, which is stretched to [0, 1]; numbers with a percent sign are hundredths.
/// - Words of a known pair (yes and no, hired and rejected, pass and fail).
pub fn label(
    table: &impl Columns,
    role: &LabelRole,
    missing: Missing<'_>,
    categories: &Categories,
    extent: Extent,
    notes: &mut Vec<String>,
) -> Result<Label, RowsError> {
    let column = table.position(&role.column)?;
    check_apart(&role.column, &role.favourable, &role.undecided)?;
    let read = role.favourable.is_empty().then(|| table.numbers(column, missing));
    let numeric = read.as_ref().is_some_and(Result::is_ok);
    let values = if let Some(read) = read {
        match read {
            Ok(numbers) => {
                settled(table, column, missing)?;
                if let Some((low, high)) = role.range {
                    tell(notes, format!("`{}`: labels were rescaled from {low} to {high} to 0 to 1", role.column));
                }
                ranged(table, column, numbers, role)?
            }
            Err(odd) => {
                let coded = joined(table, column, |text| missing.value(text), "missing", categories, &mut Vec::new());
                let words = decided(&coded, &role.undecided);
                let undecided: Vec<&String> = coded.levels.iter().filter(|level| !words.contains(&level.as_str())).collect();
                if let Some(values) = truths(&coded, &words).filter(|_| role.range.is_none()) {
                    tell_undecided(&role.column, &undecided, notes);
                    tell_favourable(&role.column, words.iter().copied().filter(|word| truth(word) == Some(1.0)), notes);
                    values
                } else if let Some(favourable) = known_decision(words.iter().copied()).filter(|_| words.len() <= MOST_WORDS) {
                    let (values, taken) = cut(table, column, role, &[favourable.to_owned()], missing, categories, extent, notes)?;
                    tell_favourable(&role.column, taken.iter().map(String::as_str), notes);
                    values
                } else {
                    let remedy = "a label is 0 or 1, true or false, or a number from 0 to 1; correct the row, state the range of the labels, or \
                                  name the favourable values of the label";
                    return Err(table.bad_value(column, odd.row, format!("`{}`", odd.text), remedy.to_owned()));
                }
            }
        }
    } else {
        let (values, taken) = cut(table, column, role, &role.favourable, missing, categories, extent, notes)?;
        tell_favourable(&role.column, taken.iter().map(String::as_str), notes);
        values
    };
    let binary = values.iter().filter(|value| !value.is_nan()).all(|&value| value == 0.0 || value == 1.0);
    let kind = if binary { LabelKind::Binary } else { LabelKind::Continuous };
    // Words have none.
    let scale = if numeric { role.scale() } else { Scale::default() };
    Ok(Label { name: role.column.clone(), kind, values, scale })
}

/// Numbers of the stated range stretched to [0, 1].
fn ranged(table: &impl Columns, column: usize, numbers: Numbers, role: &LabelRole) -> Result<Vec<f64>, RowsError> {
    let scale = role.scale();
    let (low, high) = (scale.low, scale.high);
    // A percentage is a share, unless the range says that the person counts in hundredths.
    let unit = if numbers.percent && high <= 1.0 { 100.0 } else { 1.0 };
    let mut values = numbers.values;
    for (row, value) in values.iter_mut().enumerate() {
        let number = *value / unit;
        if number < low || number > high {
            let remedy = if role.range.is_some() {
                format!("the range of the labels was stated as {low} to {high}; correct the row or the range")
            } else {
                "a label is 0 or 1, true or false, or a number from 0 to 1; correct the row, state the range of the labels, or name the \
                 favourable values of the label"
                    .to_owned()
            };
            return Err(table.bad_value(column, row, format!("`{value}`"), remedy));
        }
        *value = scale.to_unit(number);
    }
    Ok(values)
}

/// The numbers of truth values, and of numbers in [0, 1] beside them, where the words are nothing else.
pub(super) fn truths(coded: &Coded, words: &[&str]) -> Option<Vec<f64>> {
    let number = |word: &str| truth(word).or_else(|| word.parse::<f64>().ok().filter(|number| (0.0..=1.0).contains(number)));
    if !words.iter().all(|word| number(word).is_some()) {
        return None;
    }
    let of_level: Vec<f64> = coded
        .levels
        .iter()
        .map(|level| if words.contains(&level.as_str()) { number(level).unwrap_or(f64::NAN) } else { f64::NAN })
        .collect();
    Some(coded.codes.iter().map(|&code| of_level.get(code as usize).copied().unwrap_or(f64::NAN)).collect())
}

/// The levels on which something was decided.
pub(super) fn decided<'a>(coded: &'a Coded, undecided: &[String]) -> Vec<&'a str> {
    let given: Vec<String> = undecided.iter().map(|text| spelling_key(text.trim())).collect();
    coded.levels.iter().map(String::as_str).filter(|level| !is_undecided(level) && !given.contains(&spelling_key(level))).collect()
}

fn tell_undecided(column: &str, undecided: &[&String], notes: &mut Vec<String>) {
    if !undecided.is_empty() {
        let shown = quoted(undecided.iter().map(|level| level.as_str()));
        tell(notes, format!("`{column}`: {shown} taken as not decided yet; such rows are left out of what needs a decision"));
    }
}

/// Says which words are the favourable outcome: another reader might have taken the other one.
fn tell_favourable<'a>(column: &str, words: impl Iterator<Item = &'a str>, notes: &mut Vec<String>) {
    let words: Vec<&str> = words.collect();
    // Numbers say themselves which is the higher one.
    if words.iter().any(|word| word.parse::<f64>().is_err()) {
        tell(notes, format!("`{column}` holds outcomes in words: {} counts as the favourable one", quoted(words.into_iter())));
    }
}

/// Refuses a value that is named both favourable and undecided.
pub(super) fn check_apart(column: &str, favourable: &[String], undecided: &[String]) -> Result<(), RowsError> {
    let keys: Vec<String> = undecided.iter().map(|text| spelling_key(text.trim())).collect();
    match favourable.iter().find(|text| keys.contains(&spelling_key(text.trim()))) {
        Some(text) => {
            let reason = format!("`{text}` is named both favourable and undecided; take one of the two away");
            Err(RowsError::BadColumn { column: column.to_owned(), reason })
        }
        None => Ok(()),
    }
}

/// 1 for a favourable value, 0 for every other, NaN where nothing was decided; and the values of the column that are favourable.
#[expect(clippy::too_many_arguments, reason = "what the roles know, once")]
pub(super) fn cut(
    table: &impl Columns,
    column: usize,
    role: &LabelRole,
    favourable: &[String],
    missing: Missing<'_>,
    categories: &Categories,
    extent: Extent,
    notes: &mut Vec<String>,
) -> Result<(Vec<f64>, Vec<String>), RowsError> {
    let keys: BTreeMap<String, &String> = favourable.iter().map(|text| (spelling_key(text.trim()), text)).collect();
    // A word that the person names as favourable, or as undecided, is not missing.
    let named = |text: &str| keys.contains_key(&spelling_key(text));
    let coded = joined(table, column, |text| missing.value(text) && !named(text), "missing", categories, notes);
    let words = decided(&coded, &role.undecided);
    if extent == Extent::Whole
        && !role.favourable.is_empty()
        && let Some((_, text)) = keys.iter().find(|(key, _)| !coded.levels.iter().any(|level| spelling_key(level) == **key))
    {
        let reason = format!("the favourable value `{text}` does not occur; the column holds {}", crate::shortened(&coded.levels));
        return Err(RowsError::BadColumn { column: table.names()[column].clone(), reason });
    }
    let undecided: Vec<&String> = coded.levels.iter().filter(|level| !words.contains(&level.as_str()) && !named(level)).collect();
    tell_undecided(&table.names()[column], &undecided, notes);
    let value = |level: &String| match level {
        _ if named(level) => 1.0,
        _ if words.contains(&level.as_str()) => 0.0,
        _ => f64::NAN,
    };
    let values: Vec<f64> = coded.levels.iter().map(value).collect();
    let taken = coded.levels.iter().filter(|level| named(level)).cloned().collect();
    Ok((coded.codes.iter().map(|&code| if code == MISSING { f64::NAN } else { values[code as usize] }).collect(), taken))
}
