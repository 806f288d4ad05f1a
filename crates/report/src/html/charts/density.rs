//! Score or label densities by group: laid over each other for few groups, one ridge each for many.

use super::axis::{Frame, Scale, extent};
use super::svg::{Anchor, Style, Svg, Swatch, between};
use super::{Figure, LegendEntry, WIDTH, frame, style_of};
use crate::document::Density;
use crate::numbers::{count, significant};

/// Up to this many groups lie over each other; more would hide one another.
const MOST_OVERLAID: usize = 4;

/// Densities with at most this many points are histograms and drawn as steps.
const MOST_BINS: usize = 40;

/// The densities of one set of rows. `groups` is the attribute's list, which fixes the styles; `axis` is what is measured, and the person's own
/// scale of it; ridges take the height they need.
pub(crate) fn figure(title: &str, densities: &[Density], groups: &[String], axis: (&str, evenhand_rows::Scale), height: f64) -> Figure {
    let (axis, scale) = axis;
    let densities = &densities.iter().map(|density| on_own_scale(density, scale)).collect::<Vec<_>>();
    if densities.len() <= MOST_OVERLAID { overlaid(title, densities, groups, axis, height) } else { ridges(title, densities, axis) }
}

/// The same density on the person's own scale, from the lowest point to the highest: where lower numbers are better the order turns, and the right edge
/// of a bin becomes its left one.
fn on_own_scale(density: &Density, scale: evenhand_rows::Scale) -> Density {
    let mut own = density.clone();
    let edge = if scale.lower_is_better { bin(density) } else { 0.0 };
    own.points.iter_mut().for_each(|point| *point = scale.to_score(*point + edge));
    // A density is per unit of the scale.
    own.values.iter_mut().for_each(|value| *value /= scale.span());
    if scale.lower_is_better {
        own.points.reverse();
        own.values.reverse();
    }
    own.mean = scale.to_score(density.mean);
    own
}

/// The distance between two neighbouring points.
fn step(density: &Density) -> f64 {
    match density.points.as_slice() {
        [first, second, ..] => second - first,
        _ => 1.0,
    }
}

/// The range of the axis: the unit interval for scores inside it.
fn domain(densities: &[Density]) -> (f64, f64) {
    let ends = densities.iter().filter_map(|density| Some((*density.points.first()?, density.points.last()? + bin(density))));
    let (low, high) = extent(ends.flat_map(|(low, high)| [low, high])).unwrap_or((0.0, 1.0));
    if low >= -1e-9 && high <= 1.0 + 1e-9 { (0.0, 1.0) } else { (low, high) }
}

/// Width of a histogram's last bin; a curve on points has none.
fn bin(density: &Density) -> f64 {
    if density.points.len() <= MOST_BINS { step(density) } else { 0.0 }
}

/// The outline of a density: steps for a histogram, a curve for many points.
fn outline(density: &Density, x: &Scale, y: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let pairs = density.points.iter().zip(&density.values);
    if density.points.len() <= MOST_BINS {
        let width = step(density);
        pairs.flat_map(|(point, value)| [(x.inside(*point), y(*value)), (x.inside(point + width), y(*value))]).collect()
    } else {
        pairs.map(|(point, value)| (x.inside(*point), y(*value))).collect()
    }
}

fn highest(densities: &[Density]) -> f64 {
    densities.iter().flat_map(|density| density.values.iter().copied()).fold(0.0, f64::max).max(1e-9)
}

