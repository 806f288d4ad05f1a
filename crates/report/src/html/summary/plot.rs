//! Performance against the gap: every method or setting a dot, the front as stairs, the chosen one ringed, and the numbers in a table below.

use std::fmt::Write as _;

use super::{Markup, plain_table};
use evenhand_catalog::Direction;

use crate::averages::{mean, spread};
use crate::document::{MethodReport, Report, ReportKind};
use crate::dominance::front;
use crate::html::charts::area::Area;
use crate::html::charts::axis::{Scale, extent};
use crate::html::markup::{Share, escaped};
use crate::limits::distance;
use crate::lookup;
use crate::numbers::{decimals, fixed, plain};
use crate::telling;
use crate::views::Table;

/// Rows of the table, at most.
const MOST_ROWS: usize = 24;

struct Dot<'a> {
    method: &'a MethodReport,
    gap: (f64, f64),
    value: (f64, f64),
}

/// What the axes show: of a sweep what it was chosen by and the first gap that was limited.
struct Plane {
    performance: String,
    gap: String,
    attribute: String,
    /// Whether the gap is in units of scores.
    of_scores: bool,
}

impl Plane {
    fn of(report: &Report) -> Option<Self> {
        let usual = || lookup::performance_metric(report);
        let points_up = |metric: &str| evenhand_metrics::find(metric).is_ok_and(|metric| metric.card().direction == Direction::Higher);
        let by = report.choice.as_ref().filter(|choice| choice.of.is_none() && points_up(&choice.by)).map(|choice| choice.by.clone());
        let limited = report.choice.iter().filter_map(|choice| choice.candidates.first()).flat_map(|first| &first.limited);
        let is_gap = |metric: &str| evenhand_metrics::find(metric).is_ok_and(|metric| metric.card().fair_value.is_some());
        let gap = limited.filter(|one| is_gap(&one.metric)).find_map(|one| Some((one.metric.clone(), one.attribute.clone()?)));
        let (gap, attribute) = match gap {
            Some(gap) => gap,
            None => ("spdd".to_owned(), lookup::attributes(report).into_iter().next()?),
        };
        let of_scores = evenhand_metrics::find(&gap).is_ok_and(|metric| metric.card().is_of_scores());
        Some(Plane { performance: by.or_else(usual)?, gap, attribute, of_scores })
    }

    /// A gap as the page shows it: on the person's own scale where it is one of scores.
    fn own(&self, report: &Report, gap: f64) -> f64 {
        if self.of_scores { telling::own_gap(report, gap) } else { gap }
    }

    /// What the gap is called.
    fn heading(&self, report: &Report) -> String {
        crate::views::tables::distance_heading(&self.gap, &lookup::heading(report, &self.gap))
    }
}

fn dots<'a>(report: &'a Report, plane: &Plane) -> Vec<Dot<'a>> {
    let Plane { performance, gap: metric, attribute, .. } = plane;
    let Ok(card) = evenhand_metrics::find(metric).map(evenhand_metrics::Metric::card) else { return Vec::new() };
    let sample = telling::baseline(report).and_then(|base| base.sample.as_ref());
    let of = |method: &'a MethodReport| {
        let gaps: Vec<f64> = method
            .runs
            .iter()
            .filter_map(|run| distance(card, lookup::finding(run, metric, Some(attribute))?.estimate.number()?))
            .collect();
        let measured = || distance(card, lookup::measured(method, metric, Some(attribute))?.estimate.number()?);
        let gap = mean(gaps.iter().copied()).or_else(measured)?;
        let value = lookup::measured(method, performance, None)?;
        let own = |gap: f64| plane.own(report, gap);
        Some(Dot {
            method,
            gap: (own(gap), own(spread(&gaps).unwrap_or(0.0))),
            value: (value.estimate.number()?, value.std.unwrap_or(0.0)),
        })
    };
    report.methods.iter().filter(|method| method.sample.as_ref() == sample).filter_map(of).collect()
}

