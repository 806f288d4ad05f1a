//! The exact 1-Wasserstein distance between two sets of scores, without sorting them all.
//!
//! ```text
//! W1 = integral over t of |D(t)| dt,   D(t) = Fx(t) - Fy(t),   F = empirical distribution function (weighted)
//! ```
//!
//! The range of the scores is cut into buckets, and one pass adds up the weight of each bucket and the distances of its scores to
//! its upper edge. Over a bucket from a to b the integral of D (without the absolute value) then is
//!
//! ```text
//! (b - a) D(a) + sum over x in the bucket of w (b - x) / Wx - the same for y
//! ```
//!
//! and where D cannot change its sign inside the bucket (it can fall by at most the bucket's share of y and rise by at most its
//! share of x) the integral of |D| is just its absolute value. Only the scores of the other buckets are collected, and treated
//! alike with finer buckets until few enough are left to sort. The result is exact up to rounding; the cost grows linearly with
//! the number of scores, whatever their distribution. `scipy.stats.wasserstein_distance` sorts the union three times.

use std::ops::Range;

use rayon::prelude::*;

/// Inputs of fewer scores are sorted.
const SORT_BELOW: usize = 1 << 11;
/// Most buckets of one pass; two tables of them fit the second-level cache.
const MOST_BUCKETS: usize = 1 << 14;
/// Passes over ever finer buckets before the rest is sorted whatever its size.
const MOST_PASSES: usize = 6;
/// A fixed number of parts, so that sums do not depend on the number of threads.
const PARTS: usize = 4;

/// The exact 1-Wasserstein distance between the empirical distributions of two sets of finite scores; NaN-free input gives a finite
/// result, and an empty side gives `None`.
pub fn wasserstein_1(x: &[f64], y: &[f64]) -> Option<f64> {
    distance(Side { values: x, weights: None }, Side { values: y, weights: None })
}

/// The same with a weight (0 or more) per score. `None` where a side has no positive weight or a weight column of another length.
pub fn weighted_wasserstein_1(x: &[f64], x_weights: &[f64], y: &[f64], y_weights: &[f64]) -> Option<f64> {
    (x.len() == x_weights.len() && y.len() == y_weights.len())
        .then(|| distance(Side { values: x, weights: Some(x_weights) }, Side { values: y, weights: Some(y_weights) }))?
}

#[derive(Debug, Clone, Copy)]
struct Side<'a> {
    values: &'a [f64],
    weights: Option<&'a [f64]>,
}

impl Side<'_> {
    fn total(&self) -> f64 {
        self.weights.map_or(self.values.len() as f64, |weights| weights.iter().sum())
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    fn range(&self) -> (f64, f64) {
        // Eight running extremes, so that the comparisons do not wait for each other.
        let mut low = [f64::INFINITY; 8];
        let mut high = [f64::NEG_INFINITY; 8];
        let mut blocks = self.values.chunks_exact(8);
        for block in &mut blocks {
            for lane in 0..8 {
                low[lane] = if block[lane] < low[lane] { block[lane] } else { low[lane] };
                high[lane] = if block[lane] > high[lane] { block[lane] } else { high[lane] };
            }
        }
        let tail = blocks.remainder().iter();
        (tail.clone().chain(&low).copied().fold(f64::INFINITY, f64::min), tail.chain(&high).copied().fold(f64::NEG_INFINITY, f64::max))
    }
}

fn distance(x: Side, y: Side) -> Option<f64> {
    let (x_total, y_total) = (x.total(), y.total());
    (x_total > 0.0 && y_total > 0.0).then(|| Totals { x: x_total, y: y_total }.integrate(x, y, Below::default(), 0))
}

/// Weights of the two whole sides.
#[derive(Debug, Clone, Copy)]
struct Totals {
    x: f64,
    y: f64,
}

/// Equal buckets over a range.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Buckets {
    pub(crate) low: f64,
    pub(crate) width: f64,
    per_unit: f64,
    pub(crate) count: usize,
}

impl Buckets {
    pub(crate) fn new(low: f64, high: f64, count: usize) -> Self {
        let width = (high - low) / count as f64;
        Buckets { low, width, per_unit: 1.0 / width, count }
    }

    #[inline]
    pub(crate) fn of(&self, value: f64) -> usize {
        (((value - self.low) * self.per_unit) as usize).min(self.count - 1)
    }

    pub(crate) fn upper(&self, bucket: usize) -> f64 {
        self.low + self.width * (bucket + 1) as f64
    }
}

/// Weight of a bucket and the sum of weighted places within it, counted in bucket widths from its lower edge.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) weight: f64,
    pub(crate) place: f64,
}

/// Weight of each side below a place. Counts stay whole numbers, so that D is exactly 0 where both sides have passed alike.
#[derive(Debug, Clone, Copy, Default)]
struct Below {
    x: f64,
    y: f64,
}

