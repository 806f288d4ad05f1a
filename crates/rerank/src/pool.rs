//! The candidates of a list by score, and by score within their groups.

use evenhand_rows::UNKNOWN;

use crate::{Reason, Shortlist};

/// A candidate of known group on its way into a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Rank by score, from 0.
    pub(crate) rank: u32,
    pub(crate) reason: Reason,
}

/// Candidates are known by their rank by score, from 0: the lower rank has the higher score, or comes first in the list.
#[derive(Debug)]
pub(crate) struct Pool<'a> {
    groups: &'a [u32],
    /// Position in the list, by rank.
    order: Vec<u32>,
    /// Ranks, group by group, ascending within a group; those of unknown group last.
    members: Vec<u32>,
    /// Where the members of each group begin; one more for the unknown group, one more for the end.
    starts: Vec<u32>,
}

impl<'a> Pool<'a> {
    pub(crate) fn new(shortlist: &Shortlist<'a>) -> Self {
        let mut keyed: Vec<(u64, u32)> = (0..).zip(shortlist.scores()).map(|(position, &score)| (descending(score), position)).collect();
        keyed.sort_unstable();
        let order: Vec<u32> = keyed.into_iter().map(|(_, position)| position).collect();

        let groups = shortlist.groups();
        let levels = shortlist.levels().len();
        let slot = |code: u32| if code == UNKNOWN { levels } else { code as usize };
        let mut starts = vec![0_u32; levels + 2];
        for &code in groups {
            starts[slot(code) + 1] += 1;
        }
        for position in 1..starts.len() {
            starts[position] += starts[position - 1];
        }
        let mut next = starts.clone();
        let mut members = vec![0; groups.len()];
        for (rank, &candidate) in (0..).zip(&order) {
            let free = &mut next[slot(groups[candidate as usize])];
            members[*free as usize] = rank;
            *free += 1;
        }
        Pool { groups, order, members, starts }
    }

    /// Number of candidates.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// Number of candidates of known group.
    pub(crate) fn known(&self) -> usize {
        self.starts[self.groups()] as usize
    }

    /// Number of groups, whether they have candidates or not.
    pub(crate) fn groups(&self) -> usize {
        self.starts.len() - 2
    }

    /// Ranks of a group's candidates, ascending.
    pub(crate) fn queue(&self, group: u32) -> &[u32] {
        self.slice(group as usize)
    }

    /// Ranks of the candidates of unknown group, ascending.
    pub(crate) fn unknown(&self) -> &[u32] {
        self.slice(self.groups())
    }

    fn slice(&self, slot: usize) -> &[u32] {
        &self.members[self.starts[slot] as usize..self.starts[slot + 1] as usize]
    }

    /// Position in the list of the candidate of this rank.
    pub(crate) fn candidate(&self, rank: u32) -> usize {
        self.order[rank as usize] as usize
    }

    /// Group of the candidate of this rank.
    pub(crate) fn group(&self, rank: u32) -> u32 {
        self.groups[self.candidate(rank)]
    }
}

/// A whole number that is lower for the higher score; equal for 0 and -0.
fn descending(score: f64) -> u64 {
    let bits = (score + 0.0).to_bits();
    let ascending = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    !ascending
}

/// Which candidates of known group still wait, and the best of them.
#[derive(Debug)]
pub(crate) struct Waiting<'p, 'a> {
    pool: &'p Pool<'a>,
    placed: Vec<bool>,
    best: usize,
}

impl<'p, 'a> Waiting<'p, 'a> {
    pub(crate) fn new(pool: &'p Pool<'a>) -> Self {
        let mut placed = vec![false; pool.len()];
        for &rank in pool.unknown() {
            placed[rank as usize] = true;
        }
        Waiting { pool, placed, best: 0 }
    }

    /// Rank of the best candidate of known group that waits.
    pub(crate) fn best(&mut self) -> Option<u32> {
        while *self.placed.get(self.best)? {
            self.best += 1;
        }
        Some(self.best as u32)
    }

    pub(crate) fn place(&mut self, rank: u32) {
        self.placed[rank as usize] = true;
    }

    /// The reason of the candidate of this rank: `otherwise`, unless it is the best that waits.
    pub(crate) fn reason(&mut self, rank: u32, otherwise: Reason) -> Reason {
        if self.best() == Some(rank) { Reason::Score } else { otherwise }
    }

    /// Those that wait, best first, for as long as the list has room.
    pub(crate) fn append_rest(mut self, standings: &mut Vec<Standing>, length: usize, reason: Reason) {
        while let Some(rank) = self.best().filter(|_| standings.len() < length) {
            standings.push(Standing { rank, reason });
            self.place(rank);
        }
    }

    pub(crate) fn best_group(&mut self) -> Option<u32> {
        self.best().map(|rank| self.pool.group(rank))
    }
}
