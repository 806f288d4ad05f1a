//! The data loss around a network's weights as a map: the stronger the shade, the higher.

use super::svg::{Anchor, Svg, Swatch};
use super::{Figure, LegendEntry};
use crate::document::Landscape;
use crate::numbers::significant;

const SIZE: f64 = 300.0;
/// Steps of the map's shade; the style sheet names them `h0` to `h9`.
const STEPS: f64 = 10.0;

/// The map of one method; `range` is that of all methods, so that their maps can be compared.
pub(crate) fn figure(title: &str, found: &Landscape, range: (f64, f64)) -> Figure {
    let (left, top, edge) = (34.0, 10.0, SIZE - 50.0);
    let mut svg = Svg::new(SIZE, SIZE);
    let cell = edge / found.side.max(1) as f64;
    // Losses far from the solution dwarf those near it: the shade follows the logarithm.
    let (low, high) = (range.0.max(1e-9).ln(), range.1.max(1e-9).ln());
    for (place, loss) in found.losses.iter().enumerate() {
        let (row, column) = (place / found.side, place % found.side);
        let share = if high > low { (loss.max(1e-9).ln() - low) / (high - low) } else { 0.0 };
        let step = (share * STEPS).floor().clamp(0.0, STEPS - 1.0) as usize;
        // Half a unit of overlap hides the seams between cells.
        svg.rectangle(left + column as f64 * cell, top + row as f64 * cell, cell + 0.5, cell + 0.5, &format!("h{step}"));
    }
    svg.rectangle(left, top, edge, edge, "box");
    let middle = (left + edge / 2.0, top + edge / 2.0);
    svg.line((middle.0 - 5.0, middle.1), (middle.0 + 5.0, middle.1), "cross");
    svg.line((middle.0, middle.1 - 5.0), (middle.0, middle.1 + 5.0), "cross");
    for (at, text) in [(0.0, "-1"), (0.5, "0"), (1.0, "1")] {
        svg.text((left + at * edge, top + edge + 15.0), Anchor::Middle, "tick", text);
        svg.text((left - 6.0, top + at * edge + 4.0), Anchor::End, "tick", text);
    }
    svg.text((middle.0, top + edge + 31.0), Anchor::Middle, "axis", "step along the second direction");
    svg.upright((11.0, middle.1), "axis", "step along the first");
    let at_solution = found.losses.get(found.losses.len() / 2).copied().unwrap_or(0.0);
    let (least, most) = extremes(found);
    let legend = vec![
        LegendEntry::new(Swatch::Box("h0"), format!("data loss {}", significant(range.0))),
        LegendEntry::new(Swatch::Box("h9"), format!("{} (logarithmic)", significant(range.1))),
    ];
    let caption = format!(
        "Loss at the cross (the trained weights) {}; on this plane from {} to {}; {} test rows.",
        significant(at_solution),
        significant(least),
        significant(most),
        crate::numbers::count(found.rows)
    );
    Figure { title: title.to_owned(), svg: svg.finish(&format!("{title}: loss around the trained weights")), legend, caption }
}

/// Smallest and largest loss.
pub(crate) fn extremes(found: &Landscape) -> (f64, f64) {
    found.losses.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &loss| (low.min(loss), high.max(loss)))
}
