//! Whether the numbers of a report keep the limits that were set.
//!
//! ```text
//! distance   |value - fair|;  1 - min(value, 1 / value) where the fair value is 1                                     0 at parity
//! judged     |value - fair|;  min(value, 1 / value) where the fair value is 1;  the value where the metric has no fair value
//! ```
//!
//! An upper limit for what is better low, a lower one for what is better high and for ratios.
//!
//! What a limit can be follows from the range that the metric declares, as a limit is compared with the judged number and nothing else:
//!
//! ```text
//! range [l, h], fair value f    0 to max(h - f, f - l);  above 0 and at most 1 where f = 1;  l to h where the metric has no fair value
//! ```

use std::collections::BTreeMap;

use evenhand_catalog::{Card, Direction, did_you_mean, meant_as_percent};
use evenhand_metrics::{Estimate, Interval, Metric, Needs};
use evenhand_rows::Scale;

use crate::averages::mean;
use crate::cards::compares_groups;
pub use crate::document::Judge;
use crate::document::{LimitCheck, MethodReport, Report, Standing, Strata, Stratum};
use crate::error::ReportError;
use crate::lookup;
use crate::numbers::{fixed, places_beside, plain};
use crate::telling;

/// The least and the largest limit of a metric that a number of it can be compared with; the least of a ratio is no limit itself, as nothing breaches it.
fn bounds(card: &Card) -> (f64, f64) {
    let scores = if card.is_of_scores() { (0.0, 1.0) } else { (f64::NEG_INFINITY, f64::INFINITY) };
    let (low, high) = card.bounds().unwrap_or(scores);
    match card.fair_value {
        Some(1.0) => (0.0, 1.0),
        Some(fair) => (0.0, (high - fair).max(fair - low)),
        None => (low, high),
    }
}

/// Refuses a limit beyond what its metric can be, such as a ratio in percent: it would be kept or breached whatever the rows are. `scale`: the person's own
/// scale of scores.
///
/// ```
/// use evenhand_report::limits::check_limit;
///
/// let refused = check_limit("impact-ratio@sex", 80.0, Default::default()).unwrap_err();
/// assert_eq!(
///     refused.to_string(),
///     "limit `impact-ratio@sex` = 80: limits of Impact ratio lie above 0 and at most at 1; for 80 % write 0.8"
/// );
/// assert!(check_limit("impact-ratio", 0.8, Default::default()).is_ok());
/// ```
pub fn check_limit(key: &str, value: f64, scale: Scale) -> Result<(), ReportError> {
    let card = evenhand_metrics::find(metric_of(key).0)?.card();
    let (low, high) = bounds(card);
    let ratio = card.fair_value == Some(1.0);
    let allowed = |value: f64| if ratio { value > low && value <= high } else { (low..=high).contains(&value) };
    if allowed(value) {
        return Ok(());
    }
    let lie = match (low, high) {
        _ if ratio => "lie above 0 and at most at 1".to_owned(),
        (low, f64::INFINITY) => format!("are {} or more", plain(low)),
        (low, high) => format!("lie from {} to {}", plain(low), plain(high)),
    };
    let own = (!scale.is_plain() && card.is_of_scores()).then(|| value / scale.span().abs());
    let meant = match (own.filter(|own| allowed(*own)), meant_as_percent(value).filter(|share| allowed(*share))) {
        (Some(own), _) => format!(
            " of scores that are rescaled from {} to {} to 0 to 1; for {} points write {}",
            plain(scale.low),
            plain(scale.high),
            plain(value),
            plain(own)
        ),
        (None, Some(share)) => format!("; for {} % write {}", plain(value), plain(share)),
        (None, None) => String::new(),
    };
    Err(ReportError::BadLimit { key: key.to_owned(), value, reason: format!("limits of {} {lie}{meant}", card.name) })
}

/// Metric and attribute of the key of a limit.
fn metric_of(key: &str) -> (&str, Option<&str>) {
    key.split_once('@').map_or((key, None), |(metric, attribute)| (metric, Some(attribute)))
}

/// Refuses a key whose metric nobody knows or is not measured by attribute, and one whose attribute is none of those that are compared.
pub fn check_key<'a>(key: &str, attributes: impl Iterator<Item = &'a str> + Clone) -> Result<(), ReportError> {
    let (metric, attribute) = metric_of(key);
    evenhand_metrics::find(metric)?;
    let refused = |reason: String| Err(ReportError::NoSuchNumber { key: key.to_owned(), reason });
    match attribute {
        Some(_) if !compares_groups(metric) => refused(format!("{metric} is measured over all rows, not by attribute; write `{metric}`")),
        Some(name) if !attributes.clone().any(|known| known == name) => refused(format!(
            "there is no attribute `{name}`{}; the attributes are {}",
            did_you_mean(name, attributes.clone()),
            attributes.collect::<Vec<_>>().join(", ")
        )),
        _ => Ok(()),
    }
}

