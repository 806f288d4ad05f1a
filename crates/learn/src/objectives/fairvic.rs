//! FairVIC: the data loss and three terms, with weights that are scaled to a sum of 1.
//!
//! ```text
//! minimise L = l_acc L(s, y) + l_var V + l_inv I + l_cov C            l_acc + l_var + l_inv + l_cov = 1: as given, over their sum
//!
//! V = mean over the columns j of Z of max(0, 1 - std_j)                std_j: population standard deviation over the batch
//! I = mean over rows of (s - s')^2                                     s': score of the row re-written as one of another group
//! C = 1/2 sum over groups of |Cov(s, 1[group])|                        two groups: |Cov(s, P)| = p (1 - p) |gap of the mean scores|
//!   = sqrt(sum over privileged rows of (w_i (s_i - mean s))^2)         covariance = "paper-eq3"; equal weights w_i = 1/N: the paper's form
//! ```
//!
//! s: score; Z: embedding `[rows, width]`; p: share of one group. All means take row weights. V lies in [0, 1], I in [0, 1], C in
//! [0, 1/4] for two groups; 0 is the fair value of I and C and means a spread of at least 1 for V. V alone needs no group.
//!
//! **Covariance.** Cov(s, 1[group]) is the group's share times how far its mean score lies from the mean of all, so C is half the mean
//! absolute deviation of the groups' means, for any number of groups. It does not depend on the batch size. The paper's equation 3
//! does: it pulls every privileged score towards the batch's mean, whatever the others' scores are, and shrinks like `1/sqrt(N)`, so the
//! batch size changes its weight; on validation rows it is the mean over pieces of the size of a batch, weighted by their rows' weights.
//!
//! **Invariance.** The group is re-written in the columns that hold it, so the attribute must be an input; with `lambda_invariance = 0`
//! it need not. Of more than two groups the other one is drawn, each with the same chance; on validation rows the mean over all of them.
//! By default the second pass has the dropout mask and the batch statistics of the first, so that a network that does not look at the
//! attribute has I = 0; gradients flow through both passes. `invariance_pass = "fresh-mask"` takes a mask and statistics of its own.
//!
//! Rows of unknown group take part in the data loss and V only. A term that a batch cannot give (fewer than two groups; no row that can
//! be re-written; a single row) is skipped and counted. A weight of 0 leaves its term out altogether. The group is needed to train; to
//! score, only as far as it is an input.
//!
//! Source: Barker, Bethell and Kazakov, "Learning Fairer Representations with FairVIC", 2025, section 4 and algorithm 1; default weights
//! of appendix B.3. Its public code takes |Cov| for C, as the default here, takes Z from another pass, without dropout, and makes the
//! second pass of I with a fresh mask; here all terms see one pass, and running batch statistics come from the rows as they are.

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};
use evenhand_rows::UNKNOWN;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::without_effect;
use crate::gap::{Gap, score_term, validation_term};
use crate::models::{Inputs, Output, sigmoid_of};
use crate::objective::{Pass, Setting, Term, Validation};
use crate::weights::{Weights, host};
use crate::{LearnError, Needs, Objective, Rows};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

/// How far the weights may be from a sum of 1 before they are scaled.
const SLACK: f64 = 1e-6;

const WEIGHTS: [&str; 4] = ["lambda_accuracy", "lambda_variance", "lambda_invariance", "lambda_covariance"];

const fn lambda(name: &'static str, default: f64, purpose: &'static str) -> Parameter {
    Parameter { name, default: Literal::Number(default), allowed: Allowed::Between(0.0, f64::INFINITY), purpose }
}

