//! Pass rate by threshold for each group. The area between two groups' curves is their SPDD.

use std::fmt::Write as _;

use super::axis::{Frame, Scale, extent};
use super::svg::{Anchor, Style, Svg, Swatch, between};
use super::{Figure, LegendEntry, WIDTH, style_of};
use crate::document::{PassRate, PassRates};
use crate::numbers::{count, level, percent, significant};

/// Up to this many groups have a style of their own; beyond it only the pair stands out.
const MOST_STYLED: usize = 4;

/// Marks along each curve, so that it can be followed without colour.
const MARKS: usize = 7;

/// The curves with the pair's gap shaded; below it the gap itself with its simultaneous band.
///
/// `range` is the range of the gaps of all pictures that are compared, from [`gap_range`]; `scale` is the person's own, on which the thresholds are drawn;
/// `told` are short sentences for the empty corner, the first of them the SPDD of the pair.
pub(crate) fn figure(
    title: &str,
    rates: &PassRates,
    groups: &[String],
    range: (f64, f64),
    told: &[String],
    scale: evenhand_rows::Scale,
) -> Figure {
    let rates = &on_own_scale(rates, scale);
    let gap = Gap::of(rates);
    let height = if gap.is_some() { 365.0 } else { 265.0 };
    let frame = Frame { left: 48.0, right: WIDTH - 14.0, top: 26.0, bottom: 222.0 };
    let mut svg = Svg::new(WIDTH, height);
    let x = Scale::linear(domain(rates, scale), frame.width());
    let y = Scale::linear((0.0, 1.0), frame.height());
    let beyond = if scale.lower_is_better { "below" } else { "above" };
    frame.y_axis(&mut svg, &y, 5, &format!("selection rate (share of the group with a score {beyond} the threshold)"));
    let place = |group: &PassRate, shift: f64| -> Vec<(f64, f64)> {
        rates
            .thresholds
            .iter()
            .zip(&group.rates)
            .map(|(threshold, rate)| (x.at(*threshold), y.inside((rate + shift).clamp(0.0, 1.0))))
            .collect()
    };
    let paired = |group: &PassRate| rates.pair.as_ref().is_some_and(|(one, other)| *one == group.group || *other == group.group);
    let styled = |group: &PassRate| rates.groups.len() <= MOST_STYLED || paired(group);
    if let Some(gap) = &gap {
        svg.path(&between(&place(gap.one, 0.0), &place(gap.other, 0.0)), "shade");
    }
    for group in rates.groups.iter().filter(|group| rates.groups.len() <= 3 || paired(group)) {
        let band = between(&place(group, group.band), &place(group, -group.band));
        svg.path(&band, &format!("wash {}", style_of(groups, &group.group).fill()));
    }
    for group in rates.groups.iter().filter(|group| !styled(group)) {
        let line = super::svg::through(&place(group, 0.0));
        svg.told_path(&line, "curve other", &group.group);
    }
    for (position, group) in rates.groups.iter().filter(|group| styled(group)).enumerate() {
        let style = style_of(groups, &group.group);
        let line = place(group, 0.0);
        svg.curve(&line, style, "curve");
        for point in (0..MARKS).filter_map(|mark| line.get((mark * line.len() + line.len() * (position + 1) / 7) / MARKS)) {
            let told = format!("{}: {} at {}", group.group, percent(y.value(point.1)), significant(x.value(point.0)));
            svg.told_mark(style, *point, 3.4, "mark", &told);
        }
    }
    // Curves that fall leave the right corner empty, curves that rise the left one.
    let (corner, anchor) = if scale.lower_is_better { (frame.left + 6.0, Anchor::Start) } else { (frame.right - 4.0, Anchor::End) };
    for (position, words) in told.iter().enumerate() {
        svg.text((corner, frame.top + 15.0 + 16.0 * position as f64), anchor, if position == 0 { "told strong" } else { "told" }, words);
    }
    if let Some(gap) = &gap {
        frame.x_axis(&mut svg, &x, 5, "");
        gap.draw(&mut svg, rates, &x, Frame { top: 268.0, bottom: height - 38.0, ..frame }, range);
    } else {
        frame.x_axis(&mut svg, &x, 5, "threshold");
    }
    let mut legend: Vec<LegendEntry> = rates
        .groups
        .iter()
        .filter(|group| styled(group))
        .map(|group| LegendEntry::new(Swatch::Line(style_of(groups, &group.group)), format!("{} (n = {})", group.group, count(group.n))))
        .collect();
    let others = rates.groups.iter().filter(|group| !styled(group)).count();
    if others > 0 {
        legend.push(LegendEntry::new(Swatch::Plain("curve other"), format!("{others} other groups (names on hover; values in the table)")));
    }
    if gap.is_some() {
        legend.push(LegendEntry::new(
            Swatch::Box("shade"),
            if scale.is_plain() {
                "gap of the pair; its area is SPDD"
            } else {
                "gap of the pair; its area over the range of scores is SPDD"
            },
        ));
    }
    let mut caption = format!("Bands: {} simultaneous over all thresholds (DKW).", level(rates.level));
    if let Some(band) = rates.gap_band {
        let _ = write!(caption, " Below: the pair's gap; its band is ± {} at every threshold.", significant(band));
    }
    let described = format!("{title}: pass rate by threshold of {} groups", rates.groups.len());
    Figure { title: title.to_owned(), svg: svg.finish(&described), legend, caption }
}

