//! Wanted shares, and the counts they ask for in a prefix.
//!
//! ```text
//! floor(k) = floor(k p)      ceiling(k) = ceil(k p)       p in [0, 1] wanted share, k length of the prefix (evenhand_rows::floors)
//! due(m)   = the first prefix whose floor is m            rises(c) = the first prefix whose ceiling is above c
//! ```

use evenhand_rows::UNKNOWN;
use evenhand_rows::floors::{ceiling, floor, rounding};

use crate::{RerankError, Shortlist};

/// A prefix that no list reaches.
pub(crate) const NEVER: usize = usize::MAX;

/// Wanted share of each group among the candidates of known group, in the order of the levels.
///
/// Not negative; their sum is 1, or 0 where the pool has nobody of known group and nothing is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    values: Vec<f64>,
    as_published: bool,
}

/// Where the wanted shares of a list come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// The same share for every group that has a candidate in the pool.
    Equal,
    /// The shares of the pool's own candidates of known group.
    Pool,
    /// A share by group name, one for each group of the list.
    Given(Vec<(String, f64)>),
}

impl Target {
    /// The shares that this target means for this list.
    pub fn shares(&self, shortlist: &Shortlist) -> Result<Shares, RerankError> {
        match self {
            Target::Equal => Ok(Shares::equal(shortlist)),
            Target::Pool => Ok(Shares::pool(shortlist)),
            Target::Given(shares) => Shares::given(shortlist.levels(), shares),
        }
    }
}

impl Shares {
    /// The same share for every group that has a candidate in the pool, 0 for the others.
    pub fn equal(shortlist: &Shortlist) -> Self {
        let sizes = shortlist.sizes();
        let present = sizes.iter().filter(|size| **size > 0).count().max(1) as f64;
        Shares::of_values(sizes.iter().map(|&size| if size > 0 { 1.0 / present } else { 0.0 }).collect())
    }

    /// Each group's share among the candidates of known group in the pool.
    pub fn pool(shortlist: &Shortlist) -> Self {
        let sizes = shortlist.sizes();
        let total = sizes.iter().sum::<usize>().max(1) as f64;
        Shares::of_values(sizes.iter().map(|&size| size as f64 / total).collect())
    }

    /// Shares by group name: one for each level, in any order, adding up to 1 within a millionth.
    pub fn given(levels: &[String], shares: &[(String, f64)]) -> Result<Self, RerankError> {
        let mut found = vec![None; levels.len()];
        for (group, share) in shares {
            let level = levels
                .iter()
                .position(|level| level == group)
                .ok_or_else(|| RerankError::UnknownGroup { group: group.clone(), known: levels.join(", ") })?;
            if found[level].replace(*share).is_some() {
                return Err(RerankError::RepeatedShare { group: group.clone() });
            }
        }
        let ordered =
            found.iter().zip(levels).map(|(share, group)| share.ok_or_else(|| RerankError::MissingShare { group: group.clone() }));
        Shares::in_order(levels, ordered.collect::<Result<_, _>>()?)
    }

    /// Shares in the order of the levels, adding up to 1 within a millionth.
    pub fn in_order(levels: &[String], shares: Vec<f64>) -> Result<Self, RerankError> {
        if shares.len() != levels.len() {
            return Err(RerankError::ShareCount { shares: shares.len(), levels: levels.len() });
        }
        if let Some((group, &share)) = levels.iter().zip(&shares).find(|(_, share)| !(0.0..=1.0).contains(*share)) {
            return Err(RerankError::BadShare { group: group.clone(), share });
        }
        let sum: f64 = shares.iter().sum();
        if (sum - 1.0).abs() > 1e-6 {
            return Err(RerankError::SharesSum { sum });
        }
        // Shares that add up but for rounding stay as they were typed.
        let divisor = if (sum - 1.0).abs() <= 1e-12 { 1.0 } else { sum };
        Ok(Shares::of_values(shares.into_iter().map(|share| share / divisor).collect()))
    }

    fn of_values(values: Vec<f64>) -> Self {
        Shares { values, as_published: false }
    }

    /// The same shares for methods as their papers write them: they may leave out whoever has no whole place to claim, also one who ranks first by score.
    #[must_use]
    pub fn as_published(self) -> Self {
        Shares { as_published: true, ..self }
    }

    /// Whether methods follow their papers even where they throw a group off the list.
    pub(crate) fn are_as_published(&self) -> bool {
        self.as_published
    }

    /// The shares, in the order of the levels.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The wanted share of a group; 0 for [`UNKNOWN`].
    pub fn of(&self, group: u32) -> f64 {
        if group == UNKNOWN { 0.0 } else { self.values[group as usize] }
    }

    /// The fewest of the group that are wanted among the first `prefix` candidates of known group.
    pub fn floor(&self, group: u32, prefix: usize) -> usize {
        floor(self.of(group), prefix)
    }

    /// The most of the group that are wanted among the first `prefix` candidates of known group.
    pub fn ceiling(&self, group: u32, prefix: usize) -> usize {
        ceiling(self.of(group), prefix)
    }

    pub(crate) fn check(&self, shortlist: &Shortlist) -> Result<(), RerankError> {
        let (shares, levels) = (self.values.len(), shortlist.levels().len());
        if shares == levels { Ok(()) } else { Err(RerankError::ShareCount { shares, levels }) }
    }
}

/// The counts that a method owes to each prefix; a group's floor never falls, and rises by at most one from a prefix to the next.
pub(crate) trait Floors {
    /// Count owed to the group among the first `prefix` candidates of known group.
    fn floor(&self, group: u32, prefix: usize) -> usize;

