//! The plane on which embeddings spread most.
//!
//! ```text
//! C = covariance of the rows (weights ignored, centred, not scaled);  coordinates = (z - mean) . u_k,  C u_k = l_k u_k,  l_1 >= l_2
//! ```
//!
//! Of fewer rows than columns, where those are many, the products of the rows take the covariance's place: `X X' / n` and `X' X / n` have the same values,
//! and `u = X' v / |X' v|`. Widths (or rows) up to 64 are solved by Jacobi rotations; wider embeddings by orthogonal iteration on eight vectors from a fixed seed, with a
//! Rayleigh-Ritz step in each round, until the first two values stand still. The sign of each axis is chosen so that its largest
//! loading is positive, so that two runs draw the same picture. A direction without variance has coordinates 0.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::Latent;

/// Widest embedding solved by rotations alone.
const JACOBI_WIDTH: usize = 64;
/// Vectors of the orthogonal iteration: more than two, so that it converges at the ratio of the ninth value to the second.
const VECTORS: usize = 8;
const MOST_ROUNDS: usize = 1000;

/// Embeddings on their first two principal components.
#[derive(Debug, Clone, PartialEq)]
pub struct Pca {
    /// Two coordinates per row.
    pub coordinates: Vec<[f64; 2]>,
    /// Share of the whole variance that each of the two axes carries; 0 where there is no variance.
    pub explained: [f64; 2],
}

