//! Rates with their intervals, group by group: a table whose middle column is drawn.

use std::fmt::Write as _;

use evenhand_metrics::Estimate;

use super::Markup;
use crate::document::{AttributeFindings, GroupSelection, Report, Selections, Standing};
use crate::html::charts::axis::extent;
use crate::html::markup::{Share, escaped};
use crate::lookup;
use crate::numbers::{count, decimals, fixed, percent, plain};
use crate::telling::{self, lowest, ratio, ratio_limit};

/// Attributes, at most.
const MOST_BLOCKS: usize = 4;
/// Rows of one attribute, at most.
const MOST: usize = 18;
/// Groups left out of comparisons that are drawn; more are named below.
const MOST_LEFT: usize = 3;

/// The axis that all attributes share.
struct Axis {
    low: f64,
    high: f64,
    ticks: Vec<f64>,
}

impl Axis {
    /// An axis around some numbers, from and to round ones.
    fn around(ends: impl Iterator<Item = f64>) -> Option<Self> {
        let (low, high) = extent(ends)?;
        let span = (high - low).max(1e-9);
        let power = 10_f64.powf((span / 4.0).log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| span / step <= 5.0).unwrap_or(span);
        let (first, last) = ((low / step + 1e-9).floor() as i64, (high / step - 1e-9).ceil() as i64);
        let ticks: Vec<f64> = (first..=last).map(|tick| tick as f64 * step).collect();
        // Room on the right for the number of the last dot.
        Some(Axis {
            low: first as f64 * step - 0.05 * (last - first) as f64 * step,
            high: last as f64 * step + 0.16 * (last - first) as f64 * step,
            ticks,
        })
    }

