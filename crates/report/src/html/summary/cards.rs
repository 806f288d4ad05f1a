//! The figures: one number with its interval each.

use std::fmt::Write as _;

use evenhand_metrics::Estimate;

use super::Markup;
use crate::document::{MethodReport, Report, Standing};
use crate::html::markup::{Share, escaped};
use crate::lookup::{self, Measured};
use crate::numbers::{decimals, fixed, level, plain};
use crate::telling::{self, lowest, ratio, ratio_limit, standing_words};

/// Figures, at most.
pub(super) const MOST: usize = 6;

/// A line with an interval, a dot, perhaps a limit, and what stands at its ends.
struct Strip<'a> {
    ends: (f64, f64),
    value: f64,
    interval: Option<(f64, f64)>,
    limit: Option<(f64, String)>,
    labels: (String, String),
    told: &'a str,
}

impl Strip<'_> {
    fn draw(&self, body: &mut Markup) {
        let at = |value: f64| Share(((value - self.ends.0) / (self.ends.1 - self.ends.0)).clamp(0.0, 1.0));
        let mut svg = format!(
            "<svg role=\"img\" aria-label=\"{}\"><line class=\"ax\" x1=\"0\" x2=\"100%\" y1=\"12\" y2=\"12\"/>",
            escaped(self.told)
        );
        if let Some((limit, words)) = &self.limit {
            let x = at(*limit);
            let _ = write!(
                svg,
                "<line class=\"lim\" x1=\"{x}\" x2=\"{x}\" y1=\"3\" y2=\"21\"/><text class=\"m\" x=\"{x}\" y=\"33\" text-anchor=\"middle\">{}</text>",
                escaped(words)
            );
        }
        if let Some((low, high)) = self.interval {
            let _ = write!(svg, "<line class=\"iv\" x1=\"{}\" x2=\"{}\" y1=\"12\" y2=\"12\"/>", at(low), at(high));
        }
        let _ = write!(svg, "<circle class=\"pt\" cx=\"{}\" cy=\"12\" r=\"5\"/>", at(self.value));
        let _ = write!(
            svg,
            "<text class=\"m\" x=\"0\" y=\"33\">{}</text><text class=\"m\" x=\"100%\" y=\"33\" text-anchor=\"end\">{}</text></svg>",
            escaped(&self.labels.0),
            escaped(&self.labels.1)
        );
        body.raw(&svg);
    }
}

/// Where the axis of ratios begins: at a round number below all of them.
fn floor_of(values: impl Iterator<Item = f64>) -> f64 {
    let least = values.fold(1.0_f64, f64::min);
    ((least - 0.02).max(0.0) * 5.0).floor() / 5.0
}

/// An audit: the lowest impact ratio of each attribute, or the gap of the scores where nobody is selected.
pub(super) fn of_audit(report: &Report, body: &mut Markup) {
    let found: Vec<_> = telling::selected(report)
        .into_iter()
        .filter_map(|(one, selections)| Some((one, selections, lowest(selections)?)))
        .take(MOST)
        .collect();
    if found.is_empty() {
        of_gaps(report, body);
        return;
    }
    let limits = found.iter().filter_map(|(one, ..)| ratio_limit(report, &one.attribute)).map(|check| check.limit);
    let estimates: Vec<Estimate> = found.iter().map(|(one, _, (least, _))| telling::lowest_ratio(one, least)).collect();
    let lows = estimates.iter().filter_map(|estimate| estimate.interval().map(|interval| interval.low).or(estimate.number()));
    let floor = floor_of(lows.chain(limits));
    let top = estimates.iter().filter_map(Estimate::interval).map(|interval| interval.high).fold(1.0, f64::max);
    body.raw("<section class=\"cards\" aria-label=\"Lowest impact ratio of each attribute\">");
    let mut of_level = None;
    for (one, _, (least, best)) in &found {
        let limit = ratio_limit(report, &one.attribute);
        let bound = limit.map(|check| check.limit);
        let estimate = telling::lowest_ratio(one, least);
        // As the sentence and the table of limits have it.
        let standing = limit.and_then(|check| check.standing.or_else(|| telling::standing(&estimate, check.limit)));
        let low = standing == Some(Standing::Breached);
        body.raw(if low { "<div class=\"card lo\">" } else { "<div class=\"card\">" }).named("h2", &one.attribute);
        body.raw("<p class=\"who\">").name(&least.group).text(" against ").name(&best.group).raw("</p>");
        match &estimate {
            Estimate::Undefined { undefined } => {
                body.element("p class=\"out\"", &format!("Not estimable: {undefined}."));
            }
            Estimate::Value { value, interval } => {
                let range = interval.as_ref().map(|interval| format!("{} to {}", ratio(interval.low, bound), ratio(interval.high, bound)));
                of_level = of_level.or(interval.as_ref().map(|interval| interval.level));
                body.raw("<p class=\"num\">")
                    .text(&ratio(*value, bound))
                    .element("small", range.as_deref().unwrap_or("no interval"))
                    .raw("</p>");
                let told = format!("impact ratio {}, interval {}", ratio(*value, bound), range.as_deref().unwrap_or("none"));
                Strip {
                    ends: (floor, top),
                    value: *value,
                    interval: interval.as_ref().map(|interval| (interval.low, interval.high)),
                    limit: bound.map(|limit| (limit, format!("limit {}", plain(limit)))),
                    labels: (fixed(floor, 2), fixed(top, 2)),
                    told: &told,
                }
                .draw(body);
            }
        }
        if let (Some(check), Some(standing)) = (limit, standing) {
            let mark = match standing {
                Standing::Breached => "▼ ",
                Standing::NotSettled if estimate.number().is_some_and(|value| value < check.limit) => "▽ ",
                _ => "",
            };
            body.element("p class=\"out\"", &format!("{mark}Limit of {}: {}", plain(check.limit), standing_words(standing)));
        }
        body.raw("</div>");
    }
    body.raw("</section>\n");
    let intervals = of_level
        .map_or_else(String::new, |of| format!(" Behind each number, its {} interval: how far it could move by chance alone.", level(of)));
    body.element("p class=\"note\"", &format!("Impact ratio: the share of a group that is selected, divided by that of the group with the highest share. 1.00 means equal shares.{intervals}"));
}

