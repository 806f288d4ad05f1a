//! Repair of scores by group: fitted on rows that the model did not learn from, applied to the scores of others.
//!
//! A [`Repair`] changes scores or decisions by group, so whoever uses one needs the group of every candidate **at the time of scoring**, and the
//! right to use it. What was fitted is plain data ([`Fitted`]), so that a model folder can hold it; [`Fitted::apply`] checks it anew, as it
//! may come from a file.

use std::collections::BTreeMap;
use std::fmt;

use evenhand_catalog::Card;
use evenhand_rows::UNKNOWN;
use serde::{Deserialize, Serialize};

use crate::repairs::{GroupRules, QuantileMaps};
use crate::{RerankError, Shortlist};

/// A method that learns from scores and groups how to change the scores of others.
///
/// ```
/// use std::collections::BTreeMap;
/// use evenhand_catalog::{Parameters, find};
/// use evenhand_rerank::{REPAIRS, Sample, Shortlist};
///
/// let levels = ["men", "women"].map(str::to_owned);
/// let rows = Shortlist::new(&[0.4, 0.6, 0.8, 0.2, 0.3, 0.4], &[0, 0, 0, 1, 1, 1], &levels)?;
/// let entry = find(REPAIRS, "quantile-repair")?;
/// let method = (entry.build)(&Parameters::resolve(entry.card, &BTreeMap::new())?)?;
/// // Fitted on rows that the model did not learn from, applied to any others.
/// let fitted = method.fit(&Sample::new(rows))?;
/// let repaired = fitted.apply(&rows, 0)?;
/// assert_eq!(repaired[..3], repaired[3..], "both groups have the same scores now");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Repair: fmt::Debug + Send + Sync {
    /// What the method says of itself.
    fn card(&self) -> &'static Card;

    /// Learns the change. Rows of unknown group are left out.
    fn fit(&self, sample: &Sample) -> Result<Fitted, RerankError>;
}

/// Rows to fit a repair on, borrowed from whoever holds them: rows that the model did not learn from.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    rows: Shortlist<'a>,
    favourable: Option<&'a [bool]>,
    weights: Option<&'a [f64]>,
}

impl<'a> Sample<'a> {
    /// Scores and groups.
    pub fn new(rows: Shortlist<'a>) -> Self {
        Sample { rows, favourable: None, weights: None }
    }

    /// Whether the label of each row is the favourable one.
    pub fn favourable(self, favourable: &'a [bool]) -> Result<Self, RerankError> {
        self.as_long("labels", favourable.len())?;
        Ok(Sample { favourable: Some(favourable), ..self })
    }

    /// Weight of each row, finite and not negative; 1 each where none are given.
    pub fn weights(self, weights: &'a [f64]) -> Result<Self, RerankError> {
        self.as_long("weights", weights.len())?;
        match weights.iter().enumerate().find(|(_, weight)| !weight.is_finite() || **weight < 0.0) {
            Some((row, &weight)) => Err(RerankError::BadWeight { row, weight }),
            None => Ok(Sample { weights: Some(weights), ..self }),
        }
    }

    fn as_long(&self, what: &'static str, other: usize) -> Result<(), RerankError> {
        let scores = self.rows.len();
        if other == scores { Ok(()) } else { Err(RerankError::Lengths { scores, what, other }) }
    }

    pub(crate) fn levels(&self) -> &'a [String] {
        self.rows.levels()
    }

    pub(crate) fn labels(&self, method: &'static str) -> Result<&'a [bool], RerankError> {
        self.favourable.ok_or(RerankError::NoLabels { method })
    }

    /// Of each group, its rows of a weight above 0 with their weights; those of unknown group are left out.
    pub(crate) fn by_group(&self) -> Vec<Vec<(usize, f64)>> {
        let mut rows = vec![Vec::new(); self.levels().len()];
        for (row, &group) in self.rows.groups().iter().enumerate().filter(|(_, group)| **group != UNKNOWN) {
            let weight = self.weights.map_or(1.0, |weights| weights[row]);
            if weight > 0.0 {
                rows[group as usize].push((row, weight));
            }
        }
        rows
    }

    pub(crate) fn score(&self, row: usize) -> f64 {
        self.rows.scores()[row]
    }
}

/// What a repair learned: plain data, to be kept beside the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "repair", rename_all = "kebab-case")]
pub enum Fitted {
    /// Of `quantile-repair`.
    QuantileRepair(QuantileMaps),
    /// Of `group-thresholds`.
    GroupThresholds(GroupRules),
}

impl Fitted {
    /// The changed scores of these candidates. Groups are recognised by name. What is drawn is decided by `seed` and the candidate's group and
    /// score (of candidates equal in both, by their order); `quantile-repair` and thresholds that give probabilities draw nothing.
    pub fn apply(&self, rows: &Shortlist, seed: u64) -> Result<Vec<f64>, RerankError> {
        match self {
            Fitted::QuantileRepair(maps) => maps.apply(rows),
            Fitted::GroupThresholds(rules) => rules.apply(rows, seed),
        }
    }

    /// As [`Fitted::apply`], but what is drawn is decided by `seed` and the candidate's key, such as an id: candidates of equal score have draws
    /// of their own even when each is scored in a file of their own, and the same key has the same draw whenever it comes.
    pub fn apply_by_key(&self, rows: &Shortlist, keys: &[impl AsRef<str>], seed: u64) -> Result<Vec<f64>, RerankError> {
        if keys.len() != rows.len() {
            return Err(RerankError::Lengths { scores: rows.len(), what: "keys", other: keys.len() });
        }
        match self {
            Fitted::QuantileRepair(maps) => maps.apply(rows),
            Fitted::GroupThresholds(rules) => rules.apply_by_key(rows, keys, seed),
        }
    }
}

/// Where each level of these rows stands among the fitted groups; a group of a row that was not fitted is an error.
pub(crate) fn positions(rows: &Shortlist, fitted: &[&str]) -> Result<Vec<usize>, RerankError> {
    let known: BTreeMap<&str, usize> = fitted.iter().enumerate().map(|(position, group)| (*group, position)).collect();
    let sizes = rows.sizes();
    let position = |(level, size): (&String, usize)| match known.get(level.as_str()) {
        Some(&position) => Ok(position),
        None if size == 0 => Ok(0),
        None => Err(RerankError::UnfittedGroup { group: level.clone(), known: fitted.join(", ") }),
    };
    rows.levels().iter().zip(sizes).map(position).collect()
}
