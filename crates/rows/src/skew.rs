//! The unfairness degree alpha of a training set: measured, and made on purpose to test a method.
//!
//! ```text
//! alpha_high = n(privileged, label >= tau) / n(unprivileged, label >= tau)
//! alpha_low  = n(unprivileged, label < tau) / n(privileged, label < tau)
//! alpha      = (alpha_high + alpha_low) / 2
//! ```
//!
//! n counts rows, tau is the threshold between low-scoring and high-scoring labels. Range (0, inf), fair value 1; undefined when the
//! denominator's cell is empty. Source: Kim et al. 2023, Eq. 23 (the conditional probabilities there have the same denominator, so
//! counts give the same ratio), section V.B, tables 1 to 3.
//!
//! A subset with a wanted alpha keeps both *full* cells (privileged-high and unprivileged-low) and draws from the two *cut* cells,
//! without replacement, as many rows as
//!
//! ```text
//! n'(unprivileged, high) = floor(n(privileged, high)  / alpha)
//! n'(privileged, low)    = floor(n(unprivileged, low) / alpha)
//! ```
//!
//! so that alpha_high and alpha_low are the wanted alpha up to the rounding of one row, also where the four original cells differ in
//! size. Rows of other groups and of unknown group are left out.
//!
//! Two things in the paper's tables, found by recomputing them:
//!
//! - Table 2 prints 263 rows for alpha = 3 of 800, which is not floor(800 / 3) = 266: it is the cell for which Eq. 23 gives
//!   800 / 263 = 3.0418. All other cells are floor(n / alpha). Ask for alpha = 3.0418, or for the counts with [`subset_by_count`].
//! - The column DP_data of table 1 is half of the demographic parity gap: 0.167 for cells 800/400, where the rates are 2/3 and 1/3. It
//!   is the distance of a group's rate from the rate of both groups together when these are of equal size, which they are there.

use rand::Rng;
use rand::seq::index::sample;

use crate::{Groups, RowsError};

/// How far a data set tilts towards the privileged group.
#[derive(Debug, Clone, PartialEq)]
pub struct Skew {
    /// Mean of both ratios (Eq. 23); `None` when one of them is undefined.
    pub alpha: Option<f64>,
    /// Privileged to unprivileged among the high-scoring; `None` without unprivileged there.
    pub alpha_high: Option<f64>,
    /// Unprivileged to privileged among the low-scoring; `None` without privileged there.
    pub alpha_low: Option<f64>,
    /// Rows: `[[privileged high, unprivileged high], [privileged low, unprivileged low]]`.
    pub cells: [[usize; 2]; 2],
    /// P(label >= tau | privileged) - P(label >= tau | unprivileged); `None` when a group is empty.
    pub demographic_parity_difference: Option<f64>,
    /// Half of its absolute value, as table 1 of the paper prints it.
    pub dp_data: Option<f64>,
    /// 1-Wasserstein distance of the groups' labels (strong demographic parity disparity of the labels); `None` when a group is empty.
    pub spdd_data: Option<f64>,
}

/// Measures the tilt of labels between two groups.
pub fn measure(labels: &[f64], groups: &Groups, privileged: &str, unprivileged: &str, threshold: f64) -> Result<Skew, RowsError> {
    let cells = Cells::find(labels, groups, privileged, unprivileged, threshold)?;
    let counts = cells.counts();
    let [[privileged_high, unprivileged_high], [privileged_low, unprivileged_low]] = counts;
    let ratio = |above: usize, below: usize| (below > 0).then(|| above as f64 / below as f64);
    let alpha_high = ratio(privileged_high, unprivileged_high);
    let alpha_low = ratio(unprivileged_low, privileged_low);
    let rates =
        ratio(privileged_high, privileged_high + privileged_low).zip(ratio(unprivileged_high, unprivileged_high + unprivileged_low));
    let difference = rates.map(|(privileged, unprivileged)| privileged - unprivileged);
    let of = |rows: [&Vec<usize>; 2]| -> Vec<f64> { rows.into_iter().flatten().map(|&row| labels[row]).collect() };
    Ok(Skew {
        alpha: alpha_high.zip(alpha_low).map(|(high, low)| f64::midpoint(high, low)),
        alpha_high,
        alpha_low,
        cells: counts,
        demographic_parity_difference: difference,
        dp_data: difference.map(|difference| difference.abs() / 2.0),
        spdd_data: distance(of([&cells.privileged_high, &cells.privileged_low]), of([&cells.unprivileged_high, &cells.unprivileged_low])),
    })
}

