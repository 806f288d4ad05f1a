//! What one moved selection changes: one more selected in the group with the lower rate, one fewer in the reference.
//!
//! How much a ratio or a p-value says depends on how little turns it. Ratios are fractions, and whether one is at least a limit is decided in
//! integers. Undefined where a group is empty and where the rate of the group is not below that of the reference.

use super::counted::cross_difference;
use super::fisher::{Alternative, fisher_exact};
use super::{Counted, Fraction, Undefined};
use crate::ratio_at_least;

/// A group beside its reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// The group.
    pub group: Counted,
    /// The group that it is compared with.
    pub reference: Counted,
    /// Rate of the group over that of the reference, above 1 where the move overturns the order; undefined where nobody of the reference is selected.
    pub ratio: Result<Fraction, Undefined>,
    /// Whether the rate of the group is at least the limit times that of the reference.
    pub at_least: bool,
    /// Two-sided p-value of Fisher's exact test.
    pub p_value: f64,
}

/// A group beside its reference, before and after one selection moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flip {
    /// As counted.
    pub before: Standing,
    /// With one more selected in the group and one fewer in the reference.
    pub after: Standing,
    /// Whether only one of the two ratios is at least the limit.
    pub limit_turns: bool,
    /// Whether only one of the two p-values is below the level.
    pub p_value_crosses: bool,
}

/// Moves one selection from the reference to a group with a lower rate; `limit` as in 4/5, `level` as in 0.05.
///
/// ```
/// use evenhand_metrics::significance::{Counted, one_moved};
///
/// let flip = one_moved(Counted::new(7, 20).unwrap(), Counted::new(10, 20).unwrap(), (4, 5), 0.05).unwrap();
/// assert_eq!(flip.before.ratio.unwrap().to_string(), "7/10");
/// assert_eq!(flip.after.ratio.unwrap().to_string(), "8/9");
/// assert!(flip.limit_turns && !flip.p_value_crosses);
/// ```
pub fn one_moved(group: Counted, reference: Counted, limit: (u32, u32), level: f64) -> Result<Flip, Undefined> {
    let (numerator, denominator) = limit;
    if numerator == 0 || numerator > denominator {
        return Err(Undefined::NotALimit { numerator, denominator });
    }
    if !(level > 0.0 && level < 1.0) {
        return Err(Undefined::NotAProbability { name: "level", value: level });
    }
    let before = standing(group, reference, limit)?;
    if cross_difference(group, reference) >= 0 {
        return Err(Undefined::NotBelow);
    }
    // The lower rate is below 1 and the higher above 0, so that both counts can move.
    let moved =
        Counted::new(group.selected() + 1, group.n()).zip(reference.selected().checked_sub(1).and_then(|x| Counted::new(x, reference.n())));
    let (more, fewer) = moved.ok_or(Undefined::NotBelow)?;
    let after = standing(more, fewer, limit)?;
    Ok(Flip {
        before,
        after,
        limit_turns: before.at_least != after.at_least,
        p_value_crosses: (before.p_value < level) != (after.p_value < level),
    })
}

fn standing(group: Counted, reference: Counted, limit: (u32, u32)) -> Result<Standing, Undefined> {
    let p_value = fisher_exact(group, reference, Alternative::TwoSided)?;
    let product = |of: Counted, over: Counted| u128::from(of.selected()) * u128::from(over.n());
    Ok(Standing {
        group,
        reference,
        ratio: Fraction::new(product(group, reference), product(reference, group)).ok_or(Undefined::NobodySelectedOf { group: 1 }),
        at_least: ratio_at_least(
            (group.selected(), group.n()),
            (reference.selected(), reference.n()),
            (u64::from(limit.0), u64::from(limit.1)),
        ),
        p_value,
    })
}
