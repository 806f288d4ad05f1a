//! Each group's share of the first places, by length of the prefix.

use super::axis::Scale;
use super::svg::{Svg, Swatch};
use super::{Figure, LegendEntry, WIDTH, frame, style_of};
use crate::shortlists::PrefixShares;

/// The shares before, or after the re-ranking; level lines are the wanted ones.
pub(crate) fn figure(title: &str, shares: &[PrefixShares], groups: &[String], after: bool) -> Figure {
    let height = 230.0;
    let frame = frame(WIDTH, height);
    let mut svg = Svg::new(WIDTH, height);
    let values = |one: &PrefixShares| if after { one.after.clone() } else { one.before.clone() };
    let longest = shares.iter().map(|one| values(one).len()).max().unwrap_or(1).max(2);
    let x = Scale::counting((1.0, longest as f64), frame.width());
    let y = Scale::linear((0.0, 1.0), frame.height());
    frame.y_axis(&mut svg, &y, 4, "mean share");
    let mut legend = Vec::new();
    for one in shares {
        let style = style_of(groups, &one.group);
        svg.line((x.at(1.0), y.at(one.wanted)), (x.at(longest as f64), y.at(one.wanted)), &format!("mean {}", style.stroke()));
        let points: Vec<(f64, f64)> =
            values(one).iter().enumerate().map(|(place, share)| (x.at((place + 1) as f64), y.at(*share))).collect();
        svg.curve(&points, style, "curve");
        if let Some(end) = points.last() {
            svg.mark(style, *end, 3.6, "mark");
        }
        legend.push(LegendEntry::new(Swatch::Line(style), one.group.clone()));
    }
    frame.x_axis(&mut svg, &x, 6, "first places of the lists");
    let described = format!("{title}: mean share of each group among the first places");
    Figure {
        title: title.to_owned(),
        svg: svg.finish(&described),
        legend,
        caption: "Level lines: the wanted shares, mean over the lists.".to_owned(),
    }
}
