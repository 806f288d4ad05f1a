//! Fair Mixup: the mean score shall not change on the way from one group's rows to the other's.
//!
//! ```text
//! x(t)      = t x_a + (1 - t) x_b         x_a, x_b: rows of two groups, drawn in pairs; t ~ U(0, 1), one a batch and pair of groups
//! penalty   = | mean over pairs of  df(x(t)) . (x_a - x_b) |
//! minimise  L(s, y) + lambda penalty                                     constraint = "demographic-parity"
//!           L(s, y) + lambda sum over labels of the penalty among their rows    constraint = "equalized-odds"
//! ```
//!
//! f: score. The integral of the penalty's inside over t is the difference of the groups' mean scores, so a small derivative all the way
//! makes the gap small and smooth. df . (x_a - x_b) is a directional derivative: a tangent is carried along the pass (`forward_tangent`)
//! and the ordinary backward pass differentiates it exactly. With batch norm the way runs through the network as it scores (running
//! statistics, held constant; no dropout): there the integral is the gap of the scores that the network will give. With the statistics
//! of the mixed batch it would be the gap between groups that are each normalised by their own, which hides what sets them apart. Models
//! of recordings, which carry no tangent, are refused.
//!
//! `balanced_loss = true`, as in the public code: batches hold the cells in equal numbers and the data loss sees them so; false gives
//! every cell its share of the data loss back. More than two groups: mean over pairs of groups, weighted by their sizes in training as in `transport`. Of groups of unequal size in the batch
//! the first rows of the larger are paired; rows of weight 0 or unknown group are left out, other weights do not enter the penalty. Fair value 0,
//! range not bounded. A batch that lacks a group (or a group among the rows of a label) has no term: it is skipped and counted. The group
//! (and the label) is needed to train, not to score.
//!
//! Source: Chuang and Mroueh, "Fair Mixup: fairness via interpolation", 2021. Its public code selects the epoch
//! with the smallest validation gap, whatever the precision; here the recipe's selection rule holds.

use std::collections::BTreeMap;

