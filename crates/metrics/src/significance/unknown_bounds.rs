//! Between which bounds the impact ratio of a group lies, whatever the groups of the candidates whose group is unknown.
//!
//! ```text
//! low  = min over h of min(1, (x/(n + V)) / ((x' + S)/(n' + S)))
//! high = min(1, ((x + S)/(n + S)) / M),   M = min over u >= 0 with sum u = V of max over h of x'/(n' + u)
//! ```
//!
//! x of n candidates of the group were selected, x' of n' of another group h; of the candidates of unknown group S were selected and V were
//! not; u is a whole number for every other group. Bounds are over all ways of giving every one of the unknown to one of the groups; both are
//! attained, and both are exact fractions. Undefined where nobody was selected at all and where a group has no known candidate.
//!
//! Why these are the bounds. One selected more moves a rate from x/n to (x + 1)/(n + 1), which is never lower; one rejected more to x/(n + 1), which is
//! never higher. The impact ratio is the minimum of 1 and of the rate over that of each other group h.
//!
//! - Low: the minimum over assignments of a minimum over h is the minimum over h of the minimum over assignments. For one h the rate of the group
//!   is lowest when it gets all V and none of the S; the rate of h is highest when it gets all S and none of the V. One assignment does both.
//! - High: take any assignment. Moving a selected candidate from another group to this one raises this rate or keeps it, and lowers the other or keeps it;
//!   moving a rejected one from this group to another does so too. Neither lowers the ratio, so some best assignment gives all S to the group
//!   and all V to the others. Its rate is then fixed, and what is left is to make the highest of the other rates lowest.
//! - M is a rate x'/(n' + u) of some h with a whole u. All others can be brought to it or below with sum over h of max(0, ceil(x' / M) - n')
//!   candidates, and a rate is attainable where that is at most V (whoever is left over lowers rates further). The smaller the rate, the more are
//!   needed: for every h the largest attainable u is found by halving, and M is the least of these rates.

use super::{Counted, Fraction, Undefined};

/// The bounds of one group's impact ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImpactBounds {
    /// The lowest that an assignment of the unknown candidates gives.
    pub low: Fraction,
    /// The highest.
    pub high: Fraction,
}

/// The bounds of the impact ratio of every group, over all groups that the candidates of unknown group may belong to.
///
/// ```
/// use evenhand_metrics::significance::{Counted, unknown_bounds};
///
/// let of = |selected, n| Counted::new(selected, n).unwrap();
/// // The second group has 4/10 against 5/10. With one selected and one rejected unknown it has between 4/11 against 6/11 and 5/11 against 5/11.
/// let bounds = unknown_bounds(&[of(5, 10), of(4, 10)], of(1, 2)).unwrap();
/// assert_eq!((bounds[1].low.to_string(), bounds[1].high.to_string()), ("2/3".to_owned(), "1/1".to_owned()));
/// ```
pub fn unknown_bounds(groups: &[Counted], unknown: Counted) -> Result<Vec<ImpactBounds>, Undefined> {
    if groups.is_empty() {
        return Err(Undefined::FewGroups);
    }
    if let Some(group) = groups.iter().position(|group| group.n() == 0) {
        return Err(Undefined::EmptyGroup { group });
    }
    if unknown.selected() == 0 && groups.iter().all(|group| group.selected() == 0) {
        return Err(Undefined::NobodySelected);
    }
    Ok((0..groups.len()).map(|place| ImpactBounds { low: low(groups, place, unknown), high: high(groups, place, unknown) }).collect())
}

/// So many selected of so many candidates, at least one.
#[derive(Clone, Copy)]
struct Rate {
    selected: u64,
    n: u64,
}

/// One rate over another, at most 1. A rate over 0 is 1: the other group then cannot be the highest.
fn ratio(rate: Rate, over: Rate) -> Fraction {
    let product = |of: Rate, over: Rate| u128::from(of.selected) * u128::from(over.n);
    let (numerator, denominator) = (product(rate, over), product(over, rate));
    if numerator >= denominator { Fraction::ONE } else { Fraction::new(numerator, denominator).unwrap_or(Fraction::ONE) }
}

fn others(groups: &[Counted], place: usize) -> impl Iterator<Item = Counted> + Clone {
    groups.iter().enumerate().filter(move |&(other, _)| other != place).map(|(_, &group)| group)
}

fn low(groups: &[Counted], place: usize, unknown: Counted) -> Fraction {
    let group = groups[place];
    let rate = Rate { selected: group.selected(), n: group.n() + unknown.rejected() };
    let with_all = |other: Counted| Rate { selected: other.selected() + unknown.selected(), n: other.n() + unknown.selected() };
    // The lowest ratio is that over the highest rate.
    let highest = others(groups, place).map(with_all).reduce(|best, other| if is_above(other, best) { other } else { best });
    highest.map_or(Fraction::ONE, |highest| ratio(rate, highest))
}

fn high(groups: &[Counted], place: usize, unknown: Counted) -> Fraction {
    let group = groups[place];
    let rate = Rate { selected: group.selected() + unknown.selected(), n: group.n() + unknown.selected() };
    let others: Vec<Counted> = others(groups, place).filter(|group| group.selected() > 0).collect();
    lowest_maximum(&others, unknown.rejected()).map_or(Fraction::ONE, |highest| ratio(rate, highest))
}

