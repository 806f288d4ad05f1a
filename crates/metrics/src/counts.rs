//! How often each group was selected and deserved it: the four counts that every decision metric is made of.
//!
//! One pass over the rows fills four cells a group (selected or not, positive or not), each with its rows, its weight and its
//! squared weights. Cells add up over chunks, threads and files; chunks have a fixed size and are added in order, so that the sums
//! are the same on any number of threads.

use evenhand_rows::Groups;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::outcomes::slot;
use crate::{DecisionRule, Outcomes};

/// Rows per chunk of the parallel pass.
const CHUNK: usize = 1 << 16;

/// Decisions against truth within one set of rows, as sums of weights (without weights: numbers of rows).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Confusion {
    /// Selected and positive.
    pub true_positives: f64,
    /// Selected and negative.
    pub false_positives: f64,
    /// Not selected and negative.
    pub true_negatives: f64,
    /// Not selected and positive.
    pub false_negatives: f64,
}

impl Confusion {
    /// Everything.
    pub fn total(&self) -> f64 {
        self.selected() + self.true_negatives + self.false_negatives
    }

    /// Weight of the selected.
    pub fn selected(&self) -> f64 {
        self.true_positives + self.false_positives
    }

    /// Weight of the positives.
    pub fn positives(&self) -> f64 {
        self.true_positives + self.false_negatives
    }

    /// Weight of the negatives.
    pub fn negatives(&self) -> f64 {
        self.false_positives + self.true_negatives
    }

    pub(crate) fn from_cells(cells: [f64; CELLS]) -> Self {
        let [true_negatives, false_negatives, false_positives, true_positives] = cells;
        Confusion { true_positives, false_positives, true_negatives, false_negatives }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.true_negatives += other.true_negatives;
        self.false_negatives += other.false_negatives;
    }
}

/// The decisions and truth of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupConfusion {
    /// Name of the group.
    pub group: String,
    /// Its rows.
    pub n: usize,
    /// Its counts. Without labels every row stands under `false_positives` or `true_negatives`.
    pub confusion: Confusion,
}

/// Cells a group: index 2 x selected + positive.
pub(crate) const CELLS: usize = 4;

/// One cell: rows, weight, squared weights and extreme weights.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Cell {
    pub(crate) rows: u64,
    pub(crate) weight: f64,
    pub(crate) squared: f64,
    pub(crate) heaviest: f64,
}

impl Cell {
    #[inline]
    fn push(&mut self, weight: f64) {
        self.rows += 1;
        self.weight += weight;
        self.squared += weight * weight;
        self.heaviest = self.heaviest.max(weight);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.weight += other.weight;
        self.squared += other.squared;
        self.heaviest = self.heaviest.max(other.heaviest);
    }

    /// True when all rows of the cell weigh the same, so that a count says all.
    pub(crate) fn is_even(&self) -> bool {
        self.rows == 0 || (self.squared * self.rows as f64 - self.weight * self.weight).abs() <= 1e-12 * self.weight * self.weight
    }
}

/// The cells of one group.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct GroupCounts {
    pub(crate) cells: [Cell; CELLS],
}

impl GroupCounts {
    pub(crate) fn rows(&self) -> usize {
        self.cells.iter().map(|cell| cell.rows as usize).sum()
    }

    pub(crate) fn weight(&self) -> f64 {
        self.cells.iter().map(|cell| cell.weight).sum()
    }

    pub(crate) fn confusion(&self) -> Confusion {
        Confusion::from_cells(self.cells.map(|cell| cell.weight))
    }

