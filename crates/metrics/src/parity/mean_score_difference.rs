//! Largest difference between the mean scores of two groups.
//!
//! ```text
//! max over pairs of |mean(s | a) - mean(s | b)| = max over pairs of |integral of Fa(t) - Fb(t) dt|
//! ```
//!
//! F: distribution function of a group's scores. Between 0 (fair) and the width of the range of scores. It is never larger than
//! SPDD, which is the integral of the absolute value: the two agree when one group lies above the other everywhere, and this one is 0
//! when advantages among low and among high scores cancel out. `by_group` holds the means; their intervals stand with the metric
//! `mean-score`. Undefined with fewer than two groups. AIF360 `mean_difference` is the same of labels, signed.

use evenhand_catalog::{Card, Direction, Kind};

use super::mean_score::MeanScore;
use crate::gaps::{self, Gap, Marginal, Pair, Shape};
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "mean-score-difference",
    name: "Mean score difference",
    kind: Kind::Metric,
    summary: "Largest difference between the mean scores of two groups.",
    formula: "max_g mean(s | g) - min_g mean(s | g)",
    fair_value: Some(0.0),
    range: "[0, 1] for scores in [0, 1]",
    direction: Direction::Lower,
    source: "Standard; reported for FairCVtest by Pena et al. 2020",
    parameters: &[],
};

/// Mean score difference.
#[derive(Debug)]
pub(crate) struct MeanScoreDifference;

impl Metric for MeanScoreDifference {
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
        let by_group = MeanScore.measure(outcomes, None).by_group;
        Finding { by_group, ..gaps::measure(&GAP, outcomes, plan) }
    }
}

const GAP: Marginal = Marginal { id: CARD.id, follows_grid: false, shape: Shape::Means, between };

fn between(pair: &Pair) -> Result<Gap, String> {
    let mut difference = 0.0;
    pair.stretches(|from, to, a, b| {
        if to < f64::INFINITY {
            difference += (a - b) * (to - from);
        }
    });
    Ok(difference.abs().into())
}

#[cfg(test)]
mod tests {
    use evenhand_rows::Groups;

    use super::*;

    #[test]
    fn the_difference_is_that_of_the_means_by_group() {
        let levels = ["a", "b", "c"].map(str::to_owned).to_vec();
        let groups = Groups::new("g", levels, vec![0, 0, 1, 1, 2]);
        let finding = MeanScoreDifference.evaluate(&Outcomes::new(&[0.2, 0.6, 0.1, 0.9, 0.7], &groups).unwrap());
        let means: Vec<f64> = finding.by_group.iter().filter_map(|group| group.estimate.number()).collect();
        assert!(means.iter().zip([0.4, 0.5, 0.7]).all(|(found, expected)| (found - expected).abs() < 1e-12), "{means:?}");
        assert!((finding.estimate.number().unwrap() - 0.3).abs() < 1e-12);
        assert_eq!(finding.largest_pair, Some(("a".to_owned(), "c".to_owned())));
        // b against a and c together: 0.5 against 0.5.
        assert!(finding.against_rest[1].estimate.number().unwrap() < 1e-12);
    }

    #[test]
    fn crossing_distributions_cancel_out_here_and_not_in_spdd() {
        let groups = Groups::new("g", vec!["a".to_owned(), "b".to_owned()], vec![0, 0, 1, 1]);
        let outcomes = Outcomes::new(&[0.4, 0.6, 0.2, 0.8], &groups).unwrap();
        assert!(MeanScoreDifference.evaluate(&outcomes).estimate.number().unwrap() < 1e-12);
        let spdd = crate::find("spdd").unwrap().evaluate(&outcomes).estimate.number().unwrap();
        assert!((spdd - 0.2).abs() < 1e-12);
    }
}
