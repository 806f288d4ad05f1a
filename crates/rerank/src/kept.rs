//! No group is thrown off a list by rounding.
//!
//! ```text
//! least(g) = min(floor, by score)     floor = floor(K p(g)) >= 1, K places of known group; by score: count of g among the best by score, as many as the list is long
//!            by score                 floor = 0, p(g) > 0
//! ```
//!
//! A floor of 0 is no ceiling of 0: a group of 1 % has no place to claim among ten, and a method that fills lists by floors alone leaves its best candidate out, who ranked
//! first. The sum of least(g) is at most the length of the list, as the counts by score are, so that there is always somebody to give way: the last candidate
//! of a group that has more than its least, first of those that have more than their floor, too. Where no group has a whole place to claim, nobody does, and the list
//! is that by score. [`Shares::as_published`] leaves the methods as their papers write them.
//!
//! Whoever comes back takes the first place at which the next candidate scores lower, if all that follow may stand one place lower without missing a floor that
//! they keep; else a later one.

use evenhand_rows::UNKNOWN;

use crate::Reason;
use crate::pool::{Pool, Standing};
use crate::shares::{Floors, NEVER, Shares};

/// The list with those that it must not leave out.
pub(crate) fn keep(pool: &Pool, mut standings: Vec<Standing>, floors: &impl Floors, wanted: &Shares) -> Vec<Standing> {
    if wanted.are_as_published() {
        return standings;
    }
    // Who takes the place of a candidate of unknown group lengthens the prefix by which floors are counted, so that a floor may rise.
    while let Some(kept) = kept(pool, &standings, floors, wanted) {
        standings = kept;
    }
    standings
}

/// The list with those that are missing; `None` where nobody is.
fn kept(pool: &Pool, standings: &[Standing], floors: &impl Floors, wanted: &Shares) -> Option<Vec<Standing>> {
    let groups = pool.groups();
    let slot = |rank: u32| match pool.group(rank) {
        UNKNOWN => groups,
        group => group as usize,
    };
    let mut counts = vec![0_usize; groups + 1];
    let mut by_score = vec![0_usize; groups + 1];
    for standing in standings {
        counts[slot(standing.rank)] += 1;
    }
    for rank in 0..standings.len() as u32 {
        by_score[slot(rank)] += 1;
    }
    let known = standings.len() - counts[groups];
    let least = |group: usize| {
        let share = wanted.of(group as u32);
        match wanted.floor(group as u32, known) {
            _ if share <= 0.0 => 0,
            0 => by_score[group],
            floor => floor.min(by_score[group]),
        }
    };
    let mut least: Vec<usize> = (0..groups).map(least).collect();
    let mut back: Vec<u32> =
        (0..groups).flat_map(|group| pool.queue(group as u32).get(counts[group]..least[group]).unwrap_or_default()).copied().collect();
    if back.is_empty() {
        return None;
    }
    back.sort_unstable();
    // Candidates of unknown group give way only beyond what the list by score has of them.
    least.push(by_score[groups]);
    let stays = give_way(standings, back.len(), &mut counts, slot, |slot| {
        let floor = if slot < groups { floors.floor(slot as u32, known) } else { 0 };
        [least[slot].max(floor), least[slot]]
    });
    Some(insert(pool, &stays, &back, floors))
}

/// The list without so many: from its end those whose group has more than the first bound, then those with more than the second.
fn give_way(
    standings: &[Standing],
    mut many: usize,
    counts: &mut [usize],
    slot: impl Fn(u32) -> usize,
    bounds: impl Fn(usize) -> [usize; 2],
) -> Vec<Standing> {
    let mut stays = vec![true; standings.len()];
    for bound in 0..2 {
        for (place, standing) in standings.iter().enumerate().rev() {
            let slot = slot(standing.rank);
            if many > 0 && stays[place] && counts[slot] > bounds(slot)[bound] {
                (stays[place], counts[slot], many) = (false, counts[slot] - 1, many - 1);
            }
        }
    }
    standings.iter().zip(stays).filter_map(|(standing, stays)| stays.then_some(*standing)).collect()
}

fn insert(pool: &Pool, stays: &[Standing], back: &[u32], floors: &impl Floors) -> Vec<Standing> {
    // By how many places each candidate, and all that follow, may move down.
    let mut counts = vec![0; pool.groups()];
    let mut known = 0;
    let mut room: Vec<usize> = stays
        .iter()
        .map(|standing| match pool.group(standing.rank) {
            UNKNOWN => NEVER,
            group => {
                known += 1;
                counts[group as usize] += 1;
                // Whoever comes too late already does not come later because others are held back.
                floors.due(group, counts[group as usize]).checked_sub(known).unwrap_or(NEVER)
            }
        })
        .collect();
    for place in (1..room.len()).rev() {
        room[place - 1] = room[place - 1].min(room[place]);
    }
    // Candidates of each group that have yet to come before one that is back may.
    let mut left = counts;
    let mut list = Vec::with_capacity(stays.len() + back.len());
    let mut waiting = back.to_vec();
    for (place, standing) in stays.iter().enumerate() {
        while back.len() - waiting.len() < room[place] {
            let better = waiting.iter().take_while(|rank| **rank < standing.rank);
            let Some(next) = better.map(|rank| pool.group(*rank)).position(|group| left[group as usize] == 0) else { break };
            list.push(returned(pool, waiting.remove(next)));
        }
        list.push(*standing);
        if let Some(left) = left.get_mut(pool.group(standing.rank) as usize) {
            *left -= 1;
        }
    }
    list.extend(waiting.into_iter().map(|rank| returned(pool, rank)));
    list
}

fn returned(pool: &Pool, rank: u32) -> Standing {
    Standing { rank, reason: Reason::Kept { group: pool.group(rank) } }
}
