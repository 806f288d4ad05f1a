//! Intervals of disparities of rates, from the limits of each rate: no resampling.
//!
//! ```text
//! rate                 Wilson's limits; rows of unequal weight count as p (1 - p) / variance of p rows
//! difference, pair     Newcombe's limits, folded at 0
//! ratio, pair          the same on the logarithm, folded at 1
//! largest of several   the largest of the pairs' limits at Sidak's z                                   (see crate::largest)
//! sum of two gaps      g + h -+ sqrt((g - g')^2 + (h - h')^2),  g' and h' the limits at the z of all pairs of both signs
//! ```
//!
//! Wilson's limits are as good near 0 and 1 as between them, so that a rate of 0 of 15 rows has an interval and a gap of it, too.

use crate::counts::{Confusion, GroupCounts};
use crate::largest::{self, Ends};
use crate::proportions::{Proportion, log_ratio_at, newcombe_at};

use super::{Rate, Shape};

/// A rate of one group as so many of so many rows that count alike; `None` where the group has none.
pub(super) fn proportion(rate: &Rate, counts: &GroupCounts) -> Option<Proportion> {
    let (hits, under) = (rate.of)(&counts.confusion());
    if under <= 0.0 {
        return None;
    }
    let (rows_hit, rows) = (rate.of)(&counts.row_confusion());
    if (rows_hit, rows) == (hits, under) {
        return Some(Proportion { hits, n: under });
    }
    let squares = Confusion::from_cells(counts.cells.map(|cell| cell.squared));
    let (squares_hit, squares) = (rate.of)(&squares);
    let share = hits / under;
    let spread = share * (1.0 - share);
    let effective = if spread > 0.0 {
        let missed = 1.0 - share;
        spread * under * under / (squares_hit * missed * missed + (squares - squares_hit) * share * share)
    } else {
        under * under / squares
    };
    Some(Proportion { hits: share * effective, n: effective })
}

/// The interval of a rate.
pub(super) fn of_rate(rate: &Rate, counts: &GroupCounts, level: f64) -> Option<Ends> {
    proportion(rate, counts)?.wilson(level)
}

/// Ends of the size of a number whose signed ends are known.
fn folded((low, high): Ends) -> Ends {
    (low.max(-high).max(0.0), high.max(-low))
}

/// Two groups, the first of which is compared with the second, in one rate.
type Pair = [Proportion; 2];

fn difference([one, other]: &Pair, z: f64) -> Ends {
    newcombe_at(*one, *other, z).unwrap_or((f64::NAN, f64::NAN))
}

fn log_ratio([one, other]: &Pair, z: f64) -> Ends {
    log_ratio_at(*one, *other, z).unwrap_or((f64::NAN, f64::NAN))
}

/// Every pair of groups that have the rate.
fn pairs(groups: &[Option<Proportion>]) -> Vec<Pair> {
    let known: Vec<Proportion> = groups.iter().copied().flatten().collect();
    (0..known.len()).flat_map(|a| (a + 1..known.len()).map(move |b| (a, b))).map(|(a, b)| [known[a], known[b]]).collect()
}

/// The interval of a disparity between unordered groups; `rates` holds for each rate the groups.
pub(super) fn largest(shape: Shape, rates: &[Vec<Option<Proportion>>], level: f64) -> Option<Ends> {
    match shape {
        Shape::Difference | Shape::OddsMaximum => {
            let tests: Vec<Pair> = rates.iter().flat_map(|groups| pairs(groups)).collect();
            largest::from_limits(&tests, level, difference)
        }
        Shape::Ratio | Shape::Impact | Shape::FoldedImpact => {
            let mut tests = pairs(rates.first()?);
            tests.retain(|pair| pair.iter().any(|side| side.hits > 0.0));
            let (low, high) = largest::from_limits(&tests, level, log_ratio)?;
            Some(((-high).exp(), (-low).exp()))
        }
        Shape::OddsSum | Shape::OddsMean => {
            let tests: Vec<Vec<Pair>> = rates.iter().map(|groups| pairs(groups)).collect();
            // The sum of two ranges is the largest over pairs of pairs and both signs.
            let all: usize = tests.iter().map(Vec::len).product::<usize>() << (tests.len() - 1);
            let z = largest::one_sided(2 * all, 1.0 - level);
            let widest = |pairs: &Vec<Pair>| {
                let sizes = pairs.iter().map(|pair| {
                    let gap = pair[0].share().zip(pair[1].share()).map_or(0.0, |(one, other)| (one - other).abs());
                    (gap, folded(difference(pair, z)))
                });
                sizes.fold((0.0_f64, (0.0_f64, 0.0_f64)), |most, (gap, ends)| {
                    (most.0.max(gap), (most.1.0.max(ends.0), most.1.1.max(ends.1)))
                })
            };
            let ranges: Vec<(f64, Ends)> = tests.iter().map(widest).collect();
            let sum: f64 = ranges.iter().map(|(gap, _)| gap).sum();
            let apart = |of: fn(&(f64, Ends)) -> f64| ranges.iter().map(|range| of(range).powi(2)).sum::<f64>().sqrt();
            let (low, high) = ((sum - apart(|(gap, ends)| gap - ends.0)).max(0.0), sum + apart(|(gap, ends)| ends.1 - gap));
            let scale = if shape == Shape::OddsMean { rates.len() as f64 } else { 1.0 };
            Some((low / scale, high / scale))
        }
    }
}

