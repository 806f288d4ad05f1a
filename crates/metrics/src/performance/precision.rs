//! Share of the positives among the selected.
//!
//! ```text
//! TP / (TP + FP)
//! ```
//!
//! Undefined when nobody is selected; scikit-learn gives 0 with a warning, which reads like the worst precision there is.

use evenhand_catalog::{Card, Direction, Kind};

use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes, rates};

const CARD: Card = Card {
    id: "precision",
    name: "Precision",
    kind: Kind::Metric,
    summary: "Share of the positives among the selected.",
    formula: "TP / (TP + FP)",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Higher,
    source: "Standard; equals scikit-learn precision_score where somebody is selected",
    parameters: &[],
};

/// Precision.
#[derive(Debug)]
pub(crate) struct Precision;

impl Metric for Precision {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::JudgedDecisions
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        rates::rate(CARD.id, &rates::PRECISION, outcomes, plan)
    }
}
