//! The columns of files as roles read them ([`Columns`]). Work is shared between threads by batches; what is joined over batches is put in
//! the order of the rows, so that the number of threads never shows.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow_array::Array;
use evenhand_rows::RowsError;
use evenhand_rows::roles::words::Missing;
use evenhand_rows::roles::{Coded, Columns, Numbers, Odd};
use rayon::prelude::*;

use super::copy::field;
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
        Cells::Text(texts) | Cells::Mixed { texts, .. } => {
            texts.iter().map(|text| coder.code(Cow::Borrowed(text.unwrap_or_default().trim()))).collect()
        }
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

/// The same of what is written in some notation: a number that is typed in its file counts as empty.
fn code_written(cells: &Cells) -> (Vec<String>, Vec<u32>) {
    match cells {
        Cells::Text(_) => code_batch(cells),
        Cells::Number(numbers) => (vec![String::new()], vec![0; numbers.len()]),
        Cells::Mixed { texts, numbers, .. } => {
            let mut coder = Coder::default();
            let text = |row: usize| if texts.is_null(row) || numbers.is_valid(row) { "" } else { texts.value(row).trim() };
            let codes = (0..texts.len()).map(|row| coder.code(Cow::Borrowed(text(row)))).collect();
            (coder.levels.into_iter().map(Cow::into_owned).collect(), codes)
        }
    }
}

/// The texts of batches under codes of their own as texts under common ones.
fn joined(parts: &[(Vec<String>, Vec<u32>)]) -> Coded {
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

/// The numbers that the person's own marks for "missing" are.
fn marked(missing: Missing<'_>) -> Vec<f64> {
    missing.texts.iter().filter_map(|text| text.trim().parse().ok()).collect()
}

/// Numbers of a batch with a point before the decimals, or the row of the first text that is none.
fn plain_batch(batch: &Batch, column: usize, missing: Missing<'_>) -> Result<Vec<f64>, usize> {
    let marks = marked(missing);
    let typed = |(row, number): (usize, Option<f64>)| match number {
        Some(number) if number.is_infinite() => Err(row),
        Some(number) if marks.contains(&number) => Ok(f64::NAN),
        other => Ok(other.unwrap_or(f64::NAN)),
    };
    let written = |(row, text): (usize, Option<&str>)| {
        let text = text.unwrap_or_default().trim();
        match text.parse::<f64>() {
            // A number may itself be a mark for "missing" that the person named.
            Ok(_) if !missing.texts.is_empty() && missing.number(text) => Ok(f64::NAN),
            Ok(number) if !number.is_infinite() => Ok(number),
            _ if missing.number(text) => Ok(f64::NAN),
            _ => Err(row),
        }
    };
    match &batch.columns[column] {
        Cells::Number(numbers) => numbers.iter().enumerate().map(typed).collect(),
        Cells::Text(texts) => {
            let mut values = Vec::with_capacity(texts.len());
            for field in texts.iter().enumerate() {
                values.push(written(field)?);
            }
            Ok(values)
        }
        Cells::Mixed { texts, numbers, .. } => {
            let value = |(row, text)| if numbers.is_valid(row) { typed((row, Some(numbers.value(row)))) } else { written((row, text)) };
            texts.iter().enumerate().map(value).collect()
        }
    }
}

/// Numbers that their files may not mean alike: those with a percent sign beside those without, those of two currencies.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Kind {
    sign: Option<&'static str>,
    /// A typed number bears no currency, whatever it is.
    typed: bool,
}

impl Kind {
    fn goes_with(self, other: Kind) -> bool {
        self.sign == other.sign || (self.typed || other.typed) && self.sign != Some("%") && other.sign != Some("%")
    }
}

/// The numbers of a file's column, NaN where missing, and of which kinds they are, each with the first row that is.
type NumbersOfFile = (Vec<f64>, Vec<(usize, Kind)>);

impl RawTable {
    /// What of a file's column is written in some notation.
    pub(super) fn written(&self, file: usize, column: usize) -> Coded {
        let batches: Vec<&Batch> = self.batches.iter().filter(|batch| batch.file == file).collect();
        let parts: Vec<(Vec<String>, Vec<u32>)> = batches.par_iter().map(|batch| code_written(&batch.columns[column])).collect();
        joined(&parts)
    }

