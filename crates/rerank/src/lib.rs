//! Gate 3: what can be done with the scores of candidates before somebody decides.
//!
//! A [`Reranker`] puts the candidates of one job into an order in which the prefixes show the groups as wanted; it says of every place
//! why its candidate stands there. A [`Repair`] changes the scores themselves, or makes decisions of them, by group. [`RERANKERS`] and
//! [`REPAIRS`] list them all. This crate does no IO, prints nothing, and knows no clock and no randomness but that of a seed it is given.
//!
//! # What every re-ranker does
//!
//! - The result is a list of different candidates, as long as asked for or as the pool, whichever is less. Candidates of one group keep
//!   the order of their scores; of equal scores, the one that comes first in the pool ranks first.
//! - With p the wanted share of a group, the **floor** of the group at prefix k is floor(k p) candidates among the first k, its
//!   **ceiling** ceil(k p). A product within rounding (1e-9) of a whole number is taken as whole: 0.29 x 100 is 29.
//! - Candidates of unknown group have no share. Prefixes are counted in candidates of known group, and the shares are those among them:
//!   whoever does not tell a group neither fills nor blocks a place of one. A candidate of unknown group takes the next place when its
//!   score is higher than that of the candidate of known group whose turn it is, unless a floor put that one there.
//! - A group that has run out is passed over; the next candidate is the one that the method would take among the other groups. Every run of
//!   prefixes below a floor is a [`Breach`].
//! - **No group is thrown off a list by rounding.** The list has no fewer of a group than the smaller of its floor and its count in the list by score; where the floor
//!   of the whole list is 0 though a share is wanted, no fewer than the list by score has. Whom a method leaves out against this takes the place of the
//!   last candidate of a group that has more ([`Reason::Kept`]), as high as the score and the floors above allow. [`Shares::as_published`]
//!   leaves the methods as their papers write them.
//! - A group of share 0 comes after all candidates of groups with a share.

mod error;
pub mod exposure;
mod jobs;
mod kept;
mod methods;
mod pool;
mod prefix_bounds;
mod ranking;
mod repair;
mod repairs;
mod shares;
mod shortlist;
mod simplex;

use std::fmt;

use evenhand_catalog::Card;

pub use error::RerankError;
pub use jobs::{Job, rerank_all, rerank_stream};
pub use methods::RERANKERS;
pub use ranking::{Breach, Draw, FloorRule, Place, Ranking, Reason};
pub use repair::{Fitted, Repair, Sample};
pub use repairs::{GroupRule, GroupRules, QuantileMap, QuantileMaps, REPAIRS, Step};
pub use shares::{Shares, Target};
pub use shortlist::Shortlist;

/// A method of gate 3: the candidates for a job in, their new order out.
///
/// ```
/// use std::collections::BTreeMap;
/// use evenhand_catalog::{Parameters, find};
/// use evenhand_rerank::{RERANKERS, Shares, Shortlist};
///
/// let levels = ["men", "women"].map(str::to_owned);
/// let shortlist = Shortlist::new(&[0.9, 0.8, 0.7, 0.6], &[0, 0, 1, 1], &levels)?;
/// let entry = find(RERANKERS, "det-greedy")?;
/// let method = (entry.build)(&Parameters::resolve(entry.card, &BTreeMap::new())?)?;
/// // Half of each prefix, as far as whole candidates allow.
/// let ranking = method.rerank(&shortlist, &Shares::equal(&shortlist), 4, 0)?;
/// let order: Vec<usize> = ranking.places.iter().map(|place| place.candidate).collect();
/// assert_eq!(order, [0, 2, 1, 3]);
/// println!("{}", ranking.places[1].reason.text(&levels));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Reranker: fmt::Debug + Send + Sync {
    /// What the method says of itself.
    fn card(&self) -> &'static Card;

    /// Which floors the method is held to.
    fn floors(&self) -> FloorRule;

    /// The first `length` places (fewer where the pool is smaller). `seed` decides what a method draws; most draw nothing.
    fn rerank(&self, shortlist: &Shortlist, wanted: &Shares, length: usize, seed: u64) -> Result<Ranking, RerankError>;
}
