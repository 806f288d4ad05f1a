//! Whether the numbers of a report keep the limits that were set.
//!
//! ```text
//! distance   |value - fair|;  1 - min(value, 1 / value) where the fair value is 1                                     0 at parity
//! judged     |value - fair|;  min(value, 1 / value) where the fair value is 1;  the value where the metric has no fair value
//! ```
//!
//! An upper limit for what is better low, a lower one for what is better high and for ratios.

use std::collections::BTreeMap;

use evenhand_catalog::{Card, Direction};
use evenhand_metrics::Estimate;

use crate::averages::mean;
use crate::cards::compares_groups;
use crate::document::{LimitCheck, MethodReport, Report};
use crate::error::ReportError;
use crate::lookup;

/// A ratio as far from 1 as this one, at most 1: 2 is as far from parity as 1/2.
fn folded(ratio: f64) -> f64 {
    ratio.min(1.0 / ratio)
}

/// How far a value lies from its metric's fair value, 0 at it: |value - fair|, and 1 - min(value, 1 / value) where the fair value is 1.
/// `None` where the metric has no fair value.
pub fn distance(card: &Card, value: f64) -> Option<f64> {
    card.fair_value.map(|fair| if fair == 1.0 { 1.0 - folded(value) } else { (value - fair).abs() })
}

/// What a limit is compared with: the value's distance from the fair value, of a ratio the ratio at most 1, and the value itself where the
/// metric has no fair value. Over several runs these are averaged, never the values: gaps of either sign would cancel.
pub fn judged(card: &Card, value: f64) -> f64 {
    match card.fair_value {
        Some(1.0) => folded(value),
        Some(fair) => (value - fair).abs(),
        None => value,
    }
}

/// Whether a judged number, or the mean of several, keeps a limit.
pub fn within(card: &Card, value: f64, limit: f64) -> bool {
    match (card.direction, card.fair_value) {
        (Direction::Higher, _) | (Direction::NearFair, Some(1.0)) => value >= limit,
        _ => value <= limit,
    }
}

