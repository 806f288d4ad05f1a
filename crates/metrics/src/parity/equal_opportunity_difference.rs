//! Largest difference between the true-positive rates of two groups.
//!
//! ```text
//! max over groups of P(selected | g, positive) - min over groups of P(selected | g, positive)
//! ```
//!
//! Groups without positives are left out and named (fairlearn counts their rate as 0, convention `fairlearn`). Convention `aif360`: unprivileged minus
//! privileged, signed. Undefined when fewer than two groups have positives.

use evenhand_catalog::{Card, Direction, Kind};

use crate::rates::{self, Disparity, Shape};
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "equal-opportunity-difference",
    name: "Equal opportunity difference",
    kind: Kind::Metric,
    summary: "Largest difference between the true-positive rates of two groups.",
    formula: "max_g TPR_g - min_g TPR_g",
    fair_value: Some(0.0),
    range: "[0, 1]; aif360: [-1, 1]",
    direction: Direction::NearFair,
    source: "Hardt et al. 2016; Kim et al. 2023, Eq. 2",
    parameters: &[],
};

/// Equal opportunity difference.
#[derive(Debug)]
pub(crate) struct EqualOpportunityDifference;

impl Metric for EqualOpportunityDifference {
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

const DISPARITY: Disparity = Disparity { id: CARD.id, rates: &[&rates::TRUE_POSITIVE], shape: Shape::Difference };
