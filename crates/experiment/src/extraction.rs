//! What an extraction found, by group: a pipeline that fails more often for one group is itself a source of gaps.
//!
//! ```text
//! rate           p = x/n, Wilson's interval:  (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)
//! rates, p - q   Newcombe's:  d - sqrt((p - l)^2 + (u' - q)^2) .. d + sqrt((u - p)^2 + (q - l')^2),   d = p - q
//! mean           m +- t(n - 1) s / sqrt(n)
//! means, m - m'  Welch's:  d +- t(v) sqrt(s^2/n + s'^2/n'),   v = (a + a')^2 / (a^2/(n-1) + a'^2/(n'-1)),   a = s^2/n
//! ```
//!
//! z: 1.96, t: quantile of Student's t, both two-sided 95 %; l, u: Wilson's limits of p, l', u' of q; s: sample standard deviation. No
//! difference has a limit here: limits are the user's. Intervals are not corrected for the number of comparisons. Undefined: a rate
//! without candidates, a mean with fewer than two values (a value, but no interval, for one), a difference of which a side is undefined.
//!
//! Rates: `failure_rate` of all candidates; `no_video_rate`, `no_audio_rate`, `no_text_rate` of the extracted ones. Means: facts of all
//! candidates for which they are known. Candidates whose group is unknown are counted and enter no group.
//!
//! Source: Newcombe 1998, "Interval estimation for the difference between independent proportions", method 10; Welch 1947.

use std::collections::BTreeMap;
use std::path::Path;

use evenhand_data::loaders::interviews::{CANDIDATES, EXTRACTED, ID, STATUS};
use evenhand_data::table::{self, TableSettings};
use evenhand_media::MediaError;
use evenhand_media::extract::columns::STATUS_DETAIL;
use evenhand_media::extract::origin;
use evenhand_media::extract::table::Table as Facts;
use evenhand_metrics::proportions::{Proportion, newcombe};
use evenhand_metrics::{Comparison, Estimate, GroupFinding, Interval};
use evenhand_report::{AttributeExtraction, ExtractionReport, FACTS, Fact, Measure};
use evenhand_rows::{Groups, Schema, SensitiveRole};
use statrs::function::beta::beta_reg;

use crate::ExperimentError;

const LEVEL: f64 = 0.95;

/// Modalities, the column with the reason of their absence, and the name of the rate.
const MODALITIES: [(&str, &str, &str); 3] =
    [("video", "video_reason", "no_video_rate"), ("audio", "audio_reason", "no_audio_rate"), ("text", "text_reason", "no_text_rate")];

/// Those that a face detector finds.
const FACES: [&str; 2] = ["faces_found_share", "face_score"];

/// Who has no record and why: id, reason and what more is known, in the order of the manifest.
pub fn failures(folder: &Path) -> Result<Vec<String>, ExperimentError> {
    let facts = Facts::read(&folder.join(CANDIDATES))?;
    let texts = |name: &str| facts.texts(name).unwrap_or_else(|| vec![None; facts.rows()]);
    let (ids, status, details) = (texts(ID), texts(STATUS), texts(STATUS_DETAIL));
    let told = ids.iter().zip(&status).zip(&details).filter_map(|((id, status), detail)| {
        let status = status.as_deref().filter(|status| *status != EXTRACTED)?;
        let detail = detail.as_deref().filter(|detail| !detail.is_empty()).map_or_else(String::new, |detail| format!(" ({detail})"));
        Some(format!("{}: {status}{detail}", id.as_deref().unwrap_or_default()))
    });
    Ok(told.collect())
}

/// Names of the columns of an extracted folder.
pub(crate) fn columns(folder: &Path) -> Result<Vec<String>, ExperimentError> {
    Ok(table::columns(&[folder.join(CANDIDATES).display().to_string()], &table::FileOptions::default())?)
}

/// Reads an extracted folder and compares the groups of these attributes (columns, intersections or cuts).
pub fn report(folder: &Path, sensitive: &[String]) -> Result<ExtractionReport, ExperimentError> {
    let known = columns(folder)?;
    let roles: Vec<SensitiveRole> = sensitive.iter().map(|text| SensitiveRole::parse(text, &known)).collect::<Result<_, _>>()?;
    by_roles(folder, &roles, &[])
}

