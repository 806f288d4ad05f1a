//! Distance between the groups' centroids among the high-scoring rows, in the first two principal components of the embedding.
//!
//! ```text
//! || mean of z over a's high-scoring rows - mean of z over b's high-scoring rows ||     z: the first two principal components of the embedding
//! ```
//!
//! High-scoring: label at or above `label_threshold`; without labels, the selected. Principal components are those of all rows, centred and not scaled. Fair value 0; the number has the scale of
//! the embedding, so compare it only between models of one architecture. Undefined when fewer than two groups have such rows.

use evenhand_catalog::{Card, Direction, Kind};

use crate::centroids::{self, Part, Space};
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "centroid-distance-high-pca",
    name: "Centroid distance, high-scoring (PCA)",
    kind: Kind::Metric,
    summary: "Distance between the groups' centroids among the high-scoring rows, in the first two principal components of the embedding.",
    formula: "|| mean_a z - mean_b z ||, rows of the high-scoring part",
    fair_value: Some(0.0),
    range: "[0, inf)",
    direction: Direction::Lower,
    source: "Kim et al. 2023, section VI.C and table 6",
    parameters: &[],
};

/// Centroid distance, high-scoring (PCA).
#[derive(Debug)]
pub(crate) struct CentroidDistanceHighPca;

impl Metric for CentroidDistanceHighPca {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::Latent
    }

    fn measure(&self, outcomes: &Outcomes, _plan: Option<&IntervalPlan>) -> Finding {
        centroids::measure(CARD.id, Part::High, Space::Plane, outcomes)
    }
}
