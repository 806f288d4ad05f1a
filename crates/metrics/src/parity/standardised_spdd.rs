//! SPDD in units of the scores' own spread, comparable between scorers of different scale.
//!
//! ```text
//! W1(scores of a, scores of b) / sd     sd = population standard deviation of the scores of a and b together
//! ```
//!
//! Unchanged when all scores are shifted or stretched. Fair value 0. Undefined when the scores of both groups are one constant, and with fewer than
//! two groups. Always exact: the grid is bound to the scale of [0, 1].

use evenhand_catalog::{Card, Direction, Kind};

use crate::gaps::{self, Gap, Marginal, NO_SPREAD, Pair, Shape};
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "standardised-spdd",
    name: "Standardised SPDD",
    kind: Kind::Metric,
    summary: "SPDD divided by the standard deviation of both groups' scores.",
    formula: "W1(scores of a, scores of b) / sd(scores of a and b)",
    fair_value: Some(0.0),
    range: "[0, inf)",
    direction: Direction::Lower,
    source: "In the manner of the standardised mean difference",
    parameters: &[],
};

/// Standardised SPDD.
#[derive(Debug)]
pub(crate) struct StandardisedSpdd;

impl Metric for StandardisedSpdd {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::Scores
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        gaps::measure(&GAP, outcomes, plan)
    }
}

const GAP: Marginal = Marginal { id: CARD.id, follows_grid: false, shape: Shape::StandardisedArea, between };

fn between(pair: &Pair) -> Result<Gap, String> {
    let deviation = pair.pooled_deviation();
    if deviation > 0.0 { Ok((pair.area() / deviation).into()) } else { Err(NO_SPREAD.to_owned()) }
}
