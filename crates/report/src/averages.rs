//! Means and spreads over runs.
//!
//! ```text
//! mean     sum of x / n                               undefined of nothing
//! spread   sqrt(sum of (x - mean)^2 / (n - 1))        undefined with fewer than two values
//! ```
//!
//! Of what is best near a fair value the distances are averaged, never the values: gaps of either sign would cancel.

use crate::document::RunReport;
use crate::{limits, lookup};

/// Mean; `None` of nothing.
pub fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0_usize), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / n as f64)
}

/// Sample standard deviation; `None` with fewer than two values.
pub fn spread(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.len() > 1).then(|| (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}

/// Mean distance from the fair value over the runs in which the metric is defined.
pub fn mean_distance(runs: &[RunReport], metric: &str, attribute: Option<&str>) -> Option<f64> {
    let card = evenhand_metrics::find(metric).ok()?.card();
    mean(runs.iter().filter_map(|run| limits::distance(card, lookup::finding(run, metric, attribute)?.estimate.number()?)))
}
