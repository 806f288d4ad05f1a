//! Settings that questions about rows and recipes share: what is measured, how sure it is, and methods with their parameters.

mod choice;
mod intervals;
mod metrics;

pub use choice::Choice;
pub use evenhand_metrics::{Convention, DecisionRule, Definition};
pub use intervals::IntervalSection;
pub use metrics::{MetricsSection, check_metric};
