//! One way of writing for the numbers of a column that its files, or typed and written cells of one file, hold in several: that of the first
//! file. What is written so reads the same in every later look at the texts, and a file made from such rows is written in one way.

use std::borrow::Cow;
use std::collections::BTreeSet;

use arrow_array::{Array, Float64Array, StringArray};
use evenhand_rows::roles::unsettled;
use evenhand_rows::roles::words::Missing;

use super::raw::{Cells, RawTable};
use crate::DataError;
use crate::notation::{Notation, decimals_of};

/// Whole numbers beyond which a double does not tell all of them apart.
const MOST: f64 = 9.0e15;

impl RawTable {
    /// Rewrites the columns of numbers that are held in several ways. `said`: the sign before the decimals of a column, where the person
    /// says it.
    pub(crate) fn write_alike(&mut self, said: impl Fn(&str) -> Option<char>) -> Result<(), DataError> {
        for column in 0..self.names.len() {
            if !self.is_uniform(column)
                && let Some(notations) = self.notations_by_file(column, said(&self.names[column]))?
            {
                self.rewrite(column, &notations, said(&self.names[column]));
            }
        }
        Ok(())
    }

    /// Whether a column is all typed, or all texts of one file.
    fn is_uniform(&self, column: usize) -> bool {
        let cells = || self.batches.iter().map(|batch| &batch.columns[column]);
        cells().all(|cells| matches!(cells, Cells::Number(_)))
            || self.files.len() == 1 && cells().all(|cells| matches!(cells, Cells::Text(_)))
    }

    /// The notation of each file's texts, `None` where it has none; nothing where some text is no number, or numbers are not meant alike.
    fn notations_by_file(&self, column: usize, said: Option<char>) -> Result<Option<Vec<Option<Notation>>>, DataError> {
        let missing = Missing { texts: &[] };
        let mut found: Vec<Option<Notation>> = Vec::new();
        for (file, look) in self.looks.iter().enumerate() {
            let coded = self.written(file, column);
            let texts = coded.levels.iter().map(String::as_str).filter(|text| !missing.group(text));
            if texts.clone().next().is_none() {
                found.push(None);
                continue;
            }
            let notation = match said {
                Some(decimal) => Notation::with(&texts, decimal),
                None => Notation::of(&texts, look.separator, look.decimal),
            };
            let Some(notation) = notation else { return Ok(None) };
            // Names made of digits stay what they are.
            let is_name =
                |text: &str| notation.parse(text).is_some_and(|number| number.code || number.decimals == 0 && number.value.abs() > MOST);
            if texts.clone().any(is_name) {
                return Ok(None);
            }
            let known = found.iter().flatten().next();
            if known.is_some_and(|known| *known != notation)
                && look.separator != b','
                && look.decimal.is_none()
                && said.is_none()
                && Notation::told(&texts).is_err()
                && let Some(example) = texts.clone().find(|text| text.contains(['.', ',']))
            {
                return Err(unsettled(&self.names[column], example).into());
            }
            found.push(Some(notation));
        }
        let signs: BTreeSet<Option<&str>> = found.iter().flatten().map(|notation| notation.unit.map(|unit| unit.sign)).collect();
        let typed = |wanted: bool| {
            self.batches.iter().any(|batch| match &batch.columns[column] {
                Cells::Number(numbers) => !wanted && numbers.null_count() < numbers.len(),
                Cells::Mixed { percent, .. } => *percent == wanted,
                Cells::Text(_) => false,
            })
        };
        let percent = signs.contains(&Some("%"));
        let alike = signs.len() <= 1 && !typed(!percent);
        Ok(Some(found).filter(|_| alike && !signs.is_empty()))
    }

    fn rewrite(&mut self, column: usize, notations: &[Option<Notation>], said: Option<char>) {
        let unit = notations.iter().flatten().find_map(|notation| notation.unit);
        // Between commas a point stands before decimals. What a column writes without decimals shows no sign; its file may.
        let decimal = said.or(self.look().decimal.filter(|_| self.look().separator != b','));
        let own = match (notations[0], decimal) {
            (Some(own), Some(decimal)) if own.thousands.is_none() && !self.shows_decimals(column) => Notation { decimal, ..own },
            (Some(own), _) => own,
            (None, decimal) => Notation { decimal: decimal.unwrap_or('.'), thousands: None, unit },
        };
        let name = self.names[column].clone();
        let mut made: BTreeSet<String> = BTreeSet::new();
        for batch in &mut self.batches {
            let notation = notations[batch.file];
            let written = |text: &str| -> Option<String> {
                let number = notation.filter(|notation| *notation != own)?.parse(text.trim())?;
                Some(own.write(number.value, number.decimals, true))
            };
            let typed = |number: f64| own.write(number, decimals_of(number), false);
            let mut rewritten = |before: Option<&str>, number: Option<f64>| -> Option<String> {
                let after = match (number, before) {
                    (Some(number), _) => typed(number),
                    (None, before) => match written(before?) {
                        Some(after) => after,
                        None => return before.map(str::to_owned),
                    },
                };
                if before != Some(after.as_str()) {
                    made.insert(after.clone());
                }
                Some(after)
            };
            batch.columns[column] = match &batch.columns[column] {
                Cells::Text(texts) if notation.is_none_or(|notation| notation == own) => Cells::Text(texts.clone()),
                Cells::Text(texts) => Cells::Text(texts.iter().map(|text| rewritten(text, None)).collect::<StringArray>()),
                Cells::Number(numbers) => {
                    let finite: Float64Array = numbers.iter().map(|number| number.filter(|number| !number.is_nan())).collect();
                    let shown = |number: f64| Cow::<str>::Owned(number.to_string());
                    let texts =
                        finite.iter().map(|number| number.and_then(|number| rewritten(Some(&shown(number)), Some(number)))).collect();
                    Cells::Mixed { texts, numbers: finite, percent: false }
                }
                Cells::Mixed { texts, numbers, percent } => {
                    let texts = texts.iter().zip(numbers).map(|(text, number)| rewritten(text, number)).collect();
                    Cells::Mixed { texts, numbers: numbers.clone(), percent: *percent }
                }
            };
        }
        if !made.is_empty() {
            let example = made.first().cloned().unwrap_or_default();
            self.notes.push(format!(
                "column `{name}`: numbers that are held in several ways are written as in `{}`, such as `{example}`",
                self.files.first().map_or("the first file", String::as_str)
            ));
            self.rewritten.insert(name, made);
        }
    }

    /// Whether a text of the first file's column has decimals.
    fn shows_decimals(&self, column: usize) -> bool {
        self.written(0, column).levels.iter().any(|text| text.contains(['.', ',']))
    }
}
