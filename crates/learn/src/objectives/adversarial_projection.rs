//! Adversarial learning with projection: the scorer's step never helps an adversary that guesses the group from the score.
//!
//! ```text
//! u          = sigmoid((1 + |c|) z)                                     z: logit
//! adversary    softmax over groups of  [u] W + b                        adversary_input = "demographic-parity"
//!                                      [u, u y, u (1 - y)] W + b        adversary_input = "equalized-odds"
//! scorer       g - proj_h g - alpha h        g = dL/dw, h = dCE/dw, w: a weight array of the scorer
//!              proj_h g = (g . h) / (h . h) h, 0 where h = 0
//! adversary    minimises CE over c, W, b with its own optimiser
//! ```
//!
//! L: data loss; CE: the adversary's cross-entropy over rows of known group, weighted. Without the projection the scorer could move in a
//! direction that helps the adversary; `-alpha h` then makes it worse. `projection = "per-array"` projects weight array by weight
//! array, as the public code does; `"whole"` projects the vector of all weights, as the paper writes. The adversary's gradient comes from
//! a second pass (with a dropout mask of its own). Any number of groups. A batch with fewer than two groups takes the plain step: the
//! adversary is skipped and counted. Group (and label, for equalized odds) are needed to train, not to score.
//!
//! Source: Zhang, Lemoine and Mitchell, "Mitigating unwanted biases with adversarial learning", 2018, equation 1 and section 3;
//! AIF360's adversarial in-processing for the adversary's input `(1 + |c|)`, and alpha = 0.1.

use std::collections::BTreeMap;

use burn_tensor::activation::{log_softmax, sigmoid};
use burn_tensor::{Gradients as Tape, Tensor};
use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};
use evenhand_rows::UNKNOWN;
use rand_chacha::ChaCha8Rng;

