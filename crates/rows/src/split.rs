//! Seeded splits that keep every stratum's share and never put one person on two sides, and the split that a corpus brings.
//!
//! ```text
//! stratum   = group x (label >= 0.5); an unknown group is a group of its own here
//! unit      = a person with all of that person's rows, or a row where no person column is named
//! ```
//!
//! The units of a stratum are shuffled and dealt out one by one, each to the part whose share is least filled (share times the rows of
//! the stratum, minus the rows it holds). Without persons every part therefore holds the share of each stratum to within one row; with
//! persons to within the rows of one person. A person whose rows lie in several strata counts for the stratum of the first row.

use std::collections::{BTreeMap, BTreeSet};

use rand::seq::SliceRandom;

use crate::seed::generator;
use crate::{Dataset, Part, RowsError, UNKNOWN};

/// Streams of the generator, see [`generator`].
const HOLD_OUT: u64 = 1;
const FOLDS: u64 = 2;
const VALIDATION: u64 = 3;

/// The rows of each part, as ascending indices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// Rows the model learns from.
    pub train: Vec<usize>,
    /// Rows that choose the epoch; may be empty.
    pub validation: Vec<usize>,
    /// Rows that judge the model.
    pub test: Vec<usize>,
}

/// Cuts the rows once. `shares` are those of train, validation and test and sum to 1; a share of 0 leaves that part empty.
pub fn hold_out(data: &Dataset, shares: [f64; 3], attribute: Option<&str>, seed: u64) -> Result<Split, RowsError> {
    let sum: f64 = shares.iter().sum();
    if shares.iter().any(|share| !(0.0..=1.0).contains(share)) || (sum - 1.0).abs() > 1e-6 {
        return Err(bad(format!(
            "the shares {} / {} / {} of train, validation and test must lie in 0 to 1 and sum to 1",
            shares[0], shares[1], shares[2]
        )));
    }
    if shares[0] == 0.0 {
        return Err(bad("the training share is 0; give train, validation and test in this order".to_owned()));
    }
    let all: Vec<usize> = (0..data.len()).collect();
    let parts = deal(data, &all, &shares, attribute, seed, HOLD_OUT)?;
    for ((part, share), name) in parts.iter().zip(shares).zip(["train", "validation", "test"]) {
        if share > 0.0 && part.is_empty() {
            return Err(bad(format!("{} rows are too few: the {name} part with share {share} would be empty", data.len())));
        }
    }
    let [train, validation, test] = <[Vec<usize>; 3]>::try_from(parts).map_err(|_| bad("a part is missing".to_owned()))?;
    Ok(Split { train, validation, test })
}

/// Cuts the rows into `folds` tests that together cover every row once. Of the rest of each fold, `validation_share` (of the rest, not
/// of all rows) becomes its validation part.
pub fn k_fold(data: &Dataset, folds: usize, validation_share: f64, attribute: Option<&str>, seed: u64) -> Result<Vec<Split>, RowsError> {
    if folds < 2 {
        return Err(bad(format!("{folds} folds were asked for; at least 2 are needed")));
    }
    if !(0.0..1.0).contains(&validation_share) {
        return Err(bad(format!("the validation share {validation_share} must be at least 0 and below 1")));
    }
    let all: Vec<usize> = (0..data.len()).collect();
    let tests = deal(data, &all, &vec![1.0 / folds as f64; folds], attribute, seed, FOLDS)?;
    if tests.iter().any(Vec::is_empty) {
        return Err(bad(format!("{} rows are too few for {folds} folds", data.len())));
    }
    let mut splits = Vec::with_capacity(folds);
    for (fold, test) in tests.into_iter().enumerate() {
        let mut in_test = vec![false; data.len()];
        for &row in &test {
            in_test[row] = true;
        }
        let rest: Vec<usize> = (0..data.len()).filter(|&row| !in_test[row]).collect();
        let mut parts = deal(data, &rest, &[1.0 - validation_share, validation_share], attribute, seed, VALIDATION + fold as u64)?;
        let validation = parts.pop().unwrap_or_default();
        let train = parts.pop().unwrap_or_default();
        if train.is_empty() || validation_share > 0.0 && validation.is_empty() {
            return Err(bad(format!("{} rows are too few for {folds} folds with a validation part each", data.len())));
        }
        splits.push(Split { train, validation, test });
    }
    Ok(splits)
}

