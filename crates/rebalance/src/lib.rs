//! Gate 1: what can be done to the training rows before a model sees them.

use std::fmt;

use evenhand_catalog::Card;
use evenhand_data::Dataset;
use rand::Rng;

/// A method of gate 1: rows in, rows out.
pub trait Rebalancer: fmt::Debug + Send + Sync {
    /// What the method says of itself.
    fn card(&self) -> &'static Card;

    /// Returns the balanced training rows. `attribute` names the sensitive attribute to balance; rows of unknown group stay untouched.
    fn rebalance(&self, data: &Dataset, attribute: &str, rng: &mut dyn Rng) -> Result<Dataset, RebalanceError>;
}

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum RebalanceError {
    /// The data set could not be read as needed.
    #[error(transparent)]
    Data(#[from] evenhand_data::DataError),
}
