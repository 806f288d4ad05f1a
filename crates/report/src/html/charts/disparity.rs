//! Group contribution disparity over the epochs: a line a method on a logarithmic axis, and the line of equal pull.

use super::axis::{Scale, extent};
use super::svg::{Style, Svg, Swatch};
use super::{Figure, LegendEntry, WIDTH, frame};

/// A method's ratios: name, style, one `(epoch, ratio)` a traced epoch.
pub(crate) type Line<'a> = (&'a str, Style, Vec<(f64, f64)>);

/// The picture.
pub(crate) fn figure(title: &str, lines: &[Line<'_>], caption: &str) -> Figure {
    let height = 260.0;
    let frame = frame(WIDTH, height);
    let mut svg = Svg::new(WIDTH, height);
    let all = || lines.iter().flat_map(|(_, _, points)| points.iter());
    let (first, last) = extent(all().map(|point| point.0)).unwrap_or((1.0, 2.0));
    let (low, high) = extent(all().map(|point| point.1).chain([1.0])).unwrap_or((0.5, 2.0));
    let x = Scale::counting((first, last.max(first + 1.0)), frame.width());
    let y = Scale::logarithmic((low / 1.2, high * 1.2), frame.height());
    frame.y_axis(&mut svg, &y, 4, "ratio");
    svg.line((frame.left, y.at(1.0)), (frame.right, y.at(1.0)), "base");
    for (_, style, points) in lines {
        let places: Vec<(f64, f64)> = points.iter().map(|(epoch, ratio)| (x.at(*epoch), y.at(*ratio))).collect();
        svg.curve(&places, *style, "curve");
        if let Some(end) = places.last() {
            svg.mark(*style, *end, 3.6, "mark");
        }
    }
    frame.x_axis(&mut svg, &x, 5, "epoch");
    Figure {
        title: title.to_owned(),
        svg: svg.finish(&format!("{title} over the epochs")),
        legend: lines.iter().map(|(name, style, _)| LegendEntry::new(Swatch::Line(*style), *name)).collect(),
        caption: caption.to_owned(),
    }
}
