//! Exponentiated gradient: fair classification by repeated weighted classification, with any learner that takes row weights.
//!
//! ```text
//! minimise   err(Q)   so that   gamma_c(Q) <= difference_bound for every constraint c        Q: probabilities of classifiers
//! Lagrangian L(Q, lambda) = err(Q) + sum_c lambda_c (gamma_c(Q) - difference_bound),  lambda >= 0, sum lambda <= B = 1 / eps
//! round t    lambda_c = B exp(theta_c) / (1 + sum exp(theta));  h_t = best classifier for lambda;  theta += eta (gamma(h_t) - bound)
//!            Q_EG = the classifiers so far, each as often as it was best;  Q_LP = saddle point over them (a linear program)
//! gap        max(L - min over classifiers of L, max over lambda of L - L) at (Q, lambda), 0 at the solution
//! ```
//!
//! The better of Q_EG and Q_LP counts; rounds end when its gap is below nu, after 6 rounds at the earliest, and the last of the best
//! rounds is taken. eta starts at eta0 / B and shrinks by 0.8 when the gap stalls. nu = 0 stands for half the standard error of the first
//! classifier's error. `reductions::parity` holds the constraints, their gammas and costs. The classifiers' error and gammas are those
//! on the training rows; rows of unknown group count in the error and in no gamma. Row weights of the data count everywhere.
//!
//! The answer is randomised: `reductions::mixture` says what its scores are, expected or drawn. The constraint holds for the mean of the
//! expected score (selection rates, and rates among the favourable), not for decisions cut from it at 0.5.
//!
//! In the curves, `data` is the error of the round's Q, `violation` its largest gamma, `duality gap` its gap. Labels are cut at
//! `label_threshold`. The group is needed to train, not to score. An interrupted run with base `network` goes on where it stopped;
//! with the logistic regression and boosting, whose fits take milliseconds to seconds, it begins again, and comes to the same bytes
//! either way.
//!
//! Where the public code (fairlearn) differs: there every fit starts from nothing and may stop short of the optimum; the linear program's
//! multipliers come from a second program. Where solutions are not unique the rounds may differ, within the gap.
//!
//! Source: Agarwal, Beygelzimer, Dudik, Langford and Wallach, "A reductions approach to fair classification", 2018, algorithm 1;
//! fairlearn for the linear program, the shrinking of eta, and the defaults.

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};

use crate::learners::{BASE, L2, check_base};
use crate::reductions::{
    self, CONSTRAINT, DIFFERENCE_BOUND, LABEL_THRESHOLD, Member, Mixture, PRECISION, RATIO_BOUND, Responder, dot, saddle,
};
use crate::rounds::record;
use crate::scorer::{Fitted, Loader};
use crate::trainer::{EpochRecord, Task};
use crate::{LearnError, Needs, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

static CARD: Card = Card {
    id: "exponentiated-gradient",
    name: "Exponentiated gradient",
    kind: Kind::Objective,
    summary: "Fits a plain learner again and again under row weights that make unfairness dear, and mixes the classifiers until a parity constraint holds. The score is the probability of a positive decision.",
    formula: "minimise err(Q) + max over lambda >= 0, sum lambda <= 1/eps, of sum_c lambda_c (gamma_c(Q) - difference_bound); Q: probabilities of classifiers, gamma: differences of a group's rate from that of all",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Agarwal, Beygelzimer, Dudik, Langford and Wallach, \"A reductions approach to fair classification\", 2018, algorithm 1; fairlearn",
    parameters: &[
        BASE,
        CONSTRAINT,
        DIFFERENCE_BOUND,
        RATIO_BOUND,
        Parameter {
            name: "eps",
            default: Literal::Number(0.01),
            allowed: Allowed::Between(1e-4, 10.0),
            purpose: "1 / the largest sum of multipliers: small values hold the constraint more tightly",
        },
        Parameter { name: "max_iter", default: Literal::Integer(50), allowed: Allowed::Between(1.0, 10_000.0), purpose: "rounds, at most" },
        Parameter {
            name: "eta0",
            default: Literal::Number(2.0),
            allowed: Allowed::Above(0.0),
            purpose: "first step size of the multipliers, times 1/eps",
        },
        Parameter {
            name: "nu",
            default: Literal::Number(0.0),
            allowed: Allowed::Between(0.0, 1.0),
            purpose: "duality gap at which rounds end; 0: half the standard error of the first classifier's error",
        },
        Parameter {
            name: "linear_program",
            default: Literal::Flag(true),
            allowed: Allowed::Any,
            purpose: "after each round also solve for the best mixture of the classifiers so far",
        },
        Parameter {
            name: "prediction",
            default: Literal::Text("expected"),
            allowed: Allowed::OneOf(&["expected", "randomised"]),
            purpose: "score: the probability of a positive decision, or a decision drawn with it (from the row's inputs and the seed)",
        },
        LABEL_THRESHOLD,
        L2,
    ],
};

/// Rounds that are always made, less one.
const ROUNDS: usize = 5;
/// First round after which the progress is looked at, and by what it grows.
const CHECK: (f64, f64) = (5.0, 1.6);
/// Stalled progress, and what it does to eta.
const SHRINK: (f64, f64) = (0.8, 0.8);
/// Multiples of the multipliers at which a better classifier is looked for.
const MULTIPLES: [f64; 4] = [1.0, 2.0, 5.0, 10.0];

/// Exponentiated gradient.
#[derive(Debug, Clone)]
pub struct ExponentiatedGradient {
    parameters: Parameters,
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    check_base(&CARD, parameters)?;
    Ok(Box::new(ExponentiatedGradient { parameters: parameters.clone() }))
}

impl Objective for ExponentiatedGradient {
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

    fn scores_are_expected_decisions(&self) -> bool {
        !self.draws_decisions()
    }

    fn loaders(&self) -> &'static [Loader] {
        reductions::LOADERS
    }

    fn fit_alone(&mut self, task: &mut Task<'_, '_>) -> Option<Result<Box<dyn Fitted>, LearnError>> {
        Some(self.fit(task))
    }
}

