//! The re-rankers, one file each. A new one is a file and two lines here.

use evenhand_catalog::Entry;

use crate::Reranker;

mod det_greedy;

/// Every re-ranker, in the order of display.
pub const RERANKERS: &[Entry<dyn Reranker>] = &[det_greedy::ENTRY];