/// The same rates at the person's own thresholds, ascending: where lower scores are better the order turns.
fn on_own_scale(rates: &PassRates, scale: evenhand_rows::Scale) -> PassRates {
    let mut own = rates.clone();
    own.thresholds.iter_mut().for_each(|threshold| *threshold = scale.to_score(*threshold));
    if scale.lower_is_better {
        own.thresholds.reverse();
        own.groups.iter_mut().for_each(|group| group.rates.reverse());
    }
    own
}

/// The whole scale where every threshold lies on it, else the thresholds' own range.
fn domain(rates: &PassRates, scale: evenhand_rows::Scale) -> (f64, f64) {
    let slack = 1e-9 * scale.span();
    match (rates.thresholds.first(), rates.thresholds.last()) {
        (Some(low), Some(high)) if *low < scale.low - slack || *high > scale.high + slack => (*low, *high),
        _ => (scale.low, scale.high),
    }
}

/// The range of the gaps with their bands over several pictures, so that their lower panels share one scale.
pub(crate) fn gap_range<'a>(rates: impl Iterator<Item = &'a PassRates>) -> (f64, f64) {
    let ends = rates.flat_map(|rates| {
        let band = rates.gap_band.unwrap_or(0.0);
        let gaps = Gap::of(rates).map_or_else(Vec::new, |gap| gap.values());
        gaps.into_iter().flat_map(move |gap| [gap - band, gap + band])
    });
    let (low, high) = extent(ends).unwrap_or((0.0, 0.0));
    (low.clamp(-1.0, -0.01), high.clamp(0.01, 1.0))
}

/// The pair whose gap is shown.
struct Gap<'a> {
    one: &'a PassRate,
    other: &'a PassRate,
}

impl<'a> Gap<'a> {
    fn of(rates: &'a PassRates) -> Option<Self> {
        let (one, other) = rates.pair.as_ref()?;
        let find = |name: &str| rates.groups.iter().find(|group| group.group == name);
        Some(Gap { one: find(one)?, other: find(other)? })
    }

    fn values(&self) -> Vec<f64> {
        self.one.rates.iter().zip(&self.other.rates).map(|(one, other)| one - other).collect()
    }

    /// The gap by threshold, with its band, on a panel of its own.
    fn draw(&self, svg: &mut Svg, rates: &PassRates, x: &Scale, frame: Frame, range: (f64, f64)) {
        let gaps = self.values();
        let band = rates.gap_band.unwrap_or(0.0);
        let y = Scale::linear(range, frame.height());
        let title = format!("gap: {} − {}", crate::numbers::shorten(&self.one.group, 30), crate::numbers::shorten(&self.other.group, 30));
        frame.y_axis(svg, &y, 4, &title);
        let place = |shift: f64| -> Vec<(f64, f64)> {
            rates.thresholds.iter().zip(&gaps).map(|(threshold, gap)| (x.at(*threshold), y.inside(gap + shift))).collect()
        };
        if band > 0.0 {
            svg.path(&between(&place(band), &place(-band)), "wash fn");
        }
        let zero = [(frame.left, y.at(0.0)), (frame.right, y.at(0.0))];
        svg.path(&between(&place(0.0), &zero), "shade");
        svg.line(zero[0], zero[1], "base");
        svg.curve(&place(0.0), Style(0), "curve ink");
        frame.x_axis(svg, x, 5, "threshold");
    }
}

#[cfg(test)]
mod tests {
    use evenhand_rows::Scale;

    use super::{domain, on_own_scale};
    use crate::document::{PassRate, PassRates};

    #[test]
    fn thresholds_stand_on_the_own_scale_in_ascending_order() {
        let rate = PassRate { group: "a".to_owned(), n: 3, rates: vec![1.0, 0.6, 0.2], band: 0.0 };
        let thresholds = vec![0.0, 0.25, 0.9];
        let rates = PassRates { thresholds, groups: vec![rate], pair: None, gap_band: None, level: 0.95 };
        let points = on_own_scale(&rates, Scale::of(0.0, 100.0));
        assert_eq!(
            (points.thresholds.as_slice(), points.groups[0].rates.as_slice()),
            ([0.0, 25.0, 90.0].as_slice(), [1.0, 0.6, 0.2].as_slice())
        );
        // A threshold of 0.9 on a scale whose 1 is best is the decile 1.9; at or below it pass those of 0.9 and more.
        let deciles = Scale { lower_is_better: true, ..Scale::of(1.0, 10.0) };
        let turned = on_own_scale(&rates, deciles);
        assert_eq!(
            (turned.thresholds.as_slice(), turned.groups[0].rates.as_slice()),
            ([1.9, 7.75, 10.0].as_slice(), [0.2, 0.6, 1.0].as_slice())
        );
        assert_eq!(domain(&turned, deciles), (1.0, 10.0));
    }

    #[test]
    fn the_axis_is_the_scale_or_what_lies_beyond_it() {
        let rates = |thresholds: Vec<f64>| PassRates { thresholds, groups: Vec::new(), pair: None, gap_band: None, level: 0.95 };
        assert_eq!(domain(&rates(vec![0.2, 0.7]), Scale::default()), (0.0, 1.0));
        assert_eq!(domain(&rates(vec![-2.0, 3.5]), Scale::default()), (-2.0, 3.5));
        assert_eq!(domain(&rates(Vec::new()), Scale::of(1.0, 5.0)), (1.0, 5.0));
    }
}