/// The gap of the scores by attribute, on the person's own scale.
fn of_gaps(report: &Report, body: &mut Markup) {
    let Some(method) = report.methods.first() else { return };
    let gaps: Vec<(String, Measured)> = lookup::attributes(report)
        .into_iter()
        .filter_map(|attribute| Some((attribute.clone(), lookup::measured(method, "spdd", Some(&attribute))?)))
        .take(MOST)
        .collect();
    if gaps.is_empty() {
        return;
    }
    let own = |gap: f64| telling::own_gap(report, gap);
    let high = |found: &Measured| found.estimate.interval().map(|interval| interval.high).or(found.estimate.number()).map(own);
    let top = gaps.iter().filter_map(|(_, found)| high(found)).fold(0.0, f64::max).max(1e-6) * 1.15;
    body.raw("<section class=\"cards\" aria-label=\"Gap of the scores by attribute\">");
    for (attribute, found) in &gaps {
        body.raw("<div class=\"card\">").named("h2", attribute);
        let pair = method.runs.first().and_then(|run| lookup::finding(run, "spdd", Some(attribute))?.largest_pair.clone());
        match pair {
            Some((one, other)) => body.raw("<p class=\"who\">").name(&one).text(" and ").name(&other).raw("</p>"),
            None => body.raw("<p class=\"who\">all groups</p>"),
        };
        match found.estimate.mapped(own) {
            Estimate::Undefined { undefined } => {
                body.element("p class=\"out\"", &format!("Not estimable: {undefined}."));
            }
            Estimate::Value { value, interval } => {
                let places = decimals([value].into_iter());
                let range =
                    interval.as_ref().map(|interval| format!("{} to {}", fixed(interval.low, places), fixed(interval.high, places)));
                body.raw("<p class=\"num\">")
                    .text(&fixed(value, places))
                    .element("small", range.as_deref().unwrap_or("no interval"))
                    .raw("</p>");
                let told = format!("gap {}, interval {}", fixed(value, places), range.as_deref().unwrap_or("none"));
                let interval = interval.as_ref().map(|interval| (interval.low, interval.high));
                let labels = ("0: no gap".to_owned(), fixed(top, places));
                Strip { ends: (0.0, top), value, interval, limit: None, labels, told: &told }.draw(body);
            }
        }
        body.raw("</div>");
    }
    body.raw("</section>\n");
    let scale = telling::of_scale(report);
    let scale = if scale.is_empty() { " as a share of the scale".to_owned() } else { format!(" in{scale}") };
    body.element("p class=\"note\"", &format!("Gap (SPDD): how far the scores of two groups lie apart{scale}: the difference of their shares at or above a cut-off, averaged over all cut-offs."));
}

