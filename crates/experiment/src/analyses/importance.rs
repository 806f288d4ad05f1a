//! What a scorer rests on: each input is shuffled among the rows, and the loss of performance says how much it was used.
//!
//! ```text
//! importance of j   = mean over repeats of  P(s(x)) - P(s(x with column j shuffled))       P: the performance metric, higher is better
//! change of the gap = mean over repeats of  G(s(x with column j shuffled)) - G(s(x))       G: the gap of the first attribute
//! association       = how much the input tells of the attribute, in [0, 1], on all rows; 0 where no more than chance would
//!   a category with the groups, r x c cells, n rows: Cramer's V without its bias
//!     phi2 = max(0, chi2 / n - (r - 1)(c - 1) / (n - 1))      r' = r - (r - 1)^2 / (n - 1),  c' alike      V = sqrt(phi2 / min(r' - 1, c' - 1))
//!   a number, k groups: the correlation ratio without its bias
//!     epsilon2 = max(0, 1 - (within / (n - k)) / (total / (n - 1)))      within, total: sums of squares about the means      sqrt(epsilon2)
//! ```
//!
//! Without the corrections a column of many categories, or few rows, would look like a proxy of anything: 60 random categories on 60 rows have
//! a plain V of about 0.85. Where every row is a category of its own there is nothing to measure, and the association is undefined. Sources:
//! Bergsma, "A bias-correction for Cramer's V and Tschuprow's T", Journal of the Korean Statistical Society 42, 2013; Kelley on
//! the correlation ratio, PNAS 21, 1935.
//!
//! A gap that falls when an input is shuffled came through that input. Inputs that are strongly associated with the attribute
//! (at least [`PROXY`](crate::report::PROXY)) can stand in for it and are marked as proxies. Inputs that repeat each other share their importance: shuffling one
//! leaves the other (Breiman, "Random forests", 2001; Fisher et al., "All models are wrong, but many are useful", 2019).

use std::ops::Range;

use evenhand_learn::{Candidates, Prediction, Scorer};
use evenhand_metrics::Estimate;
use evenhand_rows::{Dataset, Feature, Groups, MISSING, Matrix, UNKNOWN, Values};
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use crate::ExperimentError;
use crate::evidence::{mean, spread};
use crate::report::{Importance, Importances};

/// Shuffles every input `repeats` times. `judge` gives performance and gap of a prediction; `inputs` are names and encoded columns.
pub(crate) fn importances(
    scorer: &Scorer,
    features: &Matrix,
    test: &Dataset,
    inputs: &[(String, Range<usize>)],
    repeats: usize,
    rng: &mut ChaCha8Rng,
    judge: impl Fn(&Prediction) -> Result<(Estimate, Option<f64>), ExperimentError>,
) -> Result<Vec<Importance>, ExperimentError> {
    let predict = |matrix: &Matrix| -> Result<(Estimate, Option<f64>), ExperimentError> {
        judge(&scorer.predict(Candidates { features: matrix, recordings: test.recordings.as_ref() })?)
    };
    let (performance, gap) = predict(features)?;
    let mut found = Vec::new();
    for (name, columns) in inputs {
        let (mut losses, mut changes) = (Vec::new(), Vec::new());
        let mut reason = performance.reason().map(str::to_owned);
        for _ in 0..repeats {
            let Some(whole) = performance.number() else { break };
            let mut order: Vec<usize> = (0..features.rows()).collect();
            order.shuffle(rng);
            let mut values = features.values().to_vec();
            for (row, &from) in values.chunks_exact_mut(features.columns()).zip(&order) {
                row[columns.clone()].copy_from_slice(&features.row(from)[columns.clone()]);
            }
            let (shuffled, shuffled_gap) = predict(&Matrix::new(features.columns(), values))?;
            losses.extend(shuffled.number().map(|shuffled| whole - shuffled));
            reason = reason.or_else(|| shuffled.reason().map(|reason| format!("after each shuffle {reason}")));
            changes.extend(shuffled_gap.zip(gap).map(|(shuffled, gap)| shuffled - gap));
        }
        let feature = test.features.iter().find(|feature| feature.name == *name);
        found.push(Importance {
            input: name.clone(),
            importance: mean(losses.iter().copied())
                .map_or_else(|| Estimate::undefined(reason.unwrap_or_else(|| "it was never shuffled".to_owned())), Estimate::value),
            std: spread(&losses),
            gap_change: mean(changes.iter().copied()),
            association: None,
            sensitive: feature.is_some_and(|feature| feature.sensitive),
        });
    }
    let size = |one: &Importance| one.importance.number().unwrap_or(f64::NEG_INFINITY);
    found.sort_by(|one, other| size(other).total_cmp(&size(one)).then_with(|| one.input.cmp(&other.input)));
    Ok(found)
}

