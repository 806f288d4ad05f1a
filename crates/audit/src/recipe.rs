//! The recipe: one TOML file that says what is done, from the data to the report.
//!
//! What the user writes is parsed once, checked against the registries, and every default is filled in; the resolved recipe stands in
//! the report. Unknown keys are refused with the nearest known one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use evenhand_catalog::{Card, Entry, Parameters, Value, nearest};
use evenhand_data::LOADERS;
use evenhand_learn::{Architecture, Balance, BatchPlan, OBJECTIVES, Training};
use evenhand_rebalance::REBALANCERS;
use evenhand_rebalance::shares::Shares;
use evenhand_rebalance::synthesis::SYNTHESISERS;
use evenhand_rerank::{REPAIRS, RERANKERS};
use evenhand_rows::{CategoricalEncoding, ColumnType, Encoding, LabelRole, NumericEncoding, Schema, SensitiveAsFeatures, SensitiveRole};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::AuditError;
use crate::report::{MethodChoice, Published};
pub use crate::settings::{ConventionName, DecisionRuleName, DefinitionName, IntervalSection, MetricsSection};
use crate::shortlists::Wanted;

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
    #[serde(rename = "method")]
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

/// `[data]`: which rows, and the roles of their columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSection {
    /// Loader id, or a table with `id` and its parameters.
    pub loader: Choice,
    /// Files or globs, for the loader `table`; relative to the recipe.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Folder of a fetched corpus; default: where `evenhand fetch` puts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Seed of generated corpora.
    #[serde(default)]
    pub seed: u64,
    /// Attributes to measure; the first is the one that gate 1 and the objective act on. Default: all that the loader knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
    /// Makes the sensitive attributes inputs of the model as well, and the report says so: `true` their columns, `"groups"` their groups
    /// (what a rule made of a number, for example).
    #[serde(default)]
    pub sensitive_as_features: SensitiveInputs,
    /// Input columns; default: every column without another role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<String>>,
    /// Columns that are not inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// The label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<LabelSection>,
    /// Columns of further truths in [0, 1] that an interview network learns beside the label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// Sensitive attributes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitive: Vec<SensitiveSection>,
    /// Column with the person's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Column with the job's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Column with the sample weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// Types that overrule the inferred ones: `numeric` or `categorical`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, TypeName>,
    /// Texts that mean "missing", beside the empty field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// A column type's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TypeName {
    /// Real numbers.
    Numeric,
    /// Categories.
    Categorical,
}

/// `data.sensitive_as_features`: `true`, `false` or `"groups"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SensitiveInputs(pub SensitiveAsFeatures);

impl Serialize for SensitiveInputs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            SensitiveAsFeatures::Groups => serializer.serialize_str("groups"),
            other => serializer.serialize_bool(other == SensitiveAsFeatures::Columns),
        }
    }
}

impl<'de> Deserialize<'de> for SensitiveInputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::Boolean(false) => Ok(SensitiveInputs(SensitiveAsFeatures::No)),
            toml::Value::Boolean(true) => Ok(SensitiveInputs(SensitiveAsFeatures::Columns)),
            toml::Value::String(word) if word == "groups" => Ok(SensitiveInputs(SensitiveAsFeatures::Groups)),
            other => Err(D::Error::custom(format!(
                "`sensitive_as_features` is true (the columns of the sensitive attributes are inputs), \"groups\" (their groups are) or \
                 false, not {other}"
            ))),
        }
    }
}

/// The label's role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelSection {
    /// Column.
    pub column: String,
    /// The favourable value, for a column that is not 0/1 or a number in [0, 1].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub favourable: Option<String>,
}

/// A sensitive attribute's role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SensitiveSection {
    /// Name in the report; default: the column's, or the columns' joined by ` x `.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Several attributes or columns: their intersection.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// A rule that cuts a numeric column in two, for example `> 25`, or sets one group against all others, for example `= White`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

impl SensitiveSection {
    fn role(&self) -> SensitiveRole {
        let columns: Vec<String> = self.column.iter().chain(&self.columns).cloned().collect();
        SensitiveRole { name: self.name.clone().unwrap_or_else(|| columns.join(" x ")), columns, rule: self.rule.clone() }
    }
}

