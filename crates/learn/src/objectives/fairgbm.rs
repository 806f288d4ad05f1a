//! FairGBM: boosted trees on the cross-entropy under constraints on the groups' error rates, by a proxy-Lagrangian.
//!
//! ```text
//! minimise  mean of w_i BCE(F_i, y_i)   subject to   max_h r_h - r_g <= tolerance   for every group g and constrained rate r
//!
//! r_g    rate of group g at the threshold: share of its counted rows that err (weighted)
//!        fpr        counted: label below 0.5       errs: score > threshold          (selected without being qualified)
//!        fnr        counted: label at least 0.5    errs: score <= threshold         (qualified and not selected)
//!        selection  counted: all                   counts: score > threshold        (demographic parity)
//! p_g    the same rate with a smooth function in place of the step:
//!        fpr, fnr   log(1 + e^(+-F + log(e^b - 1))), + for fpr, - for fnr; b at F = 0
//!        selection  sigmoid(F)
//!
//! descent (a tree)      on  mean BCE + sum_g lambda_g (p_h - p_g)     second derivatives: those of the cross-entropy alone
//!                       h: group of largest p for fpr and fnr, of largest r for selection
//! ascent (after it)     lambda_g <- max(0, lambda_g + multiplier_learning_rate (max_h r_h - r_g - tolerance))      lambda_g = 0 at first
//! ```
//!
//! The label 1 is the favourable outcome throughout (loaders see to it), so `fnr` is equal opportunity and `fpr` predictive equality;
//! `equalized-odds` constrains both, each group and rate with a multiplier of its own. `demographic-parity` is an addition of ours: the
//! paper's code has none. Its rows are also those that are rightly selected, whose logits grow without bound, and with them the softplus:
//! a group could lead by proxy and trail by rate, and nothing would move. Hence the bounded proxy, and the leader by rate. Where groups
//! tie for the lead, p_h is the mean of theirs (a subgradient), so that the order of the groups decides nothing.
//!
//! Rows of unknown group take part in the cross-entropy only. A group without a counted row is left out of that rate; a rate with fewer
//! than two groups left is skipped and counted, and the fit is refused where no rate is left. Any number of groups. Group and label are
//! needed to train, not to score.
//!
//! The last round's trees are kept whatever `training.selection` says: along the rounds the multipliers change what is minimised, so that
//! losses of two rounds cannot be compared. The public code keeps the last round too; a draw among the rounds is not offered.
//! `training.patience` does not apply. Multipliers that rise faster than trees can answer overshoot, and scores run off: try 0.005 to 0.5
//! for `multiplier_learning_rate`, as the public code's documentation advises, and `max_leaf_value`.
//!
//! Differs from the public code (feedzai/fairgbm 0.9.14): with more than two groups it multiplies the derivative of the group of largest
//! rate by the number of groups less 1 once more than the sum of multipliers already does; here it is the derivative of the formula.
//! With two groups both agree. It refuses weights; here they enter the rates as they enter the loss. Selected is strictly above the
//! threshold, as everywhere in this program. Its example data for COMPAS keep `is_recid`, which is the label: ours does not.
//!
//! Source: Cruz, Belem, Bravo, Saleiro and Bizarro, "FairGBM: gradient boosting with fairness constraints", ICLR 2023; Cotter,
//! Jiang and Sridharan, "Two-player games for efficient non-convex constrained optimization", 2019 (proxy-Lagrangian).

use std::collections::BTreeMap;

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};
use evenhand_rows::UNKNOWN;

