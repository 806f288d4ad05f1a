//! `[encoding]`: how columns become numbers.

use evenhand_rows::{CategoricalEncoding, Encoding, NumericEncoding};
use serde::{Deserialize, Serialize};

/// `[encoding]`: how columns become numbers; fitted on training rows only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EncodingSection {
    /// `standardise`, `min-max` or `none`.
    pub numeric: NumericName,
    /// `one-hot` or `ordinal`.
    pub categorical: CategoricalName,
}

/// Encoding of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NumericName {
    /// Mean 0, standard deviation 1 on the training rows.
    #[default]
    Standardise,
    /// 0 to 1 on the training rows.
    MinMax,
    /// As they are.
    None,
}

/// Encoding of categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CategoricalName {
    /// One column per category.
    #[default]
    OneHot,
    /// One column with codes.
    Ordinal,
}

impl From<EncodingSection> for Encoding {
    fn from(section: EncodingSection) -> Self {
        Encoding {
            numeric: match section.numeric {
                NumericName::Standardise => NumericEncoding::Standardise,
                NumericName::MinMax => NumericEncoding::MinMax,
                NumericName::None => NumericEncoding::None,
            },
            categorical: match section.categorical {
                CategoricalName::OneHot => CategoricalEncoding::OneHot,
                CategoricalName::Ordinal => CategoricalEncoding::Ordinal,
            },
        }
    }
}
