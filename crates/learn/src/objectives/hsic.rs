//! Hilbert-Schmidt independence criterion between score and group: data loss plus a kernel measure of their dependence.
//!
//! ```text
//! minimise L(s, y) + lambda HSIC
//! HSIC  = sum_ij p_i p_j K_ij C_ij            C = H' L H, H = I - 1 p'     (p_i = 1/n: tr(K H L H) / n^2, the biased estimate)
//! K_ij  = exp(-(s_i - s_j)^2 / (2 h^2))       L_ij = 1 where rows i and j are of one group, else 0
//! C_ij  = L_ij - P(g_i) - P(g_j) + sum over g of P(g)^2          P(g): share of group g in the batch's weight
//! dHSIC/ds_i = -2 p_i sum_j p_j C_ij K_ij (s_i - s_j) / h^2
//! ```
//!
//! p: row's share of the batch's weight among rows of known group; h: `bandwidth`. For two groups HSIC is
//! 2 (P(a) P(b))^2 times the MMD2 of the two score distributions with this one kernel: dependence at every threshold counts, not the
//! means alone. Any number of groups. Fair value 0, never negative, at most 1/4 for two groups. A batch with fewer than two groups has
//! no term: it is skipped and counted. On validation rows it is the mean over pieces of the size of a batch, as its cost grows with the
//! square of the rows. The group is needed to train, not to score.
//!
//! Source: Gretton et al., "Measuring statistical dependence with Hilbert-Schmidt norms", 2005; as a penalty in Pérez-Suay et al.,
//! "Fair kernel learning", 2017.

use std::collections::BTreeMap;

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};
use evenhand_rows::UNKNOWN;
use rand_chacha::ChaCha8Rng;

