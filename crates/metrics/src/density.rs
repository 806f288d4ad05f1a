//! Smoothed distribution of each group's scores, for drawing.
//!
//! ```text
//! f(t) = (1 / W) sum over rows of w_i K_h(t - s_i)     K_h = normal density of width h
//! h = 0.9 min(sd, IQR / 1.34) n^(-1/5)                 Silverman's rule, n = effective number of rows
//! ```
//!
//! Scores are first gathered into 1024 fine bins, so that the cost does not grow with the rows. For scores in [0, 1] the mass that the
//! kernel would put outside is folded back at both ends, so that the area stays 1 and the density does not fade at 0 and 1.

use serde::{Deserialize, Serialize};

use crate::Outcomes;
use crate::pass_rates::range;
use crate::sample::Sample;

const BINS: usize = 1024;

/// One group's density curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupDensity {
    /// Name of the group.
    pub group: String,
    /// Its rows.
    pub n: usize,
    /// Mean score.
    pub mean: f64,
    /// Scores at which the density is given, ascending.
    pub score: Vec<f64>,
    /// The density there.
    pub density: Vec<f64>,
}

/// Density of the scores of each wanted group at `points` equally spaced scores; of the groups that enter gaps, in the order of the levels.
pub fn density(outcomes: &Outcomes, points: usize, wanted: impl Fn(&str) -> bool) -> Vec<GroupDensity> {
    let samples = outcomes.samples();
    let (low, high) = range(&samples.all.scores);
    let bounded = low == 0.0 && high == 1.0;
    let steps = points.max(2) - 1;
    let score: Vec<f64> = (0..=steps).map(|step| low + (high - low) * step as f64 / steps as f64).collect();
    let curve = |code: u32| {
        let sample = &samples.groups[code as usize];
        let counts = &outcomes.counts()[code as usize];
        let squares: f64 = counts.cells.iter().map(|cell| cell.squared).sum();
        let width = bandwidth(sample, counts.weight() * counts.weight() / squares, high - low);
        let density = smooth(sample, &score, low, high, width, bounded);
        let group = outcomes.groups.level(code).to_owned();
        GroupDensity { group, n: counts.rows(), mean: sample.moments().0, score: score.clone(), density }
    };
    outcomes.selection().entered.into_iter().filter(|code| wanted(outcomes.groups.level(*code))).map(curve).collect()
}

fn bandwidth(sample: &Sample, effective: f64, span: f64) -> f64 {
    let deviation = sample.moments().1.sqrt();
    let total = sample.total();
    let quantile = |share: f64| {
        let mut below = 0.0;
        let found = sample.weights.iter().position(|weight| {
            below += weight;
            below >= share * total
        });
        found.map_or(0.0, |entry| sample.scores[entry])
    };
    let spread = (quantile(0.75) - quantile(0.25)) / 1.34;
    let spread = if spread > 0.0 { deviation.min(spread) } else { deviation };
    // A constant score still gets a visible peak.
    (0.9 * spread * effective.powf(-0.2)).max(span / 400.0).max(f64::MIN_POSITIVE)
}

fn smooth(sample: &Sample, score: &[f64], low: f64, high: f64, width: f64, bounded: bool) -> Vec<f64> {
    let step = ((high - low) / BINS as f64).max(f64::MIN_POSITIVE);
    let mut bins = vec![0.0; BINS];
    for (&value, &weight) in sample.scores.iter().zip(&sample.weights) {
        bins[(((value - low) / step) as usize).min(BINS - 1)] += weight;
    }
    let total = sample.total();
    let kernel = |distance: f64| (-0.5 * (distance / width).powi(2)).exp();
    let scale = 1.0 / (total * width * std::f64::consts::TAU.sqrt());
    let at = |&place: &f64| {
        let weighted = bins.iter().enumerate().filter(|(_, weight)| **weight > 0.0).map(|(bin, weight)| {
            let centre = low + (bin as f64 + 0.5) * step;
            let folded = if bounded { kernel(place + centre) + kernel(2.0 - place - centre) } else { 0.0 };
            weight * (kernel(place - centre) + folded)
        });
        weighted.sum::<f64>() * scale
    };
    score.iter().map(at).collect()
}

#[cfg(test)]
mod tests {
    use evenhand_rows::Groups;

    use super::*;

    #[test]
    fn the_area_is_one_also_at_the_borders() {
        let scores: Vec<f64> = (0..500).map(|i| (f64::from(i) / 499.0).powi(3)).collect();
        let groups = Groups::new("g", vec!["a".to_owned()], vec![0; 500]);
        let curves = density(&Outcomes::new(&scores, &groups).unwrap(), 2001, |_| true);
        let area: f64 = curves[0].density.windows(2).map(|pair| f64::midpoint(pair[0], pair[1]) / 2000.0).sum();
        assert!((area - 1.0).abs() < 0.01, "{area}");
    }
}