impl Totals {
    fn difference(self, below: Below) -> f64 {
        below.x / self.x - below.y / self.y
    }

    /// Integral of |D| from the smallest to the largest of these scores, with the given weights below them.
    fn integrate(self, x: Side, y: Side, before: Below, pass: usize) -> f64 {
        let rows = x.values.len() + y.values.len();
        let ((x_low, x_high), (y_low, y_high)) = rayon::join(|| x.range(), || y.range());
        let (low, high) = (x_low.min(y_low), x_high.max(y_high));
        if low >= high {
            return 0.0;
        }
        let count = (rows / 8).next_power_of_two().clamp(64, MOST_BUCKETS);
        let buckets = Buckets::new(low, high, count);
        if rows < SORT_BELOW || pass >= MOST_PASSES || !buckets.per_unit.is_finite() || buckets.width <= 0.0 {
            return self.sorted(x, y, before);
        }
        let (x_table, y_table) = rayon::join(|| fill(x, buckets), || fill(y, buckets));
        let mut sum = 0.0;
        let mut below = before;
        let mut unsettled: Vec<(usize, Below)> = Vec::new();
        for bucket in 0..count {
            let (of_x, of_y) = (x_table[bucket], y_table[bucket]);
            let (rise, fall) = (of_x.weight / self.x, of_y.weight / self.y);
            let difference = self.difference(below);
            if settled(difference, rise, fall) {
                sum += (difference + within(of_x, self.x) - within(of_y, self.y)).abs();
            } else {
                unsettled.push((bucket, below));
            }
            below = Below { x: below.x + of_x.weight, y: below.y + of_y.weight };
        }
        sum *= buckets.width;
        if unsettled.is_empty() {
            return sum;
        }
        let (x_rows, y_rows) = rayon::join(|| Collected::new(x, buckets, &unsettled), || Collected::new(y, buckets, &unsettled));
        // Each bucket is finished on its own; the sums are added in the order of the buckets.
        let rest: Vec<f64> = unsettled
            .par_iter()
            .enumerate()
            .with_min_len(64)
            .map(|(index, &(bucket, start))| {
                let (of_x, of_y) = (x_rows.side(index), y_rows.side(index));
                let first = of_x.range().0.min(of_y.range().0);
                let last = of_x.range().1.max(of_y.range().1);
                let end = Below { x: start.x + of_x.total(), y: start.y + of_y.total() };
                let lower = buckets.low + buckets.width * bucket as f64;
                // From the lower edge to the first score, between the scores, from the last score to the upper edge.
                (first - lower) * self.difference(start).abs()
                    + self.integrate(of_x, of_y, start, pass + 1)
                    + (buckets.upper(bucket) - last) * self.difference(end).abs()
            })
            .collect();
        sum + rest.iter().sum::<f64>()
    }

    fn sorted(self, x: Side, y: Side, before: Below) -> f64 {
        let rows =
            |side: Side, of_x: bool| (0..side.values.len()).map(move |row| (side.values[row], of_x, side.weight(row))).collect::<Vec<_>>();
        let mut all = rows(x, true);
        all.extend(rows(y, false));
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let (mut below, mut sum) = (before, 0.0);
        for pair in all.windows(2) {
            let (_, of_x, weight) = pair[0];
            *(if of_x { &mut below.x } else { &mut below.y }) += weight;
            sum += self.difference(below).abs() * (pair[1].0 - pair[0].0);
        }
        sum
    }
}

/// True when D keeps its sign over the whole bucket.
pub(crate) fn settled(difference: f64, rise: f64, fall: f64) -> bool {
    (rise == 0.0 && fall == 0.0) || difference >= fall || -difference >= rise
}

/// Integral of the bucket's own steps over the bucket, in bucket widths.
pub(crate) fn within(bucket: Bucket, total: f64) -> f64 {
    (bucket.weight - bucket.place) / total
}

fn parts(rows: usize) -> impl Iterator<Item = Range<usize>> {
    let step = rows.div_ceil(PARTS).max(1);
    (0..PARTS).map(move |part| (part * step).min(rows)..((part + 1) * step).min(rows))
}

fn fill(side: Side, buckets: Buckets) -> Vec<Bucket> {
    let tables: Vec<Vec<Bucket>> = parts(side.values.len())
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|rows| {
            let mut table = vec![Bucket::default(); buckets.count];
            let mut push = |value: f64, weight: f64| {
                let place = (value - buckets.low) * buckets.per_unit;
                let index = (place as usize).min(buckets.count - 1);
                let bucket = &mut table[index];
                bucket.weight += weight;
                bucket.place += weight * (place - index as f64);
            };
            match side.weights {
                None => side.values[rows].iter().for_each(|&value| push(value, 1.0)),
                Some(weights) => side.values[rows.clone()].iter().zip(&weights[rows]).for_each(|(&value, &weight)| push(value, weight)),
            }
            table
        })
        .collect();
    let mut tables = tables.into_iter();
    let mut sum = tables.next().unwrap_or_default();
    for table in tables {
        for (bucket, more) in sum.iter_mut().zip(table) {
            bucket.weight += more.weight;
            bucket.place += more.place;
        }
    }
    sum
}

