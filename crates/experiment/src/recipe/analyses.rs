//! `[analyses]`: what is asked of the runs beyond their numbers.

use evenhand_catalog::{Card, Direction, did_you_mean};
use serde::{Deserialize, Serialize};

use crate::evidence;

/// `[analyses]`: what is asked of the runs beyond their numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnalysesSection {
    /// Name of the method that the others are tested against on the page; default: the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What the scorer would say of the same candidates as members of another group: `none`, `rescore` (ask the fitted scorer) or `retrain`
    /// (also fit the method once more on re-written rows, which doubles the time).
    pub counterfactual: CounterfactualName,
    /// How often each input is shuffled to see what the scorer rests on (first run of each method); 0 turns it off.
    pub importance: usize,
    /// Points a side of the loss landscape (first run of each network), an odd number from 3 to 101, so that the trained weights are one of
    /// them; 0 turns it off.
    pub landscape: usize,
    /// Metrics of the plane of performance and fairness: one of which more is better, and one gap or ratio, whose distance from its fair value
    /// is drawn; default: the usual performance metric of
    /// the label's kind, and SPDD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub front: Option<[String; 2]>,
}

/// How counterfactual scores are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CounterfactualName {
    /// Not at all.
    #[default]
    None,
    /// By the fitted scorer.
    Rescore,
    /// By the fitted scorer, and by one fitted on re-written rows.
    Retrain,
}

impl AnalysesSection {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.importance > 1000 {
            return Err(format!("[analyses] importance = {}: at most 1000 repeats are allowed", self.importance));
        }
        // With an even number no point of the grid lies at the trained weights.
        let side = self.landscape;
        if side != 0 && (side.is_multiple_of(2) || !(3..=101).contains(&side)) {
            return Err(format!("[analyses] landscape = {side}: an odd number of points a side from 3 to 101, or 0 for none"));
        }
        self.front.as_ref().map_or(Ok(()), |[performance, gap]| check_front(performance, gap))
    }

    /// Refuses a reference that is none of the methods.
    pub(super) fn check_reference(&self, methods: &[String]) -> Result<(), String> {
        let Some(reference) = self.reference.as_ref().filter(|reference| !methods.contains(reference)) else { return Ok(()) };
        let hint = did_you_mean(reference, methods.iter().map(String::as_str));
        Err(format!("[analyses] reference: no method is named `{reference}`{hint}"))
    }
}

/// Refuses a plane whose axes have no better and no fair end.
fn check_front(performance: &str, gap: &str) -> Result<(), String> {
    let card = |metric: &str| -> Result<&'static Card, String> {
        evenhand_metrics::find(metric).map(evenhand_metrics::Metric::card).map_err(|error| format!("[analyses] front: {error}"))
    };
    let (of_performance, of_gap) = (card(performance)?, card(gap)?);
    if evidence::compares_groups(performance) || !evidence::compares_groups(gap) {
        return Err(format!(
            "[analyses] front = [\"{performance}\", \"{gap}\"]: write a metric of performance first, then a gap between groups, for \
             example front = [\"accuracy\", \"spdd\"]"
        ));
    }
    if of_performance.direction != Direction::Higher {
        return Err(format!(
            "[analyses] front: of {performance} less is better; write a metric of which more is better first, for example accuracy, \
             roc-auc or srcc"
        ));
    }
    if of_gap.fair_value.is_none() {
        return Err(format!(
            "[analyses] front: {gap} has no value at parity to measure a distance from; write a gap or a ratio second, for example \
             spdd or disparate-impact"
        ));
    }
    Ok(())
}