use burn_tensor::activation::sigmoid;
use burn_tensor::{Int, Tensor, TensorData};
use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};
use evenhand_rows::UNKNOWN;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::demographic_parity_regularisation::LAMBDA;
use crate::models::{Inputs, Output, Tangent};
use crate::objective::{Pass, Setting, Term};
use crate::rows::{Balance, BatchPlan};
use crate::scale::{Degree, SCALE, Scale};
use crate::transport::weighted_pairs;
use crate::weights::Weights;
use crate::{LearnError, Needs, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

static CARD: Card = Card {
    id: "fair-mixup",
    name: "Fair Mixup",
    kind: Kind::Objective,
    summary: "Penalises the change of the mean score on the straight way from one group's rows to the other's. On validation rows it has no term: `selection = \"objective\"` judges the data loss.",
    formula: "minimise L(s, y) + lambda |mean of df(t x_a + (1 - t) x_b) . (x_a - x_b)|, t ~ U(0, 1); equalized odds: the sum over labels",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Chuang and Mroueh, \"Fair Mixup: fairness via interpolation\", 2021",
    parameters: &[
        Parameter { default: Literal::Number(0.3), ..LAMBDA },
        SCALE,
        Parameter {
            name: "constraint",
            default: Literal::Text("demographic-parity"),
            allowed: Allowed::OneOf(&["demographic-parity", "equalized-odds"]),
            purpose: "between all rows of two groups, or between those of each label",
        },
        Parameter {
            name: "balanced_loss",
            default: Literal::Flag(true),
            allowed: Allowed::Any,
            purpose: "whether the data loss sees the cells in equal numbers, as in the public code, or each with its share",
        },
    ],
};

/// Data loss plus the penalty on the path.
#[derive(Debug, Clone)]
pub struct FairMixup {
    parameters: Parameters,
    scale: Scale,
    /// Weight of each group in training, by its code.
    sizes: Vec<f64>,
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    Ok(Box::new(FairMixup { parameters: parameters.clone(), scale: Scale::default(), sizes: Vec::new() }))
}

impl FairMixup {
    fn by_label(&self) -> bool {
        self.parameters.text("constraint") == "equalized-odds"
    }
}

impl Objective for FairMixup {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs { also: "a table", ..Needs::default() }
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn prepare(&mut self, setting: &Setting<'_>, _: &Weights, _: &mut ChaCha8Rng) -> Result<(), LearnError> {
        self.scale = Scale::new(&self.parameters, setting);
        self.sizes = vec![0.0; setting.train.groups.levels().len()];
        for (row, &code) in setting.train.groups.codes().iter().enumerate().filter(|(_, code)| **code != UNKNOWN) {
            self.sizes[code as usize] += setting.train.weights.map_or(1.0, |weights| weights[row]);
        }
        Ok(())
    }

    fn plan(&self) -> BatchPlan {
        let balance = if self.by_label() { Balance::GroupLabel } else { Balance::Group };
        BatchPlan { balance, keep_shares: !self.parameters.flag("balanced_loss") }
    }

    fn loss(&mut self, pass: &mut Pass<'_>, output: &Output) -> Result<Term, LearnError> {
        let loss = pass.data_loss(output);
        let labels: &[Option<bool>] = if self.by_label() { &[Some(true), Some(false)] } else { &[None] };
        let cells: Vec<Vec<(u32, Vec<i32>)>> = labels.iter().map(|label| sides(pass, *label)).collect();
        if cells.iter().any(|sides| sides.len() < 2) {
            return Ok(loss.plus(pass.skip("fair-mixup")));
        }
        let lambda = self.parameters.number("lambda");
        let weight = &|target| lambda * self.scale.factor(target, Degree::Score);
        let mut sum = Term::zero();
        for sides in &cells {
            let sizes: Vec<f64> = sides.iter().map(|(code, _)| self.sizes[*code as usize]).collect();
            for (one, other, share) in weighted_pairs(&sizes) {
                let place = pass.rng.random::<f64>();
                sum = sum.plus(path(pass, &sides[one].1, &sides[other].1, place, weight)?.times(share));
            }
        }
        pass.note("fair-mixup", sum.value);
        Ok(loss.plus(sum))
    }
}

/// Places of the batch's rows by group, of one label or of all.
fn sides(pass: &Pass<'_>, favourable: Option<bool>) -> Vec<(u32, Vec<i32>)> {
    let batch = pass.batch;
    let mut sides: BTreeMap<u32, Vec<i32>> = BTreeMap::new();
    for row in 0..batch.len() {
        let of_label = favourable.is_none_or(|favourable| (batch.labels[row] >= 0.5) == favourable);
        if batch.groups[row] != UNKNOWN && batch.weights[row] > 0.0 && of_label {
            sides.entry(batch.groups[row]).or_default().push(row as i32);
        }
    }
    sides.into_iter().collect()
}

/// The size of the score's mean derivative along the way between two sides, at a place in [0, 1] of that way, times each target's weight.
pub(crate) fn path(pass: &mut Pass<'_>, one: &[i32], other: &[i32], place: f64, weight: &dyn Fn(usize) -> f64) -> Result<Term, LearnError> {
    let inputs = pass.inputs();
    let count = one.len().min(other.len());
    let chosen = |rows: &[i32]| {
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows[..count].to_vec(), [count]), &inputs.device());
        inputs.table.clone().select(0, rows)
    };
    let (first, second) = (chosen(one), chosen(other));
    let mixed = first.clone().mul_scalar(place) + second.clone().mul_scalar(1.0 - place);
    let tangent = Tangent { weights: None, inputs: Some(first - second) };
    let mixed = Inputs { table: mixed, recordings: inputs.recordings.clone() };
    let (there, speed) = if pass.setting.model.couples_rows() {
        pass.scoring_tangent(&mixed, &tangent, &CARD)?
    } else {
        pass.forward_tangent(&mixed, &tangent, &CARD)?
    };
    let targets = pass.regularised();
    let mut sum = Term::zero();
    for &target in &targets {
        let score = sigmoid(there.logit_of(target));
        let slope = (score.clone() * score.neg().add_scalar(1.0) * speed.logit_of(target)).mean();
        sum = sum.plus(Term::from_graph(slope.abs()).times(weight(target) / targets.len() as f64));
    }
    Ok(sum)
}