use super::without_effect;
use crate::boosting::Trees;
use crate::boosting::booster::{cross_entropy_slopes, sigmoid};
use crate::boosting::rounds::{self, Boosted, SlopesOf};
use crate::boosting::{
    BINS, COLUMN_SHARE, DEPTH, L2, LEARNING_RATE, LEAVES, MAX_LEAF_VALUE, MIN_GAIN, MIN_LEAF_HESSIAN, MIN_LEAF_ROWS, ROW_SHARE, TREES,
};
use crate::objective::Validation;
use crate::rows::Rows;
use crate::scorer::{Fitted, Loader};
use crate::trainer::Task;
use crate::{LearnError, Needs, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

static CARD: Card = Card {
    id: "fairgbm",
    name: "FairGBM",
    kind: Kind::Objective,
    summary: "Boosted trees whose groups' error rates (or selection rates) may differ by a tolerance: multipliers grow while they differ by more. For tables only; the recipe's network is not used; keeps the last round.",
    formula: "trees: minimise mean BCE + sum_g lambda_g (max_h p_h - p_g), p_g: rate of group g with log(1 + e^(+-F + log(e^b - 1))) for an error, or its mean score; then lambda_g <- max(0, lambda_g + rate (max_h r_h - r_g - tolerance)), r_g: rate at the threshold",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Cruz et al., \"FairGBM: gradient boosting with fairness constraints\", ICLR 2023; demographic parity added here",
    parameters: &[
        Parameter {
            name: "constraint",
            default: Literal::Text("equalized-odds"),
            allowed: Allowed::OneOf(&["equalized-odds", "fpr", "fnr", "demographic-parity"]),
            purpose: "whose rates agree between groups: false positives and false negatives, either alone, or selected rows",
        },
        Parameter {
            name: "multiplier_learning_rate",
            default: Literal::Number(0.1),
            allowed: Allowed::Between(0.0, f64::INFINITY),
            purpose: "step size of the multipliers; 0 leaves them at 0",
        },
        Parameter {
            name: "fpr_tolerance",
            default: Literal::Number(0.01),
            allowed: Allowed::Between(0.0, 1.0),
            purpose: "how far a false positive rate may lie below the largest",
        },
        Parameter {
            name: "fnr_tolerance",
            default: Literal::Number(0.01),
            allowed: Allowed::Between(0.0, 1.0),
            purpose: "how far a false negative rate may lie below the largest",
        },
        Parameter {
            name: "selection_tolerance",
            default: Literal::Number(0.01),
            allowed: Allowed::Between(0.0, 1.0),
            purpose: "how far a selection rate may lie below the largest",
        },
        Parameter {
            name: "score_threshold",
            default: Literal::Number(0.5),
            allowed: Allowed::Between(0.0, 1.0),
            purpose: "score above which a row is selected when rates are taken",
        },
        Parameter {
            name: "proxy_margin",
            default: Literal::Number(1.0),
            allowed: Allowed::Between(0.01, 100.0),
            purpose: "b, the proxy's value at a score of 0.5 (not of demographic-parity, whose proxy is the score)",
        },
        TREES,
        LEARNING_RATE,
        LEAVES,
        DEPTH,
        MIN_LEAF_ROWS,
        MIN_LEAF_HESSIAN,
        L2,
        MAX_LEAF_VALUE,
        MIN_GAIN,
        BINS,
        COLUMN_SHARE,
        ROW_SHARE,
    ],
};

/// Boosted trees under constraints.
#[derive(Debug, Clone)]
pub struct Fairgbm {
    parameters: Parameters,
    constraints: Vec<Constraint>,
    /// Group names, for the curves.
    levels: Vec<String>,
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    let constraint = parameters.text("constraint");
    let idle: &[&str] = match constraint {
        "fpr" => &["fnr_tolerance", "selection_tolerance"],
        "fnr" => &["fpr_tolerance", "selection_tolerance"],
        "demographic-parity" => &["fpr_tolerance", "fnr_tolerance", "proxy_margin"],
        _ => &["selection_tolerance"],
    };
    without_effect(&CARD, parameters, idle, &format!("constraint = \"{constraint}\""))?;
    Ok(Box::new(Fairgbm { parameters: parameters.clone(), constraints: Vec::new(), levels: Vec::new() }))
}

/// A rate that is compared between groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rate {
    FalsePositive,
    FalseNegative,
    Selection,
}

