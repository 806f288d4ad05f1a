//! Values of one column that settle those of another.

use evenhand_rows::table::Cells;

use super::{EVIDENCE, LIKELY, MOST_VALUES, value};

/// A column as the places of its values among those there are.
#[derive(Debug)]
pub(super) struct Discrete {
    /// Whether a value that lies between others may stand for the nearest.
    numbers: bool,
    /// The different values, ascending.
    values: Vec<f64>,
    /// Place of each row's value; `None` where it is missing.
    places: Vec<Option<u32>>,
}

impl Discrete {
    pub(super) fn new(cells: &Cells) -> Self {
        // The sum turns -0 into 0.
        let at = |row| value(cells, row) + 0.0;
        let mut values: Vec<f64> = (0..cells.len()).map(at).filter(|value| !value.is_nan()).collect();
        values.sort_unstable_by(f64::total_cmp);
        values.dedup();
        let place = |value: f64| values.binary_search_by(|known| known.total_cmp(&value)).ok().map(|place| place as u32);
        let places = (0..cells.len()).map(|row| place(at(row))).collect();
        Discrete { numbers: matches!(cells, Cells::Numbers { .. }), values, places }
    }

    /// What each value settles in the other column, where each settles one value alone and chance would hardly have it so.
    pub(super) fn settles(&self, other: &Discrete) -> Option<Settled> {
        if self.values.len() > MOST_VALUES || self.numbers && 2 * self.values.len() > self.places.len() {
            return None;
        }
        let mut of: Vec<Option<u32>> = vec![None; self.values.len()];
        let (mut sizes, mut found) = (vec![0_usize; self.values.len()], vec![0_usize; other.values.len()]);
        for (from, to) in self.places.iter().zip(&other.places) {
            let (Some(from), Some(to)) = (*from, *to) else { continue };
            if *of[from as usize].get_or_insert(to) != to {
                return None;
            }
            sizes[from as usize] += 1;
            found[to as usize] += 1;
        }
        let repeats: usize = sizes.iter().map(|size| size.saturating_sub(1)).sum();
        if repeats < EVIDENCE || chance(&sizes, &found) > LIKELY.ln() {
            return None;
        }
        let pairs = self.values.iter().zip(of).filter_map(|(value, to)| Some((*value, other.values[to? as usize])));
        let (values, to) = pairs.unzip();
        Some(Settled { numbers: self.numbers, values, to })
    }
}

/// Logarithm of the chance that values dealt at random with the given frequencies agree within sets of the given sizes.
fn chance(sizes: &[usize], found: &[usize]) -> f64 {
    let rows: usize = found.iter().sum();
    let agree = |size: usize| found.iter().map(|count| (*count as f64 / rows as f64).powf(size as f64)).sum::<f64>().ln();
    let mut sizes: Vec<usize> = sizes.iter().copied().filter(|size| *size > 1).collect();
    sizes.sort_unstable();
    sizes.chunk_by(|one, next| one == next).map(|alike| alike.len() as f64 * agree(alike[0])).sum()
}

/// The value of another column for each value of one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settled {
    numbers: bool,
    /// Ascending.
    values: Vec<f64>,
    /// What each settles.
    to: Vec<f64>,
}

impl Settled {
    /// What a value settles. A number between two neighbours that settle the same settles it, too: points above a threshold, ages of a band.
    fn of(&self, from: f64) -> Option<f64> {
        match self.values.binary_search_by(|known| known.total_cmp(&(from + 0.0))) {
            Ok(place) => Some(self.to[place]),
            Err(place) if self.numbers && (1..self.values.len()).contains(&place) => {
                let [below, above] = [self.to[place - 1], self.to[place]];
                (below == above).then_some(above)
            }
            Err(_) => None,
        }
    }

    /// Whether training rows speak against this pair. A missing value, and a category of which no training row says anything, break nothing.
    pub(super) fn is_broken(&self, from: f64, to: f64) -> bool {
        !from.is_nan() && !to.is_nan() && self.of(from).map_or(self.numbers, |settled| settled != to)
    }

    /// The value, or the nearest that settles anything, and what it settles.
    pub(super) fn nearest(&self, from: f64) -> (f64, f64) {
        if let Some(settled) = self.of(from) {
            return (from, settled);
        }
        let place = self.nearest_among(from, 0..self.values.len());
        place.map_or((from, f64::NAN), |place| (self.values[place], self.to[place]))
    }

    /// The nearest number that settles `to`; a category has none that is nearer than others, and stays.
    pub(super) fn nearest_that_settles(&self, from: f64, to: f64) -> f64 {
        if !self.numbers {
            return from;
        }
        let fitting = (0..self.values.len()).filter(|&place| self.to[place] == to);
        self.nearest_among(from, fitting).map_or(from, |place| self.values[place])
    }

    fn nearest_among(&self, from: f64, places: impl Iterator<Item = usize>) -> Option<usize> {
        let distance = |place: &usize| (self.values[*place] - from).abs();
        places.min_by(|one, other| distance(one).total_cmp(&distance(other)))
    }
}
