//! DetConstSort: floors first, then as much of the order by score as they leave.
//!
//! ```text
//! for k = 1, 2, ...: of every group whose floor(k p) rises, the next candidate joins the end of the list, the better score first,
//!                    with k - 1 as its last position (from 0), and moves up past its predecessor while
//!                        the predecessor's score is lower  and  the predecessor may stand one position lower
//! ```
//!
//! p in [0, 1] wanted share of the group. Ends when the list is full. Of equal scores, the one that comes first in the pool counts as the
//! better. Every prefix reaches every floor that the group's candidates can fill, whatever the number of groups (theorem of the source).
//!
//! **In O(n log n).** Call a candidate fixed when it stands at its last position, and those above it with it: nobody can pass. The others
//! (the window) are in the order of their scores, for a newcomer stops only at a better score or at the fixed ones. A newcomer
//! moves everyone worse one position down; whoever thereby comes to the last position fixes the window down to that candidate. A tree
//! over the ranks keeps the distance to the last position and its minimum; so groups that run out, after which candidates may move far,
//! cost no more than others.
//!
//! Source: S. C. Geyik, S. Ambler, K. Kenthapadi, "Fairness-aware ranking in search and recommendation systems with application to
//! LinkedIn talent search", KDD 2019, Algorithm 3. Public code that stores k for k - 1 with positions from 0 (FairRankTune) lets
//! candidates slip one position below their floor.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use evenhand_catalog::{Card, Direction, Entry, Kind};

use crate::pool::{Pool, Standing, Waiting};
use crate::shares::{Floors, NEVER};
use crate::{FloorRule, Ranking, Reason, RerankError, Reranker, Shares, Shortlist};

static CARD: Card = Card {
    id: "det-const-sort",
    name: "DetConstSort",
    kind: Kind::Reranker,
    summary: "Places the candidates that floors ask for, each with the last position that keeps its floor, and sorts by score within \
              these positions. Reaches every floor with any number of groups, unless a group without a whole place to claim keeps its places.",
    formula: "a candidate joins when floor(k p) of its group rises, with last position k - 1, and moves up while its predecessor has a lower \
              score and may move down",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Geyik, Ambler and Kenthapadi 2019, Algorithm 3",
    parameters: &[],
};

pub(super) const ENTRY: Entry<dyn Reranker> = Entry { card: &CARD, build: |_| Ok(Box::new(DetConstSort)) };

#[derive(Debug)]
struct DetConstSort;

impl Reranker for DetConstSort {
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
        let order = order(&pool, wanted, known);
        let mut standings = Vec::with_capacity(known);
        let mut waiting = Waiting::new(&pool);
        let mut counts = vec![0; pool.groups()];
        for rank in order {
            let group = pool.group(rank);
            counts[group as usize] += 1;
            let wanted_count = counts[group as usize];
            let prefix = wanted.due(group, wanted_count);
            let reason = if prefix <= known {
                Reason::Floor { group, wanted: wanted_count, prefix }
            } else {
                Reason::NextFloor { group, wanted: wanted_count, prefix }
            };
            standings.push(Standing { rank, reason: waiting.reason(rank, reason) });
            waiting.place(rank);
        }
        let first_out = (0..pool.groups()).find(|&group| wanted.of(group as u32) > 0.0 && counts[group] == pool.queue(group as u32).len());
        let reason = first_out.map_or(Reason::Score, |group| Reason::RanOut { group: group as u32 });
        waiting.append_rest(&mut standings, known, reason);
        Ok(Ranking::new(&pool, &standings, wanted, wanted, length))
    }
}

