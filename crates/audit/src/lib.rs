//! Questions about rows at hand, and the report that answers each: how scores treat groups ([`audit`]), how labels tilt ([`tilting`]), what a
//! balance of the rows changes ([`balance`]), who comes first ([`rank`]), which tables a rule of law asks for ([`law`]). No door takes a path: files are read by whoever asks. Recipes and
//! their grids stand above, in `experiment`.

pub mod balance;
mod error;
pub mod evidence;
pub mod law;
pub mod rank;
pub mod run;
pub mod scores;
pub mod selections;
pub mod settings;
mod strata;
pub mod tilting;

use evenhand_report::{FORMAT, numbers};

pub use error::AuditError;
pub use scores::{AuditSettings, AuditStream, Selection, audit};
