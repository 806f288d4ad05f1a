//! The inputs of a linear learner in `f64`, with a column of ones at the end; sparse where most entries are 0.
//!
//! Sums over rows are taken block by block, and the blocks' sums are added in their order: the number of threads changes nothing.

use std::ops::Range;

use evenhand_rows::Matrix;
use rayon::prelude::*;

/// Rows of a block, at least.
const BLOCK: usize = 1024;
/// Blocks, at most.
const BLOCKS: usize = 32;
/// Numbers that the partial sums of all blocks may hold together.
const NUMBERS: usize = 1 << 25;

/// Inputs with an intercept: `rows x columns`, the last column all ones.
#[derive(Debug)]
pub(crate) struct Design {
    rows: usize,
    columns: usize,
    /// First entry of each row; empty when every entry is kept.
    starts: Vec<usize>,
    /// Column of each entry; empty when every entry is kept.
    places: Vec<u32>,
    values: Vec<f64>,
}

impl Design {
    pub(crate) fn new(features: &Matrix) -> Self {
        let (rows, width) = (features.rows(), features.columns());
        let filled = features.values().iter().filter(|value| **value != 0.0).count();
        let mut design = Design { rows, columns: width + 1, starts: Vec::new(), places: Vec::new(), values: Vec::new() };
        if 2 * filled > rows * width {
            design.values.reserve(rows * (width + 1));
            for row in 0..rows {
                design.values.extend(features.row(row).iter().map(|&value| f64::from(value)));
                design.values.push(1.0);
            }
            return design;
        }
        design.starts.push(0);
        for row in 0..rows {
            for (place, &value) in features.row(row).iter().enumerate().filter(|(_, value)| **value != 0.0) {
                design.places.push(place as u32);
                design.values.push(f64::from(value));
            }
            design.places.push(width as u32);
            design.values.push(1.0);
            design.starts.push(design.values.len());
        }
        design
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns, the ones among them.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    fn entries(&self, row: usize) -> Range<usize> {
        if self.starts.is_empty() { row * self.columns..(row + 1) * self.columns } else { self.starts[row]..self.starts[row + 1] }
    }

    /// `x . coefficients` of a row. The terms are added in the order of the columns, as [`product`] adds them.
    pub(crate) fn dot(&self, row: usize, coefficients: &[f64]) -> f64 {
        let entries = self.entries(row);
        if self.places.is_empty() {
            return self.values[entries].iter().zip(coefficients).fold(0.0, |sum, (value, coefficient)| sum + value * coefficient);
        }
        let places = &self.places[entries.clone()];
        self.values[entries].iter().zip(places).fold(0.0, |sum, (value, &place)| sum + value * coefficients[place as usize])
    }

    /// Adds `factor * x` of a row to `sums`.
    pub(crate) fn add_row(&self, row: usize, factor: f64, sums: &mut [f64]) {
        let entries = self.entries(row);
        if self.places.is_empty() {
            self.values[entries].iter().zip(sums).for_each(|(value, sum)| *sum += factor * value);
            return;
        }
        let places = &self.places[entries.clone()];
        self.values[entries].iter().zip(places).for_each(|(value, &place)| sums[place as usize] += factor * value);
    }

    /// Adds `factor * x^2` of a row to `sums`.
    pub(crate) fn add_squares(&self, row: usize, factor: f64, sums: &mut [f64]) {
        for (at, entry) in self.entries(row).enumerate() {
            let place = if self.places.is_empty() { at } else { self.places[entry] as usize };
            sums[place] += factor * self.values[entry] * self.values[entry];
        }
    }

    /// What `part` makes of each block of rows, in the order of the blocks; `numbers`: how many numbers a part holds.
    pub(crate) fn blockwise<T: Send>(&self, numbers: usize, part: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
        let count = self.rows.div_ceil(BLOCK).min(NUMBERS / numbers.max(1)).clamp(1, BLOCKS);
        let block = |number: usize| self.rows * number / count..self.rows * (number + 1) / count;
        (0..count).into_par_iter().map(|number| part(block(number))).collect()
    }

    /// `X' diag(weights) X`: the lower triangle of `columns x columns`, the rest 0.
    pub(crate) fn gram(&self, weights: &[f64]) -> Vec<f64> {
        let width = self.columns;
        let parts = self.blockwise(width * width, |rows| {
            let mut sums = vec![0.0; width * width];
            for row in rows {
                if weights[row] != 0.0 {
                    self.add_outer(row, weights[row], &mut sums);
                }
            }
            sums
        });
        added(parts)
    }

    fn add_outer(&self, row: usize, weight: f64, sums: &mut [f64]) {
        let entries = self.entries(row);
        let values = &self.values[entries.clone()];
        if self.places.is_empty() {
            for ((at, value), line) in values.iter().enumerate().zip(sums.chunks_mut(self.columns)) {
                let factor = weight * value;
                line[..=at].iter_mut().zip(values).for_each(|(sum, other)| *sum += factor * other);
            }
            return;
        }
        let places = &self.places[entries];
        for (at, (value, &place)) in values.iter().zip(places).enumerate() {
            let factor = weight * value;
            let line = &mut sums[place as usize * self.columns..(place as usize + 1) * self.columns];
            for (other, &place) in values[..=at].iter().zip(places) {
                line[place as usize] += factor * other;
            }
        }
    }
}

/// The sum of vectors of one length, added in their order.
pub(crate) fn added(parts: Vec<Vec<f64>>) -> Vec<f64> {
    let mut parts = parts.into_iter();
    let mut sums = parts.next().unwrap_or_default();
    for part in parts {
        sums.iter_mut().zip(&part).for_each(|(sum, part)| *sum += part);
    }
    sums
}

/// `x . coefficients` of a row as a matrix holds it; the last coefficient is the intercept. The same bits as [`Design::dot`].
pub(crate) fn product(row: &[f32], coefficients: &[f64]) -> f64 {
    let (intercept, coefficients) = coefficients.split_last().unwrap_or((&0.0, &[]));
    row.iter().zip(coefficients).fold(0.0, |sum, (&value, coefficient)| sum + f64::from(value) * coefficient) + intercept
}

/// Cholesky factor of a positive definite matrix whose lower triangle is given, in its place. A pivot that rounding made too small is
/// raised to `floor`.
pub(crate) fn factorise(matrix: &mut [f64], size: usize, floor: f64) {
    for row in 0..size {
        let (above, here) = matrix.split_at_mut(row * size);
        let here = &mut here[..=row];
        for column in 0..row {
            let other = &above[column * size..=column * size + column];
            let sum: f64 = here[..column].iter().zip(other).map(|(a, b)| a * b).sum();
            here[column] = (here[column] - sum) / other[column];
        }
        let sum: f64 = here[..row].iter().map(|a| a * a).sum();
        here[row] = (here[row] - sum).max(floor).sqrt();
    }
}

/// Solves `L L' x = b` with the factor of [`factorise`].
pub(crate) fn solve(factor: &[f64], size: usize, right: &[f64]) -> Vec<f64> {
    let mut solution = right.to_vec();
    for row in 0..size {
        let line = &factor[row * size..=row * size + row];
        let sum: f64 = line[..row].iter().zip(&solution).map(|(a, b)| a * b).sum();
        solution[row] = (solution[row] - sum) / line[row];
    }
    for row in (0..size).rev() {
        solution[row] /= factor[row * size + row];
        let value = solution[row];
        let line = &factor[row * size..row * size + row];
        solution[..row].iter_mut().zip(line).for_each(|(sum, entry)| *sum -= value * entry);
    }
    solution
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both layouts of one matrix: mostly zeros, and the same with a small number in place of them.
    #[test]
    fn sums_are_those_of_the_matrix_in_both_layouts() {
        for small in [0.0_f32, 0.25] {
            let values: Vec<f32> = (0..7 * 5).map(|at| if at % 4 == 1 { 1.0 + at as f32 } else { small }).collect();
            let matrix = Matrix::new(5, values);
            let design = Design::new(&matrix);
            assert_eq!(design.places.is_empty(), small != 0.0);
            let coefficients = [0.5, -1.0, 0.25, 2.0, -0.125, 3.0];
            let weights: Vec<f64> = (0..7).map(|row| 0.5 * f64::from(row)).collect();
            let x = |row: usize, column: usize| if column == 5 { 1.0 } else { f64::from(matrix.row(row)[column]) };
            let gram = design.gram(&weights);
            for a in 0..6 {
                for b in 0..6 {
                    let expected: f64 = if b <= a { (0..7).map(|row| weights[row] * x(row, a) * x(row, b)).sum() } else { 0.0 };
                    assert!((gram[a * 6 + b] - expected).abs() < 1e-9, "{a} {b}");
                }
            }
            for row in 0..7 {
                let expected: f64 = (0..6).map(|column| x(row, column) * coefficients[column]).sum();
                assert!((design.dot(row, &coefficients) - expected).abs() < 1e-12);
                assert_eq!(design.dot(row, &coefficients).to_bits(), product(matrix.row(row), &coefficients).to_bits());
            }
        }
    }

    #[test]
    fn a_factor_solves_its_equations() {
        let matrix = [4.0, 0.0, 0.0, 2.0, 5.0, 0.0, -1.0, 0.5, 3.0];
        let mut factor = matrix.to_vec();
        factorise(&mut factor, 3, 0.0);
        let solution = solve(&factor, 3, &[1.0, -2.0, 0.5]);
        let full = |a: usize, b: usize| matrix[a.max(b) * 3 + a.min(b)];
        for (row, expected) in [1.0, -2.0, 0.5].into_iter().enumerate() {
            let found: f64 = (0..3).map(|column| full(row, column) * solution[column]).sum();
            assert!((found - expected).abs() < 1e-12);
        }
    }
}