    fn at(&self, value: f64) -> Share {
        Share(((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0))
    }
}

fn ends(estimate: &Estimate) -> Vec<f64> {
    let interval = estimate.interval().map(|interval| [interval.low, interval.high]);
    interval.map_or_else(|| estimate.number().into_iter().collect(), |ends| ends.to_vec())
}

/// The section; nothing where no group has a number.
pub(super) fn section(report: &Report, body: &mut Markup) {
    let selected = telling::selected(report);
    if selected.is_empty() {
        means(report, body);
        return;
    }
    let groups = selected.iter().flat_map(|(_, selections)| &selections.groups);
    let Some(axis) = Axis::around(groups.flat_map(|group| ends(&group.rate))) else { return };
    body.raw("<section class=\"long\">");
    match telling::foremost(&selected).and_then(|(_, selections)| lowest(selections)) {
        Some((least, _)) if least.impact_ratio.number().is_none_or(|ratio| ratio >= 1.0) => {
            body.raw("<h2>All groups are selected equally often</h2>")
        }
        Some((least, best)) => {
            body.raw("<h2>Least often selected: ").name(&least.group).text("; most often: ").name(&best.group).raw("</h2>")
        }
        None => body.raw("<h2>How often each group is selected</h2>"),
    };
    body.element(
        "p class=\"sub\"",
        &format!(
            "Share of each group that is selected{}, with its interval.",
            report.selected.as_ref().map_or_else(String::new, |how| format!(" ({how})"))
        ),
    );
    body.raw("<figure><table class=\"dots\">");
    head(&axis, "Impact ratio", |tick| format!("{} %", plain((tick * 100.0 * 1e6).round() / 1e6)), body);
    let limited = selected.iter().any(|(one, _)| ratio_limit(report, &one.attribute).is_some());
    for (one, selections) in selected.iter().take(MOST_BLOCKS) {
        block(report, one, selections, &axis, body);
    }
    body.raw("</tbody></table><p class=\"key\"><span>Solid line: the highest rate of the block</span>");
    if limited {
        body.raw("<span>Dashed line: the limit that was set, as a share of the highest rate</span><span>▼ breached by the whole interval</span><span>▽ beyond the limit, not settled by these rows</span>");
    }
    body.raw("<span>Hollow grey: not compared</span>");
    if selected.len() > MOST_BLOCKS {
        body.element("span", &format!("{} further attributes stand in the expert report", selected.len() - MOST_BLOCKS));
    }
    body.raw("</p></figure></section>\n");
}

fn head(axis: &Axis, last: &str, tick: impl Fn(f64) -> String, body: &mut Markup) {
    body.raw("<thead><tr><th scope=\"col\">Group</th><th scope=\"col\" class=\"n\">n</th><th scope=\"col\" class=\"c axr\"><span class=\"vh\">Drawn</span><svg aria-hidden=\"true\">");
    for at in &axis.ticks {
        let _ = write!(body.0, "<text class=\"m\" x=\"{}\" y=\"13\" text-anchor=\"middle\">{}</text>", axis.at(*at), tick(*at));
    }
    body.raw("</svg></th>").element("th scope=\"col\" class=\"rt\"", last).raw("</tr></thead><tbody>");
}

fn block(report: &Report, one: &AttributeFindings, selections: &Selections, axis: &Axis, body: &mut Markup) {
    body.raw("<tr class=\"sec\">").named("th scope=\"rowgroup\" colspan=\"4\"", &one.attribute).raw("</tr>\n");
    let rate = |group: &GroupSelection| group.rate.number().unwrap_or(-1.0);
    let (mut shown, mut left): (Vec<&GroupSelection>, Vec<&GroupSelection>) =
        selections.groups.iter().partition(|group| group.left_out.is_none());
    shown.sort_by(|one, other| rate(other).total_cmp(&rate(one)));
    left.sort_by(|one, other| rate(other).total_cmp(&rate(one)));
    // The groups selected most and least often say most; those between and the small ones stand in the expert report.
    if left.len() > MOST_LEFT {
        left.clear();
    }
    let few = left.len() + shown.len() <= MOST;
    let hidden = if few { 0 } else { shown.len().saturating_sub(MOST) };
    if !few {
        let between = shown.len().saturating_sub(MOST);
        shown.drain(4..4 + between.min(shown.len().saturating_sub(4)));
    }
    let limit = ratio_limit(report, &one.attribute).map(|check| check.limit);
    let top = selections
        .highest
        .first()
        .and_then(|name| selections.groups.iter().find(|group| group.group == *name))
        .and_then(|group| group.rate.number());
    for group in shown.into_iter().chain(left) {
        row(group, selections, (top, limit), axis, body);
    }
    if hidden > 0 {
        body.raw("<tr class=\"g\">")
            .element("th scope=\"row\" colspan=\"4\"", &format!("{hidden} further groups stand in the expert report"))
            .raw("</tr>\n");
    }
}

fn row(group: &GroupSelection, selections: &Selections, (top, limit): (Option<f64>, Option<f64>), axis: &Axis, body: &mut Markup) {
    let first = selections.highest.contains(&group.group);
    let standing = limit.and_then(|limit| telling::standing(&group.impact_ratio, limit));
    let beyond = limit.is_some_and(|limit| group.impact_ratio.number().is_some_and(|value| value < limit));
    let class = match (group.left_out.is_some(), first, beyond) {
        (true, ..) => " class=\"g\"",
        (_, true, _) => " class=\"top1\"",
        (.., true) => " class=\"lo\"",
        _ => "",
    };
    body.raw("<tr")
        .raw(class)
        .raw(">")
        .named("th scope=\"row\"", &group.group)
        .element("td class=\"n\"", &count(group.n))
        .raw("<td class=\"c\">");
    drawn(&group.rate, axis, top.map(|top| (top, limit.map(|limit| limit * top))), &percent_of(&group.rate), body);
    body.raw("</td><td class=\"rt\">");
    match (&group.left_out, &group.impact_ratio) {
        (Some(_), _) => {
            body.raw("<span>not compared</span>");
        }
        (None, _) if first => {
            body.raw("<b>1.00</b> <span>highest rate</span>");
        }
        (None, Estimate::Undefined { .. }) => {
            body.raw("<span>no ratio</span>");
        }
        (None, Estimate::Value { value, interval }) => {
            body.raw(match (standing, beyond) {
                (Some(Standing::Breached), _) => "<span>▼</span> ",
                (_, true) => "<span>▽</span> ",
                _ => "",
            });
            body.element("b", &ratio(*value, limit));
            if let Some(interval) = interval {
                body.element("span", &format!(" [{}, {}]", ratio(interval.low, limit), ratio(interval.high, limit)));
            }
        }
    }
    body.raw("</td></tr>\n");
}

fn percent_of(estimate: &Estimate) -> (String, String) {
    let value = estimate.number().map_or_else(|| "undefined".to_owned(), percent);
    let range = estimate
        .interval()
        .map_or_else(String::new, |interval| format!(", interval {} to {}", percent(interval.low), percent(interval.high)));
    (value, range)
}

/// The interval and the value, and behind them the highest rate and the limit.
fn drawn(estimate: &Estimate, axis: &Axis, lines: Option<(f64, Option<f64>)>, (value, range): &(String, String), body: &mut Markup) {
    let mut svg = format!("<svg role=\"img\" aria-label=\"{}\">", escaped(&format!("{value}{range}")));
    if let Some((top, limit)) = lines {
        let x = axis.at(top);
        let _ = write!(svg, "<line class=\"ref\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"100%\"/>");
        if let Some(limit) = limit.filter(|limit| *limit >= axis.low) {
            let x = axis.at(limit);
            let _ = write!(svg, "<line class=\"lim\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"100%\"/>");
        }
    }
    if let Some(number) = estimate.number() {
        let end = ends(estimate).into_iter().fold(number, f64::max);
        if let Some(interval) = estimate.interval() {
            let _ = write!(
                svg,
                "<line class=\"iv\" x1=\"{}\" x2=\"{}\" y1=\"50%\" y2=\"50%\"/>",
                axis.at(interval.low),
                axis.at(interval.high)
            );
        }
        // Beside the line of the highest rate, not on it.
        let near = lines.is_some_and(|(top, _)| top > end && top - end < 0.12 * (axis.high - axis.low));
        let label = if near { lines.map_or(end, |(top, _)| top) } else { end };
        let _ = write!(
            svg,
            "<circle class=\"pt\" cx=\"{}\" cy=\"50%\" r=\"5\"/><text x=\"{}\" dx=\"8\" y=\"50%\" dy=\".35em\">{value}</text>",
            axis.at(number),
            axis.at(label)
        );
    }
    svg.push_str("</svg>");
    body.raw(&svg);
}

/// Mean scores of each group on the person's own scale, where nobody is selected.
fn means(report: &Report, body: &mut Markup) {
    let Some(run) = telling::only_run(report) else { return };
    let of = |one: &AttributeFindings| {
        let shown = crate::views::tables::shown_on_own_scale(report, &one.findings, telling::decisions_alone(one));
        let wanted =
            ["mean-score", "selection-rate"].iter().find_map(|metric| shown.iter().find(|finding| finding.metric == *metric).cloned());
        wanted.or_else(|| shown.first().cloned())
    };
    let found: Vec<_> = run.attributes.iter().filter_map(|one| Some((one, of(one)?))).collect();
    let Some(metric) = found.first().map(|(_, finding)| finding.metric.clone()) else { return };
    let found: Vec<_> = found.into_iter().filter(|(_, finding)| finding.metric == metric).collect();
    let Some(axis) = Axis::around(found.iter().flat_map(|(_, finding)| &finding.by_group).flat_map(|group| ends(&group.estimate))) else {
        return;
    };
    let heading = crate::views::tables::group_heading(report, &metric);
    let heading = if heading.is_empty() { lookup::heading(report, &metric) } else { heading };
    let share = metric.ends_with("-rate");
    body.raw("<section class=\"long\">").element("h2", &format!("{heading} of each group"));
    body.raw("<p class=\"sub\">With its interval, where there is one.</p><figure><table class=\"dots\">");
    head(
        &axis,
        &heading,
        |tick| if share { format!("{} %", plain((tick * 1e8).round() / 1e6)) } else { plain((tick * 1e6).round() / 1e6) },
        body,
    );
    for (one, finding) in &found {
        body.raw("<tr class=\"sec\">").named("th scope=\"rowgroup\" colspan=\"4\"", &one.attribute).raw("</tr>\n");
        let places = decimals(finding.by_group.iter().filter_map(|group| group.estimate.number()));
        for group in finding.by_group.iter().take(MOST) {
            body.raw("<tr>").named("th scope=\"row\"", &group.group).element("td class=\"n\"", &count(group.n)).raw("<td class=\"c\">");
            let told = if share {
                percent_of(&group.estimate)
            } else {
                (group.estimate.number().map_or_else(|| "undefined".to_owned(), |value| fixed(value, places)), String::new())
            };
            drawn(&group.estimate, &axis, None, &told, body);
            let range = group.estimate.interval().map(|interval| {
                if share {
                    format!(" [{}, {}]", percent(interval.low), percent(interval.high))
                } else {
                    format!(" [{}, {}]", fixed(interval.low, places), fixed(interval.high, places))
                }
            });
            body.raw("</td><td class=\"rt\">")
                .element("b", &told.0)
                .element("span", range.as_deref().unwrap_or_default())
                .raw("</td></tr>\n");
        }
        if finding.by_group.len() > MOST {
            body.raw("<tr class=\"g\">")
                .element(
                    "th scope=\"row\" colspan=\"4\"",
                    &format!("{} further groups stand in the expert report", finding.by_group.len() - MOST),
                )
                .raw("</tr>\n");
        }
    }
    body.raw("</tbody></table></figure></section>\n");
}
