//! What a report found, in sentences that are made from its numbers by fixed patterns: the summary, the expert page and documents of other formats say the
//! same.

use std::collections::BTreeSet;

use evenhand_metrics::Estimate;

use crate::document::{
    AttributeFindings, Collapse, Counted, GroupSelection, LimitCheck, MethodReport, RemarkKind, Report, ReportKind, RunReport, Selections,
    Standing,
};
use crate::limits::told_in_strata;
use crate::lookup::{self, Measured};
use crate::numbers::{count, counted, fixed, plain, significant};
use crate::price;

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Words of the pattern.
    Plain(String),
    /// A name out of the data, kept apart from the direction of the sentence.
    Name(String),
    /// A number that the sentence is about.
    Strong(String),
}

/// A sentence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Words(pub(crate) Vec<Piece>);

impl Words {
    /// A sentence of plain words.
    pub(crate) fn of(text: impl Into<String>) -> Self {
        Words::default().plain(text)
    }

    /// With further plain words.
    pub(crate) fn plain(mut self, text: impl Into<String>) -> Self {
        self.0.push(Piece::Plain(text.into()));
        self
    }

    /// With a name.
    pub(crate) fn name(mut self, text: impl Into<String>) -> Self {
        self.0.push(Piece::Name(text.into()));
        self
    }

    /// With a number.
    pub(crate) fn strong(mut self, text: impl Into<String>) -> Self {
        self.0.push(Piece::Strong(text.into()));
        self
    }

    /// The sentence as it reads.
    pub(crate) fn text(&self) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Plain(text) | Piece::Name(text) | Piece::Strong(text) => text.as_str(),
            })
            .collect()
    }
}

/// The run that an audit consists of.
pub(crate) fn only_run(report: &Report) -> Option<&RunReport> {
    report.methods.first()?.runs.first()
}

/// Attributes of the first method's first run whose selections are known, with them.
pub(crate) fn selected(report: &Report) -> Vec<(&AttributeFindings, &Selections)> {
    let run = only_run(report).filter(|_| matches!(report.kind, ReportKind::Audit));
    run.into_iter().flat_map(|run| &run.attributes).filter_map(|one| Some((one, one.selections.as_ref()?))).collect()
}

/// The compared group with the lowest impact ratio, and the one it is compared with.
pub(crate) fn lowest(selections: &Selections) -> Option<(&GroupSelection, &GroupSelection)> {
    let highest = selections.highest.first()?;
    let best = selections.groups.iter().find(|group| group.group == *highest)?;
    let compared = selections.groups.iter().filter(|group| !selections.highest.contains(&group.group));
    let lowest = compared
        .filter_map(|group| Some((group.impact_ratio.number()?, group)))
        .min_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, group)| group);
    // All groups tie: any of them stands for the others.
    let lowest =
        lowest.or_else(|| selections.groups.iter().find(|group| group.group != *highest && selections.highest.contains(&group.group)));
    Some((lowest?, best))
}

/// The attribute whose lowest impact ratio is the lowest of all, with its selections; the first of those that tie, and of those that have none.
pub(crate) fn foremost<'a>(selected: &[(&'a AttributeFindings, &'a Selections)]) -> Option<(&'a AttributeFindings, &'a Selections)> {
    let ratio = |(_, selections): &(&AttributeFindings, &Selections)| {
        lowest(selections).and_then(|(least, _)| least.impact_ratio.number()).unwrap_or(f64::INFINITY)
    };
    let told = selected.iter().filter(|(_, selections)| lowest(selections).is_some());
    told.min_by(|one, other| ratio(one).total_cmp(&ratio(other))).copied()
}

/// Metrics that a limit on impact ratios may name.
/// Others, such as disparate impact, may be about a group that somebody named.
pub(crate) const RATIOS: [&str; 2] = ["impact-ratio", "demographic-parity-ratio"];