    /// The notation in which most rows of a column of texts are numbers: all of them, or `Err` with those that are none in it.
    fn notation(&self, file: usize, coded: &Coded, missing: Missing<'_>) -> Result<Notation, Notation> {
        let look = self.looks[file];
        let texts = coded.levels.iter().map(String::as_str).filter(|text| !missing.number(text));
        if texts.clone().next().is_none() {
            return Ok(Notation::PLAIN);
        }
        if let Some(found) = Notation::of(&texts, look.separator, look.decimal) {
            return Ok(found);
        }
        let mut rows = vec![0_usize; coded.levels.len()];
        coded.codes.iter().filter(|&&code| code != MISSING).for_each(|&code| rows[code as usize] += 1);
        let fitting = |notation: &Notation| -> usize {
            coded.levels.iter().zip(&rows).filter(|(level, _)| notation.parse(level).is_some()).map(|(_, rows)| rows).sum()
        };
        // The first of those that fit the most rows.
        let candidates = Notation::candidates(look.separator);
        let most = candidates.iter().map(fitting).max().unwrap_or(0);
        Err(candidates.into_iter().find(|notation| fitting(notation) == most).unwrap_or(Notation::PLAIN))
    }

    /// How a column of numbers of the only file is written, where its texts show it: those of whole numbers show nothing.
    pub(super) fn shown_notation(&self, name: &str, missing: &[String]) -> Option<Notation> {
        let column = self.names.iter().position(|known| known == name)?;
        let missing = Missing { texts: missing };
        let signed = |batch: &Batch| match &batch.columns[column] {
            Cells::Text(texts) => texts.iter().flatten().any(|text| !text.trim().bytes().all(|byte| byte.is_ascii_digit())),
            Cells::Number(_) | Cells::Mixed { .. } => false,
        };
        if !self.batches.iter().any(signed) {
            return None;
        }
        if !self.is_ambiguous(&self.batches, column) && self.batches.par_iter().all(|batch| plain_batch(batch, column, missing).is_ok()) {
            return Some(Notation::PLAIN);
        }
        self.notation(0, &self.written(0, column), missing).ok()
    }

