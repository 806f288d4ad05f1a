//! Maximum mean discrepancy between the groups, in the embedding or in the score.
//!
//! ```text
//! minimise L(s, y) + lambda_mmd MMD2
//! MMD2  = sum_ij v_i v_j K(z_i, z_j)           v_i = +w_i in group a, -w_i in group b; w sums to 1 in each group
//! K     = sum over k = 0..4 of exp(-d_ij / (h 2^(k-2)))
//! d_ij  = |z_i - z_j|^2,   h = mean of d_ij over the ordered pairs i != j of both groups (a constant for the gradient)
//! dMMD2/dz_i = 4 sum_j g_ij (z_i - z_j),   g_ij = v_i v_j dK/dd_ij
//! ```
//!
//! z: embedding, or the score as a vector of width 1. Sizes need not agree and nothing is cut: MMD2 of a sample against itself is 0.
//! More than two groups: mean over pairs, weighted by the groups' sizes as in `transport`. Range `[0, 10]`, fair value 0. A batch with fewer than two groups, or in which all z agree
//! (h = 0), has no term: it is skipped and counted, or 0. On validation rows it is the mean over pieces of the size of a batch, as its
//! cost grows with the square of the rows.
//!
//! Source: Gretton et al., "A kernel two-sample test" (2012), equation 5; kernel widths as in common public code. Kim et al. 2023 name no
//! kernel; their public code applies it to the scores and cuts the larger group.

use burn_tensor::activation::sigmoid;
use burn_tensor::{Tensor, TensorData};
use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};
use rand_chacha::ChaCha8Rng;

use super::wasserstein::BALANCE;
use crate::models::Output;
use crate::objective::{Pass, Setting, Term, Validation, training_device};
use crate::rows::{Balance, BatchPlan, group_shares, group_totals};
use crate::scale::{Degree, SCALE, Scale};
use crate::transport::weighted_pairs;
use crate::weights::{Weights, host};
use crate::{LearnError, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

static CARD: Card = Card {
    id: "mmd",
    name: "MMD",
    kind: Kind::Objective,
    summary: "Adds the maximum mean discrepancy between the groups, with five Gaussian kernels, in the embedding or the score.",
    formula: "minimise L(s, y) + lambda_mmd MMD2; MMD2 = mean K(a, a) + mean K(b, b) - 2 mean K(a, b); K: sum of five Gaussian kernels",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Kim et al. 2023, section V.D; Gretton et al., \"A kernel two-sample test\", 2012, equation 5",
    parameters: &[
        Parameter {
            name: "lambda_mmd",
            default: Literal::Number(0.2),
            allowed: Allowed::Between(0.0, f64::INFINITY),
            purpose: "weight of the MMD term",
        },
        Parameter {
            name: "on",
            default: Literal::Text("score"),
            allowed: Allowed::OneOf(&["latent", "score"]),
            purpose: "what is compared: the embedding or the score",
        },
        SCALE,
        BALANCE,
    ],
};

/// Data loss plus MMD.
#[derive(Debug, Clone)]
pub struct Mmd {
    parameters: Parameters,
    scale: Scale,
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    Ok(Box::new(Mmd { parameters: parameters.clone(), scale: Scale::default() }))
}

impl Objective for Mmd {
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
        let lambda = self.weight(&pass.regularised());
        let points = match self.parameters.text("on") {
            // The scores of all regularised targets are one point.
            "score" => {
                let scores = pass.regularised().into_iter().map(|target| sigmoid(output.logit_of(target)).reshape([output.len(), 1]));
                Tensor::cat(scores.collect(), 1)
            }
            _ => output.embedding.clone(),
        };
        let loss = pass.data_loss(output);
        let Some(term) = discrepancy(&points, &pass.batch.group_shares(), &pass.batch.group_totals()) else {
            return Ok(loss.plus(pass.skip("mmd")));
        };
        pass.note("mmd", lambda * term.value);
        Ok(loss.plus(term.times(lambda)))
    }

    fn validation_terms(&self, outcome: &Validation<'_>) -> Vec<(&'static str, f64)> {
        let (codes, weights) = (outcome.rows.groups.codes(), outcome.weights());
        let columns: Vec<Vec<f32>> = if self.parameters.text("on") == "score" {
            let targets = outcome.training.regularised_among(outcome.rows.targets);
            targets.into_iter().map(|target| outcome.scores_of(target)).collect()
        } else {
            let (latent, width) = (&outcome.prediction.latent, outcome.prediction.latent_width);
            (0..width).map(|column| latent.iter().skip(column).step_by(width).copied().collect()).collect()
        };
        let found = outcome.mean_over_pieces(|piece| {
            let points: Vec<f32> = piece.iter().flat_map(|&row| columns.iter().map(move |column| column[row])).collect();
            let points = Tensor::<2>::from_data(TensorData::new(points, [piece.len(), columns.len()]), &training_device());
            let groups: Vec<u32> = piece.iter().map(|&row| codes[row]).collect();
            let own: Vec<f32> = piece.iter().map(|&row| weights[row]).collect();
            Some(discrepancy(&points, &group_shares(&groups, &own), &group_totals(&groups, &own))?.value)
        });
        let lambda = self.weight(&outcome.training.regularised_among(outcome.rows.targets));
        found.map(|value| ("mmd", lambda * value)).into_iter().collect()
    }
}

impl Mmd {
    /// The weight of MMD2, which has no unit.
    fn weight(&self, targets: &[usize]) -> f64 {
        self.parameters.number("lambda_mmd") * self.scale.mean_factor(targets, Degree::Free)
    }
}