/// The section; nothing where fewer than two methods have both numbers.
pub(super) fn section(report: &Report, body: &mut Markup) {
    let Some(plane) = Plane::of(report) else { return };
    let dots = dots(report, &plane);
    if dots.len() < 2 {
        return;
    }
    let heading = lookup::heading(report, &plane.performance);
    let attribute = &plane.attribute;
    let ringed = telling::ringed(report, attribute);
    let base = telling::baseline(report);
    body.raw("<section class=\"keep\"><h2>");
    match (ringed, &report.choice) {
        (Some(chosen), Some(choice)) => {
            let by = lookup::heading(report, &choice.by);
            body.text("Of the settings within the limits, the chosen one is best in ").text(&by).text(": ").name(&chosen.name)
        }
        (None, Some(_)) => body.text("No setting is within the limits"),
        (Some(chosen), None) => body.text("The smallest gap: ").name(&chosen.name),
        (None, None) => body.text(&heading).text(" and gap"),
    };
    body.raw("</h2>");
    let is_sweep = report.kind == ReportKind::Sweep;
    let stairs = if on_front(&dots).len() > 1 { "; the stairs join those that no other beats in both" } else { "" };
    let chosen = match (ringed, is_sweep && report.choice.is_some()) {
        (Some(_), true) => " The ring marks the chosen one.",
        _ => "",
    };
    body.element(
        "p class=\"sub\"",
        &format!(
            "{heading} (up is better) against the gap for {attribute} (left is smaller), on the test rows. Each dot is one {}{stairs}; crosses show the spread over the {}s.{chosen}",
            if is_sweep { "setting" } else { "method" },
            lookup::unit(report)
        ),
    );
    let limit = report
        .limits
        .iter()
        .find(|check| check.metric == plane.gap && check.attribute.as_ref() == Some(attribute))
        .and_then(|check| Some(plane.own(report, distance(evenhand_metrics::find(&plane.gap).ok()?.card(), check.limit)?)));
    draw(report, &dots, (&plane, &heading), (limit, ringed, base), body);
    table(report, &dots, (&plane, &heading), ringed, body);
    body.raw("</section>\n");
}

