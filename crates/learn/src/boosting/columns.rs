//! Inputs cut into bins, column after column.
//!
//! ```text
//! code of v   number of cuts below v: v <= cut_0 -> 0, cut_0 < v <= cut_1 -> 1, ...      missing -> one above the last
//! cuts        midpoints of neighbouring values where there are at most `bins`, else the `bins` - 1 quantiles (the midpoint of two
//!             values where a quantile falls between them), each once
//! ```
//!
//! Where a midpoint is no `f32` between the two, the lower value is the cut.

use evenhand_rows::Matrix;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Rows whose values place the quantiles, at most; more are drawn from.
const QUANTILE_ROWS: usize = 200_000;
/// Open bundles that a column of two values is tried on.
const TRIED: usize = 64;
/// Members a bundle, at most: code 0 is for rows on which every member has its usual value.
const MEMBERS: usize = 255;

/// The codes of one column, or of a bundle of columns.
#[derive(Debug)]
pub(super) struct Store {
    /// A code a row.
    pub(super) codes: Vec<u8>,
    /// Number of codes, at most 256.
    pub(super) width: usize,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// A column: `cuts.len() + 1` bins of values, and one more for missing values where there are any.
    Column { feature: u32, cuts: Vec<f32>, missing: bool },
    /// Columns of two values each: code `k + 1` where member `k` has its rarer value, 0 where all have their usual one.
    Bundle(Vec<Member>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Member {
    pub(super) feature: u32,
    pub(super) cut: f32,
    /// True when the rarer value is the one at or below the cut.
    pub(super) rare_is_low: bool,
}

/// How one column is cut, before columns are bundled.
enum Cutting {
    /// One value only (or none): nothing to split on.
    Constant,
    /// Two values and none missing.
    Two {
        cut: f32,
    },
    Many {
        cuts: Vec<f32>,
        missing: bool,
    },
}

/// Cuts all columns; `kept` rows (those with weight) decide on the cuts.
pub(super) fn stores(features: &Matrix, kept: &[u32], bins: usize, rng: &mut ChaCha8Rng) -> Vec<Store> {
    let (rows, columns) = (features.rows(), features.columns());
    let sample: Vec<u32> = if kept.len() > QUANTILE_ROWS {
        let mut places = index::sample(rng, kept.len(), QUANTILE_ROWS).into_vec();
        places.sort_unstable();
        places.into_iter().map(|place| kept[place]).collect()
    } else {
        kept.to_vec()
    };
    let values = features.values();
    let cuttings: Vec<Cutting> = (0..columns)
        .into_par_iter()
        .map(|column| {
            let all = (0..rows).map(|row| values[row * columns + column]);
            cutting(all, sample.iter().map(|&row| values[row as usize * columns + column]), bins)
        })
        .collect();

    let two = cuttings.iter().enumerate().filter_map(|(feature, cutting)| match cutting {
        Cutting::Two { cut } => Some((feature, *cut)),
        _ => None,
    });
    let mut stores = bundles(features, kept, two);
    let wide: Vec<(usize, Vec<f32>, bool)> = cuttings
        .into_iter()
        .enumerate()
        .filter_map(|(feature, cutting)| match cutting {
            Cutting::Many { cuts, missing } => Some((feature, cuts, missing)),
            _ => None,
        })
        .collect();
    stores.par_extend(wide.into_par_iter().map(|(feature, cuts, missing)| {
        let last = cuts.len() as u8;
        let code = |row: usize| {
            let value = values[row * columns + feature];
            if value.is_nan() { last + 1 } else { cuts.partition_point(|&cut| value > cut) as u8 }
        };
        let codes = (0..rows).map(code).collect();
        let width = cuts.len() + 1 + usize::from(missing);
        Store { codes, width, kind: Kind::Column { feature: feature as u32, cuts, missing } }
    }));
    stores
}

fn cutting(all: impl Iterator<Item = f32>, sample: impl Iterator<Item = f32> + Clone, bins: usize) -> Cutting {
    let missing = all.into_iter().any(f32::is_nan);
    let mut present = sample.filter(|value| !value.is_nan());
    let Some(first) = present.next() else { return Cutting::Constant };
    // Most columns are one-hot: their two values are found without sorting.
    let mut second = None;
    let few = present.clone().all(|value| value == first || *second.get_or_insert(value) == value);
    match (few, second, missing) {
        (true, None, false) => return Cutting::Constant,
        (true, None, true) => return Cutting::Many { cuts: Vec::new(), missing },
        (true, Some(second), false) => return Cutting::Two { cut: between(first.min(second), first.max(second)) },
        _ => {}
    }
    let mut sorted: Vec<f32> = std::iter::once(first).chain(present).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let mut distinct = sorted.clone();
    distinct.dedup();
    let mut cuts: Vec<f32> = if distinct.len() <= bins {
        distinct.windows(2).map(|pair| between(pair[0], pair[1])).collect()
    } else {
        (1..bins)
            .map(|place| {
                let (whole, rest) = (sorted.len() * place / bins, sorted.len() * place % bins);
                if rest == 0 { between(sorted[whole - 1], sorted[whole]) } else { sorted[whole] }
            })
            .collect()
    };
    cuts.dedup();
    // A cut at the largest value would part nothing.
    cuts.retain(|cut| *cut < sorted[sorted.len() - 1]);
    Cutting::Many { cuts, missing }
}

/// A cut with `low <= cut < high`, or both where they are equal.
fn between(low: f32, high: f32) -> f32 {
    let middle = f64::midpoint(f64::from(low), f64::from(high)) as f32;
    if middle < high { middle } else { low }
}

/// Puts columns of two values into bundles whose members never have their rarer value on the same row.
fn bundles(features: &Matrix, kept: &[u32], two: impl Iterator<Item = (usize, f32)>) -> Vec<Store> {
    struct Open {
        taken: Vec<u64>,
        count: usize,
        members: Vec<Member>,
        codes: Vec<u8>,
    }
    let (rows, columns) = (features.rows(), features.columns());
    let mut open: Vec<Open> = Vec::new();
    for (feature, cut) in two {
        let low = |row: usize| features.values()[row * columns + feature] <= cut;
        let rare_is_low = 2 * kept.iter().filter(|&&row| low(row as usize)).count() < kept.len();
        let mut rare = vec![0_u64; rows.div_ceil(64)];
        let mut count = 0;
        for row in (0..rows).filter(|&row| low(row) == rare_is_low) {
            rare[row / 64] |= 1 << (row % 64);
            count += 1;
        }
        let fits = |bundle: &Open| {
            bundle.members.len() < MEMBERS
                && bundle.count + count <= rows
                && bundle.taken.iter().zip(&rare).all(|(taken, rare)| taken & rare == 0)
        };
        // The latest bundle first: columns of one category stand side by side.
        let place = (open.len().saturating_sub(TRIED)..open.len()).rev().find(|&place| fits(&open[place]));
        let place = place.unwrap_or_else(|| {
            open.push(Open { taken: vec![0; rare.len()], count: 0, members: Vec::new(), codes: vec![0; rows] });
            open.len() - 1
        });
        let bundle = &mut open[place];
        bundle.members.push(Member { feature: feature as u32, cut, rare_is_low });
        bundle.count += count;
        let code = bundle.members.len() as u8;
        for (row, stored) in bundle.codes.iter_mut().enumerate() {
            if rare[row / 64] >> (row % 64) & 1 == 1 {
                *stored = code;
            }
        }
        bundle.taken.iter_mut().zip(&rare).for_each(|(taken, rare)| *taken |= rare);
    }
    open.into_iter()
        .map(|bundle| Store { codes: bundle.codes, width: bundle.members.len() + 1, kind: Kind::Bundle(bundle.members) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::randomness::{Purpose, stream};

    fn cut(values: &[f32], bins: usize) -> Vec<Store> {
        let kept: Vec<u32> = (0..values.len() as u32).collect();
        stores(&Matrix::new(1, values.to_vec()), &kept, bins, &mut stream(1, Purpose::Objective, 0))
    }

    #[test]
    fn few_values_are_cut_at_midpoints_and_missing_ones_stand_apart() {
        let stores = cut(&[3.0, f32::NAN, 1.0, 2.0, 1.0], 255);
        assert_eq!((stores[0].codes.as_slice(), stores[0].width), ([2, 3, 0, 1, 0].as_slice(), 4));
        let Kind::Column { cuts, missing, .. } = &stores[0].kind else { panic!("a column") };
        assert_eq!((cuts.as_slice(), *missing), ([1.5, 2.5].as_slice(), true));
        assert!(cut(&[4.0, 4.0], 255).is_empty(), "nothing to split on");
        // One value, present or not.
        assert_eq!(cut(&[4.0, f32::NAN], 255)[0].codes, [0, 1]);
    }

    #[test]
    fn many_values_are_cut_at_quantiles() {
        // 1 to 10 in 5 bins: cuts between 2|3, 4|5, 6|7, 8|9.
        let values: Vec<f32> = (1..=10).map(|value| value as f32).collect();
        let Kind::Column { cuts, .. } = &cut(&values, 5)[0].kind else { panic!("a column") };
        assert_eq!(cuts, &[2.5, 4.5, 6.5, 8.5]);
        // 1 to 7 in 2 bins: the median is a value.
        let Kind::Column { cuts, .. } = &cut(&values[..7], 2)[0].kind else { panic!("a column") };
        assert_eq!(cuts, &[4.0]);
        // Most rows at the largest value: its quantiles part nothing.
        let Kind::Column { cuts, .. } = &cut(&[1.0, 2.0, 3.0, 4.0, 4.0, 4.0, 4.0, 4.0], 3)[0].kind else { panic!("a column") };
        assert_eq!(cuts, &[3.0]);
    }

    #[test]
    fn a_cut_lies_below_the_upper_value_even_where_no_number_lies_between() {
        let (low, high) = (1.0_f32, 1.0_f32.next_up());
        let Kind::Bundle(members) = &cut(&[low, high, low], 255)[0].kind else { panic!("a bundle") };
        assert!(low <= members[0].cut && members[0].cut < high);
    }

    #[test]
    fn exclusive_columns_share_a_store() {
        // Three one-hot columns of a category and a flag that goes with the last of them.
        let rows = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0], [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]];
        let features = Matrix::new(4, rows.concat());
        let stores = stores(&features, &[0, 1, 2, 3, 4], 255, &mut stream(1, Purpose::Objective, 0));
        assert_eq!(stores.len(), 2);
        assert_eq!((stores[0].codes.as_slice(), stores[0].width), ([1, 2, 3, 1, 2].as_slice(), 4));
        assert_eq!((stores[1].codes.as_slice(), stores[1].width), ([0, 0, 1, 0, 0].as_slice(), 2));
    }
}
