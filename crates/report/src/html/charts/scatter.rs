//! Accuracy against fairness: a point a run, the mean of each method, published values, and the Pareto front of the means.

use std::fmt::Write as _;

use super::area::Area;
use super::axis::{Frame, Scale, extent};
use super::svg::{Anchor, Style, Svg, Swatch, through};
use super::{Figure, LegendEntry};
use crate::dominance::front;
use crate::numbers::significant;

/// Longer names are replaced by numbers in the plot.
const LONGEST_LABEL: usize = 26;

/// One method.
#[derive(Debug)]
pub(crate) struct Series {
    /// Its name in tables; in a sweep the value of the parameter.
    pub(crate) name: String,
    /// How it is drawn.
    pub(crate) style: Style,
    /// Each run: gap and performance.
    pub(crate) runs: Vec<(f64, f64)>,
    /// Their mean.
    pub(crate) mean: (f64, f64),
    /// Standard deviations of both.
    pub(crate) spread: (Option<f64>, Option<f64>),
    /// What was published.
    pub(crate) published: Option<(f64, f64)>,
    /// Whether the line of a sweep goes through its mean.
    pub(crate) swept: bool,
}

/// Words of the axes.
#[derive(Debug)]
pub(crate) struct Axes<'a> {
    /// Name of the gap, smaller is fairer.
    pub(crate) gap: &'a str,
    /// Name of the performance, larger is better.
    pub(crate) performance: &'a str,
    /// A line joins the means in this order, for a sweep.
    pub(crate) joined: bool,
    /// Which unit a point is: `seed`, `fold`.
    pub(crate) unit: &'a str,
}

