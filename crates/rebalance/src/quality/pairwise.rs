//! Similarity of pairs of columns.
//!
//! ```text
//! two numbers              1 - |r - s| / 2                     r, s Pearson correlations over rows where both are present
//! else                     1 - 1/2 sum over cells |p - q|      p, q shares of the pairs of categories; a number is cut into ten bins of
//!                                                              equal width over the real values, the outer ones open; missing is one more
//! ```
//!
//! Range [0, 1], 1 alike. The correlation is undefined where a column is constant or fewer than two rows have both. As
//! `CorrelationSimilarity` and `ContingencySimilarity` of sdmetrics with the real table's bins; the report of that library cuts each
//! table by bins of its own, so that shifted numbers look alike.

use std::collections::BTreeMap;

use evenhand_metrics::Estimate;
use evenhand_metrics::likeness::PairQuality;
use evenhand_rows::MISSING;
use rayon::prelude::*;

use crate::synthesis::{Cells, Table};

/// Bins that a number is cut into beside a category.
const BINS: usize = 10;
/// Cells up to which the shares are counted in a plain table.
const FEW_CELLS: usize = 1 << 20;

/// Compares every pair of columns of two aligned tables.
pub(super) fn pairs(real: &Table, synthetic: &Table) -> Vec<PairQuality> {
    let count = real.columns.len();
    let edges: Vec<Option<Vec<f64>>> = real.columns.iter().map(|column| edges(&column.cells)).collect();
    let coded = |table: &Table| -> Vec<(Vec<u32>, usize)> {
        table.columns.iter().zip(&edges).map(|(column, edges)| coded(&column.cells, edges.as_deref())).collect()
    };
    let (of_real, of_synthetic) = (coded(real), coded(synthetic));
    let positions: Vec<(usize, usize)> = (0..count).flat_map(|one| (one + 1..count).map(move |other| (one, other))).collect();
    positions
        .into_par_iter()
        .map(|(one, other)| {
            let cells = |table: &'_ Table, at: usize| match &table.columns[at].cells {
                Cells::Numbers { values, .. } => Some(values.clone()),
                Cells::Categories { .. } => None,
            };
            let numbers = (cells(real, one), cells(real, other), cells(synthetic, one), cells(synthetic, other));
            let (measure, similarity) = if let (Some(a), Some(b), Some(c), Some(d)) = numbers {
                ("correlation", correlation_similarity(correlation(&a, &b), correlation(&c, &d)))
            } else {
                ("contingency", contingency([&of_real[one], &of_real[other]], [&of_synthetic[one], &of_synthetic[other]]))
            };
            let name = |at: usize| real.columns[at].name.clone();
            PairQuality { first: name(one), second: name(other), measure: measure.to_owned(), similarity }
        })
        .collect()
}

fn correlation_similarity(real: Option<f64>, synthetic: Option<f64>) -> Estimate {
    match (real, synthetic) {
        (Some(real), Some(synthetic)) => Estimate::value(1.0 - (real - synthetic).abs() / 2.0),
        _ => Estimate::undefined("a correlation does not exist: a column is constant, or fewer than two rows have both values"),
    }
}

/// Pearson's correlation over the rows where both are present.
fn correlation(first: &[f64], second: &[f64]) -> Option<f64> {
    let both = || first.iter().zip(second).filter(|(first, second)| !first.is_nan() && !second.is_nan());
    let count = both().count() as f64;
    if count < 2.0 {
        return None;
    }
    let means = both().fold((0.0, 0.0), |sums, (first, second)| (sums.0 + first / count, sums.1 + second / count));
    let (mut product, mut one, mut other) = (0.0, 0.0, 0.0);
    for (first, second) in both() {
        let (left, right) = (first - means.0, second - means.1);
        product += left * right;
        one += left * left;
        other += right * right;
    }
    // A constant column may have a mean that differs from it in the last digit.
    let constant = |squares: f64, mean: f64| squares <= count * (mean.abs() * 1e-15).powi(2);
    if constant(one, means.0) || constant(other, means.1) {
        return None;
    }
    Some((product / (one.sqrt() * other.sqrt())).clamp(-1.0, 1.0))
}

/// Inner edges of the bins of a column of numbers; none for categories.
fn edges(cells: &Cells) -> Option<Vec<f64>> {
    let Cells::Numbers { values, .. } = cells else { return None };
    let present = || values.iter().copied().filter(|value| !value.is_nan());
    let (mut low, mut high) = (present().fold(f64::INFINITY, f64::min), present().fold(f64::NEG_INFINITY, f64::max));
    if low > high {
        (low, high) = (0.0, 1.0);
    } else if low == high {
        (low, high) = (low - 0.5, high + 0.5);
    }
    let width = high / BINS as f64 - low / BINS as f64;
    Some((1..BINS).map(|edge| low + width * edge as f64).collect())
}

/// Categories or bins of a column, the missing one last, and how many there are.
fn coded(cells: &Cells, edges: Option<&[f64]>) -> (Vec<u32>, usize) {
    match cells {
        Cells::Categories { levels, codes } => {
            (codes.iter().map(|&code| if code == MISSING { levels.len() as u32 } else { code }).collect(), levels.len() + 1)
        }
        Cells::Numbers { values, .. } => {
            let edges = edges.unwrap_or_default();
            let bin = |value: &f64| if value.is_nan() { BINS } else { edges.partition_point(|edge| edge <= value) };
            (values.iter().map(|value| bin(value) as u32).collect(), BINS + 1)
        }
    }
}

fn contingency(real: [&(Vec<u32>, usize); 2], synthetic: [&(Vec<u32>, usize); 2]) -> Estimate {
    let widths = [real[0].1.max(synthetic[0].1), real[1].1.max(synthetic[1].1)];
    // Which level is the missing one differs where a table has categories of its own; both tables put it last.
    let key = |pair: [&(Vec<u32>, usize); 2], row: usize| {
        let place = |at: usize| {
            let (codes, width) = pair[at];
            let code = codes[row] as usize;
            if code + 1 == *width { widths[at] - 1 } else { code }
        };
        place(0) * widths[1] + place(1)
    };
    let rows = [real[0].0.len(), synthetic[0].0.len()];
    let distance: f64 = if widths[0] * widths[1] <= FEW_CELLS {
        let mut counts = vec![[0_usize; 2]; widths[0] * widths[1]];
        (0..rows[0]).for_each(|row| counts[key(real, row)][0] += 1);
        (0..rows[1]).for_each(|row| counts[key(synthetic, row)][1] += 1);
        counts.iter().map(|counts| difference(*counts, rows)).sum()
    } else {
        let mut counts: BTreeMap<usize, [usize; 2]> = BTreeMap::new();
        (0..rows[0]).for_each(|row| counts.entry(key(real, row)).or_default()[0] += 1);
        (0..rows[1]).for_each(|row| counts.entry(key(synthetic, row)).or_default()[1] += 1);
        counts.values().map(|counts| difference(*counts, rows)).sum()
    };
    Estimate::value((1.0 - 0.5 * distance).max(0.0))
}

fn difference(counts: [usize; 2], rows: [usize; 2]) -> f64 {
    (counts[0] as f64 / rows[0] as f64 - counts[1] as f64 / rows[1] as f64).abs()
}
