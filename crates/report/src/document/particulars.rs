//! Who audited what, when, on which data: told by the person who asks, never guessed.

use serde::{Deserialize, Serialize};

/// What a reader must know of an audit beside its numbers. All of it is as the person gave it; what was not given is absent and a document says so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Particulars {
    /// Who audited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auditor: Option<String>,
    /// How the auditor stands to whoever makes or uses the tool, in the auditor's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub independence: Option<String>,
    /// For whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The tool that made the scores or decisions, with its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Who made the tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Where the data came from, and what it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_source: Option<String>,
    /// First and last day of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_period: Option<String>,
    /// Why test data took the place of historical data and how it was made, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_data: Option<String>,
    /// Day of the audit, as YYYY-MM-DD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_date: Option<String>,
    /// Day from which the tool is used, as YYYY-MM-DD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution_date: Option<String>,
}
