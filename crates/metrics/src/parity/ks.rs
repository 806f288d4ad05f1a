//! Kolmogorov-Smirnov distance: the largest demographic-parity gap over all thresholds, and the threshold where it lies.
//!
//! ```text
//! KS = max over tau of |P(s > tau | a) - P(s > tau | b)| = max over t of |Fa(t) - Fb(t)|
//! ```
//!
//! Where SPDD averages the gap over thresholds, this is the worst case: whoever may choose the threshold can make the gap as large as
//! this. `at_threshold` is the lowest score at which the gap is within 1e-12 of the largest; under the rule `score >= threshold` it is the
//! next higher score, which selects the same rows. Fair value 0. Undefined with fewer than two groups. The paper's grid does not apply.

use evenhand_catalog::{Card, Direction, Kind};

use crate::gaps::{self, Gap, Marginal, Shape};
use crate::{DecisionRule, Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "ks",
    name: "KS distance",
    kind: Kind::Metric,
    summary: "Largest demographic-parity gap over all thresholds, and where it lies.",
    formula: "max over tau of |P(s > tau | a) - P(s > tau | b)|",
    fair_value: Some(0.0),
    range: "[0, 1]",
    direction: Direction::Lower,
    source: "Kolmogorov 1933, Smirnov 1939; equals the statistic of scipy.stats.ks_2samp",
    parameters: &[],
};

/// KS distance.
#[derive(Debug)]
pub(crate) struct Ks;

impl Metric for Ks {
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

const GAP: Marginal = Marginal {
    id: CARD.id,
    follows_grid: false,
    shape: Shape::Largest,
    between: |pair| {
        let mut largest = 0.0_f64;
        let mut at = None;
        pair.stretches(|from, to, a, b| {
            let gap = (a - b).abs();
            if gap > largest + 1e-12 {
                largest = gap;
                at = Some(if pair.rule == DecisionRule::Above { from } else { to });
            }
        });
        Ok(Gap { value: largest, at })
    },
};
