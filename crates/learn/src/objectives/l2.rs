//! The distance between the groups' mean embeddings.
//!
//! ```text
//! minimise L(s, y) + lambda_l2 D(m_a, m_b)        m_g = sum_i w_i z_i over group g, w sums to 1 in the group
//! mean-squared  D = |m_a - m_b|^2 / width         dD/dz_i =  +-w_i 2 (m_a - m_b) / width
//! squared       D = |m_a - m_b|^2                 dD/dz_i =  +-w_i 2 (m_a - m_b)
//! euclidean     D = |m_a - m_b|                   dD/dz_i =  +-w_i (m_a - m_b) / D        (0 where D = 0)
//! ```
//!
//! z: embedding of the given width; + in group a, - in group b. More than two groups: mean over pairs, weighted by the groups' sizes as in `transport`. Range `[0, inf)`, fair value 0;
//! it compares means only, so groups may still differ in every other way. A batch with fewer than two groups has no term: it is
//! skipped and counted.
//!
//! Source: Kim et al. 2023, section V.D, "Euclidean distance (L2)", which does not say what is averaged; its public code takes the
//! mean squared error between the group means, the default here.

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
    id: "l2",
    name: "L2",
    kind: Kind::Objective,
    summary: "Adds the distance between the groups' mean embeddings.",
    formula: "minimise L(s, y) + lambda_l2 D(m_a, m_b); m_g: mean embedding of group g; D: mean squared, squared or Euclidean distance",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Kim et al. 2023, section V.D (baseline L2)",
    parameters: &[
        Parameter {
            name: "lambda_l2",
            default: Literal::Number(20.0),
            allowed: Allowed::Between(0.0, f64::INFINITY),
            purpose: "weight of the distance; embeddings have scales of their own, so that it is to be chosen for the data",
        },
        Parameter {
            name: "distance",
            default: Literal::Text("mean-squared"),
            allowed: Allowed::OneOf(&["mean-squared", "squared", "euclidean"]),
            purpose: "form of the distance between two mean embeddings",
        },
        SCALE,
        BALANCE,
    ],
};

/// Data loss plus the distance of means.
#[derive(Debug, Clone)]
pub struct L2 {
    parameters: Parameters,
    scale: Scale,
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    Ok(Box::new(L2 { parameters: parameters.clone(), scale: Scale::default() }))
}

impl Objective for L2 {
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
        let Some(term) =
            distance(&output.embedding, &pass.batch.group_shares(), &pass.batch.group_totals(), self.parameters.text("distance"))
        else {
            return Ok(loss.plus(pass.skip("l2")));
        };
        let term = term.times(self.weight(&pass.regularised()));
        pass.note("l2", term.value);
        Ok(loss.plus(term))
    }

    fn validation_terms(&self, outcome: &Validation<'_>) -> Vec<(&'static str, f64)> {
        let (prediction, rows) = (outcome.prediction, outcome.rows);
        let latent = TensorData::new(prediction.latent.clone(), [rows.len(), prediction.latent_width]);
        let embedding = Tensor::<2>::from_data(latent, &training_device());
        let (codes, weights) = (rows.groups.codes(), outcome.weights());
        let (groups, sizes) = (group_shares(codes, &weights), group_totals(codes, &weights));
        let found = distance(&embedding, &groups, &sizes, self.parameters.text("distance"));
        let lambda = self.weight(&outcome.training.regularised_among(rows.targets));
        found.map(|term| ("l2", lambda * term.value)).into_iter().collect()
    }
}

impl L2 {
    /// The weight of the distance. An embedding has a scale of its own, so that only the data loss is measured.
    fn weight(&self, targets: &[usize]) -> f64 {
        self.parameters.number("lambda_l2") * self.scale.mean_factor(targets, Degree::Free)
    }
}

/// Mean distance over the pairs of groups (each given as shares over the rows), weighted by their sizes; `None` for fewer than two groups.
pub(crate) fn distance(embedding: &Tensor<2>, groups: &[Vec<f32>], sizes: &[f64], form: &str) -> Option<Term> {
    let [rows, width] = embedding.dims();
    if groups.len() < 2 {
        return None;
    }
    let values = host(embedding.clone().inner());
    let means: Vec<Vec<f64>> = groups.iter().map(|shares| mean(&values, shares, width)).collect();
    let mut value = 0.0;
    // Derivative with respect to each group's mean; a row's is its share of that.
    let mut pulls = vec![vec![0.0; width]; groups.len()];
    for (a, b, share) in weighted_pairs(sizes) {
        let gap: Vec<f64> = means[a].iter().zip(&means[b]).map(|(a, b)| a - b).collect();
        let squared: f64 = gap.iter().map(|gap| gap * gap).sum();
        let (here, slope) = match form {
            "squared" => (squared, 2.0),
            "euclidean" if squared > 0.0 => (squared.sqrt(), 1.0 / squared.sqrt()),
            "euclidean" => (0.0, 0.0),
            _ => (squared / width as f64, 2.0 / width as f64),
        };
        value += share * here;
        for (column, gap) in gap.iter().enumerate() {
            pulls[a][column] += share * slope * gap;
            pulls[b][column] -= share * slope * gap;
        }
    }
    let mut slopes = vec![0.0_f32; rows * width];
    for (shares, pull) in groups.iter().zip(&pulls) {
        for (row, &share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            for (slope, pull) in slopes[row * width..(row + 1) * width].iter_mut().zip(pull) {
                *slope += share * *pull as f32;
            }
        }
    }
    Some(Term::from_slopes(value, embedding.clone().reshape([rows * width]), slopes))
}

fn mean(values: &[f32], shares: &[f32], width: usize) -> Vec<f64> {
    let mut mean = vec![0.0; width];
    for (row, &share) in values.chunks(width).zip(shares) {
        for (mean, value) in mean.iter_mut().zip(row) {
            *mean += f64::from(share) * f64::from(*value);
        }
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_forms_by_hand() {
        // Group a: (1, 0), (3, 2), mean (2, 1); group b: (-1, 5), mean (-1, 5); gap (3, -4): squared 25, mean 12.5, root 5.
        let device = crate::training_device();
        let groups = [vec![0.5, 0.5, 0.0], vec![0.0, 0.0, 1.0]];
        for (form, value, slope) in [("squared", 25.0, 2.0), ("mean-squared", 12.5, 1.0), ("euclidean", 5.0, 0.2)] {
            let z = Tensor::<2>::from_data(TensorData::from([[1.0_f32, 0.0], [3.0, 2.0], [-1.0, 5.0]]), &device).require_grad();
            let term = distance(&z, &groups, &[2.0, 1.0], form).unwrap();
            assert!((term.value - value).abs() < 1e-9, "{form}");
            let mut tape = term.graph.unwrap().backward();
            let gradient = host(z.grad_remove(&mut tape).unwrap());
            for (found, expected) in gradient.iter().zip([1.5, -2.0, 1.5, -2.0, -3.0, 4.0]) {
                assert!((found - slope * expected).abs() < 1e-6, "{form}");
            }
        }
        let alone = Tensor::<2>::from_data(TensorData::from([[1.0_f32, 0.0]]), &device);
        assert!(distance(&alone, &[vec![1.0]], &[1.0], "squared").is_none());
    }
}
