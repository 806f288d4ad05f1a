//! Questions about rows, and the report that answers them. Recipes and their grids stand above, in `experiment`.

pub mod analyses;
pub mod balancing;
mod error;
pub mod evidence;
pub mod extraction;
pub mod fitting;
pub mod registry;
pub mod run;
pub mod scores;
pub mod settings;
pub mod shortlists;
pub mod tilting;
pub mod write;

pub use evenhand_catalog as catalog;
pub use evenhand_data::fetch;
pub use evenhand_data::loaders::first_impressions;
pub use evenhand_media as media;

use evenhand_report::{self as report, FORMAT, lookup, numbers};

pub use error::AuditError;
pub use run::write_report;
pub use scores::{ScoresRequest, audit};
