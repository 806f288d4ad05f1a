//! Largest difference between the false-positive rates of two groups, the other half of equalized odds.
//!
//! ```text
//! max over groups of P(selected | g, negative) - min over groups of P(selected | g, negative)
//! ```
//!
//! Groups without negatives are left out and named. Undefined when fewer than two groups have negatives.

use evenhand_catalog::{Card, Direction, Kind};

use crate::rates::{self, Disparity, Shape};
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "false-positive-rate-difference",
    name: "False-positive rate difference",
    kind: Kind::Metric,
    summary: "Largest difference between the false-positive rates of two groups.",
    formula: "max_g FPR_g - min_g FPR_g",
    fair_value: Some(0.0),
    range: "[0, 1]; aif360: [-1, 1]",
    direction: Direction::NearFair,
    source: "Hardt et al. 2016 (predictive equality)",
    parameters: &[],
};

/// False-positive rate difference.
#[derive(Debug)]
pub(crate) struct FalsePositiveRateDifference;

impl Metric for FalsePositiveRateDifference {
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

const DISPARITY: Disparity = Disparity { id: CARD.id, rates: &[&rates::FALSE_POSITIVE], shape: Shape::Difference };
