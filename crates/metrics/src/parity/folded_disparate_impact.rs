//! Disparate impact without its direction.
//!
//! ```text
//! min(r, 1/r),     r = P(selected | unprivileged) / P(selected | privileged)
//! ```
//!
//! With two groups it equals `demographic-parity-ratio`; with more, the privileged group stays the reference. Undefined when the privileged rate is 0.

use evenhand_catalog::{Card, Direction, Kind};

use crate::rates::{self, Disparity, Shape};
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "folded-disparate-impact",
    name: "Folded disparate impact",
    kind: Kind::Metric,
    summary: "Disparate impact without its direction: min(r, 1/r).",
    formula: "min(r, 1/r), r = P(selected | unprivileged) / P(selected | privileged)",
    fair_value: Some(1.0),
    range: "[0, 1]",
    direction: Direction::NearFair,
    source: "Zafar et al. 2017 (p%-rule)",
    parameters: &[],
};

/// Folded disparate impact.
#[derive(Debug)]
pub(crate) struct FoldedDisparateImpact;

impl Metric for FoldedDisparateImpact {
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

const DISPARITY: Disparity = Disparity { id: CARD.id, rates: &[&rates::SELECTION], shape: Shape::FoldedImpact };
