//! Linear correlation of score and label.
//!
//! ```text
//! cov(s, y) / (sd(s) sd(y))     weighted means, variances and covariance
//! ```
//!
//! The label is used as it is. Undefined with fewer than two rows and when all scores or all labels are equal (scipy gives NaN).

use evenhand_catalog::{Card, Direction, Kind};

use crate::joint::{self, Truth};
use crate::sample::Sample;
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "pcc",
    name: "Pearson correlation",
    kind: Kind::Metric,
    summary: "Linear correlation of score and label.",
    formula: "cov(s, y) / (sd(s) sd(y))",
    fair_value: None,
    range: "[-1, 1]",
    direction: Direction::Higher,
    source: "Kim et al. 2023, Eq. 25; equals scipy.stats.pearsonr",
    parameters: &[],
};

/// Pearson correlation.
#[derive(Debug)]
pub(crate) struct Pcc;

impl Metric for Pcc {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::Labels
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        joint::measure(CARD.id, Truth::Value, statistic, outcomes, plan)
    }
}

fn statistic(sample: &Sample, weights: &[f64]) -> Result<f64, &'static str> {
    joint::correlation(&sample.scores, &sample.labels, weights)
}
