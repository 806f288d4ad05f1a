use std::collections::BTreeMap;
use std::fmt;

use crate::{Card, nearest};

/// A default value as it stands in a card.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Literal {
    /// A real number.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Flag(bool),
    /// A word.
    Text(&'static str),
    /// A list of real numbers.
    Numbers(&'static [f64]),
    /// The user must give it.
    Required,
    /// Nothing, where the user does not give it.
    Absent,
}

/// Which values a parameter may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Allowed {
    /// A number in the closed interval.
    Between(f64, f64),
    /// A number strictly above the bound.
    Above(f64),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Whatever has the right type.
    Any,
}

/// One parameter of a method: name, default, allowed values, purpose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// `snake_case` key as it stands in a recipe.
    pub name: &'static str,
    /// Used when the recipe does not give it; its variant fixes the type.
    pub default: Literal,
    /// Allowed values.
    pub allowed: Allowed,
    /// What it does, in one sentence.
    pub purpose: &'static str,
}

/// A parameter value as given or as resolved.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A real number.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Flag(bool),
    /// A word.
    Text(String),
    /// A list of real numbers.
    Numbers(Vec<f64>),
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(number) => write!(formatter, "{number}"),
            Value::Integer(number) => write!(formatter, "{number}"),
            Value::Flag(flag) => write!(formatter, "{flag}"),
            Value::Text(text) => write!(formatter, "\"{text}\""),
            Value::Numbers(numbers) => write!(formatter, "{numbers:?}"),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Number(number) => write!(formatter, "{number}"),
            Literal::Integer(number) => write!(formatter, "{number}"),
            Literal::Flag(flag) => write!(formatter, "{flag}"),
            Literal::Text(text) => write!(formatter, "\"{text}\""),
            Literal::Numbers(numbers) => write!(formatter, "{numbers:?}"),
            Literal::Required => write!(formatter, "(required)"),
            Literal::Absent => write!(formatter, "none"),
        }
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Allowed::Between(low, high) if high.is_infinite() => write!(formatter, "at least {low}"),
            Allowed::Between(low, high) => write!(formatter, "{low} to {high}"),
            Allowed::Above(low) => write!(formatter, "above {low}"),
            Allowed::OneOf(words) => write!(formatter, "one of {}", words.join(", ")),
            Allowed::Any => write!(formatter, "any"),
        }
    }
}

/// What can be wrong with an id or a parameter.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CatalogError {
    /// No entry of the registry has this id.
    #[error("`{id}` is not known{}; known are {known}", hint(nearest.as_deref()))]
    UnknownId {
        /// The id as given.
        id: String,
        /// The nearest known id.
        nearest: Option<String>,
        /// All known ids.
        known: String,
    },
    /// The method has no such parameter.
    #[error("`{id}` has no parameter `{name}`{}; it takes {known}", hint(nearest.as_deref()))]
    UnknownParameter {
        /// Id of the method.
        id: String,
        /// The key as given.
        name: String,
        /// The nearest known key.
        nearest: Option<String>,
        /// All parameters of the method, or `no parameters`.
        known: String,
    },
    /// A parameter that has no default is missing.
    #[error("`{id}` needs the parameter `{name}` ({purpose}); add it to the recipe")]
    MissingParameter {
        /// Id of the method.
        id: String,
        /// The missing key.
        name: String,
        /// What it does.
        purpose: String,
    },
    /// A value has the wrong type or lies outside its range.
    #[error("`{id}`: {name} = {value} is not allowed; it must be {expected}")]
    BadValue {
        /// Id of the method.
        id: String,
        /// The key.
        name: String,
        /// The value as given.
        value: String,
        /// Type and range wanted.
        expected: String,
    },
    /// Values that are fine alone but not together.
    #[error("`{id}`: {reason}")]
    BadCombination {
        /// Id of the method.
        id: String,
        /// What clashes and what to do.
        reason: String,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|word| format!("; did you mean `{word}`?")).unwrap_or_default()
}

/// The checked parameters of one method: every one present (but [`Literal::Absent`] ones that were not given), of its type and inside its range.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parameters {
    values: BTreeMap<&'static str, Value>,
}

impl Parameters {
    /// Checks what the user gave against the card and fills in the defaults.
    pub fn resolve(card: &Card, given: &BTreeMap<String, Value>) -> Result<Self, CatalogError> {
        if let Some(name) = given.keys().find(|name| !card.parameters.iter().any(|parameter| parameter.name == **name)) {
            let names: Vec<&str> = card.parameters.iter().map(|parameter| parameter.name).collect();
            return Err(CatalogError::UnknownParameter {
                id: card.id.to_owned(),
                name: name.clone(),
                nearest: nearest(name, names.iter().copied()).map(str::to_owned),
                known: if names.is_empty() { "no parameters".to_owned() } else { names.join(", ") },
            });
        }
        let mut values = BTreeMap::new();
        for parameter in card.parameters {
            let value = match given.get(parameter.name) {
                Some(value) => parameter.check(card.id, value)?,
                None if parameter.default == Literal::Absent => continue,
                None => parameter.default_value(card.id)?,
            };
            values.insert(parameter.name, value);
        }
        Ok(Parameters { values })
    }

