//! Distances to the closest real rows: does a synthetic row stand nearer to rows that were learned from than chance would have it?
//!
//! ```text
//! d(x, y) = 1/c sum over c columns:   number     min(1, |x - y| / range),  range of the training rows (constant there: 0 if equal, else 1)
//!                                     category   0 if equal, else 1
//!                                     missing    0 if both are, 1 if one is
//! t(x) = min over training rows of d(x, .);   h(x) = min over hold-out rows of d(x, .)
//! ```
//!
//! If the synthesiser learned a distribution and no rows, a synthetic row's closest real row is a training row as often as its share among
//! the real rows says: n / (n + m) of n training and m hold-out rows. A share of `t < h` (ties apart) well above that is memory. So are
//! distances to training rows well below those that hold-out rows, which are real and were not seen, have to training rows.
//!
//! Distances range over [0, 1]; rows whose two distances differ by less than 1e-6 are tied. All pairs are compared (blocks of rows, one
//! column after another); of larger tables a sample is, whose sizes are reported. Exact copies are counted over all rows.
//!
//! Source: distance to closest record as in Z. Zhao et al., "CTAB-GAN", ACML 2021, section 4.4; Gower's distance, Biometrics 1971; hold-out
//! comparison of M. Platzer and T. Reutterer, Frontiers in Big Data 2021. sdmetrics' `DCROverfittingProtection` scales each reference by
//! its own range, so that a hold-out with a smaller range looks farther away; here both are scaled by the training rows'.

use std::collections::HashSet;

use evenhand_metrics::Estimate;
use evenhand_metrics::likeness::{Closeness, Distances};
use rand::Rng;
use rand::seq::index;
use rayon::prelude::*;

use crate::alignment::keys;
use crate::synthesis::{Cells, Table};

/// Reference rows compared at once; their columns and the sums stay in the cache.
const BLOCK: usize = 1024;
/// Rows whose closest ones are looked for by one thread at a time.
const PORTION: usize = 64;
/// Difference below which two distances are the same.
const TIE: f32 = 1e-6;

/// Compares aligned tables.
pub(super) fn closeness(training: &Table, holdout: Option<&Table>, synthetic: &Table, most_rows: usize, rng: &mut dyn Rng) -> Closeness {
    let known = keys(training);
    let distinct: HashSet<&Vec<u64>> = known.iter().collect();
    let copies = keys(synthetic).iter().filter(|key| distinct.contains(key)).count();
    let training_repeats = known.len() - distinct.len();

    let mut sample = |table: &Table| {
        if table.rows() <= most_rows {
            return table.clone();
        }
        let mut rows = index::sample(rng, table.rows(), most_rows).into_vec();
        rows.sort_unstable();
        table.select(&rows)
    };
    let (sampled, synthetic, holdout) = (sample(training), sample(synthetic), holdout.map(&mut sample));
    let scales = scales(training);
    let places = |table: &Table| Places::new(table, &scales);
    let (of_training, of_synthetic) = (places(&sampled), places(&synthetic));
    let to_training = of_synthetic.closest(&of_training);
    let of_holdout = holdout.as_ref().map(places);
    let to_holdout = of_holdout.as_ref().map(|holdout| of_synthetic.closest(holdout));
    let between = of_holdout.as_ref().map(|holdout| holdout.closest(&of_training));

    let (mut closer, mut farther, mut tied) = (0, 0, 0);
    for (training, holdout) in to_training.iter().zip(to_holdout.iter().flatten()) {
        if (training - holdout).abs() < TIE {
            tied += 1;
        } else if training < holdout {
            closer += 1;
        } else {
            farther += 1;
        }
    }
    let holdout_rows = of_holdout.as_ref().map_or(0, |holdout| holdout.rows);
    let no_holdout = || Estimate::undefined("there are no hold-out rows to compare with");
    let share_closer_to_training = match closer + farther {
        _ if holdout_rows == 0 => no_holdout(),
        0 => Estimate::undefined("every row is as near to a training row as to a hold-out row"),
        apart => Estimate::value(f64::from(closer) / f64::from(apart)),
    };
    let expected_share =
        if holdout_rows == 0 { no_holdout() } else { Estimate::value(of_training.rows as f64 / (of_training.rows + holdout_rows) as f64) };
    Closeness {
        copies,
        training_repeats,
        synthetic_rows: of_synthetic.rows,
        training_rows: of_training.rows,
        holdout_rows,
        closer_to_training: closer as usize,
        closer_to_holdout: farther as usize,
        tied,
        share_closer_to_training,
        expected_share,
        synthetic_to_training: distances(Some(to_training)),
        synthetic_to_holdout: distances(to_holdout),
        holdout_to_training: distances(between),
    }
}

