//! Pair: the groups take turns.
//!
//! ```text
//! round 1: the best of every group, round 2: the second best of every group, ...
//! within a round:  turns = "fixed": the groups in the order of their best scores, in every round
//!                  turns = "by-score": each round's candidates by score
//! ```
//!
//! The group of the best score begins. A group without candidates has no more turns; the others go on. Groups of share 0 have no turns. The
//! shares are not used otherwise: the groups are interleaved one to one, and a share other than the equal one is met by chance only
//! (the breaches say where it is not).
//!
//! Source: A. M. Arafan, D. Graus, F. P. Santos, E. Beauxis-Aussalet, "End-to-end bias mitigation in candidate recommender systems with
//! fairness gates", RecSys in HR 2022, section 3.2: females and males interleaved equally at the top ranks. Here for any number of groups.

use evenhand_catalog::{Allowed, Card, Direction, Entry, Kind, Literal, Parameter};

use crate::pool::{Pool, Standing, Waiting};
use crate::{FloorRule, Ranking, Reason, RerankError, Reranker, Shares, Shortlist};

static CARD: Card = Card {
    id: "pair",
    name: "Pair re-ranker",
    kind: Kind::Reranker,
    summary: "Interleaves the groups: each places its best candidate, then each its second best, and so on. Takes no account of the shares \
              but that a group of share 0 has no turn.",
    formula: "round r: the r-th best candidate of every group that has one; the group of the best score begins",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Arafan, Graus, Santos and Beauxis-Aussalet 2022, section 3.2",
    parameters: &[Parameter {
        name: "turns",
        default: Literal::Text("fixed"),
        allowed: Allowed::OneOf(&["fixed", "by-score"]),
        purpose: "fixed: the groups in the order of their best scores, in every round; by-score: each round's candidates by score",
    }],
};

pub(super) const ENTRY: Entry<dyn Reranker> =
    Entry { card: &CARD, build: |parameters| Ok(Box::new(Pair { by_score: parameters.text("turns") == "by-score" })) };

#[derive(Debug)]
struct Pair {
    by_score: bool,
}

impl Reranker for Pair {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn floors(&self) -> FloorRule {
        FloorRule::Shares
    }

    fn rerank(&self, shortlist: &Shortlist, wanted: &Shares, length: usize, _seed: u64) -> Result<Ranking, RerankError> {
        wanted.check(shortlist)?;
        let pool = Pool::new(shortlist);
        let known = length.min(pool.known());
        let mut standings = Vec::with_capacity(known);
        let mut waiting = Waiting::new(&pool);
        let mut groups: Vec<u32> = (0..pool.groups() as u32).filter(|&group| wanted.of(group) > 0.0).collect();
        let mut ran_out = groups.iter().copied().find(|&group| pool.queue(group).is_empty());
        groups.retain(|&group| !pool.queue(group).is_empty());
        groups.sort_unstable_by_key(|&group| pool.queue(group)[0]);
        let mut round = 0;
        while !groups.is_empty() && standings.len() < known {
            if self.by_score && round > 0 {
                groups.sort_unstable_by_key(|&group| pool.queue(group)[round]);
            }
            for &group in groups.iter().take(known - standings.len()) {
                let rank = pool.queue(group)[round];
                let reason = match ran_out {
                    Some(group) if groups.len() == 1 => Reason::RanOut { group },
                    _ => Reason::Turn { group },
                };
                standings.push(Standing { rank, reason: waiting.reason(rank, reason) });
                waiting.place(rank);
            }
            round += 1;
            ran_out = groups.iter().copied().find(|&group| pool.queue(group).len() == round).or(ran_out);
            groups.retain(|&group| pool.queue(group).len() > round);
        }
        let reason = ran_out.map_or(Reason::Score, |group| Reason::RanOut { group });
        waiting.append_rest(&mut standings, known, reason);
        Ok(Ranking::new(&pool, &standings, wanted, wanted, length))
    }
}
