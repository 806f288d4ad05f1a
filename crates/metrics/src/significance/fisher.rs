//! Fisher's exact test: how probable a table as uneven as this one is, if its margins are given and selection does not look at the group.
//!
//! ```text
//! P(x) = C(n1, x) C(n2, k - x) / C(n1 + n2, k),   max(0, k - n2) <= x <= min(n1, k)
//! two-sided: sum of P(x) over all x with P(x) <= P(observed)
//! less:      sum of P(x) over x <= observed;   greater: over x >= observed
//! ```
//!
//! n1 and n2 are the candidates of the two groups, k the selected of both, x those of the first group. Range (0, 1]; below about 1e-300 the value is 0.
//! Undefined where a group is empty. Where nobody or everybody was selected, the observed table is the only one and the value is 1.
//!
//! Two tables count as equally probable when their probabilities agree to 1e-10, which is far above the rounding of this computation and far below
//! the distance of tables that differ. scipy asks for 1e-14 and R for 1e-7. For 100,000 candidates scipy's value is off by up to 2e-11 of itself.
//!
//! Source: Fisher 1935, "The logic of inductive inference"; the two-sided rule is that of scipy.stats.fisher_exact and of R's fisher.test.

use super::counted::total;
use super::{Counted, Undefined};

/// Most candidates of both groups: about a million tables are then looked at.
const MOST: u64 = 1_000_000_000;

/// Relative difference up to which two tables are equally probable.
const EQUAL: f64 = 1e-10;

/// Probability, relative to the most probable table, below which tables no longer count.
const NEGLIGIBLE: f64 = 1e-305;

/// What counts as at least as extreme as the observed table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alternative {
    /// Every table that is at most as probable.
    TwoSided,
    /// As few selected in the first group, or fewer.
    Less,
    /// As many selected in the first group, or more.
    Greater,
}

/// The p-value of Fisher's exact test of two groups.
///
/// ```
/// use evenhand_metrics::significance::{Alternative, Counted, fisher_exact};
///
/// // Of 4 cups with milk first 3 were told, of 4 with tea first 1 was called so: 34 of the 70 tables are as extreme.
/// let (one, other) = (Counted::new(3, 4).unwrap(), Counted::new(1, 4).unwrap());
/// assert!((fisher_exact(one, other, Alternative::TwoSided).unwrap() - 34.0 / 70.0).abs() < 1e-15);
/// assert!((fisher_exact(one, other, Alternative::Greater).unwrap() - 17.0 / 70.0).abs() < 1e-15);
/// ```
pub fn fisher_exact(one: Counted, other: Counted, alternative: Alternative) -> Result<f64, Undefined> {
    if let Some(group) = [one, other].iter().position(|group| group.n() == 0) {
        return Err(Undefined::EmptyGroup { group });
    }
    let n = one.n() + other.n();
    if n > MOST {
        return Err(Undefined::TooLarge { n, most: MOST });
    }
    let tables = Tables::new(one, other);
    let observed = one.selected();
    let limit = tables.weight(observed) * (1.0 + EQUAL);
    let tail = tables.sum(|x, weight| match alternative {
        Alternative::TwoSided => weight <= limit,
        Alternative::Less => x <= observed,
        Alternative::Greater => x >= observed,
    });
    Ok((tail / tables.sum(|_, _| true)).min(1.0))
}

/// The probabilities of all tables of the same margins, relative to that of the most probable one.
struct Tables {
    mode: u64,
    /// Those of mode, mode + 1, ...
    upwards: Vec<f64>,
    /// Those of mode - 1, mode - 2, ...
    downwards: Vec<f64>,
}

