//! Gate 3: what can be done with the scores of candidates before somebody decides.
//!
//! A [`Reranker`] puts the candidates of one job into an order in which every prefix shows the groups as wanted; it says of every place
//! why its candidate stands there. This crate does no IO, prints nothing, and knows no clock and no randomness but that of a seed it is given.

use std::fmt;

use evenhand_catalog::Card;

/// The candidates for one job, borrowed from whoever holds them. Candidates are numbered by their position.
#[derive(Debug, Clone, Copy)]
pub struct Shortlist<'a> {
    /// Score of each candidate, finite; higher is better. Of equal scores, the one that comes first in the list ranks first.
    pub scores: &'a [f64],
    /// Group of each candidate: an index into `levels`, or [`evenhand_data::UNKNOWN`].
    pub groups: &'a [u32],
    /// Names of the groups.
    pub levels: &'a [String],
}

/// Wanted share of each group among the chosen, in the order of the levels: not negative, summing to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares(Vec<f64>);

/// A method of gate 3.
pub trait Reranker: fmt::Debug + Send + Sync {
    /// What the method says of itself.
    fn card(&self) -> &'static Card;

    /// The first `length` places (fewer where the pool is smaller).
    fn rerank(&self, shortlist: &Shortlist, wanted: &Shares, length: usize) -> Result<Ranking, RerankError>;
}

/// Candidates in their new order.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// Best first.
    pub places: Vec<Place>,
    /// Where a wanted count could not be reached.
    pub breaches: Vec<Breach>,
}

/// One place of a ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Position of the candidate in the shortlist.
    pub candidate: usize,
    /// Why the candidate stands here.
    pub reason: Reason,
}

/// Why a candidate stands where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reason {
    /// The best score of those still waiting.
    Score,
    /// The group's wanted count in this prefix had to be reached.
    Floor {
        /// The group.
        group: u32,
        /// Its wanted count among the first `prefix` places.
        wanted: usize,
        /// Length of the prefix.
        prefix: usize,
    },
}

/// A prefix that shows fewer of a group than wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Breach {
    /// Length of the prefix.
    pub prefix: usize,
    /// The group.
    pub group: u32,
    /// Wanted count.
    pub wanted: usize,
    /// Count found.
    pub found: usize,
}

/// Errors of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RerankError {}
