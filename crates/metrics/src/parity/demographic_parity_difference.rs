//! Largest difference between the selection rates of two groups.
//!
//! ```text
//! max over groups of P(selected | g) - min over groups of P(selected | g)
//! ```
//!
//! Between 0 (fair) and 1. fairlearn: the same. AIF360 (`statistical_parity_difference`, convention `aif360`): unprivileged minus privileged, signed, all
//! other groups together being the unprivileged. OxonFair averages over pairs; holisticai is signed. Undefined with fewer than two groups.

use evenhand_catalog::{Card, Direction, Kind};

use crate::rates::{self, Disparity, Shape};
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "demographic-parity-difference",
    name: "Demographic parity difference",
    kind: Kind::Metric,
    summary: "Largest difference between the selection rates of two groups.",
    formula: "max_g P(selected | g) - min_g P(selected | g)",
    fair_value: Some(0.0),
    range: "[0, 1]; aif360: [-1, 1]",
    direction: Direction::NearFair,
    source: "Kim et al. 2023, Eq. 1; fairlearn demographic_parity_difference",
    parameters: &[],
};

/// Demographic parity difference.
#[derive(Debug)]
pub(crate) struct DemographicParityDifference;

impl Metric for DemographicParityDifference {
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

const DISPARITY: Disparity = Disparity { id: CARD.id, rates: &[&rates::SELECTION], shape: Shape::Difference };