/// `[skew]`: tilts training (and validation) rows to a wanted unfairness degree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkewSection {
    /// The attribute; default: the first of `data.attributes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The group that high labels shall tilt towards.
    pub privileged: String,
    /// The group that they shall tilt away from.
    pub unprivileged: String,
    /// Unfairness degree of Eq. 23; 1 is even.
    pub alpha: f64,
    /// Labels at or above it are high.
    #[serde(default = "half")]
    pub threshold: f64,
}

fn half() -> f64 {
    0.5
}

/// `[split]`: who trains, validates and tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "kebab-case")]
pub enum SplitSection {
    /// One cut per seed.
    HoldOut {
        /// Shares of training, validation and test rows; they sum to 1.
        #[serde(default = "usual_shares")]
        shares: [f64; 3],
        /// Whose rows stay on one side.
        #[serde(default, skip_serializing_if = "Together::is_person")]
        together: Together,
    },
    /// Every row is tested once per seed.
    KFold {
        /// Number of folds.
        folds: usize,
        /// Share of the training rows that validates.
        #[serde(default = "usual_validation_share")]
        validation_share: f64,
        /// Whose rows stay on one side.
        #[serde(default, skip_serializing_if = "Together::is_person")]
        together: Together,
    },
    /// The parts that the corpus itself names.
    Given,
}

/// Whose rows never stand on two sides of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Together {
    /// Those of one person; each row for itself where no persons are named.
    #[default]
    Person,
    /// Those of one job, as a recommender meets jobs that it has never seen.
    Job,
}

impl Together {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    fn is_person(&self) -> bool {
        *self == Together::Person
    }
}

fn usual_shares() -> [f64; 3] {
    [0.6, 0.2, 0.2]
}

fn usual_validation_share() -> f64 {
    0.2
}

impl Default for SplitSection {
    fn default() -> Self {
        SplitSection::HoldOut { shares: usual_shares(), together: Together::Person }
    }
}

/// `[encoding]`: how columns become numbers; fitted on training rows only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EncodingSection {
    /// `standardise`, `min-max` or `none`.
    pub numeric: NumericName,
    /// `one-hot` or `ordinal`.
    pub categorical: CategoricalName,
}

/// Encoding of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NumericName {
    /// Mean 0, standard deviation 1 on the training rows.
    #[default]
    Standardise,
    /// 0 to 1 on the training rows.
    MinMax,
    /// As they are.
    None,
}

/// Encoding of categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CategoricalName {
    /// One column per category.
    #[default]
    OneHot,
    /// One column with codes.
    Ordinal,
}

/// `[shortlist]`: the lists that are made of the test rows' scores, one a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShortlistSection {
    /// Places of a shortlist.
    pub top: usize,
    /// Wanted share of each group of the first attribute: `equal`, `pool` (its share of the applicants), or a share by group.
    pub target: Wanted,
    /// Targets of single jobs, by the name of the job.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub jobs: BTreeMap<String, Wanted>,
}

impl Default for ShortlistSection {
    fn default() -> Self {
        ShortlistSection { top: 25, target: Wanted::default(), jobs: BTreeMap::new() }
    }
}

/// `[analyses]`: what is asked of the runs beyond their numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnalysesSection {
    /// Name of the method that the others are tested against on the page; default: the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What the scorer would say of the same candidates as members of another group: `none`, `rescore` (ask the fitted scorer) or `retrain`
    /// (also fit the method once more on re-written rows, which doubles the time).
    pub counterfactual: CounterfactualName,
    /// How often each input is shuffled to see what the scorer rests on (first run of each method); 0 turns it off.
    pub importance: usize,
    /// Points a side of the loss landscape (first run of each network), an odd number from 3 to 101, so that the trained weights are one of
    /// them; 0 turns it off.
    pub landscape: usize,
    /// Metrics of the plane of performance and fairness: one of which more is better, and one gap or ratio, whose distance from its fair value
    /// is drawn; default: the usual performance metric of
    /// the label's kind, and SPDD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub front: Option<[String; 2]>,
}

/// How counterfactual scores are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CounterfactualName {
    /// Not at all.
    #[default]
    None,
    /// By the fitted scorer.
    Rescore,
    /// By the fitted scorer, and by one fitted on re-written rows.
    Retrain,
}

