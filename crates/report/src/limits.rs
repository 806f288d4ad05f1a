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
use evenhand_metrics::{Estimate, Interval};

use crate::averages::mean;
use crate::cards::compares_groups;
pub use crate::document::Judge;
use crate::document::{LimitCheck, MethodReport, Report, Standing};
use crate::error::ReportError;
use crate::lookup;
use crate::numbers::{fixed, places_beside};

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
///
/// Where every run has an interval, their ends are averaged as the values are (errors of runs on the same rows are one error), and the limit is surely kept, surely
/// breached or not settled. `judge` says whether the value or the interval decides whether it is met.
pub fn check_limits(
    limits: &BTreeMap<String, f64>,
    judge: Judge,
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
            let ends = ends(card, method, metric, attribute.as_deref()).filter(|_| estimate.number().is_some());
            let standing = ends.map(|[near, far]| match (within(card, near, limit), within(card, far, limit)) {
                (true, true) => Standing::Kept,
                (false, false) => Standing::Breached,
                _ => Standing::NotSettled,
            });
            let kept = estimate.number().is_some_and(|value| within(card, judged(card, value), limit));
            let met = match (judge, standing) {
                (Judge::Interval, Some(standing)) => standing == Standing::Kept,
                // A number without an interval is judged by its value, which the explanation says.
                _ => kept,
            };
            let how = match (apart, card.fair_value) {
                (true, Some(1.0)) => format!(" (mean over {} runs of the ratio or its inverse, whichever is below 1)", summary.runs),
                (true, Some(fair)) => format!(" (mean distance from {fair} over {} runs)", summary.runs),
                _ => String::new(),
            };
            let settled = match (ends, standing) {
                (Some([near, far]), Some(standing)) => {
                    let word = match standing {
                        Standing::Kept => "kept by the whole interval",
                        Standing::Breached => "breached by the whole interval",
                        Standing::NotSettled => "not settled by these rows",
                    };
                    format!(", {word} [{:.4}, {:.4}]", near.min(far), near.max(far))
                }
                _ if judge == Judge::Interval => ", judged by its value as it has no interval".to_owned(),
                _ => String::new(),
            };
            let place = attribute.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
            let of = if report.methods.len() > 1 { format!("{}: ", method.name) } else { String::new() };
            let told = |value: f64| fixed(value, places_beside(4, value, limit));
            let explanation = match (&estimate, kept) {
                (Estimate::Undefined { undefined }, _) => {
                    format!("{of}{}{place} is undefined ({undefined}), so the limit {limit} cannot be called met", card.name)
                }
                (Estimate::Value { value, .. }, true) => {
                    format!("{of}{}{place} = {}{how} is within the limit {limit}{settled}", card.name, told(*value))
                }
                (Estimate::Value { value, .. }, false) => {
                    format!("{of}{}{place} = {}{how} breaches the limit {limit}{settled}", card.name, told(*value))
                }
            };
            checks.push(LimitCheck {
                metric: metric.to_owned(),
                attribute: attribute.clone(),
                limit,
                estimate,
                met,
                judge,
                standing,
                explanation,
            });
        }
    }
    Ok(checks)
}

/// The ends of the interval as the limit sees them, the nearer to parity first: the mean of those of all runs; `None` where a run has none.
fn ends(card: &Card, method: &MethodReport, metric: &str, attribute: Option<&str>) -> Option<[f64; 2]> {
    let of = |interval: &Interval| {
        let both = [interval.low, interval.high].map(|end| judged(card, end));
        match card.fair_value {
            // A ratio on both sides of 1, a difference on both sides of 0: parity lies inside.
            Some(1.0) if interval.low <= 1.0 && interval.high >= 1.0 => [1.0, both[0].min(both[1])],
            Some(1.0) => [both[0].max(both[1]), both[0].min(both[1])],
            Some(fair) if interval.low <= fair && interval.high >= fair => [0.0, both[0].max(both[1])],
            _ => [both[0].min(both[1]), both[0].max(both[1])],
        }
    };
    let found: Option<Vec<[f64; 2]>> =
        method.runs.iter().map(|run| lookup::finding(run, metric, attribute)?.estimate.interval().map(of)).collect();
    let found = found?;
    let at = |place: usize| mean(found.iter().map(|ends| ends[place]));
    Some([at(0)?, at(1)?])
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
            check_limits(&limits, super::Judge::Value, &report, |_| true).unwrap().remove(0)
        };
        for (metric, size, kept, breached) in [("equal-opportunity-difference", 0.3, 0.31, 0.1), ("disparate-impact", 0.5, 0.49, 0.8)] {
            assert!(check(metric, kept).met && !check(metric, breached).met, "{metric}");
            let found = check(metric, breached);
            assert!((found.estimate.number().unwrap() - size).abs() < 1e-12, "{found:?}");
            assert!(found.explanation.contains("over 2 runs"), "{found:?}");
        }
    }
}
