//! What is made of finished runs: tests between methods, fronts, the choice of a sweep; and what is asked of a fitted scorer beyond
//! its scores: other attribute values, shuffled columns, moved weights.

pub mod choice;
pub mod contrast;
pub mod counterfactual;
pub mod front;
pub mod importance;
