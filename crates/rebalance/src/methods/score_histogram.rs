//! Data balancing by score histograms: the DB baseline of the Wasserstein paper.
//!
//! ```text
//! label in [0, 1] cut into B equal bins;   c(g,b) rows of group g in bin b;   n(g) = sum over b of c(g,b);   q(g,b) = c(g,b) / n(g)
//!
//! every group (default):    t(b) = min over g of q(g,b)                         keep k(g,b) = round(n(g) t(b)) rows of each cell
//! privileged = p:           r(b) = sum over g != p of c(g,b)
//!                           s    = min over b with r(b) > 0 of c(p,b) / r(b)    keep k(p,b) = round(s r(b)); the others whole
//! ```
//!
//! The k rows are drawn without replacement; kept rows stay in their order. Afterwards all groups (or `p` and the others together)
//! have the same histogram of the label up to the rounding, at most half a row a cell: the label no longer tells the group. The
//! smallest share of each bin is the largest shape that every group can be thinned to, so that the groups' relative sizes stay.
//!
//! - A binary label fills the first and the last bin, so that the groups get one base rate. The last bin holds 1.
//! - Rows of unknown group are kept. Sample weights travel with their rows; cells are counted in rows.
//! - Refused: fewer than two groups with rows; no bin common to all groups; a `privileged` group without rows where others have some.
//!
//! Source: C. Kim et al., "Fairness-Aware Multimodal Learning in Automatic Video Interview Assessment", IEEE Access 11 (2023), section
//! V.D, "Data Balancing (DB)", after S. Yan, D. Huang and M. Soleymani, "Mitigating biases in multi-modal personality assessment",
//! ICMI 2020. The text is two sentences: the histogram of the score of each sensitive group, then down-sampling within the privileged
//! group. The number of bins, and whether counts or shapes are to agree, are not given. Our reading is the shape, for only then is the
//! label independent of the group. The default may thin every group: in the paper's tilted data the unprivileged group is
//! over-represented among the low scores as the privileged one is among the high; `privileged` gives the paper's one-sided form.

use evenhand_catalog::{Allowed, Card, Direction, Entry, Kind, Literal, Parameter};
use evenhand_rows::Dataset;
use rand::Rng;
use rand::seq::index;

use crate::cells::{Cells, select};
use crate::{RebalanceError, Rebalancer};

static CARD: Card = Card {
    id: "score-histogram",
    name: "Data balancing (DB)",
    kind: Kind::Rebalancer,
    summary: "Leaves out rows where a group is over-represented in a bin of the label, until all groups have the same label histogram. \
              Rows are lost, none is repeated.",
    formula: "keep round(n(g) t(b)) rows of group g in label bin b; t(b) = min over groups of the share of g's n(g) rows in b; with a \
              privileged group only its rows are thinned, to the shape of the others",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Kim et al. 2023 (IEEE Access 11), section V.D, Data Balancing; bins and matching are our reading",
    parameters: &[
        Parameter {
            name: "bins",
            default: Literal::Integer(10),
            allowed: Allowed::Between(1.0, 10_000.0),
            purpose: "equal bins of the label over [0, 1]",
        },
        Parameter {
            name: "privileged",
            default: Literal::Text(""),
            allowed: Allowed::Any,
            purpose: "the only group to thin; empty: every group where it is over-represented",
        },
    ],
};

pub(super) const ENTRY: Entry<dyn Rebalancer> = Entry {
    card: &CARD,
    build: |parameters| {
        let privileged = parameters.text("privileged");
        Ok(Box::new(ScoreHistogram { bins: parameters.count("bins"), privileged: (!privileged.is_empty()).then(|| privileged.to_owned()) }))
    },
};

#[derive(Debug)]
struct ScoreHistogram {
    bins: usize,
    privileged: Option<String>,
}

