//! Intervals of the largest of several distances, each of which is the norm of a signed difference.
//!
//! ```text
//! T = max over pairs p of |theta_p|,    t = its estimate,    e_p = error of pair p
//! lower end: max_p (|t_p| - c s_p),     c: quantile of max_p x_p / s_p,   x_p >= |t_p| - |theta_p| a bound of the error, s_p its scale
//! upper end: max_p (|t_p| + q_p),       q_p: quantile of the error of a linear functional that is at least |theta_p| - |t_p|
//! ```
//!
//! A percentile interval of resampled norms lies beside the truth near 0: what cannot be negative has the sampling error twice. These ends hold wherever theta lies.
//!
//! - **Upwards** an estimate is off by the norm of its error at most (triangle inequality), by less where the signs of theta are known ([`crate::gaps`] says how it
//!   finds them). Any pair may be the one that came out too large, so that the bound holds for all pairs together; errors are scaled pair by pair, lest one
//!   small group widen the interval of all.
//! - **Downwards** there is one functional to think of, however many pairs there are: that which attains T. With phi the signs of theta and p the largest pair,
//!   T = phi(theta_p) = phi(t_p) - phi(e_p) <= t - phi(e_p).
//!
//! **Pairs that cannot be the largest** widen the bound for nothing: those that lie surely below another one are left out. Surely is meant at the whole error of the
//! interval, of which a tenth is kept back for what leaving out costs: it does harm only where the pair that is the largest came out far below another one, and there
//! the other one's ends are high, too. The ends share the rest. Where T is so small that no upper end can miss it, all of the error is the lower end's.
//!
//! Source: the bounds are elementary; leaving out what cannot bind follows Andrews and Soares 2010, "Inference for parameters defined by moment inequalities using
//! generalized moment selection", and Romano, Shaikh and Wolf 2014, "A practical two-step method for testing moment inequalities". `docs/results/coverage.md` has
//! what was measured.

use statrs::function::erf::erfc_inv;

use crate::resample;

/// Share of the error that is kept back for leaving out pairs which cannot be the largest.
const FIRST_STEP: f64 = 0.1;

/// Two ends; the lower one may be below 0.
pub(crate) type Ends = (f64, f64);

/// Share of the rest that the lower end has where several numbers may be the largest: it has to hold for all of them, the upper one for one.
const LOWER: f64 = 0.65;

/// The shares of the error: of the selection, of the lower end, of the upper end.
fn shares(level: f64, alone: bool) -> (f64, f64, f64) {
    let error = 1.0 - level;
    if alone {
        return (0.0, error / 2.0, error / 2.0);
    }
    let first = error * FIRST_STEP;
    (first, (error - first) * LOWER, (error - first) * (1.0 - LOWER))
}

/// The shares of both ends once so many are left.
fn ends_of(level: f64, kept: usize, alone: bool) -> (f64, f64) {
    let (first, lower, upper) = shares(level, alone);
    let half = (1.0 - level - first) / 2.0;
    if kept < 2 { (half, half) } else { (lower, upper) }
}

/// What resampling says of several norms.
pub(crate) struct Norms<'a, U: Fn(usize, f64) -> f64> {
    /// The norms as observed; NaN where there is none.
    pub(crate) observed: &'a [f64],
    /// Replicate after replicate the bound of each one's error upwards; NaN where there is none.
    pub(crate) errors: &'a [f32],
    /// How much larger than observed a norm may be, with this error on its side.
    pub(crate) above: U,
}

impl<U: Fn(usize, f64) -> f64> Norms<'_, U> {
    /// The interval of the largest; `None` without replicates.
    pub(crate) fn interval(&self, level: f64) -> Option<Ends> {
        let pairs = self.observed.len();
        if pairs == 0 || self.errors.len() < 2 * pairs {
            return None;
        }
        let scales = scales(self.errors, pairs);
        let quantile = |kept: &[usize], outside: f64| {
            let largest = self.errors.chunks_exact(pairs).map(|errors| {
                let scaled = kept.iter().filter(|&&pair| scales[pair] > 0.0 && !errors[pair].is_nan());
                scaled.map(|&pair| errors[pair] / scales[pair] as f32).fold(f32::NEG_INFINITY, f32::max)
            });
            known(largest).map(|mut largest| resample::quantile(&mut largest, 1.0 - outside))
        };
        let above = |kept: &[usize], outside: f64| kept.iter().map(|&pair| (self.above)(pair, outside)).collect();
        two_steps(self.observed, &scales, level, quantile, above)
    }
}

