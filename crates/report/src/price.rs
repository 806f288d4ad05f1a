//! What a sweep's choice costs, and what chance alone gives on the rows that it was made on.
//!
//! ```text
//! price     of the limited gaps and of performance: mean over the runs on test rows, of the setting that others are told from and of the chosen one
//! proposed  chance, rounded up to two digits that a limit can have                        (no limit of ours, but the least that these rows could settle)
//! ```

use evenhand_rows::Scale;

use crate::document::{Chance, MethodReport, RemarkKind, Report, ReportKind, RunReport};
use crate::lookup;
use crate::numbers::{count, counted, decimals, fixed, plain, significant};
use crate::telling::{self, Words};

/// Gaps that the sentence of the price names, at most.
const MOST_GAPS: usize = 3;

/// One number before and after.
struct Change {
    words: Words,
    before: f64,
    after: f64,
    unit: String,
}

/// The chosen setting and what it costs, in one sentence; `None` where nothing was chosen or there is nothing to tell it from.
pub(crate) fn price(report: &Report) -> Option<Words> {
    let choice = report.choice.as_ref()?;
    let chosen = report.methods.iter().find(|method| Some(&method.name) == choice.chosen.as_ref())?;
    let base = report.methods.iter().find(|method| Some(&method.name) == report.reference.as_ref())?;
    let by = lookup::heading(report, &choice.by);
    let begins =
        Words::of("Of the settings within the limits, ").name(&chosen.name).plain(format!(" is best in {by} on the validation rows: "));
    if std::ptr::eq(chosen, base) {
        return Some(begins.plain("the limits are kept without any term of fairness, and nothing is paid."));
    }
    let changes: Vec<Change> = gaps(report, base, chosen).into_iter().chain(performances(report, base, chosen)).collect();
    if changes.is_empty() {
        return None;
    }
    let runs = chosen.runs.len();
    let over = if runs > 1 { format!(" (means over {})", counted(runs, lookup::unit(report))) } else { String::new() };
    let mut words = begins.plain("against ").name(&base.name).plain(format!(", on the test rows{over}"));
    let last = changes.len() - 1;
    for (place, change) in changes.into_iter().enumerate() {
        words = words.plain(if place == 0 || place < last { ", " } else { " and " });
        words.0.extend(change.words.0);
        let places = decimals([change.before, change.after].into_iter());
        let (before, after) = (fixed(change.before, places), fixed(change.after, places));
        words = if before == after {
            words.plain(" stays at ").strong(after)
        } else {
            let way = if change.after < change.before { " falls from " } else { " rises from " };
            words.plain(way).strong(before).plain(" to ").strong(after)
        };
        words = words.plain(change.unit);
    }
    Some(words.plain("."))
}

/// The gaps that were limited, else that of the first attribute.
fn gaps(report: &Report, base: &MethodReport, chosen: &MethodReport) -> Vec<Change> {
    let limited = report.choice.iter().flat_map(|choice| &choice.candidates).next().map_or(&[][..], |first| &first.limited);
    let mut wanted: Vec<(&str, String)> = Vec::new();
    for one in limited {
        let pair = one.attribute.clone().map(|attribute| (one.metric.as_str(), attribute));
        wanted.extend(pair.filter(|pair| !wanted.contains(pair)));
    }
    if wanted.is_empty() {
        wanted.extend(lookup::attributes(report).first().map(|attribute| ("spdd", attribute.clone())));
    }
    let of = |(metric, attribute): (&str, String)| {
        let card = evenhand_metrics::find(metric).ok()?.card();
        let mean = |method: &MethodReport| mean_judged(method, metric, Some(&attribute));
        let own = |value: f64| if card.is_of_scores() { telling::own_gap(report, value) } else { value };
        let heading = lookup::heading(report, metric);
        let words = match card.fair_value {
            Some(1.0) => Words::of(format!("{heading} for ")).name(&attribute),
            _ => Words::of("the gap for ").name(&attribute).plain(format!(" ({heading})")),
        };
        let unit = if card.is_of_scores() { telling::of_scale(report) } else { String::new() };
        Some(Change { words, before: own(mean(base)?), after: own(mean(chosen)?), unit })
    };
    wanted.into_iter().take(MOST_GAPS).filter_map(of).collect()
}

