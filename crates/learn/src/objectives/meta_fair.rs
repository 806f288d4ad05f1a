//! Meta-fair: the most accurate rule whose groups have nearly the same statistical rate or false discovery rate, by the posterior
//! probabilities of label and group.
//!
//! ```text
//! maximise accuracy(f)   so that   min_i q_i(f) / max_i q_i(f) >= tau
//! statistical-rate       q_i = P[f = 1 | group i]
//! false-discovery        q_i = P[Y = 0 | f = 1, group i]
//!
//! for a <= q_i <= b the best rule is f(x) = [s(x) > 0],
//! s(x) = eta(x) - 1/2 + sum_i phi_i(x)          eta = P[Y = 1 | x], p_i = P[i | x], p_0i = P[Y = 0, i | x], P_i = E p_i
//! statistical-rate       phi_i = l_i p_i / P_i
//! false-discovery        phi_i = l_i (p_0i - a p_i) / P_i where l_i > 0,  l_i (p_0i - b p_i) / P_i where l_i < 0
//! l minimises            E max(s, 0)  [+ sum_i max(-a l_i, -b l_i)  for the statistical rate], a convex function of as many numbers as groups
//! ```
//!
//! P[Y, i | x] comes from `discriminant`: a normal distribution of the inputs for each label and group, with one covariance. The means E
//! run over the training rows. The upper ends b = step, 2 step, ..., 1 are tried; for each, a = tau b first, then intervals tighter in
//! four steps up to a = b, until the rule keeps tau on the training rows' own labels and groups, for the posteriors are a model and may
//! be wrong. Of the rules that keep it the most accurate is taken; where none does, the one nearest to it (the curves show `ratio`), and
//! the report says so. Selecting nobody, or everybody, is a rule too: a constant that keeps tau and errs less than the rule found is taken
//! in its place, with a remark. By convention q_i = q_j where nobody is selected, a ratio of 1. l comes from Newton's method on the function with its kinks rounded, less and less, to a width of 0.001.
//!
//! The score is sigmoid(4 s): 0.5 at the rule's threshold, with the slope of s there. Any number of groups. Rows of unknown group count
//! in E and in the accuracy, not in the normal distributions nor in q. In the curves, a round is an upper end b: `data` is the error of
//! its rule, `ratio` min q / max q. Labels are cut at `label_threshold`, 1 is favourable whatever the corpus calls it. The group is
//! needed to train, not to score. An interrupted run begins again.
//!
//! Where the public code (AIF360) differs: it samples 20 points from the normal distribution to estimate E and its derivative, descends
//! for 49 steps from 9 starts, takes rules that keep tau - 0.2, and has one normal distribution over inputs, label and group as numbers.
//!
//! Source: Celis, Huang, Keswani and Vishnoi, "Classification with fairness constraints: a meta-algorithm with provable guarantees",
//! FAT* 2019 (arXiv:1806.06055), for rules of this form and the sweep of intervals; the rounded program is ours.