impl Rate {
    fn name(self) -> &'static str {
        match self {
            Rate::FalsePositive => "fpr",
            Rate::FalseNegative => "fnr",
            Rate::Selection => "selection",
        }
    }

    /// Whether a row of this label is counted.
    fn counts(self, label: f64) -> bool {
        match self {
            Rate::FalsePositive => label < 0.5,
            Rate::FalseNegative => label >= 0.5,
            Rate::Selection => true,
        }
    }

    /// 1 where a larger logit means more of the rate, -1 where less.
    fn sign(self) -> f64 {
        if self == Rate::FalseNegative { -1.0 } else { 1.0 }
    }

    fn occurs(self, selected: bool) -> bool {
        selected != (self == Rate::FalseNegative)
    }
}

/// One constrained rate with the multipliers of the groups.
#[derive(Debug, Clone)]
struct Constraint {
    rate: Rate,
    tolerance: f64,
    /// Weight of the counted rows by group code; 0 for a group that takes no part.
    sizes: Vec<f64>,
    /// Weight of all rows.
    total: f64,
    multipliers: Vec<f64>,
    threshold: f64,
    /// `log(e^b - 1)`.
    shift: f64,
}

/// A group's known code where the row is counted.
fn counted<'a>(rate: Rate, rows: &'a Rows<'_>) -> impl Iterator<Item = (usize, usize, f64)> + 'a {
    let weight = |row: usize| rows.weights.map_or(1.0, |weights| weights[row]);
    let codes = rows.groups.codes();
    (0..rows.len())
        .filter(move |&row| codes[row] != UNKNOWN && rate.counts(rows.labels[row]))
        .map(move |row| (row, codes[row] as usize, weight(row)))
        .filter(|(_, _, weight)| *weight > 0.0)
}

impl Constraint {
    fn new(rate: Rate, tolerance: f64, threshold: f64, margin: f64, rows: &Rows<'_>) -> Self {
        let groups = rows.groups.levels().len();
        let mut sizes = vec![0.0; groups];
        counted(rate, rows).for_each(|(_, group, weight)| sizes[group] += weight);
        let total = rows.weights.map_or(rows.len() as f64, |weights| weights.iter().sum());
        Constraint { rate, tolerance, sizes, total, multipliers: vec![0.0; groups], threshold, shift: margin.exp_m1().ln() }
    }

    /// Whether fewer than two groups take part.
    fn is_void(&self) -> bool {
        self.sizes.iter().filter(|size| **size > 0.0).count() < 2
    }

    /// The share of every group's counted rows of which `of` is the mean; `None` for a group without such rows.
    fn shares(&self, rows: &Rows<'_>, of: impl Fn(usize) -> f64) -> Vec<Option<f64>> {
        let mut sums = vec![(0.0, 0.0); self.multipliers.len()];
        for (row, group, weight) in counted(self.rate, rows) {
            // Other rows than those trained on may know further groups.
            if let Some(sum) = sums.get_mut(group) {
                sum.0 += weight * of(row);
                sum.1 += weight;
            }
        }
        sums.into_iter().map(|(sum, size)| (size > 0.0).then(|| sum / size)).collect()
    }

    /// The rates at the threshold.
    fn rates(&self, rows: &Rows<'_>, logits: &[f64]) -> Vec<Option<f64>> {
        self.shares(rows, |row| f64::from(u8::from(self.rate.occurs(sigmoid(logits[row]) > self.threshold))))
    }

    /// The rates by proxy.
    fn proxies(&self, rows: &Rows<'_>, logits: &[f64]) -> Vec<Option<f64>> {
        self.shares(rows, |row| {
            if self.rate == Rate::Selection {
                return sigmoid(logits[row]);
            }
            let z = self.rate.sign() * logits[row] + self.shift;
            z.max(0.0) + (-z.abs()).exp().ln_1p()
        })
    }

