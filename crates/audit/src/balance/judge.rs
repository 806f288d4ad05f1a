//! Learners that judge made rows. The audit has none of its own: whoever has a training at hand hands it in.

use std::collections::BTreeMap;

use evenhand_rebalance::quality::Efficacy;
use evenhand_rows::Dataset;

/// The rows that a judge needs.
#[derive(Debug)]
pub struct Sides {
    /// Those that the method learned from.
    pub learned: Dataset,
    /// Those that it made.
    pub made: Dataset,
    /// Those that neither the method nor the learners have seen.
    pub unseen: Dataset,
}

/// Why nothing was judged.
#[derive(Debug)]
pub enum JudgeError {
    /// Somebody asked to stop.
    Stopped,
    /// The learners cannot be fitted on these rows: this says nothing about the rows that were made.
    Unfit(String),
}

/// Fits learners on real and on made rows, and judges both on rows that nobody saw.
pub trait Judge {
    /// The findings, by learner and metric.
    fn judge(&self, sides: &Sides, attribute: &str, seed: u64) -> Result<Vec<Efficacy>, JudgeError>;

    /// What its findings depend on beside the rows, by name.
    fn versions(&self) -> BTreeMap<String, String>;
}
