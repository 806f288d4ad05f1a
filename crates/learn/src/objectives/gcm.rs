//! Group contribution matching: the rows of every group shall pull at each weight with the same strength.
//!
//! ```text
//! g(a, y)   = gradient of the mean data loss of the rows of group a and label y      W(a, y) = c(a, y)^T
//! c(a, y)   = mean chance that the model gives these rows' labels: s for y = 1, 1 - s for y = 0
//! penalty   = sum over labels y, mean over pairs of groups (a, b), of
//!             sum over weights w of | W(a, y) |g_w(a, y)| - W(b, y) |g_w(b, y)| |                        matched = "weights"
//!             sum over weight arrays of | W(a, y) sum_w |g_w(a, y)| - W(b, y) sum_w |g_w(b, y)| |        matched = "arrays"
//! minimise    L(s, y) + lambda penalty
//! ```
//!
//! L: data loss; s: score. The paper prints the penalty without the outer bars; it would then be signed and without a lower bound, so
//! they are set here, at each weight by default; around the sum over an array's weights on request, which is laxer: there the groups may
//! pull at different weights. T = `temperature`: 0 matches the gradients as they are, 2 asks a group whose labels the model is less sure of to pull
//! harder. `detach = true` holds W constant for the gradient; with `false` the model may also move its confidence to make the penalty
//! small (the paper does not say which). The gradient of the penalty needs second derivatives; it is exact (see `cells.rs`). At a weight where the two sides are equal, or a gradient is 0, the derivative is 0, a subgradient.
//!
//! `constraint` says how a batch is drawn. `equalized-odds`: all cells group x label in equal numbers, the paper's oversampling.
//! `demographic-parity`: the cells in the numbers that they would have if group and label were independent, the paper's resampling.
//! `balanced_loss = true` lets the data loss see the batch so, as the paper does; `false` gives every cell its share of it back.
//! `lambda = 0` is plain learning on such batches. `layers` limits the penalty to some weight arrays (the paper's table 2). The penalty is
//! a sum over weights: the more of them, the smaller must lambda be. Over all weights of a network a lambda near 1 drowns the data loss,
//! and the scores become one number; over the last layer alone 0.1 to 3 is usual. The default is for all weights of a small network.
//!
//! More than two groups: mean over pairs within each label. A label's rows must be of at least two groups; else its part of the penalty
//! is skipped and counted, the other label's stays. Rows of unknown group or weight 0 learn, but are in no cell; other weights enter the
//! cells' means. Labels between 0 and 1 count for a cell by 0.5. Batch norm: the cells are passed in one batch, whose statistics each
//! cell's gradient moves. Fair value of the penalty 0, range not bounded above. Group and label are needed to train, not to score.
//! Refused: models of recordings (no directional derivatives), further targets under `regularised`.
//!
//! Several classes: the same penalty over K logits with softmax cross-entropy, the sum over y running over the classes, is built and
//! tested (`cells.rs`), but no model of this crate has classes: labels are scores in [0, 1], so a recipe cannot ask for it.
//!
//! Source: "Fairness via Group Contribution Matching", IJCAI 2023, equations 10 to 14 and section 4.3.

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};
use rayon::prelude::*;

use super::demographic_parity_regularisation::LAMBDA;
use super::without_effect;
use crate::alignment::{Alignment, BALANCED_LOSS, CONSTRAINT, GradientPenalty};
use crate::cells::{Cells, Penalty, matches, sign};
use crate::layers::LAYERS;
use crate::objective::{Pass, Term};
use crate::weights::Gradients;
use crate::{LearnError, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

static CARD: Card = Card {
    id: "gcm",
    name: "Group contribution matching",
    kind: Kind::Objective,
    summary: "Makes the groups' rows of each label pull at every weight with the same strength, less sure groups harder. Over all weights at once a lambda near 1 drowns the task: lower it, or choose layers. On validation rows it has no term: `selection = \"objective\"` judges the data loss.",
    formula: "minimise L(s, y) + lambda sum over y, w of | W(0, y) |g_w(0, y)| - W(1, y) |g_w(1, y)| |; g: gradient of the cell's loss, W = \
              (mean chance of the cell's label)^T",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "\"Fairness via Group Contribution Matching\", IJCAI 2023, equations 10 to 14",
    parameters: &[
        Parameter {
            default: Literal::Number(0.02),
            purpose: "weight of the penalty, a sum over all weights of the chosen layers",
            ..LAMBDA
        },
        Parameter {
            name: "temperature",
            default: Literal::Number(2.0),
            allowed: Allowed::Between(0.0, f64::INFINITY),
            purpose: "T: power of the cell's confidence in its weight; 0 matches the gradients as they are",
        },
        Parameter {
            name: "detach",
            default: Literal::Flag(true),
            allowed: Allowed::Any,
            purpose: "hold the weights W constant for the gradient",
        },
        Parameter {
            name: "matched",
            default: Literal::Text("weights"),
            allowed: Allowed::OneOf(&["weights", "arrays"]),
            purpose: "what the outer bars enclose: each weight, or the sum over a weight array",
        },
        LAYERS,
        CONSTRAINT,
        BALANCED_LOSS,
    ],
};

/// The mismatch of contributions.
#[derive(Debug)]
struct Gcm;

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    if parameters.number("temperature") == 0.0 {
        without_effect(&CARD, parameters, &["detach"], "temperature = 0, where W is 1")?;
    }
    Ok(Box::new(Alignment::new(Gcm, parameters)))
}

