//! How well the inputs tell a group from all others.
//!
//! Judged on rows that nothing was learned from. Only rows of one fold are compared, as scores of different folds come from different fits:
//!
//! ```text
//! AUC = sum over folds of (pairs of one row in the group and one outside it, both tested in this fold, in which the first has the higher score;
//!       half a pair where the scores are equal)  /  number of such pairs          0.5: not at all, 1: always
//! ```
//!
//! The interval is the score interval of Newcombe (2006, Statistics in Medicine 25, 559-573, method 5), over the folds:
//!
//! ```text
//! (AUC - t)^2 = z^2 V(t),   V(t) = F t (1 - t) / (m n) * (1 + N (1 - t) / (2 - t) + N t / (1 + t)),   N = (m / F + n / F) / 2 - 1
//! m, n: persons in the group and outside it, rows where nobody names persons;  F: folds;  z = 1.96
//! ```
//!
//! With one fold it is his. It knows of the rows that were drawn and not of what other folds would have given.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use evenhand_learn::boosting::{Settings, fit_cross_entropy};
use evenhand_learn::sigmoid_of;
use evenhand_rows::split::Split;
use evenhand_rows::{Dataset, Encoder, Encoding, Groups, MISSING, Values, seed};
use rand::seq::SliceRandom as _;

use super::{FEWEST, bands, enough, folds, from_others, measured};
use crate::ExperimentError;

/// Groups of an attribute that are told, the largest first.
const MOST_GROUPS: usize = 8;
/// Inputs that are told for a group, the strongest first.
const MOST_INPUTS: usize = 3;
/// Categories of an input that the trees see apart, the largest first; the others are one.
const MOST_LEVELS: usize = 50;
/// The normal quantile of 95 % intervals.
const Z: f64 = 1.959_963_984_540_054;

/// How well the inputs tell a group from all others.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Attribute.
    pub attribute: String,
    /// Group.
    pub group: String,
    /// Rows of the group and of the others that were looked at.
    pub rows: (usize, usize),
    /// ROC AUC of boosted trees over rows that they did not learn from.
    pub auc: f64,
    /// Its 95 % interval.
    pub interval: (f64, f64),
    /// The inputs that alone tell most, each with its ROC AUC over rows that it was not judged by.
    pub strongest: Vec<(String, f64)>,
}

impl Told {
    /// The finding in a line.
    pub fn line(&self) -> String {
        let (low, high) = self.interval;
        let mut line = format!(
            "`{}` ({}) from all others: ROC AUC {:.2} [{low:.2}, {high:.2}], n = {} and {}",
            self.group, self.attribute, self.auc, self.rows.0, self.rows.1
        );
        for (position, (input, auc)) in self.strongest.iter().enumerate() {
            let _ = write!(line, "{} {input} {auc:.2}", if position == 0 { "; alone:" } else { "," });
        }
        line
    }
}

/// How well boosted trees tell each group from all others by the inputs, over five folds.
pub fn tell_groups(data: &Dataset) -> Result<Vec<Told>, ExperimentError> {
    let mut told = Vec::new();
    if data.features.is_empty() {
        return Ok(told);
    }
    for groups in &data.sensitive {
        let mut known: Vec<usize> = (0..data.len()).filter(|&row| (groups.codes()[row] as usize) < groups.levels().len()).collect();
        // Which rows are looked at, where they are many, is a matter of chance and not of their order.
        known.shuffle(&mut seed::generator_for(0, "rows that tell groups"));
        for (code, inside) in largest(groups) {
            let outside = known.len() - inside;
            if inside < FEWEST || outside < FEWEST {
                continue;
            }
            let mut left = [enough(data); 2];
            let mut kept: Vec<usize> = Vec::new();
            for &row in &known {
                let side = &mut left[usize::from(groups.codes()[row] as usize == code)];
                if *side > 0 {
                    *side -= 1;
                    kept.push(row);
                }
            }
            kept.sort_unstable();
            let labels: Vec<f64> = kept.iter().map(|&row| f64::from(u8::from(groups.codes()[row] as usize == code))).collect();
            told.extend(tell(&data.select(&kept), groups.name(), &groups.levels()[code], &labels)?);
        }
    }
    Ok(told)
}

/// The groups that are told, each with its rows: the largest; of two the smaller, as one tells the other.
fn largest(groups: &Groups) -> Vec<(usize, usize)> {
    let mut counted: Vec<(usize, usize)> = (0..groups.levels().len()).map(|code| (code, 0)).collect();
    for &code in groups.codes() {
        if let Some((_, rows)) = counted.get_mut(code as usize) {
            *rows += 1;
        }
    }
    counted.retain(|(_, rows)| *rows > 0);
    if let [(_, one), (_, other)] = counted[..] {
        counted.remove(usize::from(one <= other));
    }
    counted.sort_by_key(|&(code, rows)| (std::cmp::Reverse(rows), code));
    counted.truncate(MOST_GROUPS);
    counted
}