static CARD: Card = Card {
    id: "fairvic",
    name: "FairVIC",
    kind: Kind::Objective,
    summary: "Adds the variance of the embedding, the invariance of the score when the group is re-written, and its covariance with the group.",
    formula: "minimise l_acc L(s, y) + l_var mean_j max(0, 1 - std_j(Z)) + l_inv mean (s - s')^2 + l_cov |Cov(s, group)|; the weights are scaled to a sum of 1; s': the group re-written",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Barker, Bethell and Kazakov, \"Learning Fairer Representations with FairVIC\", 2025, section 4",
    parameters: &[
        lambda("lambda_accuracy", 0.1, "weight of the data loss; the four weights are scaled to a sum of 1"),
        lambda("lambda_variance", 0.1, "weight of the embedding's variance term"),
        lambda(
            "lambda_invariance",
            0.1,
            "weight of the squared change of the score when the group is re-written; above 0 the attribute must be an input",
        ),
        lambda("lambda_covariance", 0.7, "weight of the covariance of score and group"),
        Parameter {
            name: "covariance",
            default: Literal::Text("absolute"),
            allowed: Allowed::OneOf(&["absolute", "paper-eq3"]),
            purpose: "|Cov(s, group)|, or the paper's equation 3, which shrinks the privileged scores' spread and depends on the batch size",
        },
        Parameter {
            name: "privileged",
            default: Literal::Text(""),
            allowed: Allowed::Any,
            purpose: "for paper-eq3, the privileged group; empty: the one with the highest mean label among the training rows",
        },
        Parameter {
            name: "invariance_pass",
            default: Literal::Text("same-mask"),
            allowed: Allowed::OneOf(&["same-mask", "fresh-mask"]),
            purpose: "whether the pass over re-written rows shares dropout mask and batch statistics with the first",
        },
    ],
};

/// Data loss, variance, invariance and covariance.
#[derive(Debug, Clone)]
pub struct FairVic {
    parameters: Parameters,
    accuracy: f64,
    variance: f64,
    invariance: f64,
    covariance: Covariance,
    covariance_weight: f64,
}

/// Form of the covariance term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Covariance {
    Absolute,
    /// Equation 3, with the code of the privileged group; `None` before `prepare`.
    Equation3(Option<u32>),
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    let weights = WEIGHTS.map(|name| parameters.number(name));
    let refused = |reason: String| Err(CatalogError::BadCombination { id: CARD.id.to_owned(), reason });
    let sum: f64 = weights.iter().sum();
    if sum == 0.0 {
        return refused(format!("{} are all 0, so that nothing would be minimised; give one of them a weight", WEIGHTS.join(", ")));
    }
    let weights = if (sum - 1.0).abs() > SLACK { weights.map(|weight| weight / sum) } else { weights };
    let equation3 = parameters.text("covariance") == "paper-eq3";
    if !equation3 && !parameters.text("privileged").is_empty() {
        return refused("privileged has a meaning with covariance = \"paper-eq3\" only; leave it out".to_owned());
    }
    let [accuracy, variance, invariance, covariance_weight] = weights;
    if invariance == 0.0 {
        without_effect(&CARD, parameters, &["invariance_pass"], "lambda_invariance = 0")?;
    }
    if covariance_weight == 0.0 {
        without_effect(&CARD, parameters, &["covariance", "privileged"], "lambda_covariance = 0")?;
    }
    let covariance = if equation3 { Covariance::Equation3(None) } else { Covariance::Absolute };
    Ok(Box::new(FairVic { parameters: parameters.clone(), accuracy, variance, invariance, covariance, covariance_weight }))
}

impl Objective for FairVic {
    fn as_taken(&self) -> Option<String> {
        let given = WEIGHTS.map(|name| self.parameters.number(name));
        let sum: f64 = given.iter().sum();
        let taken = [self.accuracy, self.variance, self.invariance, self.covariance_weight];
        let pairs: Vec<String> =
            WEIGHTS.iter().zip(given.iter().zip(taken)).map(|(name, (given, taken))| format!("{name} {given} as {taken:.4}")).collect();
        ((sum - 1.0).abs() > SLACK)
            .then(|| format!("the weights of FairVIC sum to {sum:.4} and were scaled to a sum of 1: {}", pairs.join(", ")))
    }

    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        let rewrites = self.invariance > 0.0;
        Needs {
            attribute_to_train: rewrites || self.covariance_weight > 0.0,
            attribute_to_score: rewrites,
            also: if rewrites { "a table, the attribute among its inputs" } else { "" },
        }
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn prepare(&mut self, setting: &Setting<'_>, _: &Weights, _: &mut ChaCha8Rng) -> Result<(), LearnError> {
        let train = setting.train;
        if self.invariance > 0.0 && train.sensitive.is_none() {
            let remedy = if train.recordings.is_some() {
                "the group cannot be re-written in recordings: set lambda_invariance = 0 and share its weight among the others".to_owned()
            } else {
                "set data.sensitive_as_features = true, or = \"groups\" where a rule or several columns make the attribute; or set \
                 lambda_invariance = 0 and share its weight among the others"
                    .to_owned()
            };
            return Err(LearnError::Unsupported {
                objective: CARD.id.to_owned(),
                need: format!("the attribute `{}` among the inputs, to re-write it for the invariance term", train.groups.name()),
                model: "the data".to_owned(),
                remedy,
            });
        }
        if let Covariance::Equation3(privileged) = &mut self.covariance {
            *privileged = Some(self::privileged(train, self.parameters.text("privileged"))?);
        }
        Ok(())
    }

