//! Rows as the networks see them, and back.
//!
//! ```text
//! encoded row = [ scalar of every number | modes of every number, one-hot | categories of every column of categories, one-hot ]
//! number x told by mode k:  scalar = (x - mu_k) / (4 sigma_k), cut to [-0.99, 0.99];  k is drawn with chance ~ w_k Normal(x; mu_k, sigma_k)
//! missing number:           scalar = 0, a mode of its own
//! value of frequent number: scalar = 0, a mode of its own (sigma = 0) that stands for exactly this value
//! ```
//!
//! A missing category is a category. Of a column with more categories than `max_categories` the most frequent stay and the others become
//! one, which is drawn back by their frequencies: widths, and with them the networks, are bounded whatever the table. Categories without a
//! row do not take part. One-hot rows are never written out: a row is kept as the places of its ones and its scalars.
//!
//! Back: the mode or category is the largest of its segment; x = mu + 4 sigma scalar, cut to the observed range (if wished) and rounded
//! as its column is written.
//!
//! Source: Xu et al. 2019, section 4.2. Missing values, rare categories, frequent values, rounding and the cut to the range are additions.

use evenhand_rows::MISSING;
use rand::{Rng, RngExt};
use rayon::prelude::*;

use super::mixture::{self, Mode};
use super::randomness::{Purpose, Streams};
use super::state::{Reader, Writer};
use super::{Settings, refuse};
use crate::RebalanceError;
use crate::synthesis::{Cells, Column, Form, Table};

const CUT: f64 = 0.99;
/// Squares of larger numbers leave the range of `f64`.
const LARGEST: f64 = 1e100;

/// Shape of an encoded row.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Layout {
    /// Scalars, at the front.
    pub(super) scalars: usize,
    /// Where each one-hot segment ends, counted from the first.
    pub(super) ends: Vec<usize>,
    /// Places of categories, at the end.
    pub(super) conditions: usize,
    /// Length of the row.
    pub(super) width: usize,
}

impl Layout {
    /// Where the segment of a condition lies in the row.
    pub(super) fn segment(&self, condition: usize) -> std::ops::Range<usize> {
        let place = self.width - self.conditions + condition - self.scalars;
        let after = self.ends.partition_point(|&end| end <= place);
        let start = if after == 0 { 0 } else { self.ends[after - 1] };
        self.scalars + start..self.scalars + self.ends[after]
    }
}

/// What one place of a segment of categories stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Slot {
    /// A category.
    Level(u32),
    /// No value.
    Missing,
    /// All rare categories with their rows.
    Rare(Vec<(u32, u64)>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct NumberCoding {
    name: String,
    form: Form,
    /// Modes; a deviation of 0 stands for one value.
    modes: Vec<Mode>,
    missing: bool,
    low: f64,
    high: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct CategoryCoding {
    pub(super) name: String,
    pub(super) levels: Vec<String>,
    pub(super) slots: Vec<Slot>,
    /// Rows of every slot.
    pub(super) counts: Vec<u64>,
    /// First place of its segment among the conditions.
    pub(super) offset: usize,
}

/// Which coding a column of the table has: the place among the numbers or among the categories.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    Number(usize),
    Category(usize),
}

/// The coding of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Coding {
    pub(super) places: Vec<Place>,
    pub(super) numbers: Vec<NumberCoding>,
    pub(super) categories: Vec<CategoryCoding>,
    pub(super) layout: Layout,
}

impl Coding {
    /// Name of the column at a place.
    pub(super) fn name_of(&self, place: Place) -> &str {
        match place {
            Place::Number(at) => &self.numbers[at].name,
            Place::Category(at) => &self.categories[at].name,
        }
    }
}

/// A table as the networks see it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Encoded {
    pub(super) rows: usize,
    /// Scalars, row after row.
    pub(super) scalars: Vec<f32>,
    /// Places of the ones in the encoded row, row after row: numbers first, then categories.
    pub(super) ones: Vec<u32>,
}