use super::wasserstein::BALANCE;
use crate::gap::{Gap, score_term, validation_term};
use crate::models::Output;
use crate::objective::{Pass, Setting, Term, Validation};
use crate::rows::{Balance, BatchPlan};
use crate::scale::{Degree, SCALE, Scale};
use crate::weights::Weights;
use crate::{LearnError, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

static CARD: Card = Card {
    id: "hsic",
    name: "HSIC",
    kind: Kind::Objective,
    summary: "Adds the Hilbert-Schmidt independence criterion between score and group, a kernel measure of any dependence.",
    formula: "minimise L(s, y) + lambda_hsic sum_ij p_i p_j K(s_i, s_j) C_ij; K: Gaussian kernel; C: doubly centred indicator of equal groups",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Gretton et al., \"Measuring statistical dependence with Hilbert-Schmidt norms\", 2005; Pérez-Suay et al., 2017",
    parameters: &[
        Parameter {
            name: "lambda_hsic",
            default: Literal::Number(20.0),
            allowed: Allowed::Between(0.0, f64::INFINITY),
            purpose: "weight of the HSIC term",
        },
        Parameter {
            name: "bandwidth",
            default: Literal::Number(0.5),
            allowed: Allowed::Above(0.0),
            purpose: "width of the Gaussian kernel, in standard deviations of the label with `scale = \"label\"`, else in units of the score",
        },
        SCALE,
        BALANCE,
    ],
};

/// Data loss plus HSIC.
#[derive(Debug, Clone)]
pub struct Hsic {
    parameters: Parameters,
    scale: Scale,
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    Ok(Box::new(Hsic { parameters: parameters.clone(), scale: Scale::default() }))
}

impl Objective for Hsic {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn prepare(&mut self, setting: &Setting<'_>, _: &Weights, _: &mut ChaCha8Rng) -> Result<(), LearnError> {
        self.scale = Scale::new(&self.parameters, setting);
        Ok(())
    }

    fn plan(&self) -> BatchPlan {
        BatchPlan { balance: Balance::from_word(self.parameters.text("balance")), keep_shares: true }
    }

    fn loss(&mut self, pass: &mut Pass<'_>, output: &Output) -> Result<Term, LearnError> {
        let loss = pass.data_loss(output);
        let term = score_term(pass, output, "hsic", self.weight(), |target, scores, pass| {
            dependence(scores, &pass.batch.groups, &pass.batch.weights, self.bandwidth(target))
        });
        Ok(loss.plus(term))
    }

    fn validation_terms(&self, outcome: &Validation<'_>) -> Vec<(&'static str, f64)> {
        let codes = outcome.rows.groups.codes();
        let term = validation_term(outcome, self.weight(), |target, scores, weights| {
            outcome.mean_over_pieces(|piece| {
                let taken = |values: &[f32]| -> Vec<f32> { piece.iter().map(|&row| values[row]).collect() };
                let groups: Vec<u32> = piece.iter().map(|&row| codes[row]).collect();
                Some(dependence(&taken(scores), &groups, &taken(weights), self.bandwidth(target))?.value)
            })
        });
        term.map(|term| ("hsic", term)).into_iter().collect()
    }
}

impl Hsic {
    /// The weight of a target's HSIC, which has no unit.
    fn weight(&self) -> impl Fn(usize) -> f64 {
        let lambda = self.parameters.number("lambda_hsic");
        move |target| lambda * self.scale.factor(target, Degree::Free)
    }

    /// The kernel's width along a target's scores.
    fn bandwidth(&self, target: usize) -> f64 {
        self.parameters.number("bandwidth") * self.scale.unit(target)
    }
}

/// HSIC with its derivative for every score; `None` for fewer than two groups.
pub(crate) fn dependence(scores: &[f32], groups: &[u32], weights: &[f32], bandwidth: f64) -> Option<Gap> {
    let rows: Vec<usize> = (0..scores.len()).filter(|&row| groups[row] != UNKNOWN && weights[row] > 0.0).collect();
    let total: f64 = rows.iter().map(|&row| f64::from(weights[row])).sum();
    let share = |row: usize| f64::from(weights[row]) / total;
    let mut shares: BTreeMap<u32, f64> = BTreeMap::new();
    for &row in &rows {
        *shares.entry(groups[row]).or_default() += share(row);
    }
    if shares.len() < 2 {
        return None;
    }
    let squares: f64 = shares.values().map(|share| share * share).sum();
    let points: Vec<(f64, f64, u32, f64)> =
        rows.iter().map(|&row| (f64::from(scores[row]), share(row), groups[row], shares[&groups[row]])).collect();
    let narrow = -0.5 / (bandwidth * bandwidth);
    let mut gap = Gap { value: 0.0, slopes: vec![0.0; scores.len()] };
    for (place, &(score, weight, group, size)) in points.iter().enumerate() {
        let (mut value, mut slope) = (0.0, 0.0);
        for &(other, other_weight, other_group, other_size) in &points {
            let centred = f64::from(u8::from(group == other_group)) - size - other_size + squares;
            let away = score - other;
            let kernel = other_weight * centred * (narrow * away * away).exp();
            value += kernel;
            slope += kernel * away;
        }
        gap.value += weight * value;
        gap.slopes[rows[place]] = 4.0 * narrow * weight * slope;
    }
    Some(gap)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// tr(K H L H) / n^2 with matrices written out.
    fn by_matrices(scores: &[f32], groups: &[u32], bandwidth: f64) -> f64 {
        let n = scores.len();
        let kernel = |i: usize, j: usize| (-(f64::from(scores[i]) - f64::from(scores[j])).powi(2) / (2.0 * bandwidth * bandwidth)).exp();
        let same = |i: usize, j: usize| f64::from(u8::from(groups[i] == groups[j]));
        let centre = |i: usize, j: usize| f64::from(u8::from(i == j)) - 1.0 / n as f64;
        let product = |a: &dyn Fn(usize, usize) -> f64, b: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
            (0..n * n).map(|at| (0..n).map(|k| a(at / n, k) * b(k, at % n)).sum()).collect()
        };
        let left = product(&kernel, &centre);
        let right = product(&same, &centre);
        let both = product(&|i, j| left[i * n + j], &|i, j| right[i * n + j]);
        (0..n).map(|i| both[i * n + i]).sum::<f64>() / (n * n) as f64
    }

    #[test]
    fn it_is_the_trace_of_the_definition() {
        let scores = [0.1, 0.35, 0.8, 0.55, 0.9, 0.2, 0.45];
        let groups = [0, 1, 0, 2, 1, 1, 0];
        let found = dependence(&scores, &groups, &[1.0; 7], 0.3).unwrap();
        assert!((found.value - by_matrices(&scores, &groups, 0.3)).abs() < 1e-12);
        // A row of weight 2 is two rows; a row of unknown group is none.
        let doubled = dependence(&[0.1, 0.8, 0.5, 0.3], &[0, 1, 1, UNKNOWN], &[2.0, 1.0, 1.0, 5.0], 0.3).unwrap();
        assert!((doubled.value - by_matrices(&[0.1, 0.1, 0.8, 0.5], &[0, 0, 1, 1], 0.3)).abs() < 1e-12);
        assert_eq!(doubled.slopes[3], 0.0);
    }

    #[test]
    fn slopes_are_differences() {
        let scores = [0.1, 0.35, 0.8, 0.55, 0.9];
        let (groups, weights) = ([0, 1, 0, 2, 1], [1.0, 2.0, 0.5, 1.0, 1.5]);
        let slopes = dependence(&scores, &groups, &weights, 0.2).unwrap().slopes;
        for row in 0..scores.len() {
            let moved = |step: f32| {
                let mut scores = scores;
                scores[row] += step;
                dependence(&scores, &groups, &weights, 0.2).unwrap().value
            };
            assert!(((moved(1e-3) - moved(-1e-3)) / 2e-3 - slopes[row]).abs() < 1e-4, "row {row}");
        }
    }

    #[test]
    fn equal_distributions_are_independent_and_one_group_has_no_value() {
        let found = dependence(&[0.2, 0.6, 0.2, 0.6], &[0, 0, 1, 1], &[1.0; 4], 0.2).unwrap();
        assert!(found.value.abs() < 1e-15, "{}", found.value);
        assert_eq!(dependence(&[0.2, 0.6], &[1, 1], &[1.0; 2], 0.2), None);
    }
}
