//! What became of training rows that were replaced by made ones.

use evenhand_metrics::likeness::{BalancedCell, Quality};
use serde::{Deserialize, Serialize};

use super::data::Tilt;
use super::method::MethodChoice;

/// What became of the training rows when they were replaced by made ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Synthesis {
    /// The synthesiser with its parameters.
    pub method: MethodChoice,
    /// Rows of each group and label, before and after.
    pub cells: Vec<BalancedCell>,
    /// Exact copies of real rows, learned from or held out, that were made and left out, or kept where that was asked for.
    pub copies: usize,
    /// Held-out rows that learners were judged on.
    #[serde(default)]
    pub judged_on: usize,
    /// True when the rows held out are of other jobs than those learned from: then it cannot be told whether made rows are nearer to the latter
    /// because these were learned by heart, or because they share their jobs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_jobs: bool,
    /// How like the training rows the made ones are, and how near to single ones.
    pub quality: Quality,
    /// Losses of the critic and of the generator by epoch, where the method has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<(f64, f64)>,
    /// The tilt of the made rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tilt: Vec<Tilt>,
}