impl Coding {
    pub(super) fn new(table: &Table, settings: &Settings) -> Result<Self, RebalanceError> {
        let rows = table.columns.first().map_or(0, |column| length(&column.cells));
        if rows == 0 {
            return Err(refuse("the table has no rows; give at least one row to learn from"));
        }
        let codings: Vec<Result<Kind, RebalanceError>> = table
            .columns
            .par_iter()
            .map(|column| {
                let own = length(&column.cells);
                if own != rows {
                    let name = &column.name;
                    return Err(refuse(format!(
                        "column `{name}` has {own} rows, the first column has {rows}; all columns must be of one length"
                    )));
                }
                Kind::new(column, settings)
            })
            .collect();
        let mut coding = Coding { places: Vec::new(), numbers: Vec::new(), categories: Vec::new(), layout: Layout::default() };
        for kind in codings {
            match kind? {
                Kind::Number(number) => {
                    coding.places.push(Place::Number(coding.numbers.len()));
                    coding.numbers.push(number);
                }
                Kind::Category(category) => {
                    coding.places.push(Place::Category(coding.categories.len()));
                    coding.categories.push(category);
                }
            }
        }
        coding.lay_out();
        Ok(coding)
    }

    fn lay_out(&mut self) {
        let mut end = 0;
        let mut ends = Vec::new();
        for number in &self.numbers {
            end += number.modes.len() + usize::from(number.missing);
            ends.push(end);
        }
        let mut conditions = 0;
        for category in &mut self.categories {
            category.offset = conditions;
            conditions += category.slots.len();
            ends.push(end + conditions);
        }
        let scalars = self.numbers.len();
        self.layout = Layout { scalars, ends, conditions, width: scalars + end + conditions };
    }

    /// Encodes the rows; which mode tells a number is drawn from the column's stream.
    pub(super) fn encode(&self, table: &Table, streams: &Streams) -> Encoded {
        let rows = table.columns.first().map_or(0, |column| length(&column.cells));
        let columns = table.columns.len();
        let codes: Vec<(Vec<u32>, Vec<f32>)> = table
            .columns
            .par_iter()
            .zip(&self.places)
            .enumerate()
            .map(|(position, (column, &place))| match (place, &column.cells) {
                (Place::Number(number), Cells::Numbers { values, .. }) => {
                    let start = if number == 0 { 0 } else { self.layout.ends[number - 1] } + self.layout.scalars;
                    let mut rng = streams.stream(Purpose::Modes, 0, position, 0);
                    values
                        .iter()
                        .map(|&value| {
                            let (mode, scalar) = self.numbers[number].encode(value, &mut rng);
                            ((start + mode) as u32, scalar)
                        })
                        .unzip()
                }
                (Place::Category(category), Cells::Categories { codes, .. }) => {
                    let category = &self.categories[category];
                    let start = self.layout.width - self.layout.conditions + category.offset;
                    let slot = category.slots_of_levels();
                    let places = codes.iter().map(|&code| (start + slot[(code as usize).min(category.levels.len())]) as u32);
                    (places.collect(), Vec::new())
                }
                _ => unreachable!("the coding was made of this table"),
            })
            .collect();
        let mut encoded = Encoded { rows, scalars: vec![0.0; rows * self.numbers.len()], ones: vec![0; rows * columns] };
        for ((ones, scalars), &place) in codes.iter().zip(&self.places) {
            let (Place::Number(place) | Place::Category(place)) = place;
            let first = if scalars.is_empty() { self.numbers.len() + place } else { place };
            for (row, &one) in ones.iter().enumerate() {
                encoded.ones[row * columns + first] = one;
            }
            for (row, &scalar) in scalars.iter().enumerate() {
                encoded.scalars[row * self.numbers.len() + place] = scalar;
            }
        }
        encoded
    }

    /// The categories of a made row, as slots: the largest place of each segment.
    pub(super) fn slot(&self, category: usize, row: &[f32]) -> usize {
        let category = &self.categories[category];
        let start = self.layout.width - self.layout.conditions + category.offset;
        largest(&row[start..start + category.slots.len()])
    }

    /// The value of a number in a made row.
    pub(super) fn number(&self, number: usize, row: &[f32], cut: bool) -> f64 {
        let start = if number == 0 { 0 } else { self.layout.ends[number - 1] };
        let segment = &row[self.layout.scalars + start..self.layout.scalars + self.layout.ends[number]];
        self.numbers[number].decode(largest(segment), row[number], cut)
    }

