//! The candidates of a group, and how many of them were selected.

use super::Undefined;
use crate::proportions::Proportion;

/// So many of so many candidates were selected.
///
/// ```
/// use evenhand_metrics::significance::Counted;
///
/// let group = Counted::new(18, 28).unwrap();
/// assert_eq!((group.selected(), group.rejected(), group.n()), (18, 10, 28));
/// assert_eq!(Counted::new(29, 28), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    selected: u64,
    n: u64,
}

impl Counted {
    /// Most candidates of a group, so that a product of three counts fits in 128 bits.
    pub const MOST: u64 = 1 << 40;

    /// `None` where more are selected than there are, or where there are more than [`Counted::MOST`].
    pub fn new(selected: u64, n: u64) -> Option<Self> {
        (selected <= n && n <= Self::MOST).then_some(Counted { selected, n })
    }

    /// Candidates who were selected.
    pub fn selected(self) -> u64 {
        self.selected
    }

    /// Candidates who were not selected.
    pub fn rejected(self) -> u64 {
        self.n - self.selected
    }

    /// Candidates.
    pub fn n(self) -> u64 {
        self.n
    }
}

impl From<Counted> for Proportion {
    fn from(counted: Counted) -> Self {
        Proportion { hits: counted.selected as f64, n: counted.n as f64 }
    }
}

/// Selected and candidates of all groups together.
pub(super) fn total(groups: &[Counted]) -> (u128, u128) {
    groups.iter().fold((0, 0), |(selected, n), group| (selected + u128::from(group.selected), n + u128::from(group.n)))
}

/// What keeps groups from being compared at all: fewer than two, an empty one, nobody selected, everybody selected.
pub(super) fn comparable(groups: &[Counted]) -> Result<(), Undefined> {
    if groups.len() < 2 {
        return Err(Undefined::FewGroups);
    }
    if let Some(group) = groups.iter().position(|group| group.n == 0) {
        return Err(Undefined::EmptyGroup { group });
    }
    match total(groups) {
        (0, _) => Err(Undefined::NobodySelected),
        (selected, n) if selected == n => Err(Undefined::EverybodySelected),
        _ => Ok(()),
    }
}

/// n2 x1 - n1 x2, without rounding: its sign is that of the difference of the rates.
pub(super) fn cross_difference(one: Counted, other: Counted) -> i128 {
    i128::from(one.selected) * i128::from(other.n) - i128::from(other.selected) * i128::from(one.n)
}