use std::path::Path;
use std::sync::atomic::Ordering;

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::discriminant::Discriminants;
use crate::learners::{factorise, solve};
use crate::reductions::{Cells, LABEL_THRESHOLD, refuse, refuse_loss};
use crate::rounds::record;
use crate::rows::Candidates;
use crate::scorer::{Fitted, Loader, Manifest, Prediction, read_json, write_json};
use crate::trainer::Task;
use crate::{LearnError, Needs, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

static CARD: Card = Card {
    id: "meta-fair",
    name: "Meta-fair",
    kind: Kind::Objective,
    summary: "The most accurate rule on the posterior of label and group whose groups' selection rates, or false discovery rates, stay within a ratio.",
    formula: "maximise accuracy so that min_i q_i / max_i q_i >= tau; rule: eta(x) - 1/2 + sum_i l_i psi_i(x) > 0, psi: posterior of the group (and of an unfavourable label)",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Celis, Huang, Keswani and Vishnoi, \"Classification with fairness constraints: a meta-algorithm with provable guarantees\", FAT* 2019 (arXiv:1806.06055)",
    parameters: &[
        Parameter {
            name: "rate",
            default: Literal::Text("statistical-rate"),
            allowed: Allowed::OneOf(&["statistical-rate", "false-discovery"]),
            purpose: "the rate whose smallest group value shall be near the largest",
        },
        Parameter {
            name: "tau",
            default: Literal::Number(0.8),
            allowed: Allowed::Between(0.0, 1.0),
            purpose: "smallest group rate over the largest, at least",
        },
        Parameter {
            name: "step",
            default: Literal::Number(0.01),
            allowed: Allowed::Between(0.001, 0.5),
            purpose: "distance of the upper ends of the rate that are tried",
        },
        Parameter {
            name: "ridge",
            default: Literal::Number(1e-3),
            allowed: Allowed::Above(0.0),
            purpose: "added to the inputs' covariance within label and group, in units of each column's variance",
        },
        LABEL_THRESHOLD,
    ],
};

/// Intervals tighter than tau that are tried.
const TIGHTER: usize = 4;
/// Widths to which kinks are rounded, one after the other.
const WIDTHS: [f64; 3] = [0.1, 0.01, 0.001];
/// Newton steps for each width, at most.
const STEPS: usize = 60;
/// Rows of a partial sum.
const BLOCK: usize = 4096;

/// Meta-fair.
#[derive(Debug, Clone)]
pub struct MetaFair {
    parameters: Parameters,
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    Ok(Box::new(MetaFair { parameters: parameters.clone() }))
}

impl Objective for MetaFair {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs { also: "a table", ..Needs::default() }
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn fits_alone(&self) -> bool {
        true
    }

    fn loaders(&self) -> &'static [Loader] {
        &[CellRule::LOADER]
    }

    fn fit_alone(&mut self, task: &mut Task<'_, '_>) -> Option<Result<Box<dyn Fitted>, LearnError>> {
        Some(self.fit(task))
    }
}

/// A rule with what it does on the training rows.
struct Candidate {
    coefficients: Vec<f64>,
    error: f64,
    /// `None` where a group's rate is undefined or nobody is selected.
    ratio: Option<f64>,
}

