//! Mean Kullback-Leibler divergence between the score histograms of the groups, as reported for FairCVtest.
//!
//! ```text
//! KL = mean over ordered pairs (a, b) of  sum over i of p_i ln(p_i / q_i)
//! p_i = share of a's weight in bin i + 1e-9,   q_i the same of b,   50 bins of width 0.02 on [0, 1]
//! ```
//!
//! Between 0 (fair) and 20.8 = ln(1e9 + 1): bins that only one group fills are divided by 1e-9. **The number depends on that 1e-9 and on the
//! bins**, and on small groups it is large by chance alone: compare it only with numbers made the same way, and read `spdd` or `ks` for what
//! depends on neither. A bin holds its lower edge, the last one also 1. With more than two groups it is the mean over all pairs, not
//! the largest; `largest_pair` names the pair with the largest mean of both directions, `against_rest` holds that mean for a group and all
//! others together. There is no interval: resampling empties bins, which alone makes the number larger. Undefined with fewer
//! than two groups, and when a score lies outside [0, 1].
//!
//! Public code of FairCVtest (`computeKL`) has 49 bins up to 0.98, skips bins that one of the groups leaves empty (so that groups without overlap
//! diverge by 0) and takes one direction only. Read in chunks, a score within the width of a sketch bin of an edge may change its bin.

use evenhand_catalog::{Card, Direction, Kind};

use crate::sample::Sample;
use crate::{Comparison, Estimate, Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "histogram-kl",
    name: "KL of score histograms",
    kind: Kind::Metric,
    summary: "Mean Kullback-Leibler divergence between the groups' score histograms; depends on its 50 bins and on its 1e-9.",
    formula: "mean over ordered pairs of sum_i p_i ln(p_i / q_i), 50 bins on [0, 1], 1e-9 added to every share",
    fair_value: Some(0.0),
    range: "[0, 20.8]",
    direction: Direction::Lower,
    source: "Kullback & Leibler 1951; on score histograms: Pena et al. 2020 (FairCVtest)",
    parameters: &[],
};

const BINS: usize = 50;
/// What every share gets, so that no bin is empty.
const ADDED: f64 = 1e-9;

/// KL of score histograms.
#[derive(Debug)]
pub(crate) struct HistogramKl;

impl Metric for HistogramKl {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::Scores
    }

    fn measure(&self, outcomes: &Outcomes, _plan: Option<&IntervalPlan>) -> Finding {
        let mut finding = Finding::new(CARD.id);
        let selection = outcomes.selection();
        finding.left_out = selection.left_out;
        let entered = &selection.entered;
        finding.n = entered.iter().map(|&code| outcomes.counts()[code as usize].rows()).sum();
        if entered.len() < 2 {
            let count = ["no group", "only one group"][entered.len()];
            finding.estimate = Estimate::undefined(format!("{count} can enter, two are needed"));
            return finding;
        }
        let samples: Vec<&Sample> = entered.iter().map(|&code| &outcomes.samples().groups[code as usize]).collect();
        let inside = |sample: &&Sample| sample.scores.first() >= Some(&0.0) && sample.scores.last() <= Some(&1.0);
        if !samples.iter().all(inside) {
            finding.estimate = Estimate::undefined("a score lies outside [0, 1], where the histogram has no bin");
            return finding;
        }
        let name = |position: usize| outcomes.groups.level(entered[position]).to_owned();
        let masses: Vec<[f64; BINS]> = samples.iter().map(|sample| histogram(sample)).collect();
        let groups: Vec<Shares> = masses.iter().map(Shares::of).collect();
        finding.estimate = Estimate::value(mean_of_pairs(&groups));
        let widest = widest_pair(&groups);
        finding.largest_pair = Some((name(widest.0), name(widest.1)));
        if masses.len() > 2 {
            let rests = rests(&masses);
            finding.against_rest = (0..masses.len())
                .map(|position| {
                    let estimate = Estimate::value(groups[position].divergence(&Shares::of(&rests[position])));
                    Comparison { group: name(position), against: "rest".to_owned(), estimate }
                })
                .collect();
        }
        finding
    }
}

/// Weight in each bin.
fn histogram(sample: &Sample) -> [f64; BINS] {
    let mut mass = [0.0; BINS];
    for (score, weight) in sample.scores.iter().zip(&sample.weights) {
        mass[((score * BINS as f64) as usize).min(BINS - 1)] += weight;
    }
    mass
}

/// Shares of the bins, and their logarithms.
#[derive(Debug)]
struct Shares {
    share: [f64; BINS],
    logarithm: [f64; BINS],
}

impl Shares {
    fn of(mass: &[f64; BINS]) -> Self {
        let total: f64 = mass.iter().sum();
        let share = mass.map(|mass| mass / total + ADDED);
        Shares { share, logarithm: share.map(f64::ln) }
    }

