//! Mean of the scores, overall and in each group.
//!
//! ```text
//! sum over rows of w_i s_i / sum over rows of w_i
//! ```
//!
//! s: scores, w: weights (1 where none are given). Overall it is the mean of all rows, those of unknown group among them. It
//! describes: which mean is right nobody can say without the truth. Undefined without rows of positive weight.

use evenhand_catalog::{Card, Direction, Kind};

use crate::joint::{self, Truth};
use crate::sample::Sample;
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "mean-score",
    name: "Mean score",
    kind: Kind::Metric,
    summary: "Mean of the scores, overall and in each group.",
    formula: "sum of w s / sum of w",
    fair_value: None,
    range: "that of the scores",
    direction: Direction::Describes,
    source: "Standard",
    parameters: &[],
};

/// Mean score.
#[derive(Debug)]
pub(crate) struct MeanScore;

impl Metric for MeanScore {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::Scores
    }

    fn groups_have_scores(&self) -> bool {
        true
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        joint::measure(CARD.id, Truth::Unread, statistic, outcomes, plan)
    }
}

fn statistic(sample: &Sample, weights: &[f64]) -> Result<f64, &'static str> {
    Ok(joint::mean(sample, weights, |row| sample.scores[row]))
}

#[cfg(test)]
mod tests {
    use evenhand_rows::{Groups, UNKNOWN};

    use super::*;

    #[test]
    fn means_are_weighted_and_need_no_labels() {
        let groups = Groups::new("g", vec!["a".to_owned(), "b".to_owned()], vec![0, 0, 1, UNKNOWN]);
        let outcomes = Outcomes::new(&[0.2, 0.6, 0.5, 0.9], &groups).unwrap().weights(&[3.0, 1.0, 2.0, 2.0]).unwrap();
        let plan = IntervalPlan { replicates: 50, ..IntervalPlan::default() };
        let finding = MeanScore.measure(&outcomes, Some(&plan));
        // a: (0.6 + 0.6) / 4; all: (0.6 + 0.6 + 1.0 + 1.8) / 8.
        assert!((finding.by_group[0].estimate.number().unwrap() - 0.3).abs() < 1e-12);
        assert!((finding.estimate.number().unwrap() - 0.5).abs() < 1e-12);
        assert!(finding.estimate.interval().is_some());
    }

    #[test]
    fn many_rows_are_gathered_into_blocks() {
        let scores: Vec<f64> = (0..20_000).map(|row| f64::from(row) / 20_000.0).collect();
        let groups = Groups::new("g", vec!["a".to_owned(), "b".to_owned()], (0..20_000).map(|row| row % 2).collect());
        let outcomes = Outcomes::new(&scores, &groups).unwrap();
        let finding = MeanScore.measure(&outcomes, Some(&IntervalPlan { replicates: 400, ..IntervalPlan::default() }));
        let interval = finding.estimate.interval().unwrap();
        // The standard error of the mean of 20,000 uniform numbers is sqrt(1 / 12 / 20000) = 0.00204.
        assert!((interval.high - interval.low - 2.0 * 1.96 * 0.00204).abs() < 0.0015, "{interval:?}");
    }
}
