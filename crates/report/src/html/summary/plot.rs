//! Performance against the gap: every method or setting a dot, the chosen one ringed, and the numbers in a table below.

use std::fmt::Write as _;

use super::{Markup, plain_table};
use crate::averages::{mean, spread};
use crate::document::{MethodReport, Report, ReportKind};
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

fn dots<'a>(report: &'a Report, performance: &str, attribute: &str) -> Vec<Dot<'a>> {
    let Ok(card) = evenhand_metrics::find("spdd").map(evenhand_metrics::Metric::card) else { return Vec::new() };
    let sample = telling::baseline(report).and_then(|base| base.sample.as_ref());
    let of = |method: &'a MethodReport| {
        let gaps: Vec<f64> = method
            .runs
            .iter()
            .filter_map(|run| distance(card, lookup::finding(run, "spdd", Some(attribute))?.estimate.number()?))
            .collect();
        let gap = mean(gaps.iter().copied()).or_else(|| lookup::measured(method, "spdd", Some(attribute))?.estimate.number())?;
        let value = lookup::measured(method, performance, None)?;
        let own = |gap: f64| telling::own_gap(report, gap);
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
    let attributes = lookup::attributes(report);
    let (Some(performance), Some(attribute)) = (lookup::performance_metric(report), attributes.first()) else { return };
    let dots = dots(report, &performance, attribute);
    if dots.len() < 2 {
        return;
    }
    let heading = lookup::heading(report, &performance);
    let ringed = telling::ringed(report, attribute);
    let base = telling::baseline(report);
    body.raw("<section class=\"keep\"><h2>");
    match (ringed, &report.choice) {
        (Some(chosen), Some(_)) => {
            body.text("Of the settings within the limits, the chosen one has the highest ").text(&heading).text(": ").name(&chosen.name)
        }
        (None, Some(_)) => body.text("No setting is within the limits"),
        (Some(chosen), None) => body.text("The smallest gap: ").name(&chosen.name),
        (None, None) => body.text(&heading).text(" and gap"),
    };
    body.raw("</h2>");
    body.element("p class=\"sub\"", &format!("{heading} (up is better) against the gap for {attribute} (left is smaller). Each dot is one {}; crosses show the spread over the {}s.", if report.kind == ReportKind::Sweep { "setting" } else { "method" }, lookup::unit(report)));
    let limit = report
        .limits
        .iter()
        .find(|check| check.metric == "spdd" && check.attribute.as_ref() == Some(attribute))
        .map(|check| telling::own_gap(report, check.limit));
    draw(report, &dots, &heading, (limit, ringed, base), body);
    table(report, &dots, &heading, (attribute, ringed), body);
    body.raw("</section>\n");
}