/// A mixture of the classifiers found, what it does on the training rows, and how far from the saddle point it may be.
#[derive(Debug, Clone)]
struct Play {
    weights: Vec<f64>,
    error: f64,
    violation: f64,
    gap: f64,
}

impl ExponentiatedGradient {
    /// Whether scores are decisions drawn from the mixture, not their probabilities.
    fn draws_decisions(&self) -> bool {
        self.parameters.text("prediction") == "randomised"
    }

    fn fit(&self, task: &mut Task<'_, '_>) -> Result<Box<dyn Fitted>, LearnError> {
        let parameters = &self.parameters;
        let bound = parameters.number("difference_bound");
        let mut responder = Responder::new(&CARD, parameters, bound, task)?;
        let (rounds, largest) = (parameters.count("max_iter"), 1.0 / parameters.number("eps"));
        let mut nu = parameters.number("nu");
        let mut eta = parameters.number("eta0") / largest;
        let mut theta = vec![0.0; responder.parity.len()];
        let mut sum = vec![0.0; theta.len()];
        let mut times: Vec<f64> = Vec::new();
        let mut program: Option<Play> = None;
        let (mut checked, mut gap_then, mut least_gap) = (CHECK.0, f64::INFINITY, f64::INFINITY);
        let mut best: Option<Play> = None;

        for round in 0..rounds {
            // The multipliers of this round, and the classifier that answers them.
            let lambda = multipliers(&theta, largest);
            sum.iter_mut().zip(&lambda).for_each(|(sum, lambda)| *sum += lambda);
            let mean: Vec<f64> = sum.iter().map(|sum| sum / (round + 1) as f64).collect();
            let answer = responder.best(&lambda)?;
            if round == 0 && nu == 0.0 {
                nu = automatic_nu(responder.found[answer].error, responder.cells.total);
            }

            // The mixture of all answers, and the best one of all classifiers.
            times.resize(responder.found.len(), 0.0);
            times[answer] += 1.0;
            let shares: Vec<f64> = times.iter().map(|times| times / (round + 1) as f64).collect();
            let play = judge(&mut responder, shares, &mean, largest, nu)?;
            let own_gap = play.gap;
            let mut chosen = play;
            if round > 0 && parameters.flag("linear_program") {
                // Without a new classifier the program, and its answer, are those of the round before.
                if program.as_ref().is_none_or(|program| program.weights.len() < responder.found.len()) {
                    let errors: Vec<f64> = responder.found.iter().map(|own| own.error).collect();
                    let excess = |gammas: &[f64]| gammas.iter().map(|gamma| gamma - bound).collect();
                    let violations: Vec<Vec<f64>> = responder.found.iter().map(|own| excess(&own.gammas)).collect();
                    let (weights, lambda) = saddle(&errors, &violations, largest);
                    program = Some(judge(&mut responder, weights, &lambda, largest, nu)?);
                }
                if let Some(program) = program.as_ref().filter(|program| program.gap <= chosen.gap) {
                    chosen = program.clone();
                }
            }

            let better = best.as_ref().is_none_or(|best| chosen.gap <= best.gap + PRECISION);
            let record = self.record(task, &responder, &chosen, (round + 1, rounds, eta), better);
            (task.run.on_epoch)(&record);
            task.curves.push(record);
            responder.finished = round + 1;
            let gap = chosen.gap;
            if better {
                let least = best.map_or(f64::INFINITY, |best| best.gap).min(chosen.gap);
                best = Some(Play { gap: least, ..chosen });
            }
            if gap < nu && round >= ROUNDS {
                break;
            }

            // Smaller steps where the gap stalls; then a step of the multipliers against what the classifier does.
            least_gap = least_gap.min(own_gap);
            if round as f64 >= checked * CHECK.1 {
                if least_gap > gap_then * SHRINK.0 {
                    eta *= SHRINK.1;
                }
                (checked, gap_then) = (round as f64, least_gap);
            }
            let gammas = &responder.found[answer].gammas;
            theta.iter_mut().zip(gammas).for_each(|(theta, gamma)| *theta += eta * (gamma - bound));
        }

        let weights = best.map(|best| best.weights).unwrap_or_default();
        let columns = task.train.features.columns();
        let members = responder.found.into_iter().zip(weights).filter(|(_, weight)| *weight > 0.0);
        let members = members.map(|(classifier, weight)| Member { weight, fitted: classifier.fitted }).collect();
        let draw = self.draws_decisions().then_some(task.seed);
        Ok(Box::new(Mixture { columns, members, draw }))
    }

