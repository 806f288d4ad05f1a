//! Oversampling by group x label.
//!
//! ```text
//! cell (g, b): rows of group g whose label lies in band b;   b = high when label >= threshold, else low;   n(g,b) rows
//! balance = "cells":         each cell grows to N      = max over all g, b of n(g,b)
//! balance = "within-label":  each cell grows to N(b)   = max over g of n(g,b)
//! new rows of a cell = N - n(g,b) draws with replacement from the cell
//! ```
//!
//! Every row is kept once; the draws follow after the original rows, cell by cell. Afterwards group and label band are independent:
//! each group has the same share of favourable labels. With `cells` that share is one half and all groups are of one size; with
//! `within-label` the share is that of the largest cells, and no group is larger than the label's count demands.
//!
//! - `label` in [0, 1]; binary labels fall on the two sides of any threshold above 0. The side of the threshold itself is that of
//!   `skew` and of the metrics' positive labels.
//! - Rows of unknown group are kept once and drawn never. Sample weights travel with their rows; cells are counted in rows.
//! - Refused: fewer than two groups with rows; a group without a row in one of the bands, for there is nothing to repeat.
//!
//! Source: random oversampling of the group x label cells, the resampling form of F. Kamiran and T. Calders, "Data preprocessing
//! techniques for classification without discrimination", Knowledge and Information Systems 33 (2012), section 4.3. There cells are
//! resampled to their size under independence, with the total kept; here none is thinned, so that no row is lost.

use evenhand_catalog::{Allowed, Card, Direction, Entry, Kind, Literal, Parameter};
use evenhand_rows::Dataset;
use rand::{Rng, RngExt};

use crate::cells::{Cells, select};
use crate::{RebalanceError, Rebalancer};

static CARD: Card = Card {
    id: "oversampling",
    name: "Oversampling",
    kind: Kind::Rebalancer,
    summary: "Repeats rows of the smaller group x label cells until label and group are independent in the training rows. No row is lost.",
    formula: "each cell (group g, label >= t or not) of n(g,b) rows gets N - n(g,b) draws with replacement from itself; N = the largest \
              cell, of all (cells) or of the same label band (within-label)",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Kamiran and Calders 2012, section 4.3 (resampling by group and label; here without thinning)",
    parameters: &[
        Parameter {
            name: "balance",
            default: Literal::Text("cells"),
            allowed: Allowed::OneOf(&["cells", "within-label"]),
            purpose: "cells: all group x label cells to one size; within-label: the groups of each label band to one size",
        },
        Parameter {
            name: "threshold",
            default: Literal::Number(0.5),
            allowed: Allowed::Between(0.0, 1.0),
            purpose: "a label at or above it is favourable; divides continuous labels into two bands",
        },
    ],
};

pub(super) const ENTRY: Entry<dyn Rebalancer> = Entry {
    card: &CARD,
    build: |parameters| {
        Ok(Box::new(Oversampling { within_label: parameters.text("balance") == "within-label", threshold: parameters.number("threshold") }))
    },
};

#[derive(Debug)]
struct Oversampling {
    within_label: bool,
    threshold: f64,
}

impl Rebalancer for Oversampling {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn rebalance(&self, data: &Dataset, attribute: &str, rng: &mut dyn Rng) -> Result<Dataset, RebalanceError> {
        let cells = Cells::new(CARD.id, data, attribute, 2, |label| usize::from(label >= self.threshold))?;
        let mut largest = [0; 2];
        for position in 0..cells.rows.len() {
            for (band, count) in cells.counts(position).enumerate() {
                if count == 0 {
                    return Err(RebalanceError::EmptyCell {
                        method: CARD.id,
                        attribute: attribute.to_owned(),
                        group: cells.name(position).to_owned(),
                        high: band == 1,
                        threshold: self.threshold,
                    });
                }
                largest[band] = largest[band].max(count);
            }
        }
        if !self.within_label {
            largest = [largest[0].max(largest[1]); 2];
        }

        let mut rows: Vec<usize> = (0..data.len()).collect();
        for (cell, wanted) in cells.rows.iter().flat_map(|bands| bands.iter().zip(largest)) {
            rows.extend((cell.len()..wanted).map(|_| cell[rng.random_range(0..cell.len())]));
        }
        Ok(select(data, &rows, CARD.id, attribute))
    }
}