    fn loss(&mut self, pass: &mut Pass<'_>, output: &Output) -> Result<Term, LearnError> {
        let mut loss = pass.data_loss(output).times(self.accuracy);
        if self.variance > 0.0 {
            loss = loss.plus(self.variance_term(pass, output));
        }
        if self.invariance > 0.0 {
            loss = loss.plus(self.invariance_term(pass, output));
        }
        if self.covariance_weight > 0.0 {
            let form = self.covariance;
            loss = loss.plus(score_term(
                pass,
                output,
                "covariance",
                |_| self.covariance_weight,
                |_, scores, pass| dependence(scores, &pass.batch.groups, &pass.batch.weights, form),
            ));
        }
        Ok(loss)
    }

    fn data_weight(&self) -> f64 {
        self.accuracy
    }

    fn validation_terms(&self, outcome: &Validation<'_>) -> Vec<(&'static str, f64)> {
        let variance = (self.variance > 0.0).then(|| variance(outcome)).flatten();
        let invariance = (self.invariance > 0.0).then(|| invariance(outcome)).flatten();
        let covariance = (self.covariance_weight > 0.0).then(|| covariance(outcome, self.covariance)).flatten();
        [
            ("variance", self.variance, variance),
            ("invariance", self.invariance, invariance),
            ("covariance", self.covariance_weight, covariance),
        ]
        .into_iter()
        .filter_map(|(name, weight, term)| Some((name, weight * term?)))
        .collect()
    }
}

impl FairVic {
    fn variance_term(&self, pass: &mut Pass<'_>, output: &Output) -> Term {
        let [rows, width] = output.embedding.dims();
        let values = host(output.embedding.clone().inner());
        let Some((value, slopes)) = narrowness(&values, width, &pass.batch.weights) else { return pass.skip("variance") };
        let term = Term::from_slopes(value, output.embedding.clone().reshape([rows * width]), slopes).times(self.variance);
        pass.note("variance", term.value);
        term
    }

    fn invariance_term(&self, pass: &mut Pass<'_>, output: &Output) -> Term {
        let Some(sensitive) = pass.setting.train.sensitive else { return pass.skip("invariance") };
        let inputs = pass.inputs();
        let [rows, columns] = inputs.table.dims();
        let mut values = host(inputs.table.inner());
        let mut shares = vec![0.0_f64; rows];
        for (row, encoded) in values.chunks_exact_mut(columns).enumerate() {
            let others: Vec<u32> = sensitive.others(pass.batch.groups[row]).collect();
            let drawn = if others.len() > 1 { pass.rng.random_range(0..others.len()) } else { 0 };
            if others.get(drawn).is_some_and(|&other| sensitive.write(encoded, other)) {
                shares[row] = f64::from(pass.batch.weights[row]);
            }
        }
        let total: f64 = shares.iter().sum();
        if total <= 0.0 {
            return pass.skip("invariance");
        }
        let rewritten = Inputs { table: pass.constant(values, [rows, columns]), recordings: inputs.recordings };
        let other = match self.parameters.text("invariance_pass") {
            "fresh-mask" => pass.forward(&rewritten),
            _ => pass.repeat(&rewritten, output),
        };
        let targets = pass.regularised();
        let factor = self.invariance / targets.len() as f64;
        let mut sum = Term::zero();
        for target in targets {
            let score = |logits: Vec<f32>| logits.into_iter().map(sigmoid_of).collect::<Vec<f32>>();
            let (here, there) = (score(output.host_logits_of(target)), score(other.host_logits_of(target)));
            let (mut value, mut slopes, mut other_slopes) = (0.0, Vec::with_capacity(rows), Vec::with_capacity(rows));
            for ((&here, &there), share) in here.iter().zip(&there).zip(&shares) {
                let (share, change) = (share / total, f64::from(here - there));
                value += share * change * change;
                let slope = (2.0 * share * change) as f32;
                slopes.push(slope * here * (1.0 - here));
                other_slopes.push(-slope * there * (1.0 - there));
            }
            let term = Term::from_slopes(value, output.logit_of(target), slopes);
            sum = sum.plus(term.plus(Term::from_slopes(0.0, other.logit_of(target), other_slopes)).times(factor));
        }
        pass.note("invariance", sum.value);
        sum
    }
}

