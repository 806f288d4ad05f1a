//! Training curves: the task loss on training and validation rows, and every further term on a scale of its own.

use super::axis::{Frame, Scale, extent};
use super::svg::{Style, Svg, Swatch};
use super::{Figure, LegendEntry, frame};
use crate::document::RunReport;

const PANEL: (f64, f64) = (236.0, 158.0);

/// Epochs of the first run that are drawn, at most: no more than the panel has room to tell apart.
const FULL: usize = 90;
/// Epochs of the other, faint runs that are drawn, at most: they show how far runs differ, and ten of them would fill the page.
const FAINT: usize = 24;

/// What the names of terms measured on the validation rows begin with.
const VALIDATION: &str = "validation ";

/// The metric that a term measured on the validation rows, unless it is a gap.
fn measured(name: &str) -> Option<&str> {
    name.strip_prefix(VALIDATION).filter(|metric| !metric.eq_ignore_ascii_case("spdd"))
}

/// A named series of one or more runs; the first run is drawn full, the others faint.
struct Lines {
    style: Style,
    runs: Vec<Vec<(f64, f64)>>,
}

/// The task loss of all runs of a method.
pub(crate) fn loss(runs: &[RunReport]) -> Figure {
    let series = |style, value: fn(&crate::document::Epoch) -> Option<f64>| Lines { style, runs: points(runs, value) };
    let lines = [series(Style(0), |epoch| epoch.train_loss), series(Style(1), |epoch| epoch.validation_loss)];
    let legend = vec![LegendEntry::new(Swatch::Line(Style(0)), "training"), LegendEntry::new(Swatch::Line(Style(1)), "validation")];
    panel("task loss", &lines, legend)
}

/// Every further term: the objective's own, each on a scale of its own, then what was measured on the validation rows, performance
/// together and gaps apart.
pub(crate) fn terms(runs: &[RunReport]) -> Vec<Figure> {
    let mut names: Vec<&str> = runs.iter().flat_map(|run| &run.epochs).flat_map(|epoch| epoch.terms.keys().map(String::as_str)).collect();
    names.sort_unstable();
    names.dedup();
    let series = |style, name: &str| Lines { style, runs: points(runs, |epoch| epoch.terms.get(name).copied()) };
    let mut figures: Vec<Figure> =
        names.iter().filter(|name| !name.starts_with(VALIDATION)).map(|name| panel(name, &[series(Style(0), name)], Vec::new())).collect();
    let performance: Vec<(Style, &str, &str)> = names
        .iter()
        .filter_map(|name| Some((measured(name)?, *name)))
        .enumerate()
        .map(|(at, (metric, name))| (Style(at), metric, name))
        .collect();
    if !performance.is_empty() {
        let lines: Vec<Lines> = performance.iter().map(|(style, _, name)| series(*style, name)).collect();
        let legend = performance.iter().map(|(style, metric, _)| LegendEntry::new(Swatch::Line(*style), *metric)).collect();
        figures.push(panel("validation performance", &lines, legend));
    }
    let gaps = names.iter().filter(|name| name.starts_with(VALIDATION) && measured(name).is_none());
    figures.extend(gaps.map(|name| panel(name, &[series(Style(0), name)], Vec::new())));
    figures
}

/// The losses of two networks that train against each other.
pub(crate) fn rivals(losses: &[(f64, f64)]) -> Figure {
    let series = |style, of: fn(&(f64, f64)) -> f64| Lines {
        style,
        runs: vec![losses.iter().enumerate().map(|(epoch, pair)| ((epoch + 1) as f64, of(pair))).collect()],
    };
    let legend = vec![LegendEntry::new(Swatch::Line(Style(0)), "critic"), LegendEntry::new(Swatch::Line(Style(1)), "generator")];
    panel("losses", &[series(Style(0), |pair| pair.0), series(Style(1), |pair| pair.1)], legend)
}

fn points(runs: &[RunReport], value: impl Fn(&crate::document::Epoch) -> Option<f64>) -> Vec<Vec<(f64, f64)>> {
    runs.iter()
        .map(|run| {
            run.epochs.iter().filter_map(|epoch| Some((epoch.epoch as f64, value(epoch).filter(|value| value.is_finite())?))).collect()
        })
        .collect()
}

/// At most `limit` of the points, evenly spaced, the first and the last among them.
fn thinned(points: &[(f64, f64)], limit: usize) -> Vec<(f64, f64)> {
    if points.len() <= limit {
        return points.to_vec();
    }
    (0..limit).map(|at| points[at * (points.len() - 1) / (limit - 1)]).collect()
}

/// True when a curve of this many epochs is not drawn at every one.
pub(crate) fn is_thinned(epochs: usize, first: bool) -> bool {
    epochs > if first { FULL } else { FAINT }
}

fn panel(title: &str, series: &[Lines], legend: Vec<LegendEntry>) -> Figure {
    let frame = Frame { top: 10.0, ..frame(PANEL.0, PANEL.1) };
    let mut svg = Svg::new(PANEL.0, PANEL.1);
    let all = || series.iter().flat_map(|lines| lines.runs.iter().flatten());
    let (first, last) = extent(all().map(|point| point.0)).unwrap_or((1.0, 2.0));
    let x = Scale::counting((first, last.max(first + 1.0)), frame.width());
    let y = Scale::around(all().map(|point| point.1), frame.height());
    frame.y_axis(&mut svg, &y, 4, "");
    for lines in series {
        for (position, run) in lines.runs.iter().enumerate().rev() {
            let drawn = thinned(run, if position == 0 { FULL } else { FAINT });
            let places: Vec<(f64, f64)> = drawn.into_iter().map(|(epoch, value)| (x.at(epoch), y.at(value))).collect();
            svg.curve(&places, lines.style, if position == 0 { "curve" } else { "curve faded" });
            if let (0, Some(end)) = (position, places.last()) {
                svg.mark(lines.style, *end, 3.6, "mark");
            }
        }
    }
    frame.x_axis(&mut svg, &x, 5, "epoch");
    let described = format!("{title} over the epochs");
    Figure { title: title.to_owned(), svg: svg.finish(&described), legend, caption: String::new() }
}
