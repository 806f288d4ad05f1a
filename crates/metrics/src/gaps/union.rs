//! All groups that enter a gap on shared places, so that each is compared with all of them in one walk over its own rows.
//!
//! With W the weight of all groups and w that of one, the one and the rest together are all: F - F_rest = W / (W - w) (F - F_all). So the
//! distance of a group to the rest follows from its distance to all, and nobody merges the rest of every group. The same distance to
//! all bounds how far two groups can lie apart.

use std::sync::OnceLock;

use rayon::prelude::*;

use super::frame::{blocks, grid};
use crate::order;
use crate::sample::Sample;

/// Stretches up to this many places are added up one by one.
const SHORT: usize = 8;

/// The rows of several groups on the places of their scores.
#[derive(Debug)]
pub(crate) struct Union {
    /// Distinct scores, ascending.
    pub(crate) places: Vec<f64>,
    /// For each group the place of each of its entries.
    pub(crate) of: Vec<Vec<u32>>,
    /// Group and entry in ascending order of the scores.
    order: Vec<(u32, u32)>,
    /// Distances along the scores themselves.
    distances: OnceLock<Vec<Distance>>,
}

impl Union {
    pub(crate) fn new(samples: &[&Sample]) -> Self {
        let scores: Vec<f64> = samples.iter().flat_map(|sample| sample.scores.iter().copied()).collect();
        let owners: Vec<(u32, u32)> = samples
            .iter()
            .enumerate()
            .flat_map(|(group, sample)| (0..sample.len() as u32).map(move |entry| (group as u32, entry)))
            .collect();
        let mut places: Vec<f64> = Vec::new();
        let mut of: Vec<Vec<u32>> = samples.iter().map(|sample| vec![0; sample.len()]).collect();
        let ascending = order::ascending(&scores);
        for &row in &ascending {
            let score = scores[row as usize];
            if places.last() != Some(&score) {
                places.push(score);
            }
            let (group, entry) = owners[row as usize];
            of[group as usize][entry as usize] = (places.len() - 1) as u32;
        }
        Union { places, of, order: ascending.into_iter().map(|row| owners[row as usize]).collect(), distances: OnceLock::new() }
    }

    /// How far each group lies from all groups, along the scores or along the thresholds of the paper's grid.
    pub(super) fn distances(&self, samples: &[&Sample], on_grid: bool) -> Vec<Distance> {
        if on_grid {
            let thresholds: Vec<f64> = grid().collect();
            let passed = |score: &f64| thresholds.partition_point(|threshold| threshold < score) as f64 / thresholds.len() as f64;
            return self.along(&self.places.iter().map(passed).collect::<Vec<f64>>(), samples);
        }
        self.distances.get_or_init(|| self.along(&self.places, samples)).clone()
    }

    fn along(&self, ruler: &[f64], samples: &[&Sample]) -> Vec<Distance> {
        let pooled = Pooled::new(ruler, &self.mass(samples));
        let each = samples.par_iter().zip(&self.of);
        each.map(|(sample, places)| pooled.distance(sample.total(), places.iter().copied().zip(sample.weights.iter().copied()))).collect()
    }

    /// Weight of all groups at each place.
    fn mass(&self, samples: &[&Sample]) -> Vec<f64> {
        let mut mass = vec![0.0; self.places.len()];
        for (sample, places) in samples.iter().zip(&self.of) {
            for (weight, &place) in sample.weights.iter().zip(places) {
                mass[place as usize] += weight;
            }
        }
        mass
    }

    /// The same rows on at most `most` blocks of places.
    pub(crate) fn gathered(mut self, samples: &[&Sample], most: usize) -> Self {
        let score = |(group, entry): (u32, u32)| samples[group as usize].scores[entry as usize];
        let (edges, places, _) = blocks(self.order.len(), most, |row| score(self.order[row]));
        for (sample, of) in samples.iter().zip(&mut self.of) {
            for (score, place) in sample.scores.iter().zip(of) {
                *place = edges.partition_point(|edge| edge < score) as u32;
            }
        }
        Union { places, distances: OnceLock::new(), ..self }
    }

