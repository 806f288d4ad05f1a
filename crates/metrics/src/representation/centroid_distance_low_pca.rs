//! Distance between the groups' centroids among the low-scoring rows, in the first two principal components of the embedding.
//!
//! ```text
//! || mean of z over a's low-scoring rows - mean of z over b's low-scoring rows ||     z: the first two principal components of the embedding
//! ```
//!
//! Low-scoring: label below `label_threshold`; without labels, those not selected. Principal components are those of all rows, centred and not scaled. Fair value 0; the number has the scale of
//! the embedding, so compare it only between models of one architecture. Undefined when fewer than two groups have such rows.

use evenhand_catalog::{Card, Direction, Kind};

use crate::centroids::{self, Part, Space};
use crate::{Finding, IntervalPlan, Metric, Needs, Outcomes};

const CARD: Card = Card {
    id: "centroid-distance-low-pca",
    name: "Centroid distance, low-scoring (PCA)",
    kind: Kind::Metric,
    summary: "Distance between the groups' centroids among the low-scoring rows, in the first two principal components of the embedding.",
    formula: "|| mean_a z - mean_b z ||, rows of the low-scoring part",
    fair_value: Some(0.0),
    range: "[0, inf)",
    direction: Direction::Lower,
    source: "Kim et al. 2023, section VI.C and table 6",
    parameters: &[],
};

/// Centroid distance, low-scoring (PCA).
#[derive(Debug)]
pub(crate) struct CentroidDistanceLowPca;

impl Metric for CentroidDistanceLowPca {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::Latent
    }

    fn measure(&self, outcomes: &Outcomes, _plan: Option<&IntervalPlan>) -> Finding {
        centroids::measure(CARD.id, Part::Low, Space::Plane, outcomes)
    }
}