impl MetaFair {
    fn fit(&self, task: &mut Task<'_, '_>) -> Result<Box<dyn Fitted>, LearnError> {
        refuse(&CARD, task)?;
        refuse_loss(&CARD, task, "which minimises the error of decisions")?;
        let parameters = &self.parameters;
        let unsuited = |reason: String| Err(LearnError::Unsuited { objective: CARD.id.to_owned(), reason });
        let cells = Cells::new(task.train, parameters.number("label_threshold"));
        let groups = cells.groups.len();
        if groups < 2 {
            let name = task.train.groups.name();
            return unsuited(format!("it compares groups, and fewer than two of `{name}` have training rows; choose another attribute"));
        }
        if let Some(label) = (0..2).find(|label| (0..groups).all(|group| cells.weights[2 * group + label] == 0.0)) {
            let side = if label == 1 { "below" } else { "at or above" };
            return unsuited(format!(
                "the labels of all training rows of known group lie {side} label_threshold; choose one that parts them"
            ));
        }

        // Posteriors of the cells that have rows; `class` of a cell is its place among those.
        let present: Vec<usize> = (0..2 * groups).filter(|&cell| cells.weights[cell] > 0.0).collect();
        let classes: Vec<Option<usize>> =
            cells.of.iter().zip(&cells.rows).map(|(cell, weight)| present.binary_search(cell).ok().filter(|_| *weight > 0.0)).collect();
        let discriminants = Discriminants::fit(task.train.features, &classes, &cells.rows, present.len(), parameters.number("ridge"));
        let posteriors: Vec<Vec<f64>> =
            (0..task.train.len()).into_par_iter().map(|row| discriminants.posterior(task.train.features.row(row))).collect();
        let model = Posteriors::new(&posteriors, &present, &cells, parameters.text("rate") == "false-discovery");

        let tau = parameters.number("tau");
        let rounds = (1.0 / parameters.number("step") + 1e-9).floor() as usize;
        let mut best: Option<Candidate> = None;
        let mut start = vec![0.0; groups];
        for round in 1..=rounds {
            if task.run.interrupted.load(Ordering::Relaxed) {
                return Err(LearnError::Interrupted { epoch: round - 1, checkpoint: None });
            }
            let upper = round as f64 / rounds as f64;
            let mut own: Option<Candidate> = None;
            for tighter in 0..=TIGHTER {
                let lower = upper * (tau + (1.0 - tau) * tighter as f64 / TIGHTER as f64);
                let multipliers = model.multipliers(lower, upper, &start);
                let candidate = model.judge(model.coefficients(&multipliers, lower, upper), &cells);
                if tighter == 0 {
                    start = multipliers;
                }
                if own.as_ref().is_none_or(|own| preferred(&candidate, own, tau)) {
                    own = Some(candidate);
                }
                if own.as_ref().and_then(|own| own.ratio).is_some_and(|ratio| ratio >= tau) {
                    break;
                }
            }
            let Some(own) = own else { continue };
            let rule = CellRule { discriminants: discriminants.clone(), coefficients: own.coefficients.clone() };
            let scores = rule.predict(task.validation.candidates())?.scores;
            let mut record = record(task.validation, &scores, round, rounds, 0.0);
            record.training.insert("data".to_owned(), own.error);
            record.training.extend(own.ratio.map(|ratio| ("ratio".to_owned(), ratio)));
            let on_validation = Cells::among(task.validation, parameters.number("label_threshold"), cells.groups.clone());
            let selected = on_validation.sums(|row| scores[row] > 0.5);
            let error = on_validation.error(&selected);
            record.validation.insert("data".to_owned(), error);
            let ratio = ratio(&selected, &on_validation, model.false_discovery);
            record.validation.extend(ratio.map(|ratio| ("ratio".to_owned(), ratio)));
            record.validation_objective = error;
            record.best = best.as_ref().is_none_or(|best| preferred(&own, best, tau));
            if record.best {
                best = Some(own);
            }
            (task.run.on_epoch)(&record);
            task.curves.push(record);
        }
        let Some(mut best) = best else { unreachable!("at least two upper ends are tried") };

        // Constants need no search. Nobody and everybody are selected alike in every group.
        let constant = |coefficient: f64| model.judge(vec![coefficient; present.len()], &cells);
        let nobody = Candidate { ratio: Some(1.0), ..constant(0.0) };
        let everybody = constant(1.0);
        let keeps = |candidate: &Candidate| candidate.ratio.is_some_and(|ratio| ratio >= tau);
        let (constant, who) = if preferred(&everybody, &nobody, tau) { (everybody, "everybody") } else { (nobody, "nobody") };
        if keeps(&constant) && constant.error < best.error {
            task.notes.push(format!(
                "no rule in reach of `{}` keeps tau = {tau} and errs less often than a constant: the scorer selects {who}",
                CARD.id
            ));
            task.curves.iter_mut().for_each(|record| record.best = false);
            best = constant;
            let rule = CellRule { discriminants: discriminants.clone(), coefficients: best.coefficients.clone() };
            let scores = rule.predict(task.validation.candidates())?.scores;
            let mut record = record(task.validation, &scores, rounds + 1, rounds + 1, 0.0);
            record.training =
                [("data".to_owned(), best.error)].into_iter().chain(best.ratio.map(|ratio| ("ratio".to_owned(), ratio))).collect();
            let on_validation = Cells::among(task.validation, parameters.number("label_threshold"), cells.groups.clone());
            record.validation_objective = on_validation.error(&on_validation.sums(|row| scores[row] > 0.5));
            record.validation.insert("data".to_owned(), record.validation_objective);
            record.best = true;
            (task.run.on_epoch)(&record);
            task.curves.push(record);
        } else if !keeps(&best) {
            let nearest = best.ratio.map_or_else(|| "whose ratio is undefined".to_owned(), |ratio| format!("with a ratio of {ratio:.3}"));
            task.notes.push(format!("no rule in reach of `{}` keeps tau = {tau} on the training rows: it takes one {nearest}", CARD.id));
        }
        Ok(Box::new(CellRule { discriminants, coefficients: best.coefficients }))
    }
}