fn tell(data: &Dataset, attribute: &str, group: &str, labels: &[f64]) -> Result<Option<Told>, ExperimentError> {
    let settings = Settings { trees: 40, leaves: 8, min_leaf_rows: 10, ..Settings::default() };
    let data = &narrowed(data);
    let folds = folds(data, Some(attribute));
    let mut scores = vec![0.5; data.len()];
    for fold in &folds {
        let (train, test) = (data.select(&fold.train), data.select(&fold.test));
        let encoder = Encoder::fit(&train, Encoding::default())?;
        let of_train: Vec<f64> = fold.train.iter().map(|&row| labels[row]).collect();
        let trees = fit_cross_entropy(&encoder.transform(&train)?, &of_train, None, &settings, 0)?;
        for (&row, logit) in fold.test.iter().zip(trees.logits(&encoder.transform(&test)?)) {
            scores[row] = f64::from(sigmoid_of(logit as f32));
        }
    }
    let Some(auc) = within_folds(&scores, labels, &folds)? else { return Ok(None) };
    let mut strongest = Vec::new();
    for feature in &data.features {
        let alone = from_others(&bands(&feature.values), labels, &folds);
        strongest.extend(within_folds(&alone, labels, &folds)?.map(|auc| (feature.name.clone(), auc)));
    }
    strongest.sort_by(|one, other| other.1.total_cmp(&one.1));
    strongest.truncate(MOST_INPUTS);
    let inside = labels.iter().filter(|label| **label > 0.5).count();
    Ok(Some(Told {
        attribute: attribute.to_owned(),
        group: group.to_owned(),
        rows: (inside, labels.len() - inside),
        auc,
        interval: interval(auc, persons(data, labels, true) as f64, persons(data, labels, false) as f64, folds.len() as f64),
        strongest,
    }))
}

/// The rows with few categories an input, rare ones as one: a tree needs no column for each.
fn narrowed(data: &Dataset) -> Dataset {
    let mut narrow = data.clone();
    for feature in &mut narrow.features {
        let Values::Categorical { levels, codes } = &mut feature.values else { continue };
        if levels.len() <= MOST_LEVELS {
            continue;
        }
        let mut counted: Vec<(usize, usize)> = (0..levels.len()).map(|code| (code, 0)).collect();
        for &code in codes.iter().filter(|code| **code != MISSING) {
            counted[code as usize].1 += 1;
        }
        counted.sort_by_key(|&(code, rows)| (std::cmp::Reverse(rows), code));
        let mut narrower = vec![MOST_LEVELS as u32; levels.len()];
        for (place, (code, _)) in counted.iter().take(MOST_LEVELS).enumerate() {
            narrower[*code] = place as u32;
        }
        *levels = counted.iter().take(MOST_LEVELS).map(|(code, _)| levels[*code].clone()).chain(["others".to_owned()]).collect();
        for code in codes.iter_mut().filter(|code| **code != MISSING) {
            *code = narrower[*code as usize];
        }
    }
    narrow
}

/// How many persons have rows on a side, rows where nobody names persons.
fn persons(data: &Dataset, labels: &[f64], inside: bool) -> usize {
    let rows = (0..labels.len()).filter(|&row| (labels[row] > 0.5) == inside);
    match &data.person {
        Some(person) => rows.map(|row| person.codes[row]).collect::<BTreeSet<u32>>().len(),
        None => rows.count(),
    }
}

/// ROC AUC over the pairs of rows that are tested in the same fold; `None` without such a pair.
fn within_folds(scores: &[f64], labels: &[f64], folds: &[Split]) -> Result<Option<f64>, ExperimentError> {
    let (mut won, mut pairs) = (0.0, 0.0);
    for fold in folds {
        let of_fold: Vec<f64> = fold.test.iter().map(|&row| labels[row]).collect();
        let inside = of_fold.iter().filter(|label| **label > 0.5).count();
        let scores: Vec<f64> = fold.test.iter().map(|&row| scores[row]).collect();
        if let Some(auc) = measured("roc-auc", &scores, &of_fold)? {
            let here = (inside * (of_fold.len() - inside)) as f64;
            (won, pairs) = (won + auc * here, pairs + here);
        }
    }
    Ok((pairs > 0.0).then(|| won / pairs))
}

