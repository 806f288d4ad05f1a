//! What a scorer rests on: how much the shuffle of each input costs, and what the input tells of the attribute.

use evenhand_metrics::Estimate;
use serde::{Deserialize, Serialize};

/// Association from which an input is marked as a proxy.
pub const PROXY: f64 = 0.3;

/// One input of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// Its name.
    pub input: String,
    /// Mean loss of performance over the repeats; in JSON a plain number, or the reason why there is none.
    #[serde(with = "plain")]
    pub importance: Estimate,
    /// Standard deviation over the repeats; absent with fewer than two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<f64>,
    /// Mean change of the gap, as its distance from parity; absent where the gap is undefined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_change: Option<f64>,
    /// Association with the attribute; absent where it is undefined (one group, a constant input, a category a row).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub association: Option<f64>,
    /// True for the attribute itself.
    pub sensitive: bool,
}

/// Importances of a run's inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importances {
    /// Metric of performance.
    pub performance: String,
    /// Metric of the gap.
    pub gap: String,
    /// Attribute of gap and association.
    pub attribute: String,
    /// Shuffles of each input.
    pub repeats: usize,
    /// The inputs, the most important first.
    pub inputs: Vec<Importance>,
}

impl Importance {
    /// True when the input can stand in for the attribute.
    pub fn is_proxy(&self) -> bool {
        !self.sensitive && self.association.is_some_and(|association| association >= PROXY)
    }
}

/// An estimate as a plain number, or with its reason.
mod plain {
    use evenhand_metrics::Estimate;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Plain {
        Number(f64),
        Undefined { undefined: String },
    }

    pub(super) fn serialize<S: Serializer>(estimate: &Estimate, serializer: S) -> Result<S::Ok, S::Error> {
        match estimate {
            Estimate::Value { value, .. } => Plain::Number(*value),
            Estimate::Undefined { undefined } => Plain::Undefined { undefined: undefined.clone() },
        }
        .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Estimate, D::Error> {
        Ok(match Plain::deserialize(deserializer)? {
            Plain::Number(value) => Estimate::value(value),
            Plain::Undefined { undefined } => Estimate::undefined(undefined),
        })
    }
}