/// Says how much each input tells of the attribute, on all rows of the data: no scorer takes part, so it is not kept with the runs.
pub(crate) fn associate(found: &mut Importances, data: &Dataset) -> Result<(), ExperimentError> {
    let groups = data.groups(&found.attribute)?;
    for one in &mut found.inputs {
        let feature = data.features.iter().find(|feature| feature.name == one.input);
        one.association = feature.and_then(|feature| association(feature, groups));
    }
    Ok(())
}

/// How much an input tells of the groups beyond chance: of a category Cramer's V, of a number the correlation ratio, both without their
/// bias. Rows of unknown group or without a number are left out; a missing category is a category.
fn association(feature: &Feature, groups: &Groups) -> Option<f64> {
    match &feature.values {
        Values::Numeric(numbers) => {
            let rows: Vec<(u32, f64)> = groups
                .codes()
                .iter()
                .zip(numbers)
                .filter(|(code, number)| **code != UNKNOWN && !number.is_nan())
                .map(|(&code, &number)| (code, number))
                .collect();
            correlation_ratio(&rows, groups.levels().len())
        }
        Values::Categorical { levels, codes } => {
            let width = levels.len() + 1;
            let mut cells = vec![0.0_f64; groups.levels().len() * width];
            for (&group, &code) in groups.codes().iter().zip(codes).filter(|(group, _)| **group != UNKNOWN) {
                let column = if code == MISSING { levels.len() } else { code as usize };
                cells[group as usize * width + column] += 1.0;
            }
            cramers_v(&cells, width)
        }
    }
}

/// Square root of epsilon squared of numbers in groups; `None` with one group, equal numbers, or no two rows of a group.
fn correlation_ratio(rows: &[(u32, f64)], levels: usize) -> Option<f64> {
    let n = rows.len() as f64;
    let mut sums = vec![(0.0_f64, 0.0_f64); levels];
    for (code, number) in rows {
        sums[*code as usize].0 += 1.0;
        sums[*code as usize].1 += number;
    }
    let occupied = sums.iter().filter(|(count, _)| *count > 0.0).count();
    let whole = rows.iter().map(|(_, number)| number).sum::<f64>() / n;
    let total: f64 = rows.iter().map(|(_, number)| (number - whole).powi(2)).sum();
    let within: f64 = rows
        .iter()
        .map(|(code, number)| {
            let (count, sum) = sums[*code as usize];
            (number - sum / count).powi(2)
        })
        .sum();
    let inner = n - occupied as f64;
    (occupied > 1 && inner > 0.0 && total > 0.0).then(|| (1.0 - (within / inner) / (total / (n - 1.0))).max(0.0).sqrt())
}

