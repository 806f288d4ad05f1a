//! Gate 2: train scorers whose scores agree between groups.
//!
//! [`fit`] trains a network ([`Architecture`], [`Training`]) on [`Rows`] under one [`Objective`] of [`OBJECTIVES`] and returns a
//! [`Scorer`]. [`objectives`] tells which hook of the trait carries which method.

mod adversary;
mod archive;
mod cells;
pub mod checkpoint;
#[cfg(test)]
mod contract;
mod disparity;
mod error;
mod gap;
mod layers;
pub mod models;
mod objective;
pub mod objectives;
mod optimizer;
mod randomness;
mod recorded;
mod rows;
mod scorer;
#[cfg(test)]
mod second_order;
mod trainer;
mod training;
mod transport;
mod weights;

pub use adversary::{Adversary, Schedule};
pub use disparity::ContributionDisparity;
pub use error::LearnError;
pub use models::{Activation, Architecture, InterviewArchitecture, sigmoid_of};
pub use objective::{EpochEnd, Objective, Pass, Setting, Term, Validation, training_device};
pub use objectives::OBJECTIVES;
pub use optimizer::{Adam, OptimizerKind};
pub use randomness::{Purpose, stream};
pub use recorded::Recorded;
pub use rows::{Balance, Batch, BatchPlan, Candidates, Draw, Rows};
pub use scorer::{Companions, Fitted, Prediction, Scorer};
pub use trainer::{EpochRecord, RunHooks, Task, fit};
pub use training::{DataLoss, Decay, Selection, Trace, Training};
pub use transport::{Pairs, Transport, between_groups};
pub use weights::{Array, Bound, Gradients, Slot, WeightDirection, Weights, host};