/// Metrics that print one number where no group is named to compare with.
pub(crate) const ONE_NUMBER: [&str; 4] = ["demographic-parity-ratio", "impact-ratio", "disparate-impact", "folded-disparate-impact"];

/// The limit that was set on the impact ratio of an attribute.
pub(crate) fn ratio_limit<'a>(report: &'a Report, attribute: &str) -> Option<&'a LimitCheck> {
    RATIOS
        .iter()
        .find_map(|metric| report.limits.iter().find(|check| check.metric == *metric && check.attribute.as_deref() == Some(attribute)))
}

/// The lowest ratio of an attribute with the interval that knows that any group might have been the lowest and any the highest; where it was not measured, that of the two
/// groups as given.
pub(crate) fn lowest_ratio(one: &AttributeFindings, least: &GroupSelection) -> Estimate {
    let measured = one.findings.iter().find(|finding| finding.metric == "impact-ratio").map(|finding| &finding.estimate);
    let same = |one: &&Estimate| matches!((one.number(), least.impact_ratio.number()), (Some(a), Some(b)) if (a - b).abs() < 1e-9);
    measured.filter(same).unwrap_or(&least.impact_ratio).clone()
}

/// Where a ratio lies with respect to a lower limit.
pub(crate) fn standing(estimate: &Estimate, limit: f64) -> Option<Standing> {
    let value = estimate.number()?;
    let (low, high) = estimate.interval().map_or((value, value), |interval| (interval.low, interval.high));
    Some(match (low >= limit, high < limit) {
        (true, _) => Standing::Kept,
        (_, true) => Standing::Breached,
        _ => Standing::NotSettled,
    })
}

/// The three standings in words.
pub(crate) fn standing_words(standing: Standing) -> &'static str {
    match standing {
        Standing::Kept => "kept by the whole interval",
        Standing::Breached => "breached by the whole interval",
        Standing::NotSettled => "not settled by these rows",
    }
}

pub(crate) use crate::numbers::ratio;

/// A ratio with its interval: `0.90 [0.87, 0.93]`.
pub(crate) fn ratio_text(estimate: &Estimate, limit: Option<f64>) -> String {
    match estimate {
        Estimate::Undefined { .. } => "undefined".to_owned(),
        Estimate::Value { value, interval: None } => ratio(*value, limit),
        Estimate::Value { value, interval: Some(interval) } => {
            format!("{} [{}, {}]", ratio(*value, limit), ratio(interval.low, limit), ratio(interval.high, limit))
        }
    }
}

/// What was counted, as the end of "of 100 women 47 ...".
pub(crate) fn counted_words(counted: Counted) -> &'static str {
    match counted {
        Counted::Selected => "are selected",
        Counted::AboveMedian => "score above the median",
    }
}

/// Whether a group's name is a noun for its people: `women`, `Asian men`.
fn names_people(group: &str) -> bool {
    let last = group.rsplit([' ', '-']).next().unwrap_or(group).to_lowercase();
    !group.contains(" x ")
        && matches!(last.as_str(), "women" | "men" | "females" | "males" | "people" | "persons" | "candidates" | "applicants")
}

/// How many of 100 (or 1,000, or 10,000) of each of two rates, so that both can be told apart.
fn of_many(one: f64, other: f64) -> (usize, usize, usize) {
    let at = |base: usize| ((one * base as f64).round() as usize, (other * base as f64).round() as usize, base);
    [100, 1000]
        .into_iter()
        .map(at)
        .find(|(first, second, _)| (first != second || one == other) && (*first.min(second) >= 5 || one.min(other) == 0.0))
        .unwrap_or_else(|| at(10_000))
}