impl GradientPenalty for Gcm {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn by_class(&self) -> bool {
        true
    }

    fn term(&self, parameters: &Parameters, pass: &mut Pass<'_>, cells: &Cells, chosen: &[bool]) -> Result<Term, LearnError> {
        let form = Form {
            temperature: parameters.number("temperature"),
            detach: parameters.flag("detach"),
            arrays: parameters.text("matched") == "arrays",
        };
        term(pass, cells, 2, chosen, form)
    }
}

/// Weights that one thread takes at a time; sums over them are added in their order.
const CHUNK: usize = 4096;

/// Which form the penalty takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    /// T.
    pub(crate) temperature: f64,
    /// Whether W is a constant for the gradient.
    pub(crate) detach: bool,
    /// Whether arrays are matched, not each weight.
    pub(crate) arrays: bool,
}

/// The penalty over so many classes.
pub(crate) fn term(pass: &mut Pass<'_>, cells: &Cells, classes: usize, chosen: &[bool], form: Form) -> Result<Term, LearnError> {
    let found = matches(&cells.list, classes);
    for _ in 0..found.lacking {
        pass.skip("gcm");
    }
    if found.pairs.is_empty() {
        return Ok(Term::zero());
    }
    let (gradients, adjoints) = cells.gradients(pass, chosen);
    let penalty = mismatch(cells, &gradients, &found.pairs, chosen, form);
    pass.note("gcm", penalty.value);
    cells.term(pass, &penalty, adjoints.as_ref(), &CARD)
}

/// The penalty with its derivatives by the cells' gradients and confidences.
fn mismatch(cells: &Cells, gradients: &[Gradients], pairs: &[(usize, usize, f64)], chosen: &[bool], form: Form) -> Penalty {
    let mut penalty = Penalty::zero(gradients.len(), &gradients[0]);
    let weight = |cell: usize| cells.list[cell].confidence.powf(form.temperature);
    for &(one, other, share) in pairs {
        let weights = [weight(one) as f32, weight(other) as f32];
        let mut by_weight = [0.0_f64; 2];
        let mut sum = 0.0_f64;
        for array in (0..chosen.len()).filter(|&array| chosen[array]) {
            let (ours, theirs) = (&gradients[one].arrays[array], &gradients[other].arrays[array]);
            let differences = || ours.iter().zip(theirs).map(|(mine, others)| weights[0] * mine.abs() - weights[1] * others.abs());
            let together = form.arrays.then(|| differences().map(f64::from).sum::<f64>());
            sum += together.map_or_else(|| differences().map(|difference| f64::from(difference.abs())).sum(), f64::abs);
            let [direction, opposite] = penalty.pair(one, other, array, ours.len());
            let chunks = (direction.par_chunks_mut(CHUNK).zip(opposite.par_chunks_mut(CHUNK)))
                .zip(ours.par_chunks(CHUNK).zip(theirs.par_chunks(CHUNK)));
            let sums: Vec<[f64; 2]> = chunks
                .map(|((direction, opposite), (ours, theirs))| {
                    let mut by_weight = [0.0; 2];
                    for ((direction, opposite), (&mine, &others)) in direction.iter_mut().zip(opposite).zip(ours.iter().zip(theirs)) {
                        let difference = weights[0] * mine.abs() - weights[1] * others.abs();
                        let side = together.map_or_else(|| sign(difference), |together| sign(together as f32));
                        *direction += share as f32 * side * weights[0] * sign(mine);
                        *opposite -= share as f32 * side * weights[1] * sign(others);
                        by_weight[0] += f64::from(side * mine.abs());
                        by_weight[1] -= f64::from(side * others.abs());
                    }
                    by_weight
                })
                .collect();
            for sums in sums {
                by_weight[0] += sums[0];
                by_weight[1] += sums[1];
            }
        }
        penalty.value += share * sum;
        if !form.detach && form.temperature > 0.0 {
            for (cell, by_weight) in [one, other].into_iter().zip(by_weight) {
                // dW/dc = T c^(T - 1); a confidence of exactly 0 stands still.
                let confidence = cells.list[cell].confidence;
                if confidence > 0.0 {
                    penalty.by_confidence[cell] += share * by_weight * form.temperature * confidence.powf(form.temperature - 1.0);
                }
            }
        }
    }
    penalty
}

/// The penalty of several classes, whose labels are their numbers: the network has a logit each.
#[cfg(test)]
pub(crate) fn classes_term(pass: &mut Pass<'_>, classes: usize, form: Form) -> Result<(crate::models::Output, Term), LearnError> {
    let chosen: Vec<bool> = pass.weights.arrays.iter().map(|array| array.trained).collect();
    let (output, cells) = Cells::pass(pass, crate::cells::RowLoss::CrossEntropy, true);
    let term = term(pass, &cells, classes, &chosen, form)?;
    Ok((output, term))
}
