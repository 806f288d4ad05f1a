//! Settings that questions about rows and recipes share: what is measured, how sure it is, and methods with their parameters.

mod choice;
mod intervals;
mod metrics;

pub use choice::Choice;
pub use intervals::IntervalSection;
pub use metrics::{ConventionName, DecisionRuleName, DefinitionName, MetricsSection, check_metric};
