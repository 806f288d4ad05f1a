//! What lists of candidates give to the groups.

use evenhand_metrics::Finding;
use serde::{Deserialize, Serialize};

use super::method::MethodChoice;

/// What lists of candidates give to the groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shortlists {
    /// The attribute.
    pub attribute: String,
    /// Lists: one a job.
    pub jobs: usize,
    /// Candidates of all jobs.
    pub candidates: usize,
    /// Places of a shortlist.
    pub top: usize,
    /// The wanted shares in words.
    pub target: String,
    /// The re-ranker; without one the lists are ranked by score alone and `after` is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reranker: Option<MethodChoice>,
    /// Ranking metrics of the lists by score.
    pub before: Vec<Finding>,
    /// The same of the lists by the re-ranker.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Finding>,
    /// What lists of the same pools have on average whose order is drawn by lot, of the metrics that chance alone moves away from their fair
    /// value; n counts the lists drawn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_lot: Vec<Finding>,
    /// Each group's mean share of the first 1, 2, ... places (first run of each method only).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<PrefixShares>,
    /// What every group gets of the shortlists, re-ranked ones only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<GroupPlaces>,
    /// Candidates who stand in a shortlist only since the re-ranking.
    pub entered: usize,
    /// Lists in which some prefix has fewer of a group than its wanted share asks for.
    pub below_floor: usize,
    /// Those of them in which a group has no candidate left to put there.
    pub ran_out: usize,
    /// Lists whose candidates are all of one group, where the wanted shares are of the groups that a list has: they count as even.
    #[serde(default)]
    pub of_one_group: usize,
    /// Lists of which no order, nor any draw of orders, gives the wanted exposure; of methods that promise it.
    #[serde(default)]
    pub short: usize,
    /// The least of the wanted exposure that a list can give, from 0 (no more than by the groups' shares of the pool) to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_reached: Option<f64>,
}

/// Places of one group in all shortlists together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupPlaces {
    /// The group.
    pub group: String,
    /// Its candidates.
    pub candidates: usize,
    /// The sum over the lists of its floors, which are wanted share times places rounded down.
    pub floor: usize,
    /// The same rounded up.
    pub ceiling: usize,
    /// Its places by score.
    pub by_score: usize,
    /// Its places after the re-ranking.
    pub after: usize,
    /// Those of them whom the method alone would have left out, although the list by score has them.
    #[serde(default)]
    pub kept: usize,
}

/// One group's share of the first places.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrefixShares {
    /// The group.
    pub group: String,
    /// Its wanted share, mean over the lists.
    pub wanted: f64,
    /// Mean over the lists of its share among the first 1, 2, ... places by score.
    pub before: Vec<f64>,
    /// The same after the re-ranking; empty without one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<f64>,
}
