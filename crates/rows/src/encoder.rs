//! From typed columns to the numbers a model reads. Everything is fitted on training rows only.
//!
//! ```text
//! standardise   (x - mean) / std           mean and population std of the training rows
//! min-max       (x - min) / (max - min)    of the training rows; later rows may fall outside [0, 1]
//! one-hot       1 in the column of the row's category, 0 elsewhere
//! ordinal       position of the category among the levels, then scaled like a number
//! ```
//!
//! - A constant column has spread 0: its values become 0.
//! - A missing number becomes the mean of the training rows; when the training rows miss any, an indicator column `name (missing)`
//!   is added.
//! - A missing category is a category of its own when the training rows miss any.
//! - Two spellings of one thing (`Rome` and `ROME`, `1` and `1.0`) are one category, and later rows may spell it in yet another way:
//!   [`Encoder::respelled`] tells where they do.
//! - One-hot columns stand for all categories the data set names, so that every fold has the same width; a category that no training
//!   row has is *unseen*: its rows get all zeros (one-hot) or a code one above the last (ordinal), and [`Encoder::unseen`] counts them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::roles::words::spelling_key;
use crate::spellings::Spellings;
use crate::{ColumnType, Dataset, Feature, MISSING, Matrix, RowsError, SensitiveInput, UNKNOWN, Values};

/// What happens to numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NumericEncoding {
    /// Mean 0, standard deviation 1.
    #[default]
    Standardise,
    /// Smallest 0, largest 1.
    MinMax,
    /// Left as they are.
    None,
}

/// What happens to categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CategoricalEncoding {
    /// A column per category.
    #[default]
    OneHot,
    /// One column with the number of the category, scaled like a number.
    Ordinal,
}

/// The choices of an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Encoding {
    /// Numbers.
    pub numeric: NumericEncoding,
    /// Categories.
    pub categorical: CategoricalEncoding,
}

/// A fitted encoder; it travels with the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encoder {
    encoding: Encoding,
    inputs: Vec<Input>,
    columns: Vec<String>,
}

/// One fitted input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    name: String,
    sensitive: bool,
    kind: Kind,
    /// True when training rows miss the value.
    missing: bool,
    /// Subtracted from a number, then divided by `scale`.
    shift: f64,
    scale: f64,
    /// Stands in for a missing number.
    fill: f64,
    /// Lowest and highest number of the training rows. Models of earlier programs lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    range: Option<(f64, f64)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Numeric,
    /// Levels, and whether training rows have them.
    Categorical {
        levels: Vec<String>,
        seen: Vec<bool>,
    },
}

/// Name of the category and of the indicator that stand for a missing value.
const MISSING_NAME: &str = "(missing)";

impl Encoder {
    /// Fits the inputs of the training rows.
    pub fn fit(data: &Dataset, encoding: Encoding) -> Result<Self, RowsError> {
        if data.is_empty() {
            return Err(RowsError::BadEncoding { reason: "there are no training rows to fit on".to_owned() });
        }
        let inputs = data.features.iter().map(|feature| Input::fit(feature, encoding)).collect::<Vec<_>>();
        let columns: Vec<String> = inputs.iter().flat_map(|input| input.columns(encoding)).collect();
        // Candidates may be known by their recordings alone.
        if columns.is_empty() && data.recordings.is_none() {
            return Err(RowsError::NoFeatures);
        }
        Ok(Encoder { encoding, inputs, columns })
    }

