//! Selection rate of an unprivileged group over the privileged group's: may exceed 1.
//!
//! ```text
//! P(selected | unprivileged) / P(selected | privileged)
//! ```
//!
//! The privileged group is the one named in the conventions, else the one with the highest selection rate. With more than two groups: the group
//! whose ratio is furthest from 1 on a logarithmic scale; convention `aif360` takes all other groups together. The direction is a known source
//! of error (veritastool turned it round). Undefined when the privileged rate is 0.

use evenhand_catalog::{Card, Direction, Kind};

use crate::rates::{self, Disparity, Shape};
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "disparate-impact",
    name: "Disparate impact",
    kind: Kind::Metric,
    summary: "Selection rate of an unprivileged group over that of the privileged one; may exceed 1.",
    formula: "P(selected | unprivileged) / P(selected | privileged)",
    fair_value: Some(1.0),
    range: "[0, inf)",
    direction: Direction::NearFair,
    source: "AIF360 disparate_impact; Feldman et al. 2015",
    parameters: &[],
};

/// Disparate impact.
#[derive(Debug)]
pub(crate) struct DisparateImpact;

impl Metric for DisparateImpact {
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

const DISPARITY: Disparity = Disparity { id: CARD.id, rates: &[&rates::SELECTION], shape: Shape::Impact };