/// Mean MMD2 over the pairs of groups (each given as shares over the rows), weighted by their sizes; `None` for fewer than two groups.
pub(crate) fn discrepancy(points: &Tensor<2>, groups: &[Vec<f32>], sizes: &[f64]) -> Option<Term> {
    let [rows, width] = points.dims();
    if groups.len() < 2 {
        return None;
    }
    let mut value = 0.0;
    let mut slopes = vec![0.0_f32; rows * width];
    for (a, b, share) in weighted_pairs(sizes) {
        value += pair(&points.clone().inner(), &groups[a], &groups[b], share, &mut slopes);
    }
    Some(Term::from_slopes(value, points.clone().reshape([rows * width]), slopes))
}

/// `share` times MMD2 of one pair; adds `share` times its derivatives to `slopes`.
fn pair(points: &Tensor<2>, first: &[f32], second: &[f32], share: f64, slopes: &mut [f32]) -> f64 {
    let device = points.device();
    let width = points.dims()[1];
    let rows: Vec<usize> = (0..first.len()).filter(|&row| first[row] > 0.0 || second[row] > 0.0).collect();
    let count = rows.len();
    let values: Vec<f32> = host(points.clone());
    let chosen: Vec<f32> = rows.iter().flat_map(|&row| values[row * width..(row + 1) * width].iter().copied()).collect();
    let signs: Vec<f32> = rows.iter().map(|&row| first[row] - second[row]).collect();
    let z = Tensor::<2>::from_data(TensorData::new(chosen, [count, width]), &device);
    let v = Tensor::<2>::from_data(TensorData::new(signs, [count, 1]), &device);

    let squares = (z.clone() * z.clone()).sum_dim(1);
    let distances = (squares.clone() + squares.transpose() - z.clone().matmul(z.clone().transpose()).mul_scalar(2.0)).clamp_min(0.0);
    // Two groups have at least two rows, so the mean over ordered pairs exists; summing rows first keeps f32 accurate.
    let total: f64 = host(distances.clone().sum_dim(1)).into_iter().map(f64::from).sum();
    let bandwidth = total / (count * (count - 1)) as f64;
    if bandwidth <= 0.0 {
        return 0.0;
    }
    // Kernel widths h/4, h/2, h, 2h, 4h: each kernel is the square of the next wider one.
    let mut kernel = distances.div_scalar(-4.0 * bandwidth).exp();
    let mut inverse_width = 1.0 / (4.0 * bandwidth);
    let (mut sum, mut slope) = (kernel.clone(), kernel.clone().mul_scalar(-inverse_width));
    for _ in 0..4 {
        kernel = kernel.clone() * kernel;
        inverse_width *= 2.0;
        sum = sum + kernel.clone();
        slope = slope - kernel.clone().mul_scalar(inverse_width);
    }
    let value: f64 = host(v.clone() * sum.matmul(v.clone())).into_iter().map(f64::from).sum();
    // dMMD2/dz_i = 4 v_i sum_j s_ij v_j (z_i - z_j) = 4 v_i (z_i (S v)_i - (S (v z))_i)
    let gradient = v.clone() * (z.clone() * slope.clone().matmul(v.clone()) - slope.matmul(v * z));
    for (place, derivatives) in rows.iter().zip(host(gradient).chunks(width)) {
        for (slope, derivative) in slopes[place * width..(place + 1) * width].iter_mut().zip(derivatives) {
            *slope += (4.0 * share) as f32 * derivative;
        }
    }
    share * value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f32]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len(), 1]), &crate::training_device())
    }

    #[test]
    fn a_sample_against_itself_is_0_and_sizes_need_not_agree() {
        let half = [0.5, 0.5, 0.0, 0.0];
        let other = [0.0, 0.0, 0.5, 0.5];
        let same = discrepancy(&points(&[0.1, 0.7, 0.1, 0.7]), &[half.to_vec(), other.to_vec()], &[1.0; 2]).unwrap();
        assert!(same.value.abs() < 1e-6);
        // The same distribution once with two rows and once with four.
        let shares = [vec![0.5, 0.5, 0.0, 0.0, 0.0, 0.0], vec![0.0, 0.0, 0.25, 0.25, 0.25, 0.25]];
        let repeated = discrepancy(&points(&[0.1, 0.7, 0.1, 0.7, 0.1, 0.7]), &shares, &[1.0; 2]).unwrap();
        assert!(repeated.value.abs() < 1e-6);
        assert!(discrepancy(&points(&[0.1, 0.9]), &[vec![0.5, 0.5]], &[1.0]).is_none());
        assert_eq!(discrepancy(&points(&[0.3, 0.3]), &[vec![1.0, 0.0], vec![0.0, 1.0]], &[1.0; 2]).unwrap().value, 0.0);
    }

    #[test]
    fn two_points_by_hand() {
        // One row each at distance d = .04 = h: kernels exp(-4), exp(-2), exp(-1), exp(-1/2), exp(-1/4), K(a,a) = K(b,b) = 5.
        let off: f64 = [-4.0_f64, -2.0, -1.0, -0.5, -0.25].iter().map(|power| power.exp()).sum();
        let found = discrepancy(&points(&[0.2, 0.4]), &[vec![1.0, 0.0], vec![0.0, 1.0]], &[1.0; 2]).unwrap();
        assert!((found.value - (10.0 - 2.0 * off)).abs() < 1e-4);
    }
}
