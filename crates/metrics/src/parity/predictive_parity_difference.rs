//! Largest difference between the precisions of two groups: does being selected mean the same?
//!
//! ```text
//! max over groups of P(positive | g, selected) - min over groups of P(positive | g, selected)
//! ```
//!
//! Groups of which nobody is selected are left out and named. Undefined when fewer than two groups have somebody selected.

use evenhand_catalog::{Card, Direction, Kind};

use crate::rates::{self, Disparity, Shape};
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "predictive-parity-difference",
    name: "Predictive parity difference",
    kind: Kind::Metric,
    summary: "Largest difference between the precisions of two groups.",
    formula: "max_g PPV_g - min_g PPV_g",
    fair_value: Some(0.0),
    range: "[0, 1]; aif360: [-1, 1]",
    direction: Direction::NearFair,
    source: "Chouldechova 2017",
    parameters: &[],
};

/// Predictive parity difference.
#[derive(Debug)]
pub(crate) struct PredictiveParityDifference;

impl Metric for PredictiveParityDifference {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::JudgedDecisions
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        DISPARITY.measure(outcomes, plan)
    }
}

const DISPARITY: Disparity = Disparity { id: CARD.id, rates: &[&rates::PRECISION], shape: Shape::Difference };
