//! Mean of the true-positive and the true-negative rate: accuracy as if both classes were equally frequent.
//!
//! ```text
//! (TP / (TP + FN) + TN / (TN + FP)) / 2
//! ```
//!
//! Undefined when one class is missing: scikit-learn then averages over the classes it finds and warns.

use evenhand_catalog::{Card, Direction, Kind};

use crate::counts::Confusion;
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes, rates};

const CARD: Card = Card {
    id: "balanced-accuracy",
    name: "Balanced accuracy",
    kind: Kind::Metric,
    summary: "Mean of the true-positive and the true-negative rate; 0.5 for a coin.",
    formula: "(TP / (TP + FN) + TN / (TN + FP)) / 2",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Higher,
    source: "Standard; equals scikit-learn balanced_accuracy_score where both classes occur",
    parameters: &[],
};

/// Balanced accuracy.
#[derive(Debug)]
pub(crate) struct BalancedAccuracy;

impl Metric for BalancedAccuracy {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::JudgedDecisions
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        rates::by_counts(CARD.id, true, statistic, Confusion::total, outcomes, plan)
    }
}

fn statistic(counts: &Confusion) -> Result<f64, &'static str> {
    match (counts.positives() > 0.0, counts.negatives() > 0.0) {
        (true, true) => Ok(f64::midpoint(counts.true_positives / counts.positives(), counts.true_negatives / counts.negatives())),
        (false, _) => Err("no positive labels"),
        (_, false) => Err("no negative labels"),
    }
}
