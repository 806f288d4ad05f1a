//! What chance alone makes of disparities of rates: the groups dealt out anew over the rows that a rate counts.
//!
//! ```text
//! p = (1 + permutations with a disparity at least as large) / (1 + permutations)
//! by lot: mean of the disparity over the permutations
//! ```
//!
//! The hypothesis is that a rate does not depend on the group: for selection rates the groups are dealt over all rows, for true-positive rates over the positives,
//! for false-positive rates over the negatives, for precision over the selected. Each group keeps its number of them, so that its hits come from a multivariate
//! hypergeometric distribution (by its normal limit where its variance is above [`MANY`]). Ratios are compared by the size of their logarithm.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use statrs::function::factorial::ln_factorial;

use crate::counts::{CELLS, Cell, Confusion, GroupCounts};
use crate::resample::{self, IntervalPlan, Purpose};
use crate::{Convention, Finding, Outcomes};

use super::{Disparity, Rate, Shape, weight_of};

impl Disparity {
    /// Adds the p-value, and what parity would give.
    pub(super) fn add_chance(
        &self,
        finding: &mut Finding,
        outcomes: &Outcomes,
        plan: &IntervalPlan,
        (entered, privileged): (&[u32], usize),
        observed: f64,
    ) {
        let convention = outcomes.conventions.convention;
        // Where no group is named, the highest of each permutation is compared with, as that of the rows is.
        let shape = match self.shape {
            Shape::Impact | Shape::FoldedImpact if self.unordered(outcomes) && convention != Convention::Aif360 => Shape::Ratio,
            shape => shape,
        };
        let of = Disparity { id: self.id, rates: self.rates, shape };
        let groups: Vec<&GroupCounts> = entered.iter().map(|&code| &outcomes.counts()[code as usize]).collect();
        let pools: Vec<Pool> = self.rates.iter().map(|rate| Pool::new(rate, &groups)).collect();
        let ratio = self.falls();
        let size = |value: f64| if ratio { value.ln().abs() } else { value.abs() };
        let limit = size(observed) * (1.0 - 1e-12);
        let width = 2 * groups.len();
        let dealt: Vec<_> = self
            .rates
            .iter()
            .zip(&pools)
            .map(|(rate, pool)| {
                // Rates are dealt apart: what one of them gets says nothing of another.
                let seed = plan.seed.wrapping_add((rate.place as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
                outcomes.dealt(rate.place, plan, || {
                    resample::fill(width, plan.permutations, (seed, Purpose::Permutation), 16, |rng, weights| pool.deal(rng, weights))
                })
            })
            .collect();
        let mut permuted = vec![Confusion::default(); groups.len()];
        let mut known = Vec::with_capacity(plan.permutations);
        for draw in 0..plan.permutations {
            for (group, permuted) in permuted.iter_mut().enumerate() {
                let mut cells = [0.0; CELLS];
                for (pool, dealt) in pools.iter().zip(&dealt) {
                    let at = draw * width + 2 * group;
                    cells[pool.places[0]] += dealt[at];
                    cells[pool.places[1]] += dealt[at + 1];
                }
                *permuted = Confusion::from_cells(cells);
            }
            known.extend(of.summary(&permuted, privileged, convention).ok().map(|(value, _)| value));
        }
        let extreme = known.iter().filter(|value| size(**value) >= limit).count();
        finding.p_value = Some(resample::p_value(extreme, plan.permutations));
        let with_sign = match shape {
            Shape::Difference | Shape::OddsMean | Shape::Ratio => convention == Convention::Aif360,
            Shape::Impact => true,
            _ => false,
        };
        if known.is_empty() || with_sign {
            return;
        }
        let mean = |values: &mut dyn Iterator<Item = f64>| {
            let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
            (count > 0).then(|| sum / count as f64)
        };
        finding.by_lot = mean(&mut known.iter().copied());
        finding.bias_corrected = if ratio {
            let by_lot = mean(&mut known.iter().map(|ratio| size(*ratio)).filter(|size| size.is_finite()));
            by_lot.filter(|_| observed > 0.0).map(|by_lot| (-resample::less_chance(size(observed), by_lot)).exp())
        } else {
            finding.by_lot.map(|by_lot| resample::less_chance(observed, by_lot))
        };
    }
}

/// The rows over which the groups are dealt for one rate.
struct Pool {
    /// All that the rate counts, and all that it could have counted.
    hits: Cell,
    misses: Cell,
    /// Where they stand in a table of counts.
    places: [usize; 2],
    /// Rows of each group.
    sizes: Vec<u64>,
}

impl Pool {
    fn new(rate: &Rate, groups: &[&GroupCounts]) -> Self {
        let [hits, misses] = rate.cells;
        let sum = |cells: &[usize]| {
            let mut sum = Cell::default();
            groups.iter().flat_map(|group| cells.iter().map(|&cell| &group.cells[cell])).for_each(|cell| sum.add(cell));
            sum
        };
        let rows = |group: &&GroupCounts| hits.iter().chain(misses).map(|&cell| group.cells[cell].rows).sum();
        Pool { hits: sum(hits), misses: sum(misses), places: [hits[0], misses[0]], sizes: groups.iter().map(rows).collect() }
    }

    /// Weights of the hits and misses of one group after the other.
    fn deal(&self, rng: &mut impl Rng, weights: &mut [f64]) {
        let (mut rows, mut hits) = (self.hits.rows + self.misses.rows, self.hits.rows);
        for (&size, weights) in self.sizes.iter().zip(weights.chunks_exact_mut(2)) {
            let drawn = hypergeometric(rows, hits, size, rng);
            rows -= size;
            hits -= drawn;
            weights[0] = weight_of(&self.hits, drawn, rng);
            weights[1] = weight_of(&self.misses, size - drawn, rng);
        }
    }
}

/// Variance from which a hypergeometric number is drawn by its normal limit.
const MANY: f64 = 400.0;
/// Rows up to which they are taken one by one.
const FEW: u64 = 16;

/// How many of `size` rows, taken from `rows` of which `hits` are hits, are hits.
///
/// Walks from the likeliest number to both sides until the probability passed reaches a uniform number: some standard deviations of steps, whatever the number of rows.
fn hypergeometric(rows: u64, hits: u64, size: u64, rng: &mut impl Rng) -> u64 {
    let (least, most) = (size.saturating_sub(rows - hits), size.min(hits));
    if least == most {
        return least;
    }
    if size <= FEW {
        return one_by_one(rows, hits, size, rng);
    }
    let (all, share, taken) = (rows as f64, hits as f64 / rows as f64, size as f64);
    let variance = taken * share * (1.0 - share) * (all - taken) / (all - 1.0);
    if variance > MANY {
        let normal: f64 = StandardNormal.sample(rng);
        return (taken * share + variance.sqrt() * normal).round().clamp(least as f64, most as f64) as u64;
    }
    let mode = ((size + 1) as f64 * (hits + 1) as f64 / (rows + 2) as f64).floor().clamp(least as f64, most as f64) as u64;
    let at_mode = probability(rows, hits, size, mode);
    let (mut left, mut low, mut high) = (rng.random::<f64>() - at_mode, (mode, at_mode), (mode, at_mode));
    // P(x + 1) / P(x) = (hits - x) (size - x) / ((x + 1) (rows - hits - size + x + 1))
    let step = |x: u64| (hits - x) as f64 * (size - x) as f64 / ((x + 1) as f64 * (rows + x + 1 - hits - size) as f64);
    while left > 0.0 && (low.0 > least || high.0 < most) {
        if high.0 < most {
            high = (high.0 + 1, high.1 * step(high.0));
            left -= high.1;
            if left <= 0.0 {
                return high.0;
            }
        }
        if low.0 > least {
            low = (low.0 - 1, low.1 / step(low.0 - 1));
            left -= low.1;
            if left <= 0.0 {
                return low.0;
            }
        }
    }
    mode
}

fn one_by_one(rows: u64, hits: u64, size: u64, rng: &mut impl Rng) -> u64 {
    let mut drawn = 0;
    for taken in 0..size {
        drawn += u64::from(rng.random_range(0..rows - taken) < hits - drawn);
    }
    drawn
}

/// Of `size` rows, taken from `rows` of which `hits` are hits, exactly `x` are hits.
fn probability(rows: u64, hits: u64, size: u64, x: u64) -> f64 {
    let ways = |of: u64, taken: u64| ln_factorial(of) - ln_factorial(taken) - ln_factorial(of - taken);
    (ways(hits, x) + ways(rows - hits, size - x) - ways(rows, size)).exp()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn hypergeometric_numbers_have_their_probabilities() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        // Some taken one by one, some by the walk; all but two taken; nearly all hits; rare hits among many.
        for (rows, hits, size) in [(30, 11, 7), (60, 20, 25), (60, 20, 58), (200, 197, 90), (1_000_000, 40, 300_000)] {
            let draws = 40_000;
            let mut seen = vec![0.0; size as usize + 1];
            for _ in 0..draws {
                seen[hypergeometric(rows, hits, size, &mut rng) as usize] += 1.0;
            }
            // The probabilities by their product, factor by factor: no logarithm of a factorial.
            let of = |x: u64| {
                let mut chance = 1.0;
                let (mut left, mut good) = (rows, hits);
                for _ in 0..x {
                    chance *= good as f64 / left as f64;
                    (left, good) = (left - 1, good - 1);
                }
                for taken in 0..size - x {
                    chance *= (rows - hits - taken) as f64 / left as f64 * (x + taken + 1) as f64 / (taken + 1) as f64;
                    left -= 1;
                }
                chance
            };
            let (mut square, mut cells, mut rare, mut all) = (0.0, 0, (0.0, 0.0), 0.0);
            for x in size.saturating_sub(rows - hits)..=size.min(hits) {
                let expected = of(x) * f64::from(draws);
                all += expected;
                if expected < 5.0 {
                    rare = (rare.0 + expected, rare.1 + seen[x as usize]);
                } else {
                    square += (seen[x as usize] - expected).powi(2) / expected;
                    cells += 1;
                }
            }
            assert!((all / f64::from(draws) - 1.0).abs() < 1e-9, "{rows} {hits} {size}: {all}");
            let limit = f64::from(cells) + 5.0 * (2.0 * f64::from(cells)).sqrt();
            assert!(
                square < limit && (rare.1 - rare.0).abs() < 5.0 * rare.0.sqrt() + 3.0,
                "{rows} {hits} {size}: {square} of {cells}, {rare:?}"
            );
        }
    }

    #[test]
    fn nothing_is_left_to_chance_where_all_are_taken_or_alike() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for (rows, hits, size, expected) in [(9, 4, 9, 4), (9, 0, 5, 0), (9, 9, 5, 5), (9, 4, 0, 0), (0, 0, 0, 0)] {
            assert_eq!(hypergeometric(rows, hits, size, &mut rng), expected);
        }
    }
}
