//! Mean absolute difference between score and label, beside that of the best constant score.
//!
//! ```text
//! mean of |s - y|          constant predictor: mean of |y - median y|
//! ```
//!
//! The label is used as it is, not cut at a threshold. The best constant is the weighted median, not the mean. Undefined without rows.

use evenhand_catalog::{Card, Direction, Kind};

use crate::joint::{self, Statistic, Truth};
use crate::sample::Sample;
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "mae",
    name: "Mean absolute error",
    kind: Kind::Metric,
    summary: "Mean absolute difference between score and label, beside that of the best constant score.",
    formula: "mean of |s - y|; constant predictor: mean of |y - median y|",
    fair_value: None,
    range: "[0, inf)",
    direction: Direction::Lower,
    source: "Standard; equals scikit-learn mean_absolute_error",
    parameters: &[],
};

/// Mean absolute error.
#[derive(Debug)]
pub(crate) struct Mae;

impl Metric for Mae {
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
            let median = median(all);
            finding.constant_predictor = Some(joint::mean(all, &all.weights, |row| (all.labels[row] - median).abs()));
        }
        finding
    }
}

const STATISTIC: Statistic = |sample, weights| Ok(joint::mean(sample, weights, |row| (sample.scores[row] - sample.labels[row]).abs()));

/// A weighted median of the labels; every value between two middle labels has the same mean absolute error.
fn median(sample: &Sample) -> f64 {
    let half = sample.total() / 2.0;
    let mut below = 0.0;
    for &row in sample.by_label() {
        below += sample.weights[row as usize];
        if below >= half {
            return sample.labels[row as usize];
        }
    }
    0.0
}
