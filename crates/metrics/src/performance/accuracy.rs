//! Share of rows on which decision and truth agree.
//!
//! ```text
//! (TP + TN) / (TP + FP + TN + FN)     sums of weights, without weights numbers of rows
//! ```
//!
//! A continuous label counts as positive from `label_threshold` on; a score is selected above (or at) `threshold`. Undefined without
//! labels. High accuracy of all rows together may hide a low one in a small group: read it by group.

use evenhand_catalog::{Card, Direction, Kind};

use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes, rates};

const CARD: Card = Card {
    id: "accuracy",
    name: "Accuracy",
    kind: Kind::Metric,
    summary: "Share of rows on which decision and truth agree.",
    formula: "(TP + TN) / (TP + FP + TN + FN)",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Higher,
    source: "Standard; equals scikit-learn accuracy_score",
    parameters: &[],
};

/// Accuracy.
#[derive(Debug)]
pub(crate) struct Accuracy;

impl Metric for Accuracy {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::JudgedDecisions
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        rates::rate(CARD.id, &rates::ACCURACY, outcomes, plan)
    }
}