    /// The proxy's slope: `+- sigmoid(+-F + log(e^b - 1))`, or `s (1 - s)`.
    fn slope(&self, logit: f64) -> f64 {
        if self.rate == Rate::Selection {
            let score = sigmoid(logit);
            return score * (1.0 - score);
        }
        self.rate.sign() * sigmoid(self.rate.sign() * logit + self.shift)
    }

    /// `sum_g lambda_g (p_h - p_g)`, and the factor of each group's own proxy in it; `None` with fewer than two groups.
    fn penalty(&self, rows: &Rows<'_>, logits: &[f64]) -> Option<(f64, Vec<f64>)> {
        let proxies = self.proxies(rows, logits);
        let (leaders, _) = if self.rate == Rate::Selection { largest(&self.rates(rows, logits))? } else { largest(&proxies)? };
        let share = 1.0 / leaders.len() as f64;
        let most = leaders.iter().map(|&leader| proxies[leader]).sum::<Option<f64>>()? * share;
        let mut factors = vec![0.0; proxies.len()];
        let mut value = 0.0;
        // A group that leads alone is not held against itself.
        for (group, proxy) in proxies.iter().enumerate().filter(|(group, _)| leaders != [*group]) {
            let Some(proxy) = proxy else { continue };
            value += self.multipliers[group] * (most - proxy);
            factors[group] -= self.multipliers[group];
            for &leader in &leaders {
                factors[leader] += share * self.multipliers[group];
            }
        }
        Some((value, factors))
    }

    /// What a row of each group adds to the first derivative for a unit of its proxy's slope: the penalty's gradient is that of a sum
    /// over rows with weights, the loss a mean.
    fn factors(&self, rows: &Rows<'_>, logits: &[f64]) -> Vec<f64> {
        let none = vec![0.0; self.multipliers.len()];
        if self.multipliers.iter().all(|multiplier| *multiplier == 0.0) {
            return none;
        }
        let Some((_, mut factors)) = self.penalty(rows, logits) else { return none };
        factors.iter_mut().zip(&self.sizes).filter(|(_, size)| **size > 0.0).for_each(|(factor, size)| *factor *= self.total / size);
        factors
    }

    /// One step of the multipliers; true when any of them moved.
    fn ascend(&mut self, rates: &[Option<f64>], step: f64) -> bool {
        let Some((_, most)) = largest(rates) else { return false };
        let mut moved = false;
        for (multiplier, rate) in self.multipliers.iter_mut().zip(rates) {
            let Some(rate) = rate else { continue };
            let next = (*multiplier + step * (most - rate - self.tolerance)).max(0.0);
            moved |= next != *multiplier;
            *multiplier = next;
        }
        moved
    }
}

/// The groups of the largest rate, and that rate; `None` with fewer than two groups.
fn largest(rates: &[Option<f64>]) -> Option<(Vec<usize>, f64)> {
    if rates.iter().flatten().count() < 2 {
        return None;
    }
    let most = rates.iter().flatten().copied().reduce(f64::max)?;
    let leaders = rates.iter().enumerate().filter(|(_, rate)| **rate == Some(most)).map(|(group, _)| group);
    Some((leaders.collect(), most))
}

impl Objective for Fairgbm {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs { also: "a table", ..Needs::default() }
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn validation_terms(&self, outcome: &Validation<'_>) -> Vec<(&'static str, f64)> {
        let logits: Vec<f64> = outcome.prediction.logits.iter().map(|&logit| f64::from(logit)).collect();
        let penalty = |constraint: &Constraint| {
            let (value, _) = constraint.penalty(outcome.rows, &logits)?;
            Some((constraint.rate.name(), value))
        };
        self.constraints.iter().filter_map(penalty).collect()
    }

    fn fits_alone(&self) -> bool {
        true
    }

    fn loaders(&self) -> &'static [Loader] {
        &[Trees::LOADER]
    }

    fn fit_alone(&mut self, task: &mut Task<'_, '_>) -> Option<Result<Box<dyn Fitted>, LearnError>> {
        Some(rounds::run(self, task))
    }
}