/// The interval of the largest size of several numbers with a sign, of which resampling gives the errors with their sign.
pub(crate) fn of_signed(observed: &[f64], errors: &[f32], level: f64) -> Option<Ends> {
    let sized = |number: usize, outside: f64| {
        let mut sizes = known(errors.iter().skip(number).step_by(observed.len()).map(|error| error.abs()))?;
        Some(resample::quantile(&mut sizes, 1.0 - outside))
    };
    if let [only] = observed {
        let off = sized(0, 1.0 - level)?;
        return only.is_finite().then(|| (only.abs() - off, only.abs() + off));
    }
    let both: Vec<f64> = observed.iter().flat_map(|number| [*number, -number]).collect();
    let turned: Vec<f32> = errors.iter().flat_map(|error| [*error, -error]).collect();
    Norms { observed: &both, errors: &turned, above: |number, outside| sized(number / 2, 2.0 * outside).unwrap_or(f64::NAN) }
        .interval(level)
}

/// The same where the pairs are too many: `errors` holds the norm of each group's own error, and a pair is off by the sum of both at most. `above` is how much
/// higher each group alone may lie; those of two are independent, and their squares add up.
pub(crate) fn of_groups(groups: usize, observed: &[f64], errors: &[f32], above: impl Fn(usize, f64) -> f64, level: f64) -> Option<Ends> {
    if groups < 2 || errors.len() < 2 * groups {
        return None;
    }
    let scales = scales(errors, groups);
    let pairs: Vec<(usize, usize)> = (0..groups).flat_map(|a| (a + 1..groups).map(move |b| (a, b))).collect();
    let widths: Vec<f64> = pairs.iter().map(|&(a, b)| scales[a] + scales[b]).collect();
    let quantile = |kept: &[usize], outside: f64| {
        let mut taken = vec![false; groups];
        for &pair in kept {
            (taken[pairs[pair].0], taken[pairs[pair].1]) = (true, true);
        }
        let largest = errors.chunks_exact(groups).map(|errors| {
            let scaled = (0..groups).filter(|&group| taken[group] && scales[group] > 0.0 && !errors[group].is_nan());
            scaled.map(|group| errors[group] / scales[group] as f32).fold(f32::NEG_INFINITY, f32::max)
        });
        known(largest).map(|mut largest| resample::quantile(&mut largest, 1.0 - outside))
    };
    let above = |kept: &[usize], outside: f64| {
        let each: Vec<f64> = (0..groups).map(|group| above(group, outside)).collect();
        kept.iter().map(|&pair| each[pairs[pair].0].hypot(each[pairs[pair].1])).collect()
    };
    two_steps(observed, &widths, level, quantile, above)
}

/// Root mean square of each column over the rows in which it is known; 0 where it is known in none.
fn scales(errors: &[f32], columns: usize) -> Vec<f64> {
    let mut sums = vec![(0.0, 0_usize); columns];
    for row in errors.chunks_exact(columns) {
        for (sum, error) in sums.iter_mut().zip(row).filter(|(_, error)| !error.is_nan()) {
            *sum = (sum.0 + f64::from(*error) * f64::from(*error), sum.1 + 1);
        }
    }
    sums.into_iter().map(|(sum, count)| if count == 0 { 0.0 } else { (sum / count as f64).sqrt() }).collect()
}

fn known(values: impl Iterator<Item = f32>) -> Option<Vec<f64>> {
    // Of nothing but numbers that never vary nothing is off.
    let known: Vec<f64> =
        values.filter(|value| !value.is_nan()).map(|value| if value.is_finite() { f64::from(value) } else { 0.0 }).collect();
    (known.len() > 1).then_some(known)
}