/// The dots that no other beats in both respects, by rising gap.
fn on_front(dots: &[Dot<'_>]) -> Vec<usize> {
    let points: Vec<(f64, f64)> = dots.iter().map(|dot| (dot.gap.0, dot.value.0)).collect();
    front(&points)
}

/// A line through points, stretched with the drawing.
fn joined(points: &[(f64, f64)], class: &str) -> String {
    let points: Vec<String> = points.iter().map(|(left, top)| format!("{:.1},{:.1}", left * 100.0, top * 100.0)).collect();
    format!(
        "<svg viewBox=\"0 0 100 100\" preserveAspectRatio=\"none\" width=\"100%\" height=\"100%\" aria-hidden=\"true\"><polyline class=\"{class}\" points=\"{}\"/></svg>",
        points.join(" ")
    )
}

fn draw(
    report: &Report,
    dots: &[Dot<'_>],
    (plane, heading): (&Plane, &str),
    (limit, ringed, base): (Option<f64>, Option<&MethodReport>, Option<&MethodReport>),
    body: &mut Markup,
) {
    let reach = dots.iter().map(|dot| dot.gap.0 + dot.gap.1).chain(limit).fold(0.0, f64::max) * 1.06;
    let (low, high) = extent(dots.iter().flat_map(|dot| [dot.value.0 - dot.value.1, dot.value.0 + dot.value.1])).unwrap_or((0.0, 1.0));
    let margin = ((high - low) * 0.12).max(1e-6);
    let x = Scale::linear((0.0, reach.max(1e-6)), (0.09, 0.98));
    let y = Scale::linear((low - margin, high + margin), (0.86, 0.04));
    let told = format!("{heading} against gap, {} dots; the numbers stand in the table below", dots.len());
    let mut svg = format!("<svg class=\"plot\" role=\"img\" aria-label=\"{}\">", escaped(&told));
    if let Some(limit) = limit {
        let at = x.at(limit);
        let _ = write!(svg, "<rect class=\"bey\" x=\"{}\" y=\"4%\" width=\"{}\" height=\"82%\"/>", Share(at), Share((0.98 - at).max(0.0)));
    }
    for (value, label) in y.ticks(5) {
        let at = Share(y.at(value));
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"9%\" x2=\"98%\" y1=\"{at}\" y2=\"{at}\"/><text class=\"m\" x=\"9%\" dx=\"-8\" y=\"{at}\" dy=\".35em\" text-anchor=\"end\">{label}</text>"
        );
    }
    for (value, label) in x.ticks(6) {
        let _ = write!(svg, "<text class=\"m\" x=\"{}\" y=\"86%\" dy=\"20\" text-anchor=\"middle\">{label}</text>", Share(x.at(value)));
    }
    let _ = write!(
        svg,
        "<line class=\"ax\" x1=\"9%\" x2=\"98%\" y1=\"86%\" y2=\"86%\"/><text class=\"m\" x=\"98%\" y=\"86%\" dy=\"40\" text-anchor=\"end\">gap ({}){}, 0: none</text>",
        escaped(&plane.heading(report)),
        escaped(&if plane.of_scores { telling::of_scale(report) } else { String::new() })
    );
    if let Some(limit) = limit {
        let at = Share(x.at(limit));
        let _ = write!(
            svg,
            "<line class=\"lim\" x1=\"{at}\" x2=\"{at}\" y1=\"4%\" y2=\"86%\"/><text class=\"hot\" x=\"{at}\" dx=\"8\" y=\"86%\" dy=\"-9\">limit {} that was set</text>",
            plain(limit)
        );
    }
    let places: Vec<(f64, f64)> = dots.iter().map(|dot| (x.at(dot.gap.0), y.at(dot.value.0))).collect();
    let mut stairs = Vec::new();
    for pair in on_front(dots).windows(2) {
        let (near, far) = (places[pair[0]], places[pair[1]]);
        stairs.extend([near, (far.0, near.1), far]);
    }
    if !stairs.is_empty() {
        svg.push_str(&joined(&stairs, "front"));
    }
    if report.kind == ReportKind::Sweep {
        let swept = dots.iter().zip(&places).filter(|(dot, _)| dot.method.swept.is_some());
        svg.push_str(&joined(&swept.map(|(_, place)| *place).collect::<Vec<_>>(), "line"));
    }
    for (dot, (left, top)) in dots.iter().zip(&places) {
        let is_base =
            base.is_some_and(|base| std::ptr::eq(base, dot.method)) && (report.kind != ReportKind::Sweep || report.reference.is_some());
        let clamp = |scale: &Scale, value: f64| scale.inside(value);
        let _ = write!(
            svg,
            "<line class=\"err\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>",
            Share(clamp(&x, dot.gap.0 - dot.gap.1)),
            Share(clamp(&x, dot.gap.0 + dot.gap.1)),
            Share(*top),
            Share(*top)
        );
        let _ = write!(
            svg,
            "<line class=\"err\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>",
            Share(*left),
            Share(*left),
            Share(clamp(&y, dot.value.0 - dot.value.1)),
            Share(clamp(&y, dot.value.0 + dot.value.1))
        );
        let _ = write!(
            svg,
            "<circle class=\"{}\" cx=\"{}\" cy=\"{}\" r=\"5\"/>",
            if is_base { "old" } else { "kp" },
            Share(*left),
            Share(*top)
        );
        if ringed.is_some_and(|chosen| std::ptr::eq(chosen, dot.method)) {
            let _ = write!(svg, "<circle class=\"ring\" cx=\"{}\" cy=\"{}\" r=\"11\"/>", Share(*left), Share(*top));
        }
    }
    let names: Vec<String> = dots
        .iter()
        .enumerate()
        .map(|(at, dot)| match dot.method.swept {
            Some(value) => plain(value),
            None if report.kind == ReportKind::Sweep => dot.method.name.clone(),
            None => format!("{} {}", at + 1, dot.method.name),
        })
        .collect();
    // The words of the limit stand there already.
    let said = limit.map(|limit| of_text((x.at(limit) * SIZE.0 + 8.0, 0.86 * SIZE.1 - 9.0), "", 160.0));
    for (place, ((left, top), name)) in free_places(&places, &names, said.into_iter().collect()).into_iter().zip(places.iter().zip(&names))
    {
        let Some(Place { shift: (dx, dy), anchor, short: is_short, far }) = place else { continue };
        let (left, top, short) = (Share(*left), Share(*top), short(name));
        if far {
            let _ = write!(
                svg,
                "<svg x=\"{left}\" y=\"{top}\" overflow=\"visible\"><line class=\"err\" x1=\"0\" y1=\"0\" x2=\"{dx}\" y2=\"{}\"/></svg>",
                dy - 4
            );
        }
        let shown = if is_short { short } else { name };
        let class = if short == shown { "" } else { " class=\"lb\"" };
        let _ = write!(svg, "<text{class} x=\"{left}\" y=\"{top}\" dx=\"{dx}\" dy=\"{dy}\"{anchor}>{}</text>", escaped(shown));
        if short != shown {
            let _ = write!(svg, "<text class=\"ix\" x=\"{left}\" y=\"{top}\" dx=\"{dx}\" dy=\"{dy}\"{anchor}>{}</text>", escaped(short));
        }
    }
    body.raw("<figure>").raw(&svg).raw("</svg></figure>");
}

/// Pixels of the drawing on a wide page.
const SIZE: (f64, f64) = (896.0, 340.0);

/// Pixels of a letter, on average.
const LETTER: f64 = 6.9;

/// The number that a name begins with; the table below has it, too.
fn short(name: &str) -> &str {
    name.split(' ').next().unwrap_or(name)
}

/// The box of a text that hangs on a point.
fn of_text((x, y): (f64, f64), anchor: &str, wide: f64) -> Area {
    let left = if anchor.contains("middle") {
        x - wide / 2.0
    } else if anchor.contains("end") {
        x - wide
    } else {
        x
    };
    Area { left, right: left + wide, top: y - 12.0, bottom: y + 3.0 }
}

fn is_inside(area: &Area) -> bool {
    area.left > 0.05 * SIZE.0 && area.right < SIZE.0 && area.top > 0.0 && area.bottom < 0.88 * SIZE.1
}

/// Where a name stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Pixels from its dot.
    shift: (i32, i32),
    anchor: &'static str,
    /// Whether only the number has room.
    short: bool,
    /// Whether a line must say which dot it belongs to.
    far: bool,
}

