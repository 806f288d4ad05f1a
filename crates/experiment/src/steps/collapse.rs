//! Whether the scores of a run say anything.
//!
//! ```text
//! hardly vary          sd(scores) < max(0.01, 0.05 sd(labels))      scores and labels in [0, 1]
//! one decision         share selected at the threshold below .005 or above .995; binary labels
//! worse than chance    ROC AUC < .5 - 2 s of binary labels, Spearman's correlation < -2 s of others
//!                      s standard deviation where scores say nothing: sqrt((p + q + 1) / (12 p q)) of p and q labels, 1 / sqrt(n - 1)
//! ```
//!
//! Each of them makes the gaps between groups small without anything fair having been learned: the first two shrink them to nothing, the third orders nobody by
//! what counts.

use evenhand_learn::Prediction;
use evenhand_metrics::Outcomes;
use evenhand_rows::{Dataset, LabelKind};

use crate::recipe::MetricsSection;
use crate::report::collapse::{FLAT, deviation};
use crate::report::{Collapse, Remark, RemarkKind};
use crate::{ExperimentError, lookup};

/// Nor do scores that vary less than this part of what the labels do.
const OF_LABELS: f64 = 0.05;

/// In which ways these scores of these rows say nothing.
pub(crate) fn collapses(metrics: &MetricsSection, prediction: &Prediction, data: &Dataset) -> Result<Vec<Collapse>, ExperimentError> {
    let (Some(groups), label) = (data.sensitive.first(), data.label()?) else { return Ok(Vec::new()) };
    let binary = label.kind == LabelKind::Binary;
    let conventions = metrics.conventions(groups.name());
    let mut found = Vec::new();
    if deviation(&prediction.scores) < least_deviation(&label.values) {
        found.push(Collapse::HardlyVary);
    }
    let selected = prediction.scores.iter().filter(|score| conventions.selects(**score)).count();
    if binary && lookup::is_one_decision(selected as f64 / prediction.scores.len().max(1) as f64) {
        found.push(Collapse::OneDecision);
    }
    let positives = label.values.iter().filter(|label| **label >= 0.5).count() as f64;
    let n = label.values.len() as f64;
    // Few rows order somewhat worse than chance by chance.
    let (metric, chance) = if binary {
        ("roc-auc", 0.5 - 2.0 * ((n + 1.0) / (12.0 * positives * (n - positives))).sqrt())
    } else {
        ("srcc", -2.0 / (n - 1.0).max(1.0).sqrt())
    };
    let mut outcomes = Outcomes::new(&prediction.scores, groups)?.labels(&label.values)?.conventions(conventions);
    if let Some(weights) = &data.weights {
        outcomes = outcomes.weights(weights)?;
    }
    let order = evenhand_metrics::evaluate(&[metric], &outcomes, None)?;
    if order.first().and_then(|finding| finding.estimate.number()).is_some_and(|value| value < chance) {
        found.push(Collapse::WorseThanChance);
    }
    Ok(found)
}

/// What is told of a run of such scores.
pub(crate) fn remarks(found: &[Collapse], scores: &[f64]) -> Vec<Remark> {
    let told = |way: &Collapse| match way {
        Collapse::HardlyVary => Some(Remark::new(
            RemarkKind::HardlyVary,
            format!(
                "its scores hardly vary (standard deviation {:.4}): small gaps between them say nothing; see the gaps in units of the spread \
                 (standardised SPDD, KS) and those of ranks (rank SPDD)",
                deviation(scores)
            ),
        )),
        // The whole grid's remarks tell it of all methods together.
        Collapse::OneDecision => None,
        Collapse::WorseThanChance => Some(Remark::new(
            RemarkKind::WorseThanChance,
            "its scores order the candidates worse than chance does: no gap between them says anything",
        )),
    };
    found.iter().filter_map(told).collect()
}

fn least_deviation(labels: &[f64]) -> f64 {
    FLAT.max(OF_LABELS * deviation(labels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::example::rows;

    fn found(scores: impl Fn(f64, usize) -> f64) -> Vec<Collapse> {
        let data = rows(200);
        let labels = data.label.as_ref().unwrap().values.clone();
        let scores = labels.iter().enumerate().map(|(row, label)| scores(*label, row)).collect();
        collapses(&MetricsSection::default(), &Prediction { scores, ..Prediction::default() }, &data).unwrap()
    }

    #[test]
    fn scores_that_say_nothing_are_found_each_in_its_way() {
        let noise = |row: usize| (row * 37 % 100) as f64 / 1000.0;
        assert_eq!(found(|label, row| 0.2 + 0.5 * label + noise(row)), []);
        // Labels of 0 and 1 have a deviation of about .5: scores of .02 are shrunk to nothing.
        assert_eq!(found(|label, row| 0.49 + 0.03 * label + noise(row) / 100.0), [Collapse::HardlyVary]);
        assert_eq!(found(|label, row| 0.7 + 0.2 * label + noise(row)), [Collapse::OneDecision]);
        assert_eq!(found(|label, row| 0.8 - 0.5 * label + noise(row)), [Collapse::WorseThanChance]);
        assert_eq!(found(|_, _| 0.6), [Collapse::HardlyVary, Collapse::OneDecision]);
    }
}
