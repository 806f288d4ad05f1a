//! Differences between the groups' mean scores in a batch, with their gradient.
//!
//! ```text
//! m_g  = sum over rows of g of w_i s_i / sum over rows of g of w_i
//! gap  = |m_a - m_b|        d gap / ds_i = sign(m_a - m_b) w_i / W_a in a, - sign(m_a - m_b) w_i / W_b in b
//! ```
//!
//! More than two groups become one number as in `transport` ([`Pairs`]). At a gap of exactly 0 the derivative is 0, a subgradient.

use crate::models::{Output, sigmoid_of};
use crate::objective::{Pass, Term, Validation};
use crate::transport::{Pairs, weighted_pairs};
use evenhand_rows::UNKNOWN;

/// A gap with its derivative for every score.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gap {
    pub(crate) value: f64,
    pub(crate) slopes: Vec<f64>,
}

/// The gap between the groups' means over the rows that `takes_part` lets in; `None` when fewer than two groups have a row of positive
/// weight there.
pub(crate) fn between_means(
    scores: &[f32],
    groups: &[u32],
    weights: &[f32],
    pairs: Pairs,
    takes_part: impl Fn(usize) -> bool,
) -> Option<Gap> {
    let mut sides: std::collections::BTreeMap<u32, Vec<usize>> = std::collections::BTreeMap::new();
    for row in (0..scores.len()).filter(|&row| groups[row] != UNKNOWN && weights[row] > 0.0 && takes_part(row)) {
        sides.entry(groups[row]).or_default().push(row);
    }
    let sides: Vec<Vec<usize>> = sides.into_values().collect();
    if sides.len() < 2 {
        return None;
    }
    let mut gap = Gap { value: 0.0, slopes: vec![0.0; scores.len()] };
    let weight = |row: usize| f64::from(weights[row]);
    let total = |side: &[usize]| side.iter().map(|&row| weight(row)).sum::<f64>();
    let mean = |side: &[usize]| side.iter().map(|&row| weight(row) * f64::from(scores[row])).sum::<f64>() / total(side);
    let mut add = |one: &[usize], other: &[usize], share: f64| {
        let difference = mean(one) - mean(other);
        gap.value += share * difference.abs();
        if difference != 0.0 {
            for (side, sign) in [(one, difference.signum()), (other, -difference.signum())] {
                let total = total(side);
                for &row in side {
                    gap.slopes[row] += share * sign * weight(row) / total;
                }
            }
        }
    };
    let count = sides.len();
    let every = (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b)));
    match pairs {
        Pairs::Largest => {
            let size = |&(a, b): &(usize, usize)| (mean(&sides[a]) - mean(&sides[b])).abs();
            // Of equal gaps the first counts.
            let (a, b) = every.reduce(|best, pair| if size(&pair) > size(&best) { pair } else { best })?;
            add(&sides[a], &sides[b], 1.0);
        }
        Pairs::Weighted => {
            let weights: Vec<f64> = sides.iter().map(|side| total(side)).collect();
            for (a, b, share) in weighted_pairs(&weights) {
                add(&sides[a], &sides[b], share);
            }
        }
        Pairs::Mean => {
            let share = 2.0 / (count * (count - 1)) as f64;
            every.for_each(|(a, b)| add(&sides[a], &sides[b], share));
        }
        Pairs::AgainstRest => {
            for (a, side) in sides.iter().enumerate() {
                let rest: Vec<usize> = (0..count).filter(|&b| b != a).flat_map(|b| sides[b].iter().copied()).collect();
                add(side, &rest, 1.0 / count as f64);
            }
        }
    }
    Some(gap)
}