/// A place for each name where it covers no dot and no other name: beside its dot, else its number alone there, else its number farther and farther away.
fn free_places(places: &[(f64, f64)], names: &[String], mut taken: Vec<Area>) -> Vec<Option<Place>> {
    const MIDDLE: &str = " text-anchor=\"middle\"";
    const END: &str = " text-anchor=\"end\"";
    const BESIDE: [(i32, i32, &str); 8] =
        [(15, 4, ""), (0, 24, MIDDLE), (0, -15, MIDDLE), (-15, 4, END), (11, -10, ""), (11, 20, ""), (-11, -10, END), (-11, 20, END)];
    let beside = |short: bool| BESIDE.into_iter().map(move |(dx, dy, anchor)| Place { shift: (dx, dy), anchor, short, far: false });
    let away = (3..14).flat_map(|ring| {
        (0..16).map(move |turn| {
            let (sine, cosine) = (std::f64::consts::TAU * f64::from(turn) / 16.0).sin_cos();
            let radius = f64::from(ring * 12);
            let shift = ((radius * cosine).round() as i32, (radius * sine).round() as i32 + 4);
            Place { shift, anchor: MIDDLE, short: true, far: true }
        })
    });
    let away: Vec<Place> = away.collect();
    let pixels = |(x, y): &(f64, f64)| (x * SIZE.0, y * SIZE.1);
    taken.extend(places.iter().map(|place| Area::around(pixels(place), 8.0)));
    let mut found = Vec::new();
    for (place, name) in places.iter().zip(names) {
        let (x, y) = pixels(place);
        let area = |place: &Place| {
            let shown = if place.short { short(name) } else { name };
            of_text((x + f64::from(place.shift.0), y + f64::from(place.shift.1)), place.anchor, shown.chars().count() as f64 * LETTER)
        };
        let free = |place: &Place| {
            let area = area(place);
            is_inside(&area) && !taken.iter().any(|other| other.meets(&area))
        };
        let place = beside(false).chain(beside(true)).chain(away.iter().copied()).find(free);
        taken.extend(place.as_ref().map(area));
        found.push(place);
    }
    found
}

