//! The repairs of scores, one file each. A new one is a file and two lines here.

use evenhand_catalog::Entry;

use crate::Repair;

mod group_thresholds;
mod quantile_repair;

pub use group_thresholds::{GroupRule, GroupRules, Step};
pub use quantile_repair::{QuantileMap, QuantileMaps};

/// Every repair of scores, in the order of display.
pub const REPAIRS: &[Entry<dyn Repair>] = &[quantile_repair::ENTRY, group_thresholds::ENTRY];
