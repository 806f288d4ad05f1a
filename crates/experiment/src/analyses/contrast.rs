//! Whether two methods differ by more than the runs' own spread: paired tests, corrected for how many there are.
//!
//! ```text
//! d_r    = value of one - value of the other in run r (same seed and fold, hence the same rows)      r = 1 .. n
//! t      = mean(d) / sqrt((1/n + test/train) s^2)        s^2: variance of d with n - 1;  n - 1 degrees of freedom
//! p      = P(|T| >= |t|)         interval: mean(d) +- t_quantile sqrt((1/n + test/train) s^2)
//! Holm   : of m p-values, ascending, the k-th becomes max over j <= k of min(1, (m - j + 1) p_j)
//! ```
//!
//! Runs over seeds train on overlapping rows, so their differences are not independent and the plain paired t-test finds too much; the
//! added test/train (rows tested over rows trained, before gate 1 copied or left out any; the largest of the runs) corrects the variance
//! for it. With one fixed split
//! (`kind = "given"`) the runs differ by the training's randomness alone, and so does what the test speaks of.
//! All pairs of methods of one metric are one family for Holm's correction. Methods of different samples are tested on different rows, so they
//! are not paired.
//!
//! Sources: Nadeau and Bengio, "Inference for the generalization error", Machine Learning 52, 2003 (corrected resampled t-test);
//! Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979.

use evenhand_metrics::significance::holm;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::lookup;
use crate::report::{Column, Contrast, MethodReport, RunReport};

/// Coverage of the intervals of differences.
const LEVEL: f64 = 0.95;

/// Every pair of methods in every column, in the order of the columns, then of the methods; pairs with fewer than two common runs and pairs
/// of different samples are left out.
pub fn contrasts(methods: &[MethodReport], columns: &[Column]) -> Vec<Contrast> {
    let mut all = Vec::new();
    for column in columns {
        let mut family: Vec<Contrast> = Vec::new();
        for (position, other) in methods.iter().enumerate() {
            let twins = methods[position + 1..].iter().filter(|one| one.sample == other.sample);
            family.extend(twins.filter_map(|one| contrast(one, other, column)));
        }
        let adjusted = holm(&family.iter().map(|one| one.p_value).collect::<Vec<_>>());
        family.iter_mut().zip(adjusted).for_each(|(one, p)| one.adjusted_p_value = p);
        all.extend(family);
    }
    all
}

fn contrast(one: &MethodReport, other: &MethodReport, column: &Column) -> Option<Contrast> {
    let value = |run: &RunReport| lookup::finding(run, &column.metric, column.attribute.as_deref())?.estimate.number();
    let mut differences = Vec::new();
    let mut overlap = 0.0_f64;
    for run in &one.runs {
        let Some(twin) = other.runs.iter().find(|twin| (twin.seed, twin.fold) == (run.seed, run.fold)) else { continue };
        if let (Some(here), Some(there)) = (value(run), value(twin)) {
            differences.push(here - there);
            for run in [run, twin] {
                let trained = run.sizes.train_before.unwrap_or(run.sizes.train);
                overlap = overlap.max(run.sizes.test as f64 / (trained as f64).max(1.0));
            }
        }
    }
    if differences.len() < 2 {
        return None;
    }
    let tested = paired(&differences, overlap);
    Some(Contrast {
        metric: column.metric.clone(),
        attribute: column.attribute.clone(),
        one: one.name.clone(),
        other: other.name.clone(),
        n: differences.len(),
        difference: tested.difference,
        interval: tested.interval,
        p_value: tested.p_value,
        adjusted_p_value: None,
    })
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Tested {
    difference: f64,
    interval: Option<[f64; 2]>,
    p_value: Option<f64>,
}

/// The corrected resampled t-test of paired differences (at least two).
fn paired(differences: &[f64], overlap: f64) -> Tested {
    let n = differences.len() as f64;
    let difference = differences.iter().sum::<f64>() / n;
    let variance = differences.iter().map(|one| (one - difference).powi(2)).sum::<f64>() / (n - 1.0);
    let error = ((1.0 / n + overlap) * variance).sqrt();
    // Differences that are equal but for rounding have no spread to measure anything by.
    if error <= 1e-12 * difference.abs().max(1e-3) {
        let p_value = (difference.abs() < 1e-15).then_some(1.0);
        return Tested { difference, interval: None, p_value };
    }
    let Ok(distribution) = StudentsT::new(0.0, 1.0, n - 1.0) else { return Tested { difference, interval: None, p_value: None } };
    let reach = distribution.inverse_cdf(f64::midpoint(1.0, LEVEL)) * error;
    Tested {
        difference,
        interval: Some([difference - reach, difference + reach]),
        p_value: Some((2.0 * distribution.sf((difference / error).abs())).min(1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::{holm, paired};

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} instead of {expected}");
    }

    /// Expected values: scipy 1.17.1, `ttest_rel` and `t.ppf`, the corrected ones with its `t.sf` at the t of the module's formula
    /// (`reference/contrasts.py`).
    #[test]
    fn paired_differences_agree_with_scipy() {
        let expected: serde_json::Value = serde_json::from_str(include_str!("../../../../reference/contrasts.json")).unwrap();
        for case in expected["cases"].as_array().unwrap() {
            let differences: Vec<f64> = case["differences"].as_array().unwrap().iter().map(|one| one.as_f64().unwrap()).collect();
            let tested = paired(&differences, case["overlap"].as_f64().unwrap());
            near(tested.difference, case["difference"].as_f64().unwrap());
            near(tested.p_value.unwrap(), case["p_value"].as_f64().unwrap());
            let interval = tested.interval.unwrap();
            near(interval[0], case["interval"][0].as_f64().unwrap());
            near(interval[1], case["interval"][1].as_f64().unwrap());
        }
        for case in expected["holm"].as_array().unwrap() {
            let numbers = |key: &str| case[key].as_array().unwrap().iter().map(|one| one.as_f64().unwrap()).collect::<Vec<_>>();
            let found = holm(&numbers("p_values").into_iter().map(Some).collect::<Vec<_>>());
            for (found, expected) in found.into_iter().zip(numbers("adjusted")) {
                near(found.unwrap(), expected);
            }
        }
    }

    #[test]
    fn equal_differences_have_no_spread() {
        assert_eq!(paired(&[0.0, 0.0, 0.0], 0.25).p_value, Some(1.0));
        let same = paired(&[0.1, 0.1, 0.1], 0.25);
        assert_eq!((same.p_value, same.interval), (None, None));
        assert_eq!(holm(&[None, Some(0.02), None]), [None, Some(0.02), None]);
    }
}