fn two_steps(
    observed: &[f64],
    scales: &[f64],
    level: f64,
    quantile: impl Fn(&[usize], f64) -> Option<f64>,
    above: impl Fn(&[usize], f64) -> Vec<f64>,
) -> Option<Ends> {
    let mut kept: Vec<usize> = (0..observed.len()).filter(|&pair| observed[pair].is_finite()).collect();
    let alone = kept.len() < 2;
    if kept.is_empty() {
        return None;
    }
    if !alone {
        let wide = quantile(&kept, 1.0 - level)?;
        let floor = kept.iter().map(|&pair| observed[pair] - wide * scales[pair]).fold(f64::NEG_INFINITY, f64::max);
        kept.retain(|&pair| observed[pair] + wide * scales[pair] >= floor);
    }
    let lower = |outside: f64| {
        let narrow = quantile(&kept, outside)?;
        Some(kept.iter().map(|&pair| observed[pair] - narrow * scales[pair]).fold(f64::NEG_INFINITY, f64::max))
    };
    let (below, beyond) = ends_of(level, kept.len(), alone);
    let above = above(&kept, beyond);
    let upper = kept.iter().zip(&above).map(|(&pair, above)| observed[pair] + above).fold(f64::NEG_INFINITY, f64::max);
    let never_missed = above.into_iter().fold(f64::INFINITY, f64::min);
    if !upper.is_finite() {
        return None;
    }
    Some((lower_end(lower(below)?, lower(below + beyond)?, never_missed), upper))
}

/// The lower end: below what no upper end can miss the lower one has all of the error.
fn lower_end(half: f64, all: f64, never_missed: f64) -> f64 {
    if half < never_missed { all.min(never_missed).max(half) } else { half }
}

/// A number with the sign with which it may be the largest.
pub(crate) type Candidate<'t, T> = (&'t T, f64);

/// Numbers whose own one-sided limits are known at any z, so that no resampling is needed.
pub(crate) trait Limits {
    /// What has a number.
    type Test;

    /// Both ends of a number with its sign.
    fn limits(&self, test: &Self::Test, z: f64) -> Ends;

    /// The largest scaled error of several, draw after draw, each with its sign. Without it their z is Sidak's, which is a little too small
    /// where both signs of a number are left: of one such number .0506 lie beyond it instead of .05.
    fn joint(&self, kept: &[Candidate<'_, Self::Test>]) -> Option<Vec<f64>>;

    /// Whether one is surely larger than the other at z. Two that share a group differ by less than their own errors say.
    fn ahead(&self, one: Candidate<'_, Self::Test>, other: Candidate<'_, Self::Test>, z: f64) -> bool {
        turned(self.limits(one.0, z), one.1).0 > turned(self.limits(other.0, z), other.1).1
    }
}

/// The interval of the largest size of several such numbers.
pub(crate) fn from_limits<L: Limits>(tests: &[L::Test], level: f64, family: &L) -> Option<Ends> {
    match tests {
        [] => None,
        [only] => {
            let (low, high) = family.limits(only, one_sided(1, (1.0 - level) / 2.0));
            Some((low.max(-high).max(0.0), high.max(-low)))
        }
        _ => {
            let kept = not_below(tests, level, family);
            // Of each number the end on the side of its sign; both signs where either is possible.
            let ends = |z: f64, of: fn(Ends) -> f64| kept.iter().map(move |(test, sign)| of(turned(family.limits(test, z), *sign)));
            let (below, beyond) = ends_of(level, kept.len(), false);
            let alone = one_sided(1, beyond);
            let upper = ends(alone, |ends| ends.1).fold(f64::NEG_INFINITY, f64::max);
            let never_missed =
                ends(alone, |ends| ends.1).zip(ends(0.0, |ends| ends.0)).map(|(high, middle)| high - middle).fold(f64::INFINITY, f64::min);
            let mut drawn = if kept.len() > 1 { family.joint(&kept) } else { None };
            let mut lower = |outside: f64| {
                let z = drawn.as_mut().map_or_else(|| one_sided(kept.len(), outside), |drawn| resample::quantile(drawn, 1.0 - outside));
                ends(z, |ends| ends.0).fold(f64::NEG_INFINITY, f64::max)
            };
            Some((lower_end(lower(below), lower(below + beyond), never_missed).max(0.0), upper))
        }
    }
}

fn turned((low, high): Ends, sign: f64) -> Ends {
    if sign < 0.0 { (-high, -low) } else { (low, high) }
}

/// The numbers that may be the largest, each with the sign with which it may be: those that are not surely below the one which came out largest, at the
/// interval's level. Any of them may have come out largest, so that z holds for all.
pub(crate) fn not_below<'t, L: Limits>(tests: &'t [L::Test], level: f64, family: &L) -> Vec<Candidate<'t, L::Test>> {
    let mut kept: Vec<Candidate<'t, L::Test>> = tests.iter().flat_map(|test| [(test, 1.0), (test, -1.0)]).collect();
    let wide = one_sided(kept.len() - 1, 1.0 - level);
    let middle = |(test, sign): &Candidate<'t, L::Test>| turned(family.limits(test, 0.0), *sign).0;
    let Some(&first) = kept.iter().max_by(|one, other| middle(one).total_cmp(&middle(other))) else { return kept };
    kept.retain(|&other| !family.ahead(first, other, wide));
    kept
}

