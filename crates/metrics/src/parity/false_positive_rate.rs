//! Share of the selected among the negatives, overall and in each group.
//!
//! ```text
//! FP / (FP + TN)
//! ```
//!
//! Undefined where there is no negative label; fairlearn gives 0 there.

use evenhand_catalog::{Card, Direction, Kind};

use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes, rates};

const CARD: Card = Card {
    id: "false-positive-rate",
    name: "False-positive rate",
    kind: Kind::Metric,
    summary: "Share of the selected among the negatives, overall and in each group.",
    formula: "FP / (FP + TN)",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Lower,
    source: "Standard; equals fairlearn false_positive_rate where negatives occur",
    parameters: &[],
};

/// False-positive rate.
#[derive(Debug)]
pub(crate) struct FalsePositiveRate;

impl Metric for FalsePositiveRate {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::JudgedDecisions
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        rates::rate(CARD.id, &rates::FALSE_POSITIVE, outcomes, plan)
    }
}