/// Refuses a limit on a number that these rows cannot have: of the truth where no label is named, within strata where none are.
pub fn check_needs(key: &str, labelled: bool, strata: bool) -> Result<(), ReportError> {
    let reason = match evenhand_metrics::find(metric_of(key).0)?.needs() {
        Needs::Labels | Needs::JudgedDecisions if !labelled => "a limit on it needs the truth; name the column that holds it (`label`)",
        Needs::Strata if !strata => "a limit on it needs strata such as jobs; name their column (`by`)",
        Needs::Latent => "it is measured on what a model learned, and scores alone do not hold that; leave the limit out",
        _ => return Ok(()),
    };
    Err(ReportError::NoSuchNumber { key: key.to_owned(), reason: reason.to_owned() })
}

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

/// Whether one judged number is better than another, in the direction in which limits are kept.
pub fn better(card: &Card, one: f64, other: f64) -> bool {
    one != other && within(card, one, other)
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
        check_key(key, report.data.attributes.iter().map(|attribute| attribute.name.as_str()))?;
        let (metric, named) = metric_of(key);
        let named = named.map(str::to_owned);
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
                .ok_or_else(|| ReportError::NoSuchNumber { key: key.clone(), reason: "the report has no such number".to_owned() })?;
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
            let standing = ends.map(|ends| standing(card, ends, limit));
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

/// Where an interval lies with respect to a limit.
fn standing(card: &Card, [near, far]: [f64; 2], limit: f64) -> Standing {
    match (within(card, near, limit), within(card, far, limit)) {
        (true, true) => Standing::Kept,
        (false, false) => Standing::Breached,
        _ => Standing::NotSettled,
    }
}

/// The ends of an interval as a limit sees them, the nearer to parity first.
fn judged_ends(card: &Card, interval: &Interval) -> [f64; 2] {
    let both = [interval.low, interval.high].map(|end| judged(card, end));
    match card.fair_value {
        // A ratio on both sides of 1, a difference on both sides of 0: parity lies inside.
        Some(1.0) if interval.low <= 1.0 && interval.high >= 1.0 => [1.0, both[0].min(both[1])],
        Some(1.0) => [both[0].max(both[1]), both[0].min(both[1])],
        Some(fair) if interval.low <= fair && interval.high >= fair => [0.0, both[0].max(both[1])],
        _ => [both[0].min(both[1]), both[0].max(both[1])],
    }
}

/// How one limit would stand if it were judged in each stratum of a column alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct InStrata {
    /// The column.
    pub(crate) by: String,
    /// Strata in which the whole interval keeps it; or the number, where numbers are judged or it has no interval.
    pub(crate) kept: usize,
    /// Strata in which the whole interval breaches it; or the number, where numbers are judged or it has no interval.
    pub(crate) breached: usize,
    /// Strata whose rows do not settle it.
    pub(crate) open: usize,
    /// Strata that are too small, or have no such number.
    pub(crate) silent: usize,
    /// Whether any of them was judged by an interval.
    pub(crate) by_interval: bool,
}

impl InStrata {
    /// The counts in words: `breached by the whole interval in 1, not settled in 3, kept by the whole interval in 8`.
    pub(crate) fn words(&self) -> String {
        let whole = if self.by_interval { " by the whole interval" } else { "" };
        let mut parts = vec![format!("breached{whole} in {}", self.breached)];
        if self.by_interval {
            parts.push(format!("not settled in {}", self.open));
        }
        parts.push(format!("kept{whole} in {}", self.kept));
        if self.silent > 0 {
            parts.push(format!("and cannot be judged in {}, for too few rows or for want of the number", self.silent));
        }
        parts.join(", ")
    }
}

/// The number of a stratum that a limit on an attribute is compared with: of impact ratios the lowest of the groups that have rows enough to be compared.
fn of_stratum(stratum: &Stratum, metric: &str) -> Option<Estimate> {
    let groups = &stratum.selections.groups;
    if groups.is_empty() {
        // Rows that weigh unequally are not counted.
        return stratum.findings.iter().find(|finding| finding.metric == metric).map(|finding| finding.estimate.clone());
    }
    if groups.iter().filter(|group| group.left_out.is_none() && group.n > 0).count() < 2 {
        return None;
    }
    if telling::RATIOS.contains(&metric) {
        return telling::lowest(&stratum.selections).map(|(lowest, _)| lowest.impact_ratio.clone());
    }
    stratum.findings.iter().find(|finding| finding.metric == metric).map(|finding| finding.estimate.clone())
}

