//! The power of the two-sided pooled z test of two rates, and the smallest gap that a test of so many candidates finds.
//!
//! ```text
//! power(p1, p2) = sum over x1, x2 of B(x1; n1, p1) B(x2; n2, p2) [p-value of (x1 of n1, x2 of n2) <= level]
//! ```
//!
//! B is the binomial probability. The sum is exact, but for probabilities below 1e-18 of the largest, as long as the variance n p (1 - p) of one group
//! is at most 200; the other group's distribution is taken as normal where its variance is above 1e7. Where both variances are above 200 the
//! usual normal approximation is used:
//!
//! ```text
//! power = P(Z >= (z s0 - d) / s1) + P(Z >= (z s0 + d) / s1),   d = |p1 - p2|
//! s0^2 = r (1 - r) (1/n1 + 1/n2),   s1^2 = p1 (1 - p1)/n1 + p2 (1 - p2)/n2,   r = (n1 p1 + n2 p2)/(n1 + n2)
//! ```
//!
//! Over rates from .1 to .9 that approximation is off by up to .036 for 20 and 100 candidates, .016 for 30 and 30, .024 for 30 and 300, .009 for 200 and
//! 200, .0017 for 1,000 and 1,000 and .0001 for 200,000 and 200,000, which is why smaller groups are summed. Public calculators use it throughout.
//!
//! For fixed x1 the p-value falls as x2 moves away from equal rates on either side, so that the x2 which reject are two ends: with
//! D = x2 n1 - x1 n2 > 0 and K = x1 + x2 of N selected, the statistic is D^2 / (K (N - K)) times a constant, and grows with x2 as
//! D (N - 2K) <= n1 K (N - K) < 2 n1 K (N - K); the other end is its mirror image.
//!
//! A power says what a test would find before rows are seen; it is no property of the gap that was found. Range [0, 1]. Undefined where a group is
//! empty or a rate, level or power is no probability.

use super::normal::{at_most, two_sided_quantile};
use super::{Counted, Undefined};

/// Variance up to which the sum over one group's selections is exact.
const SUMMED: f64 = 200.0;
/// Variance up to which the other group's distribution is.
const TABLED: f64 = 1e7;
/// Probability, relative to the largest, below which a number of selections no longer counts.
const NEGLIGIBLE: f64 = 1e-18;
/// Accuracy of the smallest gap.
const ACCURACY: f64 = 1e-9;

/// The probability that the pooled z test of two groups of `n.0` and `n.1` candidates with rates `rates.0` and `rates.1` has a p-value of at
/// most `level`.
///
/// ```
/// use evenhand_metrics::significance::power;
///
/// // Two candidates each: only 2 of 2 against 0 of 2 is beyond 1.96 standard deviations.
/// assert!((power((2, 2), (0.5, 0.5), 0.05).unwrap() - 2.0 / 16.0).abs() < 1e-15);
/// assert!(power((100, 100), (0.3, 0.5), 0.05).unwrap() > 0.8);
/// ```
pub fn power(n: (u64, u64), rates: (f64, f64), level: f64) -> Result<f64, Undefined> {
    let z = two_sided_quantile(1.0 - level).map_err(|_| Undefined::NotAProbability { name: "level", value: level })?;
    for (group, n) in [n.0, n.1].into_iter().enumerate() {
        if n == 0 {
            return Err(Undefined::EmptyGroup { group });
        }
        if n > Counted::MOST {
            return Err(Undefined::TooLarge { n, most: Counted::MOST });
        }
    }
    if let Some(value) = [rates.0, rates.1].into_iter().find(|rate| !(0.0..=1.0).contains(rate)) {
        return Err(Undefined::NotAProbability { name: "rate", value });
    }
    let (one, other) = (Binomial { n: n.0, p: rates.0 }, Binomial { n: n.1, p: rates.1 });
    let (one, other) = if one.variance() <= other.variance() { (one, other) } else { (other, one) };
    Ok(if one.variance() <= SUMMED { summed(one, other, z) } else { approximate(one, other, z) })
}

/// The smallest gap that a test finds with at least a given power.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SmallestGap {
    /// The highest rate of the group, below that of the reference, at which the test has the power.
    pub rate: f64,
    /// How far it lies below the reference's.
    pub difference: f64,
    /// What it is of the reference's.
    pub ratio: f64,
}