    /// The groups with the highest and the lowest distribution function at the threshold where they are farthest apart.
    pub(crate) fn farthest(&self, samples: &[&Sample]) -> (usize, usize) {
        let totals: Vec<f64> = samples.iter().map(|sample| sample.total()).collect();
        let mut weights = vec![0.0; samples.len()];
        let mut lowest = Lowest::new(samples.len());
        let (mut highest, mut found) = ((0.0, 0), (0.0, (0, 1)));
        for (position, &(group, entry)) in self.order.iter().enumerate() {
            let (group, entry) = (group as usize, entry as usize);
            weights[group] += samples[group].weights[entry];
            let share = weights[group] / totals[group];
            lowest.set(group, share);
            if share > highest.0 {
                highest = (share, group);
            }
            let place = self.of[group][entry];
            let ends = self.order.get(position + 1).is_none_or(|&(group, entry)| self.of[group as usize][entry as usize] != place);
            if ends && highest.0 - lowest.value() > found.0 + 1e-12 {
                found = (highest.0 - lowest.value(), (highest.1, lowest.position()));
            }
        }
        found.1
    }
}

/// The smallest of numbers that change one at a time: a tournament.
#[derive(Debug)]
struct Lowest {
    /// Root at 1; the numbers from `leaves` on.
    tree: Vec<f64>,
    leaves: usize,
}

impl Lowest {
    fn new(count: usize) -> Self {
        let leaves = count.next_power_of_two();
        let mut tree = vec![f64::INFINITY; 2 * leaves];
        tree[leaves..leaves + count].fill(0.0);
        for node in (1..leaves).rev() {
            tree[node] = tree[2 * node].min(tree[2 * node + 1]);
        }
        Lowest { tree, leaves }
    }

    fn set(&mut self, position: usize, value: f64) {
        let mut node = self.leaves + position;
        self.tree[node] = value;
        while node > 1 {
            node /= 2;
            let smaller = self.tree[2 * node].min(self.tree[2 * node + 1]);
            if self.tree[node] == smaller {
                break;
            }
            self.tree[node] = smaller;
        }
    }

    fn value(&self) -> f64 {
        self.tree[1]
    }

    /// The first of the smallest.
    fn position(&self) -> usize {
        let mut node = 1;
        while node < self.leaves {
            node = if self.tree[2 * node] == self.tree[node] { 2 * node } else { 2 * node + 1 };
        }
        node - self.leaves
    }
}

/// The distribution function of all groups, and its integral along a ruler.
#[derive(Debug)]
pub(crate) struct Pooled<'a> {
    ruler: &'a [f64],
    pub(crate) total: f64,
    below: Vec<f64>,
    integral: Vec<f64>,
}

impl<'a> Pooled<'a> {
    /// `ruler` holds where each place stands, `mass` its weight.
    pub(crate) fn new(ruler: &'a [f64], mass: &[f64]) -> Self {
        let total: f64 = mass.iter().sum();
        let (mut below, mut integral) = (Vec::with_capacity(mass.len()), Vec::with_capacity(mass.len()));
        let (mut passed, mut sum) = (0.0, 0.0);
        for (place, mass) in mass.iter().enumerate() {
            integral.push(sum);
            passed += mass;
            below.push(passed / total);
            if let Some(next) = ruler.get(place + 1) {
                sum += below[place] * (next - ruler[place]);
            }
        }
        Pooled { ruler, total, below, integral }
    }

    /// Integral of |F - F_all|, and its largest value, for a group whose weights stand at these places in ascending order.
    pub(crate) fn distance(&self, weight: f64, entries: impl Iterator<Item = (u32, f64)>) -> Distance {
        let mut found = Distance::default();
        let (mut from, mut passed) = (0, 0.0);
        for (place, more) in entries {
            let place = place as usize;
            if place > from {
                self.stretch(from, place, passed / weight, &mut found);
                from = place;
            }
            passed += more;
        }
        self.stretch(from, self.below.len(), passed / weight, &mut found);
        found
    }

    /// Adds the places from `from` up to `to`, at which a group's distribution function is `level`.
    fn stretch(&self, from: usize, to: usize, level: f64, found: &mut Distance) {
        let last = self.below.len() - 1;
        let end = to.min(last);
        if end - from <= SHORT {
            for place in from..end {
                found.area += (level - self.below[place]).abs() * (self.ruler[place + 1] - self.ruler[place]);
            }
        } else {
            // The function of all groups rises, so it passes the level once.
            let passes = from + self.below[from..end].partition_point(|below| *below < level);
            let [first, middle, after] = [from, passes, end].map(|place| (self.ruler[place], self.integral[place]));
            found.area += (level * (middle.0 - first.0) - (middle.1 - first.1)).max(0.0);
            found.area += ((after.1 - middle.1) - level * (after.0 - middle.0)).max(0.0);
        }
        let ends = (level - self.below[from]).abs().max((level - self.below[to - 1]).abs());
        found.largest = found.largest.max(ends);
    }
}

