//! The recipe's `[model]`: which network is trained, and how large it is.

use std::collections::BTreeMap;

use evenhand_catalog::limits::{WEIGHTS, WIDTH};
use evenhand_catalog::{CatalogError, Entry, Parameters, Value, find};
use serde::{Deserialize, Serialize};

use crate::LearnError;
use crate::networks::{Activation, Initialisation, InterviewArchitecture, NETWORKS, Network};

/// A parameter's value as it is written in recipes and model folders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParameterValue {
    /// True or false.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A real number.
    Number(f64),
    /// A word.
    Text(String),
    /// A list of real numbers.
    Numbers(Vec<f64>),
}

impl From<&Value> for ParameterValue {
    fn from(value: &Value) -> Self {
        match value.clone() {
            Value::Number(number) => ParameterValue::Number(number),
            Value::Integer(number) => ParameterValue::Integer(number),
            Value::Flag(flag) => ParameterValue::Flag(flag),
            Value::Text(text) => ParameterValue::Text(text),
            Value::Numbers(numbers) => ParameterValue::Numbers(numbers),
        }
    }
}

impl From<&ParameterValue> for Value {
    fn from(value: &ParameterValue) -> Self {
        match value.clone() {
            ParameterValue::Number(number) => Value::Number(number),
            ParameterValue::Integer(number) => Value::Integer(number),
            ParameterValue::Flag(flag) => Value::Flag(flag),
            ParameterValue::Text(text) => Value::Text(text),
            ParameterValue::Numbers(numbers) => Value::Numbers(numbers),
        }
    }
}

/// A network by its id, with those of its parameters that are given: `"mlp"`, or `{ id = "...", parameter = ... }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "WrittenChoice", into = "WrittenChoice")]
pub struct NetworkChoice {
    /// Its id in [`NETWORKS`].
    pub id: String,
    /// What is given of its parameters.
    pub parameters: BTreeMap<String, ParameterValue>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum WrittenChoice {
    Id(String),
    Table {
        id: String,
        #[serde(flatten)]
        parameters: BTreeMap<String, ParameterValue>,
    },
}

impl From<WrittenChoice> for NetworkChoice {
    fn from(written: WrittenChoice) -> Self {
        match written {
            WrittenChoice::Id(id) => NetworkChoice { id, parameters: BTreeMap::new() },
            WrittenChoice::Table { id, parameters } => NetworkChoice { id, parameters },
        }
    }
}

impl From<NetworkChoice> for WrittenChoice {
    fn from(NetworkChoice { id, parameters }: NetworkChoice) -> Self {
        if parameters.is_empty() { WrittenChoice::Id(id) } else { WrittenChoice::Table { id, parameters } }
    }
}

impl NetworkChoice {
    /// The network of a registry, built from the parameters.
    pub(crate) fn build(&self, networks: &[Entry<dyn Network>]) -> Result<Box<dyn Network>, LearnError> {
        let entry = find(networks, &self.id)?;
        let given = self.parameters.iter().map(|(name, value)| (name.clone(), value.into())).collect();
        let network = (entry.build)(&Parameters::resolve(entry.card, &given)?)?;
        match self.parameters.keys().next() {
            Some(name) if network.reads().section().is_some() => Err(LearnError::Catalog(CatalogError::BadCombination {
                id: self.id.clone(),
                reason: format!("`{name}` is a key of [{}]; write it there", network.reads().section().unwrap_or_default()),
            })),
            _ => Ok(network),
        }
    }
}

/// The recipe's `[architecture]`: layers of the scorer.
///
/// | key | default | purpose | allowed |
/// |---|---|---|---|
/// | `hidden` | `[128, 64]` | widths of the hidden layers, first to last; `[]` makes a logistic regression | 1 to 65536 each |
/// | `activation` | `"relu"` | function between layers | `relu`, `leaky-relu`, `tanh`, `sigmoid` |
/// | `batch_norm` | `false` | normalise before each activation | true, false |
/// | `dropout` | `0.0` | share of activations set to 0 in training | 0 to below 1 |
/// | `dropout_before_logit` | `true` | whether the last layer before the logit drops activations, too | true, false |
/// | `initialisation` | `"uniform"` | where the weights of layers with an activation start | `uniform`, `he-normal` |
/// | `bottleneck` | none | width of a linear layer after the hidden ones; it becomes the embedding Z | 1 to 65536 |
/// | `head` | `[]` | widths of layers between the embedding and the logit | 1 to 65536 each |
/// | `network` | `interview` where rows have recordings, else `mlp` | which network of [`NETWORKS`]; one with parameters of its own takes them here | an id, or `{ id = "...", parameter = ... }` |
///
/// The other keys are those of `mlp`, and `[model.interview]` those of `interview`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Architecture {
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Function between layers.
    pub activation: Activation,
    /// Batch normalisation before each activation.
    pub batch_norm: bool,
    /// Share of activations dropped in training.
    pub dropout: f64,
    /// Whether the last layer before the logit drops activations, too.
    pub dropout_before_logit: bool,
    /// Where the weights of layers with an activation start.
    pub initialisation: Initialisation,
    /// Width of a linear embedding layer after the hidden ones; without it the last hidden activation is the embedding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bottleneck: Option<usize>,
    /// Widths of layers between embedding and logit.
    pub head: Vec<usize>,
    /// `[model.interview]`: the network that reads recordings; the keys above are those of tables and take no part in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interview: Option<InterviewArchitecture>,
    /// Which network; `None` for the first of [`NETWORKS`] that reads what the rows hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkChoice>,
}

