//! What a cell's result depends on, as a digest: a changed recipe never meets an old cell.
//!
//! A digest knows the parts of the recipe that reach the cell, the data and the versions; not the title, the description, the limits, the published
//! values and the name of the method, which change no number. Methods of equal settings are one cell.

use std::collections::BTreeMap;

use evenhand_rows::{Dataset, digest};
use sha2::{Digest as _, Sha256};

use super::cells::Cell;
use crate::ExperimentError;
use crate::analyses::choice::Search;
use crate::recipe::{CounterfactualName, MetricsSection, Recipe};
use crate::steps::fits::DIGITS;
use crate::steps::list;
use crate::versions;

/// Edition of what a cell holds. Raise it with every change after which the same recipe, data and seed give other numbers in a cell, or a
/// cell holds more or less than before: then cells of earlier programs are computed anew. Fits have an edition of their own.
const EDITION: u32 = 9;

/// Digests of all cells, in their order.
pub(crate) fn digest_cells(
    cells: &[Cell<'_>],
    recipe: &Recipe,
    data: &Dataset,
    search: Option<&Search>,
) -> Result<Vec<String>, ExperimentError> {
    let data = digest_data(data);
    cells.iter().map(|cell| digest_cell(cell, recipe, &data, search)).collect()
}

/// Digest of everything that the cell's result depends on.
fn digest_cell(cell: &Cell<'_>, recipe: &Recipe, data: &str, search: Option<&Search>) -> Result<String, ExperimentError> {
    let json = |value: serde_json::Result<serde_json::Value>| {
        value.map_err(|error| ExperimentError::Request(format!("the recipe cannot be written as JSON: {error}")))
    };
    let mut text = serde_json::json!({
        "versions": versions(),
        "edition": EDITION,
        "data": data,
        "roles": json(serde_json::to_value(&recipe.data))?,
        "skew": json(serde_json::to_value(&recipe.skew))?,
        "split": json(serde_json::to_value(&recipe.split))?,
        "encoding": json(serde_json::to_value(recipe.encoding))?,
        "metrics": json(serde_json::to_value(&MetricsSection { table: Vec::new(), ..recipe.metrics.clone() }))?,
        "intervals": json(serde_json::to_value(recipe.intervals))?,
        "model": json(serde_json::to_value(recipe.model_of(cell.method)?))?,
        "training": json(serde_json::to_value(recipe.training_of(cell.method)?))?,
        "rebalance": json(serde_json::to_value(&cell.method.rebalance))?,
        "objective": json(serde_json::to_value(&cell.method.objective))?,
        "analyses": json(serde_json::to_value(Asked::of(recipe)))?,
        "seed": cell.part.seed,
        "fold": cell.part.fold,
        "plots": cell.first,
    });
    if cell.method.sample.is_some() || cell.method.synthesise.is_some() {
        text["sample"] = json(serde_json::to_value(&cell.method.sample))?;
        text["synthesise"] = json(serde_json::to_value(&cell.method.synthesise))?;
    }
    if cell.method.repair.is_some() {
        text["repair"] = json(serde_json::to_value(&cell.method.repair))?;
    }
    if let Some(shortlist) = list::wanted_lists(recipe, cell.method) {
        text["shortlist"] = json(serde_json::to_value(&*shortlist))?;
        text["rerank"] = json(serde_json::to_value(&cell.method.rerank))?;
    }
    if let Some(search) = search {
        text["validated"] = serde_json::json!(search.wanted());
    }
    Ok(digest::of_bytes(text.to_string().as_bytes())[..DIGITS].to_owned())
}

/// Digest of the rows: of the files that they come from.
fn digest_data(data: &Dataset) -> String {
    let mut hasher = Sha256::new();
    for file in &data.provenance.files {
        hasher.update(format!("{} {} {}\n", file.name, file.bytes, file.sha256));
    }
    hasher.update(format!("{} {}", data.name, data.len()));
    digest::hexadecimal(hasher)
}

/// What is asked of a cell beyond its numbers, as far as its result depends on it.
#[derive(Debug, serde::Serialize)]
struct Asked<'a> {
    counterfactual: CounterfactualName,
    importance: usize,
    landscape: usize,
    /// Metrics of importances and counterfactual numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<(&'a Option<[String; 2]>, &'a [String])>,
}

