//! Pass rate of each group at every threshold, with a band that holds at all thresholds at once.
//!
//! ```text
//! R_g(t) = share of g selected at threshold t
//! sup over t of |R_g(t) - true R_g(t)| <= sqrt(ln(2 / d) / (2 n_g))   with probability at least 1 - d
//! ```
//!
//! The inequality of Dvoretzky, Kiefer and Wolfowitz with Massart's constant holds for every distribution and sample size. With G groups each band
//! uses d = (1 - level) / G, so that all bands hold together with the level asked for, and with them the band of the gap max - min
//! that is drawn from them. With weights n is Kish's effective size (sum w)^2 / sum w^2, for which the bound is an approximation. The
//! area under the gap of two groups is their SPDD.

use serde::{Deserialize, Serialize};

use crate::{DecisionRule, Outcomes};

/// Pass rates over thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PassRates {
    /// The thresholds, ascending.
    pub thresholds: Vec<f64>,
    /// Level at which all bands hold together.
    pub level: f64,
    /// The groups that enter gaps, in the order of the levels.
    pub groups: Vec<GroupPassRate>,
    /// The gap between the groups; absent with fewer than two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<PassRateGap>,
}

/// One group's pass rate at each threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupPassRate {
    /// Name of the group.
    pub group: String,
    /// Its rows.
    pub n: usize,
    /// Half the width of its band.
    pub margin: f64,
    /// Share selected.
    pub rate: Vec<f64>,
    /// Lower end of the band.
    pub low: Vec<f64>,
    /// Upper end of the band.
    pub high: Vec<f64>,
}

/// Largest difference of pass rates between two groups, at each threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PassRateGap {
    /// Largest minus smallest rate.
    pub gap: Vec<f64>,
    /// Lower end of its band.
    pub low: Vec<f64>,
    /// Upper end of its band.
    pub high: Vec<f64>,
}

/// Pass rates at `points` equally spaced thresholds: over [0, 1] for scores inside it, else from the lowest to the highest score.
pub fn pass_rates(outcomes: &Outcomes, points: usize, level: f64) -> PassRates {
    let samples = outcomes.samples();
    let (low, high) = range(&samples.all.scores);
    let steps = points.max(2) - 1;
    let thresholds: Vec<f64> = (0..=steps).map(|step| low + (high - low) * step as f64 / steps as f64).collect();
    let entered = outcomes.selection().entered;
    let miss = (1.0 - level).clamp(f64::MIN_POSITIVE, 1.0) / entered.len().max(1) as f64;
    let groups: Vec<GroupPassRate> = entered
        .iter()
        .map(|&code| {
            let sample = &samples.groups[code as usize];
            let counts = &outcomes.counts()[code as usize];
            let total = sample.total();
            let squares: f64 = counts.cells.iter().map(|cell| cell.squared).sum();
            let effective = counts.weight() * counts.weight() / squares;
            let margin = ((2.0 / miss).ln() / (2.0 * effective)).sqrt().min(1.0);
            let (mut entry, mut below) = (0, 0.0);
            let rate: Vec<f64> = thresholds
                .iter()
                .map(|&threshold| {
                    let passed = |score: f64| match outcomes.conventions.decision_rule {
                        DecisionRule::Above => score > threshold,
                        DecisionRule::AtOrAbove => score >= threshold,
                    };
                    while entry < sample.len() && !passed(sample.scores[entry]) {
                        below += sample.weights[entry];
                        entry += 1;
                    }
                    (1.0 - below / total).clamp(0.0, 1.0)
                })
                .collect();
            GroupPassRate {
                group: outcomes.groups.level(code).to_owned(),
                n: counts.rows(),
                margin,
                low: rate.iter().map(|rate| (rate - margin).max(0.0)).collect(),
                high: rate.iter().map(|rate| (rate + margin).min(1.0)).collect(),
                rate,
            }
        })
        .collect();
    let gap = (groups.len() > 1).then(|| gap(&groups, thresholds.len()));
    PassRates { thresholds, level, groups, gap }
}

fn gap(groups: &[GroupPassRate], points: usize) -> PassRateGap {
    let extreme = |point: usize, column: fn(&GroupPassRate) -> &Vec<f64>, pick: fn(f64, f64) -> f64| {
        groups.iter().map(|group| column(group)[point]).reduce(pick).unwrap_or_default()
    };
    let of = |upper: fn(&GroupPassRate) -> &Vec<f64>, lower: fn(&GroupPassRate) -> &Vec<f64>| -> Vec<f64> {
        (0..points).map(|point| (extreme(point, upper, f64::max) - extreme(point, lower, f64::min)).max(0.0)).collect()
    };
    PassRateGap {
        gap: of(|group| &group.rate, |group| &group.rate),
        low: of(|group| &group.low, |group| &group.high),
        high: of(|group| &group.high, |group| &group.low),
    }
}

/// [0, 1] for scores inside it, else from the lowest to the highest score.
pub(crate) fn range(ascending: &[f64]) -> (f64, f64) {
    match (ascending.first(), ascending.last()) {
        (Some(&low), Some(&high)) if low < 0.0 || high > 1.0 => (low, high),
        _ => (0.0, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use evenhand_rows::Groups;

    use super::*;

    #[test]
    fn rates_fall_and_the_band_has_the_width_of_the_inequality() {
        let groups = Groups::from_texts("g", [Some("a"), Some("a"), Some("b"), Some("b")].into_iter());
        let scores = [0.25, 0.75, 0.5, 1.0];
        let rates = pass_rates(&Outcomes::new(&scores, &groups).unwrap(), 5, 0.95);
        assert_eq!(rates.thresholds, [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(rates.groups[0].rate, [1.0, 0.5, 0.5, 0.0, 0.0]);
        assert_eq!(rates.groups[1].rate, [1.0, 1.0, 0.5, 0.5, 0.0]);
        assert_eq!(rates.gap.unwrap().gap, [0.0, 0.5, 0.0, 0.5, 0.0]);
        // 80 rows a group: ln(2 / .025) / 160 under the root.
        let scores = scores.repeat(40);
        let groups =
            Groups::from_texts("g", ["a", "a", "b", "b"].repeat(40).iter().map(|name| Some(*name)).collect::<Vec<_>>().into_iter());
        let rates = pass_rates(&Outcomes::new(&scores, &groups).unwrap(), 5, 0.95);
        assert!((rates.groups[0].margin - (80.0_f64.ln() / 160.0).sqrt()).abs() < 1e-12);
    }
}
