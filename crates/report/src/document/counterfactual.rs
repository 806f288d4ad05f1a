//! What a scorer would say of the same candidates as members of another group.

use serde::{Deserialize, Serialize};

use super::run::Measured;

/// How scores depend on the attribute itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counterfactual {
    /// The attribute.
    pub attribute: String,
    /// Rows of known group whose attribute could be re-written.
    pub rows: usize,
    /// Mean absolute change of a score.
    pub score_change: f64,
    /// Share of decisions that change.
    pub decisions_changed: f64,
    /// For every group, the mean signed change of its rows' scores when they are re-written (to any other group).
    pub shifts: Vec<Shift>,
    /// The main table's numbers on re-written rows; with two groups only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<Measured>,
    /// The same of the method fitted once more on re-written rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retrained: Vec<Measured>,
}

/// A group's mean change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    /// The group.
    pub group: String,
    /// Its rows.
    pub n: usize,
    /// Mean of the score as another group minus the score.
    pub mean: f64,
}
