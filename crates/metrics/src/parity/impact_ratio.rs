//! Each group's selection rate over the highest of any group.
//!
//! ```text
//! P(selected | g) / max over groups of P(selected | g)
//! ```
//!
//! `by_group` holds every group's ratio, 1 for the group with the highest rate and for those that tie with it; the summary number is the smallest, which is the
//! demographic parity ratio. Between 0 and 1 (fair). A group's interval is that of its ratio to the group with the highest rate, taken as given; the summary's
//! knows that another group may have it. Rates of median-cut scores (`--threshold median`) make it the scoring rate's ratio. Undefined with fewer than two
//! groups and when the highest rate is 0. The definition is the rule's for every convention.

use evenhand_catalog::{Card, Direction, Kind};

use crate::rates;
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "impact-ratio",
    name: "Impact ratio",
    kind: Kind::Metric,
    summary: "Each group's selection rate over the highest of any group; summary: the smallest.",
    formula: "P(selected | g) / max_g P(selected | g)",
    fair_value: Some(1.0),
    range: "[0, 1]",
    direction: Direction::NearFair,
    source: "6 RCNY 5-300 (New York City, Local Law 144 of 2021); 29 CFR 1607.4(D)",
    parameters: &[],
};

/// Impact ratio.
#[derive(Debug)]
pub(crate) struct ImpactRatio;

impl Metric for ImpactRatio {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::Decisions
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        rates::impact_ratio(CARD.id, outcomes, plan)
    }
}
