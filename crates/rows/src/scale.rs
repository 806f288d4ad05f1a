//! From a person's own numbers to [0, 1], and back.

use serde::{Deserialize, Serialize};

/// The scale of a person's own numbers (scores, labels), and its way to [0, 1], where 1 is best.
///
/// ```
/// use evenhand_rows::Scale;
///
/// assert_eq!(Scale::of(1.0, 5.0).to_score(0.75), 4.0);
/// let deciles = Scale { lower_is_better: true, ..Scale::of(1.0, 10.0) };
/// assert_eq!((deciles.to_unit(1.0), deciles.to_score(1.0)), (1.0, 1.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// Lowest possible number.
    pub low: f64,
    /// Highest possible number.
    pub high: f64,
    /// Whether the lowest number is the best.
    pub lower_is_better: bool,
}

impl Default for Scale {
    fn default() -> Self {
        Scale { low: 0.0, high: 1.0, lower_is_better: false }
    }
}

impl Scale {
    /// A scale whose highest number is the best.
    pub fn of(low: f64, high: f64) -> Self {
        Scale { low, high, lower_is_better: false }
    }

    /// Length of the scale.
    pub fn span(&self) -> f64 {
        self.high - self.low
    }

    /// Whether numbers are taken as they are.
    pub fn is_plain(&self) -> bool {
        *self == Scale::default()
    }

    /// A score of this scale in [0, 1], or beyond where it is no possible score.
    pub fn to_unit(&self, score: f64) -> f64 {
        if self.is_plain() {
            return score;
        }
        let unit = (score - self.low) / self.span();
        if self.lower_is_better { 1.0 - unit } else { unit }
    }

    /// The score of this scale that a number in [0, 1] stands for.
    pub fn to_score(&self, unit: f64) -> f64 {
        if self.is_plain() {
            return unit;
        }
        let share = if self.lower_is_better { 1.0 - unit } else { unit };
        let score = self.low + share * self.span();
        // What the way there and back has added is no part of the person's number.
        let digits = 10_f64.powi(12 - self.span().abs().max(1e-200).log10().ceil() as i32);
        let rounded = (score * digits).round() / digits;
        if rounded.is_finite() { rounded } else { score }
    }
}
