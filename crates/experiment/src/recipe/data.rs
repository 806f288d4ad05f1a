//! `[data]`: which rows, and the roles of their columns.

use std::collections::BTreeMap;

use evenhand_data::LOADERS;
use evenhand_data::table::{Encoding, FileOptions, Separator, TableSettings};
use evenhand_rows::roles::words::Categories;
use evenhand_rows::{ColumnType, LabelRole, Schema, SensitiveAsFeatures, SensitiveRole};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::settings::Choice;

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
    /// Columns that are inputs though they identify a person or may stand for a group; without it such columns of the loader `table` are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
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
    /// Texts that mean "missing", beside the usual ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Texts that stand for others: by column, what becomes what.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub categories: BTreeMap<String, BTreeMap<String, String>>,
    /// Rows to keep: by column, one value or several.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub filter: BTreeMap<String, OneOrMany>,
    /// Sign between the fields of text files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// Lines above the header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_lines: Option<usize>,
    /// Worksheet of a workbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worksheet: Option<String>,
    /// Encoding of text files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Sign before decimals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal: Option<String>,
}

/// A text, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    /// All of them.
    pub fn texts(&self) -> Vec<String> {
        match self {
            OneOrMany::One(text) => vec![text.clone()],
            OneOrMany::Many(texts) => texts.clone(),
        }
    }
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
    /// The favourable value or values, for a column of words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub favourable: Option<OneOrMany>,
    /// Values on which nothing is decided yet, beside the usual words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<String>,
    /// Lowest and highest possible label, when that is not 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<(f64, f64)>,
}

impl LabelSection {
    fn role(&self) -> LabelRole {
        LabelRole {
            column: self.column.clone(),
            favourable: self.favourable.as_ref().map(OneOrMany::texts).unwrap_or_default(),
            undecided: self.undecided.clone(),
            range: self.range,
        }
    }
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

impl DataSection {
    /// Fills in the loader's parameters and refuses files that it would not read.
    pub(super) fn resolve(&mut self) -> Result<(), String> {
        self.loader.resolve(LOADERS).map_err(|error| format!("[data] loader: {error}"))?;
        self.map_of_categories()?;
        let known = |key: &str, word: Option<&String>, read: fn(&str) -> bool, words: &[&str]| match word {
            Some(word) if !read(word) => Err(format!("[data] {key} = \"{word}\" is not known; give {}", words.join(", "))),
            _ => Ok(()),
        };
        known("separator", self.separator.as_ref(), |word| Separator::from_word(word).is_some(), &Separator::WORDS)?;
        known("encoding", self.encoding.as_ref(), |word| Encoding::from_word(word).is_some(), &Encoding::WORDS)?;
        known("decimal", self.decimal.as_ref(), |word| FileOptions::decimal_from_word(word).is_some(), &FileOptions::DECIMALS)?;
        if let Some((low, high)) = self.label.as_ref().and_then(|label| label.range)
            && !(low < high && low.is_finite() && high.is_finite())
        {
            return Err(format!("[data.label] range = [{low}, {high}] is empty; give the lowest and the highest possible label"));
        }
        if self.loader.id == "table" && self.files.is_empty() {
            return Err("[data] files is empty; the loader `table` needs files = [\"candidates.csv\"]".to_owned());
        }
        if self.loader.id != "table" && !self.files.is_empty() {
            return Err(format!("[data] files is for the loader `table` only; `{}` reads its own files from `folder`", self.loader.id));
        }
        Ok(())
    }

    /// The map of categories; an error where two of its rules contradict each other.
    fn map_of_categories(&self) -> Result<Categories, String> {
        let mut map = Categories::default();
        for (column, rules) in &self.categories {
            for (from, to) in rules {
                map.insert(Some(column), from, to).map_err(|error| format!("[data.categories] {column}: {error}"))?;
            }
        }
        Ok(map)
    }

    /// How the files are read.
    pub fn settings(&self) -> TableSettings {
        let filter = self.filter.iter().flat_map(|(column, values)| values.texts().into_iter().map(|value| (column.clone(), value)));
        // Words that name nothing are refused when the recipe is read.
        let file = FileOptions {
            separator: self.separator.as_deref().and_then(Separator::from_word),
            skip_lines: self.skip_lines,
            worksheet: self.worksheet.clone(),
            encoding: self.encoding.as_deref().and_then(Encoding::from_word),
            decimal: self.decimal.as_deref().and_then(FileOptions::decimal_from_word),
        };
        TableSettings { file, filter: filter.collect() }
    }

    /// The roles of the columns.
    pub fn schema(&self) -> Schema {
        let data = self;
        Schema {
            features: data.features.clone(),
            exclude: data.exclude.clone(),
            screened: data.loader.id == "table",
            include: data.include.clone(),
            label: data.label.as_ref().map(LabelSection::role),
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
            types: data.types.iter().map(|(column, name)| (column.clone(), (*name).into())).collect(),
            missing: data.missing.clone(),
            categories: data.map_of_categories().unwrap_or_default(),
            keep_unlabelled: false,
        }
    }
}

impl From<TypeName> for ColumnType {
    fn from(name: TypeName) -> Self {
        match name {
            TypeName::Numeric => ColumnType::Numeric,
            TypeName::Categorical => ColumnType::Categorical,
        }
    }
}
