//! Learners of weighted rows in two classes, for the methods that fit a plain learner again and again while the costs of the rows change
//! (exponentiated gradient, grid search).
//!
//! To add one: a type with [`Learner`], its word in [`WORDS`] and its arm in [`choose`]. What it fits travels in the model folder of the
//! method that used it, so its loader stands in `reductions::LOADERS`. The features are the same at every call of a run: what depends on them
//! alone (sorted columns, bins) is worth making once, when the learner is built.

mod constant;
mod design;
mod logistic_regression;
mod network;
mod trees;

use std::fmt::Debug;
use std::path::Path;

use evenhand_catalog::{Allowed, Card, CatalogError, Literal, Parameter, Parameters};

use crate::LearnError;
use crate::objectives::without_effect;
use crate::rows::Rows;
use crate::scorer::Fitted;
use crate::trainer::Task;

pub(crate) use constant::Constant;
pub(crate) use design::{Design, factorise, product, solve};
pub(crate) use logistic_regression::Logistic;

/// Fits rows whose labels are 0 or 1 under their weights.
pub(crate) trait Learner: Debug {
    /// Fits the training rows. Their weights sum to what the method says (the number of rows, as a rule), both labels occur with
    /// positive weight. The validation rows carry the same kind of labels and weights, for a learner that stops early.
    fn fit(&mut self, train: &Rows<'_>, validation: &Rows<'_>, seed: u64) -> Result<Response, LearnError>;

    /// Where finished and begun fits are kept, for a learner whose fits are too dear to be done again after an interrupt.
    fn checkpoint(&self) -> Option<&Path> {
        None
    }
}

/// A fit, and its scores of the training rows: the very ones that [`Fitted::predict`] gives.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) fitted: Box<dyn Fitted>,
    pub(crate) scores: Vec<f64>,
}

/// Words of the parameter `base`.
const WORDS: &[&str] = &["logistic-regression", "network", "boosting"];

/// The parameter that chooses the learner.
pub(crate) const BASE: Parameter = Parameter {
    name: "base",
    default: Literal::Text("logistic-regression"),
    allowed: Allowed::OneOf(WORDS),
    purpose: "learner that is fitted in every round: a logistic regression, the recipe's own network under vanilla learning, or 100 boosted trees",
};

/// The penalty of the logistic regression.
pub(crate) const L2: Parameter = Parameter {
    name: "l2",
    default: Literal::Number(1.0),
    allowed: Allowed::Above(0.0),
    purpose: "base logistic-regression: penalty on half the squared coefficients against the sum of the rows' losses (1/C elsewhere)",
};

/// Refuses parameters of another base than the one that is asked for.
pub(crate) fn check_base(card: &Card, parameters: &Parameters) -> Result<(), CatalogError> {
    match parameters.text("base") {
        "logistic-regression" => Ok(()),
        base => without_effect(card, parameters, &[L2.name], &format!("base = \"{base}\", which has no such penalty")),
    }
}

/// The learner that the parameters `base` and `l2` ask for.
pub(crate) fn choose<'a>(parameters: &Parameters, task: &Task<'a, '_>) -> Result<Box<dyn Learner + 'a>, LearnError> {
    Ok(match parameters.text("base") {
        "network" => Box::new(network::Network::new(task)?),
        "boosting" => Box::new(trees::Boosting { features: task.train.features }),
        _ => Box::new(logistic_regression::LogisticRegression::new(task.train.features, parameters.number("l2"))),
    })
}
