//! A recipe with one method per value of one setting, and the run without a fairness term beside them.

use std::collections::BTreeMap;

use evenhand_catalog::{Value, did_you_mean};
use evenhand_learn::OBJECTIVES;

use super::overrides::overlay;
use super::{Choice, MethodSection, Recipe};
use crate::ExperimentError;

/// The sections whose settings can be swept.
const SECTIONS: [&str; 4] = ["objective", "rebalance", "training", "model"];

impl Recipe {
    /// A recipe with one method per value of one setting: `objective.X`, `rebalance.X`, `training.X` or `model.X` of `method`
    /// (default: the last method of the recipe). Before them stands the same training without any method of fairness, and they are told from it; where
    /// the values hold the weight 0 of the only penalty, that one takes its place, and nothing is trained twice. A sweep of plain training has neither.
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
        recipe.offered.clear();
        recipe.analyses.reference = None;
        let variants = values.iter().map(|&value| vary(chosen, section, key, value));
        recipe.methods = variants.collect::<Result<_, _>>().map_err(bad_setting)?;
        recipe.resolve().map_err(bad_setting)?;
        let held = recipe.methods.iter().find(|variant| is_unweighted(variant)).map(|variant| variant.name.clone());
        recipe.analyses.reference = match (held, plain(chosen)) {
            (Some(name), _) => Some(name),
            (None, Some(plain)) => {
                let name = plain.name.clone();
                recipe.methods.insert(0, plain);
                recipe.resolve().map_err(bad_setting)?;
                Some(name)
            }
            (None, None) => None,
        };
        Ok(recipe)
    }
}

/// The same training on the same rows without any method of fairness; `None` where the method is that already.
fn plain(chosen: &MethodSection) -> Option<MethodSection> {
    let id = if chosen.objective.id == "fairgbm" { "boosting" } else { "vanilla" };
    let gates = [&chosen.rebalance, &chosen.repair, &chosen.rerank];
    let is_plain = gates.into_iter().all(Option::is_none) && chosen.synthesise.is_none();
    if is_plain && matches!(chosen.objective.id.as_str(), "vanilla" | "boosting") {
        return None;
    }
    let objective = if chosen.objective.id == "boosting" { chosen.objective.clone() } else { without_terms(id, &chosen.objective) };
    Some(MethodSection {
        name: objective.id.clone(),
        rebalance: None,
        synthesise: None,
        objective,
        repair: None,
        rerank: None,
        published: BTreeMap::new(),
        family: None,
        swept: None,
        offered: false,
        ..chosen.clone()
    })
}

/// The plain objective with those of the method's parameters that it has, too: the trees of one are the trees of the other.
fn without_terms(id: &str, objective: &Choice) -> Choice {
    let known =
        |name: &str| evenhand_catalog::find(OBJECTIVES, id).is_ok_and(|entry| entry.card.parameters.iter().any(|one| one.name == name));
    let shared = objective.parameters.iter().filter(|(name, _)| known(name));
    Choice { id: id.to_owned(), parameters: shared.map(|(name, value)| (name.clone(), value.clone())).collect() }
}

/// Whether all penalties of an objective have the weight 0, and nothing else in the method changes how groups count.
fn is_unweighted(method: &MethodSection) -> bool {
    let gates = [&method.rebalance, &method.repair, &method.rerank];
    let parameters = &method.objective.parameters;
    // FairVIC's weights of the data loss and of the penalties are parts of one; a balanced data loss is a term of fairness by itself.
    let weights: Vec<&Value> = parameters.iter().filter(|(name, _)| name.starts_with("lambda")).map(|(_, value)| value).collect();
    let is_zero = |value: &&Value| matches!(value, Value::Number(0.0) | Value::Integer(0));
    gates.into_iter().all(Option::is_none)
        && method.synthesise.is_none()
        && method.objective.id != "fairvic"
        && parameters.get("balanced_loss") != Some(&Value::Flag(true))
        && !weights.is_empty()
        && weights.iter().all(is_zero)
}

/// A method with one setting at another value.
fn vary(chosen: &MethodSection, section: &str, key: &str, value: f64) -> Result<MethodSection, String> {
    let mut variant = chosen.clone();
    variant.name = format!("{key} = {value}");
    variant.swept = Some(value);
    variant.offered = false;
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn swept(method: &str, setting: &str, values: &[f64]) -> (Vec<String>, Option<String>, Recipe) {
        let text = format!("name = \"x\"\n[data]\nloader = \"synthetic\"\n[[method]]\n{method}");
        let recipe = Recipe::parse(&text, "x.toml", PathBuf::new()).unwrap().sweep(None, setting, values).unwrap();
        (recipe.methods.iter().map(|method| method.name.clone()).collect(), recipe.analyses.reference.clone(), recipe)
    }

    #[test]
    fn the_run_without_a_term_stands_beside_the_values() {
        let (names, reference, recipe) = swept(
            "objective = \"wasserstein\"\nrebalance = \"oversampling\"\nsample = \"rejection-sampling\"\n[method.training]\nepochs = 3",
            "objective.lambda_w",
            &[0.1, 1.0],
        );
        assert_eq!(names, ["vanilla", "lambda_w = 0.1", "lambda_w = 1"]);
        assert_eq!(reference.as_deref(), Some("vanilla"));
        let plain = &recipe.methods[0];
        // The same rows and the same training.
        assert!(plain.rebalance.is_none() && plain.sample.is_some() && plain.swept.is_none());
        assert_eq!(plain.training, recipe.methods[1].training);
        // Trees are compared with trees of the same settings.
        let (names, _, recipe) = swept("objective = { id = \"fairgbm\", trees = 7 }", "objective.multiplier_learning_rate", &[0.1, 1.0]);
        assert_eq!(names[0], "boosting");
        assert_eq!(recipe.methods[0].objective.parameters["trees"], Value::Integer(7));
    }

    #[test]
    fn the_weight_0_of_the_only_penalty_takes_its_place() {
        let (names, reference, _) = swept("objective = \"wasserstein\"", "objective.lambda_w", &[0.5, 0.0]);
        assert_eq!(names, ["lambda_w = 0.5", "lambda_w = 0"]);
        assert_eq!(reference.as_deref(), Some("lambda_w = 0"));
        // The adversary still pulls; the batches of the paper's data loss are balanced; the rows are oversampled.
        for method in ["\"wasserstein-adversary\"", "\"wasserstein\"\nrebalance = \"oversampling\""] {
            let (names, reference, _) = swept(&format!("objective = {method}"), "objective.lambda_w", &[0.0, 0.5]);
            assert_eq!((names[0].as_str(), names.len(), reference.as_deref()), ("vanilla", 3, Some("vanilla")), "{method}");
        }
        let (names, ..) = swept("objective = \"iga\"", "objective.lambda", &[0.0, 0.5]);
        assert_eq!(names[0], "vanilla");
    }

    #[test]
    fn a_sweep_of_plain_training_needs_no_other() {
        let (names, reference, _) = swept("objective = \"vanilla\"", "training.epochs", &[1.0, 2.0]);
        assert_eq!(names, ["epochs = 1", "epochs = 2"]);
        assert_eq!(reference, None);
    }
}