/// Projects embeddings on their first two principal components.
pub fn pca_2d(latent: Latent) -> Pca {
    let (width, rows) = (latent.width, latent.values.len() / latent.width.max(1));
    if width == 0 || rows == 0 {
        return Pca { coordinates: Vec::new(), explained: [0.0; 2] };
    }
    let mut mean = vec![0.0; width];
    for row in latent.values.chunks_exact(width) {
        mean.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    for sum in &mut mean {
        *sum /= rows as f64;
    }
    // Of few rows their products among each other say the same as those of the columns, whose number then costs nothing but its length.
    let few = rows < width && width > JACOBI_WIDTH;
    let side = if few { rows } else { width };
    let matrix = if few { products(latent, &mean) } else { covariance(latent, &mean) };
    let trace: f64 = (0..side).map(|at| matrix[at * side + at]).sum();
    let axes = if side <= JACOBI_WIDTH { jacobi(matrix, side) } else { iterate(&matrix, side) };
    let axes = axes.into_iter().take(2).map(|(value, axis)| (value, if few { spread(latent, &mean, &axis) } else { axis }));
    let axes: Vec<(f64, Vec<f64>)> = axes.map(|(value, axis)| (value, oriented(axis))).collect();
    let coordinates = latent
        .values
        .par_chunks_exact(width)
        .map(|row| {
            let mut point = [0.0; 2];
            for (coordinate, (value, axis)) in point.iter_mut().zip(&axes) {
                // A value that is rounding noise beside the trace is a direction without variance.
                if *value > trace * 1e-14 {
                    *coordinate =
                        row.iter().zip(&mean).zip(axis).map(|((&value, mean), loading)| (f64::from(value) - mean) * loading).sum();
                }
            }
            point
        })
        .collect();
    let mut explained = [0.0; 2];
    for (share, (value, _)) in explained.iter_mut().zip(&axes) {
        *share = if trace > 0.0 { (value / trace).max(0.0) } else { 0.0 };
    }
    Pca { coordinates, explained }
}

/// Products of the centred rows among each other, divided by their number: the values that are not 0 are those of the covariance.
fn products(latent: Latent, mean: &[f64]) -> Vec<f64> {
    let centred: Vec<Vec<f64>> = latent
        .values
        .chunks_exact(latent.width)
        .map(|row| row.iter().zip(mean).map(|(&value, mean)| f64::from(value) - mean).collect())
        .collect();
    let rows = centred.len();
    let lines: Vec<Vec<f64>> = centred
        .par_iter()
        .map(|one| centred.iter().map(|other| one.iter().zip(other).map(|(a, b)| a * b).sum::<f64>() / rows as f64).collect())
        .collect();
    lines.concat()
}

/// The unit axis among the columns that belongs to one among the rows.
fn spread(latent: Latent, mean: &[f64], among_rows: &[f64]) -> Vec<f64> {
    let mut axis = vec![0.0; latent.width];
    for (row, share) in latent.values.chunks_exact(latent.width).zip(among_rows) {
        axis.iter_mut().zip(row).zip(mean).for_each(|((sum, &value), mean)| *sum += share * (f64::from(value) - mean));
    }
    let length = axis.iter().map(|value| value * value).sum::<f64>().sqrt();
    if length > 0.0 {
        for value in &mut axis {
            *value /= length;
        }
    }
    axis
}

fn covariance(latent: Latent, mean: &[f64]) -> Vec<f64> {
    let width = latent.width;
    // Fixed chunks added in order: the same sum on any number of threads.
    let parts: Vec<Vec<f64>> = latent
        .values
        .par_chunks(width * 4096)
        .map(|chunk| {
            let mut sum = vec![0.0; width * width];
            let mut centred = vec![0.0; width];
            for row in chunk.chunks_exact(width) {
                centred.iter_mut().zip(row.iter().zip(mean)).for_each(|(out, (&value, mean))| *out = f64::from(value) - mean);
                for first in 0..width {
                    let factor = centred[first];
                    let line = &mut sum[first * width + first..(first + 1) * width];
                    line.iter_mut().zip(&centred[first..]).for_each(|(cell, value)| *cell += factor * value);
                }
            }
            sum
        })
        .collect();
    let mut total = vec![0.0; width * width];
    for part in parts {
        total.iter_mut().zip(part).for_each(|(sum, more)| *sum += more);
    }
    let rows = (latent.values.len() / width) as f64;
    for first in 0..width {
        for second in first..width {
            let value = total[first * width + second] / rows;
            total[first * width + second] = value;
            total[second * width + first] = value;
        }
    }
    total
}

/// Eigenvalues and unit eigenvectors of a symmetric matrix, largest value first.
fn jacobi(mut matrix: Vec<f64>, width: usize) -> Vec<(f64, Vec<f64>)> {
    let mut vectors = vec![0.0; width * width];
    for index in 0..width {
        vectors[index * width + index] = 1.0;
    }
    let scale: f64 = matrix.iter().map(|value| value * value).sum();
    for _ in 0..100 {
        let off: f64 = (0..width)
            .flat_map(|i| (0..width).map(move |j| (i, j)))
            .filter(|(i, j)| i != j)
            .map(|(i, j)| matrix[i * width + j].powi(2))
            .sum();
        if off <= scale * 1e-30 {
            break;
        }
        for p in 0..width {
            for q in p + 1..width {
                rotate(&mut matrix, &mut vectors, width, p, q);
            }
        }
    }
    let mut pairs: Vec<(f64, Vec<f64>)> =
        (0..width).map(|index| (matrix[index * width + index], (0..width).map(|row| vectors[row * width + index]).collect())).collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    pairs
}

/// One Jacobi rotation that makes the entry (p, q) 0.
fn rotate(matrix: &mut [f64], vectors: &mut [f64], width: usize, p: usize, q: usize) {
    let off = matrix[p * width + q];
    if off == 0.0 {
        return;
    }
    let theta = (matrix[q * width + q] - matrix[p * width + p]) / (2.0 * off);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let tangent = if theta == 0.0 { 1.0 } else { tangent };
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    for k in 0..width {
        let (a, b) = (matrix[k * width + p], matrix[k * width + q]);
        matrix[k * width + p] = cosine * a - sine * b;
        matrix[k * width + q] = sine * a + cosine * b;
    }
    for k in 0..width {
        let (a, b) = (matrix[p * width + k], matrix[q * width + k]);
        matrix[p * width + k] = cosine * a - sine * b;
        matrix[q * width + k] = sine * a + cosine * b;
        let (a, b) = (vectors[k * width + p], vectors[k * width + q]);
        vectors[k * width + p] = cosine * a - sine * b;
        vectors[k * width + q] = sine * a + cosine * b;
    }
}

/// The leading eigenvectors of a wide covariance matrix.
fn iterate(matrix: &[f64], width: usize) -> Vec<(f64, Vec<f64>)> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut basis: Vec<Vec<f64>> = (0..VECTORS).map(|_| (0..width).map(|_| rng.random_range(-1.0..1.0)).collect()).collect();
    orthonormalise(&mut basis);
    let mut before = [f64::NEG_INFINITY; 2];
    let mut values = vec![0.0; VECTORS];
    for _ in 0..MOST_ROUNDS {
        let images: Vec<Vec<f64>> =
            basis.par_iter().map(|vector| matrix.chunks_exact(width).map(|row| dot(row, vector)).collect()).collect();
        let small: Vec<f64> = basis.iter().flat_map(|first| images.iter().map(|second| dot(first, second))).collect();
        let ritz = jacobi(small, VECTORS);
        basis = ritz.iter().map(|(_, mix)| combine(&images, mix)).collect();
        values = ritz.into_iter().map(|(value, _)| value).collect();
        orthonormalise(&mut basis);
        let now = [values[0], values[1]];
        let still = now.iter().zip(before).all(|(now, before)| (now - before).abs() <= 1e-14 * values[0].abs());
        if still {
            break;
        }
        before = now;
    }
    values.into_iter().zip(basis).collect()
}

