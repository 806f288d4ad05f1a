//! An id of a registry with its parameters, as a recipe writes it.

use std::collections::BTreeMap;

use evenhand_catalog::{Card, Entry, Parameters, Value};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use evenhand_report::MethodChoice;

/// An id with parameters, written as `"id"` or as `{ id = "id", parameter = value }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Id in its registry.
    pub id: String,
    /// Parameters: what the user gave; after resolving, all of them.
    pub parameters: BTreeMap<String, Value>,
}

impl Choice {
    /// Checks id and parameters against the registry, fills in the defaults and builds the method.
    pub fn build<T: ?Sized>(&self, entries: &[Entry<T>]) -> Result<Box<T>, evenhand_catalog::CatalogError> {
        let entry = evenhand_catalog::find(entries, &self.id)?;
        (entry.build)(&Parameters::resolve(entry.card, &self.parameters)?)
    }

    /// Checks id and parameters, and fills in the defaults.
    pub fn resolve<T: ?Sized>(&mut self, entries: &[Entry<T>]) -> Result<&'static Card, evenhand_catalog::CatalogError> {
        let entry = evenhand_catalog::find(entries, &self.id)?;
        let parameters = Parameters::resolve(entry.card, &self.parameters)?;
        (entry.build)(&parameters)?;
        self.parameters = parameters.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        Ok(entry.card)
    }

    /// The choice as the report shows it.
    pub fn summary(&self) -> MethodChoice {
        MethodChoice {
            id: self.id.clone(),
            parameters: self.parameters.iter().map(|(name, value)| (name.clone(), json_value(value))).collect(),
        }
    }
}

fn json_value(value: &Value) -> serde_json::Value {
    match value {
        Value::Number(number) => serde_json::json!(number),
        Value::Integer(number) => serde_json::json!(number),
        Value::Flag(flag) => serde_json::json!(flag),
        Value::Text(text) => serde_json::json!(text),
        Value::Numbers(numbers) => serde_json::json!(numbers),
    }
}

fn parameter_value(name: &str, value: &toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::Float(number) => Value::Number(*number),
        toml::Value::Integer(number) => Value::Integer(*number),
        toml::Value::Boolean(flag) => Value::Flag(*flag),
        toml::Value::String(text) => Value::Text(text.clone()),
        toml::Value::Array(items) => Value::Numbers(
            items
                .iter()
                .map(|item| match item {
                    toml::Value::Float(number) => Ok(*number),
                    toml::Value::Integer(number) => Ok(*number as f64),
                    other => Err(format!("`{name}` must be a list of numbers, it holds {other}")),
                })
                .collect::<Result<_, _>>()?,
        ),
        other => return Err(format!("`{name}` must be a number, a word, true or false, or a list of numbers, not {other}")),
    })
}

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(id) => Ok(Choice { id, parameters: BTreeMap::new() }),
            toml::Value::Table(mut table) => {
                let Some(toml::Value::String(id)) = table.remove("id") else {
                    return Err(D::Error::custom(
                        "a method is written as \"id\" or as { id = \"id\", parameter = value }; `id` is missing",
                    ));
                };
                let parameters = table
                    .iter()
                    .map(|(name, value)| parameter_value(name, value).map(|value| (name.clone(), value)))
                    .collect::<Result<_, _>>()
                    .map_err(D::Error::custom)?;
                Ok(Choice { id, parameters })
            }
            other => {
                Err(D::Error::custom(format!("a method is written as \"id\" or as {{ id = \"id\", parameter = value }}, not {other}")))
            }
        }
    }
}

impl Serialize for Choice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serde_json::Map::new();
        map.insert("id".to_owned(), serde_json::json!(self.id));
        map.extend(self.parameters.iter().map(|(name, value)| (name.clone(), json_value(value))));
        map.serialize(serializer)
    }
}
