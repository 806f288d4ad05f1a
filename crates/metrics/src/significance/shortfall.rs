//! A gap in persons, in both of its meanings.
//!
//! ```text
//! to overall: n K/N - x                                        sums to 0 over all groups; below 0 where more were selected
//! to ratio:   the smallest m >= 0 with (x + m)/n >= (a/b) max over groups of x/n
//! ```
//!
//! x of n candidates of a group were selected, K of N of all groups together. The second is what a group lacks while everybody else's outcome stays as it
//! is, a whole number decided in integers; when selections move from the highest group, fewer are enough (see [`one_moved`](super::one_moved)).
//! Undefined without a group, where one is empty, and the second where nobody was selected.

use super::counted::total;
use super::impact::highest;
use super::{Counted, Undefined};

/// Expected selections of each group at the rate of all groups together, less its actual ones.
///
/// ```
/// use evenhand_metrics::significance::{Counted, shortfall_to_overall};
///
/// // 70 of 200 overall: 35 would be expected of each.
/// let groups = [(50, 100), (20, 100)].map(|(selected, n)| Counted::new(selected, n).unwrap());
/// assert_eq!(shortfall_to_overall(&groups).unwrap(), [-15.0, 15.0]);
/// ```
pub fn shortfall_to_overall(groups: &[Counted]) -> Result<Vec<f64>, Undefined> {
    filled(groups)?;
    let (selected, n) = total(groups);
    let lacking = |group: &Counted| i128::from(group.n()) * selected as i128 - i128::from(group.selected()) * n as i128;
    Ok(groups.iter().map(|group| lacking(group) as f64 / n as f64).collect())
}

/// Selections that each group lacks to have at least `limit.0 / limit.1` of the highest rate.
///
/// ```
/// use evenhand_metrics::significance::{Counted, shortfall_to_ratio};
///
/// // Four fifths of 50 of 100 are 40 of 100, and 4 of 10.
/// let groups = [(50, 100), (20, 100), (3, 10), (4, 10)].map(|(selected, n)| Counted::new(selected, n).unwrap());
/// assert_eq!(shortfall_to_ratio(&groups, (4, 5)).unwrap(), [0, 20, 1, 0]);
/// ```
pub fn shortfall_to_ratio(groups: &[Counted], limit: (u32, u32)) -> Result<Vec<u64>, Undefined> {
    filled(groups)?;
    let (numerator, denominator) = limit;
    if numerator == 0 || numerator > denominator {
        return Err(Undefined::NotALimit { numerator, denominator });
    }
    let best = highest(groups).ok_or(Undefined::NobodySelected)?;
    let wanted = |group: &Counted| {
        let whole = u128::from(numerator) * u128::from(best.selected()) * u128::from(group.n());
        // Within the candidates of the group, as the limit and the highest rate are at most 1.
        whole.div_ceil(u128::from(denominator) * u128::from(best.n())) as u64
    };
    Ok(groups.iter().map(|group| wanted(group).saturating_sub(group.selected())).collect())
}

fn filled(groups: &[Counted]) -> Result<(), Undefined> {
    if groups.is_empty() {
        return Err(Undefined::FewGroups);
    }
    groups.iter().position(|group| group.n() == 0).map_or(Ok(()), |group| Err(Undefined::EmptyGroup { group }))
}
