//! A small writer of SVG: shapes, texts and marks with classes that the page's style sheet colours (light, dark and print).

use std::fmt::Write as _;

/// Distinct colours of the palette; the style sheet names them `--k0` to `--k7`.
const COLOURS: usize = 8;

/// Dash patterns of lines; the first is solid.
const DASHES: [&str; 6] = ["", "7 3", "2 2.5", "9 3 2 3", "14 4", "5 2 2 2 2 2"];

/// How one series is drawn: colour, dash and mark, so that colour never carries the meaning alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style(pub(crate) usize);

impl Style {
    /// Class that strokes in the colour of the series.
    pub(crate) fn stroke(self) -> String {
        format!("k{}", self.0 % COLOURS)
    }

    /// Class that fills in the colour of the series.
    pub(crate) fn fill(self) -> String {
        format!("f{}", self.0 % COLOURS)
    }

    /// The dash attribute, empty for a solid line.
    fn dash(self) -> String {
        let dash = DASHES[self.0 % DASHES.len()];
        if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") }
    }

    /// The class of small dots that look like the mark of this series, where its mark is round or square.
    pub(crate) fn spot(self) -> Option<&'static str> {
        ["spots round", "spots square"].get(self.0 % 12).copied()
    }

    /// Path of the mark of this series around a point.
    pub(crate) fn mark(self, x: f64, y: f64, radius: f64) -> String {
        mark(self.0, x, y, radius)
    }
}

/// Height of a line of small text.
const LINE: f64 = 13.0;

/// A text in two lines of at most `most` characters, broken at a space where one stands far enough on; none where it fits on one line.
fn broken(text: &str, most: usize) -> Option<(String, String)> {
    let (cut, _) = text.char_indices().nth(most)?;
    let space = text[..cut].rfind(' ').filter(|&space| text[..space].chars().count() * 2 > most);
    let cut = if text[cut..].starts_with(' ') { cut } else { space.unwrap_or(cut) };
    Some((text[..cut].to_owned(), crate::numbers::shorten(text[cut..].trim_start(), most)))
}

/// Where a text hangs on its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// The text begins at the point.
    Start,
    /// The text is centred on the point.
    Middle,
    /// The text ends at the point.
    End,
}

/// A drawing under construction.
#[derive(Debug)]
pub(crate) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

