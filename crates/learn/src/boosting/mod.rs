//! Gradient boosting of regression trees on histograms, for any loss that gives two derivatives a row.
//!
//! ```text
//! F_0     = start                                  F: logit of a row
//! F_t     = F_(t-1) + learning_rate T_t            T_t: tree grown on g_i = w_i dL/dF_i, h_i = w_i d2L/dF_i2
//! leaf v  = - G / (H + l2), within +-max_leaf_value    G, H: sums of g and h over the leaf's rows
//! gain    = q_l + q_r - q,  q = - (2 G v + (H + l2) v^2)    (G^2 / (H + l2) where no limit binds)
//! ```
//!
//! Inputs are cut into at most 255 bins once ([`Settings::bins`]); a tree grows by splitting the leaf of largest gain until it has
//! `leaves` leaves or no split gains. A node's histogram holds G, H and the number of rows a bin; the larger child's is its parent's
//! less the smaller child's. [`Booster`] takes missing values (NaN), in a bin of their own that goes to the side that gains more, or
//! to the larger side where no training row misses the value; a recipe's encoder fills them in before any model sees them. Columns of two values that never differ from their usual value on the same row (one-hot columns of
//! a category) share one store of codes, so that they cost one column.
//!
//! The same rows and settings give the same trees on any number of threads: a histogram is summed by one thread in the order of the
//! rows, in `f64`. Weights are scaled to mean 1, so that `min_leaf_hessian` and `l2` do not depend on their unit; rows of weight 0
//! take no part in bins, sums or counts.
//!
//! - [`Booster`] holds the training rows and grows tree after tree from derivatives that it is handed.
//! - [`Trees`] is what was grown: it scores rows and travels in a model folder.
//! - [`fit_cross_entropy`] is the plain loop, for whoever needs a base learner that takes weights.
//!
//! Source: Friedman, "Greedy function approximation: a gradient boosting machine", 2001; Chen and Guestrin, "XGBoost", 2016,
//! equations 5 to 7 (second order); Ke et al., "LightGBM", 2017 (leaf-wise growth, histograms, bundles of exclusive columns).

pub(crate) mod booster;
mod columns;
mod growth;
pub(crate) mod rounds;
mod trees;

pub use booster::{Booster, fit_cross_entropy};
pub use trees::{Node, Tree, Trees};

use evenhand_catalog::{Allowed, Literal, Parameter, Parameters};

use crate::LearnError;

pub(crate) const TREES: Parameter =
    Parameter { name: "trees", default: Literal::Integer(100), allowed: Allowed::Between(1.0, 10000.0), purpose: "trees at most" };
pub(crate) const LEARNING_RATE: Parameter = Parameter {
    name: "learning_rate",
    default: Literal::Number(0.1),
    allowed: Allowed::Above(0.0),
    purpose: "factor on every tree's values",
};
pub(crate) const LEAVES: Parameter =
    Parameter { name: "leaves", default: Literal::Integer(31), allowed: Allowed::Between(2.0, 4096.0), purpose: "leaves a tree, at most" };
pub(crate) const DEPTH: Parameter = Parameter {
    name: "depth",
    default: Literal::Integer(0),
    allowed: Allowed::Between(0.0, 64.0),
    purpose: "splits between root and leaf, at most; 0 for no limit",
};
pub(crate) const MIN_LEAF_ROWS: Parameter = Parameter {
    name: "min_leaf_rows",
    default: Literal::Integer(20),
    allowed: Allowed::Between(1.0, 1e9),
    purpose: "rows a leaf, at least",
};
pub(crate) const MIN_LEAF_HESSIAN: Parameter = Parameter {
    name: "min_leaf_hessian",
    default: Literal::Number(1e-3),
    allowed: Allowed::Above(0.0),
    purpose: "sum of second derivatives a leaf, at least",
};
pub(crate) const L2: Parameter = Parameter {
    name: "l2",
    default: Literal::Number(0.0),
    allowed: Allowed::Between(0.0, f64::INFINITY),
    purpose: "pull of the leaves' values towards 0",
};
pub(crate) const MAX_LEAF_VALUE: Parameter = Parameter {
    name: "max_leaf_value",
    default: Literal::Number(0.0),
    allowed: Allowed::Between(0.0, f64::INFINITY),
    purpose: "largest value of a leaf (in logits, before learning_rate), up or down; 0 for no limit",
};
pub(crate) const MIN_GAIN: Parameter = Parameter {
    name: "min_gain",
    default: Literal::Number(0.0),
    allowed: Allowed::Between(0.0, f64::INFINITY),
    purpose: "gain that a split must exceed",
};
pub(crate) const BINS: Parameter =
    Parameter { name: "bins", default: Literal::Integer(255), allowed: Allowed::Between(2.0, 255.0), purpose: "bins a column, at most" };