/// Reads an extracted folder and compares the groups of these attributes; `missing`: texts that stand for an unknown group.
pub(crate) fn by_roles(folder: &Path, sensitive: &[SensitiveRole], missing: &[String]) -> Result<ExtractionReport, ExperimentError> {
    let about = origin::about(folder)?;
    let path = folder.join(CANDIDATES);
    let facts = Facts::read(&path)?;
    let status = facts.texts(STATUS).ok_or_else(|| {
        ExperimentError::Media(MediaError::BadFile {
            path: path.clone(),
            problem: format!("has no column `{STATUS}`"),
            remedy: "name a folder that `evenhand extract` wrote".to_owned(),
        })
    })?;
    let extracted: Vec<bool> = status.iter().map(|status| status.as_deref() == Some(EXTRACTED)).collect();
    let asked: Vec<&str> = about["settings"]["modalities"].as_array().into_iter().flatten().filter_map(|name| name.as_str()).collect();

    let mut report = ExtractionReport {
        format: 1,
        candidates: extracted.len(),
        extracted: extracted.iter().filter(|extracted| **extracted).count(),
        failed: BTreeMap::new(),
        missing: BTreeMap::new(),
        facts: Vec::new(),
        attributes: Vec::new(),
        notes: about["notes"].as_array().into_iter().flatten().filter_map(|note| note.as_str().map(str::to_owned)).collect(),
    };
    for status in status.iter().flatten().filter(|status| *status != EXTRACTED) {
        *report.failed.entry(status.clone()).or_default() += 1;
    }
    let mut rates: Vec<(&str, String, Vec<Option<bool>>)> =
        vec![("failure_rate", "failed".to_owned(), extracted.iter().map(|extracted| Some(!extracted)).collect())];
    for (modality, column, rate) in MODALITIES.iter().filter(|(modality, ..)| asked.contains(modality)) {
        let reasons = facts.texts(column).unwrap_or_else(|| vec![None; extracted.len()]);
        let missing = report.missing.entry((*modality).to_owned()).or_default();
        for reason in extracted.iter().zip(&reasons).filter(|(extracted, _)| **extracted).filter_map(|(_, reason)| reason.clone()) {
            *missing.entry(reason).or_default() += 1;
        }
        let absent = extracted.iter().zip(&reasons).map(|(extracted, reason)| extracted.then_some(reason.is_some())).collect();
        rates.push((rate, format!("extracted without {modality}"), absent));
    }
    // Without a detector every frame counts as a face, of every group: that says nothing.
    let looked = about["settings"]["face"]["detector"] != "centre";
    let means: Vec<(&str, &str, Vec<Option<f64>>)> = FACTS
        .iter()
        .filter(|(name, _)| looked || !FACES.contains(name))
        .filter_map(|(name, heading)| Some((*name, *heading, facts.numbers(name)?)))
        .collect();
    for (name, _, values) in &means {
        let known: Vec<f64> = values.iter().flatten().copied().collect();
        if !known.is_empty() {
            let (low, high) =
                known.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)));
            report.facts.push(Fact { name: (*name).to_owned(), n: known.len(), mean: mean(&known), range: Some((low, high)) });
        }
    }
    for groups in groups(&path, sensitive, missing)? {
        evenhand_audit::scores::refuse_persons_in(&groups)?;
        let mut measures = Vec::new();
        for (name, heading, values) in &rates {
            let sides: Vec<Rate> = by_group(&groups, values).iter().map(|values| Rate::of(values)).collect();
            measures.push(measure(name, heading, &groups, &sides, |side| side.n, Rate::estimate, rate_difference));
        }
        for (name, heading, values) in means.iter().filter(|(.., values)| values.iter().any(Option::is_some)) {
            let sides = by_group(&groups, values);
            measures.push(measure(
                name,
                heading,
                &groups,
                &sides,
                Vec::len,
                |values| mean(values),
                |a, b, level| mean_difference(a, b, level),
            ));
        }
        report.attributes.push(AttributeExtraction {
            attribute: groups.name().to_owned(),
            groups: groups.levels().iter().cloned().zip(groups.sizes()).collect(),
            unknown: groups.unknown_count(),
            measures,
        });
    }
    Ok(report)
}