/// Gap and performance before and after.
pub(super) fn of_methods(report: &Report, body: &mut Markup) {
    let Some(base) = telling::baseline(report) else { return };
    let attributes = lookup::attributes(report);
    let Some(attribute) = attributes.first() else { return };
    let after = telling::ringed(report, attribute).filter(|after| !std::ptr::eq(*after, base));
    if report.methods.len() == 1 {
        of_gaps(report, body);
        return;
    }
    let own = |found: Measured| Measured {
        estimate: found.estimate.mapped(|gap| telling::own_gap(report, gap)),
        std: found.std.map(|std| telling::own_gap(report, std)),
        ..found
    };
    let gap = |method: &MethodReport| lookup::measured(method, "spdd", Some(attribute)).map(own);
    let limit = report
        .limits
        .iter()
        .find(|check| check.metric == "spdd" && check.attribute.as_ref() == Some(attribute))
        .map(|check| telling::own_gap(report, check.limit));
    body.raw("<section class=\"cards ba\" aria-label=\"Gap and performance, before and after\">");
    let heading = format!("Gap for {attribute} (SPDD)");
    change(&heading, &telling::of_scale(report), [gap(base), after.and_then(gap)], limit, true, body);
    if let Some(metric) = lookup::performance_metric(report) {
        let value = |method: &MethodReport| lookup::measured(method, &metric, None);
        change(&lookup::heading(report, &metric), "", [value(base), after.and_then(value)], None, false, body);
    }
    body.raw("</section>\n<p class=\"note\">");
    body.text("Before: ").name(&base.name).text(".");
    if let Some(after) = after {
        body.text(" After: ").name(&after.name).text(if report.choice.is_some() {
            ", chosen on the validation rows."
        } else {
            ", the smallest gap."
        });
    }
    let runs = report.methods.iter().map(|method| method.runs.len()).max().unwrap_or(0);
    if runs > 1 {
        body.text(&format!(" Bars: ± one standard deviation over {runs} {}s.", lookup::unit(report)));
    }
    body.raw("</p>\n");
}

/// One number before and after.
fn change(heading: &str, unit: &str, [before, after]: [Option<Measured>; 2], limit: Option<f64>, from_zero: bool, body: &mut Markup) {
    let number = |found: &Option<Measured>| Some((found.as_ref()?.estimate.number()?, found.as_ref()?.std.unwrap_or(0.0)));
    body.raw("<div class=\"card\">").named("h2", heading);
    let (Some(first), last) = (number(&before), number(&after)) else {
        body.raw("<p class=\"out\">Not estimable.</p></div>");
        return;
    };
    let places = decimals([first.0, last.map_or(first.0, |last| last.0)].into_iter());
    body.raw("<p class=\"num\">");
    match last {
        Some(last) => body.element("span class=\"o\"", &format!("{} → ", fixed(first.0, places))).text(&fixed(last.0, places)),
        None => body.text(&fixed(first.0, places)),
    };
    body.element("small", unit.trim()).raw("</p>");
    let ends = [Some(first), last].into_iter().flatten().flat_map(|(value, std)| [value - std, value + std]).chain(limit);
    let (low, high) = crate::html::charts::axis::extent(ends).unwrap_or((0.0, 1.0));
    let margin = ((high - low) * 0.15).max(1e-6);
    let (low, high) = if from_zero { (0.0, high + margin) } else { (low - margin, high + margin) };
    let at = |value: f64| Share(((value - low) / (high - low)).clamp(0.0, 1.0));
    let told = last.map_or_else(|| fixed(first.0, places), |last| format!("from {} to {}", fixed(first.0, places), fixed(last.0, places)));
    let mut svg = format!(
        "<svg role=\"img\" aria-label=\"{}: {told}\"><line class=\"ax\" x1=\"0\" x2=\"100%\" y1=\"12\" y2=\"12\"/>",
        escaped(heading)
    );
    if let Some(limit) = limit {
        let x = at(limit);
        let _ = write!(
            svg,
            "<line class=\"lim\" x1=\"{x}\" x2=\"{x}\" y1=\"3\" y2=\"21\"/><text class=\"m\" x=\"{x}\" y=\"33\" text-anchor=\"middle\">limit {}</text>",
            plain(limit)
        );
    }
    let (class, mark) = if last.is_some() { ("ivo", "old") } else { ("iv", "pt") };
    let _ = write!(svg, "<line class=\"{class}\" x1=\"{}\" x2=\"{}\" y1=\"12\" y2=\"12\"/>", at(first.0 - first.1), at(first.0 + first.1));
    if let Some(last) = last {
        let _ = write!(
            svg,
            "<line class=\"iv\" x1=\"{}\" x2=\"{}\" y1=\"12\" y2=\"12\"/><line class=\"ar\" x1=\"{}\" x2=\"{}\" y1=\"12\" y2=\"12\"/>",
            at(last.0 - last.1),
            at(last.0 + last.1),
            at(first.0),
            at(last.0)
        );
        let _ = write!(svg, "<circle class=\"pt\" cx=\"{}\" cy=\"12\" r=\"6\"/>", at(last.0));
    }
    let left = if from_zero { "0: no gap".to_owned() } else { fixed(low, places) };
    let _ = write!(
        svg,
        "<circle class=\"{mark}\" cx=\"{}\" cy=\"12\" r=\"5\"/><text class=\"m\" x=\"0\" y=\"33\">{left}</text><text class=\"m\" x=\"100%\" y=\"33\" text-anchor=\"end\">{}</text></svg></div>",
        at(first.0),
        fixed(high, places)
    );
    body.raw(&svg);
}
