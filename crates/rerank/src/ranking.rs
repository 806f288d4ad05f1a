use evenhand_rows::UNKNOWN;

use crate::kept;
use crate::pool::{Pool, Standing};
use crate::shares::{Floors, Shares};

/// What a method's [`Ranking::breaches`] are counted against. Only under [`FloorRule::Shares`] does an empty list mean that every prefix
/// shows the wanted shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloorRule {
    /// floor(k p) of every group in every prefix k.
    Shares,
    /// Minima of the method's own, which its Card describes.
    Own,
    /// The method sets none, and has no breaches however few of a group its prefixes show.
    None,
}

/// Candidates in their new order.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// Best first.
    pub places: Vec<Place>,
    /// Where a floor is not reached, by group and then by prefix; empty when all floors are, or when the method sets none.
    pub breaches: Vec<Breach>,
    /// How this order was chosen among several; `None` for a method that makes one order only.
    pub draw: Option<Draw>,
}

/// One order of several that keep a promise together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw {
    /// Probability of this order, in (0, 1].
    pub probability: f64,
    /// Orders with a probability above 0.
    pub orders: usize,
    /// How much of the wanted exposure the lists can give, in [0, 1]: 1 all of it, 0 no more than the groups' shares of the pool.
    pub reached: f64,
}

/// One place of a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Position of the candidate in the shortlist, from 0.
    pub candidate: usize,
    /// The candidate's rank by score alone, from 1.
    pub rank_by_score: usize,
    /// Why the candidate stands here.
    pub reason: Reason,
}

/// Why a candidate stands where it stands. Prefixes count candidates of known group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The best score of those still waiting.
    Score,
    /// The group's wanted count in a prefix had to be reached.
    Floor {
        /// The group of the candidate.
        group: u32,
        /// Its wanted count among the first `prefix` places.
        wanted: usize,
        /// Length of the prefix.
        prefix: usize,
    },
    /// No floor asks for anybody yet; this group's next floor comes soonest.
    NextFloor {
        /// The group of the candidate.
        group: u32,
        /// Its wanted count among the first `prefix` places.
        wanted: usize,
        /// Length of the prefix, which may be longer than the list.
        prefix: usize,
    },
    /// Better scores wait, for their groups have as many as they may have in this prefix.
    Ceiling {
        /// The group of the best score that waits.
        group: u32,
        /// Its largest wanted count among the first `prefix` places.
        allowed: usize,
        /// Length of the prefix.
        prefix: usize,
    },
    /// It is the group's turn.
    Turn {
        /// The group of the candidate.
        group: u32,
    },
    /// Better scores wait so that this group is seen as much as wanted, on average over the orders of the draw.
    Exposure {
        /// The group of the candidate.
        group: u32,
    },
    /// The list by score has the candidate, and without it the method's list would show fewer of the group than both that one and the group's floor.
    Kept {
        /// The group of the candidate.
        group: u32,
    },
    /// Another group should have been here but has no candidate left.
    RanOut {
        /// The group without candidates.
        group: u32,
    },
    /// The candidate's group is not known; its score is higher than that of the candidate whose turn it was, or nobody else is left.
    GroupUnknown,
}

impl Reason {
    /// The reason in words, for a table. `levels` are the names of the groups.
    pub fn text(&self, levels: &[String]) -> String {
        let name = |group: &u32| levels.get(*group as usize).map_or("unknown", String::as_str);
        match self {
            Reason::Score => "best score".to_owned(),
            Reason::Floor { group, wanted, prefix } => format!("floor for {} at {prefix} reached ({wanted})", name(group)),
            Reason::NextFloor { group, wanted, prefix } => format!("next floor is that for {} at {prefix} ({wanted})", name(group)),
            Reason::Ceiling { group, allowed, prefix } => format!("ceiling for {} at {prefix} reached ({allowed})", name(group)),
            Reason::Turn { group } => format!("turn of {}", name(group)),
            Reason::Exposure { group } => format!("exposure of {}", name(group)),
            Reason::Kept { group } => format!("kept, as by score {} has no fewer", name(group)),
            Reason::RanOut { group } => format!("no more of {}", name(group)),
            Reason::GroupUnknown => "by score, group unknown".to_owned(),
        }
    }
}