/// V on the validation rows.
fn variance(outcome: &Validation<'_>) -> Option<f64> {
    let prediction = outcome.prediction;
    Some(narrowness(&prediction.latent, prediction.latent_width, &outcome.weights())?.0)
}

/// I on the validation rows: the mean over all groups that a row can be re-written to.
fn invariance(outcome: &Validation<'_>) -> Option<f64> {
    let rows = outcome.rows;
    let sensitive = rows.sensitive?;
    let others: Vec<Vec<u32>> = rows.groups.codes().iter().map(|&code| sensitive.others(code).collect()).collect();
    let weights = outcome.weights();
    let total: f64 = others.iter().zip(&weights).filter(|(others, _)| !others.is_empty()).map(|(_, weight)| f64::from(*weight)).sum();
    if total <= 0.0 {
        return None;
    }
    let targets = outcome.training.regularised_among(rows.targets);
    let mut sum = 0.0;
    for place in 0..others.iter().map(Vec::len).max()? {
        let to: Vec<u32> = others.iter().map(|others| others.get(place).copied().unwrap_or(UNKNOWN)).collect();
        let there = outcome.predict(&sensitive.rewritten(rows.features, &to))?.ok()?;
        for &target in &targets {
            let pairs = outcome.prediction.logits_of(target).iter().zip(there.logits_of(target));
            for (row, (&here, &there)) in pairs.enumerate().filter(|(row, _)| to[*row] != UNKNOWN) {
                let change = f64::from(sigmoid_of(here) - sigmoid_of(there));
                sum += f64::from(weights[row]) / others[row].len() as f64 * change * change;
            }
        }
    }
    Some(sum / total / targets.len() as f64)
}

/// C on the validation rows.
fn covariance(outcome: &Validation<'_>, form: Covariance) -> Option<f64> {
    let codes = outcome.rows.groups.codes();
    validation_term(
        outcome,
        |_| 1.0,
        |_, scores, weights| match form {
            Covariance::Absolute => Some(dependence(scores, codes, weights, form)?.value),
            // It depends on the number of rows: it is taken over as many as a batch has.
            Covariance::Equation3(_) => outcome.mean_over_pieces(|piece| {
                let taken = |values: &[f32]| -> Vec<f32> { piece.iter().map(|&row| values[row]).collect() };
                let groups: Vec<u32> = piece.iter().map(|&row| codes[row]).collect();
                Some(dependence(&taken(scores), &groups, &taken(weights), form)?.value)
            }),
        },
    )
}

/// The group that equation 3 takes as privileged: the one named, else the one with the highest mean label, the first of equals.
fn privileged(train: &Rows<'_>, named: &str) -> Result<u32, LearnError> {
    let groups = train.groups;
    if !named.is_empty() {
        return groups.code(named).ok_or_else(|| {
            let expected = format!("a group of `{}`: {}", groups.name(), groups.levels().join(", "));
            CatalogError::BadValue { id: CARD.id.to_owned(), name: "privileged".to_owned(), value: named.to_owned(), expected }.into()
        });
    }
    let mut sums = vec![(0.0, 0.0); groups.levels().len()];
    for (row, &code) in groups.codes().iter().enumerate().filter(|(_, code)| **code != UNKNOWN) {
        let weight = train.weights.map_or(1.0, |weights| weights[row]);
        let (labels, weights) = &mut sums[code as usize];
        *labels += weight * train.labels[row];
        *weights += weight;
    }
    let means =
        sums.iter().enumerate().filter(|(_, (_, weight))| *weight > 0.0).map(|(code, (labels, weight))| (code as u32, labels / weight));
    // Without any group the term is never computed.
    Ok(means.reduce(|best, other| if other.1 > best.1 { other } else { best }).map_or(0, |(code, _)| code))
}