    /// An empty table of this coding's columns.
    pub(super) fn empty(&self) -> Table {
        let column = |place: &Place| match *place {
            Place::Number(number) => {
                let number = &self.numbers[number];
                Column { name: number.name.clone(), cells: Cells::Numbers { form: number.form, values: Vec::new() } }
            }
            Place::Category(category) => {
                let category = &self.categories[category];
                Column { name: category.name.clone(), cells: Cells::Categories { levels: category.levels.clone(), codes: Vec::new() } }
            }
        };
        Table { columns: self.places.iter().map(column).collect() }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.count(self.places.len());
        for place in &self.places {
            match *place {
                Place::Number(number) => {
                    out.byte(0);
                    self.numbers[number].write(out);
                }
                Place::Category(category) => {
                    out.byte(1);
                    self.categories[category].write(out);
                }
            }
        }
    }

    pub(super) fn read(bytes: &mut Reader<'_>) -> Option<Self> {
        let mut coding = Coding { places: Vec::new(), numbers: Vec::new(), categories: Vec::new(), layout: Layout::default() };
        for _ in 0..bytes.count()? {
            if bytes.byte()? == 0 {
                coding.places.push(Place::Number(coding.numbers.len()));
                coding.numbers.push(NumberCoding::read(bytes)?);
            } else {
                coding.places.push(Place::Category(coding.categories.len()));
                coding.categories.push(CategoryCoding::read(bytes)?);
            }
        }
        coding.lay_out();
        Some(coding)
    }
}

fn length(cells: &Cells) -> usize {
    match cells {
        Cells::Numbers { values, .. } => values.len(),
        Cells::Categories { codes, .. } => codes.len(),
    }
}

fn largest(segment: &[f32]) -> usize {
    let mut best = 0;
    for (place, &value) in segment.iter().enumerate() {
        if value > segment[best] {
            best = place;
        }
    }
    best
}

enum Kind {
    Number(NumberCoding),
    Category(CategoryCoding),
}

impl Kind {
    fn new(column: &Column, settings: &Settings) -> Result<Self, RebalanceError> {
        match &column.cells {
            Cells::Numbers { form, values } => {
                if let Some(row) = values.iter().position(|value| value.abs() > LARGEST) {
                    let (name, row) = (&column.name, row + 1);
                    return Err(refuse(format!("column `{name}` is beyond 1e100 in row {row}; leave the cell empty or check its unit")));
                }
                Ok(Kind::Number(NumberCoding::new(&column.name, *form, values, settings)))
            }
            Cells::Categories { levels, codes } => {
                if let Some(row) = codes.iter().position(|&code| code != MISSING && code as usize >= levels.len()) {
                    let name = &column.name;
                    return Err(refuse(format!("column `{name}` has in row {} a code without a category; check how it is read", row + 1)));
                }
                Ok(Kind::Category(CategoryCoding::new(&column.name, levels, codes, settings.max_categories)))
            }
        }
    }
}

impl NumberCoding {
    fn new(name: &str, form: Form, values: &[f64], settings: &Settings) -> Self {
        let known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        let low = known.iter().copied().fold(f64::INFINITY, f64::min);
        let high = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let missing = known.len() < values.len();
        let modes = if known.is_empty() { Vec::new() } else { modes(&known, settings) };
        NumberCoding { name: name.to_owned(), form, modes, missing, low, high }
    }

