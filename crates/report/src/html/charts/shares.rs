//! Each group's share of the first places, by length of the prefix.

use super::axis::{Scale, extent};
use super::svg::{Style, Svg, Swatch, through};
use super::{Figure, LegendEntry, WIDTH, frame};
use crate::document::PrefixShares;

/// Up to this many groups have a style of their own: more lines cannot be told apart.
const MOST_STYLED: usize = 6;

/// Marks along each line, so that it can be followed without colour.
const MARKS: usize = 5;

/// Where the axis may end.
const ENDS: [f64; 8] = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8];

/// The shares before, or after the re-ranking; level lines are the wanted ones. Both pictures of a ranking have one axis and the same styles.
pub(crate) fn figure(title: &str, shares: &[PrefixShares], after: bool) -> Figure {
    let height = 250.0;
    let frame = frame(WIDTH, height);
    let mut svg = Svg::new(WIDTH, height);
    let values = |one: &'_ PrefixShares| if after { one.after.clone() } else { one.before.clone() };
    let longest = shares.iter().map(|one| values(one).len()).max().unwrap_or(1).max(2);
    let x = Scale::counting((1.0, longest as f64), frame.width());
    let y = Scale::linear((0.0, top(shares)), frame.height());
    frame.y_axis(&mut svg, &y, 4, "mean share");
    let styles = styles(shares);
    let (left, right) = (x.at(1.0), x.at(longest as f64));
    let others = styles.iter().filter(|style| style.is_none()).count();
    let band = if others > 0 { band(shares) } else { None };
    if let Some((low, high)) = band {
        svg.rectangle(left, y.at(high) - 0.8, right - left, y.at(low) - y.at(high) + 1.6, "shade");
    } else {
        for (wanted, stroke) in wanted(shares, &styles) {
            svg.line((left, y.at(wanted)), (right, y.at(wanted)), &format!("mean {stroke}"));
        }
    }
    let line = |one: &PrefixShares| -> Vec<(f64, f64)> {
        values(one).iter().enumerate().map(|(place, share)| (x.at((place + 1) as f64), y.at(*share))).collect()
    };
    for (one, _) in shares.iter().zip(&styles).filter(|(_, style)| style.is_none()) {
        svg.told_path(&through(&line(one)), "curve other", &one.group);
    }
    let mut legend = Vec::new();
    for (one, style) in shares.iter().zip(&styles) {
        let Some(style) = *style else { continue };
        let points = line(one);
        svg.curve(&points, style, "curve");
        // Those of different groups stand at different places, and one at the end.
        let mut marks: Vec<usize> =
            (0..MARKS).map(|mark| (mark * points.len() + points.len() * (style.0 + 1) / (MOST_STYLED + 1)) / MARKS).collect();
        marks.push(points.len().saturating_sub(1));
        marks.dedup();
        for point in marks.into_iter().filter_map(|mark| points.get(mark)) {
            svg.mark(style, *point, 3.6, "mark");
        }
        legend.push(LegendEntry::new(Swatch::Line(style), one.group.clone()));
    }
    let level = if band.is_some() { "Level band" } else { "Level lines" };
    let mut caption = format!("{level}: the wanted shares, mean over the lists.");
    if others > 0 {
        legend.push(LegendEntry::new(Swatch::Plain("curve other"), format!("{others} other groups (names on hover; values in the table)")));
        caption.push_str(" In colour: the groups whose shares by score are farthest from the wanted ones.");
    }
    frame.x_axis(&mut svg, &x, 6, "first places of the lists");
    let described = format!("{title}: mean share of each group among the first places");
    Figure { title: title.to_owned(), svg: svg.finish(&described), legend, caption }
}

/// The end of the axis: a round number above every share of both orders and every wanted one.
fn top(shares: &[PrefixShares]) -> f64 {
    let all = shares.iter().flat_map(|one| one.before.iter().chain(&one.after).chain([&one.wanted]));
    let highest = all.copied().fold(0.0, f64::max);
    ENDS.into_iter().find(|end| *end > highest).unwrap_or(1.0)
}

