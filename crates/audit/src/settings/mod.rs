//! Settings that questions about rows and recipes share: what is measured, how sure it is, and methods with their parameters.

mod choice;
mod intervals;
mod metrics;

use serde_json::{Map, Value};

pub use choice::Choice;
pub use evenhand_metrics::{Convention, DecisionRule, Definition};
pub use intervals::IntervalSection;
pub use metrics::{MetricsSection, check_metric};

/// What was asked, as a report shows it: how the rows came to be, then the settings.
pub(crate) fn asked(reading: &Map<String, Value>, settings: Value) -> Map<String, Value> {
    let mut asked = reading.clone();
    if let Value::Object(settings) = settings {
        asked.extend(settings);
    }
    asked
}
