//! The Wasserstein penalty: data loss plus the exact W1 distance between the groups' scores in the batch.
//!
//! ```text
//! minimise L(s, y) + lambda_w W1(s | group a, s | group b)
//! W1 = integral over u in [0,1] of |Qa(u) - Qb(u)| du = mean over thresholds of the pass-rate gap = SPDD on the batch
//! ```
//!
//! L: data loss; s: score (or logit, or rank: `crate::ranks`); Qa, Qb: quantile functions of the groups' scores, any sizes, with row weights (`transport`).
//! More than two groups: `pairs`. Fair value of the term 0, range `[0, 1]` on scores. A batch in which fewer than two groups have
//! `smallest_group` rows has no term: it is skipped and counted.
//!
//! A batch overestimates W1 even when groups agree (by about 0.5 to 0.8 standard deviations of the score times
//! `sqrt(1/n_a + 1/n_b)`), so batches of a thousand rows or more, or equal group sizes (`balance = "group"`), give a sharper term.
//!
//! Source: Kim et al. 2023, equations 15 to 19. Its algorithm 1 (lines 15 and 16) and its public code cut the larger group down to
//! its smallest scores when sizes differ, which is not W1; here nothing is cut.

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};
use rand_chacha::ChaCha8Rng;

use crate::models::{Output, sigmoid_of};
use crate::objective::{Pass, Setting, Term, Validation};
use crate::ranks::{self, between_ranks};
use crate::rows::{Balance, BatchPlan};
use crate::scale::{Degree, SCALE, Scale};
use crate::transport::{Pairs, Transport, between_groups};
use crate::weights::Weights;
use crate::{LearnError, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

/// The parameters of the term, shared with `wasserstein-adversary`.
pub(super) const TERM_PARAMETERS: [Parameter; 6] = [
    Parameter {
        name: "lambda_w",
        default: Literal::Number(0.3),
        allowed: Allowed::Between(0.0, f64::INFINITY),
        purpose: "weight of the W1 term",
    },
    Parameter {
        name: "pairs",
        default: Literal::Text("weighted"),
        allowed: Allowed::OneOf(Pairs::WORDS),
        purpose: "how more than two groups become one number: mean over pairs weighted by the groups' sizes (few rows say little), largest pair, plain mean over pairs, mean of each group against the rest",
    },
    Parameter {
        name: "on",
        default: Literal::Text("score"),
        allowed: Allowed::OneOf(&["score", "logit", "rank"]),
        purpose: "what is compared: the score, the logit (whose gradient does not fade near 0 and 1), or the rank among everybody (which no shrinking of the scores moves)",
    },
    Parameter {
        name: "smallest_group",
        default: Literal::Integer(2),
        allowed: Allowed::Between(1.0, f64::INFINITY),
        purpose: "rows a group needs in the batch to be compared",
    },
    BALANCE,
    SCALE,
];

/// How batches are drawn, shared by the methods that compare groups within a batch.
pub(super) const BALANCE: Parameter = Parameter {
    name: "balance",
    default: Literal::Text("group"),
    allowed: Allowed::OneOf(Balance::WORDS),
    purpose: "cells that every batch holds in equal numbers; row weights keep each cell's share of the data loss",
};

static CARD: Card = Card {
    id: "wasserstein",
    name: "Wasserstein",
    kind: Kind::Objective,
    summary: "Adds the exact W1 distance between the groups' scores in the batch, so that pass rates agree at every threshold.",
    formula: "minimise L(s, y) + lambda_w W1(s | a, s | b); W1 = integral over u of |Qa(u) - Qb(u)| du, Q: quantile function of a group's scores",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Kim et al. 2023, equations 15 to 19 (exact for unequal group sizes)",
    parameters: &TERM_PARAMETERS,
};

/// Data loss plus W1.
#[derive(Debug, Clone)]
pub struct Wasserstein {
    parameters: Parameters,
    penalty: Penalty,
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    Ok(Box::new(Wasserstein { parameters: parameters.clone(), penalty: Penalty::new(parameters) }))
}

impl Objective for Wasserstein {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn prepare(&mut self, setting: &Setting<'_>, _: &Weights, _: &mut ChaCha8Rng) -> Result<(), LearnError> {
        self.penalty.prepare(&self.parameters, setting);
        Ok(())
    }

    fn plan(&self) -> BatchPlan {
        self.penalty.plan
    }

    fn loss(&mut self, pass: &mut Pass<'_>, output: &Output) -> Result<Term, LearnError> {
        Ok(pass.data_loss(output).plus(self.penalty.term(pass, output)))
    }

    fn validation_terms(&self, outcome: &Validation<'_>) -> Vec<(&'static str, f64)> {
        self.penalty.validation(outcome)
    }
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Along {
    Scores,
    Logits,
    Ranks,
}

/// The W1 term with its settings.
#[derive(Debug, Clone)]
pub(super) struct Penalty {
    lambda: f64,
    pairs: Pairs,
    along: Along,
    smallest: usize,
    scale: Scale,
    pub(super) plan: BatchPlan,
}

impl Penalty {
    pub(super) fn new(parameters: &Parameters) -> Self {
        Penalty {
            lambda: parameters.number("lambda_w"),
            pairs: Pairs::from_word(parameters.text("pairs")),
            along: match parameters.text("on") {
                "logit" => Along::Logits,
                "rank" => Along::Ranks,
                _ => Along::Scores,
            },
            smallest: parameters.count("smallest_group"),
            scale: Scale::default(),
            plan: BatchPlan { balance: Balance::from_word(parameters.text("balance")), keep_shares: true },
        }
    }

    /// Reads what the weight is measured in from the training rows.
    pub(super) fn prepare(&mut self, parameters: &Parameters, setting: &Setting<'_>) {
        self.scale = Scale::new(parameters, setting);
    }

    fn weight(&self, target: usize) -> f64 {
        let degree = match self.along {
            Along::Scores => Degree::Score,
            Along::Logits => Degree::Logit,
            // Ranks are shares of everybody.
            Along::Ranks => Degree::Free,
        };
        self.lambda * self.scale.factor(target, degree)
    }

    /// W1 along what is compared, with its derivative by the logits.
    fn between(&self, logits: &[f32], groups: &[u32], weights: &[f32]) -> Option<Transport> {
        match self.along {
            Along::Logits => between_groups(logits, groups, weights, self.pairs, self.smallest),
            Along::Ranks => between_ranks(logits, groups, weights, self.pairs, self.smallest),
            Along::Scores => {
                let scores: Vec<f32> = logits.iter().map(|&logit| sigmoid_of(logit)).collect();
                let mut found = between_groups(&scores, groups, weights, self.pairs, self.smallest)?;
                // ds/dz = s (1 - s)
                found.slopes.iter_mut().zip(&scores).for_each(|(slope, score)| *slope *= score * (1.0 - score));
                Some(found)
            }
        }
    }

    /// `lambda_w W1` on the batch.
    pub(super) fn term(&self, pass: &mut Pass<'_>, output: &Output) -> Term {
        let targets = pass.regularised();
        let share = 1.0 / targets.len() as f64;
        let mut sum = Term::zero();
        for target in targets {
            let found = self.between(&output.host_logits_of(target), &pass.batch.groups, &pass.batch.weights);
            let Some(Transport { distance, slopes }) = found else { return pass.skip("wasserstein") };
            sum = sum.plus(Term::from_slopes(distance, output.logit_of(target), slopes).times(self.weight(target) * share));
        }
        pass.note("wasserstein", sum.value);
        sum
    }

    /// The same on the validation rows.
    pub(super) fn validation(&self, outcome: &Validation<'_>) -> Vec<(&'static str, f64)> {
        let (weights, codes) = (outcome.weights(), outcome.rows.groups.codes());
        let targets = outcome.training.regularised_among(outcome.rows.targets);
        let distance = |target: usize| {
            let logits = outcome.prediction.logits_of(target);
            let found = match self.along {
                Along::Scores => between_groups(&outcome.scores_of(target), codes, &weights, self.pairs, self.smallest)?.distance,
                Along::Logits => between_groups(logits, codes, &weights, self.pairs, self.smallest)?.distance,
                Along::Ranks => ranks::distance(logits, codes, &weights, self.pairs, self.smallest)?,
            };
            Some(self.weight(target) * found)
        };
        let distances: Option<Vec<f64>> = targets.iter().map(|&target| distance(target)).collect();
        let mean = |distances: Vec<f64>| distances.iter().sum::<f64>() / distances.len() as f64;
        distances.map(|distances| ("wasserstein", mean(distances))).into_iter().collect()
    }
}