    /// Mean of both directions: p ln(p / q) + q ln(q / p) = (p - q) (ln p - ln q).
    fn divergence(&self, other: &Shares) -> f64 {
        let shares = self.share.iter().zip(&other.share);
        let logarithms = self.logarithm.iter().zip(&other.logarithm);
        shares.zip(logarithms).map(|((p, q), (ln_p, ln_q))| (p - q) * (ln_p - ln_q)).sum::<f64>() / 2.0
    }
}

/// Mean over all pairs. The sum of (pa - pb) (ln pa - ln pb) over them is k times the sum of pa ln pa less the sum of pa times that of ln pa.
fn mean_of_pairs(groups: &[Shares]) -> f64 {
    if let [one, other] = groups {
        return one.divergence(other);
    }
    let count = groups.len() as f64;
    let sum = |bin: usize| {
        let (mut shares, mut logarithms, mut products) = (0.0, 0.0, 0.0);
        for group in groups {
            shares += group.share[bin];
            logarithms += group.logarithm[bin];
            products += group.share[bin] * group.logarithm[bin];
        }
        count * products - shares * logarithms
    };
    // Between equal groups rounding may leave less than nothing.
    ((0..BINS).map(sum).sum::<f64>() / (count * (count - 1.0))).max(0.0)
}

/// The first of the pairs that diverge most.
fn widest_pair(groups: &[Shares]) -> (usize, usize) {
    let mut widest = (f64::NEG_INFINITY, (0, 1));
    for (first, one) in groups.iter().enumerate() {
        for (second, other) in groups.iter().enumerate().skip(first + 1) {
            let divergence = one.divergence(other);
            if divergence > widest.0 {
                widest = (divergence, (first, second));
            }
        }
    }
    widest.1
}

/// Weight of all other groups in each bin, from the sums of those before and of those after: what is empty stays 0.
fn rests(masses: &[[f64; BINS]]) -> Vec<[f64; BINS]> {
    let add = |sum: &mut [f64; BINS], mass: &[f64; BINS]| sum.iter_mut().zip(mass).for_each(|(sum, mass)| *sum += mass);
    let (mut before, mut after) = ([0.0; BINS], [0.0; BINS]);
    let mut rests = Vec::with_capacity(masses.len());
    for mass in masses {
        rests.push(before);
        add(&mut before, mass);
    }
    for (rest, mass) in rests.iter_mut().zip(masses).rev() {
        add(rest, &after);
        add(&mut after, mass);
    }
    rests
}

#[cfg(test)]
mod tests {
    use evenhand_rows::Groups;

    use super::*;

    fn measured(scores: &[f64], codes: Vec<u32>) -> Finding {
        let groups = Groups::new("g", ["a", "b", "c"].map(str::to_owned).to_vec(), codes);
        HistogramKl.evaluate(&Outcomes::new(scores, &groups).unwrap())
    }

    #[test]
    fn two_bins_can_be_computed_by_hand() {
        // a: 1/4 and 3/4, b: 1/2 and 1/2. KL(a, b) = 0.25 ln 0.5 + 0.75 ln 1.5 = 0.130812, KL(b, a) = 0.5 ln 2 + 0.5 ln (2/3) = 0.143841.
        let finding = measured(&[0.11, 0.31, 0.305, 0.319, 0.1, 0.3], vec![0, 0, 0, 0, 1, 1]);
        assert!((finding.estimate.number().unwrap() - 0.137_326_5).abs() < 1e-6, "{:?}", finding.estimate);
        assert_eq!(finding.largest_pair, Some(("a".to_owned(), "b".to_owned())));
    }

    #[test]
    fn groups_without_overlap_diverge_as_far_as_the_added_share_lets_them() {
        let finding = measured(&[0.0, 1.0], vec![0, 1]);
        assert!((finding.estimate.number().unwrap() - 1e9_f64.ln()).abs() < 1e-6);
    }

    #[test]
    fn more_groups_give_the_mean_over_their_pairs() {
        // a and b agree, c lies apart: two of three pairs diverge.
        let finding = measured(&[0.5, 0.5, 0.9], vec![0, 1, 2]);
        assert!((finding.estimate.number().unwrap() - 1e9_f64.ln() * 2.0 / 3.0).abs() < 1e-6);
        assert_eq!(finding.largest_pair, Some(("a".to_owned(), "c".to_owned())));
        assert_eq!(finding.against_rest.len(), 3);
        assert!(finding.against_rest[2].estimate.number() > finding.against_rest[0].estimate.number());
    }

    #[test]
    fn scores_outside_the_bins_are_told() {
        assert!(measured(&[0.5, 1.5], vec![0, 1]).estimate.reason().unwrap().contains("outside [0, 1]"));
    }
}
