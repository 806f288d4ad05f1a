//! What the generator is told to make: the conditional vector, and the real rows that go with it.
//!
//! ```text
//! training by sampling:   a column of categories at random, a category of it with chance ~ ln(1 + its rows), a real row that has it
//! rows without a wish:    a column of categories at random, a category of it with chance ~ its rows
//! ```
//!
//! The logarithm shows rare categories often enough to be learned. Rows are made with the table's own frequencies (the package `ctgan` uses
//! the logarithms there too, since 2024). A condition is a place among the categories of all columns, each column at its own offset.
//!
//! Source: Xu et al. 2019, section 4.3.

use rand::{Rng, RngExt};

use super::coding::{Coding, Encoded};

/// Stands for "no column of categories".
pub(super) const NONE: u32 = u32::MAX;

/// Draws conditions, and rows that meet them.
#[derive(Debug)]
pub(super) struct Conditions {
    /// Per column of categories: first place, and running sums of the chances of its places.
    columns: Vec<(usize, Vec<f64>)>,
    /// Where the rows of each place begin in `rows`, and their end.
    starts: Vec<usize>,
    rows: Vec<u32>,
    all: usize,
}

/// The conditions of a batch and the real rows beside it.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) conditions: Vec<u32>,
    pub(super) rows: Vec<u32>,
}

fn running(chances: impl Iterator<Item = f64>) -> Vec<f64> {
    chances
        .scan(0.0, |sum, chance| {
            *sum += chance;
            Some(*sum)
        })
        .collect()
}

fn pick(running: &[f64], rng: &mut impl Rng) -> usize {
    let drawn = rng.random::<f64>() * running.last().copied().unwrap_or(0.0);
    running.partition_point(|&sum| sum <= drawn).min(running.len() - 1)
}

impl Conditions {
    /// Chances for training, and the rows of every category.
    pub(super) fn for_training(coding: &Coding, encoded: &Encoded) -> Self {
        let columns =
            coding.categories.iter().map(|column| (column.offset, running(column.counts.iter().map(|&count| (count as f64).ln_1p()))));
        let all = coding.places.len();
        let first = coding.numbers.len();
        let place = |one: u32| one as usize + coding.layout.conditions - coding.layout.width;
        let mut starts = vec![0; coding.layout.conditions + 1];
        for row in encoded.ones.chunks(all.max(1)) {
            for &one in &row[first..] {
                starts[place(one) + 1] += 1;
            }
        }
        for position in 1..starts.len() {
            starts[position] += starts[position - 1];
        }
        let mut next = starts.clone();
        let mut rows = vec![0; starts.last().copied().unwrap_or(0)];
        for (number, row) in encoded.ones.chunks(all.max(1)).enumerate() {
            for &one in &row[first..] {
                let slot = &mut next[place(one)];
                rows[*slot] = number as u32;
                *slot += 1;
            }
        }
        Conditions { columns: columns.collect(), starts, rows, all: encoded.rows }
    }

    /// Chances for rows without a wish.
    pub(super) fn for_sampling(coding: &Coding) -> Self {
        let columns = coding.categories.iter().map(|column| (column.offset, running(column.counts.iter().map(|&count| count as f64))));
        Conditions { columns: columns.collect(), starts: Vec::new(), rows: Vec::new(), all: 0 }
    }

    /// A condition; [`NONE`] without columns of categories.
    pub(super) fn draw(&self, rng: &mut impl Rng) -> u32 {
        if self.columns.is_empty() {
            return NONE;
        }
        let (offset, chances) = &self.columns[rng.random_range(0..self.columns.len())];
        (offset + pick(chances, rng)) as u32
    }

    /// Conditions of a batch, each with a real row.
    pub(super) fn fill(&self, batch: &mut Batch, count: usize, rng: &mut impl Rng) {
        batch.conditions.clear();
        batch.rows.clear();
        for _ in 0..count {
            let condition = self.draw(rng);
            let row = if condition == NONE {
                rng.random_range(0..self.all) as u32
            } else {
                let rows = &self.rows[self.starts[condition as usize]..self.starts[condition as usize + 1]];
                rows[rng.random_range(0..rows.len())]
            };
            batch.conditions.push(condition);
            batch.rows.push(row);
        }
    }
}
