//! Share of the selected among the positives, overall and in each group.
//!
//! ```text
//! TP / (TP + FN)
//! ```
//!
//! Undefined where there is no positive label; fairlearn gives 0 there.

use evenhand_catalog::{Card, Direction, Kind};

use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes, rates};

const CARD: Card = Card {
    id: "true-positive-rate",
    name: "True-positive rate",
    kind: Kind::Metric,
    summary: "Share of the selected among the positives, overall and in each group.",
    formula: "TP / (TP + FN)",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Higher,
    source: "Standard; equals fairlearn true_positive_rate where positives occur",
    parameters: &[],
};

/// True-positive rate.
#[derive(Debug)]
pub(crate) struct TruePositiveRate;

impl Metric for TruePositiveRate {
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
