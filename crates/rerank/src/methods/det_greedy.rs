//! DetGreedy: the best score that floors and ceilings allow.
//!
//! ```text
//! place k:  if groups are below their floor floor(k p): the best score among them
//!           else the best score among the groups below their ceiling ceil(k p)
//! ```
//!
//! p in [0, 1] wanted share of the group, k length of the prefix.
//!
//! With up to three groups every prefix reaches every floor that the group's candidates can fill: two groups below their floors would
//! leave the third above its ceiling. With four or more, two floors can fall due at one place; the better score goes first and the
//! breach is reported. DetCons, DetRelaxed and DetConstSort have no such limit.
//!
//! Source: S. C. Geyik, S. Ambler, K. Kenthapadi, "Fairness-aware ranking in search and recommendation systems with application to
//! LinkedIn talent search", KDD 2019, Algorithm 1 (first form). Public code (AIF360 0.6.1) takes the index within the sub-list of groups for
//! the group, so that candidates repeat; here the group itself is counted.

use evenhand_catalog::{Card, Direction, Entry, Kind};

use crate::prefix_bounds::{self, Preference};
use crate::{FloorRule, Ranking, RerankError, Reranker, Shares, Shortlist};

static CARD: Card = Card {
    id: "det-greedy",
    name: "DetGreedy",
    kind: Kind::Reranker,
    summary: "Takes the best score of the groups that are below their floor, or else below their ceiling. Keeps most of the order by score.",
    formula: "place k: best score of the groups with count < floor(k p); if none, of those with count < ceil(k p)",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Geyik, Ambler and Kenthapadi 2019, Algorithm 1",
    parameters: &[],
};

pub(super) const ENTRY: Entry<dyn Reranker> = Entry { card: &CARD, build: |_| Ok(Box::new(DetGreedy)) };

#[derive(Debug)]
struct DetGreedy;

impl Reranker for DetGreedy {
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

impl Preference for DetGreedy {
    const BY_NEXT_FLOOR: bool = false;

    fn key(&self, _share: f64, _next: usize) -> u64 {
        0
    }
}
