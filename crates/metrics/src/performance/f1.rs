//! Harmonic mean of precision and recall.
//!
//! ```text
//! 2 TP / (2 TP + FP + FN)
//! ```
//!
//! Undefined when there is neither a positive nor a selected row.

use evenhand_catalog::{Card, Direction, Kind};

use crate::counts::Confusion;
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes, rates};

const CARD: Card = Card {
    id: "f1",
    name: "F1",
    kind: Kind::Metric,
    summary: "Harmonic mean of precision and recall.",
    formula: "2 TP / (2 TP + FP + FN)",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Higher,
    source: "van Rijsbergen 1979; equals scikit-learn f1_score",
    parameters: &[],
};

/// F1.
#[derive(Debug)]
pub(crate) struct F1;

impl Metric for F1 {
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
    let denominator = counts.positives() + counts.selected();
    if denominator > 0.0 { Ok(2.0 * counts.true_positives / denominator) } else { Err("no positive labels and nobody selected") }
}