fn groups(path: &Path, sensitive: &[SensitiveRole], missing: &[String]) -> Result<Vec<Groups>, ExperimentError> {
    if sensitive.is_empty() {
        return Ok(Vec::new());
    }
    let schema = Schema { features: Some(Vec::new()), sensitive: sensitive.to_vec(), missing: missing.to_vec(), ..Schema::default() };
    Ok(table::read(&[path.display().to_string()], &schema, &TableSettings::default())?.sensitive)
}

fn by_group<T: Copy>(groups: &Groups, values: &[Option<T>]) -> Vec<Vec<T>> {
    let mut sides = vec![Vec::new(); groups.levels().len()];
    for (&code, value) in groups.codes().iter().zip(values) {
        if let (Some(side), Some(value)) = (sides.get_mut(code as usize), value) {
            side.push(*value);
        }
    }
    sides
}

fn measure<T>(
    name: &str,
    heading: &str,
    groups: &Groups,
    sides: &[T],
    n: impl Fn(&T) -> usize,
    estimate: impl Fn(&T) -> Estimate,
    difference: impl Fn(&T, &T, f64) -> Estimate,
) -> Measure {
    let levels = groups.levels();
    let by_group =
        levels.iter().zip(sides).map(|(group, side)| GroupFinding { group: group.clone(), n: n(side), estimate: estimate(side) }).collect();
    let mut differences = Vec::new();
    // Whoever looks at many pairs looks at the largest: all intervals of a measure hold together, by Sidak's level of each.
    let pairs = levels.len() * levels.len().saturating_sub(1) / 2;
    let level = LEVEL.powf(1.0 / pairs.max(1) as f64);
    for (position, (group, side)) in levels.iter().zip(sides).enumerate() {
        for (against, other) in levels.iter().zip(sides).skip(position + 1) {
            differences.push(Comparison { group: group.clone(), against: against.clone(), estimate: difference(side, other, level) });
        }
    }
    Measure { name: name.to_owned(), heading: heading.to_owned(), by_group, differences }
}

fn with_interval(value: f64, low: f64, high: f64, method: &str) -> Estimate {
    if !(value.is_finite() && low.is_finite() && high.is_finite()) {
        return Estimate::value(value);
    }
    Estimate::Value { value, interval: Some(Interval { low, high, level: LEVEL, method: method.to_owned(), replicates: 0 }) }
}

#[derive(Debug, Clone, Copy)]
struct Rate {
    hits: usize,
    n: usize,
}

impl Rate {
    fn of(values: &[bool]) -> Self {
        Rate { hits: values.iter().filter(|hit| **hit).count(), n: values.len() }
    }

    fn proportion(&self) -> Proportion {
        Proportion { hits: self.hits as f64, n: self.n as f64 }
    }

    fn estimate(&self) -> Estimate {
        let proportion = self.proportion();
        match proportion.share().zip(proportion.wilson(LEVEL)) {
            Some((rate, (low, high))) => with_interval(rate, low, high, "wilson"),
            None => Estimate::undefined("no candidates in the group"),
        }
    }
}

fn rate_difference(one: &Rate, other: &Rate, level: f64) -> Estimate {
    let (one, other) = (one.proportion(), other.proportion());
    match (one.share(), other.share(), newcombe(one, other, level)) {
        (Some(p), Some(q), Some((low, high))) => with_interval(p - q, low, high, "newcombe"),
        _ => Estimate::undefined("no candidates in one of the groups"),
    }
}