use super::wasserstein::BALANCE;
use crate::adversary::{optimizer_state, restore_optimizer};
use crate::models::Output;
use crate::objective::{Pass, Setting, Term};
use crate::optimizer::Adam;
use crate::rows::{Balance, BatchPlan};
use crate::weights::{Bound, Gradients, Slot, Weights};
use crate::{LearnError, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

static CARD: Card = Card {
    id: "adversarial-projection",
    name: "Adversarial projection",
    kind: Kind::Objective,
    summary: "An adversary guesses the group from the score; the scorer's gradient loses the part that would help it. On validation rows it has no term: `selection = \"objective\"` judges the data loss.",
    formula: "scorer: step along g - proj_h g - alpha h, g = dL/dw, h = dCE/dw; adversary: minimise CE(softmax(A(sigmoid((1 + |c|) logit))), group)",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Zhang, Lemoine and Mitchell, \"Mitigating unwanted biases with adversarial learning\", 2018, equation 1; AIF360",
    parameters: &[
        Parameter {
            name: "alpha",
            default: Literal::Number(0.1),
            allowed: Allowed::Between(0.0, f64::INFINITY),
            purpose: "strength of the step against the adversary",
        },
        Parameter {
            name: "adversary_input",
            default: Literal::Text("demographic-parity"),
            allowed: Allowed::OneOf(&["demographic-parity", "equalized-odds"]),
            purpose: "what the adversary sees: the score, or the score with the label",
        },
        Parameter {
            name: "projection",
            default: Literal::Text("per-array"),
            allowed: Allowed::OneOf(&["per-array", "whole"]),
            purpose: "project each weight array by itself, as the public code does, or all weights as one vector, as the paper writes",
        },
        Parameter {
            name: "adversary_learning_rate",
            default: Literal::Number(1e-3),
            allowed: Allowed::Above(0.0),
            purpose: "step size of the adversary",
        },
        Parameter { default: Literal::Text("none"), ..BALANCE },
    ],
};

/// Data loss with projected gradients.
#[derive(Debug, Clone)]
pub struct AdversarialProjection {
    parameters: Parameters,
    adversary: Option<ScoreAdversary>,
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    Ok(Box::new(AdversarialProjection { parameters: parameters.clone(), adversary: None }))
}

/// One linear unit a group on the sharpened score.
#[derive(Debug, Clone)]
struct ScoreAdversary {
    weights: Weights,
    optimizer: Adam,
    sharpness: Slot,
    matrix: Slot,
    bias: Slot,
    groups: usize,
    with_label: bool,
}

impl ScoreAdversary {
    fn new(setting: &Setting<'_>, with_label: bool, rng: &mut ChaCha8Rng) -> Self {
        let groups = setting.train.groups.levels().len().max(1);
        let inputs = if with_label { 3 } else { 1 };
        let mut weights = Weights::default();
        let sharpness = weights.add("sharpness", &[1], vec![1.0], true);
        let matrix = weights.add_uniform("weight", &[inputs, groups], (6.0 / (inputs + groups) as f32).sqrt(), rng);
        let bias = weights.add("bias", &[groups], vec![0.0; groups], true);
        let optimizer = Adam::new(setting.training.optimizer, 0.0, &weights);
        ScoreAdversary { weights, optimizer, sharpness, matrix, bias, groups, with_label }
    }

    /// The cross-entropy on the batch, in the graph of the scorer's pass and of the adversary's weights.
    fn loss(&self, pass: &Pass<'_>, output: &Output, bound: &Bound) -> Tensor<1> {
        let batch = pass.batch;
        let count = batch.len();
        let sharp = bound.vector(self.sharpness).abs().add_scalar(1.0);
        let score = sigmoid(output.logit() * sharp).reshape([count, 1]);
        let seen = if self.with_label {
            let labels = pass.constant(batch.labels.clone(), [count, 1]);
            let others = labels.clone().neg().add_scalar(1.0);
            Tensor::cat(vec![score.clone(), score.clone() * labels, score * others], 1)
        } else {
            score
        };
        let logits = seen.matmul(bound.matrix(self.matrix)) + bound.vector(self.bias).unsqueeze();
        let known = || batch.groups.iter().zip(&batch.weights).enumerate().filter(|(_, (group, _))| **group != UNKNOWN);
        let total: f64 = known().map(|(_, (_, weight))| f64::from(*weight)).sum();
        let mut targets = vec![0.0; count * self.groups];
        for (row, (&group, &weight)) in known() {
            targets[row * self.groups + group as usize] = (f64::from(weight) / total) as f32;
        }
        (log_softmax(logits, 1) * pass.constant(targets, [count, self.groups])).sum().neg()
    }
}

impl Objective for AdversarialProjection {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn prepare(&mut self, setting: &Setting<'_>, _: &Weights, rng: &mut ChaCha8Rng) -> Result<(), LearnError> {
        let with_label = self.parameters.text("adversary_input") == "equalized-odds";
        self.adversary = Some(ScoreAdversary::new(setting, with_label, rng));
        Ok(())
    }

    fn plan(&self) -> BatchPlan {
        BatchPlan { balance: Balance::from_word(self.parameters.text("balance")), keep_shares: true }
    }

    fn correct(&mut self, pass: &mut Pass<'_>, _: &mut Tape, gradients: &mut Gradients) -> Result<(), LearnError> {
        let Some(adversary) = &mut self.adversary else { return Ok(()) };
        if pass.group_counts().len() < 2 {
            pass.skip("adversary");
            return Ok(());
        }
        let inputs = pass.inputs();
        let output = pass.forward(&inputs);
        let bound = adversary.weights.bind(&inputs.device());
        let term = Term::from_graph(adversary.loss(pass, &output, &bound));
        pass.note("adversary", term.value);
        let Some(mut tape) = pass.backward(&term) else { return Ok(()) };
        let helpful = pass.gradients(&mut tape);
        let own = bound.gradients(&mut tape, &adversary.weights);
        project(gradients, &helpful, self.parameters.number("alpha"), self.parameters.text("projection") == "whole");
        let rate = pass.setting.training.rate(self.parameters.number("adversary_learning_rate"), pass.epoch);
        adversary.optimizer.step(&mut adversary.weights, &own, rate);
        Ok(())
    }

    fn state(&self) -> Vec<(String, Vec<f32>)> {
        let Some(adversary) = &self.adversary else { return Vec::new() };
        let mut state = optimizer_state("adversary", &adversary.optimizer);
        state.extend(adversary.weights.state("adversary"));
        state
    }

    fn restore(&mut self, state: &BTreeMap<String, Vec<f32>>) -> bool {
        let Some(adversary) = &mut self.adversary else { return false };
        restore_optimizer("adversary", &mut adversary.optimizer, state) && adversary.weights.restore("adversary", state)
    }
}

/// `g - proj_h g - alpha h`, array by array or over all arrays as one vector.
fn project(gradients: &mut Gradients, helpful: &Gradients, alpha: f64, whole: bool) {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let share = |along: f64, square: f64| if square > 0.0 { along / square } else { 0.0 };
    let together = share(gradients.dot(helpful), helpful.dot(helpful));
    for (mine, helpful) in gradients.arrays.iter_mut().zip(&helpful.arrays) {
        let share = if whole { together } else { share(dot(mine, helpful), dot(helpful, helpful)) };
        mine.iter_mut().zip(helpful).for_each(|(mine, helpful)| *mine -= (share + alpha) as f32 * helpful);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradients(arrays: &[&[f32]]) -> Gradients {
        Gradients { arrays: arrays.iter().map(|array| array.to_vec()).collect() }
    }

    #[test]
    fn three_weights_in_two_arrays_by_hand() {
        // First array: g = (3, 4), h = (1, 2): g.h = 11, h.h = 5, left (0.8, -0.4); second: g = 6, h = 2: nothing left.
        let mut found = gradients(&[&[3.0, 4.0], &[6.0]]);
        let helpful = gradients(&[&[1.0, 2.0], &[2.0]]);
        project(&mut found, &helpful, 0.1, false);
        let near = |found: &Gradients, expected: &[f32]| {
            for (found, expected) in found.arrays.iter().flatten().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{found} instead of {expected}");
            }
        };
        near(&found, &[0.8 - 0.1, -0.4 - 0.2, -0.2]);
        // As one vector: g.h = 23, h.h = 9.
        let mut found = gradients(&[&[3.0, 4.0], &[6.0]]);
        project(&mut found, &helpful, 0.1, true);
        let share = 23.0 / 9.0 + 0.1;
        near(&found, &[3.0 - share, 4.0 - 2.0 * share, 6.0 - 2.0 * share]);
        assert!((found.dot(&helpful) + 0.1 * 9.0).abs() < 1e-5);
    }

    #[test]
    fn an_adversary_without_a_gradient_changes_nothing() {
        let mut found = gradients(&[&[3.0, 4.0], &[]]);
        project(&mut found, &gradients(&[&[0.0, 0.0], &[]]), 0.5, false);
        assert_eq!(found, gradients(&[&[3.0, 4.0], &[]]));
    }
}
