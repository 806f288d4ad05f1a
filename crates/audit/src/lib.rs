//! Questions about rows, and the report that answers them. Recipes and their grids stand above, in `experiment`.

pub mod analyses;
pub mod balancing;
mod error;
pub mod evidence;
pub mod extraction;
pub mod fitting;
pub mod html;
pub mod listing;
pub mod lookup;
pub mod making;
mod measures;
pub mod numbers;
pub mod registry;
pub mod report;
pub mod run;
pub mod scores;
pub mod settings;
pub mod shortlists;
pub mod synthetic;
pub mod tilting;
pub mod view;
pub mod write;

pub use evenhand_catalog as catalog;
pub use evenhand_data::fetch;
pub use evenhand_data::loaders::first_impressions;
pub use evenhand_media as media;

pub use error::AuditError;
pub use report::{FORMAT, Report, ReportKind};
pub use run::write_report;
pub use scores::{ScoresRequest, audit};

impl Report {
    /// The report as JSON on one line; the same report gives the same bytes.
    pub fn to_json(&self) -> Result<String, AuditError> {
        serde_json::to_string(self)
            .map(|text| text + "\n")
            .map_err(|error| AuditError::Request(format!("the report cannot be written as JSON: {error}")))
    }

    /// True when a limit was set and breached, or no setting of a sweep is within its limits.
    pub fn breaches_a_limit(&self) -> bool {
        self.limits.iter().any(|check| !check.met) || self.choice.as_ref().is_some_and(|choice| choice.chosen.is_none())
    }
}