/// The error that each end of the second step has.
pub(crate) fn second_step(level: f64) -> f64 {
    ends_of(level, 1, false).0
}

/// The z beyond which any of so many normal numbers lies with this chance.
pub(crate) fn one_sided(count: usize, outside: f64) -> f64 {
    // 1 - (1 - outside)^(1 / count), without losing the digits of a small number.
    let each = -((-outside).ln_1p() / count.max(1) as f64).exp_m1();
    std::f64::consts::SQRT_2 * erfc_inv(2.0 * each)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Errors of one pair: -50 to 50 thousandths.
    fn errors() -> Vec<f32> {
        (-500..=500).map(|step| step as f32 / 10_000.0).collect()
    }

    #[test]
    fn one_pair_has_the_quantiles_of_its_errors() {
        let errors = errors();
        let interval = |observed: f64| Norms { observed: &[observed], errors: &errors, above: |_, _| 0.04 }.interval(0.9).unwrap();
        let (low, high) = interval(0.2);
        assert!((low - 0.155).abs() < 1e-6 && (high - 0.24).abs() < 1e-12, "{low} {high}");
        // Below .04 no upper end misses: the lower one is the 90 % quantile, up to there.
        assert!((interval(0.07).0 - 0.03).abs() < 1e-6 && (interval(0.084).0 - 0.04).abs() < 1e-6);
        assert!(Norms { observed: &[f64::NAN], errors: &errors, above: |_, _| 0.1 }.interval(0.9).is_none());
        assert!(Norms { observed: &[], errors: &[], above: |_, _| 0.1 }.interval(0.9).is_none());
    }

    #[test]
    fn a_pair_that_cannot_be_the_largest_widens_nothing() {
        let (alone, both) = (errors(), errors().into_iter().flat_map(|error| [error, -3.0 * error]).collect::<Vec<f32>>());
        let above = |_: usize, _: f64| 0.04;
        let one = Norms { observed: &[0.9], errors: &alone, above }.interval(0.95).unwrap();
        let two = Norms { observed: &[0.9, 0.1], errors: &both, above }.interval(0.95).unwrap();
        assert!((one.0 - two.0).abs() < 0.001 && one.1 == two.1, "{one:?} {two:?}");
    }

    #[test]
    fn several_normal_numbers_need_a_larger_z() {
        assert!((one_sided(1, 0.025) - 1.959_963_984_540_054).abs() < 1e-9);
        // P(no one of 12 beyond z) = .95.
        assert!((one_sided(12, 0.05) - 2.631).abs() < 1e-3);
    }

    /// Numbers, each with an error of a hundredth.
    struct Hundredths;

    impl Limits for Hundredths {
        type Test = f64;

        fn limits(&self, number: &f64, z: f64) -> Ends {
            (number - 0.01 * z, number + 0.01 * z)
        }

        fn joint(&self, _: &[Candidate<'_, f64>]) -> Option<Vec<f64>> {
            None
        }
    }

    #[test]
    fn the_largest_of_numbers_with_limits_is_that_of_the_one_which_is_far_ahead() {
        let far = from_limits(&[-0.9, 0.1, 0.2], 0.95, &Hundredths).unwrap();
        // One number with one sign is left; a tenth of the error went to finding it.
        let z = one_sided(1, 0.0225);
        assert!((far.0 - (0.9 - 0.01 * z)).abs() < 1e-9 && (far.1 - (0.9 + 0.01 * z)).abs() < 1e-9, "{far:?}");
        let alone = from_limits(&[-0.9], 0.95, &Hundredths).unwrap();
        assert!((alone.0 - (0.9 - 0.0196)).abs() < 1e-5 && (alone.1 - (0.9 + 0.0196)).abs() < 1e-5);
        assert_eq!(from_limits(&[0.001, 0.0, -0.001], 0.95, &Hundredths).unwrap().0, 0.0);
    }
}
