//! The roles that a recipe or a command line gives to the columns of a table.

use std::collections::BTreeMap;

/// How a column's text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Real numbers.
    Numeric,
    /// Categories.
    Categorical,
}

/// The label's column.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelRole {
    /// Column name.
    pub column: String,
    /// The value that is the favourable outcome (becomes 1, every other value 0); `None` when the column holds 0/1, true/false or
    /// numbers in [0, 1].
    pub favourable: Option<String>,
}

/// Whether and how sensitive attributes are inputs of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SensitiveAsFeatures {
    /// They are not.
    #[default]
    No,
    /// Their columns are, as they stand: a number that a rule cuts in two stays a number.
    Columns,
    /// Their groups are: a category per attribute, named `attribute (group)`; their columns are not.
    Groups,
}

/// One sensitive attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SensitiveRole {
    /// Name of the attribute in report and recipe; usually the column's.
    pub name: String,
    /// The column; several columns make an intersection of attributes named earlier or of plain columns.
    pub columns: Vec<String>,
    /// A rule that cuts a numeric column in two, for example `> 25` (groups `age > 25` and `age <= 25`), or sets one group against all
    /// others together, for example `= White` (groups `White` and `not White`).
    pub rule: Option<String>,
}

impl SensitiveRole {
    /// Whether the groups are two sides of a bound on a number (`age > 25`), rather than values of the columns.
    pub fn is_cut(&self) -> bool {
        self.rule.as_ref().is_some_and(|rule| !rule.trim_start().starts_with('='))
    }
}

/// Roles of all columns of a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Schema {
    /// Input columns; `None` takes every column that has no other role.
    pub features: Option<Vec<String>>,
    /// Columns to leave out of the inputs.
    pub exclude: Vec<String>,
    /// The label.
    pub label: Option<LabelRole>,
    /// Columns of further truths beside the label, each in [0, 1].
    pub targets: Vec<String>,
    /// Sensitive attributes.
    pub sensitive: Vec<SensitiveRole>,
    /// Whether sensitive attributes are inputs as well.
    pub sensitive_as_features: SensitiveAsFeatures,
    /// Person id.
    pub person: Option<String>,
    /// Job id.
    pub job: Option<String>,
    /// Sample weight.
    pub weight: Option<String>,
    /// Types that overrule the inferred ones.
    pub types: BTreeMap<String, ColumnType>,
    /// Texts that mean "missing", beside the empty field.
    pub missing: Vec<String>,
}
