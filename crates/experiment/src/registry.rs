//! All cards of all registries: what `evenhand catalog` and the generated documents show.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use evenhand_catalog::{Card, CatalogError, Direction, Kind, Parameters, READS_THE_GROUP, unknown_id};
use evenhand_report::standings;

use crate::keys;

/// Every card, by kind and in the order of its registry.
pub fn cards() -> Vec<&'static Card> {
    let metrics = evenhand_metrics::metrics().map(evenhand_metrics::Metric::card);
    let rebalancers = evenhand_rebalance::REBALANCERS.iter().map(|entry| entry.card);
    let objectives = evenhand_learn::OBJECTIVES.iter().map(|entry| entry.card);
    let corpora = evenhand_data::LOADERS.iter().map(|entry| entry.card);
    let synthesisers = evenhand_rebalance::synthesis::SYNTHESISERS.iter().map(|entry| entry.card);
    let networks = evenhand_learn::NETWORKS.iter().map(|entry| entry.card);
    let rerankers = evenhand_rerank::RERANKERS.iter().map(|entry| entry.card);
    let repairs = evenhand_rerank::REPAIRS.iter().map(|entry| entry.card);
    let laws = evenhand_audit::law::LAWS.iter().map(|preset| preset.card);
    let rankings = evenhand_metrics::ranking::RANKING_METRICS.iter().map(|metric| metric.card());
    corpora
        .chain(rebalancers)
        .chain(synthesisers)
        .chain(networks)
        .chain(objectives)
        .chain(repairs)
        .chain(rerankers)
        .chain(metrics)
        .chain(rankings)
        .chain(laws)
        .collect()
}

/// The card with this id, or an error that names the nearest.
pub fn card(id: &str) -> Result<&'static Card, CatalogError> {
    let all = cards();
    all.iter().find(|card| card.id == id).copied().ok_or_else(|| unknown_id(id, all.iter().copied()))
}

/// The word for a direction.
pub fn direction(card: &Card) -> &'static str {
    match card.direction {
        Direction::Higher => "higher is better",
        Direction::Lower => "lower is better",
        Direction::NearFair => "nearest to the fair value is better",
        Direction::Describes => "describes only",
    }
}

/// Whether a method reads a candidate's group when it scores, decides or ranks; `None` of what does none of these. Of training methods it is what they need with
/// their default parameters.
pub fn reads_the_group(card: &Card) -> Option<bool> {
    if card.kind != Kind::Objective {
        return card.kind.reads_the_group();
    }
    let entry = evenhand_learn::OBJECTIVES.iter().find(|entry| entry.card.id == card.id)?;
    let built = Parameters::resolve(entry.card, &BTreeMap::new()).and_then(|parameters| (entry.build)(&parameters));
    built.ok().map(|objective| objective.needs().attribute_to_score)
}

/// The same in words.
fn told_reading(card: &Card) -> Option<String> {
    reads_the_group(card).map(|reads| if reads { format!("yes: {READS_THE_GROUP}") } else { "no".to_owned() })
}

/// A card as plain text for a terminal.
pub fn describe(card: &Card) -> String {
    let mut text = format!("{} ({}): {}\n\n{}\n", card.id, card.kind.name(), card.name, card.summary);
    if !card.formula.is_empty() {
        let _ = write!(text, "\nFormula:\n{}\n", indented(card.formula, "  "));
    }
    if card.kind == Kind::Metric {
        let fair = card.fair_value.map_or_else(String::new, |value| format!("; fair value {value}"));
        let _ = writeln!(text, "\nRange:  {}; {}{fair}", card.range, direction(card));
    }
    if !card.parameters.is_empty() {
        text.push_str("\nParameters:\n");
        let width = card.parameters.iter().map(|parameter| parameter.name.len()).max().unwrap_or(0);
        for parameter in card.parameters {
            let _ =
                writeln!(text, "  {:width$}  default {} ({}): {}", parameter.name, parameter.default, parameter.allowed, parameter.purpose);
        }
    }
    if let Some(reading) = told_reading(card) {
        let _ = writeln!(text, "\nReads the group at the decision: {reading}");
    }
    let _ = writeln!(text, "\nSource: {}", card.source);
    text
}

fn indented(text: &str, indent: &str) -> String {
    text.trim_matches('\n').lines().map(|line| format!("{indent}{line}")).collect::<Vec<_>>().join("\n")
}