/// `[[method]]`: one row of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodSection {
    /// Name in tables; default: the ids.
    #[serde(default)]
    pub name: String,
    /// Gate 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebalance: Option<Choice>,
    /// Gate 1: what is left out of all rows, training, validation and test: the method then lives in a world of other shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Choice>,
    /// Gate 1: made rows in the place of the training rows, after `rebalance`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synthesise: Option<SynthesisSection>,
    /// Gate 2.
    #[serde(default = "vanilla")]
    pub objective: Choice,
    /// Gate 3: the repair of the scores by group, fitted on validation rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<Choice>,
    /// Gate 3: the re-ranker of the shortlists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerank: Option<Choice>,
    /// Settings of `[training]` that differ for this method.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub training: toml::Table,
    /// Settings of `[model]` that differ for this method.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub model: toml::Table,
    /// Published values for this row: `metric = value` or `metric = [value, std]`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub published: BTreeMap<String, PublishedValue>,
    /// Methods of one family share a front in the report; default: those of the same rebalancer, synthesiser, objective and repair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// The swept value.
    #[serde(skip)]
    pub swept: Option<f64>,
}

/// `synthesise` of a method: rows made in the place of the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SynthesisSection {
    /// The synthesiser.
    pub method: Choice,
    /// Rows to make; default: as many as there are training rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
    /// Wanted share of each group: `equal`, `found` or shares by name.
    #[serde(default = "equal")]
    pub groups: String,
    /// Wanted share of each value of a binary label, in every group: `equal`, `found` or shares such as `1=0.3`.
    #[serde(default = "equal")]
    pub labels: String,
    /// Keeps made rows that equal a training row.
    #[serde(default)]
    pub keep_copies: bool,
    /// Rows whose distances to real ones are measured, at most.
    #[serde(default = "usual_compared")]
    pub compared: usize,
}

fn equal() -> String {
    "equal".to_owned()
}

fn usual_compared() -> usize {
    10_000
}

fn vanilla() -> Choice {
    Choice { id: "vanilla".to_owned(), parameters: BTreeMap::new() }
}

/// A published number, with or without its standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PublishedValue {
    /// The value.
    Value(f64),
    /// Value and standard deviation.
    WithStd([f64; 2]),
}

impl From<PublishedValue> for Published {
    fn from(value: PublishedValue) -> Self {
        match value {
            PublishedValue::Value(value) => Published { value, std: None },
            PublishedValue::WithStd([value, std]) => Published { value, std: Some(std) },
        }
    }
}

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

    fn resolve<T: ?Sized>(&mut self, entries: &[Entry<T>]) -> Result<&'static Card, evenhand_catalog::CatalogError> {
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

impl Recipe {
    /// Reads a recipe from its file and resolves it.
    pub fn read(path: &Path) -> Result<Self, AuditError> {
        let text = fs::read_to_string(path).map_err(AuditError::io(path, "read the recipe"))?;
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Recipe::parse(&text, &path.display().to_string(), folder)
    }

    /// Parses a recipe and resolves it: ids and parameters are checked against the registries, defaults are filled in.
    /// `origin` names it in errors; relative paths start at `folder`.
    pub fn parse(text: &str, origin: &str, folder: PathBuf) -> Result<Self, AuditError> {
        let mut recipe: Recipe =
            toml::from_str(text).map_err(|error| AuditError::Recipe { origin: origin.to_owned(), message: explain(&error.to_string()) })?;
        recipe.folder = folder;
        recipe.resolve().map_err(|message| AuditError::Recipe { origin: origin.to_owned(), message })?;
        Ok(recipe)
    }