/// Whether the first is to be taken rather than the second: first those that keep tau, of these the more accurate; else the fairer one.
fn preferred(one: &Candidate, other: &Candidate, tau: f64) -> bool {
    let keeps = |candidate: &Candidate| candidate.ratio.is_some_and(|ratio| ratio >= tau);
    match (keeps(one), keeps(other)) {
        (true, true) => one.error < other.error,
        (false, false) => one.ratio > other.ratio,
        (one, _) => one,
    }
}

/// Smallest over largest rate of the groups; `None` where one is undefined, or the largest selection rate is 0.
fn ratio(selected: &[f64], cells: &Cells, false_discovery: bool) -> Option<f64> {
    let rates: Option<Vec<f64>> = (0..cells.groups.len())
        .map(|group| {
            let chosen = selected[2 * group] + selected[2 * group + 1];
            let all = cells.weights[2 * group] + cells.weights[2 * group + 1];
            let (share, of) = if false_discovery { (selected[2 * group], chosen) } else { (chosen, all) };
            (of > 0.0).then(|| share / of)
        })
        .collect();
    let rates = rates?;
    let (least, most) = rates.iter().fold((f64::INFINITY, 0.0_f64), |(least, most), &rate| (least.min(rate), most.max(rate)));
    match (most > 0.0, false_discovery) {
        (true, _) => Some(least / most),
        (false, true) => Some(1.0),
        (false, false) => None,
    }
}

/// The posteriors of the training rows, ready for the convex program.
struct Posteriors<'a> {
    rows: &'a [Vec<f64>],
    /// Cell of each class.
    present: &'a [usize],
    /// Share of each row in the weight.
    shares: Vec<f64>,
    /// Mean posterior of each group.
    groups: Vec<f64>,
    false_discovery: bool,
}

impl<'a> Posteriors<'a> {
    fn new(rows: &'a [Vec<f64>], present: &'a [usize], cells: &Cells, false_discovery: bool) -> Self {
        let shares: Vec<f64> = cells.rows.iter().map(|weight| weight / cells.total).collect();
        let mut groups = vec![0.0; cells.groups.len()];
        for (row, share) in rows.iter().zip(&shares) {
            row.iter().zip(present).for_each(|(part, cell)| groups[cell / 2] += share * part);
        }
        Posteriors { rows, present, shares, groups, false_discovery }
    }

    /// What each class adds to `s + 1/2` under the multipliers.
    fn coefficients(&self, multipliers: &[f64], lower: f64, upper: f64) -> Vec<f64> {
        let class = |&cell: &usize| {
            let (multiplier, label) = (multipliers[cell / 2] / self.groups[cell / 2], (cell % 2) as f64);
            let end = if multiplier > 0.0 { lower } else { upper };
            label + multiplier * if self.false_discovery { 1.0 - label - end } else { 1.0 }
        };
        self.present.iter().map(class).collect()
    }

    fn judge(&self, coefficients: Vec<f64>, cells: &Cells) -> Candidate {
        let selected = cells.sums(|row| advantage(&self.rows[row], &coefficients) > 0.0);
        Candidate { error: cells.error(&selected), ratio: ratio(&selected, cells, self.false_discovery), coefficients }
    }

