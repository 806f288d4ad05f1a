//! Distances between groups along the ranks of their scores among everybody, with a gradient for the scores.
//!
//! ```text
//! r(i)    = share of the rows below i, and half of those level with it          rows of known group, with their weights p (sum 1)
//! D       = W1 between the groups' ranks = sum over i of c(i) r(i)              c = dW1/dr, see `transport`
//! dD/dz(k) = c(k) f(z(k)) - p(k) sum over i of c(i) K(z(i) - z(k))              f(z) = sum over j of p(j) K(z - z(j))
//! K(u)    = 3/4 (1 - u^2 / h^2) / h for |u| < h, else 0                         h = 2.34 sd(z) n^(-1/5)
//! ```
//!
//! The value is exact. Ranks are steps, so their gradient is that of ranks whose steps are smoothed by the kernel of Epanechnikov, with Silverman's width
//! for it: a row that moves up passes as many others as lie near, and each of those falls by one place. D does not change when all scores
//! are stretched, and neither does the sum of z dD/dz, which is 0: nothing is gained by shrinking. Cost n log n, by moments of the sorted rows. z: logit; ranks of scores are ranks of logits.
//!
//! Source: Wasserstein distances as in Kim et al. 2023, on ranks; Epanechnikov 1969; Silverman 1986, "Density estimation", section 3.4.

use evenhand_rows::UNKNOWN;

use crate::transport::{Pairs, Transport, between_groups};

/// W1 between the groups' ranks, with its derivative for every logit; `None` as for [`between_groups`].
pub(crate) fn between_ranks(logits: &[f32], groups: &[u32], weights: &[f32], pairs: Pairs, smallest: usize) -> Option<Transport> {
    let ranked = Ranked::new(logits, groups, weights)?;
    let found = between_groups(&ranked.ranks, groups, weights, pairs, smallest)?;
    let slopes = ranked.slopes(&found.slopes);
    Some(Transport { distance: found.distance, slopes })
}

/// The distance alone.
pub(crate) fn distance(logits: &[f32], groups: &[u32], weights: &[f32], pairs: Pairs, smallest: usize) -> Option<f64> {
    let ranked = Ranked::new(logits, groups, weights)?;
    between_groups(&ranked.ranks, groups, weights, pairs, smallest).map(|found| found.distance)
}

/// The rows that take part, in ascending order of their logits.
struct Ranked {
    /// Rank of every row; 0 for those that take no part.
    ranks: Vec<f32>,
    /// Row, logit less the mean, and share of the weight.
    ascending: Vec<(usize, f64, f64)>,
    /// Half the width of the kernel; 0 where all logits agree.
    width: f64,
}

impl Ranked {
    fn new(logits: &[f32], groups: &[u32], weights: &[f32]) -> Option<Self> {
        let mut order: Vec<usize> = (0..logits.len()).filter(|&row| groups[row] != UNKNOWN && weights[row] > 0.0).collect();
        order.sort_unstable_by(|&a, &b| logits[a].total_cmp(&logits[b]).then(a.cmp(&b)));
        let total: f64 = order.iter().map(|&row| f64::from(weights[row])).sum();
        if order.is_empty() {
            return None;
        }
        let share = |row: usize| f64::from(weights[row]) / total;
        let mean: f64 = order.iter().map(|&row| share(row) * f64::from(logits[row])).sum();
        let ascending: Vec<(usize, f64, f64)> = order.iter().map(|&row| (row, f64::from(logits[row]) - mean, share(row))).collect();
        let variance: f64 = ascending.iter().map(|(_, place, share)| share * place * place).sum();
        let width = 2.34 * variance.sqrt() * (ascending.len() as f64).powf(-0.2);
        let mut ranks = vec![0.0; logits.len()];
        let (mut start, mut below) = (0, 0.0);
        while start < order.len() {
            // A logit that is no number is level with itself.
            let level = order[start..].iter().take_while(|&&row| logits[row] == logits[order[start]]).count().max(1);
            let tied: f64 = order[start..start + level].iter().map(|&row| share(row)).sum();
            for &row in &order[start..start + level] {
                ranks[row] = (below + tied / 2.0) as f32;
            }
            below += tied;
            start += level;
        }
        Some(Ranked { ranks, ascending, width })
    }

    /// The derivative by the logits of `sum of pulls x ranks`.
    fn slopes(&self, pulls: &[f32]) -> Vec<f32> {
        let mut slopes = vec![0.0; pulls.len()];
        if self.width.is_nan() {
            return vec![f32::NAN; pulls.len()];
        }
        if self.width <= 0.0 {
            return slopes;
        }
        let near = self.kernel_sums(|_, share| share);
        let pulled = self.kernel_sums(|row, _| f64::from(pulls[row]));
        for ((&(row, _, share), near), pulled) in self.ascending.iter().zip(near).zip(pulled) {
            slopes[row] = (f64::from(pulls[row]) * near - share * pulled) as f32;
        }
        slopes
    }