/// `Of 100 women 47 are selected, of 100 men 52: impact ratio 0.90 [0.87, 0.93].`
fn of_hundred(report: &Report, one: &AttributeFindings, selections: &Selections) -> Option<Words> {
    let (least, best) = lowest(selections)?;
    let (low, high, base) = of_many(least.rate.number()?, best.rate.number()?);
    let people = |words: Words, group: &GroupSelection| {
        let name = &group.group;
        let words = if names_people(name) { words.plain(" ").name(name) } else { words.plain(" candidates of group ").name(name) };
        words.plain(format!(" (n = {})", count(group.n)))
    };
    let limit = ratio_limit(report, &one.attribute).map(|check| check.limit);
    let words = people(Words::of(format!("Of {}", count(base))), least);
    let words = words.plain(format!(" {} {}, of {}", count(low), counted_words(selections.counted), count(base)));
    let words = people(words, best).plain(format!(" {}: impact ratio ", count(high)));
    let words = words.strong(ratio_text(&lowest_ratio(one, least), limit));
    let selected = selected(report);
    Some(match (selected.len(), foremost(&selected)) {
        (2.., Some((foremost, _))) if foremost.attribute == one.attribute => {
            words.plain(format!(", the lowest of {} attributes (", selected.len())).name(&one.attribute).plain(").")
        }
        _ => words.plain("."),
    })
}

/// Sentences of strata that stand on the first screen, at most.
const MOST_TOLD: usize = 3;

/// What a reader should know before anything else.
pub(crate) fn say(report: &Report) -> Vec<Words> {
    let mut said = match report.kind {
        ReportKind::Audit => of_audit(report),
        ReportKind::Run | ReportKind::Comparison => of_methods(report),
        ReportKind::Sweep => {
            let first = price::price(report).or_else(|| price::without_limit(report));
            first.into_iter().chain(of_methods(report)).collect()
        }
        ReportKind::Ranking => of_lists(report),
        ReportKind::Balancing => of_balance(report),
    };
    if let Some(words) = of_limits(report) {
        said.push(words);
    }
    said.extend(told_in_strata(report).into_iter().take(MOST_TOLD).map(Words::of));
    said
}

fn of_audit(report: &Report) -> Vec<Words> {
    let selected = selected(report);
    // A reader asks first for the group that fares worst, whatever the order in which the attributes were named.
    let first = foremost(&selected).and_then(|(one, selections)| of_hundred(report, one, selections));
    let mut said: Vec<Words> =
        first.or_else(|| selected.iter().find_map(|(one, selections)| of_hundred(report, one, selections))).into_iter().collect();
    let told: Vec<&String> = selected.iter().flat_map(|(one, _)| &one.strata).flat_map(|strata| &strata.told).collect();
    said.extend(told.iter().take(MOST_TOLD).map(|sentence| Words::of(*sentence)));
    if told.len() > MOST_TOLD {
        said.push(Words::of(format!("{} more stand in the {}.", counted(told.len() - MOST_TOLD, "such sentence"), everything(report))));
    }
    if said.is_empty() { of_methods(report) } else { said }
}

/// A distance between scores on the person's own scale, with the words for the scale.
pub(crate) fn own_gap(report: &Report, gap: f64) -> f64 {
    gap * report.data.score_scale.span().abs()
}

/// ` points of 0 to 100`, or nothing on the plain scale.
pub(crate) fn of_scale(report: &Report) -> String {
    let scale = report.data.score_scale;
    if scale.is_plain() { String::new() } else { format!(" points on the scale of {} to {}", plain(scale.low), plain(scale.high)) }
}

/// A measured gap on the person's own scale with its uncertainty.
pub(crate) fn gap_text(report: &Report, measured: &Measured) -> String {
    let own = Measured {
        estimate: measured.estimate.mapped(|gap| own_gap(report, gap)),
        std: measured.std.map(|std| own_gap(report, std)),
        ..measured.clone()
    };
    measured_text(&own, report)
}