/// Cramer's V without its bias of a table of counts, row by row; `None` with one occupied row or column, or a column a row.
fn cramers_v(cells: &[f64], width: usize) -> Option<f64> {
    let row_sums: Vec<f64> = cells.chunks_exact(width).map(|row| row.iter().sum()).collect();
    let column_sums: Vec<f64> = (0..width).map(|column| cells.iter().skip(column).step_by(width).sum()).collect();
    let n: f64 = row_sums.iter().sum();
    let occupied = |sums: &[f64]| sums.iter().filter(|sum| **sum > 0.0).count() as f64;
    let (rows, columns) = (occupied(&row_sums), occupied(&column_sums));
    let mut squares = 0.0;
    for (row, row_sum) in row_sums.iter().enumerate() {
        for (column, column_sum) in column_sums.iter().enumerate().filter(|(_, sum)| **sum > 0.0 && *row_sum > 0.0) {
            let expected = row_sum * column_sum / n;
            squares += (cells[row * width + column] - expected).powi(2) / expected;
        }
    }
    let freedom = (rows - 1.0) * (columns - 1.0);
    let corrected = |count: f64| count - (count - 1.0).powi(2) / (n - 1.0) - 1.0;
    let least = corrected(rows).min(corrected(columns));
    // As many categories as rows leave no room but for rounding.
    (freedom > 0.0 && least > 1e-9).then(|| ((squares / n - freedom / (n - 1.0)).max(0.0) / least).sqrt().min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::PROXY;

    fn groups(codes: &[u32]) -> Groups {
        Groups::new("g", vec!["a".into(), "b".into()], codes.to_vec())
    }

    fn feature(values: Values) -> Feature {
        Feature { name: "x".to_owned(), values, sensitive: false }
    }

    fn near(found: Option<f64>, expected: f64) {
        assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?}, not {expected}");
    }

    fn numbers(case: &serde_json::Value) -> Vec<f64> {
        case.as_array().unwrap().iter().map(|one| one.as_f64().unwrap()).collect()
    }

    fn category(codes: &[u32]) -> Feature {
        let levels = (0..=codes.iter().copied().max().unwrap()).map(|code| code.to_string()).collect();
        feature(Values::Categorical { levels, codes: codes.to_vec() })
    }

    #[test]
    fn associations_by_hand() {
        // n = 4: phi2 = 1 - 1/3, r' - 1 = c' - 1 = 1 - 1/3.
        near(association(&category(&[0, 0, 1, 1]), &groups(&[0, 0, 1, 1])), 1.0);
        near(association(&category(&[0, 1, 0, 1]), &groups(&[0, 0, 1, 1])), 0.0);
        // Cells 4, 2 / 2, 4: phi2 = 1/9 - 1/11, r' - 1 = c' - 1 = 10/11.
        let codes = [0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1];
        near(association(&category(&codes), &groups(&[0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1])), (2.0_f64 / 99.0 * 1.1).sqrt());
        // Rows of unknown group are left out; so many categories as rows say nothing.
        near(association(&category(&[0, 0, 1, 1, 1]), &groups(&[0, 0, 1, 1, UNKNOWN])), 1.0);
        assert_eq!(association(&category(&[0, 0, 0, 0]), &groups(&[0, 0, 1, 1])), None);
        assert_eq!(association(&category(&[0, 1, 2, 3]), &groups(&[0, 0, 1, 1])), None);
        // Means 1 and 3, whole 2: within 4 on 2 degrees, total 8 on 3: 1 - 2 / (8/3) = 1/4.
        near(association(&feature(Values::Numeric(vec![0.0, 2.0, 2.0, 4.0])), &groups(&[0, 0, 1, 1])), 0.5);
        near(association(&feature(Values::Numeric(vec![0.0, 2.0, 2.0, 4.0, f64::NAN])), &groups(&[0, 0, 1, 1, 1])), 0.5);
        assert_eq!(association(&feature(Values::Numeric(vec![1.0, 1.0, 1.0])), &groups(&[0, 1, 1])), None);
        assert_eq!(association(&feature(Values::Numeric(vec![1.0, 2.0])), &groups(&[0, 1])), None);
    }

    /// Expected values: scipy 1.17.1 (`reference/associations.py`).
    #[test]
    fn associations_agree_with_scipy_and_random_columns_are_no_proxies() {
        let expected: serde_json::Value = serde_json::from_str(include_str!("../../../../reference/associations.json")).unwrap();
        let codes = |case: &serde_json::Value| -> Vec<u32> { numbers(case).into_iter().map(|one| one as u32).collect() };
        let known = |case: &serde_json::Value| {
            let codes = codes(&case["groups"]);
            Groups::new("g", vec!["a".into(), "b".into(), "c".into()], codes)
        };
        for case in expected["categories"].as_array().unwrap() {
            near(association(&category(&codes(&case["codes"])), &known(case)), case["association"].as_f64().unwrap());
        }
        for case in expected["numbers"].as_array().unwrap() {
            near(association(&feature(Values::Numeric(numbers(&case["numbers"]))), &known(case)), case["association"].as_f64().unwrap());
        }
        // Sixty random categories on sixty rows: far from a proxy, where the plain V says otherwise.
        let first = &expected["categories"][0];
        assert!(first["plain"].as_f64().unwrap() > 0.8);
        assert!(first["association"].as_f64().unwrap() < PROXY);
        // On average over columns that have nothing to do with the groups it stays small.
        let mut rng = <ChaCha8Rng as rand::SeedableRng>::seed_from_u64(3);
        let mut draw = |most: u32| -> Vec<u32> { (0..60).map(|_| rand::RngExt::random_range(&mut rng, 0..most)).collect() };
        let found: Vec<f64> = (0..200).filter_map(|_| association(&category(&draw(60)), &groups(&draw(2)))).collect();
        assert!(found.len() > 190 && mean(found.iter().copied()).unwrap() < 0.2, "{:?}", mean(found.iter().copied()));
        let found: Vec<f64> = (0..200)
            .filter_map(|_| {
                let numbers = draw(1000).into_iter().map(f64::from).collect();
                association(&feature(Values::Numeric(numbers)), &groups(&draw(2)))
            })
            .collect();
        assert!(found.len() == 200 && mean(found.iter().copied()).unwrap() < 0.1, "{:?}", mean(found.iter().copied()));
    }

    #[test]
    fn an_importance_is_a_plain_number_in_json_or_a_reason() {
        let one = |importance: Estimate| Importance {
            input: "x".to_owned(),
            importance,
            std: None,
            gap_change: None,
            association: None,
            sensitive: false,
        };
        let written = |importance: Estimate| serde_json::to_string(&one(importance)).unwrap();
        let (number, reason) = (written(Estimate::value(0.25)), written(Estimate::undefined("one class")));
        assert_eq!(number, r#"{"input":"x","importance":0.25,"sensitive":false}"#);
        assert_eq!(reason, r#"{"input":"x","importance":{"undefined":"one class"},"sensitive":false}"#);
        for text in [number, reason] {
            assert_eq!(serde_json::to_string(&serde_json::from_str::<Importance>(&text).unwrap()).unwrap(), text);
        }
    }
}
