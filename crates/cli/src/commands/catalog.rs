//! `catalog`: what recipes can name.

use evenhand_catalog::Card;
use evenhand_experiment::registry;

use super::Outcome;
use crate::args::Catalog;
use crate::printer;

pub(crate) fn catalog(arguments: &Catalog, json: bool) -> anyhow::Result<Outcome> {
    if arguments.id.as_deref() == Some("recipe") {
        if json {
            printer::json(&keys_as_json())?;
        } else {
            printer::text(&evenhand_experiment::keys::describe())?;
        }
        return Ok(Outcome::Fine);
    }
    if let Some(id) = &arguments.id {
        let card = registry::card(id)?;
        if json {
            printer::json(&as_json(card))?;
        } else {
            printer::text(&registry::describe(card))?;
        }
        return Ok(Outcome::Fine);
    }
    let cards = registry::cards();
    if json {
        printer::json(&serde_json::Value::Array(cards.into_iter().map(as_json).collect()))?;
        return Ok(Outcome::Fine);
    }
    let width = cards.iter().map(|card| card.id.len()).max().unwrap_or(0);
    let mut kind = None;
    for card in cards {
        if kind != Some(card.kind) {
            printer::text(&format!("{}{}:\n", if kind.is_some() { "\n" } else { "" }, card.kind.name()))?;
            kind = Some(card.kind);
        }
        printer::text(&format!("  {:width$}  {}\n", card.id, card.name))?;
    }
    printer::text(
        "\n`evenhand catalog ID` gives formula, range, parameters and source; `evenhand catalog recipe` every key of a recipe. No method infers an emotion.\n",
    )?;
    Ok(Outcome::Fine)
}

fn keys_as_json() -> serde_json::Value {
    let sections = evenhand_experiment::keys::SECTIONS.iter().map(|section| {
        let keys: Vec<_> = section
            .keys
            .iter()
            .map(|key| serde_json::json!({ "name": key.name, "default": key.default, "allowed": key.allowed, "purpose": key.purpose }))
            .collect();
        serde_json::json!({ "heading": section.heading, "purpose": section.purpose, "keys": keys })
    });
    serde_json::Value::Array(sections.collect())
}

fn as_json(card: &Card) -> serde_json::Value {
    let parameters: Vec<_> = card
        .parameters
        .iter()
        .map(|parameter| {
            serde_json::json!({
                "name": parameter.name,
                "default": parameter.default.to_string(),
                "allowed": parameter.allowed.to_string(),
                "purpose": parameter.purpose,
            })
        })
        .collect();
    serde_json::json!({
        "id": card.id,
        "name": card.name,
        "kind": card.kind.name(),
        "summary": card.summary,
        "formula": card.formula,
        "range": card.range,
        "fair_value": card.fair_value,
        "direction": registry::direction(card),
        "reads_the_group_at_the_decision": registry::reads_the_group(card),
        "source": card.source,
        "parameters": parameters,
    })
}
