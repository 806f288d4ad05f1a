//! Which inputs a scorer rests on: a bar an input, the attribute and its proxies set apart.

use std::fmt::Write as _;

use super::axis::Frame;
use super::svg::{Anchor, Style, Svg, Swatch};
use super::{Figure, LegendEntry, WIDTH};
use crate::document::{Importance, Importances, PROXY};
use crate::numbers::{plain, significant};

/// More inputs are left out of the picture; the JSON holds all.
const MOST: usize = 20;
const ROW: f64 = 19.0;

/// The bars of one method. `range` is that of the importances of all methods with their whiskers, so that their pictures can be compared.
pub(crate) fn figure(title: &str, found: &Importances, performance: &str, (lowest, longest): (f64, f64)) -> Figure {
    let shown: Vec<&Importance> = found.inputs.iter().take(MOST).collect();
    let height = 52.0 + ROW * shown.len() as f64;
    let frame = Frame { left: 158.0, right: WIDTH - 62.0, top: 10.0, bottom: height - 36.0 };
    let mut svg = Svg::new(WIDTH, height);
    let span = (longest.max(1e-9) - lowest).max(1e-9);
    let x = |value: f64| frame.left + (value - lowest) / span * (frame.right - frame.left);
    svg.line((x(0.0), frame.top), (x(0.0), frame.bottom), "base");
    for (row, one) in shown.iter().enumerate() {
        let middle = frame.top + ROW * (row as f64 + 0.5);
        svg.told_lines((frame.left - 8.0, middle + 4.0), "tick", &one.input, 24);
        let Some(importance) = one.importance.number() else {
            svg.text((x(0.0) + 4.0, middle + 4.0), Anchor::Start, "tick", "undefined");
            continue;
        };
        let (from, to) = (x(0.0).min(x(importance)), x(0.0).max(x(importance)));
        svg.rectangle(from, middle - 6.0, (to - from).max(0.5), 12.0, &style(one).fill());
        if let Some(std) = one.std {
            svg.line((x(importance - std), middle), (x(importance + std), middle), "whisker base");
        }
        svg.text((frame.right + 34.0, middle + 4.0), Anchor::Middle, "tick", &significant(importance));
    }
    svg.text(
        (f64::midpoint(frame.left, frame.right), height - 10.0),
        Anchor::Middle,
        "axis",
        &format!("loss of {performance} when shuffled"),
    );
    let mut legend = Vec::new();
    let mut entry = |kind: Style, of: &dyn Fn(&Importance) -> bool, label: String| {
        if shown.iter().any(|one| of(one)) {
            legend.push(LegendEntry::new(Swatch::Bar(kind), label));
        }
    };
    entry(SENSITIVE, &|one| one.sensitive, "sensitive column".to_owned());
    entry(PROXIED, &Importance::is_proxy, format!("proxy: association with {} of at least {}", found.attribute, plain(PROXY)));
    entry(OTHER, &|one| !one.sensitive && !one.is_proxy(), "other input".to_owned());
    let more = found.inputs.len().saturating_sub(shown.len());
    let mut caption = format!("Mean of {} shuffles; lines: ± one standard deviation.", found.repeats);
    if let Some(reason) = found.inputs.iter().find_map(|one| one.importance.reason()) {
        let _ = write!(caption, " Undefined: {reason}.");
    }
    if more > 0 {
        let _ = write!(caption, " {more} less important inputs stand in the JSON only.");
    }
    Figure { title: title.to_owned(), svg: svg.finish(&format!("{title}: importance of {} inputs", shown.len())), legend, caption }
}

const SENSITIVE: Style = Style(1);
const PROXIED: Style = Style(5);
const OTHER: Style = Style(0);

fn style(one: &Importance) -> Style {
    match (one.sensitive, one.is_proxy()) {
        (true, _) => SENSITIVE,
        (false, true) => PROXIED,
        (false, false) => OTHER,
    }
}