/// How a limit would stand within the strata of each column that was asked for. It is judged on all rows together; this says where that hides something.
pub(crate) fn in_strata(report: &Report, check: &LimitCheck) -> Vec<InStrata> {
    let Ok(card) = evenhand_metrics::find(&check.metric).map(Metric::card) else { return Vec::new() };
    let run = telling::only_run(report);
    let one = run.and_then(|run| run.attributes.iter().find(|one| Some(&one.attribute) == check.attribute.as_ref()));
    let counted = |strata: &Strata| {
        let mut counts = InStrata { by: strata.by.clone(), ..InStrata::default() };
        for stratum in &strata.strata {
            let found = of_stratum(stratum, &check.metric);
            let Some((estimate, value)) = found.as_ref().and_then(|estimate| Some((estimate, estimate.number()?))) else {
                counts.silent += 1;
                continue;
            };
            // In strata the rule is in force that judges all rows.
            let interval = estimate.interval().filter(|_| check.judge == Judge::Interval);
            counts.by_interval |= interval.is_some();
            let of_value = [judged(card, value); 2];
            match standing(card, interval.map_or(of_value, |interval| judged_ends(card, interval)), check.limit) {
                Standing::Kept => counts.kept += 1,
                Standing::Breached => counts.breached += 1,
                Standing::NotSettled => counts.open += 1,
            }
        }
        counts
    };
    one.into_iter().flat_map(|one| &one.strata).map(counted).collect()
}

/// Sentences on how the limits would stand within strata.
pub(crate) fn told_in_strata(report: &Report) -> Vec<String> {
    // The tables of a rule of law judge limits in their own way.
    if report.law.is_some() {
        return Vec::new();
    }
    let told = |check: &LimitCheck, counts: InStrata| {
        let strata = counts.kept + counts.breached + counts.open + counts.silent;
        format!(
            "Judged in each of the {strata} strata by {} alone, the limit {} on {} ({}) would be {}.",
            counts.by,
            plain(check.limit),
            lookup::heading(report, &check.metric),
            check.attribute.as_deref().unwrap_or_default(),
            counts.words()
        )
    };
    report.limits.iter().flat_map(|check| in_strata(report, check).into_iter().map(move |counts| told(check, counts))).collect()
}