    /// Mode and scalar of a value.
    fn encode(&self, value: f64, rng: &mut impl Rng) -> (usize, f32) {
        if value.is_nan() {
            return (self.modes.len(), 0.0);
        }
        if let Some(mode) = self.modes.iter().position(|mode| mode.deviation == 0.0 && mode.mean == value) {
            return (mode, 0.0);
        }
        let distance = |mode: &Mode| (value - mode.mean).abs();
        // Shares of the modes in logarithms: far from all of them every density is 0.
        let log = |mode: &Mode| mode.weight.ln() - mode.deviation.ln() - 0.5 * ((value - mode.mean) / mode.deviation).powi(2);
        let logs: Vec<f64> = self.modes.iter().map(|mode| if mode.deviation == 0.0 { f64::NEG_INFINITY } else { log(mode) }).collect();
        let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if highest == f64::NEG_INFINITY {
            return (self.modes.iter().enumerate().min_by(|a, b| distance(a.1).total_cmp(&distance(b.1))).map_or(0, |best| best.0), 0.0);
        }
        let total: f64 = logs.iter().map(|log| (log - highest).exp()).sum();
        let mut left = rng.random::<f64>() * total;
        let mut chosen = logs.iter().position(|&log| log == highest).unwrap_or(0);
        for (mode, log) in logs.iter().enumerate() {
            left -= (log - highest).exp();
            if left < 0.0 {
                chosen = mode;
                break;
            }
        }
        let mode = &self.modes[chosen];
        (chosen, ((value - mode.mean) / (4.0 * mode.deviation)).clamp(-CUT, CUT) as f32)
    }

    fn decode(&self, mode: usize, scalar: f32, cut: bool) -> f64 {
        let Some(mode) = self.modes.get(mode) else {
            return f64::NAN;
        };
        let mut value = mode.mean + 4.0 * mode.deviation * f64::from(scalar);
        if cut {
            value = value.clamp(self.low, self.high);
        }
        match self.form {
            Form::Integer | Form::Date => value.round(),
            Form::Real { decimals } => {
                let unit = 10_f64.powi(decimals.min(300) as i32);
                let rounded = (value * unit).round() / unit;
                if rounded.is_finite() { rounded } else { value }
            }
        }
    }

    fn write(&self, out: &mut Writer) {
        out.text(&self.name);
        out.count(match self.form {
            Form::Integer => 0,
            Form::Date => 1,
            Form::Real { decimals } => 2 + decimals,
        });
        out.byte(u8::from(self.missing));
        out.doubles(&[self.low, self.high]);
        out.count(self.modes.len());
        for mode in &self.modes {
            out.doubles(&[mode.weight, mode.mean, mode.deviation]);
        }
    }

    fn read(bytes: &mut Reader<'_>) -> Option<Self> {
        let name = bytes.text()?;
        let form = match bytes.count()? {
            0 => Form::Integer,
            1 => Form::Date,
            more => Form::Real { decimals: more - 2 },
        };
        let missing = bytes.byte()? != 0;
        let (low, high) = (bytes.double()?, bytes.double()?);
        let mut modes = Vec::new();
        for _ in 0..bytes.count()? {
            modes.push(Mode { weight: bytes.double()?, mean: bytes.double()?, deviation: bytes.double()? });
        }
        let whole = if modes.is_empty() { missing } else { low <= high };
        whole.then_some(NumberCoding { name, form, modes, missing, low, high })
    }
}

/// The modes of a column: frequent values, then the mixture of all others.
fn modes(known: &[f64], settings: &Settings) -> Vec<Mode> {
    let mut sorted = known.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = known.len() as f64;
    let (mut frequent, mut others) = (Vec::new(), Vec::new());
    for same in sorted.chunk_by(|a, b| a == b) {
        let share = same.len() as f64 / count;
        if share >= settings.frequent_share {
            frequent.push(Mode { weight: share, mean: same[0], deviation: 0.0 });
        } else {
            others.extend_from_slice(same);
        }
    }
    if others.is_empty() {
        return frequent;
    }
    let share = others.len() as f64 / count;
    let mut mixture = mixture::modes(&others, settings.max_modes);
    mixture.retain(|mode| mode.weight >= settings.smallest_weight);
    let total: f64 = mixture.iter().map(|mode| mode.weight).sum();
    frequent.extend(mixture.into_iter().map(|mode| Mode { weight: mode.weight / total * share, ..mode }));
    frequent
}

