//! Lists filled from the top, between floors and ceilings: what `det-greedy`, `det-cons` and `det-relaxed` share.
//!
//! ```text
//! place k = 1, 2, ...:   below floor   = { g : count(g) < floor(k p(g)) }     if any: its best score
//!                        below ceiling = { g : count(g) < ceil(k p(g)) }      else: as the method prefers
//! ```
//!
//! A group can change its side only at the prefix where its floor or its ceiling passes its count, and that prefix is known when the
//! count changes. So each candidate placed causes at most four entries in queues of at most one live entry a group: O(n log n) for the pool,
//! whatever the number of groups. An entry whose count is no longer the group's is passed over.
//!
//! Where no group is below its floor, a group below its ceiling has exactly floor(k p) places, so the floor it reaches next, count + 1,
//! is due at a prefix that does not depend on k: the preference of `det-cons` and `det-relaxed` changes with the count only.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::pool::{Pool, Standing, Waiting};
use crate::shares::{self, Floors, NEVER, Shares};
use crate::{Ranking, Reason, RerankError, Shortlist};

/// Whom a method takes when no floor asks for anybody: the group below its ceiling with the smallest key, then the better score.
pub(crate) trait Preference {
    /// `share` above 0; `next` is the count that the group would have.
    fn key(&self, share: f64, next: usize) -> u64;

    /// Whether the key is the prefix at which the group's next floor is due, rather than nothing.
    const BY_NEXT_FLOOR: bool;
}

/// A group in a queue, as long as it has this count: the smallest key first, then the best score.
type Entry = Reverse<(u64, u32, u32, u32)>;

#[derive(Debug)]
struct Fill<'p, 'a> {
    pool: &'p Pool<'a>,
    wanted: &'p Shares,
    counts: Vec<u32>,
    waiting: Waiting<'p, 'a>,
    /// The first group that had no candidate left.
    ran_out: Option<u32>,
}

impl Fill<'_, '_> {
    fn head(&self, group: u32) -> Option<u32> {
        self.pool.queue(group).get(self.counts[group as usize] as usize).copied()
    }

    fn entry(&self, group: u32, key: u64) -> Option<Entry> {
        self.head(group).map(|rank| Reverse((key, rank, group, self.counts[group as usize])))
    }

    /// The first group of the queue whose entry still holds.
    fn first(&self, queue: &mut BinaryHeap<Entry>) -> Option<u32> {
        while let Some(&Reverse((_, _, group, count))) = queue.peek() {
            if self.counts[group as usize] == count {
                return Some(group);
            }
            queue.pop();
        }
        None
    }

    /// Moves the groups whose prefix has come into their queue.
    fn open(
        &self,
        events: &mut BinaryHeap<Reverse<(usize, u32, u32)>>,
        prefix: usize,
        queue: &mut BinaryHeap<Entry>,
        key: impl Fn(u32) -> u64,
    ) {
        while let Some(&Reverse((_, group, count))) = events.peek().filter(|Reverse((at, ..))| *at <= prefix) {
            events.pop();
            if self.counts[group as usize] == count {
                queue.extend(self.entry(group, key(group)));
            }
        }
    }
}

/// Ranks the list between floors and ceilings.
pub(crate) fn rerank(shortlist: &Shortlist, wanted: &Shares, length: usize, preference: &impl Preference) -> Result<Ranking, RerankError> {
    wanted.check(shortlist)?;
    let pool = Pool::new(shortlist);
    let standings = fill(&pool, wanted, length.min(pool.known()), preference);
    Ok(Ranking::new(&pool, &standings, wanted, wanted, length))
}

fn fill<P: Preference>(pool: &Pool, wanted: &Shares, length: usize, preference: &P) -> Vec<Standing> {
    let mut fill = Fill { pool, wanted, counts: vec![0; pool.groups()], waiting: Waiting::new(pool), ran_out: None };
    let mut standings = Vec::with_capacity(length);
    let (mut floors, mut ceilings) = (BinaryHeap::new(), BinaryHeap::new());
    let (mut below_floor, mut below_ceiling) = (BinaryHeap::new(), BinaryHeap::new());
    // Groups with candidates, whatever their ceiling: needed only after a group has run out.
    let mut any: Option<BinaryHeap<Entry>> = None;
    let key = |counts: &[u32], group: u32| preference.key(wanted.of(group), counts[group as usize] as usize + 1);
    for group in (0..pool.groups() as u32).filter(|&group| wanted.of(group) > 0.0) {
        if pool.queue(group).is_empty() {
            fill.ran_out = fill.ran_out.or(Some(group));
        }
        floors.push(Reverse((wanted.due(group, 1), group, 0)));
        ceilings.push(Reverse((shares::rises(wanted.of(group), 0), group, 0)));
    }
    while standings.len() < length {
        let prefix = standings.len() + 1;
        fill.open(&mut floors, prefix, &mut below_floor, |_| 0);
        fill.open(&mut ceilings, prefix, &mut below_ceiling, |group| key(&fill.counts, group));
        let (group, reason) = if let Some(group) = fill.first(&mut below_floor) {
            (group, Reason::Floor { group, wanted: wanted.floor(group, prefix), prefix })
        } else if let Some(group) = fill.first(&mut below_ceiling) {
            (group, fill.preferred::<P>(group, prefix))
        } else {
            let any = any.get_or_insert_with(|| {
                let open = (0..pool.groups() as u32).filter(|&group| wanted.of(group) > 0.0);
                open.filter_map(|group| fill.entry(group, key(&fill.counts, group))).collect()
            });
            match fill.first(any) {
                Some(group) => (group, fill.passed_over()),
                None => break,
            }
        };
        let Some(rank) = fill.head(group) else { break };
        standings.push(Standing { rank, reason: fill.waiting.reason(rank, reason) });
        fill.waiting.place(rank);
        let count = fill.counts[group as usize] + 1;
        fill.counts[group as usize] = count;
        if fill.head(group).is_none() {
            fill.ran_out = fill.ran_out.or(Some(group));
            continue;
        }
        let share = wanted.of(group);
        for (events, at) in [(&mut floors, wanted.due(group, count as usize + 1)), (&mut ceilings, shares::rises(share, count as usize))] {
            if at != NEVER {
                events.push(Reverse((at, group, count)));
            }
        }
        if let Some(any) = &mut any {
            any.extend(fill.entry(group, key(&fill.counts, group)));
        }
    }
    let reason = fill.passed_over();
    fill.waiting.append_rest(&mut standings, length, reason);
    standings
}

impl Fill<'_, '_> {
    /// Why a group below its ceiling is taken although a better score waits.
    fn preferred<P: Preference>(&mut self, group: u32, prefix: usize) -> Reason {
        if P::BY_NEXT_FLOOR {
            let next = self.counts[group as usize] as usize + 1;
            return Reason::NextFloor { group, wanted: next, prefix: self.wanted.due(group, next) };
        }
        match self.waiting.best_group() {
            Some(group) => Reason::Ceiling { group, allowed: self.wanted.ceiling(group, prefix), prefix },
            None => Reason::Score,
        }
    }

    /// Why a group beyond its ceiling is taken.
    fn passed_over(&self) -> Reason {
        self.ran_out.map_or(Reason::Score, |group| Reason::RanOut { group })
    }
}