/// A gap of the scores times each target's weight, averaged over the regularised targets; skipped and counted where it is undefined.
pub(crate) fn score_term(
    pass: &mut Pass<'_>,
    output: &Output,
    name: &'static str,
    weight: impl Fn(usize) -> f64,
    gap: impl Fn(usize, &[f32], &Pass<'_>) -> Option<Gap>,
) -> Term {
    let targets = pass.regularised();
    let share = 1.0 / targets.len() as f64;
    let mut sum = Term::zero();
    for target in targets {
        let scores: Vec<f32> = output.host_logits_of(target).into_iter().map(sigmoid_of).collect();
        let Some(Gap { value, slopes }) = gap(target, &scores, pass) else { return pass.skip(name) };
        // ds/dz = s (1 - s)
        let slopes = slopes.iter().zip(&scores).map(|(slope, score)| *slope as f32 * score * (1.0 - score)).collect();
        sum = sum.plus(Term::from_slopes(value, output.logit_of(target), slopes).times(share * weight(target)));
    }
    pass.note(name, sum.value);
    sum
}

/// The same on the validation rows, under the rows' weights.
pub(crate) fn validation_term(
    outcome: &Validation<'_>,
    weight: impl Fn(usize) -> f64,
    gap: impl Fn(usize, &[f32], &[f32]) -> Option<f64>,
) -> Option<f64> {
    let weights = outcome.weights();
    let targets = outcome.training.regularised_among(outcome.rows.targets);
    let gaps: Option<Vec<f64>> =
        targets.iter().map(|&target| Some(weight(target) * gap(target, &outcome.scores_of(target), &weights)?)).collect();
    Some(gaps?.iter().sum::<f64>() / targets.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f32; 6] = [0.2, 0.6, 0.9, 0.5, 0.1, 0.8];
    const GROUPS: [u32; 6] = [0, 0, 1, 2, 2, UNKNOWN];
    // Means: (0.2 + 3 x 0.6)/4 = 0.5; 0.9; 0.3.
    const WEIGHTS: [f32; 6] = [1.0, 3.0, 2.0, 1.0, 1.0, 1.0];

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "{found} instead of {expected}");
    }

    #[test]
    fn means_by_hand() {
        let gap = |pairs| between_means(&SCORES, &GROUPS, &WEIGHTS, pairs, |_| true).unwrap();
        let largest = gap(Pairs::Largest);
        near(largest.value, 0.6);
        assert_eq!(largest.slopes, [0.0, 0.0, 1.0, -0.5, -0.5, 0.0]);
        // Weights 4, 2, 2: pairs of 4/3, 4/3 and 1.
        near(gap(Pairs::Weighted).value, (4.0 / 3.0 * 0.4 + 4.0 / 3.0 * 0.2 + 0.6) / (11.0 / 3.0));
        let mean = gap(Pairs::Mean);
        near(mean.value, (0.4 + 0.2 + 0.6) / 3.0);
        // Against the rest: 0: (1.8 + 0.6)/4 = 0.6, 1: (2 + 0.6)/6, 2: (2 + 1.8)/6.
        let rest = gap(Pairs::AgainstRest);
        near(rest.value, (0.1 + (0.9 - 2.6 / 6.0) + (3.8 / 6.0 - 0.3)) / 3.0);
    }

    #[test]
    fn slopes_are_differences() {
        for pairs in [Pairs::Weighted, Pairs::Largest, Pairs::Mean, Pairs::AgainstRest] {
            let gap = |scores: &[f32]| between_means(scores, &GROUPS, &WEIGHTS, pairs, |_| true).unwrap();
            let slopes = gap(&SCORES).slopes;
            for row in 0..SCORES.len() {
                let moved = |step: f32| {
                    let mut scores = SCORES;
                    scores[row] += step;
                    gap(&scores).value
                };
                assert!(((moved(0.01) - moved(-0.01)) / 0.02 - slopes[row]).abs() < 1e-4, "{pairs:?} row {row}");
            }
        }
    }

    #[test]
    fn one_group_alone_has_no_gap() {
        assert_eq!(between_means(&SCORES, &GROUPS, &WEIGHTS, Pairs::Largest, |row| row < 2), None);
        assert_eq!(between_means(&[0.5, 0.5], &[0, 1], &[1.0, 1.0], Pairs::Mean, |_| true).unwrap().slopes, [0.0, 0.0]);
    }
}
