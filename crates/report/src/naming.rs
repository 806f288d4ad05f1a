//! Methods and lists in words: what was done at the gates, what tells a method from others, in which order candidates stand.

use crate::document::{MethodChoice, MethodReport};

/// What was done at the gates, in words: `oversampling; wasserstein (lambda_w = 0.5)`.
pub fn gates(method: &MethodReport) -> String {
    let gates = [&method.sample, &method.rebalance, &method.synthesise, &method.objective, &method.repair, &method.rerank];
    choices(gates.into_iter().flatten().cloned())
}

/// Methods with their parameters, in words.
pub fn choices(choices: impl Iterator<Item = MethodChoice>) -> String {
    let words = choices.map(|choice| {
        let parameters: Vec<String> = choice.parameters.iter().map(|(name, value)| format!("{name} = {}", plain_json(value))).collect();
        if parameters.is_empty() { choice.id } else { format!("{} ({})", choice.id, parameters.join(", ")) }
    });
    words.collect::<Vec<_>>().join("; ")
}

/// A choice with the parameters that tell it from others of its id.
pub fn apart(choice: &MethodChoice, among: &[MethodChoice]) -> String {
    let differs = |name: &str, value: &serde_json::Value| {
        among.iter().any(|other| other.id == choice.id && other.parameters.get(name) != Some(value))
    };
    let parameters = choice.parameters.iter().filter(|(name, value)| differs(name, value));
    choices(std::iter::once(MethodChoice {
        id: choice.id.clone(),
        parameters: parameters.map(|(name, value)| (name.clone(), value.clone())).collect(),
    }))
}

fn plain_json(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The order that the scores give.
pub const BY_SCORE: &str = "by score";
/// The order that the re-ranker gives.
pub const RERANKED: &str = "re-ranked";

/// Orders drawn by lot.
pub const BY_LOT: &str = "drawn by lot";

/// A reason in the words of an order: of a job there are several lists by lot, and one list is no job.
pub fn worded(reason: &str, order: &str, jobs: usize) -> String {
    if order == BY_LOT { reason.replace(" jobs", " lists").replace(" job ", " list ") } else { of_the_list(reason, jobs) }
}

/// A reason without jobs where there are none: one list is no job.
pub(crate) fn of_the_list(reason: &str, jobs: usize) -> String {
    if jobs == 1 { reason.replace("in 1 of 1 jobs", "in the list") } else { reason.to_owned() }
}
