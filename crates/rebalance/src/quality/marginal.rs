//! Similarity of single columns.
//!
//! ```text
//! number      1 - max over x of |F(x) - G(x)|          F, G empirical distributions of the values present (Kolmogorov-Smirnov)
//! category    1 - 1/2 sum over levels of |p - q|       p, q shares among the values present (total variation)
//! missing     1 - |share missing - share missing|
//! ```
//!
//! Range [0, 1], 1 alike. Undefined where one of the tables has no value in the column. As `KSComplement` and `TVComplement` of sdmetrics.

use evenhand_metrics::Estimate;
use evenhand_metrics::likeness::ColumnQuality;
use evenhand_rows::MISSING;

use crate::synthesis::{Cells, Table};

/// Compares every column of two aligned tables.
pub(super) fn columns(real: &Table, synthetic: &Table) -> Vec<ColumnQuality> {
    let compare = |real: &Cells, synthetic: &Cells| match (real, synthetic) {
        (Cells::Numbers { values: real, .. }, Cells::Numbers { values: synthetic, .. }) => {
            ("ks-complement", ks_complement(real, synthetic))
        }
        (Cells::Categories { codes: real, .. }, Cells::Categories { codes: synthetic, .. }) => {
            ("tv-complement", tv_complement(real, synthetic))
        }
        _ => ("ks-complement", Estimate::undefined("the columns are of two kinds")),
    };
    let missing = |cells: &Cells| (0..cells.len()).filter(|&row| cells.is_missing(row)).count() as f64 / cells.len() as f64;
    let columns = real.columns.iter().zip(&synthetic.columns);
    columns
        .map(|(real, synthetic)| {
            let (measure, similarity) = compare(&real.cells, &synthetic.cells);
            let missing = Estimate::value(1.0 - (missing(&real.cells) - missing(&synthetic.cells)).abs());
            ColumnQuality { column: real.name.clone(), measure: measure.to_owned(), similarity, missing }
        })
        .collect()
}

const NO_VALUE: &str = "one of the tables has no value in this column";

fn ks_complement(real: &[f64], synthetic: &[f64]) -> Estimate {
    let sorted = |values: &[f64]| {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        sorted
    };
    let (real, synthetic) = (sorted(real), sorted(synthetic));
    if real.is_empty() || synthetic.is_empty() {
        return Estimate::undefined(NO_VALUE);
    }
    let (mut left, mut right, mut largest) = (0, 0, 0.0_f64);
    while left < real.len() && right < synthetic.len() {
        let value = real[left].min(synthetic[right]);
        while left < real.len() && real[left] <= value {
            left += 1;
        }
        while right < synthetic.len() && synthetic[right] <= value {
            right += 1;
        }
        largest = largest.max((left as f64 / real.len() as f64 - right as f64 / synthetic.len() as f64).abs());
    }
    Estimate::value(1.0 - largest)
}

fn tv_complement(real: &[u32], synthetic: &[u32]) -> Estimate {
    let levels = real.iter().chain(synthetic).filter(|&&code| code != MISSING).max().map_or(0, |&code| code as usize + 1);
    let shares = |codes: &[u32]| {
        let mut counts = vec![0_usize; levels];
        codes.iter().filter(|&&code| code != MISSING).for_each(|&code| counts[code as usize] += 1);
        let total: usize = counts.iter().sum();
        (total > 0).then(|| counts.into_iter().map(|count| count as f64 / total as f64).collect::<Vec<f64>>())
    };
    match (shares(real), shares(synthetic)) {
        (Some(real), Some(synthetic)) => {
            let distance: f64 = real.iter().zip(&synthetic).map(|(real, synthetic)| (real - synthetic).abs()).sum();
            Estimate::value(1.0 - 0.5 * distance)
        }
        _ => Estimate::undefined(NO_VALUE),
    }
}