    fn resolve(&mut self) -> Result<(), String> {
        let said = |error: evenhand_catalog::CatalogError| error.to_string();
        self.data.loader.resolve(LOADERS).map_err(|error| format!("[data] loader: {error}"))?;
        if self.data.loader.id == "table" && self.data.files.is_empty() {
            return Err("[data] files is empty; the loader `table` needs files = [\"candidates.csv\"]".to_owned());
        }
        if self.data.loader.id != "table" && !self.data.files.is_empty() {
            return Err(format!(
                "[data] files is for the loader `table` only; `{}` reads its own files from `folder`",
                self.data.loader.id
            ));
        }
        if self.seeds.is_empty() {
            return Err("seeds is empty; give at least one, for example seeds = [0]".to_owned());
        }
        if let Some(seed) = self.seeds.iter().enumerate().find_map(|(index, seed)| self.seeds[..index].contains(seed).then_some(seed)) {
            return Err(format!("seeds names {seed} twice; the same run counted twice would look like stability"));
        }
        if self.methods.is_empty() {
            return Err("there is no [[method]]; add one, for example [[method]] objective = \"vanilla\"".to_owned());
        }
        match &self.split {
            SplitSection::HoldOut { shares, .. } => {
                if shares.iter().any(|share| *share <= 0.0 || !share.is_finite()) || (shares.iter().sum::<f64>() - 1.0).abs() > 1e-9 {
                    return Err(format!(
                        "[split] shares = {shares:?}: three positive shares (training, validation, test) that sum to 1 are needed"
                    ));
                }
            }
            SplitSection::KFold { folds, validation_share, .. } => {
                if *folds < 2 || !(*validation_share > 0.0 && *validation_share < 1.0) {
                    return Err(format!(
                        "[split] folds = {folds}, validation_share = {validation_share}: at least 2 folds and a share between 0 and 1 are needed"
                    ));
                }
            }
            SplitSection::Given => {}
        }
        if let Some(skew) = &self.skew
            && !(skew.alpha >= 1.0 && skew.alpha.is_finite())
        {
            return Err(format!("[skew] alpha = {}: it must be at least 1 (1 is even)", skew.alpha));
        }
        if !(0.0..1.0).contains(&self.intervals.level) {
            return Err(format!("[intervals] level = {}: it must be at least 0 (off) and below 1", self.intervals.level));
        }
        for metric in &self.metrics.table {
            evenhand_metrics::find(metric.split('@').next().unwrap_or(metric)).map_err(|error| format!("[metrics] table: {error}"))?;
        }
        for metric in self.limits.keys() {
            evenhand_metrics::find(metric.split('@').next().unwrap_or(metric)).map_err(|error| format!("[limits]: {error}"))?;
        }
        if self.analyses.importance > 1000 {
            return Err(format!("[analyses] importance = {}: at most 1000 repeats are allowed", self.analyses.importance));
        }
        // With an even number no point of the grid lies at the trained weights.
        let side = self.analyses.landscape;
        if side != 0 && (side.is_multiple_of(2) || !(3..=101).contains(&side)) {
            return Err(format!("[analyses] landscape = {side}: an odd number of points a side from 3 to 101, or 0 for none"));
        }
        if let Some([performance, gap]) = &self.analyses.front {
            for metric in [performance, gap] {
                evenhand_metrics::find(metric).map_err(|error| format!("[analyses] front: {error}"))?;
            }
            if crate::evidence::compares_groups(performance) || !crate::evidence::compares_groups(gap) {
                return Err(format!(
                    "[analyses] front = [\"{performance}\", \"{gap}\"]: write a metric of performance first, then a gap between groups, for \
                     example front = [\"accuracy\", \"spdd\"]"
                ));
            }
            let card = |metric: &str| evenhand_metrics::find(metric).map(evenhand_metrics::Metric::card).map_err(|error| error.to_string());
            if card(performance)?.direction != evenhand_catalog::Direction::Higher {
                return Err(format!(
                    "[analyses] front: of {performance} less is better; write a metric of which more is better first, for example accuracy, \
                     roc-auc or srcc"
                ));
            }
            if card(gap)?.fair_value.is_none() {
                return Err(format!(
                    "[analyses] front: {gap} has no value at parity to measure a distance from; write a gap or a ratio second, for example \
                     spdd or disparate-impact"
                ));
            }
        }
        if let Some(shortlist) = &self.shortlist {
            if shortlist.top == 0 {
                return Err("[shortlist] top = 0: a shortlist needs at least one place".to_owned());
            }
            for wanted in std::iter::once(&shortlist.target).chain(shortlist.jobs.values()) {
                wanted.check().map_err(|error| format!("[shortlist]: {error}"))?;
            }
        }
        self.training.check().map_err(|error| error.to_string())?;
        self.model.check().map_err(|error| error.to_string())?;
        let mut names: Vec<String> = Vec::new();
        let (model, training) = (self.model.clone(), self.training.clone());
        for (index, method) in self.methods.iter_mut().enumerate() {
            let place = |error: String| format!("[[method]] {}: {error}", index + 1);
            let objective = method.objective.resolve(OBJECTIVES).map_err(said).map_err(place)?;
            let rebalancer =
                method.rebalance.as_mut().map(|choice| choice.resolve(REBALANCERS)).transpose().map_err(said).map_err(place)?;
            if let Some(rebalancer) = rebalancer {
                let plan = method.objective.build(OBJECTIVES).map_err(said).map_err(place)?.plan();
                twice_balanced(rebalancer.id, objective.id, plan).map_err(place)?;
            }
            if let Some(sample) = method.sample.as_mut() {
                sample.resolve(REBALANCERS).map_err(said).map_err(|error| place(format!("sample: {error}")))?;
                if sample.id != "rejection-sampling" {
                    return Err(place(format!(
                        "sample = \"{}\": only rejection-sampling may be done to test rows, as it neither repeats nor weighs any; write the other \
                         under `rebalance`",
                        sample.id
                    )));
                }
            }
            let synthesiser = match method.synthesise.as_mut() {
                None => None,
                Some(section) => {
                    for (key, shares) in [("groups", &section.groups), ("labels", &section.labels)] {
                        Shares::parse(shares).map_err(|reason| place(format!("synthesise.{key}: {reason}")))?;
                    }
                    if section.rows == Some(0) || section.compared == 0 {
                        return Err(place("synthesise: `rows` and `compared` must be at least 1".to_owned()));
                    }
                    Some(section.method.resolve(SYNTHESISERS).map_err(said).map_err(place)?)
                }
            };
            let repair = method.repair.as_mut().map(|choice| choice.resolve(REPAIRS)).transpose().map_err(said).map_err(place)?;
            let reranker = method.rerank.as_mut().map(|choice| choice.resolve(RERANKERS)).transpose().map_err(said).map_err(place)?;
            if method.name.is_empty() {
                // Plain training needs no name beside a gate's.
                let trained = (objective.id != "vanilla"
                    || rebalancer.is_none() && synthesiser.is_none() && repair.is_none() && reranker.is_none())
                .then_some(objective);
                let gates: Vec<&str> =
                    rebalancer.into_iter().chain(synthesiser).chain(trained).chain(repair).chain(reranker).map(|card| card.id).collect();
                method.name = gates.join(" + ");
            }
            if names.contains(&method.name) {
                return Err(place(format!("two methods are named `{}`; give one of them a name = \"…\"", method.name)));
            }
            names.push(method.name.clone());
            for metric in method.published.keys() {
                evenhand_metrics::find(metric.split('@').next().unwrap_or(metric)).map_err(|error| place(format!("published: {error}")))?;
            }
            merged::<Training>(&training, &method.training, "training")
                .and_then(|settings| settings.check().map_err(|error| error.to_string()))
                .map_err(place)?;
            merged::<Architecture>(&model, &method.model, "model")
                .and_then(|settings| settings.check().map_err(|error| error.to_string()))
                .map_err(place)?;
        }
        if let Some(reference) = self.analyses.reference.as_ref().filter(|reference| !names.contains(reference)) {
            let hint = nearest(reference, names.iter().map(String::as_str)).map(|word| format!("; did you mean `{word}`?"));
            return Err(format!("[analyses] reference: no method is named `{reference}`{}", hint.unwrap_or_default()));
        }
        Ok(())
    }

