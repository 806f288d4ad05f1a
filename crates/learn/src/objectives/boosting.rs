//! Plain gradient boosting: trees on the cross-entropy and nothing else. The yardstick of `fairgbm`, and often the most accurate scorer
//! of a table.
//!
//! ```text
//! minimise mean of w_i (log(1 + e^F_i) - y_i F_i)       F_i = start + learning_rate sum_t T_t(x_i), s_i = sigmoid(F_i)
//! g_i = w_i (s_i - y_i)      h_i = w_i s_i (1 - s_i)      start: logit of the weighted mean label
//! ```
//!
//! Labels may lie anywhere in [0, 1]. No group is looked at. Which number of trees is kept: `training.selection` and
//! `training.patience`, with a round for an epoch. The defaults are LightGBM's. See [`crate::boosting`] for how trees are grown.
//!
//! Source: Friedman 2001; Ke et al. 2017.

use std::collections::BTreeMap;

use evenhand_catalog::{Card, CatalogError, Direction, Entry, Kind, Parameters};

use crate::boosting::Trees;
use crate::boosting::booster::cross_entropy_slopes;
use crate::boosting::rounds::{self, Boosted, SlopesOf};
use crate::boosting::{
    BINS, COLUMN_SHARE, DEPTH, L2, LEARNING_RATE, LEAVES, MAX_LEAF_VALUE, MIN_GAIN, MIN_LEAF_HESSIAN, MIN_LEAF_ROWS, ROW_SHARE, TREES,
};
use crate::rows::Rows;
use crate::scorer::{Fitted, Loader};
use crate::trainer::Task;
use crate::{LearnError, Needs, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

static CARD: Card = Card {
    id: "boosting",
    name: "Gradient boosting",
    kind: Kind::Objective,
    summary: "Boosted trees on the cross-entropy; looks at no group. For tables only; the recipe's network is not used. The yardstick of FairGBM.",
    formula: "minimise mean BCE(sigmoid(F), y); F: logit, a constant plus learning_rate times a sum of regression trees, each grown on first and second derivatives",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Friedman, \"Greedy function approximation: a gradient boosting machine\", 2001; Ke et al., \"LightGBM\", 2017",
    parameters: &[
        TREES,
        LEARNING_RATE,
        LEAVES,
        DEPTH,
        MIN_LEAF_ROWS,
        MIN_LEAF_HESSIAN,
        L2,
        MAX_LEAF_VALUE,
        MIN_GAIN,
        BINS,
        COLUMN_SHARE,
        ROW_SHARE,
    ],
};

/// Plain gradient boosting.
#[derive(Debug, Clone)]
pub struct Boosting {
    parameters: Parameters,
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    Ok(Box::new(Boosting { parameters: parameters.clone() }))
}

impl Objective for Boosting {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs { attribute_to_train: false, also: "a table", ..Needs::default() }
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn fits_alone(&self) -> bool {
        true
    }

    fn loaders(&self) -> &'static [Loader] {
        &[Trees::LOADER]
    }

    fn fit_alone(&mut self, task: &mut Task<'_, '_>) -> Option<Result<Box<dyn Fitted>, LearnError>> {
        Some(rounds::run(self, task))
    }
}

impl Boosted for Boosting {
    const KEEPS_LAST: bool = false;

    fn begin(&mut self, _: &Rows<'_>) -> Result<(), LearnError> {
        Ok(())
    }

    fn slopes<'a>(&'a self, train: &'a Rows<'a>, _: &[f64]) -> SlopesOf<'a> {
        Box::new(|row, logit| cross_entropy_slopes(train.labels[row], logit))
    }

    fn end_round(&mut self, _: &Rows<'_>, _: &[f64]) -> bool {
        false
    }

    fn terms(&self, _: &Rows<'_>, _: &[f64]) -> BTreeMap<String, f64> {
        BTreeMap::new()
    }

    fn absent(&self) -> Vec<&'static str> {
        Vec::new()
    }
}