/// The smallest gap below `reference_rate` that the pooled z test of `n` candidates of a group and `reference_n` of the reference finds with
/// at least `wanted` power, to 1e-9 of the rate; undefined where not even a rate of 0 has that power.
///
/// ```
/// use evenhand_metrics::significance::{power, smallest_gap};
///
/// let gap = smallest_gap(200, 300, 0.4, 0.05, 0.8).unwrap();
/// assert!(gap.difference > 0.1 && gap.difference < 0.15);
/// assert!(power((200, 300), (gap.rate, 0.4), 0.05).unwrap() >= 0.8);
/// ```
pub fn smallest_gap(n: u64, reference_n: u64, reference_rate: f64, level: f64, wanted: f64) -> Result<SmallestGap, Undefined> {
    if !(wanted > 0.0 && wanted < 1.0) {
        return Err(Undefined::NotAProbability { name: "power", value: wanted });
    }
    if reference_rate <= 0.0 {
        return Err(Undefined::NotAProbability { name: "rate of the reference", value: reference_rate });
    }
    let at = |rate: f64| power((n, reference_n), (rate, reference_rate), level);
    let largest = at(0.0)?;
    if largest < wanted {
        return Err(Undefined::TooFewCandidates { power: largest });
    }
    // The chance to reject on the group's side grows as its rate falls; the other side's is next to nothing at any power worth asking for.
    let (mut low, mut high) = (0.0, reference_rate);
    while high - low > ACCURACY {
        let middle = f64::midpoint(low, high);
        if at(middle)? >= wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(SmallestGap { rate: low, difference: reference_rate - low, ratio: low / reference_rate })
}

/// The number of selected among n candidates who are each selected with probability p.
#[derive(Clone, Copy)]
struct Binomial {
    n: u64,
    p: f64,
}

impl Binomial {
    fn variance(self) -> f64 {
        self.n as f64 * self.p * (1.0 - self.p)
    }

    /// The first number that counts and the probabilities from it on. From the mode outwards by the ratio of neighbours, then divided by their sum.
    fn probabilities(self) -> (u64, Vec<f64>) {
        let mode = (((self.n + 1) as f64 * self.p) as u64).min(self.n);
        let odds = self.p / (1.0 - self.p);
        let mut downwards = Vec::new();
        let mut weight = 1.0;
        for x in (0..mode).rev() {
            // With p = 1 the odds are infinite and nothing below n counts.
            weight *= (x + 1) as f64 / (self.n - x) as f64 / odds;
            if weight < NEGLIGIBLE {
                break;
            }
            downwards.push(weight);
        }
        let first = mode - downwards.len() as u64;
        let mut probabilities: Vec<f64> = downwards.into_iter().rev().chain([1.0]).collect();
        weight = 1.0;
        for x in mode..self.n {
            weight *= (self.n - x) as f64 / (x + 1) as f64 * odds;
            if weight < NEGLIGIBLE {
                break;
            }
            probabilities.push(weight);
        }
        let sum: f64 = probabilities.iter().sum();
        for probability in &mut probabilities {
            *probability /= sum;
        }
        (first, probabilities)
    }
}

/// P(X <= x) of the other group.
enum Cumulative {
    Table { first: u64, below: Vec<f64> },
    Normal { mean: f64, deviation: f64, first: u64, last: u64 },
}

impl Cumulative {
    fn new(binomial: Binomial) -> Self {
        if binomial.variance() <= TABLED {
            let (first, probabilities) = binomial.probabilities();
            let mut sum = 0.0;
            let summed = probabilities.into_iter().map(|probability| {
                sum += probability;
                sum
            });
            return Cumulative::Table { first, below: [0.0].into_iter().chain(summed).collect() };
        }
        let (mean, deviation) = (binomial.n as f64 * binomial.p, binomial.variance().sqrt());
        let (first, last) = ((mean - 9.0 * deviation).max(0.0) as u64, ((mean + 9.0 * deviation) as u64).min(binomial.n));
        Cumulative::Normal { mean, deviation, first, last }
    }

    /// The numbers that count, the last one left out.
    fn range(&self) -> (u64, u64) {
        match *self {
            Cumulative::Table { first, ref below } => (first, first + below.len() as u64 - 1),
            Cumulative::Normal { first, last, .. } => (first, last + 1),
        }
    }

    /// P(X < x) for x in the range or at its end.
    fn below(&self, x: u64) -> f64 {
        match *self {
            Cumulative::Table { first, ref below } => below[(x - first) as usize],
            Cumulative::Normal { mean, deviation, .. } => at_most((x as f64 - 0.5 - mean) / deviation),
        }
    }
}

fn summed(one: Binomial, other: Binomial, z: f64) -> f64 {
    let (first, probabilities) = one.probabilities();
    let cumulative = Cumulative::new(other);
    let (start, end) = cumulative.range();
    let n = (one.n + other.n) as f64;
    let scale = z * z * one.n as f64 * other.n as f64 / n;
    let rejects = |x1: u64, x2: u64| {
        let difference = (i128::from(x1) * i128::from(other.n) - i128::from(x2) * i128::from(one.n)) as f64;
        let selected = (x1 + x2) as f64;
        difference != 0.0 && difference * difference >= scale * selected * (n - selected)
    };
    let mut power = 0.0;
    for (step, probability) in probabilities.into_iter().enumerate() {
        let x1 = first + step as u64;
        let even = (u128::from(x1) * u128::from(other.n) / u128::from(one.n)) as u64;
        let middle = (even + 1).clamp(start, end);
        let low = partition(start, middle, |x2| rejects(x1, x2));
        let high = partition(middle, end, |x2| !rejects(x1, x2));
        power += probability * (cumulative.below(low) + (cumulative.below(end) - cumulative.below(high)));
    }
    power.min(1.0)
}

/// The first number in `low..high` of which the condition does not hold, where it holds up to some number and not beyond.
fn partition(mut low: u64, mut high: u64, holds: impl Fn(u64) -> bool) -> u64 {
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

fn approximate(one: Binomial, other: Binomial, z: f64) -> f64 {
    let (n1, n2) = (one.n as f64, other.n as f64);
    let pooled = (n1 * one.p + n2 * other.p) / (n1 + n2);
    let equal = (pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2)).sqrt();
    let apart = (one.variance() / (n1 * n1) + other.variance() / (n2 * n2)).sqrt();
    let difference = (one.p - other.p).abs();
    at_most((difference - z * equal) / apart) + at_most((-difference - z * equal) / apart)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::significance::two_proportions;

    #[test]
    fn the_sum_over_all_tables() {
        let choose = |n: u64, k: u64| (0..k).fold(1.0, |product, i| product * (n - i) as f64 / (i + 1) as f64);
        let probability = |x: u64, n: u64, p: f64| choose(n, x) * p.powi(x as i32) * (1.0 - p).powi((n - x) as i32);
        for (n1, n2) in [(1, 1), (5, 9), (20, 20), (33, 12)] {
            for (p1, p2) in [(0.0, 0.5), (0.1, 0.9), (0.3, 0.4), (1.0, 0.2), (1.0, 1.0), (0.5, 0.5)] {
                let mut expected = 0.0;
                for (x1, x2) in (0..=n1).flat_map(|x1| (0..=n2).map(move |x2| (x1, x2))) {
                    let tested = two_proportions(Counted::new(x1, n1).unwrap(), Counted::new(x2, n2).unwrap());
                    if tested.is_ok_and(|tested| tested.p_value <= 0.05) {
                        expected += probability(x1, n1, p1) * probability(x2, n2, p2);
                    }
                }
                let found = power((n1, n2), (p1, p2), 0.05).unwrap();
                assert!((found - expected).abs() < 1e-12, "{n1} {n2} {p1} {p2}: {found} instead of {expected}");
            }
        }
    }

    #[test]
    fn the_three_computations_meet() {
        // At the borders between the exact sum, the normal distribution of one group and that of both.
        for (n, rates) in [((400_000, 400_000), (0.5, 0.5026)), ((400_000, 4_000_000), (0.3, 0.303)), ((50_000, 1_000_000), (0.1, 0.104))] {
            let (one, other) = (Binomial { n: n.0, p: rates.0 }, Binomial { n: n.1, p: rates.1 });
            let z = two_sided_quantile(0.95).unwrap();
            let (sum, normal) = (summed(one, other, z), approximate(one, other, z));
            assert!((sum - normal).abs() < 2e-3, "{n:?}: {sum} and {normal}");
        }
        let (large, one) = (Binomial { n: 41_000_000, p: 0.5 }, Binomial { n: 30, p: 0.3 });
        let exact = Binomial { n: 39_000_000, p: 0.5 };
        let z = two_sided_quantile(0.95).unwrap();
        assert!((summed(one, large, z) - summed(one, exact, z)).abs() < 1e-4);
    }

    #[test]
    fn a_gap_that_nobody_can_find_says_so() {
        assert!(matches!(smallest_gap(5, 5, 0.2, 0.05, 0.8), Err(Undefined::TooFewCandidates { power }) if power < 0.1));
        assert_eq!(smallest_gap(5, 0, 0.2, 0.05, 0.8), Err(Undefined::EmptyGroup { group: 1 }));
        assert!(matches!(smallest_gap(5, 5, 0.0, 0.05, 0.8), Err(Undefined::NotAProbability { .. })));
        assert!(matches!(power((5, 5), (0.5, f64::NAN), 0.05), Err(Undefined::NotAProbability { name: "rate", .. })));
        assert!(matches!(power((5, 5), (0.5, 0.5), 1.0), Err(Undefined::NotAProbability { name: "level", .. })));
    }
}