/// The picture.
pub(crate) fn figure(title: &str, series: &[Series], axes: &Axes) -> Figure {
    let (width, height) = (1080.0, 460.0);
    let frame = Frame { left: 58.0, right: width - 18.0, top: 28.0, bottom: height - 42.0 };
    let mut svg = Svg::new(width, height);
    // The ends of the whiskers, too: a cut one looks like a smaller spread. No gap is smaller than 0.
    let ends = |one: &Series| {
        let (across, up) = (one.spread.0.unwrap_or(0.0), one.spread.1.unwrap_or(0.0));
        [((one.mean.0 - across).max(0.0), one.mean.1 - up), (one.mean.0 + across, one.mean.1 + up)]
    };
    let all = || series.iter().flat_map(|one| one.runs.iter().copied().chain([one.mean]).chain(one.published).chain(ends(one)));
    let (low, high) = extent(all().map(|point| point.0)).unwrap_or((0.0, 1.0));
    let margin = ((high - low) * 0.08).max(high.abs() * 0.02).max(1e-3);
    let start = if low <= 0.35 * high { 0.0 } else { low - margin };
    let x = Scale::linear((high + margin, start), frame.width());
    let y = Scale::around(all().map(|point| point.1), frame.height());
    frame.y_axis(&mut svg, &y, 8, &format!("{} (higher is better)", axes.performance));
    for (value, _) in x.ticks(7) {
        svg.line((x.at(value), frame.top), (x.at(value), frame.bottom), "grid");
    }
    frame.x_axis(&mut svg, &x, 7, &format!("{}, axis reversed: smaller gaps to the right", axes.gap));

    let means: Vec<(f64, f64)> = series.iter().map(|one| one.mean).collect();
    let front = front(&means);
    let mut stairs = Vec::new();
    for pair in front.windows(2) {
        let (near, far) = (means[pair[0]], means[pair[1]]);
        stairs.extend([near, (far.0, near.1), far].map(|(gap, value)| (x.at(gap), y.at(value))));
    }
    if !stairs.is_empty() {
        svg.path(&through(&stairs), "front");
    }
    if axes.joined {
        let swept = series.iter().filter(|one| one.swept).map(|one| one.mean);
        let places: Vec<(f64, f64)> = swept.map(|(gap, value)| (x.at(gap), y.at(value))).collect();
        svg.curve(&places, Style(0), "curve thin");
    }
    for one in series {
        for (gap, value) in &one.runs {
            if one.runs.len() > 1 {
                svg.mark(one.style, (x.at(*gap), y.at(*value)), 3.0, "faint");
            }
        }
        let at = (x.at(one.mean.0), y.at(one.mean.1));
        if let Some(published) = one.published {
            let place = (x.at(published.0), y.at(published.1));
            svg.line(at, place, "tie");
            svg.path(&one.style.mark(place.0, place.1, 5.0), &format!("hollow {}", one.style.stroke()));
        }
        let class = format!("whisker {}", one.style.stroke());
        if let Some(spread) = one.spread.0 {
            svg.line((x.inside(one.mean.0 - spread), at.1), (x.inside(one.mean.0 + spread), at.1), &class);
        }
        if let Some(spread) = one.spread.1 {
            svg.line((at.0, y.inside(one.mean.1 - spread)), (at.0, y.inside(one.mean.1 + spread)), &class);
        }
    }
    for one in series {
        let shown = |value: f64, spread: Option<f64>| {
            spread.map_or_else(|| significant(value), |std| format!("{} ± {}", significant(value), significant(std)))
        };
        let told = format!(
            "{}: {} {}, {} {}",
            one.name,
            axes.performance,
            shown(one.mean.1, one.spread.1),
            axes.gap,
            shown(one.mean.0, one.spread.0)
        );
        svg.told_mark(one.style, (x.at(one.mean.0), y.at(one.mean.1)), 6.0, "mark", &told);
    }
    let places: Vec<(f64, f64)> = means.iter().map(|(gap, value)| (x.at(*gap), y.at(*value))).collect();
    let labels = labels(series);
    let mut covered = obstacles(series, &places, &x, &y, axes.joined);
    covered.extend(stairs.windows(2).flat_map(|pair| along(pair[0], pair[1])));
    for (label, place) in labels.iter().zip(place_labels(&labels, &places, &covered, &frame)) {
        if let Some((at, anchor)) = place {
            svg.text(at, anchor, "label", label);
        }
    }

    let mut legend: Vec<LegendEntry> = Vec::new();
    if axes.joined {
        legend.push(LegendEntry::new(Swatch::Line(Style(0)), "mean at each value of the parameter (written beside it), joined in order"));
        legend.extend(series.iter().filter(|one| !one.swept).map(|one| LegendEntry::new(Swatch::Mark(one.style), one.name.clone())));
    } else {
        for (position, one) in series.iter().enumerate() {
            let on_front = if front.len() > 1 && front.contains(&position) { " (on the front)" } else { "" };
            let number = if labels[position] == one.name { String::new() } else { format!("{}: ", labels[position]) };
            legend.push(LegendEntry::new(Swatch::Mark(one.style), format!("{number}{}{on_front}", one.name)));
        }
    }
    if front.len() > 1 {
        legend.push(LegendEntry::new(Swatch::Plain("front"), "Pareto front of the means"));
    }
    if series.iter().any(|one| one.published.is_some()) {
        legend.push(LegendEntry::new(Swatch::Hollow, "published, tied to ours"));
    }
    let mut caption = String::from("Upper right: higher performance with smaller gaps.");
    if series.iter().any(|one| one.runs.len() > 1) {
        let _ = write!(caption, " Large marks: means; small marks: one {} each; lines: ± one standard deviation.", axes.unit);
    }
    let described = format!("{title}: {} against {} of {} methods", axes.performance, axes.gap, series.len());
    Figure { title: title.to_owned(), svg: svg.finish(&described), legend, caption }
}

/// What is written beside the means: the names, or their numbers in the legend when a name is too long to stand in a plot.
fn labels(series: &[Series]) -> Vec<String> {
    if series.iter().all(|one| one.name.chars().count() <= LONGEST_LABEL) {
        series.iter().map(|one| one.name.clone()).collect()
    } else {
        (1..=series.len()).map(|number| number.to_string()).collect()
    }
}