    /// The multipliers of the best rule with rates in an interval; Newton's method on the rounded function, from `start`.
    fn multipliers(&self, lower: f64, upper: f64, start: &[f64]) -> Vec<f64> {
        let mut here = start.to_vec();
        for width in WIDTHS {
            let mut point = self.dual(&here, lower, upper, width);
            for _ in 0..STEPS {
                let count = here.len();
                let mut matrix = point.hessian.clone();
                let largest = (0..count).fold(0.0_f64, |largest, at| largest.max(matrix[at * count + at]));
                (0..count).for_each(|at| matrix[at * count + at] += 1e-9 * largest.max(1e-9));
                factorise(&mut matrix, count, f64::MIN_POSITIVE);
                // Where the function is flat but for its kinks, a step is long: no further than s moves by 1.
                let step = solve(&matrix, count, &point.gradient);
                let moves = step.iter().zip(&self.groups).fold(1.0_f64, |most, (step, group)| most.max((step / group).abs()));
                let step: Vec<f64> = step.into_iter().map(|step| step / moves).collect();
                let slope: f64 = step.iter().zip(&point.gradient).map(|(a, b)| a * b).sum();
                let mut length = 1.0;
                let next = loop {
                    let moved: Vec<f64> = here.iter().zip(&step).map(|(here, step)| here - length * step).collect();
                    let there = self.dual(&moved, lower, upper, width);
                    if there.value <= point.value - 1e-4 * length * slope {
                        break Some((moved, there));
                    }
                    length /= 2.0;
                    if length < 1e-10 {
                        break None;
                    }
                };
                let Some((moved, there)) = next else { break };
                // A group that cannot reach its interval drives its multiplier ever further.
                if moved.iter().any(|value| !value.is_finite() || value.abs() > 1e6) {
                    break;
                }
                (here, point) = (moved, there);
                if slope < 1e-12 {
                    break;
                }
            }
        }
        here
    }

    /// The function that the multipliers minimise, `max(v, 0)` rounded to `width log(1 + e^(v / width))`, with its derivatives.
    fn dual(&self, multipliers: &[f64], lower: f64, upper: f64, width: f64) -> Dual {
        let count = multipliers.len();
        let rounded: Vec<Rounded> = multipliers.iter().map(|&multiplier| Rounded::of(multiplier, width)).collect();
        let span = upper - lower;
        let blocks: Vec<Dual> = (0..self.rows.len().div_ceil(BLOCK))
            .into_par_iter()
            .map(|block| {
                let mut sum = Dual::zero(count);
                let mut slopes = vec![0.0; count];
                let mut bends = vec![0.0; count];
                for row in block * BLOCK..((block + 1) * BLOCK).min(self.rows.len()) {
                    let share = self.shares[row];
                    slopes.fill(0.0);
                    bends.fill(0.0);
                    let mut advantage = -0.5;
                    for (part, cell) in self.rows[row].iter().zip(self.present) {
                        let (group, label) = (cell / 2, (cell % 2) as f64);
                        advantage += label * part;
                        let scaled = part / self.groups[group];
                        if self.false_discovery {
                            // l+ (p_0 - a p) - l- (p_0 - b p) = l (p_0 - b p) + l+ (b - a) p
                            slopes[group] += scaled * (1.0 - label - upper + span * rounded[group].slope);
                            bends[group] += scaled * span * rounded[group].bend;
                            advantage += scaled * (multipliers[group] * (1.0 - label - upper) + span * rounded[group].value);
                        } else {
                            slopes[group] += scaled;
                            advantage += scaled * multipliers[group];
                        }
                    }
                    let own = Rounded::of(advantage, width);
                    sum.value += share * own.value;
                    for a in 0..count {
                        sum.gradient[a] += share * own.slope * slopes[a];
                        sum.hessian[a * count + a] += share * own.slope * bends[a];
                        for b in 0..=a {
                            sum.hessian[a * count + b] += share * own.bend * slopes[a] * slopes[b];
                        }
                    }
                }
                sum
            })
            .collect();
        let mut total = Dual::zero(count);
        for block in blocks {
            total.value += block.value;
            total.gradient.iter_mut().zip(block.gradient).for_each(|(sum, own)| *sum += own);
            total.hessian.iter_mut().zip(block.hessian).for_each(|(sum, own)| *sum += own);
        }
        if !self.false_discovery {
            // max(-a l, -b l) = (b - a) l+ - b l
            for (at, rounded) in rounded.iter().enumerate() {
                total.value += span * rounded.value - upper * multipliers[at];
                total.gradient[at] += span * rounded.slope - upper;
                total.hessian[at * count + at] += span * rounded.bend;
            }
        }
        total
    }
}

struct Dual {
    value: f64,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
}

