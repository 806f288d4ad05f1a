//! What a scorer rests on: each input is shuffled among the rows, and the loss of performance says how much it was used.
//!
//! ```text
//! importance of j   = mean over repeats of  P(s(x)) - P(s(x with column j shuffled))       P: the performance metric, higher is better
//! change of the gap = mean over repeats of  G(s(x with column j shuffled)) - G(s(x))       G: the gap of the first attribute
//! association       = how much the input tells of the attribute, in [0, 1]: Cramer's V of a category with the groups,
//!                     the correlation ratio sqrt(between-group / total variance) of a number
//! ```
//!
//! A gap that falls when an input is shuffled came through that input. Inputs that are strongly associated with the attribute
//! (at least [`PROXY`]) can stand in for it and are marked as proxies. Inputs that repeat each other share their importance: shuffling one
//! leaves the other (Breiman, "Random forests", 2001; Fisher et al., "All models are wrong, but many are useful", 2019).

use std::ops::Range;

use evenhand_data::{Dataset, Feature, Groups, MISSING, Matrix, UNKNOWN, Values};
use evenhand_learn::{Candidates, Scorer};
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::AuditError;

/// Association from which an input is marked as a proxy.
pub const PROXY: f64 = 0.3;

/// One input of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// Its name.
    pub input: String,
    /// Mean loss of performance over the repeats.
    pub importance: f64,
    /// Standard deviation over the repeats; absent with fewer than two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<f64>,
    /// Mean change of the gap; absent where the gap is undefined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_change: Option<f64>,
    /// Association with the attribute; absent where it is undefined (one group, a constant input).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub association: Option<f64>,
    /// True for the attribute itself.
    pub sensitive: bool,
}

/// Importances of a run's inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importances {
    /// Metric of performance.
    pub performance: String,
    /// Metric of the gap.
    pub gap: String,
    /// Attribute of gap and association.
    pub attribute: String,
    /// Shuffles of each input.
    pub repeats: usize,
    /// The inputs, the most important first.
    pub inputs: Vec<Importance>,
}

impl Importance {
    /// True when the input can stand in for the attribute.
    pub fn is_proxy(&self) -> bool {
        !self.sensitive && self.association.is_some_and(|association| association >= PROXY)
    }
}

