//! `methods = "all"`: the methods of the registries, each by itself with its defaults, beside those that the recipe writes.
//!
//! Whoever asks for all of them asks which of them these rows can have: one that cannot work on them is told with its reason and is no error, as a
//! method that the recipe names itself is.

use evenhand_catalog::{Card, Entry, did_you_mean};
use evenhand_learn::OBJECTIVES;
use evenhand_rebalance::REBALANCERS;
use evenhand_rebalance::synthesis::SYNTHESISERS;
use evenhand_rerank::{REPAIRS, RERANKERS};
use serde::{Deserialize, Deserializer};

use super::MethodSection;

/// The word for all families.
const ALL: &str = "all";

/// The word for a family, and its methods.
type Family = (&'static str, fn() -> Vec<String>);

/// What stands for a family in a recipe, and the ids of its methods as each stands in `[[method]]`.
static FAMILIES: [Family; 5] = [
    ("objectives", || written(OBJECTIVES, |id| format!("objective = \"{id}\""))),
    ("rebalancers", || written(REBALANCERS, |id| format!("rebalance = \"{id}\""))),
    ("synthesisers", || written(SYNTHESISERS, |id| format!("synthesise = {{ method = \"{id}\" }}"))),
    ("repairs", || written(REPAIRS, |id| format!("repair = \"{id}\""))),
    ("re-rankers", || written(RERANKERS, |id| format!("rerank = \"{id}\""))),
];

fn written<T: ?Sized>(entries: &[Entry<T>], section: fn(&str) -> String) -> Vec<String> {
    entries.iter().map(|Entry { card: Card { id, .. }, .. }| section(id)).collect()
}

/// `"all"`, a family, or a list of families.
pub(super) fn one_or_several<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "wrong kind of value: expected \"all\", a family such as \"objectives\", or a list of families")]
    enum Written {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Written::deserialize(from)? {
        Written::One(family) => vec![family],
        Written::Several(families) => families,
    })
}

/// Adds the methods of the families that no method of the recipe has the name of; plain training, from which others are told, stands first.
pub(super) fn offer(families: &[String], methods: &mut Vec<MethodSection>) -> Result<(), String> {
    if families.is_empty() {
        return Ok(());
    }
    let mut texts = vec!["objective = \"vanilla\"".to_owned()];
    for family in families {
        let known = || FAMILIES.iter().map(|(name, _)| *name).chain([ALL]);
        if !known().any(|name| name == family) {
            let hint = did_you_mean(family, known());
            return Err(format!("methods: no family `{family}`{hint}; known are {}", known().collect::<Vec<_>>().join(", ")));
        }
        texts.extend(FAMILIES.iter().filter(|(name, _)| family == ALL || family == name).flat_map(|(_, methods)| methods()));
    }
    let mut offered: Vec<MethodSection> = Vec::new();
    for text in texts {
        let mut method: MethodSection = toml::from_str(&text).map_err(|error| error.to_string())?;
        method.offered = true;
        method.resolve()?;
        let mut own = Vec::new();
        for section in methods.iter() {
            let mut section = section.clone();
            section.resolve()?;
            own.push(section.name);
        }
        if !own.contains(&method.name) && !offered.iter().any(|other| other.name == method.name) {
            offered.push(method);
        }
    }
    let first = usize::from(offered.first().is_some_and(|method| method.name == "vanilla"));
    methods.splice(0..0, offered.drain(..first));
    methods.append(&mut offered);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::recipe::Recipe;

    fn parse(head: &str, tail: &str) -> Result<Recipe, String> {
        let text = format!("name = \"x\"\n{head}\n[data]\nloader = \"synthetic\"\n{tail}");
        Recipe::parse(&text, "x.toml", PathBuf::new()).map_err(|error| error.to_string())
    }

    fn names(recipe: &Recipe) -> Vec<&str> {
        recipe.methods.iter().map(|method| method.name.as_str()).collect()
    }

    #[test]
    fn all_are_the_registries() {
        let recipe = parse("methods = \"all\"", "").unwrap();
        let sizes = [OBJECTIVES.len(), REBALANCERS.len(), SYNTHESISERS.len(), REPAIRS.len(), RERANKERS.len()];
        assert_eq!(recipe.methods.len(), sizes.iter().sum::<usize>());
        assert_eq!(names(&recipe)[0], "vanilla");
        assert!(recipe.methods.iter().all(|method| method.offered));
        for (family, id) in [("objectives", "gcm"), ("rebalancers", "reweighing"), ("repairs", "quantile-repair"), ("re-rankers", "pair")] {
            let recipe = parse(&format!("methods = [\"{family}\"]"), "").unwrap();
            assert!(names(&recipe).contains(&id) && names(&recipe)[0] == "vanilla", "{family}: {:?}", names(&recipe));
        }
    }

    #[test]
    fn what_the_recipe_writes_itself_stays_as_it_is() {
        let own = "[[method]]\nobjective = { id = \"gcm\", lambda = 3 }\n[[method]]\nname = \"mine\"\nrebalance = \"reweighing\"";
        let recipe = parse("methods = \"objectives\"", own).unwrap();
        assert_eq!(names(&recipe)[..3], ["vanilla", "gcm", "mine"]);
        assert_eq!(names(&recipe).iter().filter(|name| **name == "gcm").count(), 1);
        assert!(!recipe.methods[1].offered && recipe.methods[3].offered);
        // What a report keeps is read as the same recipe.
        let mut again: Recipe = serde_json::from_value(recipe.to_json()).unwrap();
        again.resolve().unwrap();
        assert_eq!(names(&again), names(&recipe));
    }

    #[test]
    fn what_is_no_family_is_told() {
        let told = parse("methods = \"objective\"", "").unwrap_err();
        assert!(told.contains("methods: no family `objective`") && told.contains("did you mean `objectives`"), "{told}");
        assert!(told.contains("synthesisers, repairs, re-rankers, all"), "{told}");
        let told = parse("methods = 3", "").unwrap_err();
        assert!(told.contains("expected \"all\", a family"), "{told}");
        assert!(parse("methods = []", "").unwrap_err().contains("there is no [[method]]"));
    }
}