impl Dual {
    fn zero(count: usize) -> Self {
        Dual { value: 0.0, gradient: vec![0.0; count], hessian: vec![0.0; count * count] }
    }
}

/// `width log(1 + e^(v / width))` with its first two derivatives.
struct Rounded {
    value: f64,
    slope: f64,
    bend: f64,
}

impl Rounded {
    fn of(value: f64, width: f64) -> Self {
        let scaled = value / width;
        let small = (-scaled.abs()).exp();
        Rounded {
            value: value.max(0.0) + width * small.ln_1p(),
            slope: if scaled >= 0.0 { 1.0 } else { small } / (1.0 + small),
            bend: small / (width * (1.0 + small) * (1.0 + small)),
        }
    }
}

/// `s(x)`: positive where the rule selects.
fn advantage(posterior: &[f64], coefficients: &[f64]) -> f64 {
    posterior.iter().zip(coefficients).map(|(part, coefficient)| part * coefficient).sum::<f64>() - 0.5
}

const FILE: &str = "meta-fair.json";

/// A rule on the posteriors of cells of label and group: selects where their weighted sum is above 1/2.
#[derive(Debug)]
pub(crate) struct CellRule {
    discriminants: Discriminants,
    coefficients: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    discriminants: Vec<Vec<f64>>,
    coefficients: Vec<f64>,
}

impl CellRule {
    pub(crate) const LOADER: Loader = Loader { name: "meta-fair", load: Self::load };

    fn load(folder: &Path, manifest: &Manifest) -> Result<Box<dyn Fitted>, LearnError> {
        let path = folder.join(FILE);
        let Kept { discriminants, coefficients } = read_json(&path)?;
        let whole = discriminants.iter().all(|factors| factors.len() == manifest.columns() + 1);
        if coefficients.is_empty() || discriminants.len() != coefficients.len() || !whole {
            return Err(LearnError::BadFile {
                path,
                problem: format!("does not hold as many numbers as {} input columns ask for", manifest.columns()),
                remedy: "both files must come from the same folder; train again or restore it from a copy",
            });
        }
        Ok(Box::new(CellRule { discriminants: Discriminants { classes: discriminants }, coefficients }))
    }
}

impl Fitted for CellRule {
    fn name(&self) -> &'static str {
        Self::LOADER.name
    }

    fn columns(&self) -> usize {
        self.discriminants.classes.first().map_or(0, |factors| factors.len() - 1)
    }

    fn predict(&self, candidates: Candidates<'_>) -> Result<Prediction, LearnError> {
        let features = candidates.features;
        let score = |row: usize| {
            let advantage = advantage(&self.discriminants.posterior(features.row(row)), &self.coefficients);
            (1.0 / (1.0 + (-4.0 * advantage).exp()), (4.0 * advantage) as f32)
        };
        let (scores, logits) = (0..features.rows()).into_par_iter().map(score).unzip();
        Ok(Prediction { scores, logits, ..Prediction::default() })
    }

    fn save(&self, folder: &Path) -> Result<(), LearnError> {
        let kept = Kept { discriminants: self.discriminants.classes.clone(), coefficients: self.coefficients.clone() };
        write_json(&folder.join(FILE), &kept)
    }
}

#[cfg(test)]
mod tests {
    use evenhand_rows::{Groups, Matrix};

    use super::*;
    use crate::rows::Rows;

    fn numbers(value: &serde_json::Value) -> Vec<f64> {
        value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    }