/// V and its derivative for every entry of Z, row after row; `None` for fewer than two rows of positive weight.
///
/// ```text
/// std_j^2 = sum w_i (z_ij - m_j)^2        dV/dz_ij = - w_i (z_ij - m_j) / (std_j width)    where 0 < std_j < 1, else 0
/// ```
fn narrowness(values: &[f32], width: usize, weights: &[f32]) -> Option<(f64, Vec<f32>)> {
    let total: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
    if weights.iter().filter(|weight| **weight > 0.0).count() < 2 || width == 0 {
        return None;
    }
    let mut value = 0.0;
    let mut slopes = vec![0.0; values.len()];
    for column in 0..width {
        let entries = || {
            values
                .iter()
                .skip(column)
                .step_by(width)
                .map(|&value| f64::from(value))
                .zip(weights.iter().map(|&weight| f64::from(weight) / total))
        };
        let mean: f64 = entries().map(|(value, share)| share * value).sum();
        let deviation = entries().map(|(value, share)| share * (value - mean).powi(2)).sum::<f64>().sqrt();
        value += (1.0 - deviation).max(0.0) / width as f64;
        if deviation > 0.0 && deviation < 1.0 {
            for (slope, (value, share)) in slopes.iter_mut().skip(column).step_by(width).zip(entries()) {
                *slope = (-share * (value - mean) / (deviation * width as f64)) as f32;
            }
        }
    }
    Some((value, slopes))
}

/// C and its derivative for every score; `None` when fewer than two groups, or equation 3's privileged one not, have a row of positive
/// weight.
///
/// ```text
/// absolute   dC/ds_i = 1/2 sum over g of sign(Cov_g) w_i (1[i in g] - p_g)
/// paper-eq3  dC/ds_i = (w_i^2 (s_i - m) 1[i privileged] - w_i sum over privileged k of w_k^2 (s_k - m)) / C     (0 where C = 0)
/// ```
fn dependence(scores: &[f32], groups: &[u32], weights: &[f32], form: Covariance) -> Option<Gap> {
    let takes_part = |row: usize| groups[row] != UNKNOWN && weights[row] > 0.0;
    let total: f64 = (0..scores.len()).filter(|&row| takes_part(row)).map(|row| f64::from(weights[row])).sum();
    let shares: Vec<f64> = (0..scores.len()).map(|row| if takes_part(row) { f64::from(weights[row]) / total } else { 0.0 }).collect();
    let mut sizes = std::collections::BTreeMap::new();
    for (row, &share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
        *sizes.entry(groups[row]).or_insert(0.0) += share;
    }
    if sizes.len() < 2 {
        return None;
    }
    let mean: f64 = scores.iter().zip(&shares).map(|(&score, share)| share * f64::from(score)).sum();
    let away: Vec<f64> = scores.iter().map(|&score| f64::from(score) - mean).collect();
    let mut gap = Gap { value: 0.0, slopes: vec![0.0; scores.len()] };
    match form {
        Covariance::Absolute => {
            for (&level, &size) in &sizes {
                let inside = |row: usize| f64::from(u8::from(groups[row] == level));
                let covariance: f64 = (0..scores.len()).map(|row| shares[row] * away[row] * inside(row)).sum();
                gap.value += 0.5 * covariance.abs();
                if covariance != 0.0 {
                    for (row, slope) in gap.slopes.iter_mut().enumerate() {
                        *slope += 0.5 * covariance.signum() * shares[row] * (inside(row) - size);
                    }
                }
            }
        }
        Covariance::Equation3(privileged) => {
            if !privileged.is_some_and(|code| sizes.contains_key(&code)) {
                return None;
            }
            let inside = |row: usize| f64::from(u8::from(Some(groups[row]) == privileged));
            let squares: f64 = (0..scores.len()).map(|row| inside(row) * (shares[row] * away[row]).powi(2)).sum();
            gap.value = squares.sqrt();
            if gap.value > 0.0 {
                let pull: f64 = (0..scores.len()).map(|row| inside(row) * shares[row].powi(2) * away[row]).sum();
                for (row, slope) in gap.slopes.iter_mut().enumerate() {
                    *slope = (inside(row) * shares[row].powi(2) * away[row] - shares[row] * pull) / gap.value;
                }
            }
        }
    }
    Some(gap)
}

#[cfg(test)]
mod tests;