/// Places along a line.
fn along(from: (f64, f64), to: (f64, f64)) -> impl Iterator<Item = (f64, f64)> {
    let steps = ((to.0 - from.0).hypot(to.1 - from.1) / 8.0).ceil().max(1.0) as usize;
    (0..=steps).map(move |step| {
        let share = step as f64 / steps as f64;
        (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)
    })
}

/// Points that a label should not cover: single runs, published values, and places along whiskers and joining lines.
fn obstacles(series: &[Series], places: &[(f64, f64)], x: &Scale, y: &Scale, joined: bool) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    for (one, at) in series.iter().zip(places) {
        points.extend(one.runs.iter().chain(&one.published).map(|(gap, value)| (x.at(*gap), y.at(*value))));
        if let Some(published) = one.published {
            points.extend(along(*at, (x.at(published.0), y.at(published.1))));
        }
        if let Some(spread) = one.spread.0 {
            points.extend(along((x.inside(one.mean.0 - spread), at.1), (x.inside(one.mean.0 + spread), at.1)));
        }
        if let Some(spread) = one.spread.1 {
            points.extend(along((at.0, y.inside(one.mean.1 - spread)), (at.0, y.inside(one.mean.1 + spread))));
        }
    }
    if joined {
        let swept: Vec<(f64, f64)> = series.iter().zip(places).filter(|(one, _)| one.swept).map(|(_, place)| *place).collect();
        points.extend(swept.windows(2).flat_map(|pair| along(pair[0], pair[1])));
    }
    points
}

/// Finds for each mean a free place for its label, or none (the legend names it too). Mean marks and other labels are never
/// covered; other marks and lines as little as possible.
fn place_labels(labels: &[String], places: &[(f64, f64)], covered: &[(f64, f64)], frame: &Frame) -> Vec<Option<((f64, f64), Anchor)>> {
    let mut taken: Vec<Area> = places.iter().map(|place| Area::around(*place, 7.0)).collect();
    let mut found = Vec::with_capacity(labels.len());
    for (label, (x, y)) in labels.iter().zip(places) {
        let width = label.chars().count() as f64 * 6.6 + 2.0;
        let candidates = [
            (10.0, 4.0, Anchor::Start),
            (-10.0, 4.0, Anchor::End),
            (0.0, -11.0, Anchor::Middle),
            (0.0, 19.0, Anchor::Middle),
            (9.0, -8.0, Anchor::Start),
            (9.0, 16.0, Anchor::Start),
            (-9.0, -8.0, Anchor::End),
            (-9.0, 16.0, Anchor::End),
            (12.0, -22.0, Anchor::Start),
            (12.0, 28.0, Anchor::Start),
            (-12.0, -22.0, Anchor::End),
            (-12.0, 28.0, Anchor::End),
        ];
        let best = candidates
            .into_iter()
            .enumerate()
            .filter_map(|(order, (dx, dy, anchor))| {
                let left = match anchor {
                    Anchor::Start => x + dx,
                    Anchor::Middle => x + dx - width / 2.0,
                    Anchor::End => x + dx - width,
                };
                let area = Area { left, right: left + width, top: y + dy - 10.0, bottom: y + dy + 3.0 };
                let free = area.left >= frame.left
                    && area.right <= frame.right + 8.0
                    && area.top >= frame.top - 4.0
                    && area.bottom <= frame.bottom;
                let hidden = covered.iter().filter(|mark| area.meets(&Area::around(**mark, 3.0))).count();
                (free && !taken.iter().any(|other| other.meets(&area))).then_some((hidden, order, area, (x + dx, y + dy), anchor))
            })
            .min_by_key(|(hidden, order, ..)| (*hidden, *order));
        found.push(best.map(|(_, _, area, at, anchor)| {
            taken.push(area);
            (at, anchor)
        }));
    }
    found
}