    /// Posteriors as numpy computes them; the best rule's value as the linear program over all rules has it (scipy).
    #[test]
    fn posteriors_and_optima_agree_with_numpy_and_an_exact_linear_program() {
        let table: serde_json::Value = serde_json::from_str(include_str!("../../../../reference/reductions.json")).unwrap();
        let columns = table["columns"].as_u64().unwrap() as usize;
        let features = Matrix::new(columns, numbers(&table["features"]).iter().map(|&value| value as f32).collect());
        let labels = numbers(&table["labels"]);
        let codes = numbers(&table["groups"]).iter().map(|&code| code as u32).collect();
        let groups = Groups::new("group", vec!["a".into(), "b".into(), "c".into()], codes);
        let rows =
            Rows { features: &features, labels: &labels, groups: &groups, weights: None, recordings: None, targets: &[], sensitive: None };
        let cells = Cells::new(&rows, 0.5);
        let present: Vec<usize> = numbers(&table["meta_fair"]["cells"]).iter().map(|&cell| cell as usize).collect();
        let classes: Vec<Option<usize>> = cells.of.iter().map(|cell| present.binary_search(cell).ok()).collect();
        let ridge = table["meta_fair"]["ridge"].as_f64().unwrap();
        let discriminants = Discriminants::fit(&features, &classes, &cells.rows, present.len(), ridge);
        let posteriors: Vec<Vec<f64>> = (0..rows.len()).map(|row| discriminants.posterior(features.row(row))).collect();
        for (found, expected) in posteriors.iter().flatten().zip(numbers(&table["meta_fair"]["posteriors"])) {
            assert!((found - expected).abs() < 1e-9, "{found} against {expected}");
        }

        for program in table["meta_fair"]["programs"].as_array().unwrap() {
            let number = |key: &str| program[key].as_f64().unwrap();
            let model = Posteriors::new(&posteriors, &present, &cells, program["rate"] == "false-discovery");
            let (lower, upper, value) = (number("lower"), number("upper"), number("value"));
            // Any multipliers bound the optimum from above; these come near it, from near and far.
            let mut multipliers = Vec::new();
            for start in [[-2.0, 3.0, -1.0], [-0.5; 3], [0.0; 3]] {
                multipliers = model.multipliers(lower, upper, &start);
                let bound = model.dual(&multipliers, lower, upper, 1e-12).value;
                assert!(bound >= value - 1e-9 && bound < value + 5e-4, "{program} from {start:?}: {bound}");
            }
            // The rule keeps the interval, as the posteriors see it, up to the few rows on the threshold.
            let coefficients = model.coefficients(&multipliers, lower, upper);
            for group in 0..3 {
                let (mut chosen, mut wrong, mut all) = (0.0, 0.0, 0.0);
                for row in &posteriors {
                    let own = |label: usize| row[present.binary_search(&(2 * group + label)).unwrap()];
                    all += own(0) + own(1);
                    if advantage(row, &coefficients) > 0.0 {
                        chosen += own(0) + own(1);
                        wrong += own(0);
                    }
                }
                let rate = if model.false_discovery { wrong / chosen } else { chosen / all };
                assert!(rate > lower - 0.02 && rate < upper + 0.02, "{program} group {group}: {rate}");
            }
        }
    }

    #[test]
    fn derivatives_are_differences() {
        let posteriors = vec![vec![0.1, 0.5, 0.3, 0.1], vec![0.4, 0.2, 0.1, 0.3], vec![0.25, 0.05, 0.3, 0.4]];
        let features = Matrix::new(1, vec![0.0; 3]);
        let groups = Groups::new("group", vec!["a".into(), "b".into()], vec![0, 1, 0]);
        let rows = Rows {
            features: &features,
            labels: &[1.0, 0.0, 0.0],
            groups: &groups,
            weights: None,
            recordings: None,
            targets: &[],
            sensitive: None,
        };
        let cells = Cells::new(&rows, 0.5);
        for false_discovery in [false, true] {
            let model = Posteriors::new(&posteriors, &[0, 1, 2, 3], &cells, false_discovery);
            let value = |a: f64, b: f64| model.dual(&[a, b], 0.2, 0.3, 0.1);
            let here = value(0.07, -0.04);
            let step = 1e-5;
            for at in 0..2 {
                let moved = |sign: f64| if at == 0 { value(0.07 + sign * step, -0.04) } else { value(0.07, -0.04 + sign * step) };
                let (ahead, behind) = (moved(1.0), moved(-1.0));
                assert!((here.gradient[at] - (ahead.value - behind.value) / (2.0 * step)).abs() < 1e-7);
                for other in 0..=at {
                    let bend = (ahead.gradient[other] - behind.gradient[other]) / (2.0 * step);
                    assert!((here.hessian[at * 2 + other] - bend).abs() < 1e-6, "{false_discovery} {at} {other}");
                }
            }
        }
    }

