//! `[metrics]`: what is measured, and by whose definition.

use std::collections::BTreeMap;

use evenhand_catalog::did_you_mean;
use evenhand_metrics::{Convention, Conventions, DecisionRule, Definition};
use evenhand_rows::Groups;
use evenhand_rows::roles::spelled;
use serde::{Deserialize, Serialize};

use crate::AuditError;

/// `[metrics]`: what is measured and by whose definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsSection {
    /// Columns of the main table; default: by the kind of label.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub table: Vec<String>,
    /// Threshold on the score for decisions.
    pub threshold: f64,
    /// `above` (score > threshold) or `at-or-above`.
    pub decision_rule: DecisionRule,
    /// A continuous label at or above it counts as positive.
    pub label_threshold: f64,
    /// `evenhand`, `fairlearn` or `aif360`.
    pub convention: Convention,
    /// `exact` or `grid` (the 50 thresholds of Kim et al. 2023).
    pub definition: Definition,
    /// The privileged group by attribute, for signed conventions.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub privileged: BTreeMap<String, String>,
    /// Smaller groups are listed, not compared.
    pub minimum_group_size: usize,
}

impl Default for MetricsSection {
    fn default() -> Self {
        MetricsSection {
            table: Vec::new(),
            threshold: 0.5,
            decision_rule: DecisionRule::Above,
            label_threshold: 0.5,
            convention: Convention::Evenhand,
            definition: Definition::Exact,
            privileged: BTreeMap::new(),
            minimum_group_size: 1,
        }
    }
}

impl MetricsSection {
    /// Refuses metrics that nobody knows.
    pub fn check_table(&self) -> Result<(), String> {
        self.table.iter().try_for_each(|key| check_metric(key).map_err(|error| format!("[metrics] table: {error}")))
    }

    /// Refuses privileged groups and attributes that the data does not have.
    pub fn check(&self, attributes: &[Groups]) -> Result<(), AuditError> {
        for (attribute, group) in &self.privileged {
            let bad = |kind: &str, word: &str, known: Vec<&str>| {
                let hint = did_you_mean(word, known.iter().copied());
                AuditError::Request(format!(
                    "privileged {attribute} = {group}: the data has no {kind} `{word}`{hint}; known are {}",
                    known.join(", ")
                ))
            };
            let groups = attributes
                .iter()
                .find(|groups| groups.name() == attribute)
                .ok_or_else(|| bad("attribute", attribute, attributes.iter().map(Groups::name).collect()))?;
            if spelled(groups.levels(), group).is_none() {
                return Err(bad("group", group, groups.levels().iter().map(String::as_str).collect()));
            }
        }
        Ok(())
    }

    /// The conventions for one attribute.
    pub fn conventions(&self, attribute: &str) -> Conventions {
        Conventions {
            threshold: self.threshold,
            decision_rule: self.decision_rule,
            label_threshold: self.label_threshold,
            convention: self.convention,
            definition: self.definition,
            privileged: self.privileged.get(attribute).cloned(),
            minimum_group_size: self.minimum_group_size,
        }
    }
}

/// Refuses a key of a table, a limit or a published value (`metric` or `metric@attribute`) whose metric nobody knows.
pub fn check_metric(key: &str) -> Result<(), String> {
    evenhand_metrics::find(key.split('@').next().unwrap_or(key)).map(|_| ()).map_err(|error| error.to_string())
}