    /// Training settings of one method: `[training]` with what the method overrules.
    pub fn training_of(&self, method: &MethodSection) -> Result<Training, AuditError> {
        merged(&self.training, &method.training, "training").map_err(AuditError::Request)
    }

    /// Network of one method: `[model]` with what the method overrules.
    pub fn model_of(&self, method: &MethodSection) -> Result<Architecture, AuditError> {
        merged(&self.model, &method.model, "model").map_err(AuditError::Request)
    }

    /// The roles of the columns.
    pub fn schema(&self) -> Schema {
        let data = &self.data;
        Schema {
            features: data.features.clone(),
            exclude: data.exclude.clone(),
            label: data.label.as_ref().map(|label| LabelRole { column: label.column.clone(), favourable: label.favourable.clone() }),
            targets: data.targets.clone(),
            // A corpus knows its attributes: naming one, or an intersection `a x b`, is enough.
            sensitive: data
                .attributes
                .iter()
                .filter(|_| data.sensitive.is_empty())
                .map(|name| SensitiveRole { name: name.clone(), columns: name.split(" x ").map(str::to_owned).collect(), rule: None })
                .chain(data.sensitive.iter().map(SensitiveSection::role))
                .collect(),
            sensitive_as_features: data.sensitive_as_features.0,
            person: data.person.clone(),
            job: data.job.clone(),
            weight: data.weight.clone(),
            types: data
                .types
                .iter()
                .map(|(column, name)| {
                    (
                        column.clone(),
                        match name {
                            TypeName::Numeric => ColumnType::Numeric,
                            TypeName::Categorical => ColumnType::Categorical,
                        },
                    )
                })
                .collect(),
            missing: data.missing.clone(),
        }
    }