/// A measured number with its uncertainty in words.
pub(crate) fn measured_text(measured: &Measured, report: &Report) -> String {
    let Estimate::Value { value, .. } = &measured.estimate else { return "undefined".to_owned() };
    let places = crate::numbers::decimals([*value].into_iter());
    match (measured.interval(), measured.std) {
        (Some(interval), _) => format!("{} [{}, {}]", fixed(*value, places), fixed(interval.low, places), fixed(interval.high, places)),
        (None, Some(std)) => {
            format!("{} (± {} over {})", fixed(*value, places), fixed(std, places), counted(measured.defined, lookup::unit(report)))
        }
        (None, None) => significant(*value),
    }
}

/// The method that others are told from: the one that the report names, else the first.
pub(crate) fn baseline(report: &Report) -> Option<&MethodReport> {
    let named = report.methods.iter().find(|method| Some(&method.name) == report.reference.as_ref());
    named.or_else(|| report.methods.first())
}

/// Whether a method's scores say nothing: one decision for nearly all, or nearly one score.
pub(crate) fn collapsed(report: &Report, method: &MethodReport) -> bool {
    let binary = report.data.label.as_ref().is_some_and(|label| label.kind == "binary");
    let told =
        method.runs.iter().flat_map(|run| &run.notes).any(|note| matches!(note.kind, RemarkKind::HardlyVary | RemarkKind::OneDecision));
    told || method.runs.iter().any(|run| !run.collapsed.is_empty()) || binary && lookup::decides_alike(method)
}

/// In which ways the scores of a method say nothing, in words; empty where they do.
pub(crate) fn collapse(method: &MethodReport) -> Vec<&'static str> {
    let found: BTreeSet<Collapse> = method.runs.iter().flat_map(|run| run.collapsed.iter().copied()).collect();
    found.into_iter().map(Collapse::told).collect()
}

/// The method that is ringed: the one that a sweep chose, else the one with the smallest gap of those that stand on the baseline's rows and whose scores
/// say something.
pub(crate) fn ringed<'a>(report: &'a Report, attribute: &str) -> Option<&'a MethodReport> {
    if let Some(choice) = &report.choice {
        return report.methods.iter().find(|method| Some(&method.name) == choice.chosen.as_ref());
    }
    let sample = baseline(report)?.sample.as_ref();
    let gaps = report.methods.iter().filter(|method| method.sample.as_ref() == sample && !collapsed(report, method));
    let gaps = gaps.filter_map(|method| Some((lookup::measured(method, "spdd", Some(attribute))?.estimate.number()?, method)));
    gaps.min_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, method)| method)
}