impl CategoryCoding {
    fn new(name: &str, levels: &[String], codes: &[u32], most: usize) -> Self {
        let mut counts = vec![0_u64; levels.len() + 1];
        for &code in codes {
            counts[(code as usize).min(levels.len())] += 1;
        }
        let missing = counts.pop().unwrap_or(0);
        let mut present: Vec<(u32, u64)> = (0_u32..).zip(counts).filter(|(_, count)| *count > 0).collect();
        let mut rare = Vec::new();
        if present.len() > most {
            present.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
            rare = present.split_off(most - 1);
            present.sort_unstable();
            rare.sort_unstable();
        }
        let mut slots: Vec<(Slot, u64)> = present.into_iter().map(|(code, count)| (Slot::Level(code), count)).collect();
        if !rare.is_empty() {
            let count = rare.iter().map(|(_, count)| count).sum();
            slots.push((Slot::Rare(rare), count));
        }
        if missing > 0 {
            slots.push((Slot::Missing, missing));
        }
        let (slots, counts) = slots.into_iter().unzip();
        CategoryCoding { name: name.to_owned(), levels: levels.to_vec(), slots, counts, offset: 0 }
    }

    /// The slot of every level, and after the last that of a missing value; of a level without rows, beyond all slots.
    fn slots_of_levels(&self) -> Vec<usize> {
        let mut slots = vec![usize::MAX; self.levels.len() + 1];
        for (place, slot) in self.slots.iter().enumerate() {
            match slot {
                Slot::Level(code) => slots[*code as usize] = place,
                Slot::Missing => slots[self.levels.len()] = place,
                Slot::Rare(codes) => {
                    for (code, _) in codes {
                        slots[*code as usize] = place;
                    }
                }
            }
        }
        slots
    }

    /// The slot of a level and its rows; `None` when it has none.
    pub(super) fn slot_of(&self, level: u32) -> Option<(usize, u64)> {
        self.slots.iter().enumerate().find_map(|(place, slot)| match slot {
            Slot::Level(code) if *code == level => Some((place, self.counts[place])),
            Slot::Rare(codes) => codes.iter().find(|(code, _)| *code == level).map(|(_, count)| (place, *count)),
            _ => None,
        })
    }

    /// A level of a slot: of the rare ones, one drawn by its frequency.
    pub(super) fn level(&self, slot: usize, rng: &mut impl Rng) -> u32 {
        match &self.slots[slot] {
            Slot::Level(code) => *code,
            Slot::Missing => MISSING,
            Slot::Rare(codes) => {
                let mut left = rng.random_range(0..self.counts[slot].max(1));
                for (code, count) in codes {
                    if left < *count {
                        return *code;
                    }
                    left -= count;
                }
                MISSING
            }
        }
    }

    fn write(&self, out: &mut Writer) {
        out.text(&self.name);
        out.count(self.levels.len());
        for level in &self.levels {
            out.text(level);
        }
        out.count(self.slots.len());
        for (slot, &count) in self.slots.iter().zip(&self.counts) {
            out.long(count);
            match slot {
                Slot::Level(code) => {
                    out.byte(0);
                    out.long(u64::from(*code));
                }
                Slot::Missing => out.byte(1),
                Slot::Rare(codes) => {
                    out.byte(2);
                    out.count(codes.len());
                    for (code, count) in codes {
                        out.long(u64::from(*code));
                        out.long(*count);
                    }
                }
            }
        }
    }

    fn read(bytes: &mut Reader<'_>) -> Option<Self> {
        let name = bytes.text()?;
        let mut levels = Vec::new();
        for _ in 0..bytes.count()? {
            levels.push(bytes.text()?);
        }
        let code = |bytes: &mut Reader<'_>| u32::try_from(bytes.long()?).ok().filter(|&code| (code as usize) < levels.len());
        let (mut slots, mut counts) = (Vec::new(), Vec::new());
        for _ in 0..bytes.count()? {
            counts.push(bytes.long()?);
            slots.push(match bytes.byte()? {
                0 => Slot::Level(code(bytes)?),
                1 => Slot::Missing,
                _ => {
                    let mut rare = Vec::new();
                    for _ in 0..bytes.count()? {
                        rare.push((code(bytes)?, bytes.long()?));
                    }
                    Slot::Rare(rare)
                }
            });
        }
        (!slots.is_empty()).then_some(CategoryCoding { name, levels, slots, counts, offset: 0 })
    }
}
