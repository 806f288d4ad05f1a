//! Rows in, typed data sets out: reading, roles of columns, groups, splits, encoders, and the unfairness degree alpha.

mod dataset;
mod error;
pub mod fetch;
mod groups;
mod matrix;
mod schema;

pub use dataset::{Dataset, Feature, FileDigest, Identity, Label, LabelKind, MISSING, Provenance, Values};
pub use error::DataError;
pub use groups::{Groups, UNKNOWN};
pub use matrix::Matrix;
pub use schema::{ColumnType, LabelRole, Schema, SensitiveRole};