/// The interval of the ratio to a named group's rate that lies furthest from 1: `groups` are the others. It may lie on both sides of 1 where a ratio on either
/// side may be the furthest.
pub(super) fn furthest(shape: Shape, groups: &[Proportion], named: Proportion, level: f64) -> Option<Ends> {
    let tests: Vec<Pair> = groups.iter().map(|group| [*group, named]).collect();
    if shape == Shape::FoldedImpact {
        let (low, high) = largest::from_limits(&tests, level, log_ratio)?;
        return Some(((-high).exp(), (-low).exp()));
    }
    if let [only] = tests.as_slice() {
        let (low, high) = log_ratio(only, two_sided(level));
        return Some((low.exp(), high.exp()));
    }
    let kept = largest::not_below(&tests, level, &log_ratio);
    let z = largest::one_sided(kept.len(), largest::second_step(level));
    let ends: Vec<(Ends, f64)> = kept.into_iter().map(|(pair, sign)| (log_ratio(pair, z), sign)).collect();
    // Whichever is the furthest lies at least this far, on its side.
    let least = ends.iter().map(|((low, high), sign)| if *sign > 0.0 { *low } else { -high }).fold(0.0, f64::max);
    let mut hull = (f64::INFINITY, f64::NEG_INFINITY);
    for ((low, high), sign) in ends {
        let (low, high) = if sign > 0.0 { (low.max(least), high) } else { (low, high.min(-least)) };
        if low <= high {
            hull = (hull.0.min(low), hull.1.max(high));
        }
    }
    (hull.0 <= hull.1).then(|| (hull.0.exp(), hull.1.exp()))
}

fn two_sided(level: f64) -> f64 {
    largest::one_sided(1, (1.0 - level) / 2.0)
}

/// The interval of a disparity as AIF360 has it: of a group less (or over) another, with its sign.
pub(super) fn signed(shape: Shape, rates: &[Pair], level: f64) -> Option<Ends> {
    let one = two_sided(level);
    match shape {
        Shape::Difference => Some(difference(rates.first()?, one)),
        Shape::OddsMaximum => largest::from_limits(rates, level, difference),
        Shape::OddsSum => {
            let groups: Vec<Vec<Option<Proportion>>> = rates.iter().map(|pair| pair.iter().copied().map(Some).collect()).collect();
            largest(shape, &groups, level)
        }
        Shape::OddsMean => {
            let each = rates.iter().filter_map(|pair| {
                let gap = pair[0].share()? - pair[1].share()?;
                let (low, high) = difference(pair, one);
                Some((gap, gap - low, high - gap))
            });
            let sums = each.fold((0.0, 0.0, 0.0), |sum, (gap, down, up)| (sum.0 + gap, sum.1 + down * down, sum.2 + up * up));
            let count = rates.len() as f64;
            Some(((sums.0 - sums.1.sqrt()) / count, (sums.0 + sums.2.sqrt()) / count))
        }
        Shape::Ratio | Shape::Impact => log_ratio_at(rates.first()?[0], rates.first()?[1], one).map(|(low, high)| (low.exp(), high.exp())),
        Shape::FoldedImpact => {
            let (low, high) = folded(log_ratio_at(rates.first()?[0], rates.first()?[1], one)?);
            Some(((-high).exp(), (-low).exp()))
        }
    }
}
