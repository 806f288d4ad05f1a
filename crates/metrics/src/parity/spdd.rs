//! Strong pairwise demographic disparity: the demographic-parity gap averaged over all thresholds.
//!
//! ```text
//! SPDD = E over tau ~ U[0, 1] of |P(s > tau | a) - P(s > tau | b)| = integral of |Fa(t) - Fb(t)| dt = W1(scores of a, scores of b)
//! ```
//!
//! Exact, from the sorted scores, weighted. The first equality needs scores in [0, 1]; on other scales the number is the Wasserstein distance in units of the
//! score. Fair value 0. More than two groups: the largest pair, and each group against all others together.
//!
//! `definition = "grid"` gives the mean over the 50 thresholds 0, 0.02, ..., 0.98 with strict `>`, as the public code of Kim et al. does; FFB's ABCC
//! is 100 times the distance on a grid of 10,000 points. That code's training term and the paper's Algorithm 1 cut the larger group to its k smallest
//! scores, which is no Wasserstein distance; AIF360's `ot_distance` compares scores as if they were histogram weights, which is none
//! either. Undefined with fewer than two groups.

use evenhand_catalog::{Card, Direction, Kind};

use crate::gaps::{self, Marginal, Shape};
use crate::{Definition, Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "spdd",
    name: "SPDD",
    kind: Kind::Metric,
    summary: "Demographic-parity gap averaged over all thresholds: the Wasserstein distance between the groups' scores.",
    formula: "E over tau ~ U[0,1] of |P(s > tau | a) - P(s > tau | b)| = integral |Fa(t) - Fb(t)| dt",
    fair_value: Some(0.0),
    range: "[0, 1] for scores in [0, 1]",
    direction: Direction::Lower,
    source: "Kim et al. 2023, Eq. 5 and 10; Jiang et al. 2020",
    parameters: &[],
};

/// SPDD.
#[derive(Debug)]
pub(crate) struct Spdd;

impl Metric for Spdd {
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

/// SPDD with how far off it may be.
pub(super) fn measure_with_spread(outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> (Finding, Option<gaps::Spread>) {
    gaps::measure_with_spread(&GAP, outcomes, plan)
}

const GAP: Marginal = Marginal {
    id: CARD.id,
    follows_grid: true,
    shape: Shape::Area,
    between: |pair| {
        if pair.definition == Definition::Grid {
            return Ok(pair.grid_mean().into());
        }
        Ok(pair.area().into())
    },
};
