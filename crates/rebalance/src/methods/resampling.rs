//! Resampling of the group x label cells to the sizes of independence.
//!
//! ```text
//! cell (g, b): rows of group g whose label lies in band b;   b = high when label >= threshold, else low;   n(g,b) rows
//! N(g,b) = n(g) n(b) / n, rounded                            n(g), n(b): rows of the group, of the band; n: of known group
//! a cell that is too large keeps N(g,b) of its rows, drawn without replacement;
//! one that is too small keeps all and gets N(g,b) - n(g,b) draws with replacement from itself
//! ```
//!
//! Afterwards every group has the share of favourable labels that all rows have, and groups and labels keep their numbers (to the
//! rounding). Compare `oversampling`, which loses no row, and `reweighing`, which draws nothing.
//!
//! - `label` in [0, 1]; rows of unknown group are kept once and drawn never. Sample weights travel with their rows; cells are counted in
//!   rows. A kept row stays before the draws and in its order.
//! - Refused: fewer than two groups with rows; a group without a row in a band of which it is due some.
//!
//! Source: F. Kamiran and T. Calders, "Data preprocessing techniques for classification without discrimination", Knowledge and Information
//! Systems 33 (2012), section 4.3, uniform sampling.

use evenhand_catalog::{Allowed, Card, Direction, Entry, Kind, Literal, Parameter};
use evenhand_rows::Dataset;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use crate::cells::{Cells, select};
use crate::{RebalanceError, Rebalancer};

/// Divides labels, shared with `reweighing`.
pub(super) const THRESHOLD: Parameter = Parameter {
    name: "threshold",
    default: Literal::Number(0.5),
    allowed: Allowed::Between(0.0, 1.0),
    purpose: "a label at or above it is favourable; divides continuous labels into two bands",
};

static CARD: Card = Card {
    id: "resampling",
    name: "Resampling",
    kind: Kind::Rebalancer,
    summary: "Thins and repeats rows of the group x label cells until label and group are independent in the training rows.",
    formula: "each cell (group g, label >= t or not) of n(g,b) rows gets n(g) n(b) / n rows: a part of its own, or all and draws with \
              replacement from itself",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Kamiran and Calders 2012, section 4.3 (uniform sampling)",
    parameters: &[THRESHOLD],
};

pub(super) const ENTRY: Entry<dyn Rebalancer> =
    Entry { card: &CARD, build: |parameters| Ok(Box::new(Resampling { threshold: parameters.number("threshold") })) };

#[derive(Debug)]
struct Resampling {
    threshold: f64,
}

impl Rebalancer for Resampling {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn rebalance(&self, data: &Dataset, attribute: &str, rng: &mut dyn Rng) -> Result<Dataset, RebalanceError> {
        let cells = Cells::new(CARD.id, data, attribute, 2, |label| usize::from(label >= self.threshold))?;
        let of_band = |band: usize| cells.rows.iter().map(|bands| bands[band].len()).sum::<usize>();
        let bands = [of_band(0), of_band(1)];
        let total = (bands[0] + bands[1]) as f64;
        let mut kept = cells.unknown.clone();
        let mut drawn = Vec::new();
        for (position, of_group) in cells.rows.iter().enumerate() {
            let size = of_group.iter().map(Vec::len).sum::<usize>() as f64;
            for (band, cell) in of_group.iter().enumerate() {
                let wanted = (size * bands[band] as f64 / total).round() as usize;
                if cell.is_empty() && wanted > 0 {
                    return Err(RebalanceError::EmptyCell {
                        method: CARD.id,
                        attribute: attribute.to_owned(),
                        group: cells.name(position).to_owned(),
                        high: band == 1,
                        threshold: self.threshold,
                    });
                }
                if wanted <= cell.len() {
                    let mut chosen = cell.clone();
                    let (chosen, _) = chosen.partial_shuffle(rng, wanted);
                    kept.extend_from_slice(chosen);
                } else {
                    kept.extend_from_slice(cell);
                    drawn.extend((cell.len()..wanted).map(|_| cell[rng.random_range(0..cell.len())]));
                }
            }
        }
        kept.sort_unstable();
        kept.extend(drawn);
        Ok(select(data, &kept, CARD.id, attribute))
    }
}