impl Boosted for Fairgbm {
    const KEEPS_LAST: bool = true;

    fn begin(&mut self, train: &Rows<'_>) -> Result<(), LearnError> {
        let rates: &[(Rate, &str)] = match self.parameters.text("constraint") {
            "fpr" => &[(Rate::FalsePositive, "fpr_tolerance")],
            "fnr" => &[(Rate::FalseNegative, "fnr_tolerance")],
            "demographic-parity" => &[(Rate::Selection, "selection_tolerance")],
            _ => &[(Rate::FalsePositive, "fpr_tolerance"), (Rate::FalseNegative, "fnr_tolerance")],
        };
        let number = |name: &str| self.parameters.number(name);
        let (threshold, margin) = (number("score_threshold"), number("proxy_margin"));
        let constraint = |(rate, tolerance): &(Rate, &str)| Constraint::new(*rate, number(tolerance), threshold, margin, train);
        self.constraints = rates.iter().map(constraint).collect();
        self.levels = train.groups.levels().to_vec();
        if self.constraints.iter().all(Constraint::is_void) {
            let reason = format!(
                "`{}` compares groups, and fewer than two of `{}` have training rows that count in it; choose another attribute or constraint",
                self.parameters.text("constraint"),
                train.groups.name()
            );
            return Err(LearnError::Unsuited { objective: CARD.id.to_owned(), reason });
        }
        Ok(())
    }

