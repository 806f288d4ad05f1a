//! Rows in, typed data sets out: reading, roles of columns, groups, splits, encoders, and the unfairness degree alpha.

mod dataset;
pub mod digest;
mod encoder;
mod error;
pub mod fetch;
pub mod floors;
mod groups;
pub mod loaders;
mod matrix;
mod pickle;
pub mod recordings;
mod schema;
pub mod seed;
mod sensitive_input;
pub mod sheet;
pub mod skew;
pub mod split;
pub mod table;

pub use dataset::{Dataset, Feature, FileDigest, Identity, Label, LabelKind, MISSING, Part, Provenance, Values};
pub use encoder::{CategoricalEncoding, Encoder, Encoding, NumericEncoding};
pub use error::DataError;
pub use groups::{GROUP_INPUT, Groups, UNKNOWN};
pub use loaders::{LOADERS, LoadRequest, Loader};
pub use matrix::Matrix;
pub use schema::{ColumnType, LabelRole, Schema, SensitiveAsFeatures, SensitiveRole};
pub use sensitive_input::SensitiveInput;
pub use split::Split;
