//! `[[method]]`: one row of the comparison.

use std::collections::BTreeMap;

use evenhand_catalog::{Card, CatalogError, Entry};
use evenhand_learn::{Architecture, Balance, BatchPlan, OBJECTIVES, Training, presets};
use evenhand_rebalance::REBALANCERS;
use evenhand_rerank::{REPAIRS, RERANKERS};
use serde::{Deserialize, Serialize};

use super::overrides::merge;
use super::synthesis::SynthesisSection;
use crate::report::Published;
use crate::settings::{Choice, check_metric};

/// `[[method]]`: one row of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodSection {
    /// Name in tables; default: the ids.
    #[serde(default)]
    pub name: String,
    /// Gate 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebalance: Option<Choice>,
    /// Gate 1: what is left out of all rows, training, validation and test: the method then lives in a world of other shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Choice>,
    /// Gate 1: made rows in the place of the training rows, after `rebalance`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synthesise: Option<SynthesisSection>,
    /// Gate 2.
    #[serde(default = "vanilla")]
    pub objective: Choice,
    /// Gate 3: the repair of the scores by group, fitted on validation rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<Choice>,
    /// Gate 3: the re-ranker of the shortlists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerank: Option<Choice>,
    /// Settings of `[training]` that differ for this method.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub training: toml::Table,
    /// Settings of `[model]` that differ for this method.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub model: toml::Table,
    /// Published values for this row: `metric = value` or `metric = [value, std]`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub published: BTreeMap<String, PublishedValue>,
    /// Methods of one family share a front in the report; default: those of the same rebalancer, synthesiser, objective and repair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// The swept value.
    #[serde(skip)]
    pub swept: Option<f64>,
    /// Whether a family brought it and nobody named it: where it cannot work on the rows, that is told and is no error.
    #[serde(skip)]
    pub offered: bool,
}

fn vanilla() -> Choice {
    Choice { id: "vanilla".to_owned(), parameters: BTreeMap::new() }
}

/// A published number, with or without its standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PublishedValue {
    /// The value.
    Value(f64),
    /// Value and standard deviation.
    WithStd([f64; 2]),
}

impl From<PublishedValue> for Published {
    fn from(value: PublishedValue) -> Self {
        match value {
            PublishedValue::Value(value) => Published { value, std: None },
            PublishedValue::WithStd([value, std]) => Published { value, std: Some(std) },
        }
    }
}

/// The one rebalancer that may be done to test rows.
const SAMPLER: &str = "rejection-sampling";

impl MethodSection {
    /// Fills in the parameters of every gate and, where the recipe gives none, the name.
    pub(super) fn resolve(&mut self) -> Result<(), String> {
        self.objective.parameters = presets::expand(&self.objective.id, &self.objective.parameters).map_err(|error| error.to_string())?;
        let objective = self.objective.resolve(OBJECTIVES).map_err(|error| error.to_string())?;
        let rebalancer = resolve_gate(self.rebalance.as_mut(), REBALANCERS)?;
        if let Some(rebalancer) = rebalancer {
            let plan = self.objective.build(OBJECTIVES).map_err(|error| error.to_string())?.plan();
            refuse_balancing_twice(rebalancer.id, objective.id, plan)?;
        }
        if let Some(sample) = self.sample.as_mut() {
            sample.resolve(REBALANCERS).map_err(|error| format!("sample: {error}"))?;
            if sample.id != SAMPLER {
                return Err(format!(
                    "sample = \"{}\": only {SAMPLER} may be done to test rows, as it neither repeats nor weighs any; write the other \
                     under `rebalance`",
                    sample.id
                ));
            }
        }
        let synthesiser = self.synthesise.as_mut().map(SynthesisSection::resolve).transpose()?;
        let repair = resolve_gate(self.repair.as_mut(), REPAIRS)?;
        let reranker = resolve_gate(self.rerank.as_mut(), RERANKERS)?;
        if self.name.is_empty() {
            // Plain training needs no name beside a gate's.
            let gates = [rebalancer, synthesiser, repair, reranker];
            let trained = (objective.id != "vanilla" || gates.iter().all(Option::is_none)).then_some(objective);
            let named = [rebalancer, synthesiser, trained, repair, reranker];
            self.name = named.into_iter().flatten().map(|card| card.id).collect::<Vec<_>>().join(" + ");
        }
        Ok(())
    }

    /// Refuses published values of unknown metrics and settings that its training or network cannot take.
    pub(super) fn check(&self, model: &Architecture, training: &Training) -> Result<(), String> {
        for metric in self.published.keys() {
            check_metric(metric).map_err(|error| format!("published: {error}"))?;
        }
        merge(training, &self.training, "training")?.check().map_err(|error| error.to_string())?;
        merge(model, &self.model, "model")?.check().map_err(|error| error.to_string())
    }
}

fn resolve_gate<T: ?Sized>(choice: Option<&mut Choice>, entries: &[Entry<T>]) -> Result<Option<&'static Card>, String> {
    choice.map(|choice| choice.resolve(entries)).transpose().map_err(|error: CatalogError| error.to_string())
}

/// Refuses gate 1 where the objective's batches set the same cells to other numbers, for the data loss, too.
fn refuse_balancing_twice(rebalancer: &str, objective: &str, plan: BatchPlan) -> Result<(), String> {
    let sets_cells = matches!(plan.balance, Balance::GroupLabel | Balance::Independence) && !plan.keep_shares;
    let clash = match rebalancer {
        "reweighing" => sets_cells.then_some("the weights would come on top of that"),
        "resampling" => (sets_cells && plan.balance != Balance::Independence).then_some("that would undo the resampling"),
        _ => None,
    };
    clash.map_or(Ok(()), |clash| {
        Err(format!(
            "`{rebalancer}` and `{objective}` both set how much each group x label cell counts: `{objective}` draws its batches in numbers \
             of its own and the data loss sees them so; {clash}. Leave `rebalance` out, or set balanced_loss = false in the objective"
        ))
    })
}
