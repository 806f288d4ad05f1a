//! What is measured, by whose definition, and how sure the numbers are: settings that recipes and audits share.

use std::collections::BTreeMap;

use evenhand_catalog::nearest;
use evenhand_metrics::{Convention, Conventions, DecisionRule, Definition, IntervalPlan};
use evenhand_rows::Groups;
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
    pub decision_rule: DecisionRuleName,
    /// A continuous label at or above it counts as positive.
    pub label_threshold: f64,
    /// `evenhand`, `fairlearn` or `aif360`.
    pub convention: ConventionName,
    /// `exact` or `grid` (the 50 thresholds of Kim et al. 2023).
    pub definition: DefinitionName,
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
            decision_rule: DecisionRuleName::Above,
            label_threshold: 0.5,
            convention: ConventionName::Evenhand,
            definition: DefinitionName::Exact,
            privileged: BTreeMap::new(),
            minimum_group_size: 1,
        }
    }
}

/// Name of a decision rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionRuleName {
    /// score > threshold.
    Above,
    /// score >= threshold.
    AtOrAbove,
}

/// Name of a convention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConventionName {
    /// Ours.
    Evenhand,
    /// fairlearn's.
    Fairlearn,
    /// AIF360's.
    Aif360,
}

/// Name of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DefinitionName {
    /// Exact.
    Exact,
    /// 50-point grid.
    Grid,
}

impl MetricsSection {
    /// Refuses privileged groups and attributes that the data does not have.
    pub(crate) fn check(&self, attributes: &[Groups]) -> Result<(), AuditError> {
        for (attribute, group) in &self.privileged {
            let bad = |kind: &str, word: &str, known: Vec<&str>| {
                let hint = nearest(word, known.iter().copied()).map(|word| format!("; did you mean `{word}`?")).unwrap_or_default();
                AuditError::Request(format!(
                    "privileged {attribute} = {group}: the data has no {kind} `{word}`{hint}; known are {}",
                    known.join(", ")
                ))
            };
            let groups = attributes
                .iter()
                .find(|groups| groups.name() == attribute)
                .ok_or_else(|| bad("attribute", attribute, attributes.iter().map(Groups::name).collect()))?;
            if groups.code(group).is_none() {
                return Err(bad("group", group, groups.levels().iter().map(String::as_str).collect()));
            }
        }
        Ok(())
    }

    /// The conventions for one attribute.
    pub fn conventions(&self, attribute: &str) -> Conventions {
        Conventions {
            threshold: self.threshold,
            decision_rule: match self.decision_rule {
                DecisionRuleName::Above => DecisionRule::Above,
                DecisionRuleName::AtOrAbove => DecisionRule::AtOrAbove,
            },
            label_threshold: self.label_threshold,
            convention: match self.convention {
                ConventionName::Evenhand => Convention::Evenhand,
                ConventionName::Fairlearn => Convention::Fairlearn,
                ConventionName::Aif360 => Convention::Aif360,
            },
            definition: match self.definition {
                DefinitionName::Exact => Definition::Exact,
                DefinitionName::Grid => Definition::Grid,
            },
            privileged: self.privileged.get(attribute).cloned(),
            minimum_group_size: self.minimum_group_size,
        }
    }
}

/// `[intervals]`: how sure the numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IntervalSection {
    /// Coverage; 0 turns intervals off.
    pub level: f64,
    /// Replicates.
    pub replicates: usize,
    /// Permutations for p-values; 0 turns them off.
    pub permutations: usize,
    /// Seed of replicates and permutations.
    pub seed: u64,
}

impl Default for IntervalSection {
    fn default() -> Self {
        IntervalSection { level: 0.95, replicates: 1000, permutations: 0, seed: 0 }
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
}
