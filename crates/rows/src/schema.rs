//! The roles that a recipe or a command line gives to the columns of a table.

use std::collections::BTreeMap;

use crate::roles::words::Categories;
use crate::{RowsError, Scale};

/// How a column's text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Real numbers.
    Numeric,
    /// Categories.
    Categorical,
}

/// The label's column.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LabelRole {
    /// Column name.
    pub column: String,
    /// The values that are the favourable outcome (1, every other decided value 0); none when the column holds 0/1, true/false, words of a
    /// known pair, or numbers in [0, 1] or in `range`.
    pub favourable: Vec<String>,
    /// Values on which nothing has been decided yet, beside the usual words.
    pub undecided: Vec<String>,
    /// Lowest and highest possible label when that is not 0 to 1; labels are then rescaled to [0, 1].
    pub range: Option<(f64, f64)>,
}

impl LabelRole {
    /// The scale of its numbers.
    pub fn scale(&self) -> Scale {
        self.range.map_or_else(Scale::default, |(low, high)| Scale::of(low, high))
    }
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
    /// Reads `gender`, `gender x race`, `age > 25` or `race = White` (against all others). Among `columns` a name is looked for as it stands
    /// first, so that any column can be named, also `Age (>=40)` or `Race x Ethnicity`.
    pub fn parse(text: &str, columns: &[String]) -> Result<Self, RowsError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(RowsError::BadColumn { column: String::new(), reason: "no column is named for the groups".to_owned() });
        }
        let known = |name: &str| columns.iter().any(|column| column == name.trim());
        if known(text) {
            return Ok(SensitiveRole { name: text.to_owned(), columns: vec![text.to_owned()], rule: None });
        }
        if let Some(parts) = intersection(text, &known) {
            return Ok(SensitiveRole { name: parts.join(" x "), columns: parts, rule: None });
        }
        // The longest known column before a sign; without one the first sign.
        let mut cuts: Vec<(usize, &str)> = [">=", "<=", ">", "<", "="].iter().flat_map(|sign| text.match_indices(sign)).collect();
        // At one place `>=` comes before `>` and `=`.
        cuts.sort_by_key(|(at, sign)| (*at, std::cmp::Reverse(sign.len())));
        let best = cuts.iter().rev().find(|(at, _)| known(&text[..*at])).map(|(at, _)| *at);
        let chosen = best.and_then(|best| cuts.iter().find(|(at, _)| *at == best)).or(cuts.first());
        if let Some((at, sign)) = chosen {
            return Ok(SensitiveRole {
                name: text.to_owned(),
                columns: vec![text[..*at].trim().to_owned()],
                rule: Some(format!("{sign} {}", text[at + sign.len()..].trim())),
            });
        }
        let parts: Vec<String> = text.split(" x ").map(|column| column.trim().to_owned()).collect();
        Ok(SensitiveRole { name: parts.join(" x "), columns: parts, rule: None })
    }

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
    /// Leaves out of the inputs that nobody named what identifies a person or stands for a group ([`screening`](crate::screening)), and tells it.
    pub screened: bool,
    /// Columns that are inputs though they would be left out so.
    pub include: Vec<String>,
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
    /// Texts that mean "missing", beside the usual ones ([`roles::words`](crate::roles::words)).
    pub missing: Vec<String>,
    /// Texts of groups and labels that stand for others.
    pub categories: Categories,
    /// Keeps rows without a label, which is NaN there (what is to be scored or ranked may be undecided). Otherwise such rows are left out.
    pub keep_unlabelled: bool,
}

/// The known columns whose intersection a text names.
fn intersection(text: &str, known: &impl Fn(&str) -> bool) -> Option<Vec<String>> {
    for (at, sign) in text.match_indices(" x ") {
        let (left, right) = (&text[..at], &text[at + sign.len()..]);
        if known(left) {
            let left = left.trim().to_owned();
            if known(right) {
                return Some(vec![left, right.trim().to_owned()]);
            }
            if let Some(mut parts) = intersection(right, known) {
                parts.insert(0, left);
                return Some(parts);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_column_can_be_named() {
        let columns = ["Age (>=40)", "Gender [M=1]", "Race x Ethnicity", "job", "age", "a=b"].map(str::to_owned);
        let read = |text: &str| {
            let role = SensitiveRole::parse(text, &columns).unwrap();
            (role.columns, role.rule)
        };
        let plain = |names: &[&str]| (names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), None);
        assert_eq!(read("Age (>=40)"), plain(&["Age (>=40)"]));
        assert_eq!(read("Race x Ethnicity"), plain(&["Race x Ethnicity"]));
        assert_eq!(read("Race x Ethnicity x job"), plain(&["Race x Ethnicity", "job"]));
        assert_eq!(read("job x Gender [M=1]"), plain(&["job", "Gender [M=1]"]));
        assert_eq!(read("age > 25"), (vec!["age".to_owned()], Some("> 25".to_owned())));
        assert_eq!(read("age >= 25"), (vec!["age".to_owned()], Some(">= 25".to_owned())));
        assert_eq!(read("Age (>=40) = 1"), (vec!["Age (>=40)".to_owned()], Some("= 1".to_owned())));
        assert_eq!(read("a=b = c"), (vec!["a=b".to_owned()], Some("= c".to_owned())));
        assert_eq!(read("gender x race"), plain(&["gender", "race"]), "unknown columns are told by whoever reads them");
        assert!(SensitiveRole::parse(" ", &columns).is_err());
    }
}
