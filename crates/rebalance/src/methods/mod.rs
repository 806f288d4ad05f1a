//! The methods, one file each. A new one is a file and two lines here.

use evenhand_catalog::Entry;

use crate::Rebalancer;

mod oversampling;
mod rejection_sampling;
mod resampling;
mod reweighing;
mod score_histogram;

/// Every method of gate 1, in the order of display.
pub const REBALANCERS: &[Entry<dyn Rebalancer>] =
    &[oversampling::ENTRY, rejection_sampling::ENTRY, resampling::ENTRY, reweighing::ENTRY, score_histogram::ENTRY];
