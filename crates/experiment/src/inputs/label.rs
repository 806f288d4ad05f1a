//! Inputs that are nearly the label, cut from it, or known only once it is.

use evenhand_rows::screening::after_decision;
use evenhand_rows::split::Split;
use evenhand_rows::{Dataset, Feature, LabelKind, MISSING, Values};

use super::{FEWEST, Suspicion, bands, enough, folds, from_others, measured, scaled};
use crate::ExperimentError;

/// From here on an input is nearly the label: |Pearson|, |Spearman|, or ROC AUC of a label of 0 and 1 in either direction.
const NEARLY: f64 = 0.95;
/// Values beyond which an input is not looked at as bands of the label.
const MOST_CUTS: usize = 20;

/// Inputs that are nearly the label, and those that by their name or their values are known only after the decision.
pub fn suspicious(data: &Dataset) -> Result<Vec<Suspicion>, ExperimentError> {
    let looked = thinned(data.len(), 2 * enough(data));
    let thin = if looked.len() < data.len() { &data.select(&looked) } else { data };
    let folds = folds(thin, None);
    let mut found = Vec::new();
    for feature in &thin.features {
        let near = if folds.is_empty() { None } else { nearly_label(thin, feature, &folds)? };
        let values: &[String] = if let Values::Categorical { levels, .. } = &feature.values { levels } else { &[] };
        let late = || after_decision(&feature.name, values.iter().map(String::as_str));
        if let Some(reason) = near.or_else(late) {
            found.push(Suspicion { column: feature.name.clone(), reason });
        }
    }
    Ok(found)
}

/// At most so many rows, evenly over all.
fn thinned(rows: usize, most: usize) -> Vec<usize> {
    let step = rows.div_ceil(most).max(1);
    (0..rows).step_by(step).collect()
}

/// Says that an input is nearly the label, and by which number.
fn nearly_label(data: &Dataset, feature: &Feature, folds: &[Split]) -> Result<Option<String>, ExperimentError> {
    let Some(label) = &data.label else { return Ok(None) };
    if let Some(reason) = filled_by_label(feature, &label.name, &label.values)? {
        return Ok(Some(reason));
    }
    if let Some(cuts) = cuts_label(feature, &label.values) {
        return Ok(Some(format!("it is the label `{}` cut into {cuts} bands", label.name)));
    }
    let values = match &feature.values {
        Values::Numeric(numbers) => numbers.clone(),
        // Categories by the mean of the label within them, over rows of other folds.
        Values::Categorical { .. } => from_others(&bands(&feature.values), &label.values, folds),
    };
    let rows: Vec<usize> = (0..values.len()).filter(|&row| !values[row].is_nan() && !label.values[row].is_nan()).collect();
    if rows.len() < FEWEST {
        return Ok(None);
    }
    let scores = scaled(rows.iter().map(|&row| values[row]).collect());
    let labels: Vec<f64> = rows.iter().map(|&row| label.values[row]).collect();
    let metrics: &[&str] = if label.kind == LabelKind::Binary { &["roc-auc"] } else { &["pcc", "srcc"] };
    for metric in metrics {
        let Some(number) = measured(metric, &scores, &labels)? else { continue };
        let (name, size) = match *metric {
            "roc-auc" => ("ROC AUC", number.max(1.0 - number)),
            "pcc" => ("Pearson", number.abs()),
            _ => ("Spearman", number.abs()),
        };
        if size >= NEARLY {
            return Ok(Some(format!(
                "it is nearly the label `{}` ({name} {size:.3} on {} rows, told from {NEARLY} on)",
                label.name,
                rows.len()
            )));
        }
    }
    Ok(None)
}

