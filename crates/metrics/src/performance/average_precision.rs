//! Precision averaged over the recall steps of all thresholds.
//!
//! ```text
//! sum over distinct scores, descending, of (R_k - R_(k-1)) P_k     P, R = precision and recall when all scores >= the k-th are selected
//! ```
//!
//! A step function, not the trapezoid area, which is too optimistic. Tied scores enter together. Undefined without positives.

use evenhand_catalog::{Card, Direction, Kind};

use crate::joint::{self, Truth};
use crate::sample::Sample;
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "average-precision",
    name: "Average precision",
    kind: Kind::Metric,
    summary: "Precision averaged over the recall steps of all thresholds.",
    formula: "sum of (R_k - R_(k-1)) P_k over distinct scores, descending",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Higher,
    source: "Standard; equals scikit-learn average_precision_score",
    parameters: &[],
};

/// Average precision.
#[derive(Debug)]
pub(crate) struct AveragePrecision;

impl Metric for AveragePrecision {
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
    let (positives, _) = joint::classes(sample, weights);
    if positives <= 0.0 {
        return Err("no positive labels");
    }
    let (mut hits, mut selected, mut sum, mut end) = (0.0, 0.0, 0.0, sample.len());
    while end > 0 {
        let score = sample.scores[end - 1];
        let mut gained = 0.0;
        while end > 0 && sample.scores[end - 1] == score {
            end -= 1;
            selected += weights[end];
            gained += if sample.positive[end] { weights[end] } else { 0.0 };
        }
        hits += gained;
        if gained > 0.0 {
            sum += gained * hits / selected;
        }
    }
    Ok(sum / positives)
}
