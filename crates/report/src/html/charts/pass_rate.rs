//! Pass rate by threshold for each group. The area between two groups' curves is their SPDD.

use std::fmt::Write as _;

use super::axis::{Frame, Scale, extent};
use super::svg::{Anchor, Style, Svg, Swatch, between};
use super::{Figure, LegendEntry, WIDTH, style_of};
use crate::document::{PassRate, PassRates};
use crate::numbers::{count, level, significant};

/// Up to this many groups have a style of their own; beyond it only the pair stands out.
const MOST_STYLED: usize = 6;

/// Marks along each curve, so that it can be followed without colour.
const MARKS: usize = 7;

/// The curves with the pair's gap shaded; below it the gap itself with its simultaneous band.
///
/// `range` is the range of the gaps of all pictures that are compared, from [`gap_range`]; `scale` is that of the thresholds; `told` are short sentences for the empty
/// corner, the first of them the SPDD of the pair.
pub(crate) fn figure(
    title: &str,
    rates: &PassRates,
    groups: &[String],
    range: (f64, f64),
    told: &[String],
    scale: evenhand_rows::Scale,
) -> Figure {
    let gap = Gap::of(rates);
    let height = if gap.is_some() { 365.0 } else { 265.0 };
    let frame = Frame { left: 48.0, right: WIDTH - 14.0, top: 26.0, bottom: 222.0 };
    let mut svg = Svg::new(WIDTH, height);
    let x = Scale::linear(domain(rates), frame.width());
    let y = Scale::linear((0.0, 1.0), frame.height());
    let beyond = if scale.lower_is_better { "below" } else { "above" };
    frame.y_axis(&mut svg, &y, 5, &format!("pass rate (share of the group with a score {beyond} the threshold)"));
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
            svg.mark(style, *point, 3.4, "mark");
        }
    }
    for (position, words) in told.iter().enumerate() {
        svg.text(
            (frame.right - 4.0, frame.top + 15.0 + 16.0 * position as f64),
            Anchor::End,
            if position == 0 { "told strong" } else { "told" },
            words,
        );
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

fn domain(rates: &PassRates) -> (f64, f64) {
    match (rates.thresholds.first(), rates.thresholds.last()) {
        (Some(low), Some(high)) if *low >= -1e-9 && *high <= 1.0 + 1e-9 => (0.0, 1.0),
        (Some(low), Some(high)) => (*low, *high),
        _ => (0.0, 1.0),
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
        let zero: Vec<(f64, f64)> = [domain(rates).0, domain(rates).1].into_iter().map(|threshold| (x.at(threshold), y.at(0.0))).collect();
        svg.path(&between(&place(0.0), &zero), "shade");
        svg.line(zero[0], zero[1], "base");
        svg.curve(&place(0.0), Style(0), "curve ink");
        frame.x_axis(svg, x, 5, "threshold");
    }
}