/// Judges every method of a report against the limits: an upper limit for what is better low, a lower one for what is better high; for
/// a ratio whose fair value is 1 a lower limit. Over several runs the distances from the fair value are averaged. An undefined number meets
/// no limit.
pub fn check_limits(
    limits: &BTreeMap<String, f64>,
    report: &Report,
    answers: impl Fn(&MethodReport) -> bool,
) -> Result<Vec<LimitCheck>, ReportError> {
    let mut checks = Vec::new();
    for (key, &limit) in limits {
        let (metric, named) = key.split_once('@').map_or((key.as_str(), None), |(metric, attribute)| (metric, Some(attribute.to_owned())));
        let card = evenhand_metrics::find(metric)?.card();
        let attributes: Vec<Option<String>> = match (compares_groups(metric), named) {
            (false, _) => vec![None],
            (true, Some(name)) => vec![Some(name)],
            (true, None) => report.data.attributes.iter().map(|attribute| Some(attribute.name.clone())).collect(),
        };
        for (method, attribute) in report
            .methods
            .iter()
            .filter(|method| answers(method))
            .flat_map(|method| attributes.iter().map(move |attribute| (method, attribute)))
        {
            let summary = method
                .summary
                .iter()
                .find(|summary| summary.metric == metric && summary.attribute == *attribute)
                .ok_or_else(|| ReportError::NoSuchNumber { key: key.clone() })?;
            let values = method.runs.iter().filter_map(|run| lookup::finding(run, metric, attribute.as_deref())?.estimate.number());
            let size = mean(values.map(|value| judged(card, value)));
            let (estimate, apart) = match (summary.mean.number(), size) {
                (Some(_), _) if summary.defined < summary.runs => {
                    let reason = format!("it is undefined in {} of {} runs", summary.runs - summary.defined, summary.runs);
                    (Estimate::undefined(reason), false)
                }
                // Runs on both sides of the fair value: their mean is nearer to it than they are.
                (Some(mean), Some(size)) if (judged(card, mean) - size).abs() > 1e-12 => (Estimate::value(size), true),
                _ => (summary.mean.clone(), false),
            };
            let met = estimate.number().is_some_and(|value| within(card, judged(card, value), limit));
            let how = match (apart, card.fair_value) {
                (true, Some(1.0)) => format!(" (mean over {} runs of the ratio or its inverse, whichever is below 1)", summary.runs),
                (true, Some(fair)) => format!(" (mean distance from {fair} over {} runs)", summary.runs),
                _ => String::new(),
            };
            let place = attribute.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
            let of = if report.methods.len() > 1 { format!("{}: ", method.name) } else { String::new() };
            let explanation = match (&estimate, met) {
                (Estimate::Undefined { undefined }, _) => {
                    format!("{of}{}{place} is undefined ({undefined}), so the limit {limit} cannot be called met", card.name)
                }
                (Estimate::Value { value, .. }, true) => format!("{of}{}{place} = {value:.4}{how} is within the limit {limit}", card.name),
                (Estimate::Value { value, .. }, false) => format!("{of}{}{place} = {value:.4}{how} breaches the limit {limit}", card.name),
            };
            checks.push(LimitCheck {
                metric: metric.to_owned(),
                attribute: attribute.clone(),
                limit,
                estimate,
                met,
                standing: None,
                explanation,
            });
        }
    }
    Ok(checks)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{check_limits, distance, judged, within};
    use crate::Report;

    #[test]
    fn distances_from_parity_by_hand() {
        let card = |id: &str| evenhand_metrics::find(id).unwrap().card();
        let (gap, ratio, rate) = (card("equal-opportunity-difference"), card("disparate-impact"), card("accuracy"));
        for value in [-0.25, 0.25] {
            assert_eq!((distance(gap, value), judged(gap, value)), (Some(0.25), 0.25));
        }
        for value in [0.5, 2.0] {
            assert_eq!((distance(ratio, value), judged(ratio, value)), (Some(0.5), 0.5));
        }
        assert_eq!((distance(ratio, 0.0), judged(ratio, 0.0)), (Some(1.0), 0.0));
        assert_eq!((distance(rate, 0.7), judged(rate, 0.7)), (None, 0.7));
        assert!(within(gap, 0.25, 0.25) && !within(gap, 0.25, 0.24));
        assert!(within(ratio, 0.8, 0.8) && !within(ratio, 0.79, 0.8));
        assert!(within(rate, 0.7, 0.7) && !within(rate, 0.69, 0.7));
    }
    #[test]
    fn gaps_of_either_sign_breach_a_limit_that_their_mean_keeps() {
        let run = |seed: u64, gap: f64, ratio: f64| {
            let finding = |metric: &str, value: f64| serde_json::json!({ "metric": metric, "estimate": { "value": value }, "n": 10 });
            serde_json::json!({
                "seed": seed, "sizes": { "train": 5, "validation": 5, "test": 10 }, "performance": [],
                "attributes": [{ "attribute": "sex", "groups": [], "unknown": 0, "findings": [
                    finding("equal-opportunity-difference", gap), finding("disparate-impact", ratio),
                ]}],
            })
        };
        let summary = |metric: &str, mean: f64| serde_json::json!({ "metric": metric, "attribute": "sex", "mean": { "value": mean }, "defined": 2, "runs": 2 });
        let report: Report = serde_json::from_value(serde_json::json!({
            "format": 1, "kind": "comparison", "title": "t", "versions": {}, "recipe": {}, "columns": [],
            "data": { "name": "d", "loader": "table", "rows": 20, "files": [], "label": null, "features": [],
                      "attributes": [{ "name": "sex", "groups": [], "unknown": 0 }] },
            "methods": [{ "name": "m", "runs": [run(0, 0.3, 0.5), run(1, -0.3, 2.0)],
                          "summary": [summary("equal-opportunity-difference", 0.0), summary("disparate-impact", 1.25)] }],
        }))
        .unwrap();
        let check = |metric: &str, limit: f64| {
            let limits = BTreeMap::from([(metric.to_owned(), limit)]);
            check_limits(&limits, &report, |_| true).unwrap().remove(0)
        };
        for (metric, size, kept, breached) in [("equal-opportunity-difference", 0.3, 0.31, 0.1), ("disparate-impact", 0.5, 0.49, 0.8)] {
            assert!(check(metric, kept).met && !check(metric, breached).met, "{metric}");
            let found = check(metric, breached);
            assert!((found.estimate.number().unwrap() - size).abs() < 1e-12, "{found:?}");
            assert!(found.explanation.contains("over 2 runs"), "{found:?}");
        }
    }
}
