//! Rank correlation of score and label: does a better candidate get a higher score, whatever the scale?
//!
//! ```text
//! Pearson correlation of the ranks of s and of y     tied rows share the mean of their ranks
//! ```
//!
//! With weights the rank of a row is the weight below it plus half the weight tied with it, which for equal weights is the mean rank up to
//! a constant and a factor that the correlation does not see. The formula with squared rank differences (Kim et al. 2023, Eq. 26) is exact only without
//! ties and is not used. Undefined with fewer than two rows and when all scores or all labels are equal.

use evenhand_catalog::{Card, Direction, Kind};

use crate::joint::{self, Truth};
use crate::sample::Sample;
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "srcc",
    name: "Spearman correlation",
    kind: Kind::Metric,
    summary: "Rank correlation of score and label, ties sharing their mean rank.",
    formula: "Pearson correlation of the mid-ranks of s and y",
    fair_value: None,
    range: "[-1, 1]",
    direction: Direction::Higher,
    source: "Spearman 1904; Kim et al. 2023, Eq. 26; equals scipy.stats.spearmanr",
    parameters: &[],
};

/// Spearman correlation.
#[derive(Debug)]
pub(crate) struct Srcc;

impl Metric for Srcc {
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
    let by_label = sample.by_label();
    let score_ranks = ranks(&sample.scores, weights, |index| index);
    let label_ranks = ranks(&sample.labels, weights, |index| by_label[index] as usize);
    joint::correlation(&score_ranks, &label_ranks, weights)
}

/// The weighted mid-rank of every value; `position` gives them in ascending order.
fn ranks(values: &[f64], weights: &[f64], position: impl Fn(usize) -> usize) -> Vec<f64> {
    let mut ranks = vec![0.0; values.len()];
    let (mut below, mut start) = (0.0, 0);
    while start < values.len() {
        let value = values[position(start)];
        let (mut end, mut tied) = (start, 0.0);
        while end < values.len() && values[position(end)] == value {
            tied += weights[position(end)];
            end += 1;
        }
        for index in start..end {
            ranks[position(index)] = below + tied / 2.0;
        }
        below += tied;
        start = end;
    }
    ranks
}
