//! SPEO on the paper's grid: tables of rates over thresholds of label and score.

use crate::gaps::{Profiles, Ruler, farthest_pair, grid};
use crate::sample::Sample;

/// Of several groups the weights by how many grid thresholds label and score exceed, and the rates that follow.
#[derive(Debug)]
pub(crate) struct Tables {
    steps: usize,
    /// Weights of each group: of label x score the rows that exceed these many thresholds at least.
    above: Vec<Vec<f64>>,
    rates: Vec<Vec<f64>>,
    all: Vec<f64>,
}

impl Tables {
    pub(crate) fn of(samples: &[&Sample]) -> Self {
        let thresholds: Vec<f64> = grid().collect();
        let side = thresholds.len() + 1;
        let exceeded = |value: f64| thresholds.partition_point(|&threshold| threshold < value);
        let mut masses = vec![0.0; samples.len() * side * side];
        for (sample, mass) in samples.iter().zip(masses.chunks_exact_mut(side * side)) {
            for ((&score, &label), &weight) in sample.scores.iter().zip(&sample.labels).zip(&sample.weights) {
                mass[exceeded(label) * side + exceeded(score)] += weight;
            }
        }
        Tables::new(&masses)
    }

    /// `masses` holds for each group the weights by thresholds exceeded, label x score.
    pub(crate) fn new(masses: &[f64]) -> Self {
        let steps = grid().count();
        let side = steps + 1;
        let above: Vec<Vec<f64>> = masses.chunks_exact(side * side).map(|mass| suffix_sums(mass.to_vec(), side)).collect();
        let mut all = vec![0.0; side * side];
        for above in &above {
            all.iter_mut().zip(above).for_each(|(sum, above)| *sum += above);
        }
        let rates = above.iter().map(|above| rates(above, steps)).collect();
        Tables { steps, above, rates, all }
    }

    /// Where the rates stand: at every threshold of the score, for every one of the label.
    pub(crate) fn ruler() -> Ruler {
        let steps = grid().count();
        Ruler { steps: vec![1.0 / steps as f64; steps], heights: vec![1.0 / steps as f64; steps], empty_counts: true }
    }

    /// The rates, and the weights above each threshold of the label.
    pub(crate) fn profiles(self) -> Profiles {
        let weights = self.above.iter().flat_map(|above| above.chunks_exact(self.steps + 1).skip(1).map(|row| row[0])).collect();
        Profiles { values: self.rates.into_iter().flatten().collect(), weights, moments: Vec::new() }
    }

    /// Mean over all pairs of grid thresholds of the gap of rates; an empty side has the rate 0.
    pub(crate) fn between(&self, a: usize, b: usize) -> f64 {
        self.mean_gap(&self.rates[a], &self.rates[b])
    }

    fn mean_gap(&self, a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>() / (self.steps * self.steps) as f64
    }

    pub(crate) fn farthest(&self) -> Option<(f64, (usize, usize))> {
        if self.rates.len() == 2 {
            return Some((self.between(0, 1), (0, 1)));
        }
        let middle = rates(&self.all, self.steps);
        let keys: Vec<f64> = self.rates.iter().map(|rates| self.mean_gap(rates, &middle)).collect();
        farthest_pair(&keys, 1.0, (0, 1), |_, _, _| true, |a, b| Some(self.between(a, b)))
    }

    pub(crate) fn against_rest(&self, group: usize) -> f64 {
        // What rounding leaves of an empty cell is not mass.
        let least = 1e-12 * self.all[0];
        let left = |(all, own): (&f64, &f64)| if all - own > least { all - own } else { 0.0 };
        let rest: Vec<f64> = self.all.iter().zip(&self.above[group]).map(left).collect();
        self.mean_gap(&self.rates[group], &rates(&rest, self.steps))
    }
}

/// Suffix sums over both directions: weight of the rows whose label and score exceed the thresholds.
fn suffix_sums(mut table: Vec<f64>, side: usize) -> Vec<f64> {
    for row in table.chunks_exact_mut(side) {
        for place in (0..side - 1).rev() {
            row[place] += row[place + 1];
        }
    }
    for cell in (0..side * (side - 1)).rev() {
        table[cell] += table[cell + side];
    }
    table
}

/// For each threshold of the label the shares above each threshold of the score.
fn rates(above: &[f64], steps: usize) -> Vec<f64> {
    let rows = above.chunks_exact(steps + 1).skip(1);
    rows.flat_map(|row| row[1..].iter().map(|above| if row[0] > 0.0 { above / row[0] } else { 0.0 })).collect()
}