/// The ends of the interval as the limit sees them, the nearer to parity first: the mean of those of all runs; `None` where a run has none.
fn ends(card: &Card, method: &MethodReport, metric: &str, attribute: Option<&str>) -> Option<[f64; 2]> {
    let found: Option<Vec<[f64; 2]>> = method
        .runs
        .iter()
        .map(|run| lookup::finding(run, metric, attribute)?.estimate.interval().map(|interval| judged_ends(card, interval)))
        .collect();
    let found = found?;
    let at = |place: usize| mean(found.iter().map(|ends| ends[place]));
    Some([at(0)?, at(1)?])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use evenhand_rows::Scale;

    use super::{Judge, LimitCheck};
    use super::{bounds, check_key, check_limit, check_limits, check_needs, distance, in_strata, judged, told_in_strata, within};
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

    #[test]
    fn every_metric_has_limits_that_its_own_range_gives() {
        for metric in evenhand_metrics::metrics() {
            let card = metric.card();
            assert!(card.bounds().is_some() || card.is_of_scores(), "{}: the range `{}` gives no bounds", card.id, card.range);
            let (low, high) = bounds(card);
            assert!(low < high && !low.is_nan(), "{}", card.id);
            let check = |value: f64| check_limit(card.id, value, Scale::default());
            assert!(check(high.min(1.0)).is_ok() && check(f64::midpoint(low.max(-1.0), high.min(1.0))).is_ok(), "{}", card.id);
            assert!(check(low - 0.5).is_err() || low.is_infinite(), "{}", card.id);
            assert!(check(high + 0.5).is_err() || high.is_infinite(), "{}", card.id);
            assert!(check(f64::NAN).is_err(), "{}", card.id);
        }
        let refused = |key: &str, value: f64, scale: Scale| check_limit(key, value, scale).unwrap_err().to_string();
        assert!(refused("impact-ratio", 0.0, Scale::default()).contains("lie above 0"));
        assert!(refused("demographic-parity-difference@g", 5.0, Scale::default()).ends_with("lie from 0 to 1; for 5 % write 0.05"));
        assert!(refused("standardised-spdd", -1.0, Scale::default()).ends_with("are 0 or more"));
        assert!(refused("srcc", 70.0, Scale::default()).ends_with("lie from -1 to 1; for 70 % write 0.7"));
        assert!(refused("spdd", 5.0, Scale::of(0.0, 50.0)).ends_with("rescaled from 0 to 50 to 0 to 1; for 5 points write 0.1"));
        assert!(check_limit("equalized-odds-sum", 1.5, Scale::default()).is_ok());
    }

    #[test]
    fn a_key_names_a_metric_and_an_attribute_that_there_are() {
        let check = |key: &str| check_key(key, ["gender", "race"].into_iter()).map_err(|error| error.to_string());
        assert!(check("spdd@race").is_ok() && check("spdd").is_ok() && check("accuracy").is_ok());
        assert_eq!(
            check("spdd@gendre").unwrap_err(),
            "`spdd@gendre`: there is no attribute `gendre`; did you mean `gender`?; the attributes are gender, race"
        );
        assert!(check("spd").unwrap_err().contains("did you mean `spdd`?"));
        assert!(check("accuracy@gender").unwrap_err().contains("over all rows"));
        assert!(check_needs("accuracy", true, false).is_ok() && check_needs("accuracy", false, true).is_err());
        assert!(check_needs("conditional-spdd", false, true).is_ok() && check_needs("conditional-spdd", true, false).is_err());
        assert!(check_needs("centroid-distance-high", true, true).is_err());
    }

    #[test]
    fn the_strata_in_which_a_limit_would_stand_otherwise_are_counted() {
        let group = |name: &str, n: usize, ratio: Option<[f64; 3]>| {
            let ratio = ratio.map_or_else(
                || serde_json::json!({ "undefined": "few" }),
                |[value, low, high]| serde_json::json!({ "value": value, "interval": { "low": low, "high": high, "level": 0.95, "method": "m", "replicates": 0 } }),
            );
            let mut group = serde_json::json!({ "group": name, "n": n, "selected": 1, "rate": { "value": 0.5 }, "impact_ratio": ratio, "difference": { "value": 0.0 } });
            if n < 30 {
                group["left_out"] = "few".into();
            }
            group
        };
        let stratum = |name: &str, ratio: [f64; 3], n: usize| {
            serde_json::json!({
                "name": name, "n": 100, "findings": [],
                "selections": { "counted": "selected", "n": 100, "selected": 50, "unknown": 0, "unknown_selected": 0, "highest": ["m"],
                                "groups": [group("f", n, (n >= 30).then_some(ratio)), group("m", 50, Some([1.0, 1.0, 1.0]))] },
            })
        };
        let strata = serde_json::json!([
            stratum("a", [0.5, 0.4, 0.6], 50),
            stratum("b", [0.7, 0.5, 0.9], 50),
            stratum("c", [0.95, 0.85, 1.1], 50),
            stratum("d", [0.9, 0.81, 1.0], 50),
            stratum("e", [0.1, 0.1, 0.1], 3),
        ]);
        let report: Report = serde_json::from_value(serde_json::json!({
            "format": 1, "kind": "audit", "title": "t", "versions": {}, "recipe": {}, "columns": [],
            "data": { "name": "d", "loader": "table", "rows": 20, "files": [], "label": null, "features": [],
                      "attributes": [{ "name": "sex", "groups": [], "unknown": 0 }] },
            "methods": [{ "name": "m", "summary": [], "runs": [{
                "seed": 0, "sizes": { "train": 0, "validation": 0, "test": 500 }, "performance": [],
                "attributes": [{ "attribute": "sex", "groups": [], "unknown": 0, "findings": [],
                                 "strata": [{ "by": "job", "unknown": 0, "strata": strata, "adjusted": [], "told": [] }] }],
            }] }],
            "limits": [{ "metric": "impact-ratio", "attribute": "sex", "limit": 0.8, "estimate": { "value": 0.9 }, "met": true, "explanation": "", "judge": "interval" }],
        }))
        .unwrap();
        let by_value = Report { limits: vec![LimitCheck { judge: Judge::Value, ..report.limits[0].clone() }], ..report.clone() };
        let counts = in_strata(&by_value, &by_value.limits[0]);
        assert_eq!((counts[0].breached, counts[0].open, counts[0].kept, counts[0].silent), (2, 0, 2, 1));
        assert!(told_in_strata(&by_value)[0].contains("would be breached in 2, kept in 2, and cannot be judged in 1"));
        let counts = in_strata(&report, &report.limits[0]);
        assert_eq!((counts[0].breached, counts[0].open, counts[0].kept, counts[0].silent), (1, 1, 2, 1));
        assert_eq!(
            told_in_strata(&report),
            [
                "Judged in each of the 5 strata by job alone, the limit 0.8 on Impact ratio (sex) would be breached by the whole interval in 1, not settled in 1, \
              kept by the whole interval in 2, and cannot be judged in 1, for too few rows or for want of the number."
            ]
        );
    }
}
