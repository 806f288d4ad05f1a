//! SPEO of one draw of all groups on the cells of a frame.

use super::walk::Reached;
use crate::gaps::{Frame, Profiles, Ruler, weighted};

/// Distribution functions of the rows with y > v, for each stretch of v over which those stay the same.
#[derive(Debug)]
pub(crate) struct Levels {
    /// How much of v each stretch covers, from the highest down.
    heights: Vec<f64>,
    /// How far it is from each place to the next; 0 after the last.
    steps: Vec<f64>,
    /// By group and stretch the values at the places; of weight 0 where the group has no such rows.
    below: Vec<f64>,
    weights: Vec<f64>,
    /// Distances of each group to all groups; empty for two groups.
    reached: Option<Reached>,
}

impl Levels {
    /// Where the distributions stand.
    pub(crate) fn ruler(frame: &Frame) -> Ruler {
        let steps = (0..frame.places.len()).map(|place| frame.places.get(place + 1).map_or(0.0, |next| next - frame.places[place]));
        let heights = (0..frame.levels.len()).rev().map(|level| height(frame, level)).filter(|height| *height > 0.0);
        Ruler { steps: steps.collect(), heights: heights.collect(), empty_counts: false }
    }

    /// The distributions without their distances.
    pub(crate) fn profiles(frame: &Frame, masses: &[f64]) -> Profiles {
        let (places, groups) = (frame.places.len(), masses.len() / frame.cells());
        let (mut below, mut weights) = (Vec::with_capacity(masses.len()), Vec::with_capacity(groups * frame.levels.len()));
        let mut above = vec![0.0; places];
        for mass in masses.chunks_exact(frame.cells()) {
            above.fill(0.0);
            for level in (0..frame.levels.len()).rev() {
                above.iter_mut().zip(&mass[level * places..]).for_each(|(above, mass)| *above += mass);
                if height(frame, level) > 0.0 {
                    weights.push(distribution(&above, &mut below));
                }
            }
        }
        Profiles { values: below, weights, moments: Vec::new() }
    }

    pub(crate) fn new(frame: &Frame, masses: &[f64]) -> Self {
        let groups = masses.len() / frame.cells();
        let Ruler { steps, heights, .. } = Levels::ruler(frame);
        let Profiles { values: below, weights, .. } = Levels::profiles(frame, masses);
        let mut levels = Levels { heights, steps, below, weights, reached: None };
        if groups > 2 {
            levels.pool(groups);
        }
        levels
    }

    fn pool(&mut self, groups: usize) {
        let (places, count) = (self.steps.len(), self.heights.len());
        let mut reached = Reached::new(groups);
        let mut all = vec![0.0; places];
        for (stretch, height) in self.heights.iter().enumerate() {
            let present: Vec<usize> = (0..groups).filter(|group| self.weights[group * count + stretch] > 0.0).collect();
            let total: f64 = present.iter().map(|group| self.weights[group * count + stretch]).sum();
            all.fill(0.0);
            for group in &present {
                let share = self.weights[group * count + stretch] / total;
                all.iter_mut().zip(self.at(*group, stretch)).for_each(|(all, below)| *all += share * below);
            }
            for group in &present {
                let area = weighted(&self.steps, self.at(*group, stretch), &all);
                reached.add(*group, *height, area, self.weights[group * count + stretch], (total, present.len()));
            }
        }
        self.reached = Some(reached);
    }

    fn at(&self, group: usize, stretch: usize) -> &[f64] {
        let places = self.steps.len();
        let first = (group * self.heights.len() + stretch) * places;
        &self.below[first..first + places]
    }

    pub(crate) fn between(&self, a: usize, b: usize) -> Option<f64> {
        let count = self.heights.len();
        let (mut integral, mut measure) = (0.0, 0.0);
        for (stretch, height) in self.heights.iter().enumerate() {
            if self.weights[a * count + stretch] > 0.0 && self.weights[b * count + stretch] > 0.0 {
                integral += height * weighted(&self.steps, self.at(a, stretch), self.at(b, stretch));
                measure += height;
            }
        }
        (measure > 0.0).then(|| integral / measure)
    }

    pub(crate) fn largest(&self) -> Option<f64> {
        match &self.reached {
            Some(reached) => reached.farthest(|a, b| self.between(a, b)).map(|(distance, _)| distance),
            None => self.between(0, 1),
        }
    }

    pub(crate) fn against_rest(&self, group: usize) -> Option<f64> {
        self.reached.as_ref().and_then(|reached| reached.against_rest(group))
    }
}

/// How much of v lies between a level and the one below it.
fn height(frame: &Frame, level: usize) -> f64 {
    let next = if level == 0 { 0.0 } else { frame.levels[level - 1] };
    frame.levels[level].clamp(0.0, 1.0) - next.clamp(0.0, 1.0)
}

/// Adds the distribution function of some weights; returns their sum.
fn distribution(weights: &[f64], below: &mut Vec<f64>) -> f64 {
    let total: f64 = weights.iter().sum();
    let scale = if total > 0.0 { 1.0 / total } else { 0.0 };
    let mut passed = 0.0;
    below.extend(weights.iter().map(|weight| {
        passed += weight;
        passed * scale
    }));
    total
}

#[cfg(test)]
mod tests {
    use evenhand_rows::Groups;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::Outcomes;

    #[test]
    fn the_largest_of_many_groups_is_that_of_all_pairs_and_the_rest_is_all_others() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        // A frame of few scores and labels: each is a place and a level of its own.
        let rows: Vec<(f64, f64)> = (0..40).map(|row| (f64::from(row % 8) / 8.0, f64::from(row / 8) / 5.0)).collect();
        let (scores, labels): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
        let groups = Groups::new("g", vec!["a".to_owned(), "b".to_owned()], (0..40).map(|row| row % 2).collect());
        let outcomes = Outcomes::new(&scores, &groups).unwrap().labels(&labels).unwrap();
        let frame = Frame::new(&outcomes, true, 2);
        let cells = frame.cells();
        for round in 0..60 {
            let count = 3 + round % 9;
            let mut masses = vec![0.0; count * cells];
            for mass in masses.chunks_exact_mut(cells) {
                // Groups reach up to different labels.
                let reach = rng.random_range(1..=frame.levels.len()) * frame.places.len();
                for _ in 0..rng.random_range(1..30) {
                    mass[rng.random_range(0..reach)] += 1.0;
                }
            }
            let levels = Levels::new(&frame, &masses);
            let pairs = (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b)));
            let brute = pairs.filter_map(|(a, b)| levels.between(a, b)).reduce(f64::max);
            let close = |one: Option<f64>, other: Option<f64>| match (one, other) {
                (Some(one), Some(other)) => (one - other).abs() < 1e-12,
                (one, other) => one.is_none() && other.is_none(),
            };
            assert!(close(levels.largest(), brute), "{:?} {brute:?}", levels.largest());
            for group in 0..count {
                let mut two = masses[group * cells..(group + 1) * cells].to_vec();
                let others = (0..count).filter(|other| *other != group);
                two.extend((0..cells).map(|cell| others.clone().map(|other| masses[other * cells + cell]).sum::<f64>()));
                let expected = Levels::new(&frame, &two).largest();
                assert!(close(levels.against_rest(group), expected), "{:?} {expected:?}", levels.against_rest(group));
            }
        }
    }
}
