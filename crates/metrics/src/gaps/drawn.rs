//! Marginal distributions of one draw of all groups on the places of a frame, and what each metric makes of them.

use super::errors::Profiles;
use super::frame::{Frame, GRID};
use super::union::farthest_pair;
use crate::Definition;

/// What a metric makes of two distribution functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The area between them.
    Area,
    /// The same in units of the standard deviation of both groups together.
    StandardisedArea,
    /// Their largest difference.
    Largest,
    /// The difference of the means.
    Means,
}

impl Shape {
    /// All of them: they are drawn together.
    pub(super) const ALL: [Shape; 4] = [Shape::Area, Shape::StandardisedArea, Shape::Largest, Shape::Means];
}

/// How long the ruler is between a place and the next; 0 after the last.
pub(super) fn widths(frame: &Frame) -> Vec<f64> {
    if frame.definition == Definition::Grid {
        // Each place but the last is a threshold of the grid, and stands for one.
        let thresholds = frame.places.len() - 1;
        return (0..=thresholds).map(|place| if place < thresholds { 1.0 / GRID as f64 } else { 0.0 }).collect();
    }
    let step = |place: usize| frame.places.get(place + 1).map_or(0.0, |next| next - frame.places[place]);
    (0..frame.places.len()).map(step).collect()
}

/// Distribution functions of one draw: for each group its values at the places, one group after the other.
#[derive(Debug)]
pub(super) struct Drawn<'a> {
    widths: &'a [f64],
    below: Vec<f64>,
    groups: Vec<Moments>,
    all: Moments,
    /// Distribution function of all groups, and each group's area and largest difference to it; empty for two groups.
    pooled: Vec<f64>,
    areas: Vec<f64>,
}

/// Weight, mean and variance of some scores.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moments {
    pub(crate) weight: f64,
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

impl Moments {
    pub(crate) fn with(self, other: Moments) -> Moments {
        let weight = self.weight + other.weight;
        if weight <= 0.0 {
            return Moments::default();
        }
        let (a, b) = (self.weight / weight, other.weight / weight);
        let apart = self.mean - other.mean;
        Moments { weight, mean: a * self.mean + b * other.mean, variance: a * self.variance + b * other.variance + a * b * apart * apart }
    }
}

/// The distribution functions and moments of all groups.
pub(super) fn profiles(centred: &[f64], masses: &[f64]) -> Profiles {
    let mut values = vec![0.0; masses.len()];
    let moments = accumulate(centred, masses, &mut values);
    Profiles { values, weights: moments.iter().map(|moments| moments.weight).collect(), moments }
}