impl Svg {
    /// An empty drawing of this size in user units.
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Svg { width, height, body: String::new() }
    }

    /// A straight line.
    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let _ = write!(
            self.body,
            "<line class=\"{class}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
            Px(from.0),
            Px(from.1),
            Px(to.0),
            Px(to.1)
        );
    }

    /// A rectangle.
    pub(crate) fn rectangle(&mut self, x: f64, y: f64, width: f64, height: f64, class: &str) {
        let _ = write!(
            self.body,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            Px(x),
            Px(y),
            Px(width.max(0.0)),
            Px(height.max(0.0))
        );
    }

    /// A path with a class, for example an area or a set of marks.
    pub(crate) fn path(&mut self, d: &str, class: &str) {
        if !d.is_empty() {
            let _ = write!(self.body, "<path class=\"{class}\" d=\"{d}\"/>");
        }
    }

    /// A path with a class and a tooltip.
    pub(crate) fn told_path(&mut self, d: &str, class: &str, told: &str) {
        let _ = write!(self.body, "<path class=\"{class}\" d=\"{d}\"><title>{}</title></path>", Escaped(told));
    }

    /// A line through points in the style of its series.
    pub(crate) fn curve(&mut self, points: &[(f64, f64)], style: Style, class: &str) {
        if points.len() > 1 {
            let _ = write!(self.body, "<path class=\"{class} {}\"{} d=\"{}\"/>", style.stroke(), style.dash(), through(points));
        }
    }

    /// The mark of a series at a point, filled in its colour.
    pub(crate) fn mark(&mut self, style: Style, at: (f64, f64), radius: f64, class: &str) {
        self.path(&style.mark(at.0, at.1, radius), &format!("{class} {}", style.fill()));
    }

    /// The same with words of its own.
    pub(crate) fn told_mark(&mut self, style: Style, at: (f64, f64), radius: f64, class: &str, told: &str) {
        self.told_path(&style.mark(at.0, at.1, radius), &format!("{class} {}", style.fill()), told);
    }

    /// A text; user strings are escaped.
    pub(crate) fn text(&mut self, at: (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let _ = write!(self.body, "<text class=\"{class}\" x=\"{}\" y=\"{}\"{anchor}>{}</text>", Px(at.0), Px(at.1), Escaped(text));
    }

    /// A text that reads upwards, centred on the point.
    pub(crate) fn upright(&mut self, at: (f64, f64), class: &str, text: &str) {
        let _ = write!(
            self.body,
            "<text class=\"{class}\" text-anchor=\"middle\" transform=\"translate({} {}) rotate(-90)\">{}</text>",
            Px(at.0),
            Px(at.1),
            Escaped(text)
        );
    }

    /// A text that ends at the point, on two lines where it is long, the second of them cut; the whole one is its tooltip then. Most drawings have
    /// no room on the left of a name, so that a line is never longer than `most` characters.
    pub(crate) fn told_lines(&mut self, at: (f64, f64), class: &str, text: &str, most: usize) {
        let Some((first, second)) = broken(text, most) else {
            self.text(at, Anchor::End, class, text);
            return;
        };
        let _ = write!(self.body, "<g><title>{}</title>", Escaped(text));
        self.text((at.0, at.1 - LINE / 2.0), Anchor::End, class, &first);
        self.text((at.0, at.1 + LINE / 2.0), Anchor::End, class, &second);
        self.body.push_str("</g>");
    }

    /// The finished drawing with the words that a screen reader says.
    pub(crate) fn finish(self, description: &str) -> String {
        format!(
            "<svg viewBox=\"0 0 {} {}\" width=\"{}\" height=\"{}\" role=\"img\" aria-label=\"{}\">{}</svg>",
            Px(self.width),
            Px(self.height),
            Px(self.width),
            Px(self.height),
            Escaped(description),
            self.body
        )
    }
}

/// A coordinate with one decimal at most.
pub(crate) struct Px(pub(crate) f64);

impl std::fmt::Display for Px {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = (self.0 * 10.0).round() as i64;
        if tenths % 10 == 0 {
            write!(formatter, "{}", tenths / 10)
        } else {
            let sign = if tenths < 0 { "-" } else { "" };
            write!(formatter, "{sign}{}.{}", tenths.abs() / 10, tenths.abs() % 10)
        }
    }
}

/// A user's text inside SVG or an attribute.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => formatter.write_str("&amp;")?,
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '"' => formatter.write_str("&quot;")?,
                '\'' => formatter.write_str("&#39;")?,
                other => write!(formatter, "{other}")?,
            }
        }
        Ok(())
    }
}

/// The path through some points: the first in absolute tenths of a pixel, the others as steps from the one before, which takes a third less room. Steps are
/// differences of rounded places, so that rounding does not add up.
pub(crate) fn through(points: &[(f64, f64)]) -> String {
    let mut d = String::with_capacity(points.len() * 8);
    let Some(&(x, y)) = points.first() else { return d };
    let _ = write!(d, "M{} {}", Px(x), Px(y));
    let placed: Vec<(i64, i64)> = points.iter().map(|point| tenths(*point)).collect();
    // Steps along an axis that go on in one direction are one step: curves lie flat at their ends.
    let mut steps: Vec<(i64, i64)> = Vec::with_capacity(placed.len());
    let alike = |one: i64, other: i64| one.signum() * other.signum() >= 0;
    for pair in placed.windows(2) {
        let (across, down) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        match steps.last_mut() {
            Some(last) if last.1 == 0 && down == 0 && alike(last.0, across) => last.0 += across,
            Some(last) if last.0 == 0 && across == 0 && alike(last.1, down) => last.1 += down,
            _ => steps.push((across, down)),
        }
    }
    for (position, (across, down)) in steps.into_iter().enumerate() {
        if position == 0 {
            d.push('l');
        }
        step(&mut d, across, position == 0);
        step(&mut d, down, false);
    }
    d
}

