//! Share of the selected, overall and in each group.
//!
//! ```text
//! selected / all     sums of weights; selected: score > threshold (or >=)
//! ```
//!
//! Undefined for a group without rows (it is listed as left out). Also called acceptance or pass rate.

use evenhand_catalog::{Card, Direction, Kind};

use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes, rates};

const CARD: Card = Card {
    id: "selection-rate",
    name: "Selection rate",
    kind: Kind::Metric,
    summary: "Share of the selected, overall and in each group.",
    formula: "selected / all",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Describes,
    source: "Standard; equals fairlearn selection_rate",
    parameters: &[],
};

/// Selection rate.
#[derive(Debug)]
pub(crate) struct SelectionRate;

impl Metric for SelectionRate {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::Decisions
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        rates::rate(CARD.id, &rates::SELECTION, outcomes, plan)
    }
}
