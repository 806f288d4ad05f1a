//! How the file of a ranking or a balancing is read.

use std::collections::BTreeMap;

use evenhand_data::sheet::{ReadOptions, Reading};
use evenhand_data::table::{self, TableSettings};
use evenhand_rows::roles::words::Categories;
use evenhand_rows::{LabelRole, SensitiveRole};
use serde_json::Value;

use crate::AuditError;

/// How tables are read, whatever is asked of their rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reader {
    /// How bytes become rows, and which rows stay.
    pub settings: TableSettings,
    /// Texts that mean "missing", beside the usual ones.
    pub missing: Vec<String>,
    /// Texts of groups and labels that stand for others.
    pub categories: Categories,
    /// How single columns are to be read, where the program would read them otherwise.
    pub readings: BTreeMap<String, Reading>,
}

impl Reader {
    /// Names of the columns of the first file.
    pub fn columns(&self, files: &[String]) -> Result<Vec<String>, AuditError> {
        Ok(table::columns(files, &self.settings.file)?)
    }

    /// How a file is read whose columns are read by what they hold.
    pub fn options(&self) -> ReadOptions {
        ReadOptions {
            readings: self.readings.clone(),
            missing: self.missing.clone(),
            categories: self.categories.clone(),
            settings: self.settings.clone(),
            ..ReadOptions::default()
        }
    }

    /// How a file is read whose rows leave as they came: what has no part in the work stays text; label and cut columns are read by what they
    /// hold.
    pub fn carrying(&self, names: &[String], label: Option<&LabelRole>, role: &SensitiveRole) -> ReadOptions {
        let is_label = |name: &String| label.is_some_and(|label| label.column == *name);
        let plain = names.iter().filter(|name| !(is_label(name) || role.is_cut() && role.columns.contains(name)));
        let mut readings: BTreeMap<String, Reading> = plain.map(|name| (name.clone(), Reading::Categories)).collect();
        readings.extend(self.readings.clone());
        let words = label.filter(|label| !label.favourable.is_empty());
        ReadOptions { readings, labels: words.map(|label| label.column.clone()).into_iter().collect(), carried: true, ..self.options() }
    }
}

/// Favourable values as a report shows them: one as itself, several as a list.
pub fn told_favourable(label: Option<&LabelRole>) -> Value {
    match label.map(|label| label.favourable.as_slice()) {
        None | Some([]) => Value::Null,
        Some([only]) => Value::from(only.as_str()),
        Some(several) => Value::from(several.to_vec()),
    }
}