    /// Whether the points of a file's column of numbers may as well stand between thousands, and the file is one in which they can.
    fn is_ambiguous(&self, batches: &[Batch], column: usize) -> bool {
        let look = batches.first().map(|batch| self.looks[batch.file]).unwrap_or_default();
        if look.separator == b',' && look.decimal.is_none() || look.decimal == Some('.') {
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
        for batch in batches {
            let (texts, typed) = match &batch.columns[column] {
                Cells::Text(texts) => (texts, None),
                Cells::Mixed { texts, numbers, .. } => (texts, Some(numbers)),
                Cells::Number(_) => continue,
            };
            let written = texts.iter().enumerate().filter(|(row, _)| typed.is_none_or(|numbers| numbers.is_null(*row)));
            for text in written.filter_map(|(_, text)| text).map(str::trim) {
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

    fn numbers_of(&self, batches: &[Batch], column: usize, missing: Missing<'_>) -> Result<NumbersOfFile, Odd> {
        let rows = batches.iter().map(|batch| batch.rows).sum();
        let file = batches.first().map_or(0, |batch| batch.file);
        let known = self.notations.get(&self.names[column]).copied();
        let percent = batches.iter().any(|batch| matches!(&batch.columns[column], Cells::Mixed { percent: true, .. }));
        let plain = known.is_none_or(|notation| notation == Notation::PLAIN);
        if plain && !percent && !(known.is_none() && self.is_ambiguous(batches, column)) {
            let parts: Vec<Result<Vec<f64>, usize>> = batches.par_iter().map(|batch| plain_batch(batch, column, missing)).collect();
            if parts.iter().all(Result::is_ok) {
                let mut values = Vec::with_capacity(rows);
                parts.into_iter().flatten().for_each(|part| values.extend(part));
                let typed = batches.iter().all(|batch| matches!(&batch.columns[column], Cells::Number(_)));
                let first = values.iter().position(|value| !value.is_nan());
                return Ok((values, first.map(|row| (row, Kind { sign: None, typed })).into_iter().collect()));
            }
        }
        let coded = self.written(file, column);
        let notation = known.unwrap_or_else(|| self.notation(file, &coded, missing).unwrap_or_else(|most| most));
        let number = |text: &String| if missing.number(text) { Some(f64::NAN) } else { notation.parse(text).map(|written| written.value) };
        let of_level: Vec<Option<f64>> = coded.levels.iter().map(number).collect();
        let written = |(row, &code): (usize, &u32)| match code {
            MISSING => Ok(f64::NAN),
            code => of_level[code as usize].ok_or_else(|| Odd { row, text: coded.at(row).to_owned() }),
        };
        let sign = notation.unit.map(|unit| unit.sign);
        if batches.iter().all(|batch| matches!(&batch.columns[column], Cells::Text(_))) {
            let values = coded.codes.iter().enumerate().map(written).collect::<Result<Vec<f64>, Odd>>()?;
            let first = values.iter().position(|value| !value.is_nan());
            return Ok((values, first.map(|row| (row, Kind { sign, typed: false })).into_iter().collect()));
        }
        let marks = marked(missing);
        let mut kinds: Vec<(usize, Kind)> = Vec::new();
        let mut values = Vec::with_capacity(rows);
        for batch in batches {
            for row in 0..batch.rows {
                let at = values.len();
                let typed = match &batch.columns[column] {
                    Cells::Number(numbers) if numbers.is_valid(row) => Some((numbers.value(row), false)),
                    Cells::Mixed { numbers, percent, .. } if numbers.is_valid(row) => Some((numbers.value(row), *percent)),
                    _ => None,
                };
                let value = match typed {
                    Some((number, _)) if number.is_infinite() => return Err(Odd { row: at, text: number.to_string() }),
                    Some((number, _)) if marks.contains(&number) => f64::NAN,
                    Some((number, _)) => number,
                    None => written((at, &coded.codes[at]))?,
                };
                let sign = match typed {
                    Some((_, percent)) => percent.then_some("%"),
                    None => sign,
                };
                let kind = Kind { sign, typed: typed.is_some() };
                if !value.is_nan() && !kinds.iter().any(|(_, known)| *known == kind) {
                    kinds.push((at, kind));
                }
                values.push(value);
            }
        }
        Ok((values, kinds))
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
        joined(&parts)
    }

    fn numbers(&self, column: usize, missing: Missing<'_>) -> Result<Numbers, Odd> {
        let mut values = Vec::new();
        let mut kinds: Vec<Kind> = Vec::new();
        for batches in self.batches.chunk_by(|one, other| one.file == other.file) {
            let before = values.len();
            let (numbers, found) =
                self.numbers_of(batches, column, missing).map_err(|odd| Odd { row: before + odd.row, text: odd.text })?;
            for (row, kind) in found {
                if !kinds.iter().all(|known| known.goes_with(kind)) {
                    let text = self.place(before + row).map_or_else(String::new, |(batch, row)| field(&batch.columns[column], row));
                    return Err(Odd { row: before + row, text });
                }
                kinds.push(kind);
            }
            if values.is_empty() {
                values = numbers;
            } else {
                values.extend(numbers);
            }
        }
        Ok(Numbers { values, percent: kinds.iter().any(|kind| kind.sign == Some("%")) })
    }

    fn unsettled(&self, column: usize, missing: Missing<'_>) -> Option<String> {
        if self.notations.contains_key(&self.names[column]) {
            return None;
        }
        let open = |file: &usize| self.looks[*file].separator != b',' && self.looks[*file].decimal.is_none();
        (0..self.looks.len()).filter(open).find_map(|file| {
            let coded = self.written(file, column);
            let texts = coded.levels.iter().map(String::as_str).filter(|text| !missing.number(text));
            // Whole numbers say nothing, and need not.
            let example = texts.clone().find(|text| text.contains(['.', ',']))?;
            Notation::told(&texts).is_err().then(|| example.to_owned())
        })
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
