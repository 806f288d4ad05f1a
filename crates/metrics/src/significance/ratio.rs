//! The ratio of two rates with Katz's interval.
//!
//! ```text
//! R = (x1/n1) / (x2/n2),   interval exp(ln R -+ z s),   s^2 = 1/x1 - 1/n1 + 1/x2 - 1/n2
//! ```
//!
//! x of n candidates of a group were selected; z is the normal quantile of the level. Range [0, infinity), fair value 1. With the group of the highest
//! rate as the second it is the impact ratio of the first.
//!
//! Undefined where a group is empty or nobody of the second was selected. Where nobody of the first was selected the ratio is 0 and has no
//! interval of this kind; where everybody of both was selected, s is 0 and the interval would have no width, so that there is none. statsmodels'
//! Table2x2 adds a half to every cell where one is 0 unless `shift_zeros=False` is given, and prints the interval without width.
//!
//! Source: Katz, Baptista, Azen and Pike 1978, "Obtaining confidence intervals for the risk ratio in cohort studies".

use super::normal::two_sided_quantile;
use super::{Counted, Measured, Undefined};

/// The rate of the first group over that of the second, with Katz's interval at a level such as 0.95.
///
/// ```
/// use evenhand_metrics::significance::{Counted, ratio_of_proportions};
///
/// let found = ratio_of_proportions(Counted::new(24, 60).unwrap(), Counted::new(30, 60).unwrap(), 0.95).unwrap();
/// assert!((found.value - 0.8).abs() < 1e-15);
/// let (low, high) = found.interval.unwrap();
/// assert!((low - 0.5362).abs() < 1e-4 && (high - 1.1936).abs() < 1e-4);
/// ```
pub fn ratio_of_proportions(one: Counted, other: Counted, level: f64) -> Result<Measured, Undefined> {
    let z = two_sided_quantile(level)?;
    if let Some(group) = [one, other].iter().position(|group| group.n() == 0) {
        return Err(Undefined::EmptyGroup { group });
    }
    if other.selected() == 0 {
        return Err(Undefined::NobodySelectedOf { group: 1 });
    }
    let product = |of: Counted, over: Counted| of.selected() as f64 * over.n() as f64;
    let value = product(one, other) / product(other, one);
    if one.selected() == 0 {
        return Ok(Measured { value, interval: Err(Undefined::NobodySelectedOf { group: 0 }) });
    }
    // 1/x - 1/n = (n - x) / (x n), which does not cancel.
    let part = |group: Counted| group.rejected() as f64 / (group.selected() as f64 * group.n() as f64);
    let variance = part(one) + part(other);
    let reach = z * variance.sqrt();
    let interval = if variance > 0.0 { Ok((value * (-reach).exp(), value * reach.exp())) } else { Err(Undefined::EverybodySelected) };
    Ok(Measured { value, interval })
}