fn is_above(one: Rate, other: Rate) -> bool {
    u128::from(one.selected) * u128::from(other.n) > u128::from(other.selected) * u128::from(one.n)
}

/// The lowest that the highest rate of groups with selections can be made by adding `rejected` candidates to them; `None` without a group.
fn lowest_maximum(groups: &[Counted], rejected: u64) -> Option<Rate> {
    let with = |group: Counted, added: u64| Rate { selected: group.selected(), n: group.n() + added };
    let attainable = |rate: Rate| {
        let needed = |group: &Counted| {
            let candidates = (u128::from(group.selected()) * u128::from(rate.n)).div_ceil(u128::from(rate.selected));
            candidates.saturating_sub(u128::from(group.n()))
        };
        groups.iter().map(needed).sum::<u128>() <= u128::from(rejected)
    };
    let mut best: Option<Rate> = None;
    for &group in groups {
        // The highest rate cannot be below this group's with all of the candidates; it can only help where that is below the best so far.
        if !attainable(with(group, 0)) || best.is_some_and(|best| !is_above(best, with(group, rejected))) {
            continue;
        }
        let (mut low, mut high) = (0, rejected);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if attainable(with(group, middle)) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        let found = with(group, low);
        if best.is_none_or(|best| is_above(best, found)) {
            best = Some(found);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn of(selected: u64, n: u64) -> Counted {
        Counted::new(selected, n).unwrap()
    }

    /// All ways to split `count` things into `parts` numbered parts.
    fn splits(count: u64, parts: usize) -> Vec<Vec<u64>> {
        if parts == 1 {
            return vec![vec![count]];
        }
        let first = |taken: u64| splits(count - taken, parts - 1).into_iter().map(move |rest| [vec![taken], rest].concat());
        (0..=count).flat_map(first).collect()
    }

    fn below(one: Fraction, other: Fraction) -> bool {
        one.numerator() * other.denominator() < other.numerator() * one.denominator()
    }

    #[test]
    fn all_assignments_of_small_tables() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut compared = 0;
        for _ in 0..600 {
            let levels = rng.random_range(1..=4);
            let groups: Vec<Counted> = (0..levels)
                .map(|_| {
                    let n = rng.random_range(1..=9);
                    of(rng.random_range(0..=n), n)
                })
                .collect();
            let unknown_n = rng.random_range(0..=if levels == 4 { 5 } else { 8 });
            let unknown = of(rng.random_range(0..=unknown_n), unknown_n);
            let found = unknown_bounds(&groups, unknown);
            if unknown.selected() + groups.iter().map(|group| group.selected()).sum::<u64>() == 0 {
                assert_eq!(found, Err(Undefined::NobodySelected));
                continue;
            }
            let mut expected = vec![(Fraction::ONE, Fraction::new(0, 1).unwrap()); levels];
            for selected in splits(unknown.selected(), levels) {
                for rejected in splits(unknown.rejected(), levels) {
                    let rates: Vec<Rate> = (0..levels)
                        .map(|place| Rate {
                            selected: groups[place].selected() + selected[place],
                            n: groups[place].n() + selected[place] + rejected[place],
                        })
                        .collect();
                    for (rate, (low, high)) in rates.iter().zip(&mut expected) {
                        let mut impact = Fraction::ONE;
                        for other in rates.iter().filter(|other| other.selected > 0) {
                            let ratio = Fraction::new(
                                u128::from(rate.selected) * u128::from(other.n),
                                u128::from(rate.n) * u128::from(other.selected),
                            );
                            let ratio = ratio.unwrap();
                            impact = if below(ratio, impact) { ratio } else { impact };
                        }
                        *low = if below(impact, *low) { impact } else { *low };
                        *high = if below(*high, impact) { impact } else { *high };
                    }
                }
            }
            let found: Vec<_> = found.unwrap().into_iter().map(|bounds| (bounds.low, bounds.high)).collect();
            assert_eq!(found, expected, "{groups:?} with {unknown:?}");
            compared += 1;
        }
        assert!(compared > 500, "{compared}");
    }

    #[test]
    fn without_unknown_candidates_both_bounds_are_the_impact_ratio() {
        let bounds = unknown_bounds(&[of(50, 100), of(40, 100), of(0, 3)], of(0, 0)).unwrap();
        let both = |numerator, denominator| {
            let ratio = Fraction::new(numerator, denominator).unwrap();
            ImpactBounds { low: ratio, high: ratio }
        };
        assert_eq!(bounds, [both(1, 1), both(4, 5), both(0, 1)]);
    }

    #[test]
    fn fifty_groups_of_millions() {
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        let groups: Vec<Counted> = (0..50).map(|_| of(rng.random_range(100_000..400_000), rng.random_range(500_000..3_000_000))).collect();
        let bounds = unknown_bounds(&groups, of(1_000_003, 7_000_001)).unwrap();
        assert!(bounds.iter().all(|bounds| !below(bounds.high, bounds.low)));
    }
}
