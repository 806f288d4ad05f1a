//! Boosted trees as a learner of weighted rows: those of the objective `boosting` at its defaults, all of them.
//!
//! No round is chosen on validation rows: their relabelled costs are few rows' noise, and every call shall answer its costs as well as the
//! last one did. A fit takes milliseconds to seconds and is done again after an interrupt.

use evenhand_rows::Matrix;

use super::{Learner, Response};
use crate::LearnError;
use crate::boosting::{Settings, fit_cross_entropy};
use crate::rows::Rows;
use crate::scorer::Fitted;

/// Grows trees anew at each call.
#[derive(Debug)]
pub(crate) struct Boosting<'a> {
    pub(crate) features: &'a Matrix,
}

impl Learner for Boosting<'_> {
    fn fit(&mut self, train: &Rows<'_>, _: &Rows<'_>, seed: u64) -> Result<Response, LearnError> {
        let trees = fit_cross_entropy(self.features, train.labels, train.weights, &Settings::default(), seed)?;
        let scores = trees.predict(train.candidates())?.scores;
        Ok(Response { fitted: Box::new(trees), scores })
    }
}