fn tenths((x, y): (f64, f64)) -> (i64, i64) {
    ((x * 10.0).round() as i64, (y * 10.0).round() as i64)
}

/// Lines of no length at these places: their ends, round or square by the class, are dots. A drawn circle takes four times the room, and there are
/// thousands.
pub(crate) fn spots(points: &[(f64, f64)]) -> String {
    let mut d = String::with_capacity(points.len() * 13);
    let mut last = None;
    for &point in points {
        let here = tenths(point);
        match last {
            None => {
                let _ = write!(d, "M{} {}", Px(point.0), Px(point.1));
            }
            Some((x, y)) => {
                d.push('m');
                step(&mut d, here.0 - x, true);
                step(&mut d, here.1 - y, false);
            }
        }
        d.push_str("h0");
        last = Some(here);
    }
    d
}

/// A step in tenths of a pixel, as short as SVG allows: a sign separates numbers, and no zero stands before the point.
fn step(d: &mut String, tenths: i64, first: bool) {
    if tenths < 0 {
        d.push('-');
    } else if !first {
        d.push(' ');
    }
    let (whole, rest) = (tenths.abs() / 10, tenths.abs() % 10);
    let _ = match (whole, rest) {
        (whole, 0) => write!(d, "{whole}"),
        (0, rest) => write!(d, ".{rest}"),
        (whole, rest) => write!(d, "{whole}.{rest}"),
    };
}

/// The closed area between an upper line and a lower one.
pub(crate) fn between(upper: &[(f64, f64)], lower: &[(f64, f64)]) -> String {
    if upper.is_empty() {
        return String::new();
    }
    let outline: Vec<(f64, f64)> = upper.iter().chain(lower.iter().rev()).copied().collect();
    through(&outline) + "Z"
}

/// A closed polygon from polar corners `(turn, share of the radius)`.
fn polygon(x: f64, y: f64, radius: f64, corners: impl Iterator<Item = (f64, f64)>) -> String {
    let points: Vec<(f64, f64)> = corners
        .map(|(turn, share)| {
            let angle = std::f64::consts::TAU * turn;
            (x + radius * share * angle.sin(), y - radius * share * angle.cos())
        })
        .collect();
    through(&points) + "Z"
}

/// Twelve marks that can be told apart without colour.
fn mark(index: usize, x: f64, y: f64, radius: f64) -> String {
    let regular = |corners: usize, offset: f64, size: f64| {
        polygon(x, y, radius * size, (0..corners).map(move |corner| (corner as f64 / corners as f64 + offset, 1.0)))
    };
    let outline = |points: &[(f64, f64)]| {
        let placed: Vec<(f64, f64)> = points.iter().map(|(dx, dy)| (x + dx * radius, y + dy * radius)).collect();
        through(&placed) + "Z"
    };
    let (a, b) = (1.05, 0.36);
    match index % 12 {
        0 => format!("M{} {}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0Z", Px(x - radius), Px(y), r = Px(radius), d = Px(radius * 2.0)),
        1 => outline(&[(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)]),
        2 => regular(3, 0.0, 1.25),
        3 => regular(4, 0.0, 1.25),
        4 => regular(3, 0.5, 1.25),
        5 => outline(&[(-b, -a), (b, -a), (b, -b), (a, -b), (a, b), (b, b), (b, a), (-b, a), (-b, b), (-a, b), (-a, -b), (-b, -b)]),
        6 => polygon(x, y, radius * 1.35, (0..10).map(|corner| (f64::from(corner) / 10.0, if corner % 2 == 0 { 1.0 } else { 0.42 }))),
        7 => outline(&[(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)]),
        8 => polygon(x, y, radius * 1.3, (0..8).map(|corner| (f64::from(corner) / 8.0 + 0.125, if corner % 2 == 0 { 1.0 } else { 0.38 }))),
        9 => regular(5, 0.0, 1.1),
        10 => regular(3, 0.25, 1.25),
        _ => regular(3, 0.75, 1.25),
    }
}

