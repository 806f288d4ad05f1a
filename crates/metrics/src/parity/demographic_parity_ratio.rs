//! Smallest over largest selection rate.
//!
//! ```text
//! min over groups of P(selected | g) / max over groups of P(selected | g)
//! ```
//!
//! Between 0 and 1 (fair). Formed as a ratio of products of counts, so that 64 of 100 against 80 of 100 is 0.8 and not below it. Convention `aif360`:
//! unprivileged over privileged, which may exceed 1. Undefined with fewer than two groups and when the highest rate is 0.

use evenhand_catalog::{Card, Direction, Kind};

use crate::rates::{self, Disparity, Shape};
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "demographic-parity-ratio",
    name: "Demographic parity ratio",
    kind: Kind::Metric,
    summary: "Smallest over largest selection rate.",
    formula: "min_g P(selected | g) / max_g P(selected | g)",
    fair_value: Some(1.0),
    range: "[0, 1]; aif360: [0, inf)",
    direction: Direction::NearFair,
    source: "fairlearn demographic_parity_ratio; 29 CFR 1607.4(D)",
    parameters: &[],
};

/// Demographic parity ratio.
#[derive(Debug)]
pub(crate) struct DemographicParityRatio;

impl Metric for DemographicParityRatio {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::Decisions
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        DISPARITY.measure(outcomes, plan)
    }
}

const DISPARITY: Disparity = Disparity { id: CARD.id, rates: &[&rates::SELECTION], shape: Shape::Ratio };
