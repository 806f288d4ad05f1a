//! Chance that a random positive outscores a random negative; a tie counts one half.
//!
//! ```text
//! (1 / (P N)) sum over positives i, negatives j of w_i w_j ([s_i > s_j] + [s_i = s_j] / 2)     P, N = weights of positives, negatives
//! ```
//!
//! One pass over the sorted scores, ties taken together, so the order of tied rows never matters. Undefined with one class only.

use evenhand_catalog::{Card, Direction, Kind};

use crate::joint::{self, Truth};
use crate::sample::Sample;
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "roc-auc",
    name: "ROC AUC",
    kind: Kind::Metric,
    summary: "Chance that a random positive outscores a random negative, ties counting one half.",
    formula: "P(score of a positive > score of a negative) + P(equal) / 2",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Higher,
    source: "Mann and Whitney 1947; equals scikit-learn roc_auc_score",
    parameters: &[],
};

/// ROC AUC.
#[derive(Debug)]
pub(crate) struct RocAuc;

impl Metric for RocAuc {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::Labels
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        joint::measure(CARD.id, Truth::Positive, statistic, outcomes, plan)
    }
}

fn statistic(sample: &Sample, weights: &[f64]) -> Result<f64, &'static str> {
    let (positives, negatives) = joint::classes(sample, weights);
    if positives <= 0.0 {
        return Err("no positive labels");
    }
    if negatives <= 0.0 {
        return Err("no negative labels");
    }
    let (mut won, mut negatives_below, mut start) = (0.0, 0.0, 0);
    while start < sample.len() {
        let end = sample.tie_end(start);
        let mut tied = [0.0; 2];
        for row in start..end {
            tied[usize::from(sample.positive[row])] += weights[row];
        }
        won += tied[1] * (negatives_below + tied[0] / 2.0);
        negatives_below += tied[0];
        start = end;
    }
    Ok(won / (positives * negatives))
}
