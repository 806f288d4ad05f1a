//! One walk down the labels: how far each group lies from all groups among the rows with y > v, added up over v.

use crate::gaps::{Pooled, Union, blocks, farthest_pair};
use crate::order;
use crate::sample::Sample;

/// Fewest and most levels of the labels, and most places of the scores, where there are too many to visit all.
const LEVELS: (usize, usize) = (64, 1024);
const PLACES: usize = 4096;

/// Distances of groups to all groups together, over the thresholds v at which each has rows.
#[derive(Debug)]
pub(crate) struct Reached {
    /// For each group the integral of its distance to all, and the measure of v, over those v at which it has rows.
    integral: Vec<f64>,
    measure: Vec<f64>,
    /// The same of the distance to the rest, over those v at which the rest has rows, too.
    rest: Vec<(f64, f64)>,
}

impl Reached {
    pub(crate) fn new(groups: usize) -> Self {
        Reached { integral: vec![0.0; groups], measure: vec![0.0; groups], rest: vec![(0.0, 0.0); groups] }
    }

    /// Adds a stretch of v of this height: a group's distance to all, its weight, and the weight and number of all groups with rows.
    pub(crate) fn add(&mut self, group: usize, height: f64, area: f64, weight: f64, (total, present): (f64, usize)) {
        self.integral[group] += height * area;
        self.measure[group] += height;
        if present > 1 {
            let rest = &mut self.rest[group];
            rest.0 += height * area * total / (total - weight);
            rest.1 += height;
        }
    }

    pub(crate) fn against_rest(&self, group: usize) -> Option<f64> {
        let (integral, measure) = self.rest[group];
        (measure > 0.0).then(|| integral / measure)
    }

    /// The pair with the largest distance. Two groups share the thresholds of the one that ends first: the mean over those is at most the sum of both
    /// integrals over their measure.
    pub(crate) fn farthest(&self, distance: impl FnMut(usize, usize) -> Option<f64>) -> Option<(f64, (usize, usize))> {
        let key = |(integral, measure): (&f64, &f64)| if *measure > 0.0 { *integral } else { f64::NAN };
        let keys: Vec<f64> = self.integral.iter().zip(&self.measure).map(key).collect();
        let least = self.measure.iter().copied().filter(|measure| *measure > 0.0).fold(f64::INFINITY, f64::min);
        let may_exceed = |a: usize, b: usize, limit: f64| keys[a] + keys[b] > limit * self.measure[a].min(self.measure[b]);
        let mut order: Vec<usize> = (0..keys.len()).filter(|group| !keys[*group].is_nan()).collect();
        if order.len() < 2 {
            return None;
        }
        // The two that lie farthest from all groups.
        order.select_nth_unstable_by(1, |one, other| keys[*other].total_cmp(&keys[*one]).then(one.cmp(other)));
        let start = (order[0].min(order[1]), order[0].max(order[1]));
        farthest_pair(&keys, 1.0 / least, start, may_exceed, distance)
    }
}

/// Walks down the labels of all groups; on blocks of scores and labels where distinct scores times distinct labels are more than `most_visits`.
pub(crate) fn walk(samples: &[&Sample], most_visits: usize) -> Reached {
    let rows: Vec<(u32, u32)> =
        (0..samples.len()).flat_map(|group| (0..samples[group].len() as u32).map(move |entry| (group as u32, entry))).collect();
    let labels: Vec<f64> = rows.iter().map(|&(group, entry)| samples[group as usize].labels[entry as usize]).collect();
    let ascending = order::ascending(&labels);
    let label = |position: usize| labels[ascending[position] as usize];
    let distinct = 1 + (1..rows.len()).filter(|&position| label(position) != label(position - 1)).count();
    let mut union = Union::new(samples);
    let most_levels = if distinct.saturating_mul(union.places.len()) > most_visits {
        union = union.gathered(samples, PLACES);
        (most_visits / rows.len()).clamp(LEVELS.0, LEVELS.1)
    } else {
        rows.len()
    };
    let (edges, levels, _) = blocks(rows.len(), most_levels, label);
    let mut groups: Vec<Own> = union.of.iter().map(|places| Own::new(places)).collect();
    let mut all = vec![0.0; union.places.len()];
    let mut reached = Reached::new(samples.len());
    let mut left = rows.len();
    for level in (0..levels.len()).rev() {
        let lower = if level == 0 { f64::NEG_INFINITY } else { edges[level - 1] };
        while left > 0 && label(left - 1) > lower {
            left -= 1;
            let (group, entry) = rows[ascending[left] as usize];
            let (group, entry) = (group as usize, entry as usize);
            let weight = samples[group].weights[entry];
            groups[group].add(entry, weight);
            all[union.of[group][entry] as usize] += weight;
        }
        let next = if level == 0 { 0.0 } else { levels[level - 1] };
        let height = levels[level].clamp(0.0, 1.0) - next.clamp(0.0, 1.0);
        if height > 0.0 {
            let pooled = Pooled::new(&union.places, &all);
            let present = groups.iter().filter(|own| own.total > 0.0).count();
            for (group, own) in groups.iter().enumerate().filter(|(_, own)| own.total > 0.0) {
                let filled = own.places.iter().copied().zip(own.mass.iter().copied()).filter(|(_, mass)| *mass > 0.0);
                let area = pooled.distance(own.total, filled).area;
                reached.add(group, height, area, own.total, (pooled.total, present));
            }
        }
    }
    reached
}

/// A group's rows with y > v on the places that it has.
#[derive(Debug)]
struct Own {
    places: Vec<u32>,
    /// Position of each entry among the places.
    of: Vec<u32>,
    mass: Vec<f64>,
    total: f64,
}

impl Own {
    /// `of_entries` is ascending.
    fn new(of_entries: &[u32]) -> Self {
        let (mut places, mut of) = (Vec::new(), Vec::with_capacity(of_entries.len()));
        for &place in of_entries {
            if places.last() != Some(&place) {
                places.push(place);
            }
            of.push(places.len() as u32 - 1);
        }
        let mass = vec![0.0; places.len()];
        Own { places, of, mass, total: 0.0 }
    }

    fn add(&mut self, entry: usize, weight: f64) {
        self.mass[self.of[entry] as usize] += weight;
        self.total += weight;
    }
}
