//! Questions about rows, and the report that answers them. Recipes and their grids stand above, in `experiment`.

mod error;
pub mod evidence;
pub mod fitting;
pub mod readings;
pub mod run;
pub mod scores;
pub mod settings;
pub mod shortlists;
pub mod tilting;
pub mod write;

use evenhand_report::{self as report, FORMAT, numbers};

pub use error::AuditError;
pub use scores::{AuditSettings, AuditStream, Selection, audit};
