//! Mean squared difference between the score, read as a probability, and the truth.
//!
//! ```text
//! mean of (s - y)^2     y = 1 for a positive, else 0
//! ```
//!
//! Undefined when a score lies outside [0, 1]. With binary labels it equals `mse`.

use evenhand_catalog::{Card, Direction, Kind};

use crate::joint::{self, Truth};
use crate::sample::Sample;
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "brier",
    name: "Brier score",
    kind: Kind::Metric,
    summary: "Mean squared difference between score and truth, the score read as a probability.",
    formula: "mean of (s - y)^2, y = 0 or 1",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Lower,
    source: "Brier 1950; equals scikit-learn brier_score_loss",
    parameters: &[],
};

/// Brier score.
#[derive(Debug)]
pub(crate) struct Brier;

impl Metric for Brier {
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
    let squared = |row: usize| (sample.scores[row] - f64::from(u8::from(sample.positive[row]))).powi(2);
    Ok(joint::mean(sample, weights, squared))
}
