//! The columns of files as roles read them ([`Columns`]). Work is shared between threads by batches; what is joined over batches is put in
//! the order of the rows, so that the number of threads never shows.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow_array::Array;
use evenhand_rows::RowsError;
use evenhand_rows::roles::words::Missing;
use evenhand_rows::roles::{Coded, Columns, Numbers, Odd};
use rayon::prelude::*;

use super::raw::{Batch, Cells, RawTable};
use crate::MISSING;
use crate::notation::Notation;

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

/// Texts of a batch in order of first appearance, the empty one among them, and a position among them per row.
fn code_batch(cells: &Cells) -> (Vec<String>, Vec<u32>) {
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

/// Numbers of a batch with a point before the decimals, or the row of the first text that is none.
fn plain_batch(batch: &Batch, column: usize, missing: Missing<'_>) -> Result<Vec<f64>, usize> {
    match &batch.columns[column] {
        Cells::Number(numbers) => numbers
            .iter()
            .enumerate()
            .map(|(row, number)| match number {
                Some(number) if number.is_infinite() => Err(row),
                other => Ok(other.unwrap_or(f64::NAN)),
            })
            .collect(),
        Cells::Text(texts) => {
            let mut values = Vec::with_capacity(texts.len());
            for (row, text) in texts.iter().enumerate() {
                let text = text.unwrap_or_default().trim();
                values.push(match text.parse::<f64>() {
                    // A number may itself be a mark for "missing" that the person named.
                    Ok(_) if !missing.texts.is_empty() && missing.number(text) => f64::NAN,
                    Ok(number) if !number.is_infinite() => number,
                    _ if missing.number(text) => f64::NAN,
                    _ => return Err(row),
                });
            }
            Ok(values)
        }
    }
}

impl RawTable {
    /// The notation in which most rows of a column of texts are numbers: all of them, or `Err` with those that are none in it.
    fn notation(&self, coded: &Coded, missing: Missing<'_>) -> Result<Option<Notation>, Notation> {
        let texts = coded.levels.iter().map(String::as_str).filter(|text| !missing.number(text));
        if texts.clone().next().is_none() {
            return Ok(Some(Notation::PLAIN));
        }
        if let Some(found) = Notation::of(&texts, self.look.separator, self.decimal) {
            return Ok(Some(found));
        }
        let mut rows = vec![0_usize; coded.levels.len()];
        coded.codes.iter().filter(|&&code| code != MISSING).for_each(|&code| rows[code as usize] += 1);
        let fitting = |notation: &Notation| -> usize {
            coded.levels.iter().zip(&rows).filter(|(level, _)| notation.parse(level).is_some()).map(|(_, rows)| rows).sum()
        };
        // The first of those that fit the most rows.
        let candidates = Notation::candidates(self.look.separator);
        let most = candidates.iter().map(fitting).max().unwrap_or(0);
        Err(candidates.into_iter().find(|notation| fitting(notation) == most).unwrap_or(Notation::PLAIN))
    }

    /// How a column of numbers is written, where its texts show it: those of whole numbers show nothing.
    pub(super) fn shown_notation(&self, name: &str, missing: &[String]) -> Option<Notation> {
        let column = self.names.iter().position(|known| known == name)?;
        let missing = Missing { texts: missing };
        let signed = |batch: &Batch| match &batch.columns[column] {
            Cells::Text(texts) => texts.iter().flatten().any(|text| !text.trim().bytes().all(|byte| byte.is_ascii_digit())),
            Cells::Number(_) => false,
        };
        if !self.batches.iter().any(signed) {
            return None;
        }
        if !self.is_ambiguous(column) && self.batches.par_iter().all(|batch| plain_batch(batch, column, missing).is_ok()) {
            return Some(Notation::PLAIN);
        }
        self.notation(&self.texts(column), missing).ok().flatten()
    }

    /// Whether the points of a column of numbers may as well stand between thousands, and the file is one in which they can.
    fn is_ambiguous(&self, column: usize) -> bool {
        if self.look.separator == b',' || self.decimal == Some('.') {
            return false;
        }
        let grouped = |text: &str| {
            let whole = text.strip_prefix(['-', '+']).unwrap_or(text);
            whole.split_once('.').is_some_and(|(whole, rest)| {
                (1..=3).contains(&whole.len())
                    && !whole.starts_with('0')
                    && rest.split('.').all(|group| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit()))
            })
        };
        let mut any = false;
        for batch in &self.batches {
            let Cells::Text(texts) = &batch.columns[column] else { return false };
            for text in texts.iter().flatten().map(str::trim) {
                if text.contains('.') {
                    if !grouped(text) {
                        return false;
                    }
                    any = true;
                }
            }
        }
        any
    }

    /// The batch and the row in it of a row of the table.
    fn place(&self, row: usize) -> Option<(&Batch, usize)> {
        let mut before = 0;
        for batch in &self.batches {
            if row < before + batch.rows {
                return Some((batch, row - before));
            }
            before += batch.rows;
        }
        None
    }
}

