//! Exact one-dimensional transport between the score distributions of groups, with its gradient.
//!
//! ```text
//! x sorted (weights p, sum 1), y sorted (weights q, sum 1)
//! W1 = integral over u in [0,1] of |Qx(u) - Qy(u)| du        Q = left-continuous quantile function
//!    = sum over pieces d * |x(i) - y(j)|                     pieces: merged breakpoints of cumulative p and q, d = length
//! dW1/dx(i) += d * sign(x(i) - y(j)),   dW1/dy(j) -= d * sign(x(i) - y(j))
//! ```
//!
//! W1 is positively homogeneous of degree 1 in (x, y) for a fixed order, so `sum c_i s_i` with `c_i = dW1/ds_i` held constant equals W1
//! in value and in gradient: the graph holds one product and one sum. Sizes may differ: nothing is cut off. (The published
//! algorithm 1, lines 15-16, compares the k smallest scores of both groups, k = the smaller size, which is not W1 when sizes differ.)
//! Where scores tie the gradient takes sign 0 for that piece, a subgradient.
//! Range `[0, max - min]`, fair value 0, undefined when a group is absent. Source: Kim et al. 2023, equations 17 and 18.

use evenhand_rows::UNKNOWN;

/// How more than two groups become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairs {
    /// The mean over all pairs, each with the weight W_a W_b / (W_a + W_b) of its groups, which is what its noise leaves of it: groups of few rows count for little.
    Weighted,
    /// The largest W1 of all pairs.
    Largest,
    /// The mean over all pairs.
    Mean,
    /// The mean over groups of W1 between a group and all other groups pooled.
    AgainstRest,
}

impl Pairs {
    /// The words of the parameter `pairs`.
    pub const WORDS: &'static [&'static str] = &["weighted", "largest", "mean", "against-rest"];

    /// Reads one of [`Pairs::WORDS`].
    pub fn from_word(word: &str) -> Self {
        match word {
            "mean" => Pairs::Mean,
            "largest" => Pairs::Largest,
            "against-rest" => Pairs::AgainstRest,
            _ => Pairs::Weighted,
        }
    }
}

/// Every pair of groups of these weights with its share, of which the sum is 1.
pub(crate) fn weighted_pairs(weights: &[f64]) -> Vec<(usize, usize, f64)> {
    let pairs = (0..weights.len()).flat_map(|a| (a + 1..weights.len()).map(move |b| (a, b)));
    let sized: Vec<(usize, usize, f64)> = pairs.map(|(a, b)| (a, b, weights[a] * weights[b] / (weights[a] + weights[b]))).collect();
    let total: f64 = sized.iter().map(|(.., size)| size).sum();
    sized.into_iter().map(|(a, b, size)| (a, b, size / total)).collect()
}

/// W1 with its derivative for every score of the batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Transport {
    /// The distance.
    pub distance: f64,
    /// Its derivative with respect to each score; 0 for rows that take no part.
    pub slopes: Vec<f32>,
}

/// Rows of one side: score, share of the side's weight, index into the batch.
type Side = Vec<(f32, f64, usize)>;

/// W1 between groups of a batch, or `None` when fewer than two groups have at least `smallest` rows and positive weight.
pub fn between_groups(scores: &[f32], groups: &[u32], weights: &[f32], pairs: Pairs, smallest: usize) -> Option<Transport> {
    let levels = groups.iter().filter(|&&group| group != UNKNOWN).max().map_or(0, |&group| group as usize + 1);
    let mut sides: Vec<Side> = vec![Vec::new(); levels];
    // One sort serves every pair: each side is filled in ascending order. Index breaks ties, so the order is total.
    let mut order: Vec<usize> = (0..scores.len()).filter(|&row| groups[row] != UNKNOWN && weights[row] > 0.0).collect();
    order.sort_unstable_by(|&a, &b| scores[a].total_cmp(&scores[b]).then(a.cmp(&b)));
    for row in order {
        sides[groups[row] as usize].push((scores[row], f64::from(weights[row]), row));
    }
    sides.retain(|side| side.len() >= smallest.max(1));
    if sides.len() < 2 {
        return None;
    }
    let mut slopes = vec![0.0_f64; scores.len()];
    let mut distance = 0.0;
    match pairs {
        Pairs::Largest => {
            let mut best: Option<(f64, usize, usize)> = None;
            for a in 0..sides.len() {
                for b in a + 1..sides.len() {
                    let here = between(&sides[a], &sides[b], 0.0, &mut []);
                    if best.is_none_or(|(value, _, _)| here > value) {
                        best = Some((here, a, b));
                    }
                }
            }
            if let Some((_, a, b)) = best {
                distance = between(&sides[a], &sides[b], 1.0, &mut slopes);
            }
        }
        Pairs::Weighted => {
            let weights: Vec<f64> = sides.iter().map(|side| side.iter().map(|row| row.1).sum()).collect();
            for (a, b, share) in weighted_pairs(&weights) {
                distance += share * between(&sides[a], &sides[b], share, &mut slopes);
            }
        }
        Pairs::Mean => {
            let share = 2.0 / (sides.len() * (sides.len() - 1)) as f64;
            for a in 0..sides.len() {
                for b in a + 1..sides.len() {
                    distance += share * between(&sides[a], &sides[b], share, &mut slopes);
                }
            }
        }
        Pairs::AgainstRest => {
            let share = 1.0 / sides.len() as f64;
            for a in 0..sides.len() {
                let mut rest: Side = (0..sides.len()).filter(|&b| b != a).flat_map(|b| sides[b].iter().copied()).collect();
                rest.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.2.cmp(&b.2)));
                distance += share * between(&sides[a], &rest, share, &mut slopes);
            }
        }
    }
    Some(Transport { distance, slopes: slopes.into_iter().map(|slope| slope as f32).collect() })
}