/// Rows (ascending indices) of a subset whose alpha is the wanted one, up to the rounding of one row.
pub fn subset(
    labels: &[f64],
    groups: &Groups,
    privileged: &str,
    unprivileged: &str,
    threshold: f64,
    alpha: f64,
    rng: &mut dyn Rng,
) -> Result<Vec<usize>, RowsError> {
    if !(alpha > 0.0 && alpha.is_finite()) {
        return Err(bad(format!("alpha = {alpha} is not possible; it must be above 0")));
    }
    let cells = Cells::find(labels, groups, privileged, unprivileged, threshold)?;
    let [[full_high, there_high], [there_low, full_low]] = cells.counts();
    let keep_high = (full_high as f64 / alpha).floor() as usize;
    let keep_low = (full_low as f64 / alpha).floor() as usize;
    if keep_high == 0 || keep_low == 0 || keep_high > there_high || keep_low > there_low {
        let smallest = if there_high > 0 && there_low > 0 {
            (full_high as f64 / there_high as f64).max(full_low as f64 / there_low as f64)
        } else {
            f64::INFINITY
        };
        let largest = full_high.min(full_low) as f64;
        let reach = if smallest <= largest {
            format!("alpha can be {smallest:.4} to {largest:.0} here")
        } else {
            "no alpha can be made here".to_owned()
        };
        return Err(bad(format!(
            "alpha = {alpha} keeps {keep_high} of {there_high} rows of `{unprivileged}` at or above {threshold} (there are {full_high} of \
             `{privileged}`) and {keep_low} of {there_low} rows of `{privileged}` below it (there are {full_low} of `{unprivileged}`); \
             {reach}: change alpha or the threshold, or swap the groups"
        )));
    }
    Ok(cells.cut([keep_high, keep_low], rng))
}

/// The same with the sizes of the cut cells given: `[unprivileged high, privileged low]`.
pub fn subset_by_count(
    labels: &[f64],
    groups: &Groups,
    privileged: &str,
    unprivileged: &str,
    threshold: f64,
    keep: [usize; 2],
    rng: &mut dyn Rng,
) -> Result<Vec<usize>, RowsError> {
    let cells = Cells::find(labels, groups, privileged, unprivileged, threshold)?;
    let [[_, there_high], [there_low, _]] = cells.counts();
    if keep[0] > there_high || keep[1] > there_low {
        return Err(bad(format!(
            "{} rows of `{unprivileged}` at or above {threshold} and {} of `{privileged}` below it were asked for; there are {there_high} \
             and {there_low}",
            keep[0], keep[1]
        )));
    }
    Ok(cells.cut(keep, rng))
}

fn bad(reason: String) -> RowsError {
    RowsError::BadSkew { reason }
}

/// Rows of the four cells, ascending.
#[derive(Debug, Default)]
struct Cells {
    privileged_high: Vec<usize>,
    unprivileged_high: Vec<usize>,
    privileged_low: Vec<usize>,
    unprivileged_low: Vec<usize>,
}

