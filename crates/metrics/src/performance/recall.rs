//! Share of the selected among the positives; the same number as `true-positive-rate`, listed where performance is read.
//!
//! ```text
//! TP / (TP + FN)
//! ```
//!
//! Undefined without positives.

use evenhand_catalog::{Card, Direction, Kind};

use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes, rates};

const CARD: Card = Card {
    id: "recall",
    name: "Recall",
    kind: Kind::Metric,
    summary: "Share of the selected among the positives.",
    formula: "TP / (TP + FN)",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Higher,
    source: "Standard; equals scikit-learn recall_score where positives occur",
    parameters: &[],
};

/// Recall.
#[derive(Debug)]
pub(crate) struct Recall;

impl Metric for Recall {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::JudgedDecisions
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        rates::rate(CARD.id, &rates::TRUE_POSITIVE, outcomes, plan)
    }
}