    fn slopes<'a>(&'a self, train: &'a Rows<'a>, logits: &[f64]) -> SlopesOf<'a> {
        let active: Vec<(&Constraint, Vec<f64>)> = self
            .constraints
            .iter()
            .map(|constraint| (constraint, constraint.factors(train, logits)))
            .filter(|(_, factors)| factors.iter().any(|factor| *factor != 0.0))
            .collect();
        let codes = train.groups.codes();
        Box::new(move |row, logit| {
            let label = train.labels[row];
            let (mut gradient, hessian) = cross_entropy_slopes(label, logit);
            if codes[row] != UNKNOWN {
                for (constraint, factors) in &active {
                    let factor = factors[codes[row] as usize];
                    if factor != 0.0 && constraint.rate.counts(label) {
                        gradient += factor * constraint.slope(logit);
                    }
                }
            }
            (gradient, hessian)
        })
    }

    fn end_round(&mut self, train: &Rows<'_>, logits: &[f64]) -> bool {
        let step = self.parameters.number("multiplier_learning_rate");
        let mut moved = false;
        for constraint in &mut self.constraints {
            let rates = constraint.rates(train, logits);
            moved |= constraint.ascend(&rates, step);
        }
        moved
    }

    fn terms(&self, train: &Rows<'_>, logits: &[f64]) -> BTreeMap<String, f64> {
        let mut terms = BTreeMap::new();
        for constraint in &self.constraints {
            let name = constraint.rate.name();
            let rates = constraint.rates(train, logits);
            let (Some((_, most)), Some((penalty, _))) = (largest(&rates), constraint.penalty(train, logits)) else {
                continue;
            };
            let least = rates.iter().flatten().fold(most, |least, rate| least.min(*rate));
            terms.insert(name.to_owned(), penalty);
            terms.insert(format!("{name} difference"), most - least);
            for (group, _) in rates.iter().enumerate().filter(|(_, rate)| rate.is_some()) {
                terms.insert(format!("{name} multiplier, {}", self.levels[group]), constraint.multipliers[group]);
            }
        }
        terms
    }

    fn absent(&self) -> Vec<&'static str> {
        self.constraints.iter().filter(|constraint| constraint.is_void()).map(|constraint| constraint.rate.name()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use evenhand_catalog::Value;
    use evenhand_rows::{Groups, Matrix};

    use super::*;
    use crate::boosting::tests::{expected, matrix, numbers};
    use crate::boosting::{Booster, booster::base_logit, tests};
    use crate::models::Architecture;
    use crate::trainer::RunHooks;
    use crate::training::Training;

    fn fairgbm(given: &[(&str, Value)]) -> Fairgbm {
        let given: BTreeMap<String, Value> = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Fairgbm { parameters: Parameters::resolve(&CARD, &given).unwrap(), constraints: Vec::new(), levels: Vec::new() }
    }

    fn word(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn two(codes: &[f64]) -> Groups {
        Groups::new("group", vec!["a".into(), "b".into()], codes.iter().map(|code| *code as u32).collect())
    }

    /// Trees and multipliers round by round, against the package of the paper's authors.
    #[test]
    fn logits_agree_with_the_fairgbm_package() {
        for case in expected("constrained") {
            let (features, labels) = (matrix(&case["features"]), numbers(&case["labels"]));
            let groups = two(&numbers(&case["groups"]));
            let rows = Rows {
                features: &features,
                labels: &labels,
                groups: &groups,
                weights: None,
                recordings: None,
                targets: &[],
                sensitive: None,
            };
            let number = |key: &str| Value::Number(case[key].as_f64().unwrap());
            let mut objective = fairgbm(&[
                ("constraint", word(case["constraint"].as_str().unwrap())),
                ("multiplier_learning_rate", number("multiplier_learning_rate")),
                ("fpr_tolerance", number("fpr_tolerance")),
                ("fnr_tolerance", number("fnr_tolerance")),
                ("score_threshold", number("score_threshold")),
                ("proxy_margin", number("proxy_margin")),
            ]);
            let settings = tests::settings(&case["settings"]);
            let mut booster = Booster::new(&features, None, base_logit(&labels, None), &settings, 1).unwrap();
            objective.begin(&rows).unwrap();
            for _ in 0..settings.trees {
                let slopes = objective.slopes(&rows, booster.scores());
                assert!(booster.boost(slopes).unwrap());
                objective.end_round(&rows, booster.scores());
            }
            let moved = objective.constraints.iter().flat_map(|constraint| &constraint.multipliers).any(|multiplier| *multiplier > 0.0);
            assert_eq!(moved, case["multiplier_learning_rate"].as_f64() > Some(0.0), "{}", case["name"]);
            for (row, (found, expected)) in booster.scores().iter().zip(numbers(&case["logits"])).enumerate() {
                assert!((found - expected).abs() < 1e-5, "{}, row {row}: {found} against {expected}", case["name"]);
            }
        }
    }

    /// Ten rows in three groups and one of unknown group, with weights.
    const LABELS: [f64; 11] = [0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0];
    const CODES: [u32; 11] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, UNKNOWN];
    const LOGITS: [f64; 11] = [0.4, -0.7, 1.1, 0.2, -0.4, 0.9, 1.6, -1.2, -0.1, 0.3, 0.8];
    const WEIGHTS: [f64; 11] = [1.0, 3.0, 1.0, 2.0, 1.0, 1.0, 0.5, 1.0, 1.5, 1.0, 4.0];

    fn small(features: &Matrix, groups: &Groups, each: impl FnOnce(&Rows<'_>)) {
        let weights = Some(WEIGHTS.as_slice());
        each(&Rows { features, labels: &LABELS, groups, weights, recordings: None, targets: &[], sensitive: None });
    }

    fn with_rows(each: impl FnOnce(&Rows<'_>)) {
        let groups = Groups::new("group", vec!["a".into(), "b".into(), "c".into()], CODES.to_vec());
        small(&Matrix::new(1, vec![0.0; 11]), &groups, each);
    }

    #[test]
    fn rates_and_multipliers_by_hand() {
        with_rows(|rows| {
            let mut objective = fairgbm(&[("multiplier_learning_rate", Value::Number(2.0)), ("fpr_tolerance", Value::Number(0.1))]);
            objective.begin(rows).unwrap();
            // False positives: a 1/4 (the row of weight 1 of 1 + 3), b 2/2, c 0.5/2. False negatives: a 0/1, b 1/2, c 1/2.
            let rates = |place: usize| objective.constraints[place].rates(rows, &LOGITS);
            assert_eq!(rates(0), [Some(0.25), Some(1.0), Some(0.25)]);
            assert_eq!(rates(1), [Some(0.0), Some(0.5), Some(0.5)]);
            assert!(objective.end_round(rows, &LOGITS));
            // 2 (1 - 0.25 - 0.1) = 1.3; the largest rate's own falls to 0 and stays there. 2 (0.5 - 0 - 0.01) = 0.98.
            let near = |found: &[f64], expected: [f64; 3]| {
                assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12), "{found:?}");
            };
            near(&objective.constraints[0].multipliers, [1.3, 0.0, 1.3]);
            near(&objective.constraints[1].multipliers, [0.98, 0.0, 0.0]);

            let mut objective = fairgbm(&[("constraint", word("demographic-parity"))]);
            objective.begin(rows).unwrap();
            // Selected: a 2 of 5, b 3 of 4, c 1.5 of 4; the row of unknown group is in none.
            assert_eq!(objective.constraints[0].rates(rows, &LOGITS), [Some(0.4), Some(0.75), Some(0.375)]);
        });
    }

    #[test]
    fn the_proxy_is_its_margin_at_a_score_of_a_half() {
        with_rows(|rows| {
            for (constraint, margin) in [("fpr", 1.0), ("fnr", 1.0), ("fpr", 0.3), ("fnr", 40.0)] {
                let mut objective = fairgbm(&[("constraint", word(constraint)), ("proxy_margin", Value::Number(margin))]);
                objective.begin(rows).unwrap();
                for proxy in objective.constraints[0].proxies(rows, &[0.0; 11]) {
                    assert!((proxy.unwrap() - margin).abs() < 1e-12, "{constraint}");
                }
            }
        });
    }

    /// The whole Lagrangian, as its formula stands, moved logit by logit.
    #[test]
    fn slopes_are_differences() {
        with_rows(|rows| {
            for constraint in ["equalized-odds", "fpr", "fnr", "demographic-parity"] {
                let mut objective = fairgbm(&[("constraint", word(constraint)), ("multiplier_learning_rate", Value::Number(3.0))]);
                objective.begin(rows).unwrap();
                objective.end_round(rows, &LOGITS);
                let total: f64 = WEIGHTS.iter().sum();
                let lagrangian = |logits: &[f64]| {
                    let data = (0..11).map(|row| {
                        WEIGHTS[row] * (logits[row].max(0.0) - LABELS[row] * logits[row] + (-logits[row].abs()).exp().ln_1p()) / total
                    });
                    let penalty = objective.constraints.iter().map(|constraint| constraint.penalty(rows, logits).unwrap().0);
                    data.sum::<f64>() + penalty.sum::<f64>()
                };
                let slopes = objective.slopes(rows, &LOGITS);
                for row in 0..11 {
                    let moved = |step: f64| {
                        let mut logits = LOGITS;
                        logits[row] += step;
                        lagrangian(&logits)
                    };
                    let difference = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                    let (gradient, hessian) = slopes(row, LOGITS[row]);
                    assert!(
                        (gradient * WEIGHTS[row] / total - difference).abs() < 1e-8,
                        "{constraint}, row {row}: {gradient} {difference}"
                    );
                    let score = sigmoid(LOGITS[row]);
                    assert!((hessian - score * (1.0 - score)).abs() < 1e-12, "the curvature is that of the cross-entropy");
                }
            }
        });
    }

    /// Groups carry names, not an order: slopes and multipliers follow them, also where two groups tie for the lead.
    #[test]
    fn relabelled_groups_change_nothing() {
        let features = Matrix::new(1, vec![0.0; 11]);
        // All rows of the first two groups are selected, of the third half.
        let tied = [0.4, 0.7, 1.1, 0.2, 0.4, 0.9, 1.6, -1.2, -0.1, 0.3, 0.8];
        let run = |constraint: &str, logits: &[f64; 11], order: [u32; 3]| {
            let codes = CODES.iter().map(|&code| if code == UNKNOWN { code } else { order[code as usize] }).collect();
            let groups = Groups::new("group", vec!["x".into(), "y".into(), "z".into()], codes);
            let mut found = Vec::new();
            small(&features, &groups, |rows| {
                let mut objective = fairgbm(&[("constraint", word(constraint))]);
                objective.begin(rows).unwrap();
                objective.end_round(rows, &LOGITS);
                let slopes = objective.slopes(rows, logits);
                found = (0..11).map(|row| slopes(row, logits[row]).0).collect::<Vec<f64>>();
            });
            found
        };
        for (constraint, logits) in [("equalized-odds", LOGITS), ("demographic-parity", LOGITS), ("demographic-parity", tied)] {
            let plain = run(constraint, &logits, [0, 1, 2]);
            for order in [[1, 0, 2], [2, 0, 1]] {
                let other = run(constraint, &logits, order);
                assert!(other.iter().zip(&plain).all(|(one, other)| (one - other).abs() < 1e-12), "{constraint} {order:?}");
            }
        }
        assert_eq!(largest(&[Some(0.5), None, Some(0.7), Some(0.7)]), Some((vec![2, 3], 0.7)));
        assert_eq!(largest(&[Some(0.5), None]), None);
    }

    #[test]
    fn a_group_that_lacks_a_label_is_left_out_of_that_rate() {
        let features = Matrix::new(1, vec![0.0; 4]);
        let labels = [0.0, 1.0, 1.0, 1.0];
        let groups = two(&[0.0, 0.0, 1.0, 1.0]);
        let rows =
            Rows { features: &features, labels: &labels, groups: &groups, weights: None, recordings: None, targets: &[], sensitive: None };
        let mut objective = fairgbm(&[("multiplier_learning_rate", Value::Number(1.0))]);
        objective.begin(&rows).unwrap();
        assert_eq!(objective.absent(), ["fpr"]);
        let logits = [1.0, -1.0, 1.0, 1.0];
        objective.end_round(&rows, &logits);
        assert_eq!(objective.constraints[0].multipliers, [0.0, 0.0]);
        assert_eq!(objective.constraints[1].multipliers, [0.0, 0.99]);
        let terms = objective.terms(&rows, &logits);
        assert!(!terms.contains_key("fpr difference") && terms["fnr difference"] == 1.0 && terms["fnr multiplier, b"] == 0.99);
        // Rows with groups that training did not know are no reason to stop.
        let groups = Groups::new("group", vec!["a".into(), "b".into(), "c".into()], vec![0, 1, 2, 2]);
        let other = Rows { groups: &groups, ..rows };
        let prediction = crate::boosting::Trees::prediction(&logits);
        let validation = Validation { rows: &other, prediction: &prediction, training: &Training::default(), epoch: 1, network: None };
        assert!(objective.validation_terms(&validation).iter().all(|(_, value)| value.is_finite()));
    }

    #[test]
    fn an_interrupt_ends_the_fit() {
        let (features, labels) = (Matrix::new(1, (0..80).map(|row| row as f32).collect()), [vec![0.0; 40], vec![1.0; 40]].concat());
        let groups = two(&[0.0, 1.0].repeat(40));
        let rows =
            Rows { features: &features, labels: &labels, groups: &groups, weights: None, recordings: None, targets: &[], sensitive: None };
        let interrupted = AtomicBool::new(false);
        let mut stop = |record: &crate::EpochRecord| interrupted.store(record.epoch >= 4, std::sync::atomic::Ordering::Relaxed);
        let mut run = RunHooks { checkpoint: None, resume: false, on_epoch: &mut stop, interrupted: &interrupted };
        let fitted = crate::fit(&rows, &rows, &Architecture::default(), &Training::default(), Box::new(fairgbm(&[])), 1, &mut run);
        assert!(matches!(fitted, Err(LearnError::Interrupted { epoch: 4, checkpoint: None })), "{fitted:?}");
    }
}
