//! What inputs give away: the label itself (`label`), and the groups (`groups`); and where rows are too few to tell (`few`).
//!
//! A proposal of a recipe and every comparison look at their inputs in this one way. Nothing is judged on rows that it was learned from: inputs are judged
//! in folds. Large tables are judged by some thousands of their rows, which tell the same.

mod few;
mod groups;
mod label;

use evenhand_metrics::{Outcomes, evaluate};
use evenhand_rows::split::{self, Split};
use evenhand_rows::{Dataset, Groups, Values};

use crate::ExperimentError;
pub use few::few;
pub use groups::{Told, tell_groups};
pub use label::suspicious;

/// Fewer rows settle nothing: chance alone may give them an order.
const FEWEST: usize = 20;
/// Folds in which no row is judged by what learned from it.
const FOLDS: usize = 5;
/// Bands of equal size that the numbers of an input are cut into where it is judged alone: so many at most, and so many rows a band at least.
const BANDS: usize = 20;
const BAND_ROWS: usize = 30;
/// Values that are looked at on either side of a question, rows times inputs; and rows, at most and at least.
const VALUES: usize = 900_000;
const MOST_ROWS: usize = 3000;
const LEAST_ROWS: usize = 300;

/// An input with what makes it suspicious.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspicion {
    /// Column.
    pub column: String,
    /// Why, in a clause.
    pub reason: String,
}

/// What a comparison notes of its inputs: those that are suspicious, how well they tell each group, and where rows are few. `tested` is the share of the
/// rows that are tested.
pub(crate) fn notes(data: &Dataset, tested: f64) -> Result<Vec<String>, ExperimentError> {
    let told = |found: Suspicion| {
        format!("input `{}`: {}; exclude it if it is a copy or known only after the decision (`exclude`)", found.column, found.reason)
    };
    let unfolded = if data.len() < FEWEST { None } else { split::k_fold(data, FOLDS, 0.0, None, 0).err() };
    let mut notes: Vec<String> =
        unfolded.into_iter().map(|problem| format!("the inputs could not be judged in folds of the rows: {problem}")).collect();
    notes.extend(suspicious(data)?.into_iter().map(told));
    notes.extend(tell_groups(data)?.iter().map(|told| format!("the inputs tell {}", told.line())));
    notes.extend(few(data, tested));
    Ok(notes)
}

/// Rows on either side of a question that are looked at, by how many inputs there are.
fn enough(data: &Dataset) -> usize {
    (VALUES / data.features.len().max(1)).clamp(LEAST_ROWS, MOST_ROWS)
}

/// Folds of the rows; none where rows or persons are too few for them.
fn folds(data: &Dataset, attribute: Option<&str>) -> Vec<Split> {
    if data.len() < FEWEST { Vec::new() } else { split::k_fold(data, FOLDS, 0.0, attribute, 0).unwrap_or_default() }
}

/// A metric of scores and labels over all rows.
fn measured(metric: &str, scores: &[f64], labels: &[f64]) -> Result<Option<f64>, ExperimentError> {
    let everybody = Groups::new("all", vec!["all".to_owned()], vec![0; scores.len()]);
    let outcomes = Outcomes::new(scores, &everybody)?.labels(labels)?;
    Ok(evaluate(&[metric], &outcomes, None)?.first().and_then(|finding| finding.estimate.number()))
}

/// Numbers moved into [0, 1]; their order stays.
fn scaled(numbers: Vec<f64>) -> Vec<f64> {
    let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    numbers.into_iter().map(|number| if high > low { ((number - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 }).collect()
}

/// The category of every row, or the band that its number lies in; what is missing is one of its own.
fn bands(values: &Values) -> Vec<usize> {
    match values {
        Values::Categorical { levels, codes } => codes.iter().map(|&code| (code as usize).min(levels.len())).collect(),
        Values::Numeric(numbers) => {
            let mut sorted: Vec<f64> = numbers.iter().copied().filter(|number| !number.is_nan()).collect();
            sorted.sort_by(f64::total_cmp);
            let bands = (sorted.len() / BAND_ROWS).clamp(2, BANDS);
            let mut bounds: Vec<f64> = (1..bands).filter_map(|band| sorted.get(band * sorted.len() / bands).copied()).collect();
            bounds.dedup();
            let band = |number: &f64| if number.is_nan() { BANDS } else { bounds.partition_point(|bound| bound <= number) };
            numbers.iter().map(band).collect()
        }
    }
}

/// The mean label of the rows of other folds in the same band, drawn towards that of all of them by one row's worth.
fn from_others(bands: &[usize], labels: &[f64], folds: &[Split]) -> Vec<f64> {
    let mut scores = vec![f64::NAN; bands.len()];
    let most = bands.iter().max().map_or(0, |most| most + 1);
    for fold in folds {
        let mut sums = vec![(0.0, 0.0); most];
        let (mut sum, mut count) = (0.0, 0.0);
        for &row in fold.train.iter().filter(|&&row| !labels[row].is_nan()) {
            let band = &mut sums[bands[row]];
            *band = (band.0 + labels[row], band.1 + 1.0);
            (sum, count) = (sum + labels[row], count + 1.0);
        }
        for &row in &fold.test {
            let (in_band, rows) = sums[bands[row]];
            scores[row] = (in_band + sum / count) / (rows + 1.0);
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn of(test: &[&[usize]], rows: usize) -> Vec<Split> {
        let fold = |test: &&[usize]| Split {
            train: (0..rows).filter(|row| !test.contains(row)).collect(),
            validation: Vec::new(),
            test: test.to_vec(),
        };
        test.iter().map(fold).collect()
    }

    #[test]
    fn a_band_is_judged_by_the_rows_of_other_folds() {
        let labels = [1.0, 1.0, 0.0, 0.0];
        // Row 0 by row 2 of its band and the mean of rows 2 and 3: (0 + 0) / 2; row 1, alone in its band, by that mean: 0 / 1. Rows 2 and 3 likewise.
        assert_eq!(from_others(&[0, 1, 0, 2], &labels, &of(&[&[0, 1], &[2, 3]], 4)), [0.0, 0.0, 1.0, 1.0]);
        let numbers: Vec<f64> = (0..90).map(f64::from).chain([f64::NAN]).collect();
        let found = bands(&Values::Numeric(numbers));
        assert_eq!((found[0], found[29], found[30], found[89], found[90]), (0, 0, 1, 2, BANDS));
        assert_eq!(bands(&Values::Numeric(vec![0.0, 1.0, 0.0, 1.0])), [0, 1, 0, 1]);
    }
}