    /// Names of the encoded columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Names of the input columns the encoder was fitted on.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().map(|input| input.name.as_str())
    }

    /// Every input with its encoded columns, in their order.
    pub fn input_columns(&self) -> Vec<(String, std::ops::Range<usize>)> {
        let mut next = 0;
        let mut place = |input: &Input| {
            let from = next;
            next += input.width(self.encoding);
            (input.name.clone(), from..next)
        };
        self.inputs.iter().map(&mut place).collect()
    }

    /// Types of the inputs, so that other rows are read as the training rows were.
    pub fn types(&self) -> BTreeMap<String, ColumnType> {
        let kind = |input: &Input| if matches!(input.kind, Kind::Numeric) { ColumnType::Numeric } else { ColumnType::Categorical };
        self.inputs.iter().map(|input| (input.name.clone(), kind(input))).collect()
    }

    /// Names of the inputs that are sensitive attributes.
    pub fn sensitive_inputs(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().filter(|input| input.sensitive).map(|input| input.name.as_str())
    }

    /// The choices it was fitted with.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Encodes rows. The inputs are found by name; others are left alone. An input that is absent or of another kind is an error.
    pub fn transform(&self, data: &Dataset) -> Result<Matrix, RowsError> {
        let found = self.find(data)?;
        let width = self.columns.len();
        if width == 0 {
            return Ok(Matrix::without_columns(data.len()));
        }
        let mut values = vec![0.0_f32; width * data.len()];
        let mut offset = 0;
        for (input, feature) in self.inputs.iter().zip(found) {
            let columns = input.width(self.encoding);
            let recode = input.recode(feature);
            let broken = values.par_chunks_mut(width).enumerate().with_min_len(4096).filter_map(|(row, encoded)| {
                input.encode(feature, row, &recode, self.encoding, &mut encoded[offset..offset + columns]);
                (!encoded[offset].is_finite()).then_some(row)
            });
            if let (Some(row), Values::Numeric(numbers)) = (broken.min(), &feature.values) {
                return Err(RowsError::BadValue {
                    file: data.name.clone(),
                    column: input.name.clone(),
                    row: data.rows.get(row).copied().unwrap_or(row as u64 + 1),
                    value: format!("`{}`", numbers[row]),
                    remedy: "no model can compute with a number of this size beside those that it was fitted on; correct it".to_owned(),
                });
            }
            offset += columns;
        }
        Ok(Matrix::new(width, values))
    }

    /// Where an attribute stands among the encoded columns, and what they hold for each of its groups, so that rows can be re-written
    /// as rows of another group. `data` are the training rows.
    ///
    /// `None` where the attribute is no input, and where its group does not settle what its inputs hold: a number that a rule cuts in
    /// two, or several categories pooled in one group. Its groups themselves can be made the input
    /// ([`SensitiveAsFeatures::Groups`](crate::SensitiveAsFeatures::Groups)).
    pub fn sensitive_input(&self, data: &Dataset, attribute: &str) -> Result<Option<SensitiveInput>, RowsError> {
        let groups = data.groups(attribute)?;
        let found = self.find(data)?;
        let mut first: Vec<Option<usize>> = vec![None; groups.levels().len()];
        for (row, &code) in groups.codes().iter().enumerate().filter(|(_, code)| **code != UNKNOWN) {
            first[code as usize].get_or_insert(row);
        }
        let (mut columns, mut values) = (Vec::new(), vec![Vec::new(); first.len()]);
        let mut offset = 0;
        for (input, feature) in self.inputs.iter().zip(found) {
            let width = input.width(self.encoding);
            let place = offset..offset + width;
            offset += width;
            if !data.columns_of_input(&input.name).any(|column| groups.columns().iter().any(|own| own == column)) {
                continue;
            }
            let settled = groups.codes().iter().enumerate().all(|(row, &code)| {
                let first = first.get(code as usize).copied().flatten();
                first.is_none_or(|first| feature.values.equal(first, row))
            });
            if !settled {
                return Ok(None);
            }
            let recode = input.recode(feature);
            for (values, row) in values.iter_mut().zip(&first) {
                let Some(row) = *row else { continue };
                let mut encoded = vec![0.0; width];
                input.encode(feature, row, &recode, self.encoding, &mut encoded);
                values.extend(encoded);
            }
            columns.extend(place);
        }
        if columns.is_empty() {
            return Ok(None);
        }
        let known = values.into_iter().zip(first).map(|(values, first)| first.map(|_| values)).collect();
        Ok(Some(SensitiveInput::new(attribute, columns, known)))
    }

    /// For each input, the rows whose category no training row had, or that miss the value where no training row did.
    pub fn unseen(&self, data: &Dataset) -> Result<BTreeMap<String, usize>, RowsError> {
        let found = self.find(data)?;
        let mut counts = BTreeMap::new();
        for (input, feature) in self.inputs.iter().zip(found) {
            let recode = input.recode(feature);
            let count = match &feature.values {
                Values::Numeric(numbers) if !input.missing => numbers.iter().filter(|number| number.is_nan()).count(),
                Values::Numeric(_) => 0,
                Values::Categorical { codes, .. } => codes.iter().filter(|&&code| input.known(code, &recode).is_none()).count(),
            };
            if count > 0 {
                counts.insert(input.name.clone(), count);
            }
        }
        Ok(counts)
    }

    /// For each input of numbers, the rows that lie further outside of what the training rows held than those were apart, with the lowest and highest of
    /// those: a model says nothing of such rows.
    pub fn far(&self, data: &Dataset) -> Result<BTreeMap<String, (usize, f64, f64)>, RowsError> {
        let found = self.find(data)?;
        let mut counts = BTreeMap::new();
        for (input, feature) in self.inputs.iter().zip(found) {
            let (Some((low, high)), Values::Numeric(numbers)) = (input.range, &feature.values) else { continue };
            let span = high - low;
            let count = numbers.iter().filter(|&&number| number < low - span || number > high + span).count();
            if count > 0 {
                counts.insert(input.name.clone(), (count, low, high));
            }
        }
        Ok(counts)
    }

    /// For each input, the categories that are spelled in another way than the training rows did, with the category that they count as.
    pub fn respelled(&self, data: &Dataset) -> Result<BTreeMap<String, Vec<(String, String)>>, RowsError> {
        let found = self.find(data)?;
        let mut all = BTreeMap::new();
        for (input, feature) in self.inputs.iter().zip(found) {
            let (Kind::Categorical { levels: fitted, .. }, Values::Categorical { levels, codes }) = (&input.kind, &feature.values) else {
                continue;
            };
            let recode = input.recode(feature);
            let occurs: BTreeSet<u32> = codes.iter().copied().collect();
            let other = |(code, level): (usize, &String)| {
                let known = &fitted[recode[code]?];
                (known != level && occurs.contains(&(code as u32))).then(|| (level.clone(), known.clone()))
            };
            let others: Vec<(String, String)> = levels.iter().enumerate().filter_map(other).collect();
            if !others.is_empty() {
                all.insert(input.name.clone(), others);
            }
        }
        Ok(all)
    }

    fn find<'a>(&self, data: &'a Dataset) -> Result<Vec<&'a Feature>, RowsError> {
        self.inputs
            .iter()
            .map(|input| {
                let Some(feature) = data.features.iter().find(|feature| feature.name == input.name) else {
                    let known: Vec<String> = data.features.iter().map(|feature| feature.name.clone()).collect();
                    return Err(RowsError::missing_column(&data.name, &input.name, &known));
                };
                let (fitted, given) = match (&input.kind, &feature.values) {
                    (Kind::Numeric, Values::Categorical { .. }) => ("numbers", "categories"),
                    (Kind::Categorical { .. }, Values::Numeric(_)) => ("categories", "numbers"),
                    _ => return Ok(feature),
                };
                let reason = format!(
                    "the input `{}` held {fitted} when the encoder was fitted and holds {given} now; state its type under `data.types`",
                    input.name
                );
                Err(RowsError::BadEncoding { reason })
            })
            .collect()
    }
}

