//! How the labels of two groups lie at one stage of the data: histograms for continuous labels, shares for binary ones.

use evenhand_rows::Scale;

use super::svg::{Anchor, Svg};
use super::{Figure, WIDTH, density, style_of};
use crate::document::Tilt;
use crate::numbers::{count, percent};

/// Characters of a line of a group's name.
const NAME: usize = 24;

/// The picture of one stage; `scale` is that of the person's own labels.
pub(crate) fn figure(tilt: &Tilt, groups: &[String], binary: bool, scale: Scale) -> Figure {
    if binary || tilt.histograms.is_empty() {
        shares(tilt, groups)
    } else {
        density::figure(&tilt.stage, &tilt.histograms, groups, ("label", scale), 235.0)
    }
}

/// Two bars: the share of positive labels in each group, with the row counts written beside them.
fn shares(tilt: &Tilt, groups: &[String]) -> Figure {
    let height = 112.0;
    let (left, right) = (188.0, WIDTH - 166.0);
    let mut svg = Svg::new(WIDTH, height);
    let [high_one, high_other, low_one, low_other] = tilt.cells;
    let rows = [(&tilt.privileged, high_one, low_one), (&tilt.unprivileged, high_other, low_other)];
    for (position, (group, high, low)) in rows.into_iter().enumerate() {
        let style = style_of(groups, group);
        let y = 14.0 + 42.0 * position as f64;
        let share = if high + low == 0 { 0.0 } else { high as f64 / (high + low) as f64 };
        svg.rectangle(left, y, right - left, 26.0, "rest");
        svg.rectangle(left, y, (right - left) * share, 26.0, &format!("bar {}", style.fill()));
        svg.told_lines((left - 8.0, y + 17.0), "tick", group, NAME);
        svg.text((right + 8.0, y + 17.0), Anchor::Start, "tick", &format!("{} of {} ({})", count(high), count(high + low), percent(share)));
    }
    svg.text((left, height - 4.0), Anchor::Start, "tick", "0 %");
    svg.text((right, height - 4.0), Anchor::End, "tick", "100 %");
    let described = format!("{}: share of positive labels in {} and {}", tilt.stage, tilt.privileged, tilt.unprivileged);
    Figure {
        title: tilt.stage.clone(),
        svg: svg.finish(&described),
        legend: Vec::new(),
        caption: "Filled: share of positive labels.".to_owned(),
    }
}