/// The lowest and the highest of wanted shares that lie close together: a line for each would be a heap of lines.
fn band(shares: &[PrefixShares]) -> Option<(f64, f64)> {
    extent(shares.iter().map(|one| one.wanted)).filter(|(low, high)| high - low < 0.15 * top(shares))
}

/// The style of every group: among many, only those have one whose shares by score are farthest from the wanted ones.
fn styles(shares: &[PrefixShares]) -> Vec<Option<Style>> {
    let away = |one: &PrefixShares| one.before.iter().map(|share| (share - one.wanted).abs()).sum::<f64>();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|&one, &other| away(&shares[other]).total_cmp(&away(&shares[one])));
    order.truncate(MOST_STYLED);
    order.sort_unstable();
    let mut styles = vec![None; shares.len()];
    for (style, position) in order.into_iter().enumerate() {
        styles[position] = Some(Style(style));
    }
    styles
}

/// The wanted shares with the classes of their lines: each once, and in the colour of its group where no other group has it.
fn wanted(shares: &[PrefixShares], styles: &[Option<Style>]) -> Vec<(f64, String)> {
    let mut lines: Vec<(f64, String)> = Vec::new();
    for (one, style) in shares.iter().zip(styles) {
        let alike = |other: f64| (other - one.wanted).abs() < 1e-9;
        if lines.iter().any(|(known, _)| alike(*known)) {
            continue;
        }
        let shared = shares.iter().filter(|other| alike(other.wanted)).count() > 1;
        match style {
            _ if shared => lines.push((one.wanted, "kn".to_owned())),
            Some(style) => lines.push((one.wanted, style.stroke())),
            None => {}
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{band, styles, top, wanted};
    use crate::document::PrefixShares;

    fn shares(of: &[(f64, f64)]) -> Vec<PrefixShares> {
        let one = |(position, &(wanted, before)): (usize, &(f64, f64))| PrefixShares {
            group: format!("g{position}"),
            wanted,
            before: vec![before],
            after: Vec::new(),
        };
        of.iter().enumerate().map(one).collect()
    }

    #[test]
    fn the_axis_ends_at_a_round_number_above_every_share() {
        assert!((top(&shares(&[(0.07, 0.12), (0.07, 0.02)])) - 0.2).abs() < 1e-12);
        assert!((top(&shares(&[(0.5, 0.3)])) - 0.6).abs() < 1e-12, "a wanted share is seen as well");
        assert!((top(&shares(&[(0.5, 1.0)])) - 1.0).abs() < 1e-12);
        assert!((top(&[]) - 0.05).abs() < 1e-12);
    }

    #[test]
    fn of_many_groups_those_farthest_from_their_wanted_share_have_a_style() {
        let of: Vec<(f64, f64)> = (0..9).map(|group| (0.1, if group % 2 == 0 { 0.1 } else { 0.2 + f64::from(group) / 100.0 })).collect();
        let found = styles(&shares(&of));
        assert_eq!(found.iter().filter(|style| style.is_some()).count(), 6);
        assert!([1, 3, 5, 7].iter().all(|&group: &usize| found[group].is_some()));
    }

    #[test]
    fn wanted_shares_close_together_are_one_band() {
        assert_eq!(band(&shares(&[(0.07, 0.12), (0.08, 0.02), (0.075, 0.02)])), Some((0.07, 0.08)));
        assert_eq!(band(&shares(&[(0.5, 0.12), (0.08, 0.02)])), None);
    }

    #[test]
    fn a_wanted_share_of_several_groups_is_one_grey_line() {
        let given = shares(&[(0.2, 0.0), (0.2, 0.0), (0.6, 0.0)]);
        let lines = wanted(&given, &styles(&given));
        assert_eq!(lines.iter().map(|(_, class)| class.as_str()).collect::<Vec<_>>(), ["kn", "k2"]);
    }
}