impl Cells {
    fn find(labels: &[f64], groups: &Groups, privileged: &str, unprivileged: &str, threshold: f64) -> Result<Self, RowsError> {
        if labels.len() != groups.len() {
            return Err(bad(format!("there are {} labels and {} groups; they must be of the same rows", labels.len(), groups.len())));
        }
        if !threshold.is_finite() {
            return Err(bad(format!("the threshold {threshold} is not a number")));
        }
        let code = |group: &str| groups.code(group).ok_or_else(|| RowsError::unknown_group(groups.name(), group, groups.levels()));
        let (privileged_code, unprivileged_code) = (code(privileged)?, code(unprivileged)?);
        if privileged_code == unprivileged_code {
            return Err(bad(format!("`{privileged}` cannot be both privileged and unprivileged; name two groups")));
        }
        let mut cells = Cells::default();
        // Where nothing was decided a label is NaN, neither high nor low.
        for (row, (&label, &group)) in labels.iter().zip(groups.codes()).enumerate().filter(|(_, (label, _))| !label.is_nan()) {
            let high = label >= threshold;
            let cell = if group == privileged_code {
                if high { &mut cells.privileged_high } else { &mut cells.privileged_low }
            } else if group == unprivileged_code {
                if high { &mut cells.unprivileged_high } else { &mut cells.unprivileged_low }
            } else {
                continue;
            };
            cell.push(row);
        }
        Ok(cells)
    }

    fn counts(&self) -> [[usize; 2]; 2] {
        [[self.privileged_high.len(), self.unprivileged_high.len()], [self.privileged_low.len(), self.unprivileged_low.len()]]
    }

    fn cut(&self, keep: [usize; 2], rng: &mut dyn Rng) -> Vec<usize> {
        let mut rows = [self.privileged_high.as_slice(), self.unprivileged_low.as_slice()].concat();
        for (cell, keep) in [(&self.unprivileged_high, keep[0]), (&self.privileged_low, keep[1])] {
            rows.extend(sample(rng, cell.len(), keep).iter().map(|position| cell[position]));
        }
        rows.sort_unstable();
        rows
    }
}

