//! Mean of the true-positive-rate difference and the false-positive-rate difference.
//!
//! ```text
//! ((max_g TPR - min_g TPR) + (max_g FPR - min_g FPR)) / 2
//! ```
//!
//! Convention `aif360` gives its `average_odds_difference`: the mean of the two signed differences, in which opposite gaps cancel.
//!
//! The field uses three numbers under one name: the maximum of the two differences (fairlearn, `equalized-odds-difference`), their mean
//! (fairlearn with `agg = "mean"`, `equalized-odds-mean`; AIF360 takes the signed mean) and their sum (FFB, `equalized-odds-sum`). Groups without
//! positives enter the false-positive side only, and the other way round. Undefined when one side has fewer than two groups.

use evenhand_catalog::{Card, Direction, Kind};

use crate::rates::{self, Disparity, Shape};
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "equalized-odds-mean",
    name: "Equalized odds, mean",
    kind: Kind::Metric,
    summary: "Mean of the true-positive-rate difference and the false-positive-rate difference.",
    formula: "((max_g TPR_g - min_g TPR_g) + (max_g FPR_g - min_g FPR_g)) / 2",
    fair_value: Some(0.0),
    range: "[0, 1]; aif360: [-1, 1]",
    direction: Direction::NearFair,
    source: "fairlearn equalized_odds_difference with agg = mean; AIF360 average_odds_difference",
    parameters: &[],
};

/// Equalized odds, mean.
#[derive(Debug)]
pub(crate) struct EqualizedOddsMean;

impl Metric for EqualizedOddsMean {
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

const DISPARITY: Disparity = Disparity { id: CARD.id, rates: &[&rates::TRUE_POSITIVE, &rates::FALSE_POSITIVE], shape: Shape::OddsMean };