/// Says that an input is filled in for high labels only, or for low ones: what is entered once somebody was taken.
fn filled_by_label(feature: &Feature, name: &str, labels: &[f64]) -> Result<Option<String>, ExperimentError> {
    let filled: Vec<f64> = match &feature.values {
        Values::Numeric(numbers) => numbers.iter().map(|number| f64::from(u8::from(!number.is_nan()))).collect(),
        Values::Categorical { codes, .. } => codes.iter().map(|code| f64::from(u8::from(*code != MISSING))).collect(),
    };
    let rows: Vec<usize> = (0..labels.len()).filter(|&row| !labels[row].is_nan()).collect();
    let filled: Vec<f64> = rows.iter().map(|&row| filled[row]).collect();
    let labels: Vec<f64> = rows.iter().map(|&row| labels[row]).collect();
    let known = filled.iter().filter(|filled| **filled > 0.5).count();
    if known < FEWEST || filled.len() - known < FEWEST {
        return Ok(None);
    }
    let Some(auc) = measured("roc-auc", &labels, &filled)? else { return Ok(None) };
    let side = if auc >= NEARLY {
        "high"
    } else if auc <= 1.0 - NEARLY {
        "low"
    } else {
        return Ok(None);
    };
    Ok(Some(format!(
        "it is filled in for {side} labels `{name}` alone ({known} of {} rows, ROC AUC {:.3}), as what is entered after a decision is",
        filled.len(),
        auc.max(1.0 - auc)
    )))
}

/// Into how many bands an input of few values cuts the label, if it does: in the order of the labels its values come one after the other.
fn cuts_label(feature: &Feature, labels: &[f64]) -> Option<usize> {
    let values = ranks(&feature.values)?;
    let mut rows: Vec<(f64, usize)> = labels.iter().copied().zip(values).filter(|(label, _)| !label.is_nan()).collect();
    rows.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    let count = |value: usize| rows.iter().filter(|row| row.1 == value).count();
    let values = (0..=MOST_CUTS).filter(|&value| count(value) >= FEWEST).count();
    let different = 1 + rows.windows(2).filter(|pair| pair[0].0 < pair[1].0).count();
    // Of few labels, or of a value that hardly occurs, chance makes as many changes.
    if values < 2 || (0..=MOST_CUTS).any(|value| (1..FEWEST).contains(&count(value))) || different < 3 * values {
        return None;
    }
    let changes = rows.windows(2).filter(|pair| pair[0].1 != pair[1].1).count();
    (changes < values).then_some(values)
}

/// The values of an input as numbers from 0 in their order, missing ones behind the last; `None` where more than [`MOST_CUTS`] differ.
fn ranks(values: &Values) -> Option<Vec<usize>> {
    match values {
        Values::Categorical { levels, codes } => {
            (levels.len() <= MOST_CUTS).then(|| codes.iter().map(|&code| (code as usize).min(levels.len())).collect())
        }
        Values::Numeric(numbers) => {
            let mut different: Vec<f64> = Vec::new();
            for number in numbers.iter().filter(|number| !number.is_nan()) {
                if let Err(at) = different.binary_search_by(|known| known.total_cmp(number)) {
                    different.insert(at, *number);
                }
                if different.len() > MOST_CUTS {
                    return None;
                }
            }
            let rank = |number: &f64| if number.is_nan() { different.len() } else { different.partition_point(|known| known < number) };
            Some(numbers.iter().map(rank).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_of_the_label_are_told_and_predictors_are_not() {
        let labels: Vec<f64> = (0..200).map(|row| f64::from(row % 100) / 100.0).collect();
        let numeric = |value: &dyn Fn(usize) -> f64| Feature {
            name: "x".to_owned(),
            values: Values::Numeric((0..200).map(value).collect()),
            sensitive: false,
        };
        assert_eq!(cuts_label(&numeric(&|row| f64::from(u8::from(row % 100 >= 30))), &labels), Some(2));
        assert_eq!(cuts_label(&numeric(&|row| [f64::NAN, 3.0, 1.0][row % 100 / 34]), &labels), Some(3));
        // One row on the wrong side: a good predictor.
        assert_eq!(cuts_label(&numeric(&|row| f64::from(u8::from(row % 100 >= 30 || row == 3))), &labels), None);
        assert_eq!(cuts_label(&numeric(&|row| (row % 2) as f64), &labels), None);
        assert_eq!(cuts_label(&numeric(&|row| f64::from(u8::from(row == 99))), &labels), None, "one row is chance");
    }
}
