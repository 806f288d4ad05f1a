//! The recipe: one TOML file that says what is done, from the data to the report.
//!
//! What the user writes is parsed once, checked against the registries, and every default is filled in; the resolved recipe stands in
//! the report. Unknown keys are refused with the nearest known one. Each section stands in a file of its own, with its own check.

mod analyses;
mod data;
mod encoding;
mod families;
pub mod keys;
mod method;
mod overrides;
mod shortlist;
mod skew;
mod split;
mod sweep;
mod synthesis;
mod words;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use evenhand_data::whole;

use evenhand_catalog::did_you_mean;
use evenhand_catalog::limits::SEEDS;
use evenhand_learn::{Architecture, Training};
use evenhand_report::limits::{Judge, check_limit};
use evenhand_rows::{Encoding, Scale, Schema};
use serde::{Deserialize, Serialize};

use crate::ExperimentError;
use crate::settings::check_metric;
use overrides::merge;
use words::explain;

pub use crate::settings::{Choice, Convention, DecisionRule, Definition, IntervalSection, MetricsSection};
pub use analyses::{AnalysesSection, CounterfactualName};
pub use data::{DataSection, LabelSection, SensitiveInputs, SensitiveSection, TypeName};
pub use encoding::{CategoricalName, EncodingSection, NumericName};
pub use method::{MethodSection, PublishedValue};
pub use shortlist::ShortlistSection;
pub use skew::SkewSection;
pub use split::{SplitSection, Together};
pub use synthesis::SynthesisSection;

/// A whole experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Heading of the report.
    pub name: String,
    /// What the experiment asks, in a sentence or two.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// One run of every method per seed (times folds).
    #[serde(default = "one_seed")]
    pub seeds: Vec<u64>,
    /// What limits are judged by: `value` or `interval`.
    #[serde(default)]
    pub judge: Judge,
    /// Methods of the registries beside those that the recipe writes itself: `all`, or families of them.
    #[serde(default, rename = "methods", deserialize_with = "families::one_or_several", skip_serializing_if = "Vec::is_empty")]
    pub offered: Vec<String>,
    /// Which rows, and the roles of their columns.
    pub data: DataSection,
    /// Tilts the training rows on purpose, to test how the methods stand it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew: Option<SkewSection>,
    /// How rows are cut into training, validation and test.
    #[serde(default)]
    pub split: SplitSection,
    /// How columns become numbers.
    #[serde(default)]
    pub encoding: EncodingSection,
    /// The network.
    #[serde(default)]
    pub model: Architecture,
    /// The training.
    #[serde(default)]
    pub training: Training,
    /// What is measured.
    #[serde(default)]
    pub metrics: MetricsSection,
    /// Intervals and p-values.
    #[serde(default)]
    pub intervals: IntervalSection,
    /// The lists of candidates that are wanted; without it only a method with a re-ranker has any, by the section's defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortlist: Option<ShortlistSection>,
    /// The methods to compare, in order.
    #[serde(default, rename = "method")]
    pub methods: Vec<MethodSection>,
    /// What is asked of the runs beyond their numbers.
    #[serde(default)]
    pub analyses: AnalysesSection,
    /// Upper limits by metric (`spdd`, or `spdd@gender`); lower limits for metrics where more is better.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, f64>,
    /// Folder of the recipe: relative paths start there.
    #[serde(skip)]
    pub folder: PathBuf,
}

fn one_seed() -> Vec<u64> {
    vec![0]
}

