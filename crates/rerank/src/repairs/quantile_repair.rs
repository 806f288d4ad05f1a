//! Quantile repair: each group's scores are moved towards the distribution between all groups.
//!
//! ```text
//! q      = F_g(s)                         where the score s stands in its group's distribution
//! B(q)   = sum over groups h of w_h Q_h(q)     quantile function of the Wasserstein-2 barycentre of the groups
//! repair(s, g) = (1 - t) s + t B(F_g(s))
//! ```
//!
//! - w_h in (0, 1]: share of group h among the fitted rows (by weight). t = `amount` in [0, 1]: 0 changes nothing, at 1 all groups have the
//!   distribution of the barycentre, so that every threshold selects the same share of each; among all scores that do, those lie nearest to the
//!   given ones in mean square.
//! - F_g and its inverse Q_g join the points (score, weight below it + half the weight at it) / weight of the group, one for each different
//!   score, by straight lines; so equal scores stay equal, and Q_g ends at the lowest and the highest score.
//! - The order within a group stays as it is.
//! - Scores between two fitted ones are repaired by the straight line between theirs. Beyond the fitted ones: when all fitted scores lie
//!   in [0, 1], by the straight line to 0 at 0 and to 1 at 1; otherwise they move as far as the last fitted one.
//! - A candidate of unknown group is read in the distribution of all fitted rows of known group together.
//! - At most `knots` points of a group are kept, evenly spaced in the group's distribution, with the lowest and the highest.
//! - Undefined for fewer than two groups.
//!
//! It needs the group of a candidate to score the candidate.
//!
//! Source: E. Chzhen, C. Denis, M. Hebiri, L. Oneto, M. Pontil, "Fair regression with Wasserstein barycenters", NeurIPS 2020, theorem 2.3;
//! T. Le Gouic, J.-M. Loubes, P. Rigollet, "Projection to fairness in statistical learning", 2020; the straight way in t from P. Gordaliza, E. del Barrio,
//! F. Gamboa, J.-M. Loubes, "Obtaining fairness using optimal transport theory", ICML 2019, as geometric repair.

use evenhand_catalog::{Allowed, Card, Direction, Entry, Kind, Literal, Parameter};
use evenhand_rows::UNKNOWN;
use serde::{Deserialize, Serialize};

use crate::repair::positions;
use crate::{Fitted, Repair, RerankError, Sample, Shortlist};

static CARD: Card = Card {
    id: "quantile-repair",
    name: "Quantile repair",
    kind: Kind::Repair,
    summary: "Moves each group's scores towards the distribution half-way between all groups (their Wasserstein barycentre); the order within \
              a group stays. Needs the group of every candidate at the time of scoring.",
    formula: "(1 - t) s + t sum_h w_h Q_h(F_g(s)); F_g distribution function and Q_h quantile function of the groups' scores, w_h share of \
              group h",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Chzhen et al. 2020, theorem 2.3; Gordaliza et al. 2019 for the amount",
    parameters: &[
        Parameter {
            name: "amount",
            default: Literal::Number(1.0),
            allowed: Allowed::Between(0.0, 1.0),
            purpose: "t: 0 leaves the scores as they are, 1 gives all groups the same distribution",
        },
        Parameter {
            name: "knots",
            default: Literal::Integer(1000),
            allowed: Allowed::Between(2.0, 1_000_000.0),
            purpose: "points kept of each group's distribution; more follow it more closely and make a larger file",
        },
    ],
};

pub(super) const ENTRY: Entry<dyn Repair> = Entry {
    card: &CARD,
    build: |parameters| Ok(Box::new(QuantileRepair { amount: parameters.number("amount"), knots: parameters.count("knots") })),
};

#[derive(Debug)]
struct QuantileRepair {
    amount: f64,
    knots: usize,
}

/// A fitted quantile repair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuantileMaps {
    /// How far scores move, in [0, 1]; may be changed without another fit.
    pub amount: f64,
    /// Whether all fitted scores lay in [0, 1], which repaired scores then do not leave.
    pub unit_interval: bool,
    /// A map for each group that had rows.
    pub groups: Vec<QuantileMap>,
    /// The map of candidates of unknown group; its `group` is empty, its `share` 0.
    pub unknown: QuantileMap,
}

/// Where the scores of a group move to at full amount.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuantileMap {
    /// Name of the group.
    pub group: String,
    /// Its share of the fitted rows, in (0, 1].
    pub share: f64,
    /// Scores, rising.
    pub scores: Vec<f64>,
    /// What becomes of each, never falling.
    pub repaired: Vec<f64>,
}