/// The candidates of groups with a share, as many as fit.
fn order(pool: &Pool, wanted: &Shares, length: usize) -> Vec<u32> {
    let mut counts = vec![0; pool.groups()];
    let mut window = Window::new(pool.len(), length);
    // The next candidate of each group by the prefix that asks for it, then by score.
    let mut due = BinaryHeap::new();
    let next = |group: u32, count: usize| {
        let at = wanted.due(group, count + 1);
        pool.queue(group).get(count).filter(|_| at != NEVER).map(|&rank| Reverse((at, rank, group)))
    };
    due.extend((0..pool.groups() as u32).filter_map(|group| next(group, 0)));
    let mut joined = 0;
    while joined < length {
        let Some(Reverse((prefix, rank, group))) = due.pop() else { break };
        window.join(rank as usize, prefix - 1);
        joined += 1;
        counts[group as usize] += 1;
        due.extend(next(group, counts[group as usize]));
    }
    window.close()
}

/// The list so far: the fixed part, and the window of those that may still move, held by rank in a binary tree.
#[derive(Debug)]
struct Window {
    fixed: Vec<u32>,
    /// Leaves of the tree; node 1 is the root, the children of node i are 2 i and 2 i + 1.
    leaves: usize,
    nodes: Vec<Node>,
    length: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// Candidates of the window below this node.
    count: u32,
    /// Of those, the least number of positions that one may move down; less what is to be added above this node.
    least: i32,
    /// To be added to all below; already in `least`.
    add: i32,
}

impl Node {
    fn least(&self) -> i32 {
        if self.count == 0 { i32::MAX } else { self.least }
    }
}

impl Window {
    fn new(ranks: usize, length: usize) -> Self {
        let leaves = ranks.next_power_of_two();
        Window { fixed: Vec::with_capacity(length), leaves, nodes: vec![Node::default(); 2 * leaves], length }
    }

    /// A candidate joins at the end, moves up to its place, and fixes whom it brings to the last position.
    fn join(&mut self, rank: usize, last: usize) {
        let leaf = self.leaves + rank;
        let (mut better, mut add) = (0, 0);
        let mut node = leaf;
        while node > 1 {
            if !node.is_multiple_of(2) {
                better += self.nodes[node - 1].count as usize;
            }
            node /= 2;
            add += self.nodes[node].add;
        }
        // Positions beyond the list are all one: nobody is moved there.
        let room = last.min(self.length) as i32 - (self.fixed.len() + better) as i32;
        self.nodes[leaf] = Node { count: 1, least: room - add, add: 0 };
        node = leaf;
        while node > 1 {
            if node.is_multiple_of(2) {
                let worse = &mut self.nodes[node + 1];
                worse.add -= 1;
                worse.least -= 1;
            }
            node /= 2;
            self.update(node);
        }
        if self.nodes[1].least() <= 0 {
            let rank = self.last_fixed();
            self.fix(1, 0, self.leaves, rank);
        }
    }

    fn update(&mut self, node: usize) {
        let (left, right) = (self.nodes[2 * node], self.nodes[2 * node + 1]);
        let this = &mut self.nodes[node];
        this.count = left.count + right.count;
        if this.count > 0 {
            this.least = left.least().min(right.least()) + this.add;
        }
    }

    /// The worst rank that may not move down any more.
    fn last_fixed(&self) -> usize {
        let (mut node, mut above) = (1, 0);
        while node < self.leaves {
            above += self.nodes[node].add;
            let right = self.nodes[2 * node + 1];
            node = 2 * node + usize::from(right.count > 0 && right.least + above <= 0);
        }
        node - self.leaves
    }

    /// Moves the candidates below this node, which spans `width` ranks from `first`, down to the rank `last` from the window to the fixed part.
    fn fix(&mut self, node: usize, first: usize, width: usize, last: usize) {
        if first > last || self.nodes[node].count == 0 {
            return;
        }
        if width == 1 {
            self.fixed.push(first as u32);
            self.nodes[node].count = 0;
            return;
        }
        self.fix(2 * node, first, width / 2, last);
        self.fix(2 * node + 1, first + width / 2, width / 2, last);
        self.update(node);
    }

    /// The whole list.
    fn close(mut self) -> Vec<u32> {
        self.fix(1, 0, self.leaves, usize::MAX);
        self.fixed
    }
}