    /// Files of the loader `table`, with relative paths starting at the recipe's folder.
    pub fn files(&self) -> Vec<String> {
        self.data.files.iter().map(|file| self.folder.join(file).to_string_lossy().into_owned()).collect()
    }

    /// How columns become numbers.
    pub fn encoding(&self) -> Encoding {
        Encoding {
            numeric: match self.encoding.numeric {
                NumericName::Standardise => NumericEncoding::Standardise,
                NumericName::MinMax => NumericEncoding::MinMax,
                NumericName::None => NumericEncoding::None,
            },
            categorical: match self.encoding.categorical {
                CategoricalName::OneHot => CategoricalEncoding::OneHot,
                CategoricalName::Ordinal => CategoricalEncoding::Ordinal,
            },
        }
    }

    /// The resolved recipe as the report stores it.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_else(|error| serde_json::json!({ "unreadable": error.to_string() }))
    }

    /// A recipe with one method per value of one setting: `objective.X`, `rebalance.X`, `training.X` or `model.X` of `method`
    /// (default: the last method of the recipe).
    pub fn sweep(&self, method: Option<&str>, setting: &str, values: &[f64]) -> Result<Self, AuditError> {
        let chosen = match method {
            Some(name) => self.method(name)?,
            None => self.methods.last().ok_or_else(|| AuditError::Request("the recipe has no method".to_owned()))?,
        };
        let bad_setting = |reason: String| AuditError::Request(format!("--over {setting}: {reason}"));
        if values.is_empty() {
            return Err(bad_setting("give at least one value, for example --over objective.lambda_w=0.1,1".to_owned()));
        }
        let (section, key) = setting
            .split_once('.')
            .ok_or_else(|| bad_setting("a setting is written as objective.NAME, rebalance.NAME, training.NAME or model.NAME".to_owned()))?;
        let number =
            |value: f64, whole: bool| if whole && value.fract() == 0.0 { Value::Integer(value as i64) } else { Value::Number(value) };
        let mut recipe = self.clone();
        recipe.methods = Vec::new();
        recipe.analyses.reference = None;
        for &value in values {
            let mut variant = chosen.clone();
            variant.name = format!("{key} = {value}");
            variant.swept = Some(value);
            variant.published = BTreeMap::new();
            let choice = match section {
                "objective" => Some(&mut variant.objective),
                "rebalance" => Some(variant.rebalance.as_mut().ok_or_else(|| bad_setting(format!("`{}` has no rebalance", chosen.name)))?),
                "training" | "model" => {
                    let (within, last) = key.rsplit_once('.').map_or((None, key), |(within, last)| (Some(within), last));
                    let whole = value.fract() == 0.0 && !matches!(last, "learning_rate" | "weight_decay" | "dropout");
                    let value = if whole { toml::Value::Integer(value as i64) } else { toml::Value::Float(value) };
                    // model.interview.dropout stands in a table of its own.
                    let mut fresh = toml::Table::from_iter([(last.to_owned(), value)]);
                    for table in within.into_iter().flat_map(|within| within.rsplit('.')) {
                        fresh = toml::Table::from_iter([(table.to_owned(), toml::Value::Table(fresh))]);
                    }
                    overlay(if section == "training" { &mut variant.training } else { &mut variant.model }, &fresh);
                    None
                }
                other => {
                    let hint = nearest(other, ["objective", "rebalance", "training", "model"].into_iter());
                    return Err(bad_setting(format!(
                        "no section `{other}`{}; known are objective, rebalance, training, model",
                        hint.map(|word| format!("; did you mean `{word}`?")).unwrap_or_default()
                    )));
                }
            };
            if let Some(choice) = choice {
                let whole = matches!(choice.parameters.get(key), Some(Value::Integer(_)));
                choice.parameters.insert(key.to_owned(), number(value, whole));
            }
            recipe.methods.push(variant);
        }
        recipe.resolve().map_err(bad_setting)?;
        Ok(recipe)
    }

    /// The methods of a list of names that was cut at its commas; names may hold commas themselves.
    pub fn named(&self, pieces: &[String]) -> Result<Vec<MethodSection>, AuditError> {
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

    /// The method with this name, or an error that names the nearest.
    pub fn method(&self, name: &str) -> Result<&MethodSection, AuditError> {
        self.methods.iter().find(|method| method.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.methods.iter().map(|method| method.name.as_str()).collect();
            let hint = nearest(name, known.iter().copied()).map(|word| format!("; did you mean `{word}`?")).unwrap_or_default();
            AuditError::Request(format!("the recipe has no method `{name}`{hint}; known are {}", known.join(", ")))
        })
    }
}