fn dot(first: &[f64], second: &[f64]) -> f64 {
    first.iter().zip(second).map(|(a, b)| a * b).sum()
}

fn combine(vectors: &[Vec<f64>], mix: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; vectors[0].len()];
    for (vector, factor) in vectors.iter().zip(mix) {
        sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += factor * value);
    }
    sum
}

/// Gram-Schmidt, twice for accuracy; a vector that vanishes becomes 0.
fn orthonormalise(basis: &mut [Vec<f64>]) {
    for index in 0..basis.len() {
        let (done, rest) = basis.split_at_mut(index);
        let vector = &mut rest[0];
        for _ in 0..2 {
            for other in done.iter() {
                let along = dot(vector, other);
                vector.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
            }
        }
        let length = dot(vector, vector).sqrt();
        for value in vector.iter_mut() {
            *value = if length > 0.0 { *value / length } else { 0.0 };
        }
    }
}

/// The axis turned so that its largest loading is positive.
fn oriented(mut axis: Vec<f64>) -> Vec<f64> {
    let mut largest = 0.0_f64;
    for &loading in &axis {
        // Loadings that differ by rounding only must not decide: the first of them does.
        if loading.abs() > largest.abs() * (1.0 + 1e-9) {
            largest = loading;
        }
    }
    if largest < 0.0 {
        for loading in &mut axis {
            *loading = -*loading;
        }
    }
    axis
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_on_a_line_have_one_coordinate() {
        let pca = pca_2d(Latent { width: 2, values: &[0.0, 0.0, 3.0, 4.0, 6.0, 8.0] });
        let first: Vec<f64> = pca.coordinates.iter().map(|point| (point[0] * 1e6).round() / 1e6).collect();
        assert_eq!(first, [-5.0, 0.0, 5.0]);
        assert!(pca.coordinates.iter().all(|point| point[1].abs() < 1e-6));
        assert!((pca.explained[0] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn few_rows_of_many_columns_lie_on_the_plane_of_the_covariance() {
        let (rows, width) = (30, 100);
        let values: Vec<f32> = (0..rows * width).map(|i| ((i * 7919 % 1013) as f32 / 1013.0 - 0.5) / ((i % width) as f32 + 1.0)).collect();
        let latent = Latent { width, values: &values };
        let mut mean = vec![0.0; width];
        for (at, value) in values.iter().enumerate() {
            mean[at % width] += f64::from(*value) / rows as f64;
        }
        let pca = pca_2d(latent);
        for (axis, (value, loadings)) in iterate(&covariance(latent, &mean), width).into_iter().take(2).enumerate() {
            let loadings = oriented(loadings);
            for (row, point) in values.chunks(width).zip(&pca.coordinates) {
                let expected: f64 =
                    row.iter().zip(&mean).zip(&loadings).map(|((value, mean), loading)| (f64::from(*value) - mean) * loading).sum();
                assert!((point[axis] - expected).abs() < 1e-6, "{} {expected}", point[axis]);
            }
            let spread: f64 = pca.coordinates.iter().map(|point| point[axis].powi(2)).sum::<f64>() / rows as f64;
            assert!((spread - value).abs() < 1e-9);
        }
    }

    #[test]
    fn iteration_and_rotations_find_the_same_plane() {
        let width = 40;
        let values: Vec<f32> = (0..600 * width).map(|i| ((i * 7919 % 1013) as f32 / 1013.0 - 0.5) / ((i % width) as f32 + 1.0)).collect();
        let latent = Latent { width, values: &values };
        let matrix = covariance(latent, &vec![0.0; width]);
        let (exact, found) = (jacobi(matrix.clone(), width), iterate(&matrix, width));
        for axis in 0..2 {
            assert!((exact[axis].0 - found[axis].0).abs() < 1e-12);
            assert!((dot(&exact[axis].1, &found[axis].1).abs() - 1.0).abs() < 1e-6);
        }
    }
}
