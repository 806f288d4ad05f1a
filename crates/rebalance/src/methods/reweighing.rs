//! Reweighing of the group x label cells to independence.
//!
//! ```text
//! cell (g, b): rows of group g whose label lies in band b;   b = high when label >= threshold, else low
//! weight of a row of (g, b)  *=  P(g) P(b) / P(g, b)         P: shares of the weight of all rows of known group
//! ```
//!
//! Afterwards label and group are independent by weight: every group has the weighted share of favourable labels that all rows have; the
//! sums of a group's and of a band's weights stay. No row is left out or repeated, nothing is drawn. A cell without rows has nothing to
//! weigh: then independence is out of reach for that group, and it is refused.
//!
//! - `label` in [0, 1]; rows of unknown group keep their weight. Rows without weights count 1 each.
//! - It weighs the data loss of whatever objective follows. An objective that draws group x label cells in numbers of its own for the
//!   data loss (`gcm`, `fair-mixup`, with `balanced_loss = true`) would balance the same cells a second time: refused in a recipe.
//!
//! Source: F. Kamiran and T. Calders, "Data preprocessing techniques for classification without discrimination", Knowledge and Information
//! Systems 33 (2012), section 4.2; Calders, Kamiran and Pechenizkiy 2009.

use evenhand_catalog::{Card, Direction, Entry, Kind};
use evenhand_rows::Dataset;
use rand::Rng;

use super::resampling::THRESHOLD;
use crate::cells::{Cells, select};
use crate::{RebalanceError, Rebalancer};

static CARD: Card = Card {
    id: "reweighing",
    name: "Reweighing",
    kind: Kind::Rebalancer,
    summary: "Weighs the rows so that label and group are independent in the training rows. No row is left out or repeated.",
    formula: "the weight of a row of group g with label >= t or not (band b) is multiplied by P(g) P(b) / P(g, b)",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Kamiran and Calders 2012, section 4.2 (reweighing)",
    parameters: &[THRESHOLD],
};

pub(super) const ENTRY: Entry<dyn Rebalancer> =
    Entry { card: &CARD, build: |parameters| Ok(Box::new(Reweighing { threshold: parameters.number("threshold") })) };

#[derive(Debug)]
struct Reweighing {
    threshold: f64,
}

impl Rebalancer for Reweighing {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn rebalance(&self, data: &Dataset, attribute: &str, _: &mut dyn Rng) -> Result<Dataset, RebalanceError> {
        let cells = Cells::new(CARD.id, data, attribute, 2, |label| usize::from(label >= self.threshold))?;
        let given = |row: usize| data.weights.as_ref().map_or(1.0, |weights| weights[row]);
        let sums: Vec<[f64; 2]> =
            cells.rows.iter().map(|bands| [0, 1].map(|band: usize| bands[band].iter().map(|&row| given(row)).sum())).collect();
        let of_band = [0, 1].map(|band: usize| sums.iter().map(|bands| bands[band]).sum::<f64>());
        let total = of_band[0] + of_band[1];
        let mut weights: Vec<f64> = (0..data.len()).map(given).collect();
        for (position, (rows, sums)) in cells.rows.iter().zip(&sums).enumerate() {
            let of_group = sums[0] + sums[1];
            for band in [0, 1] {
                if sums[band] > 0.0 {
                    let factor = of_group * of_band[band] / (total * sums[band]);
                    rows[band].iter().for_each(|&row| weights[row] *= factor);
                } else if of_group * of_band[band] > 0.0 {
                    return Err(RebalanceError::EmptyCell {
                        method: CARD.id,
                        attribute: attribute.to_owned(),
                        group: cells.name(position).to_owned(),
                        high: band == 1,
                        threshold: self.threshold,
                    });
                }
            }
        }
        let all: Vec<usize> = (0..data.len()).collect();
        let mut weighed = select(data, &all, CARD.id, attribute);
        weighed.weights = Some(weights);
        Ok(weighed)
    }
}
