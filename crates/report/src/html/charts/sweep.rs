//! One metric over the values of a swept parameter, with its standard deviation, and a line for the method beside them.

use super::axis::Scale;
use super::svg::Swatch;
use super::svg::{Style, Svg, between};
use super::{Figure, LegendEntry, WIDTH, frame};
use crate::numbers::{plain, significant};

/// A point of the sweep: the parameter, the mean, the standard deviation.
pub(crate) type Point = (f64, f64, Option<f64>);

/// The picture; the parameter's axis is logarithmic where its values span more than a factor of 30. `beside`: name and mean of the method that the
/// values are told from.
pub(crate) fn figure(title: &str, [parameter, metric]: [&str; 2], points: &[Point], beside: Option<(&str, f64)>, style: Style) -> Figure {
    let height = 240.0;
    let frame = frame(WIDTH, height);
    let mut svg = Svg::new(WIDTH, height);
    let smallest = points.iter().map(|point| point.0).fold(f64::INFINITY, f64::min);
    let largest = points.iter().map(|point| point.0).fold(f64::NEG_INFINITY, f64::max);
    let x = if smallest > 0.0 && largest / smallest > 30.0 {
        Scale::logarithmic((smallest / 1.15, largest * 1.15), frame.width())
    } else {
        let margin = (largest - smallest) * 0.03;
        Scale::linear((smallest - margin, largest + margin), frame.width())
    };
    let ends = points.iter().flat_map(|(_, mean, spread)| [mean - spread.unwrap_or(0.0), mean + spread.unwrap_or(0.0)]);
    let y = Scale::around(ends.chain(beside.map(|(_, mean)| mean)), frame.height());
    frame.y_axis(&mut svg, &y, 4, metric);
    if let Some((_, mean)) = beside {
        svg.line((frame.left, y.at(mean)), (frame.right, y.at(mean)), "front");
    }
    let shifted = |sign: f64| -> Vec<(f64, f64)> {
        points.iter().map(|(value, mean, spread)| (x.at(*value), y.at(mean + sign * spread.unwrap_or(0.0)))).collect()
    };
    svg.path(&between(&shifted(1.0), &shifted(-1.0)), &format!("wash {}", style.fill()));
    svg.curve(&shifted(0.0), style, "curve");
    for (place, (value, mean, spread)) in shifted(0.0).into_iter().zip(points) {
        let spread = spread.map_or_else(String::new, |std| format!(" ± {}", significant(std)));
        svg.told_mark(style, place, 4.2, "mark", &format!("{parameter} {}: {metric} {}{spread}", plain(*value), significant(*mean)));
    }
    frame.x_axis(&mut svg, &x, 5, parameter);
    let caption = if points.iter().any(|point| point.2.is_some()) { "Band: ± one standard deviation." } else { "" };
    let legend = beside.map(|(name, mean)| LegendEntry::new(Swatch::Plain("front"), format!("{name}: {}", significant(mean))));
    let legend = legend.into_iter().collect();
    let described = format!("{title}: {metric} over {parameter}");
    Figure { title: title.to_owned(), svg: svg.finish(&described), legend, caption: caption.to_owned() }
}