impl Default for Architecture {
    fn default() -> Self {
        Architecture {
            hidden: vec![128, 64],
            activation: Activation::Relu,
            batch_norm: false,
            dropout: 0.0,
            dropout_before_logit: true,
            initialisation: Initialisation::Uniform,
            bottleneck: None,
            head: Vec::new(),
            interview: None,
            network: None,
        }
    }
}

impl Architecture {
    /// Refuses widths and shares outside their range.
    pub fn check(&self) -> Result<(), LearnError> {
        let bad = |key, value: String, expected: &str| {
            Err(LearnError::BadSetting { section: "architecture", key, value, expected: expected.to_owned() })
        };
        for (key, widths) in [("hidden", self.hidden.as_slice()), ("head", &self.head), ("bottleneck", self.bottleneck.as_slice())] {
            if let Some(width) = widths.iter().find(|width| **width == 0 || WIDTH.check(**width as u64).is_err()) {
                return bad(key, width.to_string(), &format!("between 1 and {}", WIDTH.most()));
            }
        }
        self.check_inputs(0)?;
        if !(0.0..1.0).contains(&self.dropout) {
            return bad("dropout", self.dropout.to_string(), "at least 0 and below 1");
        }
        self.interview.as_ref().map_or(Ok(()), InterviewArchitecture::check)?;
        self.network.as_ref().map_or(Ok(()), |choice| choice.build(NETWORKS).map(|_| ()))
    }

    /// Refuses a network of a table with so many input columns that has too many weights.
    pub(crate) fn check_inputs(&self, columns: usize) -> Result<(), LearnError> {
        let layers: Vec<u64> =
            std::iter::once(&columns).chain(&self.hidden).chain(&self.bottleneck).chain(&self.head).map(|width| *width as u64).collect();
        let weights = layers.windows(2).fold(0_u64, |sum, pair| sum.saturating_add(pair[0].saturating_mul(pair[1])));
        WEIGHTS.check(weights).map_err(|beyond| LearnError::BadSetting {
            section: "architecture",
            key: "hidden",
            value: format!("{:?}", self.hidden),
            expected: format!("of fewer or narrower layers: {beyond}"),
        })
    }

    /// The first key of a table's network that is not at its default, with its value: what a network of recordings would pass over.
    pub(crate) fn table_setting(&self) -> Option<(&'static str, String)> {
        let usual = Architecture::default();
        [
            ("hidden", self.hidden != usual.hidden, format!("{:?}", self.hidden)),
            ("activation", self.activation != usual.activation, format!("{:?}", self.activation)),
            ("batch_norm", self.batch_norm != usual.batch_norm, self.batch_norm.to_string()),
            ("dropout", self.dropout != usual.dropout, self.dropout.to_string()),
            ("dropout_before_logit", self.dropout_before_logit != usual.dropout_before_logit, self.dropout_before_logit.to_string()),
            ("initialisation", self.initialisation != usual.initialisation, "\"he-normal\"".to_owned()),
            ("bottleneck", self.bottleneck != usual.bottleneck, format!("{:?}", self.bottleneck.unwrap_or_default())),
            ("head", self.head != usual.head, format!("{:?}", self.head)),
        ]
        .into_iter()
        .find_map(|(key, given, value)| given.then_some((key, value)))
    }
}