/// Shuffles every input `repeats` times. `judge` gives performance and gap of some scores; `inputs` are names and encoded columns.
pub(crate) fn importances(
    scorer: &Scorer,
    features: &Matrix,
    (test, groups): (&Dataset, &Groups),
    inputs: &[(String, Range<usize>)],
    repeats: usize,
    rng: &mut ChaCha8Rng,
    judge: impl Fn(&[f64]) -> Result<(Option<f64>, Option<f64>), AuditError>,
) -> Result<Vec<Importance>, AuditError> {
    let predict = |matrix: &Matrix| -> Result<(Option<f64>, Option<f64>), AuditError> {
        judge(&scorer.predict(Candidates { features: matrix, recordings: test.recordings.as_ref() })?.scores)
    };
    let (whole, gap) = predict(features)?;
    let Some(whole) = whole else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for (name, columns) in inputs {
        let (mut losses, mut changes) = (Vec::new(), Vec::new());
        for _ in 0..repeats {
            let mut order: Vec<usize> = (0..features.rows()).collect();
            order.shuffle(rng);
            let mut values = features.values().to_vec();
            for (row, &from) in values.chunks_exact_mut(features.columns()).zip(&order) {
                row[columns.clone()].copy_from_slice(&features.row(from)[columns.clone()]);
            }
            let (performance, shuffled_gap) = predict(&Matrix::new(features.columns(), values))?;
            losses.extend(performance.map(|performance| whole - performance));
            changes.extend(shuffled_gap.zip(gap).map(|(shuffled, gap)| shuffled - gap));
        }
        let feature = test.features.iter().find(|feature| feature.name == *name);
        found.push(Importance {
            input: name.clone(),
            importance: mean(&losses).unwrap_or(0.0),
            std: spread(&losses),
            gap_change: mean(&changes),
            association: feature.and_then(|feature| association(feature, groups)),
            sensitive: feature.is_some_and(|feature| feature.sensitive),
        });
    }
    found.sort_by(|one, other| other.importance.total_cmp(&one.importance).then_with(|| one.input.cmp(&other.input)));
    Ok(found)
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn spread(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() > 1)?;
    Some((values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt())
}

/// How much an input tells of the groups: Cramer's V, or the correlation ratio of a number. Rows of unknown group or without a number are
/// left out; a missing category is a category.
fn association(feature: &Feature, groups: &Groups) -> Option<f64> {
    let levels = groups.levels().len();
    match &feature.values {
        Values::Numeric(numbers) => {
            let rows: Vec<(u32, f64)> = groups
                .codes()
                .iter()
                .zip(numbers)
                .filter(|(code, number)| **code != UNKNOWN && !number.is_nan())
                .map(|(&code, &number)| (code, number))
                .collect();
            let whole = rows.iter().map(|(_, number)| number).sum::<f64>() / rows.len() as f64;
            let total: f64 = rows.iter().map(|(_, number)| (number - whole).powi(2)).sum();
            let mut sums = vec![(0.0, 0.0); levels];
            for (code, number) in &rows {
                sums[*code as usize].0 += 1.0;
                sums[*code as usize].1 += number;
            }
            let between: f64 = sums.iter().filter(|(n, _)| *n > 0.0).map(|(n, sum)| n * (sum / n - whole).powi(2)).sum();
            (total > 0.0).then(|| (between / total).sqrt().min(1.0))
        }
        Values::Categorical { levels: categories, codes } => {
            let width = categories.len() + 1;
            let mut cells = vec![0.0_f64; levels * width];
            for (&group, &code) in groups.codes().iter().zip(codes).filter(|(group, _)| **group != UNKNOWN) {
                let column = if code == MISSING { categories.len() } else { code as usize };
                cells[group as usize * width + column] += 1.0;
            }
            let row_sums: Vec<f64> = cells.chunks_exact(width).map(|row| row.iter().sum()).collect();
            let column_sums: Vec<f64> = (0..width).map(|column| cells.iter().skip(column).step_by(width).sum()).collect();
            let n: f64 = row_sums.iter().sum();
            let occupied = |sums: &[f64]| sums.iter().filter(|sum| **sum > 0.0).count();
            let least = occupied(&row_sums).min(occupied(&column_sums));
            let mut squares = 0.0;
            for (row, row_sum) in row_sums.iter().enumerate() {
                for (column, column_sum) in column_sums.iter().enumerate().filter(|(_, sum)| **sum > 0.0 && *row_sum > 0.0) {
                    let expected = row_sum * column_sum / n;
                    squares += (cells[row * width + column] - expected).powi(2) / expected;
                }
            }
            (least > 1).then(|| (squares / n / (least - 1) as f64).sqrt().min(1.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(codes: &[u32]) -> Groups {
        Groups::new("g", vec!["a".into(), "b".into()], codes.to_vec())
    }

    fn feature(values: Values) -> Feature {
        Feature { name: "x".to_owned(), values, sensitive: false }
    }

    #[test]
    fn associations_by_hand() {
        let category = |codes: &[u32]| feature(Values::Categorical { levels: vec!["p".into(), "q".into()], codes: codes.to_vec() });
        let near = |found: Option<f64>, expected: f64| assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?}, not {expected}");
        near(association(&category(&[0, 0, 1, 1]), &groups(&[0, 0, 1, 1])), 1.0);
        near(association(&category(&[0, 1, 0, 1]), &groups(&[0, 0, 1, 1])), 0.0);
        // Cells 2, 1 / 1, 2: phi = (4 - 1) / 9.
        near(association(&category(&[0, 0, 1, 0, 1, 1]), &groups(&[0, 0, 0, 1, 1, 1])), 1.0 / 3.0);
        // Rows of unknown group are left out.
        near(association(&category(&[0, 0, 1, 1, 1]), &groups(&[0, 0, 1, 1, UNKNOWN])), 1.0);
        assert_eq!(association(&category(&[0, 0, 0, 0]), &groups(&[0, 0, 1, 1])), None);
        // Means 1 and 3, whole 2: between 4 x 1, within 4 x 1: sqrt(1/2).
        near(association(&feature(Values::Numeric(vec![0.0, 2.0, 2.0, 4.0])), &groups(&[0, 0, 1, 1])), 0.5_f64.sqrt());
        near(association(&feature(Values::Numeric(vec![0.0, 2.0, 2.0, 4.0, f64::NAN])), &groups(&[0, 0, 1, 1, 1])), 0.5_f64.sqrt());
        assert_eq!(association(&feature(Values::Numeric(vec![1.0, 1.0])), &groups(&[0, 1])), None);
    }
}