/// 1-Wasserstein distance of two samples: the area between their distribution functions. `None` when one is empty.
fn distance(mut left: Vec<f64>, mut right: Vec<f64>) -> Option<f64> {
    if left.is_empty() || right.is_empty() {
        return None;
    }
    left.sort_unstable_by(f64::total_cmp);
    right.sort_unstable_by(f64::total_cmp);
    let (mut passed_left, mut passed_right) = (0, 0);
    let mut at = left[0].min(right[0]);
    let mut area = 0.0;
    while passed_left < left.len() || passed_right < right.len() {
        let next = match (left.get(passed_left), right.get(passed_right)) {
            (Some(&left), Some(&right)) => left.min(right),
            (Some(&only), None) | (None, Some(&only)) => only,
            (None, None) => break,
        };
        area += (next - at) * (passed_left as f64 / left.len() as f64 - passed_right as f64 / right.len() as f64).abs();
        at = next;
        while left.get(passed_left).is_some_and(|&value| value == at) {
            passed_left += 1;
        }
        while right.get(passed_right).is_some_and(|&value| value == at) {
            passed_right += 1;
        }
    }
    Some(area)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::generator;

    /// Labels and groups with the given cells `[[privileged high, unprivileged high], [privileged low, unprivileged low]]`.
    fn table(cells: [[usize; 2]; 2]) -> (Vec<f64>, Groups) {
        let mut labels = Vec::new();
        let mut texts = Vec::new();
        for (label, [privileged, unprivileged]) in [0.75, 0.25].into_iter().zip(cells) {
            labels.extend(vec![label; privileged + unprivileged]);
            texts.extend(vec![Some("f"); privileged]);
            texts.extend(vec![Some("m"); unprivileged]);
        }
        (labels, Groups::from_texts("gender", texts.into_iter()))
    }

    fn skewed(full: usize, alpha: f64) -> Skew {
        let (labels, groups) = table([[full, full], [full, full]]);
        let rows = subset(&labels, &groups, "f", "m", 0.5, alpha, &mut generator(7, 0)).unwrap();
        assert!(rows.is_sorted_by(|left, right| left < right));
        let labels: Vec<f64> = rows.iter().map(|&row| labels[row]).collect();
        measure(&labels, &groups.select(&rows), "f", "m", 0.5).unwrap()
    }

    #[test]
    fn tables_2_and_3_of_the_paper_are_reproduced() {
        for (full, alpha, cut) in
            [(800, 2.0, 400), (800, 3.0418, 263), (800, 4.0, 200), (1346, 2.0, 673), (1346, 3.0, 448), (1346, 4.0, 336)]
        {
            assert_eq!(skewed(full, alpha).cells, [[full, cut], [cut, full]], "{full} rows a cell, alpha {alpha}");
        }
        let exact = |alpha: f64| skewed(800, alpha).alpha.unwrap();
        assert_eq!(exact(4.0), 4.0);
        assert!((exact(3.0418) - 800.0 / 263.0).abs() < 1e-12);
    }

    #[test]
    fn dp_data_of_table_1_is_half_the_gap() {
        let printed = |full: usize, alpha: f64| format!("{:.3}", skewed(full, alpha).dp_data.unwrap());
        assert_eq!([2.0, 3.0418, 4.0].map(|alpha| printed(800, alpha)), ["0.167", "0.253", "0.300"]);
        assert_eq!([2.0, 3.0, 4.0].map(|alpha| printed(1346, alpha)), ["0.167", "0.250", "0.300"]);
    }

    #[test]
    fn unequal_cells_reach_the_wanted_alpha() {
        let (labels, groups) = table([[900, 500], [700, 1000]]);
        let rows = subset(&labels, &groups, "f", "m", 0.5, 2.0, &mut generator(1, 0)).unwrap();
        let labels_cut: Vec<f64> = rows.iter().map(|&row| labels[row]).collect();
        let skew = measure(&labels_cut, &groups.select(&rows), "f", "m", 0.5).unwrap();
        assert_eq!(skew.cells, [[900, 450], [500, 1000]]);
        assert_eq!(skew.alpha, Some(2.0));
        let message = subset(&labels, &groups, "f", "m", 0.5, 1.2, &mut generator(1, 0)).unwrap_err().to_string();
        assert!(message.contains("alpha can be 1.8000 to 900 here"), "{message}");
    }

    #[test]
    fn by_count_and_by_hand() {
        let (labels, groups) = table([[4, 4], [4, 4]]);
        let rows = subset_by_count(&labels, &groups, "f", "m", 0.5, [1, 2], &mut generator(1, 0)).unwrap();
        let labels: Vec<f64> = rows.iter().map(|&row| labels[row]).collect();
        let skew = measure(&labels, &groups.select(&rows), "f", "m", 0.5).unwrap();
        // f: 4 high, 2 low; m: 1 high, 4 low. Rates 2/3 and 1/5; the labels differ by 1/2 between bands.
        assert_eq!(skew.cells, [[4, 1], [2, 4]]);
        assert_eq!((skew.alpha_high, skew.alpha_low, skew.alpha), (Some(4.0), Some(2.0), Some(3.0)));
        assert!((skew.demographic_parity_difference.unwrap() - (2.0 / 3.0 - 0.2)).abs() < 1e-12);
        assert!((skew.spdd_data.unwrap() - 0.5 * (2.0 / 3.0 - 0.2)).abs() < 1e-12);
    }

    #[test]
    fn the_distance_of_samples_of_unequal_size() {
        assert!((distance(vec![0.2, 0.4, 0.9], vec![0.3]).unwrap() - 0.8 / 3.0).abs() < 1e-12);
        assert_eq!(distance(vec![], vec![0.3]), None);
    }

    #[test]
    fn an_empty_cell_leaves_alpha_undefined() {
        let (labels, groups) = table([[3, 0], [2, 2]]);
        let skew = measure(&labels, &groups, "f", "m", 0.5).unwrap();
        assert_eq!((skew.alpha_high, skew.alpha), (None, None));
        assert_eq!(skew.alpha_low, Some(1.0));
    }
}