impl Columns for RawTable {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn rows(&self) -> usize {
        self.batches.iter().map(|batch| batch.rows).sum()
    }

    fn source(&self) -> &str {
        self.files.first().map_or("the data", String::as_str)
    }

    fn texts(&self, column: usize) -> Coded {
        let parts: Vec<(Vec<String>, Vec<u32>)> = self.batches.par_iter().map(|batch| code_batch(&batch.columns[column])).collect();
        let mut index: HashMap<String, u32> = HashMap::new();
        let mut levels: Vec<String> = Vec::new();
        let recodes: Vec<Vec<u32>> = parts
            .iter()
            .map(|(names, _)| {
                let code = |name: &String| {
                    if name.is_empty() {
                        return MISSING;
                    }
                    index.get(name).copied().unwrap_or_else(|| {
                        levels.push(name.clone());
                        index.insert(name.clone(), levels.len() as u32 - 1);
                        levels.len() as u32 - 1
                    })
                };
                names.iter().map(code).collect()
            })
            .collect();
        let codes: Vec<Vec<u32>> =
            parts.par_iter().zip(&recodes).map(|((_, codes), recode)| codes.iter().map(|&code| recode[code as usize]).collect()).collect();
        Coded { levels, codes: codes.concat() }
    }

    fn numbers(&self, column: usize, missing: Missing<'_>) -> Result<Numbers, Odd> {
        let known = self.notations.get(&self.names[column]).copied();
        let plain = known.is_none_or(|notation| notation == Notation::PLAIN);
        if plain && !(known.is_none() && self.is_ambiguous(column)) {
            let parts: Vec<Result<Vec<f64>, usize>> = self.batches.par_iter().map(|batch| plain_batch(batch, column, missing)).collect();
            if parts.iter().all(Result::is_ok) {
                let mut values = Vec::with_capacity(Columns::rows(self));
                parts.into_iter().flatten().for_each(|part| values.extend(part));
                return Ok(Numbers { values, percent: false });
            }
        }
        let coded = self.texts(column);
        let found = match known {
            Some(known) => Ok(Some(known)),
            None => self.notation(&coded, missing),
        };
        let notation = match found {
            Ok(notation) => notation.unwrap_or(Notation::PLAIN),
            Err(notation) => notation,
        };
        let number = |text: &String| if missing.number(text) { Some(f64::NAN) } else { notation.parse(text).map(|written| written.value) };
        let numbers: Vec<Option<f64>> = coded.levels.iter().map(number).collect();
        let value = |(row, &code): (usize, &u32)| match numbers.get(code as usize) {
            None => Ok(f64::NAN),
            Some(Some(number)) => Ok(*number),
            Some(None) => Err(Odd { row, text: coded.levels[code as usize].clone() }),
        };
        let values = coded.codes.iter().enumerate().map(value).collect::<Result<Vec<f64>, Odd>>()?;
        Ok(Numbers { values, percent: notation.is_percent() })
    }

    fn unsettled(&self, column: usize, missing: Missing<'_>) -> Option<String> {
        if self.look.separator == b',' || self.decimal.is_some() || self.notations.contains_key(&self.names[column]) {
            return None;
        }
        let coded = self.texts(column);
        let texts = coded.levels.iter().map(String::as_str).filter(|text| !missing.number(text));
        // Whole numbers say nothing, and need not.
        let example = texts.clone().find(|text| text.contains(['.', ',']))?;
        Notation::told(&texts).is_err().then(|| example.to_owned())
    }

    fn bad_value(&self, column: usize, row: usize, value: String, remedy: String) -> RowsError {
        let (file, row) = match self.place(row) {
            Some((batch, row)) => (self.files[batch.file].clone(), batch.number(row)),
            None => (self.source().to_owned(), row as u64 + 1),
        };
        RowsError::BadValue { file, column: self.names[column].clone(), row, value, remedy }
    }

    fn row_number(&self, row: usize) -> u64 {
        self.numbers.as_ref().map_or(row as u64, |numbers| numbers[row]) + 1
    }
}
