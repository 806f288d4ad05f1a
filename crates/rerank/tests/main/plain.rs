//! The methods of Geyik et al. written down as their paper has them, place by place, without any thought of speed, and the pair re-ranker as one
//! sort: the oracles of ours.
//!
//! A list is the string of its groups in the order of the scores. Where the paper is silent (a group runs out, a share of 0) they do what
//! the documentation of the crate says.

/// floor(k p) and ceil(k p) in whole numbers: shares are `parts` of their sum.
pub(crate) struct Bounds<'a>(pub(crate) &'a [usize]);

impl Bounds<'_> {
    fn sum(&self) -> usize {
        self.0.iter().sum()
    }

    pub(crate) fn floor(&self, group: usize, prefix: usize) -> usize {
        prefix * self.0[group] / self.sum()
    }

    pub(crate) fn ceiling(&self, group: usize, prefix: usize) -> usize {
        (prefix * self.0[group]).div_ceil(self.sum())
    }

    pub(crate) fn shares(&self) -> Vec<f64> {
        self.0.iter().map(|&part| part as f64 / self.sum() as f64).collect()
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Which {
    Greedy,
    Cons,
    Relaxed,
}

/// Ranks in their new order.
pub(crate) fn bounded(which: Which, groups: &[usize], bounds: &Bounds, length: usize) -> Vec<usize> {
    let mut list: Vec<usize> = Vec::new();
    while list.len() < length.min(groups.len()) {
        let prefix = list.len() + 1;
        let count = |group: usize| list.iter().filter(|&&rank| groups[rank] == group).count();
        let head = |group: usize| (0..groups.len()).find(|rank| groups[*rank] == group && !list.contains(rank));
        let open: Vec<usize> = (0..bounds.0.len()).filter(|&group| bounds.0[group] > 0 && head(group).is_some()).collect();
        let below_floor: Vec<usize> = open.iter().copied().filter(|&group| count(group) < bounds.floor(group, prefix)).collect();
        let below_ceiling: Vec<usize> = open.iter().copied().filter(|&group| count(group) < bounds.ceiling(group, prefix)).collect();
        // Cross-multiplied: next / p for the group, in multiples of the common denominator of all p.
        let product: usize = bounds.0.iter().filter(|part| **part > 0).product();
        let key = |group: usize, next: usize| match which {
            Which::Greedy => 0,
            Which::Cons => next * product / bounds.0[group],
            Which::Relaxed => (next * bounds.sum()).div_ceil(bounds.0[group]),
        };
        let best = |groups: &[usize], key: &dyn Fn(usize) -> usize| groups.iter().copied().min_by_key(|&group| (key(group), head(group)));
        let next = best(&below_floor, &|_| 0)
            .or_else(|| best(&below_ceiling, &|group| key(group, bounds.ceiling(group, prefix))))
            .or_else(|| best(&open, &|group| key(group, count(group) + 1)));
        let next = next.map_or_else(|| (0..groups.len()).find(|rank| !list.contains(rank)), head);
        list.push(next.unwrap());
    }
    list
}

/// DetConstSort; `slack` is added to the last positions (0 is right, 1 the published off-by-one).
pub(crate) fn const_sort(groups: &[usize], bounds: &Bounds, length: usize, slack: usize) -> Vec<usize> {
    let length = length.min(groups.len());
    let queue = |group: usize| (0..groups.len()).filter(|&rank| groups[rank] == group).collect::<Vec<_>>();
    let queues: Vec<Vec<usize>> = (0..bounds.0.len()).map(queue).collect();
    let mut counts = vec![0; bounds.0.len()];
    let mut list: Vec<(usize, usize)> = Vec::new();
    let mut prefix = 0;
    while list.len() < length && (0..counts.len()).any(|group| bounds.0[group] > 0 && counts[group] < queues[group].len()) {
        prefix += 1;
        let risen = |group: &usize| counts[*group] < queues[*group].len() && counts[*group] < bounds.floor(*group, prefix);
        let mut risen: Vec<usize> = (0..counts.len()).filter(risen).collect();
        risen.sort_by_key(|&group| queues[group][counts[group]]);
        for group in risen {
            if list.len() == length {
                break;
            }
            list.push((queues[group][counts[group]], prefix - 1 + slack));
            counts[group] += 1;
            let mut at = list.len() - 1;
            while at > 0 && list[at - 1].1 >= at && list[at - 1].0 > list[at].0 {
                list.swap(at - 1, at);
                at -= 1;
            }
        }
    }
    let mut ranks: Vec<usize> = list.into_iter().map(|(rank, _)| rank).collect();
    let rest: Vec<usize> = (0..groups.len()).filter(|rank| !ranks.contains(rank)).collect();
    ranks.extend(rest.into_iter().take(length - ranks.len()));
    ranks
}

/// The pair re-ranker. No rounds are played: a candidate's round is the number of better ones in the group, and a key sorts all of them.
pub(crate) fn pair(groups: &[usize], parts: &[usize], by_score: bool, length: usize) -> Vec<usize> {
    let key = |&rank: &usize| {
        let best = groups.iter().position(|&group| group == groups[rank]).unwrap();
        let round = groups[..rank].iter().filter(|&&group| group == groups[rank]).count();
        match (parts[groups[rank]], by_score) {
            (0, _) => (usize::MAX, rank),
            (_, true) => (round, rank),
            (_, false) => (round, best),
        }
    };
    let mut ranks: Vec<usize> = (0..groups.len()).collect();
    ranks.sort_by_key(key);
    ranks.truncate(length);
    ranks
}
