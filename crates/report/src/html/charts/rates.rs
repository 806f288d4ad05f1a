//! The share of each group that is selected, with its interval, beside the highest of them.

use std::fmt::Write as _;

use super::Figure;
use super::axis::{Frame, Scale, extent};
use super::svg::{Anchor, Style, Svg};
use crate::document::{GroupSelection, Selections};
use crate::numbers::{count, percent, plain, shorten};
use crate::telling::{self, ratio_text};

const WIDTH: f64 = 420.0;
/// Height of a group: its name over its interval.
const ROW: f64 = 40.0;
/// Characters of a line: of a name and the ratio beside it. A longer name is whole in the tooltip and in the table.
const LINE: usize = 62;

/// The groups by falling rate, those that are not compared below; a line for the limit stands where one was set.
pub(crate) fn figure(attribute: &str, selections: &Selections, limit: Option<f64>) -> Option<Figure> {
    let ends = selections.groups.iter().flat_map(|group| {
        let interval = group.rate.interval().map(|interval| [interval.low, interval.high]);
        group.rate.number().into_iter().chain(interval.into_iter().flatten())
    });
    let (low, high) = extent(ends)?;
    let mut groups: Vec<&GroupSelection> = selections.groups.iter().collect();
    let key = |group: &GroupSelection| (group.left_out.is_some(), -group.rate.number().unwrap_or(-1.0));
    groups.sort_by(|one, other| key(one).0.cmp(&key(other).0).then(key(one).1.total_cmp(&key(other).1)));
    let frame = Frame { left: 62.0, right: WIDTH - 20.0, top: 4.0, bottom: 8.0 + ROW * groups.len() as f64 };
    let mut svg = Svg::new(WIDTH, frame.bottom + 22.0);
    let margin = ((high - low) * 0.06).max(0.005);
    let x = Scale::linear(((low - margin).max(0.0), (high + margin).min(1.0)), frame.width());
    let top = selections.highest.first().and_then(|name| selections.groups.iter().find(|group| group.group == *name)?.rate.number());
    let bound = limit.zip(top).map(|(limit, top)| limit * top).filter(|bound| x.at(*bound) >= frame.left);
    for (place, group) in groups.into_iter().enumerate() {
        let (line, middle) = (frame.top + ROW * place as f64 + 15.0, frame.top + ROW * place as f64 + 28.0);
        for (at, class) in [(top, "base"), (bound, "cross")] {
            if let Some(at) = at.map(|at| x.at(at)) {
                svg.line((at, middle - 9.0), (at, middle + 9.0), class);
            }
        }
        svg.text((2.0, middle + 5.0), Anchor::Start, "tick", &count(group.n));
        let Some(rate) = group.rate.number() else {
            svg.text((2.0, line), Anchor::Start, "label", &shorten(&group.group, LINE));
            svg.text((frame.left, middle + 4.5), Anchor::Start, "tick", "no rate");
            continue;
        };
        let style = if group.left_out.is_some() { Style(7) } else { Style(0) };
        let mut told = format!("{}: {} of {} selected, {}", group.group, count(group.selected), count(group.n), percent(rate));
        if let Some(interval) = group.rate.interval() {
            svg.line((x.inside(interval.low), middle), (x.inside(interval.high), middle), &format!("whisker {}", style.stroke()));
            let _ = write!(told, " [{}, {}]", percent(interval.low), percent(interval.high));
        }
        let shown = match (&group.left_out, selections.highest.contains(&group.group)) {
            (Some(_), _) => "not compared".to_owned(),
            (None, true) => "1.00, highest rate".to_owned(),
            (None, false) => ratio_text(&group.impact_ratio, limit),
        };
        let mark = match limit.and_then(|limit| telling::standing(&group.impact_ratio, limit)) {
            Some(crate::Standing::Breached) => "▼ ",
            _ if limit.is_some_and(|limit| group.impact_ratio.number().is_some_and(|value| value < limit)) => "▽ ",
            _ => "",
        };
        let beside = format!("{mark}{shown}");
        svg.text((2.0, line), Anchor::Start, "label", &shorten(&group.group, LINE.saturating_sub(beside.chars().count())));
        svg.text((WIDTH - 4.0, line), Anchor::End, "label", &beside);
        let _ = write!(told, "; impact ratio {shown}");
        svg.told_mark(style, (x.inside(rate), middle), 5.0, "mark", &told);
    }
    svg.line((frame.left, frame.bottom), (frame.right, frame.bottom), "base");
    for (value, _) in x.ticks(5) {
        svg.text((x.at(value), frame.bottom + 16.0), Anchor::Middle, "tick", &format!("{} %", plain((value * 1e8).round() / 1e6)));
    }
    svg.text((2.0, frame.bottom + 16.0), Anchor::Start, "tick", "n");
    let mut caption =
        "Dot: the share that is selected; bar: its interval; grey: not compared. Line: the highest share. On the right: impact ratio."
            .to_owned();
    if limit.is_some() {
        caption.push_str(
            " Coloured line: the limit that was set. ▼ beyond it with the whole interval; ▽ beyond it, not settled by these rows.",
        );
    }
    let title = format!("{attribute}: how often each group is selected");
    Some(Figure { svg: svg.finish(&title), title, legend: Vec::new(), caption })
}