impl<'a> Asked<'a> {
    fn of(recipe: &'a Recipe) -> Option<Self> {
        let asked = &recipe.analyses;
        let any = asked.counterfactual != CounterfactualName::None || asked.importance + asked.landscape > 0;
        any.then_some(Asked {
            counterfactual: asked.counterfactual,
            importance: asked.importance,
            landscape: asked.landscape,
            metrics: Some((&asked.front, &recipe.metrics.table)),
        })
    }
}

/// Places of equal digests, in the order of their first: methods of equal settings are one cell, which runs once.
pub(crate) fn group_equal(digests: &[String]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut known: BTreeMap<&String, usize> = BTreeMap::new();
    for (index, digest) in digests.iter().enumerate() {
        let place = *known.entry(digest).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(twins) => twins.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use evenhand_rows::Split;

    use super::*;
    use crate::grid::parts::Part;
    use crate::steps::example::rows;

    const RECIPE: &str = "name = \"x\"\n[data]\nloader = \"synthetic\"\n[[method]]\nname = \"a\"\nobjective = \"vanilla\"\n";

    fn digest(text: &str, seed: u64, fold: Option<usize>, first: bool) -> String {
        let recipe = Recipe::parse(text, "x.toml", PathBuf::new()).unwrap();
        let part = Part { seed, fold, split: Split::default() };
        let cell = Cell { method: &recipe.methods[0], part: &part, first };
        digest_cells(&[cell], &recipe, &rows(8), None).unwrap().remove(0)
    }

    #[test]
    fn what_changes_a_number_changes_the_digest() {
        let plain = digest(RECIPE, 0, None, true);
        assert_eq!(plain.len(), DIGITS);
        let with = |head: &str, tail: &str| RECIPE.replace("[[method]]", &format!("{head}\n[[method]]")) + tail;
        let changed = [
            with("[training]\nepochs = 3", ""),
            with("[model]\nhidden = [4]", ""),
            with("[metrics]\nthreshold = 0.4", ""),
            with("[intervals]\nseed = 1", ""),
            with("[encoding]\nnumeric = \"min-max\"", ""),
            with("[split]\nkind = \"hold-out\"\nshares = [0.5, 0.25, 0.25]", ""),
            with("[skew]\nprivileged = \"m\"\nunprivileged = \"f\"\nalpha = 2", ""),
            with("[analyses]\nimportance = 1", ""),
            with("[shortlist]\ntop = 3", ""),
            with("", "rebalance = \"reweighing\""),
            with("", "sample = \"rejection-sampling\""),
            with("", "repair = \"quantile-repair\""),
            with("", "rerank = \"det-greedy\""),
            with("", "[method.training]\nepochs = 3\n[method.model]\nhidden = [5]"),
            with("", "[method.synthesise]\nmethod = \"gaussian-copula\""),
            RECIPE.replace("\"vanilla\"", "\"l2\""),
        ];
        let mut all: BTreeSet<String> = changed.iter().map(|text| digest(text, 0, None, true)).collect();
        all.extend([digest(RECIPE, 1, None, true), digest(RECIPE, 0, Some(0), true), digest(RECIPE, 0, None, false), plain]);
        assert_eq!(all.len(), changed.len() + 4, "two of them are one cell");
    }

    #[test]
    fn what_changes_no_number_keeps_the_digest() {
        let plain = digest(RECIPE, 0, None, true);
        for text in [
            RECIPE.replace("name = \"x\"", "name = \"y\"\ndescription = \"why\"\nseeds = [0, 1]"),
            RECIPE.replace("name = \"a\"", "name = \"b\"\nfamily = \"f\""),
            RECIPE.to_owned() + "published = { accuracy = 0.8 }",
            RECIPE.replace("[[method]]", "[metrics]\ntable = [\"accuracy\"]\n[limits]\nspdd = 0.1\n[[method]]"),
        ] {
            assert_eq!(digest(&text, 0, None, true), plain, "{text}");
        }
    }

    #[test]
    fn data_of_other_files_is_another_cell() {
        let mut data = rows(8);
        let digest = digest_data(&data);
        data.provenance.files.push(evenhand_rows::FileDigest { name: "a.csv".to_owned(), bytes: 3, sha256: "ab".to_owned() });
        assert_ne!(digest_data(&data), digest);
        assert_ne!(digest_data(&rows(9)), digest);
    }

    #[test]
    fn equal_digests_stand_together() {
        let digests: Vec<String> = ["a", "b", "a", "c", "b"].map(str::to_owned).into();
        assert_eq!(group_equal(&digests), [vec![0, 2], vec![1, 4], vec![3]]);
    }
}
