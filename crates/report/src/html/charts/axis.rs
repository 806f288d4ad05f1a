//! Axes: from numbers to places, with round ticks.

use super::svg::{Anchor, Svg};
use crate::numbers;

/// Maps a range of numbers onto a range of places.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    from: (f64, f64),
    to: (f64, f64),
    logarithmic: bool,
    whole: bool,
}

impl Scale {
    /// A linear scale; an empty range is widened so that it has an inside.
    pub(crate) fn linear(from: (f64, f64), to: (f64, f64)) -> Self {
        let from = if (from.1 - from.0).abs() < 1e-12 {
            let margin = if from.0 == 0.0 { 0.5 } else { from.0.abs() * 0.1 };
            (from.0 - margin, from.1 + margin)
        } else {
            from
        };
        Scale { from, to, logarithmic: false, whole: false }
    }

    /// A logarithmic scale over positive numbers.
    pub(crate) fn logarithmic(from: (f64, f64), to: (f64, f64)) -> Self {
        let linear = Scale::linear((from.0.log10(), from.1.log10()), to);
        Scale { logarithmic: true, ..linear }
    }

    /// A linear scale whose ticks are whole numbers.
    pub(crate) fn counting(from: (f64, f64), to: (f64, f64)) -> Self {
        Scale { whole: true, ..Scale::linear(from, to) }
    }

    /// A linear scale that leaves a margin around its numbers.
    pub(crate) fn around(values: impl Iterator<Item = f64>, to: (f64, f64)) -> Self {
        let (low, high) = extent(values).unwrap_or((0.0, 1.0));
        let margin = (high - low) * 0.09;
        Scale::linear((low - margin, high + margin), to)
    }

    /// The place of a number.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let value = if self.logarithmic { value.log10() } else { value };
        self.to.0 + (value - self.from.0) / (self.from.1 - self.from.0) * (self.to.1 - self.to.0)
    }

    /// The number at a place.
    pub(crate) fn value(&self, place: f64) -> f64 {
        let value = self.from.0 + (place - self.to.0) / (self.to.1 - self.to.0) * (self.from.1 - self.from.0);
        if self.logarithmic { 10f64.powf(value) } else { value }
    }

    /// The place of a number, kept inside the frame.
    pub(crate) fn inside(&self, value: f64) -> f64 {
        self.at(value).clamp(self.to.0.min(self.to.1), self.to.0.max(self.to.1))
    }

    /// Round numbers inside the range with their labels, about `wanted` of them.
    pub(crate) fn ticks(&self, wanted: usize) -> Vec<(f64, String)> {
        if self.logarithmic {
            let (low, high) = (self.from.0.ceil() as i32, self.from.1.floor() as i32);
            let steps: &[f64] = if high - low < 2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
            return (low - 1..=high)
                .flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)))
                .filter(|value| (self.from.0 - 1e-9..=self.from.1 + 1e-9).contains(&value.log10()))
                .map(|value| (value, numbers::plain(value)))
                .collect();
        }
        let (low, high) = (self.from.0.min(self.from.1), self.from.0.max(self.from.1));
        let rough = (high - low) / wanted.max(1) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|factor| factor * power);
        let step =
            steps.filter(|step| !self.whole || step.fract() == 0.0).find(|step| *step >= rough * 0.999).unwrap_or(1.0_f64.max(rough));
        let decimals =
            (0..8).find(|&decimals| ((step * 10f64.powi(decimals)).round() - step * 10f64.powi(decimals)).abs() < 1e-6).unwrap_or(8);
        let first = (low / step - 1e-9).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        (first..=last).map(|index| (index as f64 * step, numbers::fixed(index as f64 * step, decimals as usize))).collect()
    }
}

/// Smallest and largest of some numbers.
pub(crate) fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |extent, value| match extent {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

/// The frame of a plot: the inner rectangle with its two scales.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    /// Left edge.
    pub(crate) left: f64,
    /// Right edge.
    pub(crate) right: f64,
    /// Upper edge.
    pub(crate) top: f64,
    /// Lower edge.
    pub(crate) bottom: f64,
}

impl Frame {
    /// Draws the horizontal grid lines with their labels, and the title above the axis.
    pub(crate) fn y_axis(&self, svg: &mut Svg, scale: &Scale, wanted: usize, title: &str) {
        for (value, label) in scale.ticks(wanted) {
            let y = scale.at(value);
            svg.line((self.left, y), (self.right, y), "grid");
            svg.text((self.left - 6.0, y + 3.5), Anchor::End, "tick", &label);
        }
        if !title.is_empty() {
            svg.text((2.0, self.top - 11.0), Anchor::Start, "axis", title);
        }
    }

    /// Draws the lower axis: its line, ticks, labels and title.
    pub(crate) fn x_axis(&self, svg: &mut Svg, scale: &Scale, wanted: usize, title: &str) {
        svg.line((self.left, self.bottom), (self.right, self.bottom), "base");
        for (value, label) in scale.ticks(wanted) {
            let x = scale.at(value);
            svg.line((x, self.bottom), (x, self.bottom + 4.0), "base");
            svg.text((x, self.bottom + 15.0), Anchor::Middle, "tick", &label);
        }
        if !title.is_empty() {
            svg.text((f64::midpoint(self.left, self.right), self.bottom + 31.0), Anchor::Middle, "axis", title);
        }
    }

    /// Places for the x scale.
    pub(crate) fn width(&self) -> (f64, f64) {
        (self.left, self.right)
    }

    /// Places for the y scale: small numbers below.
    pub(crate) fn height(&self) -> (f64, f64) {
        (self.bottom, self.top)
    }
}

#[cfg(test)]
mod tests {
    use super::Scale;

    #[test]
    fn ticks_are_round_and_inside() {
        let labels = |scale: Scale, wanted| scale.ticks(wanted).into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(Scale::linear((0.0, 1.0), (0.0, 100.0)), 5), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(Scale::linear((0.013, 0.094), (0.0, 100.0)), 4), ["0.025", "0.050", "0.075"]);
        assert_eq!(labels(Scale::linear((0.09, 0.01), (0.0, 100.0)), 4), ["0.02", "0.04", "0.06", "0.08"]);
        assert_eq!(labels(Scale::logarithmic((0.01, 10.0), (0.0, 100.0)), 4), ["0.01", "0.1", "1", "10"]);
    }

    #[test]
    fn a_single_value_still_has_an_axis() {
        let scale = Scale::around([0.4].into_iter(), (0.0, 10.0));
        assert!((scale.at(0.4) - 5.0).abs() < 1e-9);
        assert!(!scale.ticks(3).is_empty());
    }
}