/// Fills in the distribution function of each group, and returns its moments.
fn accumulate(centred: &[f64], masses: &[f64], below: &mut [f64]) -> Vec<Moments> {
    let places = centred.len();
    let each = masses.chunks_exact(places).zip(below.chunks_exact_mut(places));
    each.map(|(mass, below)| {
        let (mut passed, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for ((mass, place), below) in mass.iter().zip(centred).zip(below.iter_mut()) {
            passed += mass;
            sum += mass * place;
            squares += mass * place * place;
            *below = passed;
        }
        if passed <= 0.0 {
            return Moments::default();
        }
        let scale = 1.0 / passed;
        for below in below {
            *below *= scale;
        }
        let mean = sum * scale;
        Moments { weight: passed, mean, variance: (squares * scale - mean * mean).max(0.0) }
    })
    .collect()
}

impl<'a> Drawn<'a> {
    /// `masses` holds the weights of each group at each place; `centred` the places less their middle, so that squares stay small.
    pub(super) fn new(widths: &'a [f64], centred: &[f64], masses: &[f64]) -> Self {
        let mut below = vec![0.0; masses.len()];
        let groups = accumulate(centred, masses, &mut below);
        let all = groups.iter().fold(Moments::default(), |all, group| all.with(*group));
        let mut drawn = Drawn { widths, below, groups, all, pooled: Vec::new(), areas: Vec::new() };
        if drawn.groups.len() > 2 {
            drawn.pool(masses);
        }
        drawn
    }

    fn pool(&mut self, masses: &[f64]) {
        let places = self.widths.len();
        let mut pooled = vec![0.0; places];
        for mass in masses.chunks_exact(places) {
            pooled.iter_mut().zip(mass).for_each(|(sum, mass)| *sum += mass);
        }
        let mut passed = 0.0;
        for pooled in &mut pooled {
            passed += *pooled;
            *pooled = passed;
        }
        for below in &mut pooled {
            *below /= passed;
        }
        self.areas = (0..self.groups.len())
            .map(|group| if self.groups[group].weight > 0.0 { weighted(self.widths, self.of(group), &pooled) } else { f64::NAN })
            .collect();
        self.pooled = pooled;
    }

    fn of(&self, group: usize) -> &[f64] {
        let places = self.widths.len();
        &self.below[group * places..(group + 1) * places]
    }

    fn present(&self) -> impl Iterator<Item = usize> + Clone {
        (0..self.groups.len()).filter(|&group| self.groups[group].weight > 0.0)
    }

    /// The distance between two groups; `None` where it does not exist.
    pub(super) fn between(&self, shape: Shape, a: usize, b: usize) -> Option<f64> {
        let (one, other) = (self.groups[a], self.groups[b]);
        if one.weight <= 0.0 || other.weight <= 0.0 {
            return None;
        }
        match shape {
            Shape::Area => Some(weighted(self.widths, self.of(a), self.of(b))),
            Shape::StandardisedArea => {
                let variance = one.with(other).variance;
                (variance > 0.0).then(|| weighted(self.widths, self.of(a), self.of(b)) / variance.sqrt())
            }
            Shape::Largest => Some(self.of(a).iter().zip(self.of(b)).map(|(a, b)| (a - b).abs()).fold(0.0, larger)),
            Shape::Means => Some((one.mean - other.mean).abs()),
        }
    }

    /// The largest distance between two groups.
    pub(super) fn largest(&self, shape: Shape) -> Option<f64> {
        if self.groups.len() == 2 {
            return self.between(shape, 0, 1);
        }
        let (start, range) = extremes(self.present().map(|group| (group, self.groups[group].mean)))?;
        match shape {
            Shape::Means => Some(range),
            Shape::Largest => Some(self.widest_range()),
            Shape::Area => {
                let pair = farthest_pair(&self.areas, 1.0, start, |_, _, _| true, |a, b| self.between(shape, a, b));
                pair.map(|(distance, _)| distance)
            }
            Shape::StandardisedArea => {
                let pair = farthest_standardised(&self.areas, &self.groups, start, |a, b| self.between(Shape::Area, a, b));
                pair.and_then(|(a, b)| self.between(shape, a, b))
            }
        }
    }

    /// Largest difference over the places of the highest and the lowest distribution function.
    fn widest_range(&self) -> f64 {
        let places = self.widths.len();
        let (mut low, mut high) = (vec![f64::INFINITY; places], vec![f64::NEG_INFINITY; places]);
        for group in self.present() {
            for ((low, high), below) in low.iter_mut().zip(&mut high).zip(self.of(group)) {
                *low = if *below < *low { *below } else { *low };
                *high = if *below > *high { *below } else { *high };
            }
        }
        high.iter().zip(&low).map(|(high, low)| high - low).fold(0.0, larger)
    }

    /// The distance of a group to the rest; `None` where it does not exist.
    pub(super) fn against_rest(&self, shape: Shape, group: usize) -> Option<f64> {
        let one = self.groups[group];
        let rest = self.all.weight - one.weight;
        if one.weight <= 0.0 || rest <= 0.0 {
            return None;
        }
        let scale = self.all.weight / rest;
        match shape {
            Shape::Area => Some(scale * self.areas[group]),
            Shape::StandardisedArea => (self.all.variance > 0.0).then(|| scale * self.areas[group] / self.all.variance.sqrt()),
            Shape::Largest => {
                let largest = self.of(group).iter().zip(&self.pooled).map(|(a, b)| (a - b).abs()).fold(0.0, larger);
                Some(scale * largest)
            }
            Shape::Means => Some(scale * (one.mean - self.all.mean).abs()),
        }
    }
}

/// The pair of groups with the largest area in units of the standard deviation of both together.
///
/// With va and vb the variances of two groups, wa and wb their weights, and ra and rb their areas to all groups, the square of what is
/// sought is at most (ra + rb)^2 (wa + wb) / (wa va + wb vb), and by the inequality of Cauchy and Schwarz that is at most
/// (wa + wb) (ra^2 / (wa va) + rb^2 / (wb vb)).
pub(super) fn farthest_standardised(
    areas: &[f64],
    groups: &[Moments],
    start: (usize, usize),
    area: impl Fn(usize, usize) -> Option<f64>,
) -> Option<(usize, usize)> {
    let key = |(area, group): (&f64, &Moments)| match area * area / (group.weight * group.variance) {
        // A group of one score that is also the others' only score.
        key if key.is_nan() && !area.is_nan() => 0.0,
        key => key,
    };
    let keys: Vec<f64> = areas.iter().zip(groups).map(key).collect();
    let heaviest = groups.iter().map(|group| group.weight).fold(0.0, larger);
    let squared = |distance: f64, a: usize, b: usize| {
        let variance = groups[a].with(groups[b]).variance;
        (variance > 0.0).then(|| distance * distance / variance)
    };
    // The bound times the variance of both together, both times the square of their weight: no division, as many pairs are asked.
    let may_exceed = |a: usize, b: usize, limit: f64| {
        let (one, other) = (&groups[a], &groups[b]);
        let weight = one.weight + other.weight;
        let (both, apart) = ((areas[a] + areas[b]) * weight, one.mean - other.mean);
        let within = weight * (one.weight * one.variance + other.weight * other.variance);
        both * both > limit * (within + one.weight * other.weight * apart * apart)
    };
    let pair = farthest_pair(&keys, 2.0 * heaviest, start, may_exceed, |a, b| squared(area(a, b)?, a, b));
    pair.map(|(_, pair)| pair)
}

/// The two with the smallest and the largest number, the smaller position first, and the range between them.
pub(super) fn extremes(mut numbers: impl Iterator<Item = (usize, f64)> + Clone) -> Option<((usize, usize), f64)> {
    let mut others = numbers.clone();
    let first = numbers.next()?;
    let (mut low, mut high) = (first, first);
    for number in numbers {
        low = if number.1 < low.1 { number } else { low };
        high = if number.1 > high.1 { number } else { high };
    }
    if low.0 == high.0 {
        // All agree: any second one makes the pair.
        high = others.find(|(position, _)| *position != low.0)?;
    }
    Some(((low.0.min(high.0), low.0.max(high.0)), high.1 - low.1))
}

/// Sum of weighted absolute differences; four sums at a time do not wait for each other.
pub(crate) fn weighted(weights: &[f64], a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (weights, a, b) = (weights.chunks_exact(4), a.chunks_exact(4), b.chunks_exact(4));
    let tail: f64 = weights.remainder().iter().zip(a.remainder()).zip(b.remainder()).map(|((w, a), b)| w * (a - b).abs()).sum();
    for ((w, a), b) in weights.zip(a).zip(b) {
        for lane in 0..4 {
            sums[lane] += w[lane] * (a[lane] - b[lane]).abs();
        }
    }
    sums.iter().sum::<f64>() + tail
}

fn larger(one: f64, other: f64) -> f64 {
    if one > other { one } else { other }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Masses of `groups` on 24 places; some groups may be empty, as a draw can leave them.
    fn masses(groups: usize, empty: bool, seed: u64) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut masses = vec![0.0; 24 * groups];
        for (group, mass) in masses.chunks_exact_mut(24).enumerate() {
            let (centre, rows) = (rng.random_range(4..20), if empty && group % 4 == 1 { 0 } else { 1 << rng.random_range(0..6) });
            for _ in 0..rows {
                mass[(centre + rng.random_range(0_usize..9) - 4).min(23)] += [1.0, 0.5, 2.0][rng.random_range(0..3)];
            }
        }
        masses
    }

    #[test]
    fn the_largest_of_many_groups_is_that_of_all_pairs_and_the_rest_is_all_others() {
        let places: Vec<f64> = (0..24).map(|place| f64::from(place * place) / 600.0).collect();
        let widths: Vec<f64> = (0..24).map(|place| places.get(place + 1).map_or(0.0, |next| next - places[place])).collect();
        for seed in 0..60 {
            let groups = 3 + seed as usize % 10;
            let masses = masses(groups, seed % 3 == 0, seed);
            let drawn = Drawn::new(&widths, &places, &masses);
            for shape in Shape::ALL {
                let pairs = (0..groups).flat_map(|a| (a + 1..groups).map(move |b| (a, b)));
                let brute = pairs.filter_map(|(a, b)| drawn.between(shape, a, b)).reduce(f64::max);
                let close = |one: Option<f64>, other: Option<f64>| match (one, other) {
                    (Some(one), Some(other)) => (one - other).abs() < 1e-12,
                    (one, other) => one.is_none() && other.is_none(),
                };
                let found = drawn.largest(shape);
                assert!(close(found, brute), "{shape:?} {seed}: {found:?} {brute:?}");
                for group in 0..groups {
                    let mut two = masses[group * 24..(group + 1) * 24].to_vec();
                    let others = (0..groups).filter(|other| *other != group);
                    two.extend((0..24).map(|place| others.clone().map(|other| masses[other * 24 + place]).sum::<f64>()));
                    let expected = Drawn::new(&widths, &places, &two).largest(shape);
                    // Where nobody's scores differ there is no spread either way.
                    let found = drawn.against_rest(shape, group);
                    assert!(close(found, expected), "{shape:?} {seed} {group}: {found:?} {expected:?}");
                }
            }
        }
    }
}