fn of_methods(report: &Report) -> Vec<Words> {
    let performance = lookup::performance_metric(report);
    let priced = price::price(report).is_some();
    let mut said = Vec::new();
    for attribute in lookup::attributes(report) {
        let gap_of =
            |method: &MethodReport| lookup::measured(method, "spdd", Some(&attribute)).filter(|found| found.estimate.number().is_some());
        let Some(base) = baseline(report) else { continue };
        let Some(gap) = gap_of(base) else {
            let reason = report
                .methods
                .iter()
                .find_map(|method| Some(lookup::measured(method, "spdd", Some(&attribute))?.estimate.reason()?.to_owned()));
            said.extend(reason.map(|reason| Words::of("SPDD for ").name(&attribute).plain(format!(" could not be estimated: {reason}."))));
            continue;
        };
        let value = |words: Words, method: &MethodReport| match performance
            .as_deref()
            .and_then(|metric| Some((metric, lookup::measured(method, metric, None)?)))
        {
            Some((metric, value)) => {
                words.plain(format!(" with {} ", lookup::heading(report, metric))).strong(measured_text(&value, report))
            }
            None => words,
        };
        let mut words = Words::of("SPDD for ").name(&attribute).plain(" is ").strong(gap_text(report, &gap)).plain(of_scale(report));
        if report.methods.len() > 1 {
            words = value(words.plain(" for ").name(&base.name), base);
        }
        let pair = base.runs.first().and_then(|run| lookup::finding(run, "spdd", Some(&attribute))?.largest_pair.as_ref());
        if let Some((one, other)) = pair {
            let many = lookup::groups(report, &attribute).len() > 2;
            words = words.plain(if many { ", largest between " } else { ", between " }).name(one).plain(" and ").name(other);
        }
        if let Some((chosen, least)) =
            ringed(report, &attribute).filter(|chosen| !std::ptr::eq(*chosen, base)).and_then(|one| Some((one, gap_of(one)?)))
            && !priced
        {
            let compared = report.methods.iter().filter(|method| method.sample == base.sample && gap_of(method).is_some()).count();
            let which = match &report.choice {
                Some(_) => "chosen on the validation rows: ".to_owned(),
                None if compared < report.methods.len() => format!("smallest of the {compared} on the same test rows: "),
                None => format!("smallest of the {compared} compared: "),
            };
            words = words.plain(format!("; {which}")).strong(gap_text(report, &least)).plain(" for ").name(&chosen.name);
            words = value(words, chosen);
        } else if report.methods.len() > 1 && report.choice.is_none() {
            let alone = report.methods.iter().filter(|method| method.sample == base.sample).count() == 1;
            words = words.plain(if alone { "; alone on its test rows" } else { "; no other method has a smaller one" });
        }
        said.push(words.plain("."));
        if said.len() == 2 {
            break;
        }
    }
    if report.choice.as_ref().is_some_and(|choice| choice.chosen.is_none()) {
        said.push(Words::of("No setting is within the limits on the validation rows."));
    }
    for method in report.methods.iter().filter(|method| report.methods.len() > 1 && collapsed(report, method)).take(2) {
        let told = match collapse(method).as_slice() {
            [] => "decides alike for nearly all, or gives nearly one score".to_owned(),
            ways => ways.join(" and "),
        };
        said.push(Words::default().name(&method.name).plain(format!(" {told}: its gap says nothing.")));
    }
    said
}

fn of_lists(report: &Report) -> Vec<Words> {
    let mut said = Vec::new();
    for method in &report.methods {
        let Some(lists) = method.runs.first().and_then(|run| run.shortlists.as_ref()) else { continue };
        let place = lists.top.saturating_sub(1);
        let farthest = lists
            .shares
            .iter()
            .filter_map(|group| Some((group, *group.before.get(place)?)))
            .min_by(|one, other| (one.1 - one.0.wanted).total_cmp(&(other.1 - other.0.wanted)));
        let of = if lists.jobs == 1 { "one list".to_owned() } else { counted(lists.jobs, "job") };
        let words =
            Words::of(format!("Of {} of {of}, {} stand on each shortlist.", counted(lists.candidates, "candidate"), count(lists.top)));
        let Some((group, before)) = farthest else {
            said.push(words);
            continue;
        };
        let words = words.plain(" Of ").name(&lists.attribute).plain(" ").name(&group.group).plain(" have ");
        let words = words.strong(crate::numbers::percent(before)).plain(" of the places by score");
        let words = match group.after.get(place) {
            Some(after) => words.plain(" and ").strong(crate::numbers::percent(*after)).plain(" re-ranked"),
            None => words,
        };
        said.push(words.plain(format!("; wanted are {}.", crate::numbers::percent(group.wanted))));
        if said.len() == 2 {
            break;
        }
    }
    said
}

fn of_balance(report: &Report) -> Vec<Words> {
    let mut said = Vec::new();
    for attribute in lookup::attributes(report) {
        let run = report.methods.first().and_then(|method| method.runs.first());
        let made = run.and_then(|run| run.synthesis.as_ref()).map_or(&[][..], |made| &made.tilt);
        let tilts: Vec<_> = report.data.tilt.iter().chain(made).filter(|tilt| tilt.attribute == attribute).collect();
        let (Some(first), Some(last)) = (tilts.first(), tilts.last()) else { continue };
        let gap = |tilt: &crate::document::Tilt| significant(tilt.demographic_parity_difference.number().unwrap_or(0.0));
        let words = Words::of("The share of high labels differs between ")
            .name(&first.privileged)
            .plain(" and ")
            .name(&first.unprivileged)
            .plain(" by ");
        let words = words.strong(gap(first)).plain(" ").name(&first.stage);
        said.push(if tilts.len() > 1 {
            words.plain(" and by ").strong(gap(last)).plain(" ").name(&last.stage).plain(".")
        } else {
            words.plain(".")
        });
    }
    let made: usize = report.methods.iter().filter_map(|method| method.runs.first()).map(|run| run.sizes.test).sum();
    said.push(Words::of(format!("The balanced table has {}.", counted(made, "row"))));
    said
}