/// How far a group lies from all groups.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Distance {
    pub(crate) area: f64,
    pub(crate) largest: f64,
}

/// The pair of points with the largest distance, and that distance. Branch and bound: no pair may be farther apart than `most` times the sum
/// of its keys; `may_exceed` may say of one pair that it is no farther apart than a limit.
///
/// The keys come from the triangle inequality: |a b| <= |a c| + |c b| for any point c, here that of all groups. Pairs are visited in
/// descending order of their keys until those say that no pair left is farther apart than the best one found. `distance` is `None` where
/// there is none, a key NaN where a point has no distance at all; `start` is a pair that is probably far apart.
pub(crate) fn farthest_pair(
    keys: &[f64],
    most: f64,
    start: (usize, usize),
    may_exceed: impl Fn(usize, usize, f64) -> bool,
    mut distance: impl FnMut(usize, usize) -> Option<f64>,
) -> Option<(f64, (usize, usize))> {
    let mut order: Vec<u32> = (0..keys.len() as u32).filter(|&point| !keys[point as usize].is_nan()).collect();
    order.sort_unstable_by(|&one, &other| keys[other as usize].total_cmp(&keys[one as usize]).then(one.cmp(&other)));
    let mut best = distance(start.0, start.1).map(|found| (found, start));
    for (position, &one) in order.iter().enumerate() {
        let one = one as usize;
        let mut first = true;
        for &other in &order[position + 1..] {
            let other = other as usize;
            let limit = best.map_or(f64::NEG_INFINITY, |(best, _)| best);
            if (keys[one] + keys[other]) * most <= limit {
                if first {
                    return best;
                }
                break;
            }
            first = false;
            let pair = (one.min(other), one.max(other));
            if pair != start
                && may_exceed(one, other, limit)
                && let Some(found) = distance(pair.0, pair.1)
                && found > limit
            {
                best = Some((found, pair));
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn two_of_a_thousand_groups_are_found_in_work_that_grows_with_the_groups() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        // Groups as points of ten coordinates around 0, which is the point that all are compared with.
        let points: Vec<Vec<f64>> = (0..1000).map(|_| (0..10).map(|_| rng.random::<f64>() - 0.5).collect()).collect();
        let apart = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>();
        let shifted: Vec<Vec<f64>> = points
            .iter()
            .map(|point| {
                // What sets groups apart most is where their scores lie as a whole.
                let shift = rng.random::<f64>() - 0.5;
                point.iter().map(|place| 0.3 * place + shift).collect()
            })
            .collect();
        let keys: Vec<f64> = shifted.iter().map(|point| apart(point, &[0.0; 10])).collect();
        let mut brute = (0.0, (0, 1));
        for a in 0..1000 {
            for b in a + 1..1000 {
                let found = apart(&shifted[a], &shifted[b]);
                brute = if found > brute.0 { (found, (a, b)) } else { brute };
            }
        }
        let mut measured = 0;
        let found = farthest_pair(
            &keys,
            1.0,
            (0, 1),
            |_, _, _| true,
            |a, b| {
                measured += 1;
                Some(apart(&shifted[a], &shifted[b]))
            },
        );
        assert_eq!(found, Some(brute));
        assert!(measured < 5 * 1000, "{measured} of 499,500 pairs were measured");
    }

    #[test]
    fn pairs_without_a_distance_are_passed_over() {
        // 0 has no distance to anyone, 1 none to 2.
        let distance = |a: usize, b: usize| if a == 0 || (a, b) == (1, 2) { None } else { Some((b - a) as f64) };
        let found = farthest_pair(&[f64::NAN, 9.0, 9.0, 9.0], 1.0, (1, 2), |_, _, _| true, distance);
        assert_eq!(found, Some((2.0, (1, 3))));
        assert_eq!(farthest_pair(&[f64::NAN, 1.0], 1.0, (0, 1), |_, _, _| true, |_, _| None), None);
    }

    #[test]
    fn the_smallest_of_changing_numbers_is_the_first_of_equals() {
        let mut lowest = Lowest::new(5);
        for (position, value) in [(0, 0.5), (1, 0.25), (2, 0.25), (3, 0.75), (4, 1.0)] {
            lowest.set(position, value);
        }
        assert_eq!((lowest.value(), lowest.position()), (0.25, 1));
        lowest.set(1, 0.8);
        assert_eq!((lowest.value(), lowest.position()), (0.25, 2));
    }
}