fn distances(found: Option<Vec<f32>>) -> Distances {
    let Some(mut found) = found else {
        let none = || Estimate::undefined("there are no hold-out rows to compare with");
        return Distances { fifth_percentile: none(), median: none() };
    };
    found.sort_by(f32::total_cmp);
    // The value at p (n - 1), between its neighbours in proportion.
    let quantile = |p: f64| {
        let at = p * (found.len() - 1) as f64;
        let (low, part) = (at.floor() as usize, at.fract());
        let high = (low + 1).min(found.len() - 1);
        Estimate::value(f64::from(found[low]) * (1.0 - part) + f64::from(found[high]) * part)
    };
    Distances { fifth_percentile: quantile(0.05), median: quantile(0.5) }
}

/// Smallest value and reciprocal of the range of each column of numbers in the training rows.
fn scales(training: &Table) -> Vec<Option<(f64, f64)>> {
    training
        .columns
        .iter()
        .map(|column| {
            let Cells::Numbers { values, .. } = &column.cells else { return None };
            let present = || values.iter().copied().filter(|value| !value.is_nan());
            let (low, high) = (present().fold(f64::INFINITY, f64::min), present().fold(f64::NEG_INFINITY, f64::max));
            // Without a range any difference counts as a whole one.
            Some(if low < high { (low, (high - low).recip()) } else { (if low == high { low } else { 0.0 }, 1e30) })
        })
        .collect()
}

/// Rows as points: columns one after another, so that a column's values of many rows stand together.
struct Places {
    rows: usize,
    numbers: Vec<Vec<f32>>,
    categories: Vec<Vec<u32>>,
}

impl Places {
    fn new(table: &Table, scales: &[Option<(f64, f64)>]) -> Self {
        let (mut numbers, mut categories) = (Vec::new(), Vec::new());
        for (column, scale) in table.columns.iter().zip(scales) {
            match (&column.cells, scale) {
                (Cells::Numbers { values, .. }, Some((low, scale))) => {
                    // Training rows lie in [0, 1]; what is farther away than the range is so far whatever it is.
                    numbers.push(values.iter().map(|value| ((value - low) * scale).clamp(-1e6, 1e6) as f32).collect());
                }
                (Cells::Categories { codes, .. }, _) => categories.push(codes.clone()),
                (Cells::Numbers { .. }, None) => {}
            }
        }
        Places { rows: table.rows(), numbers, categories }
    }

    /// The distance of each row to the closest of the others.
    fn closest(&self, others: &Places) -> Vec<f32> {
        let columns = (self.numbers.len() + self.categories.len()).max(1) as f32;
        let portions: Vec<usize> = (0..self.rows).step_by(PORTION).collect();
        let found: Vec<Vec<f32>> = portions
            .into_par_iter()
            .map(|from| {
                let rows = from..(from + PORTION).min(self.rows);
                let mut best = vec![f32::INFINITY; rows.len()];
                let mut sums = [0.0_f32; BLOCK];
                for start in (0..others.rows).step_by(BLOCK) {
                    let end = (start + BLOCK).min(others.rows);
                    for (row, best) in rows.clone().zip(&mut best) {
                        let sums = &mut sums[..end - start];
                        sums.fill(0.0);
                        for (own, column) in self.categories.iter().zip(&others.categories) {
                            add_category(sums, own[row], &column[start..end]);
                        }
                        for (own, column) in self.numbers.iter().zip(&others.numbers) {
                            add_number(sums, own[row], &column[start..end]);
                        }
                        *best = sums.iter().fold(*best, |best, &sum| if sum < best { sum } else { best });
                    }
                }
                best
            })
            .collect();
        found.into_iter().flatten().map(|sum| sum / columns).collect()
    }
}

fn add_category(sums: &mut [f32], own: u32, column: &[u32]) {
    // Missing equals missing, as any code equals itself.
    for (sum, &code) in sums.iter_mut().zip(column) {
        *sum += if code == own { 0.0 } else { 1.0 };
    }
}

fn add_number(sums: &mut [f32], own: f32, column: &[f32]) {
    if own.is_nan() {
        for (sum, value) in sums.iter_mut().zip(column) {
            *sum += if value.is_nan() { 0.0 } else { 1.0 };
        }
        return;
    }
    for (sum, &value) in sums.iter_mut().zip(column) {
        let distance = (own - value).abs();
        // A missing value has no distance below 1.
        *sum += if distance < 1.0 { distance } else { 1.0 };
    }
}
