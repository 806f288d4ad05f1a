//! Whether the representation behind the scores depends on the group.
//!
//! One file a metric. A new one is a file here, a `mod` line and a line in [`METRICS`].

use crate::Metric;

/// The metrics of this folder, in the order of reports.
pub(crate) const METRICS: &[&dyn Metric] = &[];
