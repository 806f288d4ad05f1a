//! DetRelaxed: as DetCons, but floors due at the same place tie, and the better score wins.
//!
//! ```text
//! place k:  if groups are below their floor floor(k p): the best score among them
//!           else, among the groups below their ceiling ceil(k p), the group with the smallest ceil( ceil(k p) / p ); ties by score
//! ```
//!
//! p in (0, 1] wanted share of the group, k length of the prefix. ceil( ceil(k p) / p ) is the place at which the group's next floor falls
//! due: counted in whole places, so that fewer scores give way than with DetCons.
//!
//! Every prefix reaches every floor that the group's candidates can fill, whatever the number of groups, for the reason given at DetCons.
//!
//! Source: S. C. Geyik, S. Ambler, K. Kenthapadi, "Fairness-aware ranking in search and recommendation systems with application to
//! LinkedIn talent search", KDD 2019, Algorithm 2 (relaxed form).

use evenhand_catalog::{Card, Direction, Entry, Kind};

use crate::prefix_bounds::{self, Preference};
use crate::{FloorRule, Ranking, RerankError, Reranker, Shares, Shortlist, shares};

static CARD: Card = Card {
    id: "det-relaxed",
    name: "DetRelaxed",
    kind: Kind::Reranker,
    summary: "As DetCons, with the next floors counted in whole places: where they tie, the better score goes first.",
    formula: "place k: best score of the groups with count < floor(k p); if none, of those with count < ceil(k p) the group of least \
              ceil(ceil(k p) / p), ties by score",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Geyik, Ambler and Kenthapadi 2019, Algorithm 2 (relaxed)",
    parameters: &[],
};

pub(super) const ENTRY: Entry<dyn Reranker> = Entry { card: &CARD, build: |_| Ok(Box::new(DetRelaxed)) };

#[derive(Debug)]
struct DetRelaxed;

impl Reranker for DetRelaxed {
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

impl Preference for DetRelaxed {
    const BY_NEXT_FLOOR: bool = true;

    fn key(&self, share: f64, next: usize) -> u64 {
        shares::due(share, next) as u64
    }
}