/// The 95 % interval of an AUC over folds (module documentation).
fn interval(auc: f64, inside: f64, outside: f64, folds: f64) -> (f64, f64) {
    let more = ((inside + outside) / folds / 2.0 - 1.0).max(0.0);
    let variance = |at: f64| folds * at * (1.0 - at) / (inside * outside) * (1.0 + more * (1.0 - at) / (2.0 - at) + more * at / (1.0 + at));
    let bound = |end: f64| {
        let (mut near, mut far) = (auc, end);
        for _ in 0..60 {
            let middle = f64::midpoint(near, far);
            if (middle - auc).powi(2) < Z * Z * variance(middle) { near = middle } else { far = middle }
        }
        near
    };
    (bound(0.0), bound(1.0))
}

#[cfg(test)]
mod tests {
    use evenhand_rows::Feature;

    use super::super::tests::of;
    use super::*;

    #[test]
    fn only_pairs_of_one_fold_are_compared() {
        // In each fold the one row of the group comes first; over all rows it would lose to the second fold's others.
        let scores = [0.4, 0.1, 0.2, 0.9, 0.7, 0.9];
        let labels = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
        assert_eq!(within_folds(&scores, &labels, &of(&[&[0, 1, 2], &[3, 4]], 5)).unwrap(), Some(1.0));
        // The tie of rows 3 and 5 is half a pair: (1 + 1 + 1 + 1/2) of 4.
        assert_eq!(within_folds(&scores, &labels, &of(&[&[0, 1, 2], &[3, 4, 5]], 6)).unwrap(), Some(0.875));
        assert_eq!(within_folds(&scores, &labels, &of(&[&[1, 2], &[0, 3]], 6)).unwrap(), None);
    }

    #[test]
    fn intervals_of_an_auc_hold_its_equation_and_never_collapse() {
        for (auc, inside, outside, folds) in [(0.7, 31.0, 400.0, 5.0), (0.5, 20.0, 20.0, 1.0), (0.95, 500.0, 60.0, 5.0)] {
            let (low, high) = interval(auc, inside, outside, folds);
            assert!(0.0 < low && low < auc && auc < high && high < 1.0);
            for at in [low, high] {
                let more = f64::midpoint(inside / folds, outside / folds) - 1.0;
                let variance =
                    at * (1.0 - at) * folds / (inside * outside) * (1.0 + more * (1.0 - at) / (2.0 - at) + more * at / (1.0 + at));
                assert!(((auc - at).powi(2) - Z * Z * variance).abs() < 1e-9, "{auc} {at}");
            }
        }
        // Two perfect and equal groups of 20 are no proof.
        let (low, high) = interval(1.0, 20.0, 20.0, 5.0);
        assert!(low < 0.95 && (high - 1.0).abs() < 1e-12, "{low} {high}");
    }

    #[test]
    fn groups_are_told_by_what_tells_them_and_by_chance_otherwise() {
        // 31 rows of a group among 400: no input knows of it but the last.
        let rows = 400;
        let mut drawn = seed::generator(7, 0);
        let mut codes: Vec<u32> = (0..rows).map(|row| u32::from(row < 31)).collect();
        codes.shuffle(&mut drawn);
        let mut noise: Vec<f64> = (0..rows).map(f64::from).collect();
        noise.shuffle(&mut drawn);
        let mut towns: Vec<u32> = (0..rows as u32).map(|row| row % 130).collect();
        towns.shuffle(&mut drawn);
        let levels = (0..130).map(|town| format!("town {town}")).collect();
        let feature = |name: &str, values: Values| Feature { name: name.to_owned(), values, sensitive: false };
        let mut data = Dataset {
            name: "made".to_owned(),
            features: vec![feature("noise", Values::Numeric(noise)), feature("town", Values::Categorical { levels, codes: towns })],
            sensitive: vec![Groups::new("group", vec!["a".to_owned(), "b".to_owned()], codes.clone())],
            rows: (1..=rows as u64).collect(),
            ..Dataset::default()
        };
        let told = tell_groups(&data).unwrap();
        assert_eq!((told.len(), told[0].group.as_str(), told[0].rows), (1, "b", (31, 369)));
        let (low, high) = told[0].interval;
        assert!(low < 0.5 && 0.5 < high, "{told:?}");
        assert!(told[0].strongest.iter().all(|(_, auc)| (0.35..0.65).contains(auc)), "categories are not judged by themselves: {told:?}");
        let known = codes.iter().map(|&code| f64::from(code)).collect();
        data.features.push(feature("known", Values::Numeric(known)));
        let told = tell_groups(&data).unwrap();
        assert!(told[0].auc > 0.99 && told[0].strongest[0].0 == "known", "{told:?}");
        assert_eq!(
            told[0].line().split(';').next().unwrap(),
            format!(
                "`b` (group) from all others: ROC AUC {:.2} [{:.2}, {:.2}], n = 31 and 369",
                told[0].auc, told[0].interval.0, told[0].interval.1
            )
        );
    }
}
