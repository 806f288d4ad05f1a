//! DetCons: whoever is closest to a floor goes first.
//!
//! ```text
//! place k:  if groups are below their floor floor(k p): the best score among them
//!           else, among the groups below their ceiling ceil(k p), the group with the smallest ceil(k p) / p; ties by score
//! ```
//!
//! p in (0, 1] wanted share of the group, k length of the prefix. ceil(k p) / p is where, on a continuous list, the group's next floor
//! falls due. Floors are reached early, at a cost in scores.
//!
//! Every prefix reaches every floor that the group's candidates can fill, whatever the number of groups: candidate c + 1 of a group may come
//! from the prefix on where the ceiling exceeds c and must come by that where the floor reaches c + 1; the earliest deadline goes first, which
//! keeps all deadlines of unit jobs on one machine if anything does; and something does, as lists between all floors and ceilings exist
//! (Baruah, Cohen, Plaxton, Varvel, "Proportionate progress", Algorithmica 15, 1996).
//!
//! Source: S. C. Geyik, S. Ambler, K. Kenthapadi, "Fairness-aware ranking in search and recommendation systems with application to
//! LinkedIn talent search", KDD 2019, Algorithm 2. One public implementation (yuanlonghao/reranking) takes the largest ceil(k p) / p, so
//! that the group farthest from its floor goes first.

use evenhand_catalog::{Card, Direction, Entry, Kind};

use crate::prefix_bounds::{self, Preference};
use crate::{FloorRule, Ranking, RerankError, Reranker, Shares, Shortlist};

static CARD: Card = Card {
    id: "det-cons",
    name: "DetCons",
    kind: Kind::Reranker,
    summary: "Where no floor asks for anybody, takes the group whose next floor comes soonest. Reaches floors early, costs more score.",
    formula: "place k: best score of the groups with count < floor(k p); if none, of those with count < ceil(k p) the group of least \
              ceil(k p) / p",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Geyik, Ambler and Kenthapadi 2019, Algorithm 2",
    parameters: &[],
};

pub(super) const ENTRY: Entry<dyn Reranker> = Entry { card: &CARD, build: |_| Ok(Box::new(DetCons)) };

#[derive(Debug)]
struct DetCons;

impl Reranker for DetCons {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn floors(&self) -> FloorRule {
        FloorRule::Shares
    }

    fn rerank(&self, shortlist: &Shortlist, wanted: &Shares, length: usize, _seed: u64) -> Result<Ranking, RerankError> {
        prefix_bounds::rerank(shortlist, wanted, length, self)
    }
}

impl Preference for DetCons {
    const BY_NEXT_FLOOR: bool = true;

    /// The quotient's bits, which order as it does, without the last twelve: 1 / 0.3 and 2 / 0.6 are a tie.
    fn key(&self, share: f64, next: usize) -> u64 {
        ((next as f64 / share).to_bits() + (1 << 11)) >> 12
    }
}
