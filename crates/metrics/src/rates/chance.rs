//! What chance alone makes of disparities of rates: the groups dealt out anew over the rows that a rate counts.
//!
//! ```text
//! p = (1 + permutations with a disparity at least as large) / (1 + permutations)
//! by lot: mean of the disparity over the permutations
//! ```
//!
//! The hypothesis is that a rate does not depend on the group: for selection rates the groups are dealt over all rows, for true-positive rates over the positives,
//! for false-positive rates over the negatives, for precision over the selected. Each group keeps its number of them, so that its hits come from a multivariate
//! hypergeometric distribution. Ratios are compared by the size of their logarithm.

use rand::Rng;
use rand_distr::{Distribution, Hypergeometric};

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
        let drawn = resample::replicate(plan.permutations, plan.seed, Purpose::Permutation, |rng| {
            let mut cells = vec![[0.0; CELLS]; groups.len()];
            for pool in &pools {
                pool.deal(rng, &mut cells);
            }
            let permuted: Vec<Confusion> = cells.into_iter().map(Confusion::from_cells).collect();
            of.summary(&permuted, privileged, convention).ok().map(|(value, _)| value)
        });
        let known: Vec<f64> = drawn.into_iter().flatten().collect();
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

    fn deal(&self, rng: &mut impl Rng, cells: &mut [[f64; CELLS]]) {
        let (mut rows, mut hits) = (self.hits.rows + self.misses.rows, self.hits.rows);
        for (&size, cells) in self.sizes.iter().zip(cells) {
            let drawn = Hypergeometric::new(rows, hits, size).map_or(0, |draw| draw.sample(rng)).min(hits).min(size);
            rows -= size;
            hits -= drawn;
            cells[self.places[0]] += weight_of(&self.hits, drawn, rng);
            cells[self.places[1]] += weight_of(&self.misses, size - drawn, rng);
        }
    }
}