    fn record(
        &self,
        task: &Task<'_, '_>,
        responder: &Responder<'_>,
        play: &Play,
        (round, rounds, eta): (usize, usize, f64),
        best: bool,
    ) -> EpochRecord {
        let mut scores = vec![0.0; responder.validation.len()];
        for (own, weight) in responder.found.iter().zip(&play.weights).filter(|(_, weight)| **weight > 0.0) {
            scores.iter_mut().zip(own.validation_decisions()).for_each(|(score, decision)| *score += weight * decision);
        }
        let cells = &responder.validation_cells;
        let mut selected = vec![0.0; cells.weights.len()];
        for ((&cell, weight), score) in cells.of.iter().zip(&cells.rows).zip(&scores) {
            selected[cell] += weight * score;
        }
        let error = cells.error(&selected);
        let mut record = record(task.validation, &scores, round, rounds, eta);
        record.training.insert("data".to_owned(), play.error);
        record.training.insert("violation".to_owned(), play.violation);
        record.training.insert("duality gap".to_owned(), play.gap);
        record.validation.insert("data".to_owned(), error);
        record.validation_objective = error;
        if let Some(violation) = responder.parity.violation(&selected, cells) {
            record.validation.insert("violation".to_owned(), violation);
            record.validation_objective += (violation - responder.parity.bound()).max(0.0) / self.parameters.number("eps");
        }
        record.best = best;
        record
    }
}

/// `B exp(theta) / (1 + sum exp(theta))`, without overflow.
fn multipliers(theta: &[f64], largest: f64) -> Vec<f64> {
    let top = theta.iter().fold(0.0_f64, |top, &value| top.max(value));
    let total = (-top).exp() + theta.iter().map(|value| (value - top).exp()).sum::<f64>();
    theta.iter().map(|value| largest * (value - top).exp() / total).collect()
}

/// Half the standard error of a share of errors.
fn automatic_nu(error: f64, rows: f64) -> f64 {
    0.5 * (error * (1.0 - error) / (rows - 1.0).max(1.0)).sqrt()
}

/// A mixture against multipliers: how much better a classifier could do, and how much dearer other multipliers could make it.
///
/// Classifiers are looked for at several multiples of the multipliers; a gap that is known to be above nu is not made more exact.
fn judge(responder: &mut Responder<'_>, weights: Vec<f64>, lambda: &[f64], largest: f64, nu: f64) -> Result<Play, LearnError> {
    let bound = responder.parity.bound();
    let mut gammas = vec![0.0; lambda.len()];
    let mut error = 0.0;
    for (own, weight) in responder.found.iter().zip(&weights) {
        error += weight * own.error;
        gammas.iter_mut().zip(&own.gammas).for_each(|(sum, gamma)| *sum += weight * gamma);
    }
    let projected = responder.parity.projected(lambda);
    let price = projected.iter().sum::<f64>() * bound;
    let violation = gammas.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let value = error + dot(&projected, &gammas) - price;
    let high = error + largest * (violation - bound).max(0.0);
    let mut low = value;
    for multiple in MULTIPLES {
        let multiplied: Vec<f64> = lambda.iter().map(|lambda| lambda * multiple).collect();
        let answer = responder.best(&multiplied)?;
        let answer = &responder.found[answer];
        low = low.min(answer.error + dot(&projected, &answer.gammas) - price);
        if (value - low).max(high - value) > nu + PRECISION {
            break;
        }
    }
    Ok(Play { weights, error, violation, gap: (value - low).max(high - value) })
}
