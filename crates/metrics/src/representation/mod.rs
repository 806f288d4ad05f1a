//! Whether the representation behind the scores depends on the group.
//!
//! One file a metric. A new one is a file here, a `mod` line and a line in `METRICS`.

pub use crate::pca::{Pca, pca_2d};

use crate::Metric;

mod centroid_distance_high;
mod centroid_distance_high_pca;
mod centroid_distance_low;
mod centroid_distance_low_pca;

/// The metrics of this folder, in the order of reports.
pub(crate) const METRICS: &[&dyn Metric] = &[
    &centroid_distance_high::CentroidDistanceHigh,
    &centroid_distance_low::CentroidDistanceLow,
    &centroid_distance_high_pca::CentroidDistanceHighPca,
    &centroid_distance_low_pca::CentroidDistanceLowPca,
];