impl Repair for QuantileRepair {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, sample: &Sample) -> Result<Fitted, RerankError> {
        let rows = sample.by_group();
        let weigh = |rows: &Vec<(usize, f64)>| rows.iter().map(|&(row, weight)| (sample.score(row), weight)).collect::<Vec<_>>();
        let weighed: Vec<(usize, Vec<(f64, f64)>)> =
            rows.iter().enumerate().filter(|(_, rows)| !rows.is_empty()).map(|(group, rows)| (group, weigh(rows))).collect();
        if weighed.len() < 2 {
            let groups = weighed.iter().map(|(group, _)| sample.levels()[*group].clone()).collect();
            return Err(RerankError::TooFewGroups { method: CARD.id, groups });
        }
        let unknown = Distribution::new(weighed.iter().flat_map(|(_, rows)| rows).copied().collect());
        let distributions: Vec<(usize, Distribution)> = weighed.into_iter().map(|(group, rows)| (group, Distribution::new(rows))).collect();
        let total: f64 = distributions.iter().map(|(_, distribution)| distribution.weight).sum();
        let barycentre = |level: f64| {
            distributions.iter().map(|(_, distribution)| distribution.weight / total * distribution.quantile(level)).sum::<f64>()
        };
        let map = |group: String, share: f64, distribution: &Distribution| {
            let kept = distribution.kept(self.knots);
            let mut repaired: Vec<f64> = kept.iter().map(|&at| barycentre(distribution.levels[at])).collect();
            // Sums of rising numbers may fall by a rounding.
            for at in 1..repaired.len() {
                repaired[at] = repaired[at].max(repaired[at - 1]);
            }
            QuantileMap { group, share, scores: kept.iter().map(|&at| distribution.scores[at]).collect(), repaired }
        };
        Ok(Fitted::QuantileRepair(QuantileMaps {
            amount: self.amount,
            unit_interval: unknown.scores.iter().all(|score| (0.0..=1.0).contains(score)),
            groups: distributions
                .iter()
                .map(|(group, distribution)| map(sample.levels()[*group].clone(), distribution.weight / total, distribution))
                .collect(),
            unknown: map(String::new(), 0.0, &unknown),
        }))
    }
}

/// A distribution function through one point for each different score.
#[derive(Debug)]
struct Distribution {
    /// Different scores, rising.
    scores: Vec<f64>,
    /// Weight below and half the weight at each, over the whole weight.
    levels: Vec<f64>,
    weight: f64,
}

impl Distribution {
    fn new(mut rows: Vec<(f64, f64)>) -> Self {
        rows.sort_by(|one, other| one.0.total_cmp(&other.0));
        let weight: f64 = rows.iter().map(|(_, weight)| weight).sum();
        let mut distribution = Distribution { scores: Vec::new(), levels: Vec::new(), weight };
        let mut below = 0.0;
        // Equality, not the order of the bits, so that 0 and -0 are one score.
        for equal in rows.chunk_by(|one, other| one.0 == other.0) {
            let at: f64 = equal.iter().map(|(_, weight)| weight).sum();
            distribution.scores.push(equal[0].0);
            distribution.levels.push((below + at / 2.0) / weight);
            below += at;
        }
        distribution
    }

    fn quantile(&self, level: f64) -> f64 {
        line(&self.levels, &self.scores, level).unwrap_or_else(|end| end)
    }

    /// Positions of at most `knots` points, the first and the last among them.
    fn kept(&self, knots: usize) -> Vec<usize> {
        let last = self.scores.len() - 1;
        if last < knots {
            return (0..=last).collect();
        }
        let (low, high) = (self.levels[0], self.levels[last]);
        let wanted = |knot: usize| low + (high - low) * knot as f64 / (knots - 1) as f64;
        let mut kept: Vec<usize> = (0..knots).map(|knot| self.levels.partition_point(|&level| level < wanted(knot)).min(last)).collect();
        kept[0] = 0;
        kept[knots - 1] = last;
        kept.dedup();
        kept
    }
}

/// The straight lines through rising `x` at `value`; beyond the ends, the last `y` as an error.
fn line(x: &[f64], y: &[f64], value: f64) -> Result<f64, f64> {
    let after = x.partition_point(|&knot| knot < value);
    if after == x.len() {
        return Err(y[after - 1]);
    }
    if x[after] == value {
        return Ok(y[after]);
    }
    if after == 0 {
        return Err(y[0]);
    }
    let part = (value / 2.0 - x[after - 1] / 2.0) / (x[after] / 2.0 - x[after - 1] / 2.0);
    Ok(y[after - 1] * (1.0 - part) + y[after] * part)
}

impl QuantileMap {
    /// Where a score moves to at full amount.
    fn repaired(&self, score: f64, unit_interval: bool) -> f64 {
        line(&self.scores, &self.repaired, score).unwrap_or_else(|end| {
            let low = score < self.scores[0];
            let from = if low { self.scores[0] } else { self.scores[self.scores.len() - 1] };
            let corner = if low { 0.0 } else { 1.0 };
            if unit_interval && from != corner && (0.0..=1.0).contains(&score) {
                corner + (end - corner) * (score - corner) / (from - corner)
            } else if unit_interval && !(0.0..=1.0).contains(&score) {
                // Beyond what a probability can be: as it is.
                score
            } else {
                end + (score - from)
            }
        })
    }

    fn check(&self) -> Result<(), RerankError> {
        let whole = !self.scores.is_empty()
            && self.scores.len() == self.repaired.len()
            && self.scores.iter().chain(&self.repaired).all(|number| number.is_finite())
            && self.scores.is_sorted_by(|one, other| one < other)
            && self.repaired.is_sorted();
        if whole { Ok(()) } else { Err(RerankError::BadFit { method: CARD.id, what: "scores must rise and repaired scores not fall" }) }
    }
}

impl QuantileMaps {
    pub(crate) fn apply(&self, rows: &Shortlist) -> Result<Vec<f64>, RerankError> {
        if !(0.0..=1.0).contains(&self.amount) {
            return Err(RerankError::BadFit { method: CARD.id, what: "the amount must lie in [0, 1]" });
        }
        self.groups.iter().chain([&self.unknown]).try_for_each(QuantileMap::check)?;
        let positions = positions(rows, &self.groups.iter().map(|map| map.group.as_str()).collect::<Vec<_>>())?;
        let repaired = |(&score, &group): (&f64, &u32)| {
            let map = if group == UNKNOWN { &self.unknown } else { &self.groups[positions[group as usize]] };
            (1.0 - self.amount) * score + self.amount * map.repaired(score, self.unit_interval)
        };
        Ok(rows.scores().iter().zip(rows.groups()).map(repaired).collect())
    }
}