    /// Every parameter with its resolved value, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.values.iter().map(|(name, value)| (*name, value))
    }

    /// A number or whole number. The card guarantees that it is there: asking for another is a slip of ours.
    pub fn number(&self, name: &str) -> f64 {
        match self.values.get(name) {
            Some(Value::Number(number)) => *number,
            Some(Value::Integer(number)) => *number as f64,
            other => panic!("parameter `{name}` is {other:?}, its card declares no number"),
        }
    }

    /// A whole number that its card keeps at or above 0.
    pub fn count(&self, name: &str) -> usize {
        match self.values.get(name) {
            Some(Value::Integer(number)) if *number >= 0 => *number as usize,
            other => panic!("parameter `{name}` is {other:?}, its card declares no count"),
        }
    }

    /// True or false.
    pub fn flag(&self, name: &str) -> bool {
        match self.values.get(name) {
            Some(Value::Flag(flag)) => *flag,
            other => panic!("parameter `{name}` is {other:?}, its card declares no flag"),
        }
    }

    /// A word.
    pub fn text(&self, name: &str) -> &str {
        match self.values.get(name) {
            Some(Value::Text(text)) => text,
            other => panic!("parameter `{name}` is {other:?}, its card declares no text"),
        }
    }

    /// A list of numbers.
    pub fn numbers(&self, name: &str) -> &[f64] {
        match self.values.get(name) {
            Some(Value::Numbers(numbers)) => numbers,
            other => panic!("parameter `{name}` is {other:?}, its card declares no list"),
        }
    }
}

impl Parameter {
    fn default_value(&self, id: &str) -> Result<Value, CatalogError> {
        Ok(match self.default {
            Literal::Number(number) => Value::Number(number),
            Literal::Integer(number) => Value::Integer(number),
            Literal::Flag(flag) => Value::Flag(flag),
            Literal::Text(text) => Value::Text(text.to_owned()),
            Literal::Numbers(numbers) => Value::Numbers(numbers.to_vec()),
            Literal::Required | Literal::Absent => {
                return Err(CatalogError::MissingParameter {
                    id: id.to_owned(),
                    name: self.name.to_owned(),
                    purpose: self.purpose.to_owned(),
                });
            }
        })
    }

    fn check(&self, id: &str, given: &Value) -> Result<Value, CatalogError> {
        let typed = match (self.default, given) {
            (Literal::Number(_), Value::Number(number)) => Some(Value::Number(*number)),
            (Literal::Number(_), Value::Integer(number)) => Some(Value::Number(*number as f64)),
            (Literal::Integer(_), Value::Integer(number)) => Some(Value::Integer(*number)),
            (Literal::Flag(_), Value::Flag(flag)) => Some(Value::Flag(*flag)),
            (Literal::Text(_), Value::Text(text)) => Some(Value::Text(text.clone())),
            (Literal::Numbers(_), Value::Numbers(numbers)) => Some(Value::Numbers(numbers.clone())),
            (Literal::Required | Literal::Absent, value) => Some(value.clone()),
            _ => None,
        };
        typed.filter(|value| self.allows(value)).ok_or_else(|| CatalogError::BadValue {
            id: id.to_owned(),
            name: self.name.to_owned(),
            value: given.to_string(),
            expected: format!("{} ({})", self.kind_of_value(), self.allowed),
        })
    }

    fn allows(&self, value: &Value) -> bool {
        let number_allowed = |number: f64| match self.allowed {
            Allowed::Between(low, high) => number >= low && number <= high,
            Allowed::Above(low) => number > low && number.is_finite(),
            Allowed::OneOf(_) => false,
            Allowed::Any => number.is_finite(),
        };
        match value {
            Value::Number(number) => number_allowed(*number),
            Value::Integer(number) => number_allowed(*number as f64),
            Value::Numbers(numbers) => numbers.iter().all(|number| number_allowed(*number)),
            Value::Text(text) => match self.allowed {
                Allowed::OneOf(words) => words.contains(&text.as_str()),
                _ => true,
            },
            Value::Flag(_) => true,
        }
    }

    fn kind_of_value(&self) -> &'static str {
        match self.default {
            Literal::Number(_) => "a number",
            Literal::Integer(_) => "a whole number",
            Literal::Flag(_) => "true or false",
            Literal::Text(_) => "a word in quotes",
            Literal::Numbers(_) => "a list of numbers",
            Literal::Required | Literal::Absent => "a value",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Direction, Kind};

    const CARD: Card = Card {
        id: "example",
        name: "Example",
        kind: Kind::Objective,
        summary: "",
        formula: "",
        fair_value: None,
        range: "",
        direction: Direction::Describes,
        source: "",
        parameters: &[
            Parameter { name: "lambda", default: Literal::Number(0.5), allowed: Allowed::Between(0.0, 1.0), purpose: "weight" },
            Parameter {
                name: "schedule",
                default: Literal::Text("constant"),
                allowed: Allowed::OneOf(&["constant", "dann"]),
                purpose: "shape",
            },
        ],
    };

    fn given(pairs: &[(&str, Value)]) -> BTreeMap<String, Value> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn defaults_fill_what_the_user_leaves_out() {
        let parameters = Parameters::resolve(&CARD, &given(&[("lambda", Value::Integer(1))])).unwrap();
        assert_eq!(parameters.number("lambda"), 1.0);
        assert_eq!(parameters.text("schedule"), "constant");
    }

    #[test]
    fn slips_are_named_with_their_remedy() {
        let message = |pairs: &[(&str, Value)]| Parameters::resolve(&CARD, &given(pairs)).unwrap_err().to_string();
        assert_eq!(
            message(&[("lamda", Value::Number(0.1))]),
            "`example` has no parameter `lamda`; did you mean `lambda`?; it takes lambda, schedule"
        );
        assert_eq!(message(&[("lambda", Value::Number(1.5))]), "`example`: lambda = 1.5 is not allowed; it must be a number (0 to 1)");
        assert_eq!(
            message(&[("schedule", Value::Text("cosine".into()))]),
            "`example`: schedule = \"cosine\" is not allowed; it must be a word in quotes (one of constant, dann)"
        );
    }
}
