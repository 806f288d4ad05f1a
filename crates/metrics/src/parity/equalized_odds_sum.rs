//! Sum of the true-positive-rate difference and the false-positive-rate difference.
//!
//! ```text
//! (max_g TPR - min_g TPR) + (max_g FPR - min_g FPR)
//! ```
//!
//! The field uses three numbers under one name: the maximum of the two differences (fairlearn, `equalized-odds-difference`), their mean
//! (fairlearn with `agg = "mean"`, `equalized-odds-mean`; AIF360 takes the signed mean) and their sum (FFB, `equalized-odds-sum`). Groups without
//! positives enter the false-positive side only, and the other way round. Undefined when one side has fewer than two groups.

use evenhand_catalog::{Card, Direction, Kind};

use crate::rates::{self, Disparity, Shape};
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "equalized-odds-sum",
    name: "Equalized odds, sum",
    kind: Kind::Metric,
    summary: "Sum of the true-positive-rate difference and the false-positive-rate difference.",
    formula: "(max_g TPR_g - min_g TPR_g) + (max_g FPR_g - min_g FPR_g)",
    fair_value: Some(0.0),
    range: "[0, 2]",
    direction: Direction::NearFair,
    source: "Han et al. 2024 (FFB, there times 100)",
    parameters: &[],
};

/// Equalized odds, sum.
#[derive(Debug)]
pub(crate) struct EqualizedOddsSum;

impl Metric for EqualizedOddsSum {
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

const DISPARITY: Disparity = Disparity { id: CARD.id, rates: &[&rates::TRUE_POSITIVE, &rates::FALSE_POSITIVE], shape: Shape::OddsSum };
