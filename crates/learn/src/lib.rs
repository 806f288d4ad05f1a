//! Gate 2: train scorers whose scores agree between groups.
//!
//! [`fit`] trains a network ([`Architecture`], [`Training`]) of [`NETWORKS`] on [`Rows`] under one [`Objective`] of [`OBJECTIVES`] and returns a
//! [`Scorer`]. [`objectives`] tells which hook of the trait carries which method.

mod adversary;
mod alignment;
mod architecture;
mod archive;
pub mod boosting;
mod cells;
pub mod checkpoint;
#[cfg(test)]
mod contract;
mod discriminant;
mod disparity;
mod error;
mod gap;
mod landscape;
mod layers;
mod learners;
pub mod models;
pub mod networks;
mod objective;
pub mod objectives;
mod optimizer;
pub mod presets;
mod randomness;
mod ranks;
mod recorded;
mod reductions;
mod rounds;
mod rows;
mod scale;
mod scorer;
mod seal;
#[cfg(test)]
mod second_order;
mod trainer;
mod training;
mod transport;
mod weights;

pub use adversary::{Adversary, Schedule};
pub use architecture::{Architecture, NetworkChoice, ParameterValue};
pub use disparity::ContributionDisparity;
pub use error::LearnError;
pub use models::sigmoid_of;
pub use networks::{Activation, Initialisation, InterviewArchitecture, NETWORKS, Network};
pub use objective::{EpochEnd, Needs, Objective, Pass, Setting, Term, Validation, training_device};
pub use objectives::OBJECTIVES;
pub use optimizer::{Adam, OptimizerKind};
pub use randomness::{Purpose, stream};
pub use recorded::Recorded;
pub use rows::{Balance, Batch, BatchPlan, Candidates, Draw, Rows};
pub use scorer::{Around, Companions, Fitted, Load, Loader, Manifest, Prediction, Scorer};
pub use trainer::{EpochRecord, RunHooks, Task, fit};
pub use training::{DataLoss, Decay, Selection, Trace, Training};
pub use transport::{Pairs, Transport, between_groups};
pub use weights::{Array, Bound, Gradients, Slot, WeightDirection, Weights, host};

/// The tensor library and the engine that it computes with, as built: numbers depend on it.
pub const ENGINE: &str = concat!("burn ", env!("EVENHAND_BURN"), ", flex");