/// What a legend shows in front of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Swatch {
    /// A line with its mark.
    Line(Style),
    /// A mark alone.
    Mark(Style),
    /// A hollow mark.
    Hollow,
    /// A bar.
    Bar(Style),
    /// A box of a class of its own, for example the shaded gap.
    Box(&'static str),
    /// A plain line of a class of its own.
    Plain(&'static str),
}

impl Swatch {
    /// The small drawing.
    pub(crate) fn draw(self) -> String {
        let mut svg = Svg::new(30.0, 12.0);
        match self {
            Swatch::Line(style) => {
                svg.curve(&[(1.0, 6.0), (29.0, 6.0)], style, "curve");
                svg.mark(style, (15.0, 6.0), 3.6, "mark");
            }
            Swatch::Mark(style) => svg.mark(style, (15.0, 6.0), 4.2, "mark"),
            Swatch::Hollow => svg.path(&mark(0, 15.0, 6.0, 4.2), "hollow kn"),
            Swatch::Bar(style) => svg.rectangle(3.0, 1.0, 24.0, 10.0, &style.fill()),
            Swatch::Box(class) => svg.rectangle(3.0, 1.0, 24.0, 10.0, class),
            Swatch::Plain(class) => svg.line((1.0, 6.0), (29.0, 6.0), class),
        }
        format!("<svg class=\"swatch\" viewBox=\"0 0 30 12\" width=\"30\" height=\"12\" aria-hidden=\"true\">{}</svg>", svg.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_broken_at_a_space_and_cut_at_its_end_alone() {
        let broken = |text: &str| super::broken(text, 24).map(|(first, second)| [first, second]);
        assert_eq!(broken("Gruppe mit Namen"), None);
        assert_eq!(broken("Gruppe mit langem Namen Nummer 10"), Some(["Gruppe mit langem Namen".to_owned(), "Nummer 10".to_owned()]));
        assert_eq!(broken(&"ü".repeat(60)), Some(["ü".repeat(24), "ü".repeat(23) + "…"]));
    }

    #[test]
    fn a_path_is_one_place_and_steps_that_do_not_drift() {
        assert_eq!(through(&[(48.0, 109.3), (52.4, 106.3), (52.4, 106.8), (51.9, 106.8)]), "M48 109.3l4.4-3 0 .5-.5 0");
        assert_eq!(through(&[(-1.0, 2.25)]), "M-1 2.3");
        assert_eq!(through(&[]), "");
        // What goes on along an axis is one step, and what turns back is two.
        assert_eq!(through(&[(0.0, 5.0), (1.0, 5.0), (2.5, 5.0), (2.5, 7.0), (2.5, 8.0), (2.5, 6.0)]), "M0 5l2.5 0 0 3 0-2");
        assert_eq!(spots(&[(203.3, 127.4), (217.1, 103.3), (217.1, 104.0)]), "M203.3 127.4h0m13.8-24.1h0m0 .7h0");
        assert_eq!((spots(&[]), Style(12).spot(), Style(2).spot()), (String::new(), Some("spots round"), None));
        // Steps of 0.04 would vanish one by one.
        let slow: Vec<(f64, f64)> = (0..=100).map(|step| (f64::from(step) * 0.04, 0.0)).collect();
        let sum: f64 = through(&slow)["M0 0l".len()..].split(' ').step_by(2).map(|step| step.parse::<f64>().expect("a number")).sum();
        assert!((sum - 4.0).abs() < 1e-9, "{sum}");
    }
}