fn draw(
    report: &Report,
    dots: &[Dot<'_>],
    heading: &str,
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
        "<line class=\"ax\" x1=\"9%\" x2=\"98%\" y1=\"86%\" y2=\"86%\"/><text class=\"m\" x=\"98%\" y=\"86%\" dy=\"40\" text-anchor=\"end\">gap (SPDD){}, 0: none</text>",
        escaped(&telling::of_scale(report))
    );
    if let Some(limit) = limit {
        let at = Share(x.at(limit));
        let _ = write!(
            svg,
            "<line class=\"lim\" x1=\"{at}\" x2=\"{at}\" y1=\"4%\" y2=\"86%\"/><text class=\"hot\" x=\"{at}\" dx=\"8\" y=\"86%\" dy=\"-9\">limit {} that was set</text>",
            plain(limit)
        );
    }
    if report.kind == ReportKind::Sweep {
        let points: Vec<String> =
            dots.iter().map(|dot| format!("{:.1},{:.1}", x.at(dot.gap.0) * 100.0, y.at(dot.value.0) * 100.0)).collect();
        let _ = write!(
            svg,
            "<svg viewBox=\"0 0 100 100\" preserveAspectRatio=\"none\" width=\"100%\" height=\"100%\" aria-hidden=\"true\"><polyline class=\"line\" points=\"{}\"/></svg>",
            points.join(" ")
        );
    }
    let places: Vec<(f64, f64)> = dots.iter().map(|dot| (x.at(dot.gap.0), y.at(dot.value.0))).collect();
    for (dot, (left, top)) in dots.iter().zip(&places) {
        let is_base = base.is_some_and(|base| std::ptr::eq(base, dot.method)) && report.kind != ReportKind::Sweep;
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
        .map(|(at, dot)| dot.method.swept.map_or_else(|| format!("{} {}", at + 1, dot.method.name), plain))
        .collect();
    for (place, ((left, top), name)) in free_places(&places, &names).into_iter().zip(places.iter().zip(&names)) {
        let short = name.split(' ').next().unwrap_or(name);
        match place {
            Some((dx, dy, anchor)) => {
                let _ = write!(
                    svg,
                    "<text{} x=\"{}\" y=\"{}\" dx=\"{dx}\" dy=\"{dy}\"{anchor}>{}</text>",
                    if short == name { "" } else { " class=\"lb\"" },
                    Share(*left),
                    Share(*top),
                    escaped(name)
                );
                if short != name {
                    let _ = write!(
                        svg,
                        "<text class=\"ix\" x=\"{}\" y=\"{}\" dx=\"{dx}\" dy=\"{dy}\"{anchor}>{}</text>",
                        Share(*left),
                        Share(*top),
                        escaped(short)
                    );
                }
            }
            None => {
                let _ = write!(svg, "<text x=\"{}\" y=\"{}\" dx=\"8\" dy=\"-7\">{}</text>", Share(*left), Share(*top), escaped(short));
            }
        }
    }
    body.raw("<figure>").raw(&svg).raw("</svg></figure>");
}

/// A place beside each dot where its name covers no dot and no other name, on a drawing of 896 x 340 pixels.
fn free_places(places: &[(f64, f64)], names: &[String]) -> Vec<Option<(i32, i32, &'static str)>> {
    let (width, height) = (896.0, 340.0);
    let boxed = |left: f64, top: f64, wide: f64, high: f64| (left, left + wide, top, top + high);
    let meets = |a: &(f64, f64, f64, f64), b: &(f64, f64, f64, f64)| a.0 < b.1 && b.0 < a.1 && a.2 < b.3 && b.2 < a.3;
    let mut taken: Vec<(f64, f64, f64, f64)> = places.iter().map(|(x, y)| boxed(x * width - 8.0, y * height - 8.0, 16.0, 16.0)).collect();
    let mut found = Vec::new();
    for ((x, y), name) in places.iter().zip(names) {
        let wide = name.chars().count() as f64 * 6.9;
        let options = [
            (15, 4, ""),
            (0, 24, " text-anchor=\"middle\""),
            (0, -15, " text-anchor=\"middle\""),
            (-15, 4, " text-anchor=\"end\""),
            (11, -10, ""),
            (11, 20, ""),
            (-11, -10, " text-anchor=\"end\""),
            (-11, 20, " text-anchor=\"end\""),
        ];
        let place = options.into_iter().find_map(|(dx, dy, anchor)| {
            let left = x * width + f64::from(dx)
                - if anchor.contains("middle") {
                    wide / 2.0
                } else if anchor.contains("end") {
                    wide
                } else {
                    0.0
                };
            let area = boxed(left, y * height + f64::from(dy) - 12.0, wide, 15.0);
            let inside = area.0 > 0.05 * width && area.1 < width && area.2 > 0.0 && area.3 < 0.88 * height;
            (inside && !taken.iter().any(|other| meets(other, &area))).then_some(((dx, dy, anchor), area))
        });
        found.push(place.map(|(place, area)| {
            taken.push(area);
            place
        }));
    }
    found
}

fn table(report: &Report, dots: &[Dot<'_>], heading: &str, (attribute, ringed): (&str, Option<&MethodReport>), body: &mut Markup) {
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
        let name = if dot.method.swept.is_some() { dot.method.name.clone() } else { format!("{} {}", at + 1, dot.method.name) };
        vec![format!("{name}{mark}"), shown(dot.value, places), shown(dot.gap, gap_places)]
    };
    let table = Table {
        headers: vec![
            if report.kind == ReportKind::Sweep { "setting" } else { "method" }.to_owned(),
            heading.to_owned(),
            format!("gap for {attribute} (SPDD)"),
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
