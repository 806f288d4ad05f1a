//! Mean squared difference between score and label, beside that of the best constant score.
//!
//! ```text
//! mean of (s - y)^2          constant predictor: mean of (y - mean y)^2
//! ```
//!
//! The label is used as it is, not cut at a threshold. An error without the constant predictor's says little: on a narrow label a useless
//! score looks good. Undefined without rows.

use evenhand_catalog::{Card, Direction, Kind};

use crate::joint::{self, Statistic, Truth};
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "mse",
    name: "Mean squared error",
    kind: Kind::Metric,
    summary: "Mean squared difference between score and label, beside that of the best constant score.",
    formula: "mean of (s - y)^2; constant predictor: variance of y",
    fair_value: None,
    range: "[0, inf)",
    direction: Direction::Lower,
    source: "Standard; equals scikit-learn mean_squared_error",
    parameters: &[],
};

/// Mean squared error.
#[derive(Debug)]
pub(crate) struct Mse;

impl Metric for Mse {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::Labels
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        let mut finding = joint::measure(CARD.id, Truth::Value, STATISTIC, outcomes, plan);
        if outcomes.has_labels() {
            let all = &outcomes.samples().all;
            let mean = joint::mean(all, &all.weights, |row| all.labels[row]);
            finding.constant_predictor = Some(joint::mean(all, &all.weights, |row| (all.labels[row] - mean).powi(2)));
        }
        finding
    }
}

const STATISTIC: Statistic = |sample, weights| Ok(joint::mean(sample, weights, |row| (sample.scores[row] - sample.labels[row]).powi(2)));
