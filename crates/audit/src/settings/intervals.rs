//! `[intervals]`: how sure the numbers are.

use evenhand_metrics::IntervalPlan;
use serde::{Deserialize, Serialize};

/// `[intervals]`: how sure the numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IntervalSection {
    /// Coverage; 0 turns intervals off.
    pub level: f64,
    /// Replicates.
    pub replicates: usize,
    /// Permutations for p-values and for what chance alone gives; 0 turns them off.
    pub permutations: usize,
    /// Seed of replicates and permutations.
    pub seed: u64,
}

impl Default for IntervalSection {
    fn default() -> Self {
        IntervalSection { level: 0.95, replicates: 1000, permutations: 1000, seed: 0 }
    }
}

impl IntervalSection {
    /// The plan for the metrics, `None` when turned off.
    pub fn plan(&self) -> Option<IntervalPlan> {
        let intervals = self.level > 0.0 && self.replicates > 0;
        (intervals || self.permutations > 0).then_some(IntervalPlan {
            level: if intervals { self.level } else { IntervalSection::default().level },
            replicates: if intervals { self.replicates } else { 0 },
            seed: self.seed,
            permutations: self.permutations,
        })
    }

    /// The level of intervals that need no replicates; 0 where intervals are turned off.
    pub fn level_in_force(&self) -> f64 {
        if self.replicates > 0 { self.level } else { 0.0 }
    }

    /// Refuses a level that is no share, and sizes beyond their ceilings.
    pub fn check(self) -> Result<(), String> {
        if !(0.0..1.0).contains(&self.level) {
            return Err(format!("[intervals] level = {}: it must be at least 0 (off) and below 1", self.level));
        }
        self.plan().map_or(Ok(()), |plan| plan.check().map_err(|error| format!("[intervals] {error}")))
    }
}