    /// `sum over j of a(j) K(z(i) - z(j))` for every row i, in ascending order.
    fn kernel_sums(&self, amount: impl Fn(usize, f64) -> f64) -> Vec<f64> {
        // Running sums of a, a z and a z^2 before each place.
        let mut sums = vec![[0.0; 3]];
        for &(row, place, share) in &self.ascending {
            let [zero, one, two] = sums[sums.len() - 1];
            let amount = amount(row, share);
            sums.push([zero + amount, one + amount * place, two + amount * place * place]);
        }
        let (mut first, mut end) = (0, 0);
        let at = |&(_, place, _): &(usize, f64, f64)| {
            while self.ascending[first].1 <= place - self.width {
                first += 1;
            }
            while end < self.ascending.len() && self.ascending[end].1 < place + self.width {
                end += 1;
            }
            let [zero, one, two]: [f64; 3] = std::array::from_fn(|power| sums[end][power] - sums[first][power]);
            let squares = place * place * zero - 2.0 * place * one + two;
            0.75 / self.width * (zero - squares / (self.width * self.width))
        };
        self.ascending.iter().map(at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUPS: [u32; 9] = [0, 1, 0, 1, 1, 0, UNKNOWN, 1, 0];
    const WEIGHTS: [f32; 9] = [1.0, 2.0, 1.0, 0.5, 1.0, 1.0, 1.0, 1.5, 1.0];
    const LOGITS: [f32; 9] = [-1.5, 0.3, 0.9, 1.4, -0.2, -0.7, 5.0, 2.1, 0.5];

    #[test]
    fn four_rows_by_hand_and_ties_share_the_middle() {
        let distance = |logits: &[f32]| distance(logits, &[0, 0, 1, 1], &[1.0; 4], Pairs::Largest, 1).unwrap();
        assert!((distance(&[2.0, 3.0, -1.0, 0.0]) - 0.5).abs() < 1e-7);
        assert!((distance(&[0.0, 2.0, 1.0, 3.0]) - 0.25).abs() < 1e-7);
        assert_eq!(distance(&[0.4; 4]), 0.0);
        assert!((distance(&[0.0, 1.0, 1.0, 2.0]) - 0.375).abs() < 1e-7);
    }

    #[test]
    fn a_logit_that_is_no_number_ends_nothing() {
        let found = between_ranks(&[f32::NAN, 0.0, 1.0, f32::INFINITY], &[0, 1, 0, 1], &[1.0; 4], Pairs::Largest, 1).unwrap();
        assert!(found.slopes.iter().any(|slope| slope.is_nan()), "the trainer sees that it diverged: {found:?}");
    }

    #[test]
    fn stretching_changes_nothing_and_shrinking_gains_nothing() {
        let found = between_ranks(&LOGITS, &GROUPS, &WEIGHTS, Pairs::Largest, 1).unwrap();
        let stretched: Vec<f32> = LOGITS.iter().map(|logit| 10.0 * logit).collect();
        let again = between_ranks(&stretched, &GROUPS, &WEIGHTS, Pairs::Largest, 1).unwrap();
        assert_eq!(found.distance, again.distance);
        for (one, other) in found.slopes.iter().zip(&again.slopes) {
            assert!((one - 10.0 * other).abs() < 1e-5, "{one} {other}");
        }
        let sum = |of: &dyn Fn(usize) -> f64| (0..9).map(|row| of(row) * f64::from(found.slopes[row])).sum::<f64>();
        assert!(sum(&|_| 1.0).abs() < 1e-6, "moving all by as much changes nothing");
        assert_eq!(found.slopes[6], 0.0, "nobody of unknown group takes part");
        assert_eq!(between_ranks(&[0.5; 9], &GROUPS, &WEIGHTS, Pairs::Largest, 1).unwrap().slopes, [0.0; 9]);
    }

    #[test]
    fn slopes_are_differences_of_smoothed_ranks() {
        let pulls: Vec<f32> = (0..9).map(|row| if row == 6 { 0.0 } else { (row as f32 - 4.0) / 7.0 }).collect();
        let ranked = Ranked::new(&LOGITS, &GROUPS, &WEIGHTS).unwrap();
        let slopes = ranked.slopes(&pulls);
        let total: f64 = WEIGHTS.iter().enumerate().filter(|(row, _)| *row != 6).map(|(_, weight)| f64::from(*weight)).sum();
        // The kernel's integral from -1 to u; its width stays as it is for the rows that were drawn.
        let step = |u: f64| {
            if u >= 1.0 {
                1.0
            } else if u <= -1.0 {
                0.0
            } else {
                0.5 + 0.75 * (u - u.powi(3) / 3.0)
            }
        };
        let smooth = |logits: &[f64]| {
            let known = || (0..9).filter(|row| *row != 6);
            let rank =
                |i: usize| known().map(|j| f64::from(WEIGHTS[j]) / total * step((logits[i] - logits[j]) / ranked.width)).sum::<f64>();
            known().map(|i| f64::from(pulls[i]) * rank(i)).sum::<f64>()
        };
        let logits: Vec<f64> = LOGITS.iter().map(|logit| f64::from(*logit)).collect();
        for row in 0..9 {
            let moved = |by: f64| {
                let mut logits = logits.clone();
                logits[row] += by;
                smooth(&logits)
            };
            let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((f64::from(slopes[row]) - expected).abs() < 1e-5, "row {row}: {} {expected}", slopes[row]);
        }
    }
}
