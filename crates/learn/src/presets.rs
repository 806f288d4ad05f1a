//! The weights of papers, by name: `{ id = "wasserstein", preset = "kim2023" }` stands for the parameters that the paper states.
//!
//! Defaults are settled on many forms of data; a paper's own weights belong to its data, network and loss, and are measured as the paper
//! measures them (`scale = "raw"`). What a recipe gives beside the preset overrules it.

use std::collections::BTreeMap;

use evenhand_catalog::{CatalogError, Literal, Value};

/// The key under which a preset is asked for.
const KEY: &str = "preset";

/// What a paper states of one method.
#[derive(Debug)]
pub struct Preset {
    /// Name: first author and year.
    pub name: &'static str,
    /// Id of the objective.
    pub objective: &'static str,
    /// Parameters and their values.
    pub values: &'static [(&'static str, Literal)],
    /// Where the paper states them.
    pub source: &'static str,
}

const RAW: (&str, Literal) = ("scale", Literal::Text("raw"));

/// Every preset.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "kim2023",
        objective: "wasserstein",
        values: &[("lambda_w", Literal::Number(0.02)), RAW],
        source: "Kim et al. 2023, experiments on interviews: lambda_W of the public code",
    },
    Preset {
        name: "kim2023",
        objective: "wasserstein-adversary",
        values: &[("lambda_w", Literal::Number(0.02)), ("schedule", Literal::Text("paper")), RAW],
        source: "Kim et al. 2023, experiments on interviews: lambda_W and the schedule of the public code",
    },
];

/// The parameters with those of the preset that they ask for.
///
/// # Errors
/// Where the objective has no preset of that name, with the names that it has; where raw weights are asked for and none is given.
pub fn expand(objective: &str, given: &BTreeMap<String, Value>) -> Result<BTreeMap<String, Value>, CatalogError> {
    let mut given = given.clone();
    let Some(wanted) = given.remove(KEY) else { return weighed(objective, given) };
    let of_objective = || PRESETS.iter().filter(|preset| preset.objective == objective);
    let found = of_objective().find(|preset| matches!(&wanted, Value::Text(name) if name == preset.name));
    let preset = found.ok_or_else(|| CatalogError::BadValue {
        id: objective.to_owned(),
        name: KEY.to_owned(),
        value: wanted.to_string(),
        expected: match of_objective().map(|preset| format!("\"{}\"", preset.name)).collect::<Vec<_>>() {
            names if names.is_empty() => "left out: this method has none".to_owned(),
            names => names.join(" or "),
        },
    })?;
    for (name, value) in preset.values {
        let value = match value {
            Literal::Number(number) => Value::Number(*number),
            Literal::Integer(number) => Value::Integer(*number),
            Literal::Flag(flag) => Value::Flag(*flag),
            Literal::Text(text) => Value::Text((*text).to_owned()),
            Literal::Numbers(numbers) => Value::Numbers(numbers.to_vec()),
            Literal::Required | Literal::Absent => continue,
        };
        given.entry((*name).to_owned()).or_insert(value);
    }
    weighed(objective, given)
}

/// Refuses raw weights that rest on a default: defaults are measured in spreads of the label.
fn weighed(objective: &str, given: BTreeMap<String, Value>) -> Result<BTreeMap<String, Value>, CatalogError> {
    let raw = given.get("scale") == Some(&Value::Text("raw".to_owned()));
    let is_weight = |name: &String| name.starts_with("lambda") && name != "lambda_adv";
    if raw && !given.keys().any(is_weight) {
        return Err(CatalogError::BadCombination {
            id: objective.to_owned(),
            reason: "scale = \"raw\" takes the weight as it stands, and the default one is measured in spreads of the label; give the weight, too".to_owned(),
        });
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use evenhand_catalog::Parameters;

    use super::*;
    use crate::OBJECTIVES;

    fn given(pairs: &[(&str, Value)]) -> BTreeMap<String, Value> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn every_preset_is_one_that_its_method_takes() {
        for preset in PRESETS {
            let entry = evenhand_catalog::find(OBJECTIVES, preset.objective).unwrap();
            let expanded = expand(preset.objective, &given(&[(KEY, Value::Text(preset.name.to_owned()))])).unwrap();
            assert_eq!(expanded.len(), preset.values.len());
            let parameters = Parameters::resolve(entry.card, &expanded).unwrap();
            assert!((entry.build)(&parameters).is_ok(), "{} of {}", preset.name, preset.objective);
        }
    }

    #[test]
    fn what_is_given_beside_overrules_and_an_unknown_name_is_told() {
        let name = || (KEY, Value::Text("kim2023".to_owned()));
        let found = expand("wasserstein", &given(&[name(), ("lambda_w", Value::Number(0.5))])).unwrap();
        assert_eq!(found, given(&[("lambda_w", Value::Number(0.5)), ("scale", Value::Text("raw".to_owned()))]));
        let raw = ("scale", Value::Text("raw".to_owned()));
        assert!(expand("mmd", &given(std::slice::from_ref(&raw))).unwrap_err().to_string().contains("give the weight, too"));
        assert!(expand("mmd", &given(&[raw, ("lambda_mmd", Value::Number(1.0))])).is_ok());
        assert_eq!(expand("vanilla", &BTreeMap::new()).unwrap(), BTreeMap::new());
        let message = |objective| expand(objective, &given(&[(KEY, Value::Text("kim".to_owned()))])).unwrap_err().to_string();
        assert_eq!(message("wasserstein"), "`wasserstein`: preset = \"kim\" is not allowed; it must be \"kim2023\"");
        assert_eq!(message("hsic"), "`hsic`: preset = \"kim\" is not allowed; it must be left out: this method has none");
    }
}