impl Recipe {
    /// Reads a recipe from its file and resolves it.
    pub fn read(path: &Path) -> Result<Self, ExperimentError> {
        let failed = ExperimentError::io(path, "read the recipe");
        let text = whole::read_text(path).and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other)).map_err(failed)?;
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Recipe::parse(&text, &path.display().to_string(), folder)
    }

    /// Parses a recipe and resolves it: ids and parameters are checked against the registries, defaults are filled in.
    /// `origin` names it in errors; relative paths start at `folder`.
    pub fn parse(text: &str, origin: &str, folder: PathBuf) -> Result<Self, ExperimentError> {
        let mut recipe: Recipe = toml::from_str(text)
            .map_err(|error| ExperimentError::Recipe { origin: origin.to_owned(), message: explain(&error.to_string()) })?;
        recipe.folder = folder;
        recipe.resolve().map_err(|message| ExperimentError::Recipe { origin: origin.to_owned(), message })?;
        Ok(recipe)
    }

    /// Checks every section in the order of the file, and fills in the defaults.
    fn resolve(&mut self) -> Result<(), String> {
        self.data.resolve()?;
        self.check_seeds()?;
        families::offer(&self.offered, &mut self.methods)?;
        if self.methods.is_empty() {
            return Err(
                "there is no [[method]]; add one, for example [[method]] objective = \"vanilla\", or methods = \"all\" above the first \
                        heading"
                    .to_owned(),
            );
        }
        self.split.check()?;
        self.skew.as_ref().map_or(Ok(()), SkewSection::check)?;
        self.intervals.check()?;
        self.intervals.check_judge(self.judge, !self.limits.is_empty()).map_err(|error| format!("[intervals] {error}"))?;
        self.metrics.check_table()?;
        for (key, limit) in &self.limits {
            check_metric(key).map_err(|error| format!("[limits]: {error}"))?;
            check_limit(key, *limit, Scale::default()).map_err(|error| format!("[limits]: {error}"))?;
        }
        self.analyses.check()?;
        self.shortlist.as_ref().map_or(Ok(()), ShortlistSection::check)?;
        self.training.check().map_err(|error| error.to_string())?;
        self.model.check().map_err(|error| error.to_string())?;
        self.resolve_methods()?;
        let names: Vec<String> = self.methods.iter().map(|method| method.name.clone()).collect();
        self.analyses.check_reference(&names)
    }

    fn check_seeds(&self) -> Result<(), String> {
        SEEDS.check(self.seeds.len() as u64).map_err(|error| error.to_string())?;
        if self.seeds.is_empty() {
            return Err("seeds is empty; give at least one, for example seeds = [0]".to_owned());
        }
        if let Some(seed) = self.seeds.iter().enumerate().find_map(|(index, seed)| self.seeds[..index].contains(seed).then_some(seed)) {
            return Err(format!("seeds names {seed} twice; the same run counted twice would look like stability"));
        }
        Ok(())
    }

    fn resolve_methods(&mut self) -> Result<(), String> {
        for index in 0..self.methods.len() {
            let place = |error: String| format!("[[method]] {}: {error}", index + 1);
            self.methods[index].resolve().map_err(place)?;
            let method = &self.methods[index];
            if self.methods[..index].iter().any(|other| other.name == method.name) {
                return Err(place(format!("two methods are named `{}`; give one of them a name = \"…\"", method.name)));
            }
            method.check(&self.model, &self.training).map_err(place)?;
        }
        Ok(())
    }

    /// Training settings of one method: `[training]` with what the method overrules.
    pub fn training_of(&self, method: &MethodSection) -> Result<Training, ExperimentError> {
        merge(&self.training, &method.training, "training").map_err(ExperimentError::Request)
    }

    /// Network of one method: `[model]` with what the method overrules.
    pub fn model_of(&self, method: &MethodSection) -> Result<Architecture, ExperimentError> {
        merge(&self.model, &method.model, "model").map_err(ExperimentError::Request)
    }

    /// The roles of the columns.
    pub fn schema(&self) -> Schema {
        self.data.schema()
    }

    /// Files of the loader `table`, with relative paths starting at the recipe's folder.
    pub fn files(&self) -> Vec<String> {
        self.data.files.iter().map(|file| self.folder.join(file).to_string_lossy().into_owned()).collect()
    }

    /// How columns become numbers.
    pub fn encoding(&self) -> Encoding {
        self.encoding.into()
    }

    /// The resolved recipe as the report stores it.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_else(|error| serde_json::json!({ "unreadable": error.to_string() }))
    }

    /// The methods of a list of names that was cut at its commas; names may hold commas themselves.
    pub fn named(&self, pieces: &[String]) -> Result<Vec<MethodSection>, ExperimentError> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < pieces.len() {
            let whole = (at + 1..=pieces.len()).rev().find_map(|end| Some((self.method(pieces[at..end].join(",").trim()).ok()?, end)));
            let (method, end) = match whole {
                Some(found) => found,
                None => (self.method(pieces[at].trim())?, at + 1),
            };
            found.push(method.clone());
            at = end;
        }
        Ok(found)
    }

    /// The recipe with the methods alone that have this name or another of these.
    pub(crate) fn with_methods(&self, kept: impl Fn(&str) -> bool) -> Recipe {
        let mut recipe = self.clone();
        recipe.methods.retain(|method| kept(&method.name));
        recipe.analyses.reference = recipe.analyses.reference.filter(|name| kept(name));
        recipe
    }

    /// The method with this name, or an error that names the nearest.
    pub fn method(&self, name: &str) -> Result<&MethodSection, ExperimentError> {
        self.methods.iter().find(|method| method.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.methods.iter().map(|method| method.name.as_str()).collect();
            let hint = did_you_mean(name, known.iter().copied());
            ExperimentError::Request(format!("the recipe has no method `{name}`{hint}; known are {}", known.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_wrong_kind_are_told_in_the_words_of_a_recipe() {
        let refused = |lines: &str| {
            let text = format!("name = \"x\"\n{lines}\n[[method]]");
            Recipe::parse(&text, "x.toml", PathBuf::new()).unwrap_err().to_string()
        };
        for (lines, expected) in [
            ("[data]\nloader = \"adult\"\n[training]\nepochs = \"many\"", "the text \"many\", expected a whole number of at least 0"),
            ("[data]\nloader = \"adult\"\n[training]\nepochs = 2.5", "the number `2.5`, expected a whole number of at least 0"),
            ("[data]\nloader = \"adult\"\n[training]\nlearning_rate = true", "`true`, expected a number"),
            ("seeds = 3\n[data]\nloader = \"adult\"", "the number `3`, expected a list"),
            ("[data]\nloader = \"adult\"\nlabel = \"hired\"", "expected a section or { key = value }"),
            ("[data]\nloader = \"adult\"\n[model]\nbatch_norm = 1", "expected true or false"),
        ] {
            let message = refused(lines);
            assert!(message.contains(expected), "{message}");
            assert!(!message.contains("usize") && !message.contains("struct"), "{message}");
        }
    }

    #[test]
    fn cells_are_not_balanced_twice() {
        let parse = |method: &str| {
            let text = format!("name = \"x\"\n[data]\nloader = \"synthetic\"\n[[method]]\n{method}");
            Recipe::parse(&text, "x.toml", PathBuf::new()).map(|recipe| recipe.methods[0].name.clone()).map_err(|error| error.to_string())
        };
        for (rebalance, objective, reason) in [
            ("reweighing", "\"gcm\"", "on top of that"),
            ("reweighing", "{ id = \"fair-mixup\", constraint = \"equalized-odds\" }", "on top of that"),
            ("resampling", "\"iga\"", "undo the resampling"),
        ] {
            let refused = parse(&format!("rebalance = \"{rebalance}\"\nobjective = {objective}")).unwrap_err();
            assert!(refused.contains("[[method]] 1") && refused.contains(reason) && refused.contains("balanced_loss = false"), "{refused}");
        }
        assert_eq!(parse("rebalance = \"oversampling\"\nobjective = \"gcm\"").unwrap(), "oversampling + gcm");
        for fine in [
            "rebalance = \"reweighing\"\nobjective = { id = \"gcm\", balanced_loss = false }",
            "rebalance = \"reweighing\"\nobjective = \"wasserstein\"",
            "rebalance = \"resampling\"\nobjective = { id = \"gcm\", constraint = \"demographic-parity\" }",
        ] {
            parse(fine).unwrap();
        }
    }
}
