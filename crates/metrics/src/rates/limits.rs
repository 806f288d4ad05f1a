//! Intervals of disparities of rates, from the limits of each rate: no resampling.
//!
//! ```text
//! rate                 Wilson's limits; rows of unequal weight count as p (1 - p) / variance of p rows
//! difference, pair     Newcombe's limits, folded at 0
//! ratio, pair          the same on the logarithm, folded at 1
//! largest of several   the largest of the pairs' limits at the z that holds for all of them               (see crate::largest)
//! sum of two gaps      g + h -+ sqrt((g - g')^2 + (h - h')^2),  g' and h' the limits at the z of all pairs of both signs
//! ```
//!
//! Wilson's limits are as good near 0 and 1 as between them, so that a rate of 0 of 15 rows has an interval and a gap of it, too.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::counts::{Confusion, GroupCounts};
use crate::largest::{self, Candidate, Ends, Limits};
use crate::proportions::{Proportion, log_ratio_at, newcombe_at, normal_quantile};

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
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    sides: [Proportion; 2],
    /// Numbers of both groups' rates: pairs that share one hang together.
    places: [usize; 2],
}

impl Pair {
    /// A pair that shares no group with any other.
    pub(super) fn alone(sides: [Proportion; 2], rate: usize) -> Self {
        Pair { sides, places: [2 * rate, 2 * rate + 1] }
    }
}

/// On which scale rates are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    /// As they are: differences.
    Plain,
    /// Their logarithms: ratios.
    Logarithm,
}

impl Scale {
    /// A rate and both of its limits on the scale; `None` where it has no place there.
    fn of(self, side: Proportion, z: f64) -> Option<(f64, Ends)> {
        let (share, (low, high)) = (side.share()?, side.wilson_at(z)?);
        match self {
            Scale::Plain => Some((share, (low, high))),
            Scale::Logarithm => (low > 0.0).then(|| (share.ln(), (low.ln(), high.ln()))),
        }
    }
}

impl Limits for Scale {
    type Test = Pair;

    fn limits(&self, pair: &Pair, z: f64) -> Ends {
        let [one, other] = pair.sides;
        let ends = match self {
            Scale::Plain => newcombe_at(one, other, z),
            Scale::Logarithm => log_ratio_at(one, other, z),
        };
        ends.unwrap_or((f64::NAN, f64::NAN))
    }