/// A run of prefixes that show fewer of a group than the method owes it. Prefixes count candidates of known group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breach {
    /// The group.
    pub group: u32,
    /// The first prefix below the floor.
    pub from: usize,
    /// The last prefix below the floor.
    pub to: usize,
    /// The largest gap between floor and count in the run.
    pub missing: usize,
    /// Whether all candidates of the group stand above the end of the run, so that no order of the rest could close it.
    pub ran_out: bool,
}

impl Ranking {
    /// Lets the candidates of unknown group in by their scores, cuts the list, keeps whom rounding would throw off it, and says which floors it misses.
    pub(crate) fn new(pool: &Pool, known: &[Standing], floors: &impl Floors, wanted: &Shares, length: usize) -> Self {
        let length = length.min(pool.len());
        let mut standings = Vec::with_capacity(length);
        let mut known = known.iter().peekable();
        let mut unknown = pool.unknown().iter().peekable();
        while standings.len() < length {
            let first = unknown.next_if(|rank| match known.peek() {
                Some(Standing { reason: Reason::Floor { .. }, .. }) => false,
                Some(standing) => **rank < standing.rank,
                None => true,
            });
            match first {
                Some(&rank) => standings.push(Standing { rank, reason: Reason::GroupUnknown }),
                None => match known.next() {
                    Some(standing) => standings.push(*standing),
                    None => break,
                },
            }
        }
        let standings = kept::keep(pool, standings, floors, wanted);
        let of_known_group: Vec<Standing> = standings.iter().copied().filter(|standing| pool.group(standing.rank) != UNKNOWN).collect();
        let place = |standing: &Standing| Place {
            candidate: pool.candidate(standing.rank),
            rank_by_score: standing.rank as usize + 1,
            reason: standing.reason,
        };
        Ranking { places: standings.iter().map(place).collect(), breaches: breaches(pool, &of_known_group, floors), draw: None }
    }
}

/// The runs of prefixes below a floor: count m of a group is missing from the prefix at which it is due to the last one before its place.
fn breaches(pool: &Pool, known: &[Standing], floors: &impl Floors) -> Vec<Breach> {
    let groups = pool.groups() as u32;
    let mut counts = vec![0; pool.groups()];
    // The prefix at which the next one of each group is due.
    let mut due: Vec<usize> = (0..groups).map(|group| floors.due(group, 1)).collect();
    let mut found = Vec::new();
    let mut record = |group: u32, count: usize, due: usize, last: usize| {
        let missing = floors.floor(group, last) - count;
        let ran_out = count == pool.queue(group).len();
        found.push(Breach { group, from: due, to: last, missing, ran_out });
    };
    for (position, standing) in known.iter().enumerate() {
        let group = pool.group(standing.rank);
        let slot = group as usize;
        if due[slot] <= position {
            record(group, counts[slot], due[slot], position);
        }
        counts[slot] += 1;
        due[slot] = floors.due(group, counts[slot] + 1);
    }
    for group in 0..groups {
        let slot = group as usize;
        if due[slot] <= known.len() {
            record(group, counts[slot], due[slot], known.len());
        }
    }
    joined(found)
}

/// Runs of one group that touch or overlap become one.
fn joined(mut runs: Vec<Breach>) -> Vec<Breach> {
    runs.sort_unstable_by_key(|run| (run.group, run.from, run.to));
    let mut joined: Vec<Breach> = Vec::with_capacity(runs.len());
    for run in runs {
        match joined.last_mut().filter(|last| last.group == run.group && run.from <= last.to + 1) {
            Some(last) => {
                last.to = run.to;
                last.missing = last.missing.max(run.missing);
                last.ran_out = run.ran_out;
            }
            None => joined.push(run),
        }
    }
    joined
}