/// The scores of the buckets that need a closer look, bucket after bucket.
#[derive(Debug)]
struct Collected {
    values: Vec<f64>,
    weights: Option<Vec<f64>>,
    starts: Vec<usize>,
}

impl Collected {
    fn new(side: Side, buckets: Buckets, wanted: &[(usize, Below)]) -> Self {
        const UNWANTED: u32 = u32::MAX;
        let mut slots = vec![UNWANTED; buckets.count];
        for (index, &(bucket, _)) in wanted.iter().enumerate() {
            slots[bucket] = index as u32;
        }
        // Found rows are written past the end first and kept only when wanted: no branch to mispredict.
        let found: Vec<Vec<(u32, u32)>> = parts(side.values.len())
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|rows| {
                let mut found = Vec::new();
                for row in rows {
                    let slot = slots[buckets.of(side.values[row])];
                    if slot != UNWANTED {
                        found.push((slot, row as u32));
                    }
                }
                found
            })
            .collect();
        let mut starts = vec![0; wanted.len() + 1];
        for &(slot, _) in found.iter().flatten() {
            starts[slot as usize + 1] += 1;
        }
        for index in 0..wanted.len() {
            starts[index + 1] += starts[index];
        }
        let total = starts[wanted.len()];
        let mut next = starts.clone();
        let mut values = vec![0.0; total];
        let mut weights = side.weights.map(|_| vec![0.0; total]);
        for &(slot, row) in found.iter().flatten() {
            let at = &mut next[slot as usize];
            values[*at] = side.values[row as usize];
            if let Some(weights) = &mut weights {
                weights[*at] = side.weight(row as usize);
            }
            *at += 1;
        }
        Collected { values, weights, starts }
    }

    fn side(&self, index: usize) -> Side<'_> {
        let rows = self.starts[index]..self.starts[index + 1];
        Side { values: &self.values[rows.clone()], weights: self.weights.as_ref().map(|weights| &weights[rows]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_design_gives_its_number() {
        // x = (.2, .4, .9), y = (.3): (.1 + .1 + .6) / 3. Cutting both to the smallest score would give .1.
        let distance = wasserstein_1(&[0.2, 0.4, 0.9], &[0.3]).unwrap();
        assert!((distance - 0.8 / 3.0).abs() < 1e-15, "{distance}");
        assert_eq!(wasserstein_1(&[], &[0.3]), None);
    }

    #[test]
    fn buckets_and_sorting_agree() {
        // Long enough for buckets; the two sides cross often, so that many buckets are unsettled.
        let x: Vec<f64> = (0..20_000).map(|i| f64::from((i * 7919) % 10_007) / 10_007.0).collect();
        let y: Vec<f64> = (0..15_000).map(|i| (f64::from((i * 104_729) % 9_973) / 9_973.0).powf(1.001)).collect();
        let weights: Vec<f64> = (0..15_000).map(|i| f64::from(i % 5)).collect();
        let ones = vec![1.0; x.len()];
        let sides = |y_weights| (Side { values: &x, weights: None }, Side { values: &y, weights: y_weights });
        let (of_x, of_y) = sides(None);
        let slow = Totals { x: 20_000.0, y: 15_000.0 }.sorted(of_x, of_y, Below::default());
        assert!((wasserstein_1(&x, &y).unwrap() - slow).abs() < 1e-13);
        let (of_x, of_y) = sides(Some(&weights));
        let slow = Totals { x: 20_000.0, y: of_y.total() }.sorted(of_x, of_y, Below::default());
        assert!((weighted_wasserstein_1(&x, &ones, &y, &weights).unwrap() - slow).abs() < 1e-13);
    }

    #[test]
    fn an_outlier_far_away_costs_passes_and_no_accuracy() {
        let mut x: Vec<f64> = (0..5_000).map(|i| f64::from(i) * 1e-9).collect();
        let y: Vec<f64> = x.iter().map(|value| value + 1e-9).collect();
        x.push(1e9);
        let slow = Totals { x: 5_001.0, y: 5_000.0 }.sorted(
            Side { values: &x, weights: None },
            Side { values: &y, weights: None },
            Below::default(),
        );
        assert!((wasserstein_1(&x, &y).unwrap() - slow).abs() <= 1e-12 * slow);
    }
}
