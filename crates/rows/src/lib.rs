//! Rows of candidates as every gate sees them: groups, roles of columns, splits, encoders, and the unfairness degree alpha.
//!
//! Nothing here reads a file: whoever holds rows in memory builds a [`Dataset`] or [`Groups`] from them.

mod dataset;
pub mod digest;
mod encoder;
mod error;
pub mod floors;
mod groups;
mod matrix;
pub mod recordings;
pub mod roles;
mod scale;
mod schema;
pub mod screening;
pub mod seed;
mod sensitive_input;
pub mod skew;
mod spellings;
pub mod split;
pub mod spreadsheet;
pub mod table;

pub use dataset::{Dataset, Feature, FileDigest, Identity, Label, LabelKind, MISSING, Part, Provenance, Values};
pub use encoder::{CategoricalEncoding, Encoder, Encoding, NumericEncoding};
pub use error::{RowsError, shortened};
pub use groups::{GROUP_INPUT, Groups, UNKNOWN};
pub use matrix::Matrix;
pub use roles::{Chunk, Scored};
pub use scale::Scale;
pub use schema::{ColumnType, LabelRole, Schema, SensitiveAsFeatures, SensitiveRole};
pub use sensitive_input::SensitiveInput;
pub use split::Split;