fn overlaid(title: &str, densities: &[Density], groups: &[String], axis: &str, height: f64) -> Figure {
    let frame = frame(WIDTH, height);
    let mut svg = Svg::new(WIDTH, height);
    let x = Scale::linear(domain(densities), frame.width());
    let y = Scale::linear((0.0, highest(densities) * 1.06), frame.height());
    frame.y_axis(&mut svg, &y, 4, "density");
    let floor = [(x.at(domain(densities).0), frame.bottom), (x.at(domain(densities).1), frame.bottom)];
    for density in densities {
        let style = style_of(groups, &density.group);
        let line = outline(density, &x, |value| y.at(value));
        svg.path(&between(&line, &floor), &format!("wash {}", style.fill()));
    }
    for density in densities {
        let style = style_of(groups, &density.group);
        svg.curve(&outline(density, &x, |value| y.at(value)), style, "curve");
    }
    frame.x_axis(&mut svg, &x, 5, axis);
    for density in densities {
        let style = style_of(groups, &density.group);
        let at = x.inside(density.mean);
        svg.line((at, frame.bottom), (at, frame.top), &format!("mean {}", style.stroke()));
        svg.told_mark(
            style,
            (at, frame.bottom),
            5.0,
            "mark",
            &format!("{}: mean {}, n {}", density.group, significant(density.mean), count(density.n)),
        );
    }
    let legend = densities
        .iter()
        .map(|density| {
            let label = format!("{} (n = {}, mean {})", density.group, count(density.n), significant(density.mean));
            LegendEntry::new(Swatch::Line(style_of(groups, &density.group)), label)
        })
        .collect();
    let described = format!("{title}: density of the {axis} of {} groups", densities.len());
    Figure { title: title.to_owned(), svg: svg.finish(&described), legend, caption: "Marks on the axis: each group's mean.".to_owned() }
}

fn ridges(title: &str, densities: &[Density], axis: &str) -> Figure {
    let row = (290.0 / densities.len() as f64).clamp(24.0, 46.0);
    let frame = Frame { left: 186.0, right: WIDTH - 54.0, top: 34.0, bottom: 34.0 + row * densities.len() as f64 + 6.0 };
    let height = frame.bottom + 38.0;
    let mut svg = Svg::new(WIDTH, height);
    let x = Scale::linear(domain(densities), frame.width());
    let highest = highest(densities);
    for (value, _) in x.ticks(5) {
        svg.line((x.at(value), frame.top - 12.0), (x.at(value), frame.bottom), "grid");
    }
    svg.text((frame.right + 48.0, frame.top - 18.0), Anchor::End, "axis", "mean");
    for (position, density) in densities.iter().enumerate() {
        let base = frame.top + row * (position as f64 + 1.0);
        let mut line = outline(density, &x, |value| base - value / highest * row * 1.25);
        // A ridge is so low that every other point draws the same line; its last point stays.
        let last = line.len().saturating_sub(1);
        if density.points.len() > MOST_BINS {
            line = line.into_iter().enumerate().filter(|(place, _)| place % 2 == 0 || *place == last).map(|(_, point)| point).collect();
        }
        let floor = [(x.at(domain(densities).0), base), (x.at(domain(densities).1), base)];
        svg.path(&between(&line, &floor), "ridge");
        svg.curve(&line, Style(0), "curve thin");
        svg.told_lines((frame.left - 8.0, base - 5.0), "tick", &density.group, 27);
        svg.text((frame.right + 48.0, base - 3.0), Anchor::End, "tick", &significant(density.mean));
    }
    // Over the ridges, so that none hides the mean of the group above it.
    for (position, density) in densities.iter().enumerate() {
        let told = format!("{}: mean {}, n {}", density.group, significant(density.mean), count(density.n));
        svg.told_mark(Style(0), (x.inside(density.mean), frame.top + row * (position as f64 + 1.0)), 3.4, "mark", &told);
    }
    frame.x_axis(&mut svg, &x, 5, axis);
    let described = format!("{title}: density of the {axis} of {} groups", densities.len());
    Figure {
        title: title.to_owned(),
        svg: svg.finish(&described),
        legend: Vec::new(),
        caption: "All ridges have one scale; marks show each group's mean.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use evenhand_rows::Scale;

    use super::on_own_scale;
    use crate::document::Density;

    #[test]
    fn a_histogram_turns_with_its_bins() {
        let unit = Density { group: "a".to_owned(), n: 4, points: vec![0.0, 0.5], values: vec![0.5, 1.5], mean: 0.75 };
        let own = on_own_scale(&unit, Scale { lower_is_better: true, ..Scale::of(0.0, 100.0) });
        // The better half of the scale is now 0 to 50; the area stays 1.
        assert_eq!((own.points.as_slice(), own.values.as_slice(), own.mean), ([0.0, 50.0].as_slice(), [0.015, 0.005].as_slice(), 25.0));
        assert_eq!(on_own_scale(&unit, Scale::of(1.0, 5.0)).points, [1.0, 3.0]);
        assert_eq!(on_own_scale(&unit, Scale::default()), unit);
    }
}
