//! Numbers about outcomes, overall and by group: exact definitions, weights, ties, any number of groups, intervals.

mod finding;
mod outcomes;

pub use finding::{Comparison, Estimate, Finding, GroupFinding, Interval};
pub use outcomes::{Convention, Conventions, DecisionRule, Definition, Latent, Outcomes};