/// The split that the corpus itself brings ([`Dataset::parts`]), whoever stands on two sides of it. The validation part may be empty.
pub fn given(data: &Dataset) -> Result<Split, RowsError> {
    let Some(parts) = &data.parts else {
        return Err(bad(format!(
            "`{}` brings no split of its own; choose the kind `hold-out` or `k-fold`, or ask the loader for it (`first-impressions` has \
             `split = \"official\"`)",
            data.name
        )));
    };
    let rows = |wanted: Part| (0..parts.len()).filter(|&row| parts[row] == wanted).collect::<Vec<usize>>();
    let split = Split { train: rows(Part::Train), validation: rows(Part::Validation), test: rows(Part::Test) };
    for (part, name) in [(&split.train, "training"), (&split.test, "test")] {
        if part.is_empty() {
            return Err(bad(format!("no row of `{}` belongs to the {name} part that the corpus defines; add its files", data.name)));
        }
    }
    Ok(split)
}

/// The persons of `part` and how many of them also have rows in `other`; `None` where the data names no persons.
pub fn crossing(data: &Dataset, part: &[usize], other: &[usize]) -> Option<(usize, usize)> {
    let person = data.person.as_ref()?;
    let persons = |rows: &[usize]| rows.iter().map(|&row| person.codes[row]).collect::<BTreeSet<u32>>();
    let (part, other) = (persons(part), persons(other));
    Some((part.len(), part.intersection(&other).count()))
}

fn bad(reason: String) -> RowsError {
    RowsError::BadSplit { reason }
}

/// Deals the rows out to one part per share.
fn deal(
    data: &Dataset,
    rows: &[usize],
    shares: &[f64],
    attribute: Option<&str>,
    seed: u64,
    stream: u64,
) -> Result<Vec<Vec<usize>>, RowsError> {
    let groups = attribute.map(|name| data.groups(name)).transpose()?;
    let stratum = |row: usize| {
        let group = groups.map_or(UNKNOWN, |groups| groups.codes()[row]);
        let high = data.label.as_ref().is_some_and(|label| label.values[row] >= 0.5);
        (group, high)
    };
    // Units in the order of their first rows.
    let mut units: Vec<Vec<usize>> = Vec::new();
    match &data.person {
        None => units.extend(rows.iter().map(|&row| vec![row])),
        Some(person) => {
            let mut unit_of = vec![usize::MAX; person.levels.len()];
            for &row in rows {
                let unit = &mut unit_of[person.codes[row] as usize];
                if *unit == usize::MAX {
                    *unit = units.len();
                    units.push(Vec::new());
                }
                units[*unit].push(row);
            }
        }
    }
    let mut strata: BTreeMap<(u32, bool), Vec<&[usize]>> = BTreeMap::new();
    for unit in &units {
        strata.entry(stratum(unit[0])).or_default().push(unit);
    }
    let mut rng = generator(seed, stream);
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); shares.len()];
    let mut dealt = 0;
    for units in strata.values_mut() {
        units.shuffle(&mut rng);
        let total: usize = units.iter().map(|unit| unit.len()).sum();
        dealt += total;
        let mut held = vec![0_usize; shares.len()];
        for unit in units.iter() {
            // Ties (the last rows of small strata) go to the part that lacks most over all strata, so that the parts as wholes keep
            // their shares too.
            let lack = |part: usize| {
                let here = shares[part] * total as f64 - held[part] as f64;
                let overall = shares[part] * dealt as f64 - parts[part].len() as f64;
                (here, overall)
            };
            let part = (0..shares.len())
                .filter(|&part| shares[part] > 0.0)
                .max_by(|&left, &right| {
                    let (left_lack, right_lack) = (lack(left), lack(right));
                    let here = if (left_lack.0 - right_lack.0).abs() < 1e-9 {
                        std::cmp::Ordering::Equal
                    } else {
                        left_lack.0.total_cmp(&right_lack.0)
                    };
                    here.then(left_lack.1.total_cmp(&right_lack.1)).then(right.cmp(&left))
                })
                .unwrap_or(0);
            held[part] += unit.len();
            parts[part].extend_from_slice(unit);
        }
    }
    for part in &mut parts {
        part.sort_unstable();
    }
    Ok(parts)
}
