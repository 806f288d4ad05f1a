//! Smallest over largest true-positive rate.
//!
//! ```text
//! min over groups of P(selected | g, positive) / max over groups of P(selected | g, positive)
//! ```
//!
//! Groups without positives are left out and named. Undefined when fewer than two groups have positives or the highest rate is 0.

use evenhand_catalog::{Card, Direction, Kind};

use crate::rates::{self, Disparity, Shape};
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "equal-opportunity-ratio",
    name: "Equal opportunity ratio",
    kind: Kind::Metric,
    summary: "Smallest over largest true-positive rate.",
    formula: "min_g TPR_g / max_g TPR_g",
    fair_value: Some(1.0),
    range: "[0, 1]; aif360: [0, inf)",
    direction: Direction::NearFair,
    source: "Hardt et al. 2016; fairlearn equal_opportunity_ratio",
    parameters: &[],
};

/// Equal opportunity ratio.
#[derive(Debug)]
pub(crate) struct EqualOpportunityRatio;

impl Metric for EqualOpportunityRatio {
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

const DISPARITY: Disparity = Disparity { id: CARD.id, rates: &[&rates::TRUE_POSITIVE], shape: Shape::Ratio };