impl Tables {
    /// From the mode outwards by the ratio of neighbours. Unlike differences of log-gammas, whose rounding grows with the number of candidates,
    /// each step adds a rounding of the last digit only.
    fn new(one: Counted, other: Counted) -> Self {
        let (n1, n2, selected) = (one.n(), other.n(), one.selected() + other.selected());
        let (low, high) = (selected.saturating_sub(n2), n1.min(selected));
        let (_, n) = total(&[one, other]);
        let mode = ((u128::from(selected) + 1) * (u128::from(n1) + 1) / (n + 2)) as u64;
        let mode = mode.clamp(low, high);
        // P(x + 1) / P(x)
        let ratio = |x: u64| ((n1 - x) as f64 * (selected - x) as f64) / ((x + 1) as f64 * (n2 + x + 1 - selected) as f64);
        let mut upwards = vec![1.0];
        let mut weight = 1.0;
        for x in mode..high {
            weight *= ratio(x);
            if weight < NEGLIGIBLE {
                break;
            }
            upwards.push(weight);
        }
        let mut downwards = Vec::new();
        weight = 1.0;
        for x in (low..mode).rev() {
            weight /= ratio(x);
            if weight < NEGLIGIBLE {
                break;
            }
            downwards.push(weight);
        }
        Tables { mode, upwards, downwards }
    }

    /// That of x; 0 where it is negligible.
    fn weight(&self, x: u64) -> f64 {
        let weight =
            if x >= self.mode { self.upwards.get((x - self.mode) as usize) } else { self.downwards.get((self.mode - 1 - x) as usize) };
        weight.copied().unwrap_or(0.0)
    }

    /// The sum over the tables that are wanted, from the least probable inwards, so that small terms are not lost beside large ones.
    fn sum(&self, wanted: impl Fn(u64, f64) -> bool) -> f64 {
        let upwards = self.upwards.iter().enumerate().rev().map(|(step, &weight)| (self.mode + step as u64, weight));
        let downwards = self.downwards.iter().enumerate().rev().map(|(step, &weight)| (self.mode - 1 - step as u64, weight));
        let side = |tables: &mut dyn Iterator<Item = (u64, f64)>| {
            tables.filter(|&(x, weight)| wanted(x, weight)).map(|(_, weight)| weight).sum::<f64>()
        };
        let (mut upwards, mut downwards) = (upwards, downwards);
        side(&mut upwards) + side(&mut downwards)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(selected: u64, n: u64) -> Counted {
        Counted::new(selected, n).unwrap()
    }

    #[test]
    fn small_tables_against_all_their_binomials() {
        let choose = |n: u64, k: u64| (0..k).fold(1_u64, |product, i| product * (n - i) / (i + 1));
        for n1 in 1..9 {
            for n2 in 1..9 {
                for (x1, x2) in (0..=n1).flat_map(|x1| (0..=n2).map(move |x2| (x1, x2))) {
                    let ways = |x: u64| choose(n1, x) * choose(n2, x1 + x2 - x);
                    let all = (x1 + x2).saturating_sub(n2)..=n1.min(x1 + x2);
                    let share = |wanted: &dyn Fn(u64) -> bool| {
                        all.clone().filter(|&x| wanted(x)).map(ways).sum::<u64>() as f64 / choose(n1 + n2, x1 + x2) as f64
                    };
                    for (alternative, expected) in [
                        (Alternative::TwoSided, share(&|x| ways(x) <= ways(x1))),
                        (Alternative::Less, share(&|x| x <= x1)),
                        (Alternative::Greater, share(&|x| x >= x1)),
                    ] {
                        let found = fisher_exact(of(x1, n1), of(x2, n2), alternative).unwrap();
                        assert!((found - expected).abs() < 1e-13, "{x1}/{n1} {x2}/{n2} {alternative:?}: {found} instead of {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn millions_are_quick_and_far_tails_stay_probabilities() {
        let p = fisher_exact(of(1_001_000, 5_000_000), of(999_000, 5_000_000), Alternative::TwoSided).unwrap();
        // Expected value: scipy 1.17.1, `fisher_exact`.
        assert!((p - 0.114_027_118_7).abs() < 1e-9, "{p}");
        assert_eq!(fisher_exact(of(0, 5_000_000), of(5_000_000, 5_000_000), Alternative::TwoSided), Ok(0.0));
        assert_eq!(fisher_exact(of(0, 9), of(0, 4), Alternative::TwoSided), Ok(1.0));
        assert_eq!(fisher_exact(of(1, 9), of(0, 0), Alternative::TwoSided), Err(Undefined::EmptyGroup { group: 1 }));
        let too_large = Undefined::TooLarge { n: MOST + 5, most: MOST };
        assert_eq!(fisher_exact(of(1, MOST), of(1, 5), Alternative::Less), Err(too_large));
    }
}