impl Input {
    fn fit(feature: &Feature, encoding: Encoding) -> Self {
        let mut input = Input {
            name: feature.name.clone(),
            sensitive: feature.sensitive,
            kind: Kind::Numeric,
            missing: false,
            shift: 0.0,
            scale: 1.0,
            fill: 0.0,
            range: None,
        };
        match &feature.values {
            Values::Numeric(numbers) => {
                let present: Vec<f64> = numbers.iter().copied().filter(|number| !number.is_nan()).collect();
                input.missing = present.len() < numbers.len();
                input.fill = mean(&present);
                let ends =
                    present.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &number| (low.min(number), high.max(number)));
                input.range = (ends.0 <= ends.1).then_some(ends);
                input.fit_scale(&present, encoding);
            }
            Values::Categorical { levels, codes } => {
                let spellings = Spellings::of(levels, codes);
                let codes: Vec<u32> = codes.iter().map(|&code| spellings.place(code)).collect();
                let levels = spellings.levels;
                let mut seen = vec![false; levels.len()];
                for &code in &codes {
                    match seen.get_mut(code as usize) {
                        Some(seen) => *seen = true,
                        None => input.missing = true,
                    }
                }
                if encoding.categorical == CategoricalEncoding::Ordinal {
                    let number = |&code: &u32| if code == MISSING { levels.len() as f64 } else { f64::from(code) };
                    let numbers: Vec<f64> = codes.iter().map(number).collect();
                    input.fit_scale(&numbers, encoding);
                }
                input.kind = Kind::Categorical { levels, seen };
            }
        }
        input
    }

    fn fit_scale(&mut self, present: &[f64], encoding: Encoding) {
        match encoding.numeric {
            NumericEncoding::None => {}
            NumericEncoding::Standardise => {
                self.shift = mean(present);
                let squares: f64 = present.iter().map(|number| (number - self.shift).powi(2)).sum();
                self.scale = (squares / present.len().max(1) as f64).sqrt();
            }
            NumericEncoding::MinMax => {
                let smallest = present.iter().copied().fold(f64::INFINITY, f64::min);
                let largest = present.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                if smallest.is_finite() {
                    (self.shift, self.scale) = (smallest, largest - smallest);
                }
            }
        }
        // A constant column: whatever it is divided by, it becomes 0.
        if self.scale <= f64::EPSILON * self.shift.abs() {
            self.scale = 1.0;
        }
    }

    fn width(&self, encoding: Encoding) -> usize {
        match &self.kind {
            Kind::Numeric => 1 + usize::from(self.missing),
            Kind::Categorical { levels, .. } => match encoding.categorical {
                CategoricalEncoding::OneHot => levels.len() + usize::from(self.missing),
                CategoricalEncoding::Ordinal => 1,
            },
        }
    }

    fn columns(&self, encoding: Encoding) -> Vec<String> {
        let missing = self.missing.then(|| MISSING_NAME.to_owned());
        match &self.kind {
            Kind::Numeric => std::iter::once(self.name.clone()).chain(missing.map(|word| format!("{} {word}", self.name))).collect(),
            Kind::Categorical { levels, .. } => match encoding.categorical {
                CategoricalEncoding::OneHot => {
                    levels.iter().cloned().chain(missing).map(|level| format!("{} = {level}", self.name)).collect()
                }
                CategoricalEncoding::Ordinal => vec![self.name.clone()],
            },
        }
    }

    /// For each level of the given column its position among the fitted levels, where training rows had it.
    fn recode(&self, feature: &Feature) -> Vec<Option<usize>> {
        match (&self.kind, &feature.values) {
            (Kind::Categorical { levels: fitted, seen }, Values::Categorical { levels, .. }) => {
                let known = || fitted.iter().enumerate().filter(|(position, _)| seen[*position]).rev();
                let exact: HashMap<&str, usize> = known().map(|(position, level)| (level.as_str(), position)).collect();
                let alike: HashMap<String, usize> = known().map(|(position, level)| (spelling_key(level), position)).collect();
                // Models of earlier programs hold each spelling as a category of its own: what they know to the letter comes first.
                levels.iter().map(|level| exact.get(level.as_str()).or_else(|| alike.get(&spelling_key(level))).copied()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Position of a code among the fitted categories; a missing value comes after the last one.
    fn known(&self, code: u32, recode: &[Option<usize>]) -> Option<usize> {
        match (&self.kind, code) {
            (Kind::Categorical { levels, .. }, MISSING) => self.missing.then_some(levels.len()),
            _ => recode.get(code as usize).copied().flatten(),
        }
    }

    fn encode(&self, feature: &Feature, row: usize, recode: &[Option<usize>], encoding: Encoding, encoded: &mut [f32]) {
        match (&feature.values, &self.kind) {
            (Values::Numeric(numbers), _) => {
                let number = numbers[row];
                let value = if number.is_nan() { self.fill } else { number };
                encoded[0] = ((value - self.shift) / self.scale) as f32;
                if self.missing {
                    encoded[1] = f32::from(u8::from(number.is_nan()));
                }
            }
            (Values::Categorical { codes, .. }, kind) => {
                let position = self.known(codes[row], recode);
                match encoding.categorical {
                    CategoricalEncoding::OneHot => {
                        if let Some(position) = position {
                            encoded[position] = 1.0;
                        }
                    }
                    CategoricalEncoding::Ordinal => {
                        let beyond = match kind {
                            Kind::Categorical { levels, .. } => levels.len() + usize::from(self.missing),
                            Kind::Numeric => 0,
                        };
                        encoded[0] = ((position.unwrap_or(beyond) as f64 - self.shift) / self.scale) as f32;
                    }
                }
            }
        }
    }
}

fn mean(numbers: &[f64]) -> f64 {
    if numbers.is_empty() { 0.0 } else { numbers.iter().sum::<f64>() / numbers.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Dataset {
        Dataset {
            name: "hand".to_owned(),
            features: vec![
                Feature { name: "years".to_owned(), values: Values::Numeric(vec![1.0, 3.0, f64::NAN, 5.0]), sensitive: false },
                Feature {
                    name: "degree".to_owned(),
                    values: Values::Categorical {
                        levels: vec!["bachelor".to_owned(), "master".to_owned(), "phd".to_owned()],
                        codes: vec![0, 1, 1, 2],
                    },
                    sensitive: false,
                },
            ],
            rows: vec![1, 2, 3, 4],
            ..Dataset::default()
        }
    }

    #[test]
    fn min_max_and_one_hot_by_hand() {
        let encoding = Encoding { numeric: NumericEncoding::MinMax, categorical: CategoricalEncoding::OneHot };
        let encoder = Encoder::fit(&data(), encoding).unwrap();
        assert_eq!(encoder.columns(), ["years", "years (missing)", "degree = bachelor", "degree = master", "degree = phd"]);
        let matrix = encoder.transform(&data()).unwrap();
        assert_eq!(matrix.row(0), [0.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(matrix.row(2), [0.5, 1.0, 0.0, 1.0, 0.0]);
        assert_eq!(matrix.row(3), [1.0, 0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn standardised_columns_have_mean_0_and_spread_1() {
        let train = data().select(&[0, 1, 3]);
        let matrix = Encoder::fit(&train, Encoding::default()).unwrap().transform(&train).unwrap();
        // years 1, 3, 5: mean 3, population std sqrt(8/3); nothing is missing, so there is no indicator.
        let spread = (8.0_f64 / 3.0).sqrt();
        for (row, years) in [1.0, 3.0, 5.0].into_iter().enumerate() {
            assert!((f64::from(matrix.row(row)[0]) - (years - 3.0) / spread).abs() < 1e-6);
        }
        assert_eq!(matrix.columns(), 4);
    }

    #[test]
    fn unseen_and_missing_values_are_counted_and_zero() {
        let train = data().select(&[0, 1]);
        for (categorical, expected) in [(CategoricalEncoding::OneHot, vec![0.0, 0.0, 0.0]), (CategoricalEncoding::Ordinal, vec![3.0])] {
            let encoding = Encoding { numeric: NumericEncoding::None, categorical };
            let encoder = Encoder::fit(&train, encoding).unwrap();
            let matrix = encoder.transform(&data()).unwrap();
            assert_eq!(matrix.row(3)[1..], expected);
            assert_eq!(matrix.row(2)[0], 2.0, "the training mean");
            let unseen: Vec<(String, usize)> = encoder.unseen(&data()).unwrap().into_iter().collect();
            assert_eq!(unseen, [("degree".to_owned(), 1), ("years".to_owned(), 1)]);
        }
    }

    #[test]
    fn levels_are_matched_by_name_not_by_code() {
        let encoder = Encoder::fit(&data(), Encoding::default()).unwrap();
        let mut other = data();
        other.features.reverse();
        other.features[0].values =
            Values::Categorical { levels: vec!["phd".to_owned(), "bachelor".to_owned(), "master".to_owned()], codes: vec![1, 2, 2, 0] };
        assert_eq!(encoder.transform(&other).unwrap(), encoder.transform(&data()).unwrap());
    }

    #[test]
    fn a_constant_column_becomes_0_and_a_missing_one_is_named() {
        let mut constant = data();
        constant.features[0].values = Values::Numeric(vec![1e9; 4]);
        let encoder = Encoder::fit(&constant, Encoding::default()).unwrap();
        assert_eq!(encoder.transform(&constant).unwrap().row(1)[0], 0.0);
        constant.features.remove(0);
        let message = encoder.transform(&constant).unwrap_err().to_string();
        assert_eq!(message, "`hand` has no column `years`; its columns are degree");
    }

    #[test]
    fn it_survives_its_json() {
        let encoder = Encoder::fit(&data(), Encoding::default()).unwrap();
        let text = serde_json::to_string(&encoder).unwrap();
        assert_eq!(serde_json::from_str::<Encoder>(&text).unwrap(), encoder);
    }

    fn cities(levels: &[&str], codes: Vec<u32>) -> Dataset {
        let values = Values::Categorical { levels: levels.iter().map(|level| (*level).to_owned()).collect(), codes };
        let rows = (1..=values.len() as u64).collect();
        Dataset { features: vec![Feature { name: "city".to_owned(), values, sensitive: false }], rows, ..Dataset::default() }
    }

    #[test]
    fn two_spellings_of_one_thing_are_one_category() {
        let train = cities(&["1", "ROME", "Paris", "Rome"], vec![3, 2, 3, 1, 0]);
        let encoder = Encoder::fit(&train, Encoding::default()).unwrap();
        // Most rows write `Rome`.
        assert_eq!(encoder.columns(), ["city = 1", "city = Rome", "city = Paris"]);
        let matrix = encoder.transform(&train).unwrap();
        assert_eq!([matrix.row(0), matrix.row(3)], [[0.0, 1.0, 0.0]; 2]);
        let new = cities(&["1.0", "Oslo", "Rome", "paris ", "rome"], vec![4, 3, 0, 1]);
        let matrix = encoder.transform(&new).unwrap();
        assert_eq!([0, 1, 2, 3].map(|row| matrix.row(row).to_vec()), [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0; 3]]);
        assert_eq!(encoder.unseen(&new).unwrap()["city"], 1, "Oslo");
        let respelled = [("1.0", "1"), ("paris ", "Paris"), ("rome", "Rome")].map(|(one, other)| (one.to_owned(), other.to_owned()));
        assert_eq!(encoder.respelled(&new).unwrap()["city"], respelled);
        assert!(encoder.respelled(&cities(&["Paris", "Rome"], vec![0, 1])).unwrap().is_empty());
    }

    #[test]
    fn spellings_that_an_older_encoder_holds_apart_stay_apart() {
        let train = cities(&["ROME", "Rome"], vec![0, 1]);
        let mut encoder = Encoder::fit(&train, Encoding::default()).unwrap();
        encoder.inputs[0].kind = Kind::Categorical { levels: vec!["ROME".to_owned(), "Rome".to_owned()], seen: vec![true, true] };
        encoder.columns = encoder.inputs[0].columns(encoder.encoding);
        let matrix = encoder.transform(&cities(&["ROME", "Rome", "rome"], vec![0, 1, 2])).unwrap();
        assert_eq!([matrix.row(0), matrix.row(1), matrix.row(2)], [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]);
    }

    #[test]
    fn a_data_set_tells_which_spellings_it_joins() {
        let data = cities(&["ROME", "Paris", "Rome"], vec![0, 2, 2, 1, MISSING]).with_joined_spellings();
        assert_eq!(data.provenance.notes, ["input `city`: `ROME`, `Rome` are taken as one, `Rome`"]);
        let joined = Values::Categorical { levels: vec!["Rome".to_owned(), "Paris".to_owned()], codes: vec![0, 0, 0, 1, MISSING] };
        assert_eq!(data.features[0].values, joined);
    }
}
