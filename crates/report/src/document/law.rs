//! The tables that a rule asks for, as a publishable document shows them.

use serde::{Deserialize, Serialize};

use super::selections::Selections;

/// What a rule asks for, made of the rows at hand.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Law {
    /// Id of the preset, for example `nyc-ll144`.
    pub id: String,
    /// What people call the rule.
    pub name: String,
    /// Where it stands: title, section, paragraph.
    pub paragraph: String,
    /// Day on which the text was read for this preset, as YYYY-MM-DD.
    pub read_on: String,
    /// The tables, in the order in which they are published.
    pub tables: Vec<LawTable>,
    /// What the rule wants said beside the tables, in sentences for the public.
    pub statements: Vec<String>,
    /// What whoever publishes must know and the public need not (working papers only).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct LawTable {
    /// What is decided, where the tool takes several decisions or puts people into several classes; empty where it takes one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub classification: String,
    /// Heading in the words of the rule: `Sex`, `Race/ethnicity`, `Sex and race/ethnicity`.
    pub title: String,
    /// The attribute of the report that it shows.
    pub attribute: String,
    /// Names of the columns in the words of the rule: people counted, people selected, rate, ratio.
    pub headings: [String; 4],
    /// Its rows; a group that is left out keeps its counts and rate and says why.
    pub selections: Selections,
}