    /// Inputs normal with standard deviation 1 around 1 (favourable) or -1; two of three rows of the first group are favourable, one of
    /// three of the second. The most accurate cuts are at -ln(2)/2 and ln(2)/2. With the group among the inputs the best rule of equal
    /// rates cuts each group at a quantile of its own; both groups mirror each other, so the rate is one half and the cuts are the
    /// medians, on the other side of 0.
    #[test]
    fn on_normal_data_the_rule_is_the_fair_threshold() {
        let (mut values, mut labels, mut codes) = (Vec::new(), Vec::new(), Vec::new());
        for group in 0..2_u32 {
            for label in 0..2_u32 {
                // Quantiles in place of draws.
                let count = if group == label { 3000 } else { 6000 };
                for place in 0..count {
                    let away = quantile((f64::from(place) + 0.5) / f64::from(count), normal);
                    values.extend([(2.0 * f64::from(label) - 1.0 + away) as f32, group as f32]);
                    labels.push(f64::from(label));
                    codes.push(group);
                }
            }
        }
        let features = Matrix::new(2, values);
        let groups = Groups::new("group", vec!["a".into(), "b".into()], codes);
        let rows =
            Rows { features: &features, labels: &labels, groups: &groups, weights: None, recordings: None, targets: &[], sensitive: None };
        let median = quantile(0.5, |x| (2.0 * normal(x - 1.0) + normal(x + 1.0)) / 3.0);
        assert!(median > 0.4);
        for (tau, expected) in [(0.0, -std::f64::consts::LN_2 / 2.0), (0.98, median)] {
            let fitted = fitted(&rows, &[("tau", tau)]);
            for (group, expected) in [(0.0, expected), (1.0, -expected)] {
                let grid: Vec<f32> = (0..=4000).map(|place| place as f32 / 1000.0 - 2.0).collect();
                let inputs = Matrix::new(2, grid.iter().flat_map(|&value| [value, group]).collect());
                let scores = fitted.predict((&inputs).into()).unwrap().scores;
                let cut = grid[scores.iter().position(|score| *score > 0.5).unwrap()];
                assert!((f64::from(cut) - expected).abs() < 0.06, "tau {tau}, group {group}: cut at {cut}, not {expected}");
            }
        }
    }

    fn fitted(rows: &Rows<'_>, given: &[(&str, f64)]) -> Box<dyn Fitted> {
        use std::sync::atomic::AtomicBool;

        use crate::trainer::RunHooks;
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), evenhand_catalog::Value::Number(*value))).collect();
        let mut objective = build(&Parameters::resolve(&CARD, &given).unwrap()).unwrap();
        let interrupted = AtomicBool::new(false);
        let mut quiet = |_: &_| {};
        let mut run = RunHooks { checkpoint: None, resume: false, on_epoch: &mut quiet, interrupted: &interrupted };
        let (architecture, training) = (crate::Architecture::default(), crate::Training::default());
        let mut task = Task {
            train: rows,
            validation: rows,
            architecture: &architecture,
            training: &training,
            seed: 1,
            run: &mut run,
            curves: Vec::new(),
            notes: Vec::new(),
        };
        objective.fit_alone(&mut task).unwrap().unwrap()
    }

    /// Distribution function of the standard normal distribution (Abramowitz and Stegun 7.1.26, good to 1.5e-7).
    fn normal(x: f64) -> f64 {
        let scaled = x.abs() / std::f64::consts::SQRT_2;
        let t = 1.0 / (1.0 + 0.327_591_1 * scaled);
        let series = [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
        let sum = series.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
        let error = 1.0 - sum * (-scaled * scaled).exp();
        f64::midpoint(1.0, error.copysign(x))
    }

    fn quantile(share: f64, distribution: impl Fn(f64) -> f64) -> f64 {
        let (mut low, mut high) = (-8.0, 8.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if distribution(middle) < share { low = middle } else { high = middle }
        }
        low
    }
}