/// Mean and the square of its standard error, where there is one.
fn moments(values: &[f64]) -> Option<(f64, Option<f64>)> {
    let n = values.len() as f64;
    if values.is_empty() {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((mean, (values.len() > 1).then(|| squares / (n - 1.0) / n)))
}

fn mean(values: &[f64]) -> Estimate {
    match moments(values) {
        None => Estimate::undefined("not known of any candidate of the group"),
        Some((mean, None)) => Estimate::value(mean),
        Some((mean, Some(square))) => {
            let half = student(values.len() as f64 - 1.0, LEVEL) * square.sqrt();
            with_interval(mean, mean - half, mean + half, "student")
        }
    }
}

fn mean_difference(one: &[f64], other: &[f64], level: f64) -> Estimate {
    let (Some((mean, square)), Some((other_mean, other_square))) = (moments(one), moments(other)) else {
        return Estimate::undefined("not known of any candidate of one of the groups");
    };
    let difference = mean - other_mean;
    let (Some(a), Some(b)) = (square, other_square) else { return Estimate::value(difference) };
    if a + b <= 0.0 {
        return with_interval(difference, difference, difference, "welch");
    }
    let freedom = (a + b).powi(2) / (a * a / (one.len() as f64 - 1.0) + b * b / (other.len() as f64 - 1.0));
    let half = student(freedom, level) * (a + b).sqrt();
    with_interval(difference, difference - half, difference + half, "welch")
}

/// The two-sided quantile of Student's t at a level, by bisection of its distribution function: the inverse that the library has is off by 7 % for
/// ten million degrees of freedom.
fn student(freedom: f64, level: f64) -> f64 {
    // P(|T| > t) = I_x(v/2, 1/2), x = v / (v + t^2)
    let outside = |t: f64| beta_reg(freedom / 2.0, 0.5, freedom / (freedom + t * t));
    let (mut low, mut high) = (0.0_f64, 2.0_f64);
    while outside(high) > 1.0 - level && high < 1e6 {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if outside(middle) > 1.0 - level {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<f64>, expected: f64, tolerance: f64) {
        let found = found.unwrap();
        assert!((found - expected).abs() <= tolerance, "{found} instead of {expected}");
    }

    fn ends(estimate: &Estimate) -> (f64, f64) {
        let interval = estimate.interval().unwrap();
        (interval.low, interval.high)
    }

    #[test]
    fn quantiles_of_a_printed_table() {
        // Two-sided 95 %, as tables print it.
        for (freedom, expected) in [(1.0, 12.706), (2.0, 4.303), (4.0, 2.776), (10.0, 2.228), (30.0, 2.042), (120.0, 1.980)] {
            near(Some(student(freedom, LEVEL)), expected, 6e-4);
        }
        near(Some(student(1e7, LEVEL)), 1.959_963_984_540_054, 1e-5);
    }

    #[test]
    fn the_examples_of_newcombe_1998() {
        // Table II, method 10: 56/70 - 48/80, 9/10 - 3/10, 5/56 - 0/29, 0/10 - 0/20.
        for (one, other, low, high) in [
            ((56, 70), (48, 80), 0.0524, 0.3339),
            ((9, 10), (3, 10), 0.1705, 0.8090),
            ((5, 56), (0, 29), -0.0381, 0.1926),
            ((0, 10), (0, 20), -0.1611, 0.2775),
        ] {
            let found = ends(&rate_difference(&Rate { hits: one.0, n: one.1 }, &Rate { hits: other.0, n: other.1 }, LEVEL));
            near(Some(found.0), low, 6e-5);
            near(Some(found.1), high, 6e-5);
        }
        assert!(rate_difference(&Rate { hits: 0, n: 0 }, &Rate { hits: 1, n: 2 }, LEVEL).reason().is_some());
    }

    #[test]
    fn welch_by_hand() {
        // Means 2 and 5, variances 1 and 4 of 3 and 3 values: squares of the errors 1/3 and 4/3, freedom (5/3)^2 / (1/18 + 16/18) = 50/17.
        let difference = mean_difference(&[1.0, 2.0, 3.0], &[3.0, 5.0, 7.0], LEVEL);
        near(difference.number(), -3.0, 1e-12);
        let half = student(50.0 / 17.0, LEVEL) * (5.0_f64 / 3.0).sqrt();
        let (low, high) = ends(&difference);
        near(Some(low), -3.0 - half, 1e-9);
        near(Some(high), -3.0 + half, 1e-9);
        // Between the quantiles of 2 and 3 degrees, 4.303 and 3.182.
        assert!(half > 3.182 * 1.29 && half < 4.303 * 1.30);
        assert!(mean_difference(&[], &[1.0], LEVEL).reason().is_some());
        assert!(mean_difference(&[1.0], &[1.0, 2.0], LEVEL).interval().is_none());
    }
}
