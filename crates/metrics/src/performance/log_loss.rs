//! Mean negative logarithm of the probability that the score gives to the truth.
//!
//! ```text
//! - mean of [y ln s + (1 - y) ln (1 - s)]     s clipped to [2^-52, 1 - 2^-52], y = 1 for a positive
//! ```
//!
//! Undefined when a score lies outside [0, 1]: it then is no probability. scikit-learn clips in the same way.

use evenhand_catalog::{Card, Direction, Kind};

use crate::joint::{self, Truth};
use crate::sample::Sample;
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "log-loss",
    name: "Log loss",
    kind: Kind::Metric,
    summary: "Mean negative logarithm of the probability given to the truth.",
    formula: "- mean of [y ln s + (1 - y) ln (1 - s)]",
    fair_value: None,
    range: "[0, 36.05]",
    direction: Direction::Lower,
    source: "Good 1952; equals scikit-learn log_loss",
    parameters: &[],
};

/// Log loss.
#[derive(Debug)]
pub(crate) struct LogLoss;

impl Metric for LogLoss {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::Labels
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        joint::measure(CARD.id, Truth::Positive, statistic, outcomes, plan)
    }
}

fn statistic(sample: &Sample, weights: &[f64]) -> Result<f64, &'static str> {
    if !joint::are_probabilities(sample) {
        return Err("a score lies outside [0, 1], so scores are no probabilities");
    }
    let loss = |row: usize| {
        let score = sample.scores[row].clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        if sample.positive[row] { -score.ln() } else { -(1.0 - score).ln() }
    };
    Ok(joint::mean(sample, weights, loss))
}
