//! How intervals and p-values are made: the plan, the random streams, the percentiles.

use evenhand_catalog::limits::{PERMUTATIONS, REPLICATES};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Estimate, Interval, MetricError};

/// Which intervals and p-values to add to findings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IntervalPlan {
    /// Coverage aimed at.
    pub level: f64,
    /// Replicates of every resampling; 0 for no intervals.
    pub replicates: usize,
    /// Seed; replicate r draws from stream r of it, whatever the number of threads.
    pub seed: u64,
    /// Permutations for p-values; 0 for none.
    pub permutations: usize,
}

impl Default for IntervalPlan {
    fn default() -> Self {
        IntervalPlan { level: 0.95, replicates: 1000, seed: 0, permutations: 0 }
    }
}

impl IntervalPlan {
    /// Refuses a level outside (0, 1), and more replicates or permutations than anybody needs.
    pub fn check(&self) -> Result<(), MetricError> {
        REPLICATES.check(self.replicates as u64)?;
        PERMUTATIONS.check(self.permutations as u64)?;
        if self.level > 0.0 && self.level < 1.0 {
            Ok(())
        } else {
            Err(MetricError::BadPlan { name: "level", value: self.level, expected: "above 0 and below 1, for example 0.95" })
        }
    }
}

/// What a stream of random numbers is for; replicates of different purposes never share numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Bootstrap = 0,
    Permutation = 1,
}

/// Runs `draw` for every replicate on its own random stream; results stand in the order of the replicates.
pub(crate) fn replicate<T: Send>(count: usize, seed: u64, purpose: Purpose, draw: impl Fn(&mut ChaCha8Rng) -> T + Sync) -> Vec<T> {
    (0..count)
        .into_par_iter()
        .with_min_len(16)
        .map(|index| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(2 * index as u64 + purpose as u64);
            draw(&mut rng)
        })
        .collect()
}

/// Fills `width` numbers for every replicate, each on its own random stream; `least` replicates or more are one task.
pub(crate) fn fill<T: Copy + Default + Send>(
    width: usize,
    count: usize,
    (seed, purpose): (u64, Purpose),
    least: usize,
    draw: impl Fn(&mut ChaCha8Rng, &mut [T]) + Sync,
) -> Vec<T> {
    let mut filled = vec![T::default(); width * count];
    filled.par_chunks_exact_mut(width).enumerate().with_min_len(least).for_each(|(index, filled)| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(2 * index as u64 + purpose as u64);
        draw(&mut rng, filled);
    });
    filled
}

/// Percentile interval of the replicates in which the number is defined (linear interpolation between order statistics).
/// `None` when it is defined in fewer than two.
pub(crate) fn interval(mut values: Vec<f64>, level: f64, method: &str) -> Option<Interval> {
    if values.len() < 2 {
        return None;
    }
    let tail = (1.0 - level) / 2.0;
    let [low, high] = [tail, 1.0 - tail].map(|q| quantile(&mut values, q));
    Some(Interval { low, high, level, method: method.to_owned(), replicates: values.len() })
}

/// Quantile of numbers: position q (n - 1) of their order, linear in between. Leaves them in another order.
pub(crate) fn quantile(values: &mut [f64], q: f64) -> f64 {
    let position = q * (values.len() - 1) as f64;
    let below = position.floor() as usize;
    let (_, lower, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let upper = above.iter().copied().min_by(f64::total_cmp).unwrap_or(*lower);
    *lower + (position - below as f64) * (upper - *lower)
}

/// The estimate with this interval; an undefined one stays as it is.
pub(crate) fn with_interval(estimate: Estimate, interval: Option<Interval>) -> Estimate {
    match estimate {
        Estimate::Value { value, .. } => Estimate::Value { value, interval },
        undefined @ Estimate::Undefined { .. } => undefined,
    }
}

/// A disparity less what chance adds to it: the squares of a difference and of its error add up, in the mean.
pub(crate) fn less_chance(value: f64, by_lot: f64) -> f64 {
    (value * value - by_lot * by_lot).max(0.0).sqrt()
}

/// Permutation p-value: the share of permutations at least as extreme, the observed one counted among them. It is never 0.
pub(crate) fn p_value(as_extreme: usize, permutations: usize) -> f64 {
    (as_extreme + 1) as f64 / (permutations + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        let mut values = [3.0, 1.0, 4.0, 0.0, 2.0];
        assert_eq!(quantile(&mut values, 0.5), 2.0);
        assert_eq!(quantile(&mut values, 0.1), 0.4);
        assert_eq!(quantile(&mut values, 1.0), 4.0);
    }

    #[test]
    fn a_p_value_counts_the_observed_order_itself() {
        // LinkedIn's LiFT divides count by trials and can print 0.
        assert_eq!(p_value(0, 99), 0.01);
    }
}
