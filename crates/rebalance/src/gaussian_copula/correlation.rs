//! Correlations of normal variables that are seen only through the steps of their columns.

use super::margin::TERMS;

/// Largest correlation in size that is believed; beyond it the variables would be one.
const LARGEST: f64 = 0.999;
/// Smallest eigenvalue that a repaired matrix has, before its diagonal is made 1 again.
const SMALLEST_EIGENVALUE: f64 = 1e-4;

/// A symmetric matrix, row after row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Square {
    pub(super) size: usize,
    pub(super) values: Vec<f64>,
}

impl Square {
    pub(super) fn identity(size: usize) -> Self {
        let mut values = vec![0.0; size * size];
        (0..size).for_each(|at| values[at * size + at] = 1.0);
        Square { size, values }
    }

    pub(super) fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.size + column]
    }

    pub(super) fn set(&mut self, row: usize, column: usize, value: f64) {
        self.values[row * self.size + column] = value;
        self.values[column * self.size + row] = value;
    }
}

/// The correlation at which two variables, seen through steps with these Hermite coefficients, have this covariance of their scores.
///
/// Mehler's expansion gives the covariance as the sum over k of a_k b_k rho^k. Scores rise with their variable, so it rises with rho.
pub(super) fn correlation(covariance: f64, first: &[f64], second: &[f64]) -> f64 {
    let products: Vec<f64> = first.iter().zip(second).map(|(first, second)| first * second).collect();
    if products.iter().all(|product| product.abs() < 1e-12) {
        return 0.0;
    }
    let at = |rho: f64| rho * products.iter().rev().fold(0.0, |sum, product| sum * rho + product);
    let (mut low, mut high) = (-LARGEST, LARGEST);
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if at(middle) < covariance { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Correlations of all variables from their scores; pairs of rows without a score of both play no part.
pub(super) fn correlations(variables: &[(Vec<f64>, Vec<f64>)]) -> Square {
    let mut matrix = Square::identity(variables.len());
    for (row, (first, one)) in variables.iter().enumerate() {
        for (column, (second, other)) in variables.iter().enumerate().take(row) {
            debug_assert_eq!((one.len(), other.len()), (TERMS, TERMS));
            let (mut count, mut sums, mut product) = (0_usize, (0.0, 0.0), 0.0);
            for (&left, &right) in first.iter().zip(second) {
                if left.is_nan() || right.is_nan() {
                    continue;
                }
                count += 1;
                sums.0 += left;
                sums.1 += right;
                product += left * right;
            }
            // Two rows always lie on a line, three nearly: they tell nothing.
            if count > 3 {
                let count = count as f64;
                matrix.set(row, column, correlation(product / count - sums.0 / count * (sums.1 / count), one, other));
            }
        }
    }
    matrix
}

/// Lower triangular factor, `None` where the matrix is not positive definite by a margin.
pub(super) fn cholesky(matrix: &Square) -> Option<Square> {
    let size = matrix.size;
    let mut factor = Square { size, values: vec![0.0; size * size] };
    for row in 0..size {
        for column in 0..=row {
            let known: f64 = (0..column).map(|k| factor.at(row, k) * factor.at(column, k)).sum();
            let rest = matrix.at(row, column) - known;
            factor.values[row * size + column] = if row == column {
                if rest < 1e-8 {
                    return None;
                }
                rest.sqrt()
            } else {
                rest / factor.at(column, column)
            };
        }
    }
    Some(factor)
}

/// The matrix itself where it is positive definite; else with its small and negative eigenvalues raised and its diagonal made 1 again.
pub(super) fn positive_definite(matrix: Square) -> Square {
    if cholesky(&matrix).is_some() {
        return matrix;
    }
    let size = matrix.size;
    let (eigenvalues, vectors) = eigen(matrix);
    let mut repaired = Square::identity(size);
    let entry = |row: usize, column: usize| {
        (0..size).map(|k| eigenvalues[k].max(SMALLEST_EIGENVALUE) * vectors.at(row, k) * vectors.at(column, k)).sum::<f64>()
    };
    let scale: Vec<f64> = (0..size).map(|at| entry(at, at).sqrt()).collect();
    for row in 0..size {
        for column in 0..row {
            repaired.set(row, column, entry(row, column) / (scale[row] * scale[column]));
        }
    }
    repaired
}

/// Eigenvalues and eigenvectors (as columns) of a symmetric matrix, by Jacobi's rotations.
fn eigen(mut matrix: Square) -> (Vec<f64>, Square) {
    let size = matrix.size;
    let mut vectors = Square::identity(size);
    for _ in 0..50 {
        let off: f64 = (0..size).flat_map(|row| (0..row).map(move |column| (row, column))).map(|(r, c)| matrix.at(r, c).powi(2)).sum();
        if off < 1e-20 {
            break;
        }
        for p in 0..size {
            for q in p + 1..size {
                let entry = matrix.at(p, q);
                if entry.abs() < 1e-15 {
                    continue;
                }
                let theta = (matrix.at(q, q) - matrix.at(p, p)) / (2.0 * entry);
                let sign = if theta < 0.0 { -1.0 } else { 1.0 };
                let tangent = sign / (theta.abs() + (theta * theta + 1.0).sqrt());
                let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
                let sine = tangent * cosine;
                for k in 0..size {
                    let (left, right) = (matrix.at(k, p), matrix.at(k, q));
                    matrix.values[k * size + p] = cosine * left - sine * right;
                    matrix.values[k * size + q] = sine * left + cosine * right;
                    let (left, right) = (vectors.at(k, p), vectors.at(k, q));
                    vectors.values[k * size + p] = cosine * left - sine * right;
                    vectors.values[k * size + q] = sine * left + cosine * right;
                }
                for k in 0..size {
                    let (left, right) = (matrix.at(p, k), matrix.at(q, k));
                    matrix.values[p * size + k] = cosine * left - sine * right;
                    matrix.values[q * size + k] = sine * left + cosine * right;
                }
            }
        }
    }
    ((0..size).map(|at| matrix.at(at, at)).collect(), vectors)
}

#[cfg(test)]
mod tests {
    use super::super::margin::Steps;
    use super::*;

    #[test]
    fn two_fair_coins_agree_as_the_arcsine_says() {
        // P(both above 0) = 1/4 + asin(rho) / (2 pi); the scores are +-sqrt(2 / pi), so their covariance is (2 / pi)(2 / pi) asin(rho).
        let coin = Steps::new(&[1, 1]);
        let hermite = coin.hermite(&coin.scores());
        for rho in [-0.8, -0.3, 0.0, 0.1, 0.5, 0.7] {
            let covariance = (2.0 / std::f64::consts::PI).powi(2) * f64::asin(rho);
            let found = correlation(covariance, &hermite, &hermite);
            assert!((found - rho).abs() < 2e-3, "{rho}: {found}");
        }
        assert_eq!(correlation(0.3, &[0.0; TERMS], &hermite), 0.0, "a constant column");
    }

    #[test]
    fn a_matrix_that_is_none_becomes_one() {
        let mut impossible = Square::identity(3);
        impossible.set(0, 1, 0.9);
        impossible.set(1, 2, 0.9);
        impossible.set(0, 2, -0.9);
        assert!(cholesky(&impossible).is_none());
        let repaired = positive_definite(impossible);
        let factor = cholesky(&repaired).unwrap();
        for row in 0..3 {
            assert!((repaired.at(row, row) - 1.0).abs() < 1e-12);
            for column in 0..3 {
                let product: f64 = (0..3).map(|k| factor.at(row, k) * factor.at(column, k)).sum();
                assert!((product - repaired.at(row, column)).abs() < 1e-12 && repaired.at(row, column).abs() <= 1.0);
            }
        }
        // Eigenvalues of [[1, a], [a, 1]] are 1 - a and 1 + a.
        let mut two = Square::identity(2);
        two.set(0, 1, 0.25);
        let (mut values, _) = eigen(two.clone());
        values.sort_by(f64::total_cmp);
        assert!((values[0] - 0.75).abs() < 1e-12 && (values[1] - 1.25).abs() < 1e-12);
        assert_eq!(positive_definite(two.clone()), two);
    }
}