/// What the kind of label is judged by, and what the choice was made by.
fn performances(report: &Report, base: &MethodReport, chosen: &MethodReport) -> Vec<Change> {
    let continuous = report.data.label.as_ref().is_some_and(|label| label.kind == "continuous");
    let mut wanted: Vec<&str> = if continuous { vec!["srcc", "mae"] } else { vec!["roc-auc", "balanced-accuracy"] };
    if let Some(choice) = report.choice.as_ref().filter(|choice| choice.of.is_none() && !wanted.contains(&choice.by.as_str())) {
        wanted.push(&choice.by);
    }
    let of = |metric: &str| {
        let mean = |method: &MethodReport| mean_judged(method, metric, None);
        // An error is one of labels, which have the person's own scale.
        let scale = if metric == "mae" { report.data.label_scale } else { Scale::default() };
        let own = |value: f64| value * scale.span().abs();
        let unit = if scale.is_plain() { String::new() } else { format!(" points of {} to {}", plain(scale.low), plain(scale.high)) };
        Some(Change { words: Words::of(lookup::heading(report, metric)), before: own(mean(base)?), after: own(mean(chosen)?), unit })
    };
    wanted.into_iter().filter_map(of).collect()
}

/// Mean over the runs of a number as limits judge it, where all runs have it.
fn mean_judged(method: &MethodReport, metric: &str, attribute: Option<&str>) -> Option<f64> {
    let card = evenhand_metrics::find(metric).ok()?.card();
    let of_run = |run: &RunReport| Some(crate::limits::judged(card, lookup::finding(run, metric, attribute)?.estimate.number()?));
    let values: Option<Vec<f64>> = method.runs.iter().map(of_run).collect();
    crate::averages::mean(values?.into_iter())
}

/// Whether a limit is set that chance alone would breach.
pub fn is_below_chance(chance: &Chance) -> bool {
    chance.limit.is_some_and(|limit| limit < chance.by_lot)
}

/// The kind of a remark on chance: a limit below it casts doubt on the choice itself.
pub fn kind_of(chance: &Chance) -> RemarkKind {
    if is_below_chance(chance) { RemarkKind::LimitBelowChance } else { RemarkKind::Chance }
}

/// What chance gives, in a sentence, with the limit that was set or one that could be.
///
/// ```
/// let mut chance = evenhand_report::Chance {
///     metric: "spdd".to_owned(), attribute: "sex".to_owned(), method: "vanilla".to_owned(), rows: 400, by_lot: 0.0213, limit: Some(0.01),
/// };
/// assert_eq!(
///     evenhand_report::price::chance_told(&chance),
///     "Chance alone gives SPDD 0.021 for sex on these 400 validation rows (scores of vanilla, groups drawn by lot); the limit of 0.01 lies below that: \
///      whether a scorer keeps it cannot be told from chance."
/// );
/// chance.limit = None;
/// assert!(evenhand_report::price::chance_told(&chance).ends_with("cannot be told from chance. No limit was set; one of 0.03 (`limit` spdd@sex=0.03) lies above it."));
/// ```
pub fn chance_told(chance: &Chance) -> String {
    let heading = evenhand_metrics::find(&chance.metric).map_or_else(|_| chance.metric.clone(), |metric| metric.card().name.to_owned());
    let Chance { metric, attribute, method, rows, by_lot, limit } = chance;
    let lot = fixed(*by_lot, if *by_lot < 0.01 { 4 } else { 3 });
    let gives = format!(
        "Chance alone gives {heading} {lot} for {attribute} on these {} validation rows (scores of {method}, groups drawn by lot)",
        count(*rows)
    );
    match limit {
        Some(limit) if is_below_chance(chance) => {
            format!("{gives}; the limit of {} lies below that: whether a scorer keeps it cannot be told from chance.", plain(*limit))
        }
        Some(limit) => format!("{gives}; the limit of {} is not below that.", plain(*limit)),
        None => {
            let proposed = plain(proposed(chance));
            format!(
                "{gives}; a limit below that cannot be told from chance. No limit was set; one of {proposed} (`limit` {metric}@{attribute}={proposed}) lies above it."
            )
        }
    }
}

/// A limit that lies above what chance gives: rounded up to the second decimal, or to two digits where chance gives less than that.
fn proposed(chance: &Chance) -> f64 {
    let step = if chance.by_lot < 0.01 { 0.001 } else { 0.01 };
    let steps = (chance.by_lot / step).floor() + 1.0;
    (steps * step * 1e6).round() / 1e6
}

/// What is said of a sweep that chose nothing, as nobody set a limit.
pub(crate) fn without_limit(report: &Report) -> Option<Words> {
    let first = report.chance.first().filter(|_| report.kind == ReportKind::Sweep && report.choice.is_none())?;
    let heading = lookup::heading(report, &first.metric);
    let words = Words::of("No limit was set, and so no setting was chosen; chance alone gives ").plain(format!("{heading} "));
    let words = words.strong(significant(first.by_lot)).plain(" for ").name(&first.attribute);
    Some(words.plain(format!(" on {} validation rows, and a limit below that cannot be told from chance.", count(first.rows))))
}

/// The price as a text; nothing where there is none.
pub fn told(report: &Report) -> Option<String> {
    price(report).map(|words| words.text())
}