    /// Numbers of rows in the place of weights.
    pub(crate) fn row_confusion(&self) -> Confusion {
        Confusion::from_cells(self.cells.map(|cell| cell.rows as f64))
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (cell, more) in self.cells.iter_mut().zip(&other.cells) {
            cell.add(more);
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, cell: usize, weight: f64) {
        self.cells[cell].push(weight);
    }
}

/// Counts every level of the outcomes; one more entry holds the rows of unknown group.
pub(crate) fn count(outcomes: &Outcomes) -> Vec<GroupCounts> {
    let levels = outcomes.groups.levels().len();
    let rows = outcomes.scores.len();
    let chunks = rows.div_ceil(CHUNK);
    let parts: Vec<Vec<GroupCounts>> = (0..chunks)
        .into_par_iter()
        .map(|chunk| {
            let range = chunk * CHUNK..((chunk + 1) * CHUNK).min(rows);
            let threshold = outcomes.conventions.threshold;
            // One loop per rule, so that the comparison is not a branch inside it.
            match outcomes.conventions.decision_rule {
                DecisionRule::Above => count_chunk(outcomes, levels, range, |score| score > threshold),
                DecisionRule::AtOrAbove => count_chunk(outcomes, levels, range, |score| score >= threshold),
            }
        })
        .collect();
    let mut total = vec![GroupCounts::default(); levels + 1];
    for part in &parts {
        for (sum, counts) in total.iter_mut().zip(part) {
            sum.add(counts);
        }
    }
    total
}

fn count_chunk(outcomes: &Outcomes, levels: usize, rows: std::ops::Range<usize>, selects: impl Fn(f64) -> bool) -> Vec<GroupCounts> {
    let scores = &outcomes.scores[rows.clone()];
    let codes = &outcomes.groups.codes()[rows.clone()];
    let labels = outcomes.labels.map(|labels| &labels[rows.clone()]);
    let cut = outcomes.conventions.label_threshold;
    if let Some(weights) = outcomes.weights {
        let mut counts = vec![GroupCounts::default(); levels + 1];
        for (index, (&score, &weight)) in scores.iter().zip(&weights[rows]).enumerate() {
            let positive = labels.is_some_and(|labels| labels[index] >= cut);
            counts[slot(codes[index], levels)].push(2 * usize::from(selects(score)) + usize::from(positive), weight);
        }
        return counts;
    }
    // Unweighted rows are counted in integers, in two alternating tables: neighbouring rows then never wait for each other's store.
    let mut tables = [vec![0_u64; CELLS * (levels + 1)], vec![0_u64; CELLS * (levels + 1)]];
    match labels {
        Some(labels) => {
            for (index, ((&score, &code), &label)) in scores.iter().zip(codes).zip(labels).enumerate() {
                let cell = CELLS * slot(code, levels) + 2 * usize::from(selects(score)) + usize::from(label >= cut);
                tables[index & 1][cell] += 1;
            }
        }
        None => {
            for (index, (&score, &code)) in scores.iter().zip(codes).enumerate() {
                tables[index & 1][CELLS * slot(code, levels) + 2 * usize::from(selects(score))] += 1;
            }
        }
    }
    let [even, odd] = tables;
    let cell = |index: usize| {
        let rows = even[index] + odd[index];
        Cell { rows, weight: rows as f64, squared: rows as f64, heaviest: if rows > 0 { 1.0 } else { 0.0 } }
    };
    (0..=levels).map(|level| GroupCounts { cells: std::array::from_fn(|index| cell(CELLS * level + index)) }).collect()
}

/// The decisions against truth of every group with rows, in the order of the levels; rows of unknown group last, as `unknown`.
pub fn confusion_by_group(outcomes: &Outcomes) -> Vec<GroupConfusion> {
    named(outcomes.counts(), outcomes.groups)
}

fn named(counts: &[GroupCounts], groups: &Groups) -> Vec<GroupConfusion> {
    let names = groups.levels().iter().map(String::as_str).chain(["unknown"]);
    let filled = counts.iter().zip(names).filter(|(group, _)| group.rows() > 0);
    filled.map(|(group, name)| GroupConfusion { group: name.to_owned(), n: group.rows(), confusion: group.confusion() }).collect()
}

/// Whether rate `a_hits / a_rows` is at least `limit_numerator / limit_denominator` of rate `b_hits / b_rows`, decided in integers.
///
/// In floating point 0.64 / 0.80 < 0.8, although 64 of 100 against 80 of 100 meets a limit of four fifths exactly.
pub fn ratio_at_least(a: (u64, u64), b: (u64, u64), limit: (u64, u64)) -> bool {
    let product = |numbers: [u64; 3]| numbers.iter().map(|&number| u128::from(number)).product::<u128>();
    product([limit.1, a.0, b.1]) >= product([limit.0, b.0, a.1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_rows_fill_four_cells() {
        let groups = Groups::from_texts("g", [Some("a"), Some("a"), Some("a"), Some("b"), None].into_iter());
        let scores = [0.9, 0.5, 0.1, 0.6, 0.7];
        let outcomes = Outcomes::new(&scores, &groups).unwrap().labels(&[1.0, 1.0, 0.0, 0.0, 1.0]).unwrap();
        let found = confusion_by_group(&outcomes);
        let names: Vec<&str> = found.iter().map(|group| group.group.as_str()).collect();
        assert_eq!(names, ["a", "b", "unknown"]);
        // A score of exactly 0.5 is not selected under the paper's strict rule.
        let expected = Confusion { true_positives: 1.0, false_positives: 0.0, true_negatives: 1.0, false_negatives: 1.0 };
        assert_eq!(found[0].confusion, expected);
        assert_eq!((found[1].n, found[1].confusion.false_positives), (1, 1.0));
    }

    #[test]
    fn a_ratio_of_exactly_four_fifths_is_at_least_four_fifths() {
        let (a, b): (f64, f64) = (0.64, 0.80);
        assert!(a / b < 0.8, "the float trap this function avoids");
        assert!(ratio_at_least((64, 100), (80, 100), (4, 5)));
        assert!(!ratio_at_least((6399, 10000), (80, 100), (4, 5)));
    }
}