    /// The first prefix whose floor is `count` (at least 1), or [`NEVER`].
    fn due(&self, group: u32, count: usize) -> usize;
}

impl Floors for Shares {
    fn floor(&self, group: u32, prefix: usize) -> usize {
        floor(self.of(group), prefix)
    }

    fn due(&self, group: u32, count: usize) -> usize {
        due(self.of(group), count)
    }
}

/// Of a method that owes nothing to a single prefix.
#[derive(Debug)]
pub(crate) struct NoFloors;

impl Floors for NoFloors {
    fn floor(&self, _group: u32, _prefix: usize) -> usize {
        0
    }

    fn due(&self, _group: u32, _count: usize) -> usize {
        NEVER
    }
}

/// The first prefix whose floor is `count` (at least 1), or [`NEVER`].
pub(crate) fn due(share: f64, count: usize) -> usize {
    first(share, count as f64 - rounding(count as f64), |prefix| floor(share, prefix) >= count)
}

/// The first prefix whose ceiling is above `count`, or [`NEVER`].
pub(crate) fn rises(share: f64, count: usize) -> usize {
    first(share, count as f64 + rounding(count as f64), |prefix| ceiling(share, prefix) > count)
}

/// The first prefix at which `reached` holds; it lies near `product` / share.
fn first(share: f64, product: f64, reached: impl Fn(usize) -> bool) -> usize {
    let near = product / share;
    // No list is that long, and a share of 0 has no such prefix at all.
    if share <= 0.0 || near >= 1e15 {
        return NEVER;
    }
    let mut prefix = (near as usize).max(1);
    if reached(prefix) {
        while prefix > 1 && reached(prefix - 1) {
            prefix -= 1;
        }
        return prefix;
    }
    while !reached(prefix) {
        prefix += 1;
    }
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|name| format!("g{name}")).collect()
    }

    #[test]
    fn due_and_rises_are_the_first_prefixes_of_their_counts() {
        for share in [0.5, 0.3, 0.7, 0.25, 0.35, 0.4, 1.0 / 3.0, 0.29, 0.01, 1.0, 0.999, 1e-3, 0.123_456] {
            for count in 0..40 {
                let by_search = |reached: &dyn Fn(usize) -> bool| (1..1_000_000).find(|&prefix| reached(prefix)).unwrap();
                assert_eq!(rises(share, count), by_search(&|k| ceiling(share, k) > count));
                if count > 0 {
                    assert_eq!(due(share, count), by_search(&|k| floor(share, k) >= count), "{share} {count}");
                }
            }
        }
        assert_eq!((due(0.0, 1), rises(0.0, 0), due(1e-300, 1), rises(1e-300, 0)), (NEVER, NEVER, NEVER, NEVER));
        // Steps of such a share are longer than any search may be.
        assert_eq!((due(1e-13, 1) / 1_000_000, rises(1e-13, 0) / 1_000), (9_999_999, 10));
    }

    #[test]
    fn targets_become_shares() {
        let levels = names(3);
        let shares = |target: &Target, groups: &[u32]| {
            let scores = vec![0.5; groups.len()];
            target.shares(&Shortlist::new(&scores, groups, &levels).unwrap()).unwrap().values().to_vec()
        };
        let groups = [0, 0, 0, 1, UNKNOWN];
        assert_eq!(shares(&Target::Equal, &groups), [0.5, 0.5, 0.0]);
        assert_eq!(shares(&Target::Pool, &groups), [0.75, 0.25, 0.0]);
        let given = Target::Given(vec![("g2".into(), 0.2), ("g0".into(), 0.7), ("g1".into(), 0.1)]);
        assert_eq!(shares(&given, &groups), [0.7, 0.1, 0.2]);
        for groups in [&[][..], &[UNKNOWN, UNKNOWN]] {
            assert_eq!(shares(&Target::Equal, groups), [0.0; 3]);
            assert_eq!(shares(&Target::Pool, groups), [0.0; 3]);
        }
    }

    #[test]
    fn bad_shares_are_told_apart() {
        let levels: Vec<String> = ["women", "men"].map(String::from).to_vec();
        let refused = |shares: &[(&str, f64)]| {
            let shares: Vec<(String, f64)> = shares.iter().map(|(group, share)| ((*group).to_owned(), *share)).collect();
            Shares::given(&levels, &shares).unwrap_err().to_string()
        };
        assert_eq!(
            refused(&[("womn", 0.5), ("men", 0.5)]),
            "a share is wanted of `womn`, which is no group of the list; did you mean `women`?; the groups are women, men"
        );
        assert_eq!(refused(&[("men", 1.0)]), "no share is wanted of `women`; give every group of the list a share, 0 where none is wanted");
        assert_eq!(refused(&[("men", 0.5), ("men", 0.5)]), "`men` has two wanted shares; keep one");
        assert_eq!(refused(&[("men", 0.5), ("women", 0.4)]), "the wanted shares add up to 0.9; they must add up to 1");
        assert_eq!(refused(&[("men", 1.5), ("women", -0.5)]), "the wanted share of `women` is -0.5; it must lie in [0, 1]");
        assert!(refused(&[("men", f64::NAN), ("women", 0.5)]).contains("`men` is NaN"));
        assert_eq!(Shares::in_order(&levels, vec![1.0]), Err(RerankError::ShareCount { shares: 1, levels: 2 }));
        assert_eq!(Shares::in_order(&levels, vec![0.5, 0.500_000_5]).unwrap().values()[0], 0.5 / 1.000_000_5);
    }
}
