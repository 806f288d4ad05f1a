//! `[intervals]`: how sure the numbers are.

use evenhand_catalog::meant_as_percent;
use evenhand_metrics::IntervalPlan;
use evenhand_report::limits::Judge;
use serde::{Deserialize, Serialize};

use crate::AuditError;

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

    /// Refuses a level that is no share; 95 was meant for 0.95.
    pub fn check_level(&self) -> Result<(), AuditError> {
        if (0.0..1.0).contains(&self.level) {
            return Ok(());
        }
        // Nobody wants intervals of 1.5 %.
        let meant = meant_as_percent(self.level).filter(|level| (0.5..1.0).contains(level));
        let meant = meant.map(|level| format!("; for {} % write {level}", self.level)).unwrap_or_default();
        let message = format!("the coverage of intervals is at least 0 (off) and below 1{meant}");
        Err(AuditError::Setting { setting: "level", value: self.level.to_string(), message })
    }

    /// Refuses limits that are to be judged by intervals where none are made.
    pub fn check_judge(&self, judge: Judge, limited: bool) -> Result<(), AuditError> {
        if judge == Judge::Value || !limited || self.level_in_force() > 0.0 {
            return Ok(());
        }
        let (setting, usual) = if self.level > 0.0 { ("replicates", "1000") } else { ("level", "0.95") };
        let message =
            format!("limits are to be judged by intervals, and this turns them off; give the usual {usual}, or judge limits by the value");
        Err(AuditError::Setting { setting, value: "0".to_owned(), message })
    }

    /// Refuses a level that is no share, and sizes beyond their ceilings.
    pub fn check(self) -> Result<(), String> {
        self.check_level().map_err(|error| format!("[intervals] {error}"))?;
        self.plan().map_or(Ok(()), |plan| plan.check().map_err(|error| format!("[intervals] {error}")))
    }
}