pub(crate) const COLUMN_SHARE: Parameter = Parameter {
    name: "column_share",
    default: Literal::Number(1.0),
    allowed: Allowed::Between(0.01, 1.0),
    purpose: "share of the columns that a tree may split on, drawn for each tree",
};
pub(crate) const ROW_SHARE: Parameter = Parameter {
    name: "row_share",
    default: Literal::Number(1.0),
    allowed: Allowed::Between(0.01, 1.0),
    purpose: "share of the rows that a tree is grown on, drawn for each tree",
};

/// How trees are grown.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Trees at most.
    pub trees: usize,
    /// Factor on every tree's values.
    pub learning_rate: f64,
    /// Leaves a tree, at most.
    pub leaves: usize,
    /// Splits between root and leaf, at most; 0 for no limit.
    pub depth: usize,
    /// Rows a leaf, at least.
    pub min_leaf_rows: usize,
    /// Sum of second derivatives a leaf, at least.
    pub min_leaf_hessian: f64,
    /// Added to the sum of second derivatives where it divides.
    pub l2: f64,
    /// Largest value of a leaf before `learning_rate`, up or down; 0 for no limit.
    pub max_leaf_value: f64,
    /// Gain that a split must exceed.
    pub min_gain: f64,
    /// Bins a column, at most 255.
    pub bins: usize,
    /// Share of the columns a tree may split on.
    pub column_share: f64,
    /// Share of the rows a tree is grown on.
    pub row_share: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            trees: 100,
            learning_rate: 0.1,
            leaves: 31,
            depth: 0,
            min_leaf_rows: 20,
            min_leaf_hessian: 1e-3,
            l2: 0.0,
            max_leaf_value: 0.0,
            min_gain: 0.0,
            bins: 255,
            column_share: 1.0,
            row_share: 1.0,
        }
    }
}

impl Settings {
    /// The settings among an objective's parameters, which its card keeps inside their ranges.
    pub(crate) fn from_parameters(parameters: &Parameters) -> Self {
        Settings {
            trees: parameters.count(TREES.name),
            learning_rate: parameters.number(LEARNING_RATE.name),
            leaves: parameters.count(LEAVES.name),
            depth: parameters.count(DEPTH.name),
            min_leaf_rows: parameters.count(MIN_LEAF_ROWS.name),
            min_leaf_hessian: parameters.number(MIN_LEAF_HESSIAN.name),
            l2: parameters.number(L2.name),
            max_leaf_value: parameters.number(MAX_LEAF_VALUE.name),
            min_gain: parameters.number(MIN_GAIN.name),
            bins: parameters.count(BINS.name),
            column_share: parameters.number(COLUMN_SHARE.name),
            row_share: parameters.number(ROW_SHARE.name),
        }
    }

    /// Whether a tree is grown on rows or columns that are drawn.
    pub fn draws(&self) -> bool {
        self.row_share < 1.0 || self.column_share < 1.0
    }

    /// Refuses numbers outside their range.
    pub fn check(&self) -> Result<(), LearnError> {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let not_negative = |value: f64| value.is_finite() && value >= 0.0;
        let share = |value: f64| value > 0.0 && value <= 1.0;
        let rules: [(&'static str, bool, String, &str); 12] = [
            ("trees", (1..=10_000).contains(&self.trees), self.trees.to_string(), "1 to 10000"),
            ("learning_rate", positive(self.learning_rate), self.learning_rate.to_string(), "a finite number above 0"),
            ("leaves", (2..=4096).contains(&self.leaves), self.leaves.to_string(), "2 to 4096"),
            ("depth", self.depth <= 64, self.depth.to_string(), "0 (no limit) to 64"),
            ("min_leaf_rows", self.min_leaf_rows >= 1, self.min_leaf_rows.to_string(), "at least 1"),
            ("min_leaf_hessian", positive(self.min_leaf_hessian), self.min_leaf_hessian.to_string(), "a finite number above 0"),
            ("l2", not_negative(self.l2), self.l2.to_string(), "a finite number, at least 0"),
            ("max_leaf_value", not_negative(self.max_leaf_value), self.max_leaf_value.to_string(), "a finite number, at least 0"),
            ("min_gain", not_negative(self.min_gain), self.min_gain.to_string(), "a finite number, at least 0"),
            ("bins", (2..=255).contains(&self.bins), self.bins.to_string(), "2 to 255"),
            ("column_share", share(self.column_share), self.column_share.to_string(), "above 0, at most 1"),
            ("row_share", share(self.row_share), self.row_share.to_string(), "above 0, at most 1"),
        ];
        match rules.into_iter().find(|(_, fine, ..)| !fine) {
            None => Ok(()),
            Some((key, _, value, expected)) => {
                Err(LearnError::BadSetting { section: "boosting", key, value, expected: expected.to_owned() })
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
