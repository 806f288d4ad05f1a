//! Files in, rows out: tables, corpora, recordings, downloads.

pub mod cache;
pub mod digest;
mod error;
#[cfg(feature = "fetch")]
pub mod fetch;
pub mod loaders;
pub mod lock;
mod notation;
mod pickle;
pub mod recordings;
pub mod sheet;
pub mod table;
pub mod whole;

pub use error::DataError;
pub use evenhand_rows as rows;
pub use loaders::{LOADERS, LoadRequest, Loader};

pub(crate) use evenhand_rows::{
    Dataset, Feature, FileDigest, Groups, Identity, Label, LabelKind, LabelRole, MISSING, Part, Provenance, RowsError, Scale, Schema,
    SensitiveAsFeatures, SensitiveRole, UNKNOWN, Values, seed, shortened, split,
};