fn table(report: &Report, dots: &[Dot<'_>], (plane, heading): (&Plane, &str), ringed: Option<&MethodReport>, body: &mut Markup) {
    let gap_places = decimals(dots.iter().map(|dot| dot.gap.0));
    let places = decimals(dots.iter().map(|dot| dot.value.0));
    let shown = |(value, std): (f64, f64), places| {
        if std > 0.0 { format!("{} ± {}", fixed(value, places), fixed(std, places)) } else { fixed(value, places) }
    };
    let row = |(at, dot): (usize, &Dot<'_>)| {
        let chosen = ringed.is_some_and(|chosen| std::ptr::eq(chosen, dot.method));
        let mark = match (chosen, &report.choice) {
            (true, Some(_)) => " (chosen)",
            (true, None) => " (smallest gap)",
            _ if telling::collapsed(report, dot.method) => " (decides alike for nearly all)",
            _ => "",
        };
        let name = if report.kind == ReportKind::Sweep { dot.method.name.clone() } else { format!("{} {}", at + 1, dot.method.name) };
        vec![format!("{name}{mark}"), shown(dot.value, places), shown(dot.gap, gap_places)]
    };
    let table = Table {
        headers: vec![
            if report.kind == ReportKind::Sweep { "setting" } else { "method" }.to_owned(),
            heading.to_owned(),
            format!("gap for {} ({})", plane.attribute, plane.heading(report)),
        ],
        right_aligned: vec![false, true, true],
        rows: dots.iter().enumerate().take(MOST_ROWS).map(row).collect(),
        footnotes: if dots.len() > MOST_ROWS {
            vec![format!("{} further methods stand in the expert report.", dots.len() - MOST_ROWS)]
        } else {
            Vec::new()
        },
        ..Table::default()
    };
    plain_table(&table, body);
}

#[cfg(test)]
mod tests {
    use super::{Area, LETTER, SIZE, free_places, is_inside, of_text, short};

    #[test]
    fn names_of_dots_that_lie_together_stand_apart() {
        // Twenty methods within eight pixels, and three that lie apart.
        let mut places: Vec<(f64, f64)> = (0..20).map(|at| (0.5 + f64::from(at % 5) * 0.002, 0.5 + f64::from(at / 5) * 0.006)).collect();
        places.extend([(0.2, 0.2), (0.97, 0.1), (0.09, 0.85)]);
        let names: Vec<String> = (1..=places.len()).map(|at| format!("{at} wasserstein-adversary")).collect();
        let found = free_places(&places, &names, Vec::new());
        let areas: Vec<Area> = found
            .iter()
            .zip(places.iter().zip(&names))
            .map(|(place, ((x, y), name))| {
                let place = place.expect("there is room for every number");
                let shown = if place.short { short(name) } else { name };
                let at = (x * SIZE.0 + f64::from(place.shift.0), y * SIZE.1 + f64::from(place.shift.1));
                of_text(at, place.anchor, shown.chars().count() as f64 * LETTER)
            })
            .collect();
        for (position, one) in areas.iter().enumerate() {
            assert!(is_inside(one), "{one:?}");
            assert!(!areas[..position].iter().any(|other| other.meets(one)), "{position} of {areas:?}");
            assert!(!places.iter().any(|(x, y)| one.meets(&Area {
                left: x * SIZE.0 - 5.0,
                right: x * SIZE.0 + 5.0,
                top: y * SIZE.1 - 5.0,
                bottom: y * SIZE.1 + 5.0
            })));
        }
        assert!(found.iter().flatten().any(|place| place.far) && found[20].is_some_and(|place| !place.short));
    }
}
