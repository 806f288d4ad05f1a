//! A recipe with one method per value of one setting.

use std::collections::BTreeMap;

use evenhand_catalog::{Value, did_you_mean};

use super::overrides::overlay;
use super::{MethodSection, Recipe};
use crate::ExperimentError;

/// The sections whose settings can be swept.
const SECTIONS: [&str; 4] = ["objective", "rebalance", "training", "model"];

impl Recipe {
    /// A recipe with one method per value of one setting: `objective.X`, `rebalance.X`, `training.X` or `model.X` of `method`
    /// (default: the last method of the recipe).
    pub fn sweep(&self, method: Option<&str>, setting: &str, values: &[f64]) -> Result<Self, ExperimentError> {
        let chosen = match method {
            Some(name) => self.method(name)?,
            None => self.methods.last().ok_or_else(|| ExperimentError::Request("the recipe has no method".to_owned()))?,
        };
        let bad_setting = |reason: String| ExperimentError::Setting { setting: "over", value: setting.to_owned(), message: reason };
        if values.is_empty() {
            return Err(bad_setting("give at least one value, for example objective.lambda_w=0.1,1".to_owned()));
        }
        let (section, key) = setting
            .split_once('.')
            .ok_or_else(|| bad_setting("a setting is written as objective.NAME, rebalance.NAME, training.NAME or model.NAME".to_owned()))?;
        let mut recipe = self.clone();
        recipe.analyses.reference = None;
        let variants = values.iter().map(|&value| vary(chosen, section, key, value));
        recipe.methods = variants.collect::<Result<_, _>>().map_err(bad_setting)?;
        recipe.resolve().map_err(bad_setting)?;
        Ok(recipe)
    }
}

/// A method with one setting at another value.
fn vary(chosen: &MethodSection, section: &str, key: &str, value: f64) -> Result<MethodSection, String> {
    let mut variant = chosen.clone();
    variant.name = format!("{key} = {value}");
    variant.swept = Some(value);
    variant.published = BTreeMap::new();
    let choice = match section {
        "objective" => &mut variant.objective,
        "rebalance" => variant.rebalance.as_mut().ok_or_else(|| format!("`{}` has no rebalance", chosen.name))?,
        "training" | "model" => {
            overlay(if section == "training" { &mut variant.training } else { &mut variant.model }, &table_of(key, value));
            return Ok(variant);
        }
        other => {
            let hint = did_you_mean(other, SECTIONS.into_iter());
            return Err(format!("no section `{other}`{hint}; known are {}", SECTIONS.join(", ")));
        }
    };
    let whole = matches!(choice.parameters.get(key), Some(Value::Integer(_))) && value.fract() == 0.0;
    choice.parameters.insert(key.to_owned(), if whole { Value::Integer(value as i64) } else { Value::Number(value) });
    Ok(variant)
}

/// A setting at a value as a table: `interview.dropout` stands in a table of its own.
fn table_of(key: &str, value: f64) -> toml::Table {
    let (within, last) = key.rsplit_once('.').map_or((None, key), |(within, last)| (Some(within), last));
    let whole = value.fract() == 0.0 && !matches!(last, "learning_rate" | "weight_decay" | "dropout");
    let value = if whole { toml::Value::Integer(value as i64) } else { toml::Value::Float(value) };
    let mut table = toml::Table::from_iter([(last.to_owned(), value)]);
    for name in within.into_iter().flat_map(|within| within.rsplit('.')) {
        table = toml::Table::from_iter([(name.to_owned(), toml::Value::Table(table))]);
    }
    table
}
