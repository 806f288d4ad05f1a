//! The odds ratio of two groups with Woolf's interval.
//!
//! ```text
//! OR = x1 (n2 - x2) / ((n1 - x1) x2),   interval exp(ln OR -+ z s),   s^2 = 1/x1 + 1/(n1 - x1) + 1/x2 + 1/(n2 - x2)
//! ```
//!
//! x of n candidates of a group were selected; z is the normal quantile of the level. Range [0, infinity), fair value 1.
//!
//! Where x2 = 0 or x1 = n1 the ratio would be infinite (or 0/0), and is undefined with that reason. Where x1 = 0 or x2 = n2 it is 0, and only the
//! interval is undefined: the logarithm of 0 has no standard deviation. [`haldane_anscombe`] adds a half to every cell and exists in all of these
//! cases. statsmodels' Table2x2 adds the half only where a cell is 0, and then without saying so; its `shift_zeros=False` equals [`odds_ratio`].
//!
//! Source: Woolf 1955, "On estimating the relation between blood group and disease"; Haldane 1956 and Anscombe 1956 for the half.

use super::normal::two_sided_quantile;
use super::{Counted, Measured, Undefined};

/// The odds of the first group over those of the second, with Woolf's interval at a level such as 0.95.
///
/// ```
/// use evenhand_metrics::significance::{Counted, Undefined, odds_ratio};
///
/// let (one, other) = (Counted::new(20, 30).unwrap(), Counted::new(10, 30).unwrap());
/// let found = odds_ratio(one, other, 0.95).unwrap();
/// assert_eq!(found.value, 4.0);
/// let (low, high) = found.interval.unwrap();
/// assert!((low - 1.3672).abs() < 1e-4 && (high - 11.7026).abs() < 1e-4);
///
/// let none = Counted::new(0, 30).unwrap();
/// assert_eq!(odds_ratio(one, none, 0.95), Err(Undefined::NobodySelectedOf { group: 1 }));
/// ```
pub fn odds_ratio(one: Counted, other: Counted, level: f64) -> Result<Measured, Undefined> {
    let z = two_sided_quantile(level)?;
    let groups = [one, other];
    if let Some(group) = groups.iter().position(|group| group.n() == 0) {
        return Err(Undefined::EmptyGroup { group });
    }
    if other.selected() == 0 {
        return Err(Undefined::NobodySelectedOf { group: 1 });
    }
    if one.rejected() == 0 {
        return Err(Undefined::EverybodySelectedOf { group: 0 });
    }
    if one.selected() == 0 {
        return Ok(Measured { value: 0.0, interval: Err(Undefined::NobodySelectedOf { group: 0 }) });
    }
    if other.rejected() == 0 {
        return Ok(Measured { value: 0.0, interval: Err(Undefined::EverybodySelectedOf { group: 1 }) });
    }
    Ok(woolf(groups.map(|group| [group.selected() as f64, group.rejected() as f64]), z))
}

/// The odds ratio after adding a half to all four cells, whether one is 0 or not; undefined only where a group is empty.
///
/// ```
/// use evenhand_metrics::significance::{Counted, haldane_anscombe};
///
/// // (4.5 x 5.5) / (1.5 x 0.5)
/// let found = haldane_anscombe(Counted::new(4, 5).unwrap(), Counted::new(0, 5).unwrap(), 0.95).unwrap();
/// assert!((found.value - 33.0).abs() < 1e-12);
/// ```
pub fn haldane_anscombe(one: Counted, other: Counted, level: f64) -> Result<Measured, Undefined> {
    let z = two_sided_quantile(level)?;
    let groups = [one, other];
    if let Some(group) = groups.iter().position(|group| group.n() == 0) {
        return Err(Undefined::EmptyGroup { group });
    }
    Ok(woolf(groups.map(|group| [group.selected() as f64 + 0.5, group.rejected() as f64 + 0.5]), z))
}

/// Of selected and rejected of both groups, none of them 0.
fn woolf([[a, b], [c, d]]: [[f64; 2]; 2], z: f64) -> Measured {
    let value = (a * d) / (b * c);
    let reach = z * (1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d).sqrt();
    Measured { value, interval: Ok((value * (-reach).exp(), value * reach.exp())) }
}