/// Refuses gate 1 where the objective's batches set the same cells to other numbers, for the data loss, too.
fn twice_balanced(rebalancer: &str, objective: &str, plan: BatchPlan) -> Result<(), String> {
    let sets_cells = matches!(plan.balance, Balance::GroupLabel | Balance::Independence) && !plan.keep_shares;
    let clash = match rebalancer {
        "reweighing" => sets_cells.then_some("the weights would come on top of that"),
        "resampling" => (sets_cells && plan.balance != Balance::Independence).then_some("that would undo the resampling"),
        _ => None,
    };
    clash.map_or(Ok(()), |clash| {
        Err(format!(
            "`{rebalancer}` and `{objective}` both set how much each group x label cell counts: `{objective}` draws its batches in numbers \
             of its own and the data loss sees them so; {clash}. Leave `rebalance` out, or set balanced_loss = false in the objective"
        ))
    })
}

fn merged<T: Serialize + for<'de> Deserialize<'de>>(section: &T, overrides: &toml::Table, name: &str) -> Result<T, String> {
    let mut table = toml::Table::try_from(section).map_err(|error| format!("[{name}]: {error}"))?;
    overlay(&mut table, overrides);
    table.try_into().map_err(|error: toml::de::Error| format!("{name}: {}", explain(error.message())))
}

/// Puts the values of one table over those of another, tables within them value by value.
fn overlay(table: &mut toml::Table, overrides: &toml::Table) {
    for (key, value) in overrides {
        match (table.get_mut(key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(overrides)) => overlay(inner, overrides),
            _ => {
                table.insert(key.clone(), value.clone());
            }
        }
    }
}

/// What the parser calls the types of values, and what people call them.
const WORDS: [(&str, &str); 16] = [
    ("invalid type: ", "wrong kind of value: "),
    ("invalid length ", "wrong number of values: "),
    ("string \"", "the text \""),
    ("floating point `", "the number `"),
    ("integer `", "the number `"),
    ("boolean `", "`"),
    ("expected usize", "expected a whole number of at least 0"),
    ("expected u64", "expected a whole number of at least 0"),
    ("expected u16", "expected a whole number of at least 0"),
    ("expected f64", "expected a number"),
    ("expected a sequence", "expected a list, for example [1, 2]"),
    ("expected an array of length ", "expected a list of "),
    ("expected a map", "expected a section or { key = value }"),
    ("expected a boolean", "expected true or false"),
    ("expected a string", "expected a text in quotes"),
    ("sequence, expected", "a list, expected"),
];

/// The parser's message in the words of a recipe, with the nearest known key where it is about an unknown one.
fn explain(message: &str) -> String {
    let message = WORDS.iter().fold(message.trim_end().to_owned(), |message, (theirs, ours)| message.replace(theirs, ours));
    let message = match message.split_once("expected struct ") {
        Some((before, after)) => {
            let rest = after.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
            format!("{before}expected a section or {{ key = value }}{rest}")
        }
        None => message,
    };
    let message = message.as_str();
    let mut quoted = message.split("unknown field `").nth(1).into_iter().flat_map(|rest| rest.split('`').step_by(2));
    let Some(unknown) = quoted.next() else { return message.to_owned() };
    let rest = message.split("expected").last().unwrap_or_default();
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    match nearest(unknown, known.iter().copied()) {
        Some(word) => format!("{message}\ndid you mean `{word}`?"),
        None => message.to_owned(),
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
