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
    /// Day on which the preset was made, as YYYY-MM-DD.
    #[serde(alias = "read_on")]
    pub made_on: String,
    /// What it was made from, in words.
    #[serde(default)]
    pub made_from: String,
    /// The tables, in the order in which they are published.
    pub tables: Vec<LawTable>,
    /// What the rule wants said beside the tables, in sentences for the public.
    pub statements: Vec<String>,
    /// What whoever publishes must know and the public need not (working papers only).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

impl Law {
    /// When the preset was made and from what, in words.
    pub fn made(&self) -> String {
        let from = if self.made_from.is_empty() { "secondary descriptions" } else { &self.made_from };
        format!("made on {} from {from}; check the text", self.made_on)
    }
}

/// One table.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct LawTable {
    /// What is decided, where the tool takes several decisions or puts people into several classes; empty where it takes one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub classification: String,
    /// Heading in the words of the rule: `Sex`, `Race/ethnicity`, `Sex and race/ethnicity`.
    pub title: String,
    /// Column of the jobs (or other strata) and the one that it is about; `None` for a table of all rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<[String; 2]>,
    /// The attribute of the report that it shows.
    pub attribute: String,
    /// Names of the columns in the words of the rule: people counted, people selected, rate, ratio.
    pub headings: [String; 4],
    /// Its rows; a group that is left out keeps its counts and rate and says why.
    pub selections: Selections,
}
