//! The re-rankers, one file each. A new one is a file and two lines here.

use evenhand_catalog::Entry;

use crate::Reranker;

mod det_cons;
mod det_const_sort;
mod det_greedy;
mod det_relaxed;
mod exposure_lp;
mod fa_ir;
mod pair;

/// Every re-ranker, in the order of display.
pub const RERANKERS: &[Entry<dyn Reranker>] =
    &[det_greedy::ENTRY, det_cons::ENTRY, det_relaxed::ENTRY, det_const_sort::ENTRY, pair::ENTRY, fa_ir::ENTRY, exposure_lp::ENTRY];