impl Rebalancer for ScoreHistogram {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn rebalance(&self, data: &Dataset, attribute: &str, rng: &mut dyn Rng) -> Result<Dataset, RebalanceError> {
        let bin = |label: f64| ((label * self.bins as f64) as usize).min(self.bins - 1);
        let cells = Cells::new(CARD.id, data, attribute, self.bins, bin)?;
        let kept = match &self.privileged {
            None => self.common_shape(&cells, attribute)?,
            Some(group) => self.shape_of_the_others(&cells, attribute, group)?,
        };
        let mut rows = cells.unknown.clone();
        for (cell, kept) in cells.rows.iter().flatten().zip(kept.into_iter().flatten()) {
            if kept == cell.len() {
                rows.extend(cell);
            } else {
                rows.extend(index::sample(rng, cell.len(), kept).into_iter().map(|position| cell[position]));
            }
        }
        rows.sort_unstable();
        Ok(select(data, &rows, CARD.id, attribute))
    }
}

impl ScoreHistogram {
    /// Rows to keep of each cell so that every group gets the shape of the smallest shares.
    fn common_shape(&self, cells: &Cells, attribute: &str) -> Result<Vec<Vec<usize>>, RebalanceError> {
        let sizes: Vec<usize> = (0..cells.rows.len()).map(|position| cells.counts(position).sum()).collect();
        let counts: Vec<Vec<usize>> = (0..cells.rows.len()).map(|position| cells.counts(position).collect()).collect();
        // The group with the smallest share of each bin as (its count, its size): kept exact, so that it keeps all its rows there.
        let smallest: Vec<(usize, usize)> = (0..self.bins)
            .filter_map(|bin| {
                counts
                    .iter()
                    .zip(&sizes)
                    .map(|(counts, &size)| (counts[bin], size))
                    .min_by(|left, right| (left.0 * right.1).cmp(&(right.0 * left.1)))
            })
            .collect();
        let kept: Vec<Vec<usize>> =
            sizes.iter().map(|&size| smallest.iter().map(|&(count, of)| (2 * size * count + of) / (2 * of)).collect()).collect();
        if smallest.iter().all(|&(count, _)| count == 0) {
            return Err(RebalanceError::NoOverlap { attribute: attribute.to_owned(), bins: self.bins });
        }
        Ok(kept)
    }

    /// Rows to keep of each cell when only one group is thinned.
    fn shape_of_the_others(&self, cells: &Cells, attribute: &str, group: &str) -> Result<Vec<Vec<usize>>, RebalanceError> {
        let mut kept: Vec<Vec<usize>> = (0..cells.rows.len()).map(|position| cells.counts(position).collect()).collect();
        let privileged = (0..cells.rows.len()).find(|&position| cells.name(position) == group).ok_or_else(|| {
            RebalanceError::UnknownGroup { attribute: attribute.to_owned(), group: group.to_owned(), groups: cells.names() }
        })?;
        let own = kept[privileged].clone();
        let others: Vec<usize> = (0..self.bins)
            .map(|bin| kept.iter().enumerate().filter(|(position, _)| *position != privileged).map(|(_, counts)| counts[bin]).sum())
            .collect();
        // The bin that limits the scale, as (own rows, rows of the others).
        let Some((bin, (scale, of))) = own
            .iter()
            .copied()
            .zip(others.iter().copied())
            .enumerate()
            .filter(|(_, (_, others))| *others > 0)
            .min_by(|(_, left), (_, right)| (left.0 * right.1).cmp(&(right.0 * left.1)))
        else {
            return Err(RebalanceError::NoOverlap { attribute: attribute.to_owned(), bins: self.bins });
        };
        if scale == 0 {
            return Err(RebalanceError::EmptyBin {
                attribute: attribute.to_owned(),
                group: group.to_owned(),
                bin: self.interval(bin),
                others: of,
            });
        }
        kept[privileged] = others.iter().map(|&count| (2 * scale * count + of) / (2 * of)).collect();
        Ok(kept)
    }

    fn interval(&self, bin: usize) -> String {
        let edge = |bin: usize| bin as f64 / self.bins as f64;
        format!("[{}, {}{}", edge(bin), edge(bin + 1), if bin + 1 == self.bins { "]" } else { ")" })
    }
}
