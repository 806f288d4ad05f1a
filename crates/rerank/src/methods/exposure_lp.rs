//! Exposure by linear programming: each group is seen as much as wanted, on average over several orders.
//!
//! ```text
//! maximise  expected sum of score x exposure of the place      over distributions of orders
//! subject to  expected exposure of group g = p(g) of all exposure      exposure of place j: 1 / log2(1 + j), 0 below the list
//! ```
//!
//! p in [0, 1] wanted share of the group. The program and the proof of its small form stand in [`crate::exposure`]; the mixture has at most
//! as many orders as there are groups. `choice = "drawn"` draws one of them with the seed given for the list, so that over many lists the
//! exposures are as wanted; `"most-likely"` takes the most probable order, which is deterministic and does not keep the promise by itself.
//! A single list that would leave out whom the crate keeps on every list is changed after the draw; the promise, `probability` and `reached` are of the draw, and hold as they
//! are for [`Shares::as_published`]. Sets no floors, so it reports no breaches; [`crate::Draw`] says how probable the order was and how much of the wanted exposure could be had.
//!
//! Source: A. Singh and T. Joachims, "Fairness of exposure in rankings", KDD 2018, sections 3.2 to 3.4 and 4.1.

use evenhand_catalog::{Allowed, Card, Direction, Entry, Kind, Literal, Parameter};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::pool::{Pool, Standing, Waiting};
use crate::shares::NoFloors;
use crate::{Draw, FloorRule, Ranking, Reason, RerankError, Reranker, Shares, Shortlist, exposure};

static CARD: Card = Card {
    id: "exposure-lp",
    name: "Exposure by linear programming",
    kind: Kind::Reranker,
    summary: "Draws an order from the mixture of best utility in which each group has its wanted share of the exposure on average. For \
              lists that are shown often; a single list may look uneven.",
    formula: "maximise E[sum of score / log2(1 + place)] subject to E[exposure of g] = p(g) of all; exposure of place j = 1 / log2(1 + j)",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Singh and Joachims 2018, sections 3.2 to 3.4 and 4.1; solved by column generation over orders",
    parameters: &[Parameter {
        name: "choice",
        default: Literal::Text("drawn"),
        allowed: Allowed::OneOf(&["drawn", "most-likely"]),
        purpose: "drawn: an order by its probability, decided by the seed; most-likely: the most probable one, the same for every seed",
    }],
};

pub(super) const ENTRY: Entry<dyn Reranker> =
    Entry { card: &CARD, build: |parameters| Ok(Box::new(ExposureLp { drawn: parameters.text("choice") == "drawn" })) };

#[derive(Debug)]
struct ExposureLp {
    drawn: bool,
}

impl Reranker for ExposureLp {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn floors(&self) -> FloorRule {
        FloorRule::None
    }

    fn rerank(&self, shortlist: &Shortlist, wanted: &Shares, length: usize, seed: u64) -> Result<Ranking, RerankError> {
        wanted.check(shortlist)?;
        let pool = Pool::new(shortlist);
        let known = length.min(pool.known());
        let solved = exposure::solve(&pool, shortlist, wanted, known)?;
        let chosen = self.choose(&solved.orders, seed);
        let order = chosen.map_or(&[][..], |chosen| &solved.orders[chosen].1);
        let mut standings = Vec::with_capacity(known);
        let mut waiting = Waiting::new(&pool);
        for &rank in order {
            let reason = waiting.reason(rank, Reason::Exposure { group: pool.group(rank) });
            standings.push(Standing { rank, reason });
            waiting.place(rank);
        }
        let wanted_group = (0..pool.groups() as u32).find(|&group| wanted.of(group) > 0.0);
        let reason = wanted_group.map_or(Reason::Score, |group| Reason::RanOut { group });
        waiting.append_rest(&mut standings, known, reason);
        let mut ranking = Ranking::new(&pool, &standings, &NoFloors, wanted, length);
        ranking.draw =
            chosen.map(|chosen| Draw { probability: solved.orders[chosen].0, orders: solved.orders.len(), reached: solved.reached });
        Ok(ranking)
    }
}

impl ExposureLp {
    /// The orders stand by their probabilities, the largest first.
    fn choose(&self, orders: &[(f64, Vec<u32>)], seed: u64) -> Option<usize> {
        if !self.drawn || orders.is_empty() {
            return (!orders.is_empty()).then_some(0);
        }
        let mut left: f64 = ChaCha8Rng::seed_from_u64(seed).random();
        let drawn = orders.iter().position(|(probability, _)| {
            left -= probability;
            left < 0.0
        });
        Some(drawn.unwrap_or(0))
    }
}