/// W1 between two sorted sides; adds `factor` times the derivatives to `slopes` (skipped when `slopes` is empty).
fn between(x: &[(f32, f64, usize)], y: &[(f32, f64, usize)], factor: f64, slopes: &mut [f64]) -> f64 {
    let (total_x, total_y) = (x.iter().map(|row| row.1).sum::<f64>(), y.iter().map(|row| row.1).sum::<f64>());
    let (mut i, mut j) = (0, 0);
    let (mut left_x, mut left_y) = (x[0].1 / total_x, y[0].1 / total_y);
    let mut distance = 0.0;
    loop {
        let gap = f64::from(x[i].0) - f64::from(y[j].0);
        let piece = left_x.min(left_y);
        distance += piece * gap.abs();
        if !slopes.is_empty() && gap != 0.0 {
            slopes[x[i].2] += factor * piece * gap.signum();
            slopes[y[j].2] -= factor * piece * gap.signum();
        }
        left_x -= piece;
        left_y -= piece;
        // Rounding may leave a crumb of the last rows: the end is reached by index, never by weight.
        if left_x <= left_y {
            i += 1;
            if i == x.len() {
                break;
            }
            left_x = x[i].1 / total_x;
        } else {
            j += 1;
            if j == y.len() {
                break;
            }
            left_y = y[j].1 / total_y;
        }
    }
    distance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unequal_sizes_by_hand() {
        // W1 = (|.2-.3| + |.4-.3| + |.9-.3|) / 3 = .8/3; slopes -1/3, 1/3, 1/3 and for y: -(-1+1+1)/3 = -1/3.
        let found = between_groups(&[0.2, 0.4, 0.9, 0.3], &[0, 0, 0, 1], &[1.0; 4], Pairs::Largest, 1).unwrap();
        assert!((found.distance - 0.8 / 3.0).abs() < 1e-7);
        for (slope, expected) in found.slopes.iter().zip([-1.0, 1.0, 1.0, -1.0]) {
            assert!((slope - expected / 3.0).abs() < 1e-7);
        }
    }

    #[test]
    fn weights_count_as_repeated_rows() {
        let weighted = between_groups(&[0.1, 0.6, 0.4], &[0, 0, 1], &[2.0, 1.0, 5.0], Pairs::Mean, 1).unwrap();
        let repeated = between_groups(&[0.1, 0.1, 0.6, 0.4], &[0, 0, 0, 1], &[1.0; 4], Pairs::Mean, 1).unwrap();
        assert!((weighted.distance - repeated.distance).abs() < 1e-9);
        assert!((weighted.distance - (0.3 * 2.0 + 0.2) / 3.0).abs() < 1e-7);
    }

    #[test]
    fn three_groups_by_each_summary() {
        // Points .1, .2, .6: pairs .1, .5, .4; against the rest: .1 vs {.2,.6} .3, .2 vs {.1,.6} .25, .6 vs {.1,.2} .45.
        let distance = |pairs| between_groups(&[0.1, 0.2, 0.6], &[0, 1, 2], &[1.0; 3], pairs, 1).unwrap().distance;
        assert!((distance(Pairs::Largest) - 0.5).abs() < 1e-7);
        assert!((distance(Pairs::Weighted) - 1.0 / 3.0).abs() < 1e-7);
        // Weights 4, 4, 1: pairs of 2, .8 and .8.
        let sized = between_groups(&[0.1, 0.2, 0.6], &[0, 1, 2], &[4.0, 4.0, 1.0], Pairs::Weighted, 1).unwrap().distance;
        assert!((sized - (2.0 * 0.1 + 0.8 * 0.5 + 0.8 * 0.4) / 3.6).abs() < 1e-7);
        assert!((distance(Pairs::Mean) - 1.0 / 3.0).abs() < 1e-7);
        assert!((distance(Pairs::AgainstRest) - 1.0 / 3.0).abs() < 1e-7);
    }

    #[test]
    fn an_absent_unknown_or_too_small_group_gives_none() {
        assert_eq!(between_groups(&[0.1, 0.2], &[1, 1], &[1.0; 2], Pairs::Largest, 1), None);
        assert_eq!(between_groups(&[0.1, 0.2], &[0, UNKNOWN], &[1.0; 2], Pairs::Largest, 1), None);
        assert_eq!(between_groups(&[0.1, 0.2, 0.3], &[0, 0, 1], &[1.0; 3], Pairs::Largest, 2), None);
        assert_eq!(between_groups(&[0.1, 0.2], &[0, 1], &[1.0, 0.0], Pairs::Largest, 1), None);
        assert_eq!(between_groups(&[], &[], &[], Pairs::Largest, 1), None);
    }

    #[test]
    fn the_weighted_sum_of_scores_is_the_distance() {
        let scores: Vec<f32> = (0..50).map(|row| ((row * 37 % 50) as f32 / 50.0).powi(2)).collect();
        let groups: Vec<u32> = (0..50).map(|row| u32::from(row % 3 == 0)).collect();
        let found = between_groups(&scores, &groups, &[1.0; 50], Pairs::Largest, 1).unwrap();
        let sum: f64 = scores.iter().zip(&found.slopes).map(|(s, c)| f64::from(*s) * f64::from(*c)).sum();
        assert!((sum - found.distance).abs() < 1e-6);
    }
}