/// How many limits were kept, breached and not settled.
fn of_limits(report: &Report) -> Option<Words> {
    if report.limits.is_empty() || report.law.is_some() {
        return None;
    }
    let of = |wanted: Standing| report.limits.iter().filter(|check| check.standing == Some(wanted)).count();
    let bare = || report.limits.iter().filter(|check| check.standing.is_none());
    let parts = [
        (of(Standing::Kept), "kept by the whole interval"),
        (of(Standing::Breached), "breached by the whole interval"),
        (of(Standing::NotSettled), "not settled by these rows"),
        (bare().filter(|check| check.met).count(), "kept"),
        (bare().filter(|check| !check.met && check.estimate.number().is_some()).count(), "breached"),
        (bare().filter(|check| check.estimate.number().is_none()).count(), "not estimable"),
    ];
    let parts: Vec<String> =
        parts.into_iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {} {words}", if n == 1 { "is" } else { "are" })).collect();
    let all = report.limits.len();
    Some(Words::of(match parts.as_slice() {
        [one] if all == 1 => format!("The limit that was set is {}.", one.trim_start_matches("1 is ")),
        parts => format!("Of the {all} limits that were set {}.", parts.join(", ")),
    }))
}

/// The heading of a document about the report.
pub(crate) fn title(report: &Report) -> String {
    let what = match report.kind {
        _ if report.law.is_some() => return report.title.clone(),
        ReportKind::Audit if !selected(report).is_empty() => "how many of each group are selected",
        ReportKind::Audit => "how far the groups' scores lie apart",
        ReportKind::Run => "how far the groups' scores lie apart, and how well they predict",
        ReportKind::Comparison => "what each method changes, and what it costs",
        ReportKind::Sweep => "what each setting changes, and what it costs",
        ReportKind::Ranking => "who stands on the shortlists",
        ReportKind::Balancing => "the rows before and after",
    };
    format!("{}: {what}", report.title)
}

/// Remarks on scores that say nothing.
pub(crate) fn is_of_collapse(kind: RemarkKind) -> bool {
    matches!(kind, RemarkKind::HardlyVary | RemarkKind::OneDecision | RemarkKind::WorseThanChance)
}

/// Remarks that cast doubt on the numbers themselves.
pub(crate) fn is_grave(kind: RemarkKind) -> bool {
    matches!(
        kind,
        RemarkKind::SmallGroups
            | RemarkKind::SensitiveInputs
            | RemarkKind::IntervalsBeside
            | RemarkKind::LimitBelowChance
            | RemarkKind::MethodFailed
    ) || is_of_collapse(kind)
}

/// What the page with every number is called.
pub(crate) fn everything(report: &Report) -> &'static str {
    if report.law.is_some() { "working papers" } else { "expert report" }
}

/// What kind of document it is.
pub(crate) fn kind(report: &Report) -> &'static str {
    match report.kind {
        ReportKind::Audit => "audit",
        ReportKind::Run => "one trained scorer",
        ReportKind::Comparison => "comparison of methods",
        ReportKind::Sweep => "sweep over a parameter",
        ReportKind::Ranking => "shortlists",
        ReportKind::Balancing => "balanced rows",
    }
}