    fn joint(&self, kept: &[Candidate<'_, Pair>]) -> Option<Vec<f64>> {
        joint(kept, *self)
    }

    /// By the lower limit of the difference of both, a sum of rates with whole factors: Newcombe's limits of any number of parts.
    fn ahead(&self, one: Candidate<'_, Pair>, other: Candidate<'_, Pair>, z: f64) -> bool {
        let mut parts: Vec<(usize, Proportion, f64)> = Vec::with_capacity(4);
        for (pair, sign) in [one, (other.0, -other.1)] {
            for ((place, side), factor) in pair.places.into_iter().zip(pair.sides).zip([sign, -sign]) {
                match parts.iter_mut().find(|(known, ..)| *known == place) {
                    Some(part) => part.2 += factor,
                    None => parts.push((place, side, factor)),
                }
            }
        }
        let mut ends = (0.0, 0.0);
        for (_, side, factor) in parts.into_iter().filter(|(.., factor)| *factor != 0.0) {
            let Some((middle, (low, high))) = self.of(side, z) else { return false };
            let off = factor * (middle - if factor > 0.0 { low } else { high });
            ends = (ends.0 + factor * middle, ends.1 + off * off);
        }
        ends.0 > ends.1.sqrt()
    }
}

/// Every pair of groups that have the rate.
fn pairs(rate: usize, groups: &[Option<Proportion>]) -> Vec<Pair> {
    let known: Vec<(usize, Proportion)> =
        groups.iter().enumerate().filter_map(|(place, group)| Some((rate * groups.len() + place, (*group)?))).collect();
    let pair = |(a, b): (usize, usize)| Pair { sides: [known[a].1, known[b].1], places: [known[a].0, known[b].0] };
    (0..known.len()).flat_map(|a| (a + 1..known.len()).map(move |b| (a, b))).map(pair).collect()
}

/// Normal errors that are drawn, and the most pairs for which they are.
const DRAWS: usize = 4000;
const MOST_JOINT: usize = 256;

/// The largest scaled error of several pairs, draw after draw: the errors of the groups' rates are independent, and pairs that share a group hang together. The scale
/// of a group's error is the half-width of Wilson's interval, on the logarithm where ratios are compared.
fn joint(kept: &[Candidate<'_, Pair>], on: Scale) -> Option<Vec<f64>> {
    if kept.len() > MOST_JOINT {
        return None;
    }
    let scale = |side: Proportion| {
        let (middle, (low, high)) = on.of(side, 1.0)?;
        let scale = (high - low) / 2.0;
        (scale.is_finite() && scale > 0.0 && middle.is_finite()).then_some(scale)
    };
    let scaled = |(pair, sign): &(&Pair, f64)| {
        let [one, other] = pair.sides.map(scale);
        let (one, other) = one.zip(other)?;
        let both = one.hypot(other);
        Some((pair.places, [sign * one / both, -sign * other / both]))
    };
    let weights: Vec<([usize; 2], [f64; 2])> = kept.iter().map(scaled).collect::<Option<_>>()?;
    let places = kept.iter().flat_map(|(pair, _)| pair.places).max()? + 1;
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut normals = vec![0.0; places];
    let draw = |_| {
        for normal in &mut normals {
            *normal = StandardNormal.sample(&mut rng);
        }
        weights
            .iter()
            .map(|(places, weights)| weights[0] * normals[places[0]] + weights[1] * normals[places[1]])
            .fold(f64::NEG_INFINITY, f64::max)
    };
    Some((0..DRAWS).map(draw).collect())
}

/// The interval of a disparity between unordered groups; `rates` holds for each rate the groups.
pub(super) fn largest(shape: Shape, rates: &[Vec<Option<Proportion>>], level: f64) -> Option<Ends> {
    match shape {
        Shape::Difference | Shape::OddsMaximum => {
            let tests: Vec<Pair> = rates.iter().enumerate().flat_map(|(rate, groups)| pairs(rate, groups)).collect();
            largest::from_limits(&tests, level, &Scale::Plain)
        }
        Shape::Ratio | Shape::Impact | Shape::FoldedImpact => {
            let mut tests = pairs(0, rates.first()?);
            tests.retain(|pair| pair.sides.iter().any(|side| side.hits > 0.0));
            let (low, high) = largest::from_limits(&tests, level, &Scale::Logarithm)?;
            Some(((-high).exp(), (-low).exp()))
        }
        Shape::OddsSum | Shape::OddsMean => {
            let tests: Vec<Vec<Pair>> = rates.iter().enumerate().map(|(rate, groups)| pairs(rate, groups)).collect();
            // The sum of two ranges is the largest over pairs of pairs and both signs.
            let all: usize = tests.iter().map(Vec::len).product::<usize>() << (tests.len() - 1);
            let z = largest::one_sided(2 * all, 1.0 - level);
            let widest = |pairs: &Vec<Pair>| {
                let sizes = pairs.iter().map(|pair| {
                    let gap = pair.sides[0].share().zip(pair.sides[1].share()).map_or(0.0, |(one, other)| (one - other).abs());
                    (gap, folded(Scale::Plain.limits(pair, z)))
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
    let tests: Vec<Pair> =
        groups.iter().enumerate().map(|(place, group)| Pair { sides: [*group, named], places: [place + 1, 0] }).collect();
    if shape == Shape::FoldedImpact {
        let (low, high) = largest::from_limits(&tests, level, &Scale::Logarithm)?;
        return Some(((-high).exp(), (-low).exp()));
    }
    if let [only] = tests.as_slice() {
        let (low, high) = Scale::Logarithm.limits(only, normal_quantile(level));
        return Some((low.exp(), high.exp()));
    }
    let kept = largest::not_below(&tests, level, &Scale::Logarithm);
    let z = largest::one_sided(kept.len(), largest::second_step(level));
    let ends: Vec<(Ends, f64)> = kept.into_iter().map(|(pair, sign)| (Scale::Logarithm.limits(pair, z), sign)).collect();
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

/// The interval of a disparity as AIF360 has it: of a group less (or over) another, with its sign.
pub(super) fn signed(shape: Shape, sides: &[[Proportion; 2]], level: f64) -> Option<Ends> {
    let one = normal_quantile(level);
    let rates: Vec<Pair> = sides.iter().enumerate().map(|(rate, sides)| Pair::alone(*sides, rate)).collect();
    match shape {
        Shape::Difference => Some(Scale::Plain.limits(rates.first()?, one)),
        Shape::OddsMaximum => largest::from_limits(&rates, level, &Scale::Plain),
        Shape::OddsSum => {
            let groups: Vec<Vec<Option<Proportion>>> = sides.iter().map(|pair| pair.iter().copied().map(Some).collect()).collect();
            largest(shape, &groups, level)
        }
        Shape::OddsMean => {
            let each = rates.iter().filter_map(|pair| {
                let gap = pair.sides[0].share()? - pair.sides[1].share()?;
                let (low, high) = Scale::Plain.limits(pair, one);
                Some((gap, gap - low, high - gap))
            });
            let sums = each.fold((0.0, 0.0, 0.0), |sum, (gap, down, up)| (sum.0 + gap, sum.1 + down * down, sum.2 + up * up));
            let count = rates.len() as f64;
            Some(((sums.0 - sums.1.sqrt()) / count, (sums.0 + sums.2.sqrt()) / count))
        }
        Shape::Ratio | Shape::Impact => log_ratio_at(sides.first()?[0], sides.first()?[1], one).map(|(low, high)| (low.exp(), high.exp())),
        Shape::FoldedImpact => {
            let (low, high) = folded(log_ratio_at(sides.first()?[0], sides.first()?[1], one)?);
            Some(((-high).exp(), (-low).exp()))
        }
    }
}