/// `docs/metrics.md`, `docs/methods.md`, `docs/laws.md`, `docs/recipes.md` and `docs/limits.md`: file name and content. `tables` are our own committed results: name of the folder under `docs/results` and its
/// `measures.csv`; every method says where it stands in them.
pub fn documents(tables: &[(String, String)]) -> Result<[(&'static str, String); 5], String> {
    let places = standings::places(tables)?;
    let metrics = document(
        "Metrics",
        "Every number that Evenhand measures, from the registry. An `Undefined` number carries its reason through to the report.",
        &[Kind::Metric],
        &BTreeMap::new(),
    );
    let methods = document(
        "Methods and corpora",
        "Every corpus that can be loaded and every method that can stand in a recipe, from the registries, with all parameters. None of them infers an emotion, and none \
         is offered that does: at work, recruitment included, the EU forbids it (Regulation (EU) 2024/1689, Article 5(1)(f)).",
        &[Kind::Corpus, Kind::Rebalancer, Kind::Synthesiser, Kind::Network, Kind::Objective, Kind::Reranker, Kind::Repair],
        &places,
    );
    Ok([("metrics.md", metrics), ("methods.md", methods), ("laws.md", laws()), ("recipes.md", keys::page()), ("limits.md", limits())])
}

fn laws() -> String {
    let mut text = document(
        "Rules of law",
        "Every rule whose tables `evenhand audit --law ID` makes, from the registry. What comes out is evidence and no legal opinion; each rule says from what, and \
         when, its preset was made. The guide's page on them is [guide/law.md](guide/law.md).",
        &[Kind::Law],
        &BTreeMap::new(),
    );
    text.push_str("\n## What the details hold\n\n| key | holds |");
    let laws = evenhand_audit::law::LAWS;
    for preset in laws {
        let _ = write!(text, " `{}` |", preset.card.id);
    }
    let _ = writeln!(text, "\n|---|---|{}", "---|".repeat(laws.len()));
    for key in evenhand_audit::law::KEYS {
        let _ = write!(text, "| `{}` | {} |", key.key, key.holds);
        for preset in laws {
            text.push_str(if preset.wants.contains(&key.key) { " wanted |" } else { " |" });
        }
        text.push('\n');
    }
    text
}

fn limits() -> String {
    let mut text = "# Limits\n\nCeilings of the sizes that a file, a flag or a recipe may state. A size beyond is refused before memory is asked for, with the \
                    limit's name; `evenhand --ceiling LIMIT=N ...` sets another, for one run of the program.\n\nThis page is generated; `UPDATE_DOCS=1 cargo test -p evenhand-experiment docs` writes it anew.\n\n\
                    | limit | of | at most | why |\n|---|---|---|---|\n"
        .to_owned();
    for limit in evenhand_catalog::limits::LIMITS {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            limit.id,
            limit.of,
            limit.most,
            limit.why.to_owned() + if limit.fixed { " (fixed)" } else { "" }
        );
    }
    text
}

fn document(title: &str, summary: &str, kinds: &[Kind], places: &BTreeMap<String, String>) -> String {
    let mut text = format!(
        "# {title}\n\n{summary}\n\nThis page is generated; `UPDATE_DOCS=1 cargo test -p evenhand-experiment docs` writes it anew.\n"
    );
    for kind in kinds {
        if kinds.len() > 1 {
            let _ = write!(text, "\n## {}\n", heading(*kind));
        }
        let level = if kinds.len() > 1 { "###" } else { "##" };
        if *kind == Kind::Objective {
            text.push_str(&needs());
        }
        for card in cards().into_iter().filter(|card| card.kind == *kind) {
            let _ = write!(text, "\n{level} `{}`: {}\n\n{}\n", card.id, card.name, card.summary);
            if !card.formula.is_empty() {
                let _ = write!(text, "\n```text\n{}\n```\n", card.formula.trim_matches('\n'));
            }
            text.push('\n');
            if card.kind == Kind::Metric {
                let fair = card.fair_value.map_or_else(|| "none".to_owned(), |value| value.to_string());
                let _ = writeln!(text, "- Range: {}; {}; fair value: {fair}", card.range, direction(card));
            }
            if let Some(reading) = told_reading(card) {
                let _ = writeln!(text, "- Reads the group at the decision: {reading}");
            }
            let _ = writeln!(text, "- Source: {}", card.source);
            if !card.parameters.is_empty() {
                text.push_str("\n| parameter | default | allowed | purpose |\n|---|---|---|---|\n");
                for parameter in card.parameters {
                    let _ =
                        writeln!(text, "| `{}` | {} | {} | {} |", parameter.name, parameter.default, parameter.allowed, parameter.purpose);
                }
            }
            if card.kind == Kind::Objective {
                match places.get(card.id) {
                    Some(places) => {
                        let _ = write!(text, "\nIn our own tables (means over the runs):\n\n{places}");
                    }
                    None => text.push_str("\nIn none of our own committed tables so far.\n"),
                }
            }
        }
    }
    text
}

/// What every training method needs: whether the sensitive attribute is read in training and in scoring.
fn needs() -> String {
    let mut text = String::from(
        "\nWhether the sensitive attribute may be read, above all to score a person, is a question of law. With its default parameters each \
         method needs:\n\n| method | attribute to train | attribute to score | also |\n|---|---|---|---|\n",
    );
    let word = |needed: bool| if needed { "yes" } else { "no" };
    for entry in evenhand_learn::OBJECTIVES {
        let built = Parameters::resolve(entry.card, &BTreeMap::new()).and_then(|parameters| (entry.build)(&parameters));
        // The registry's tests build every method from its defaults.
        let Ok(objective) = built else { continue };
        let needs = objective.needs();
        let (train, score) = (word(needs.attribute_to_train), word(needs.attribute_to_score));
        let _ = writeln!(text, "| `{}` | {train} | {score} | {} |", entry.card.id, needs.also);
    }
    text.push_str(&presets());
    text
}

/// The weights of papers that have a name.
fn presets() -> String {
    let mut text = String::from(
        "\nWeights of papers have names: `{ id = \"wasserstein\", preset = \"kim2023\" }`. What is given beside the name overrules it.\n\n\
         | method | preset | stands for | source |\n|---|---|---|---|\n",
    );
    for preset in evenhand_learn::presets::PRESETS {
        let values: Vec<String> = preset.values.iter().map(|(name, value)| format!("`{name} = {value}`")).collect();
        let _ = writeln!(text, "| `{}` | `{}` | {} | {} |", preset.objective, preset.name, values.join(", "), preset.source);
    }
    text
}

fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Corpus => "Corpora (loaders)",
        Kind::Metric => "Metrics",
        Kind::Rebalancer => "Gate 1: rebalancers",
        Kind::Objective => "Gate 2: objectives",
        Kind::Network => "Gate 2: networks",
        Kind::Synthesiser => "Gate 1: synthesisers",
        Kind::Reranker => "Gate 3: re-rankers",
        Kind::Repair => "Gate 3: repair of scores and decisions",
        Kind::Law => "Rules of law",
    }
}