/// Methods that read a person's group when they score, decide or rank.
pub(crate) fn reads_the_group(report: &Report) -> Vec<&str> {
    let reads = |method: &&MethodReport| {
        method.attribute_to_score
            || method.repair.is_some()
            || method.rerank.is_some()
            || method.runs.iter().filter_map(|run| run.shortlists.as_ref()).any(|lists| lists.reranker.is_some())
    };
    report.methods.iter().filter(reads).map(|method| method.name.as_str()).collect()
}

/// What whoever uses such methods must have looked at, in the words of the law; nothing where no method reads the group.
pub(crate) fn read_at_the_decision(report: &Report) -> Option<String> {
    const NAMED: usize = 3;
    let reading = reads_the_group(report);
    let names = match reading.len() {
        0 => return None,
        n if n <= NAMED => reading.join(", "),
        n => format!("{n} methods"),
    };
    Some(format!("{names}: {}", evenhand_catalog::READS_THE_GROUP))
}

/// Whether scores are only 0 and 1: decisions. Their mean is the share of those selected, and no threshold between changes it.
pub(crate) fn decisions_alone(one: &AttributeFindings) -> bool {
    let by_group = |metric: &str| one.findings.iter().find(|finding| finding.metric == metric).map(|finding| &finding.by_group);
    let same = |a: Option<f64>, b: Option<f64>| matches!((a, b), (Some(a), Some(b)) if (a - b).abs() < 1e-9);
    if let Some(rates) = &one.pass_rates {
        let flat = |rates: &[f64], thresholds: &[f64]| {
            let within: Vec<f64> =
                thresholds.iter().zip(rates).filter(|(at, _)| **at > 1e-9 && **at < 1.0 - 1e-9).map(|(_, rate)| *rate).collect();
            within.len() > 1 && within.iter().all(|rate| (rate - within[0]).abs() < 1e-12)
        };
        return !rates.groups.is_empty() && rates.groups.iter().all(|group| flat(&group.rates, &rates.thresholds));
    }
    match (by_group("mean-score"), by_group("selection-rate")) {
        (Some(means), Some(rates)) => {
            let pairs = means.iter().filter_map(|mean| Some((mean, rates.iter().find(|rate| rate.group == mean.group)?)));
            let alike: Vec<bool> = pairs.map(|(mean, rate)| same(mean.estimate.number(), rate.estimate.number())).collect();
            !alike.is_empty() && alike.iter().all(|alike| *alike)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{names_people, of_many, ratio};

    #[test]
    fn a_ratio_stays_on_its_side_of_the_limit() {
        assert_eq!(ratio(0.7996, Some(0.8)), "0.7996");
        assert_eq!(ratio(0.7951, Some(0.8)), "0.795");
        assert_eq!((ratio(0.8, Some(0.8)), ratio(0.8, None)), ("0.80".to_owned(), "0.80".to_owned()));
        // Four fifths are looked at beside any limit, and without one; ever so near.
        assert_eq!((ratio(0.7996, None), ratio(0.7996, Some(0.75))), ("0.7996".to_owned(), "0.7996".to_owned()));
        assert_eq!((ratio(0.749_96, Some(0.75)), ratio(0.9, None)), ("0.74996".to_owned(), "0.90".to_owned()));
        assert_eq!(ratio(799_999_999.0 / 1e9, None), "0.799999999");
    }

    #[test]
    fn so_many_that_both_can_be_told_apart() {
        assert_eq!(of_many(0.47, 0.52), (47, 52, 100));
        assert_eq!(of_many(0.471, 0.474), (471, 474, 1000));
        assert_eq!(of_many(0.004, 0.012), (40, 120, 10_000));
        assert_eq!(of_many(0.5, 0.5), (50, 50, 100));
        assert_eq!(of_many(0.0, 0.3), (0, 30, 100));
    }

    #[test]
    fn people_are_named_by_a_noun_or_by_their_group() {
        assert!(names_people("women") && names_people("Asian men") && !names_people("Hispanic or Latino") && !names_people("f x women"));
    }
}
