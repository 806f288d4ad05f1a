//! The embeddings of the test rows in two dimensions, the high-scoring beside the low-scoring, with the groups' centroids.

use super::axis::{Frame, Scale};
use super::svg::{Anchor, Svg, Swatch, spots};
use super::{Figure, LegendEntry, WIDTH, style_of};
use crate::document::{LatentPlot, LatentPoint};
use crate::numbers::{percent, significant};

/// Up to this many groups have a style of their own; the rest is drawn in grey.
const MOST_STYLED: usize = 6;

/// The two panels of one method. `groups` is the attribute's list, which fixes the styles.
pub(crate) fn figure(title: &str, plot: &LatentPlot, groups: &[String]) -> Figure {
    let height = 286.0;
    let mut svg = Svg::new(WIDTH, height);
    let ranked = ranked_groups(plot);
    let mut styled: Vec<&str> = ranked.iter().take(MOST_STYLED).map(String::as_str).collect();
    styled.sort_by_key(|group| style_of(groups, group).0);
    let panels = [(false, 30.0, "label below the threshold"), (true, 290.0, "label at or above the threshold")];
    let mut distances = Vec::new();
    for (high, left, heading) in panels {
        let frame = Frame { left, right: left + 238.0, top: 26.0, bottom: height - 36.0 };
        let x = Scale::around(plot.points.iter().map(|point| point.x), frame.width());
        let y = Scale::around(plot.points.iter().map(|point| point.y), frame.height());
        svg.rectangle(frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top, "box");
        svg.text((f64::midpoint(frame.left, frame.right), frame.top - 8.0), Anchor::Middle, "axis", heading);
        svg.text(
            (f64::midpoint(frame.left, frame.right), frame.bottom + 17.0),
            Anchor::Middle,
            "axis",
            &format!("axis 1 ({})", percent(plot.explained[0])),
        );
        let members =
            |group: &str| -> Vec<&LatentPoint> { plot.points.iter().filter(|point| point.high == high && point.group == group).collect() };
        for group in ranked.iter().rev() {
            let style = style_of(groups, group);
            let places: Vec<(f64, f64)> = members(group).into_iter().map(|point| (x.at(point.x), y.at(point.y))).collect();
            let is_styled = styled.contains(&group.as_str());
            if let Some(spot) = style.spot() {
                svg.path(&spots(&places), &format!("{spot} {}", if is_styled { style.stroke() } else { "kn".to_owned() }));
            } else {
                let marks: String = places.into_iter().map(|(x, y)| style.mark(x, y, 2.3)).collect();
                svg.path(&marks, &format!("dots {}", if is_styled { style.fill() } else { "fn".to_owned() }));
            }
        }
        let centres: Vec<(&str, f64, f64)> =
            styled.iter().filter_map(|group| centre(&members(group)).map(|(cx, cy)| (*group, cx, cy))).collect();
        if let [(_, ax, ay), (_, bx, by)] = centres[..] {
            svg.line((x.at(ax), y.at(ay)), (x.at(bx), y.at(by)), "link");
            distances.push(format!("{} {}", if high { "high-scoring" } else { "low-scoring" }, significant((ax - bx).hypot(ay - by))));
        }
        for (position, (group, cx, cy)) in centres.into_iter().enumerate() {
            let style = style_of(groups, group);
            // Later ones are smaller, so that centroids in one place all show.
            svg.path(&style.mark(x.at(cx), y.at(cy), 7.5 - 1.2 * (position as f64).min(3.0)), &format!("centre {}", style.fill()));
        }
    }
    svg.upright((16.0, f64::midpoint(26.0, height - 36.0)), "axis", &format!("axis 2 ({})", percent(plot.explained[1])));
    let mut legend: Vec<LegendEntry> =
        styled.iter().map(|group| LegendEntry::new(Swatch::Mark(style_of(groups, group)), (*group).to_owned())).collect();
    if ranked.len() > styled.len() {
        legend.push(LegendEntry::new(Swatch::Box("dots fn"), format!("{} smaller groups", ranked.len() - styled.len())));
    }
    let caption = if distances.is_empty() {
        "Large marks: centroids.".to_owned()
    } else {
        format!("Large marks: centroids; their distance in these two dimensions: {}.", distances.join(", "))
    };
    let described = format!("{title}: embeddings of {} rows in two dimensions", plot.points.len());
    Figure { title: title.to_owned(), svg: svg.finish(&described), legend, caption }
}

/// The groups of the points, the largest first; equal sizes in alphabetical order.
fn ranked_groups(plot: &LatentPlot) -> Vec<String> {
    let mut sizes = std::collections::BTreeMap::<&str, usize>::new();
    for point in &plot.points {
        *sizes.entry(point.group.as_str()).or_default() += 1;
    }
    let mut ranked: Vec<(&str, usize)> = sizes.into_iter().collect();
    ranked.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    ranked.into_iter().map(|(group, _)| group.to_owned()).collect()
}

fn centre(points: &[&LatentPoint]) -> Option<(f64, f64)> {
    let n = points.len() as f64;
    (!points.is_empty()).then(|| (points.iter().map(|point| point.x).sum::<f64>() / n, points.iter().map(|point| point.y).sum::<f64>() / n))
}
