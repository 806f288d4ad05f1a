//! How the file of a ranking or a balancing is read.

use std::collections::BTreeMap;

use evenhand_data::sheet::{ReadOptions, Reading};
use evenhand_data::table;
use evenhand_rows::SensitiveRole;

use crate::AuditError;

/// How a file is read whose rows leave as they came: what has no part in the work stays text; label and cut columns are read by what they hold.
pub(crate) fn carrying(
    files: &[String],
    label: Option<&String>,
    role: &SensitiveRole,
    readings: &BTreeMap<String, Reading>,
    missing: &[String],
) -> Result<ReadOptions, AuditError> {
    let names = table::columns(files)?;
    let plain = names.iter().filter(|name| Some(*name) != label && !(role.is_cut() && role.columns.contains(name)));
    let mut all: BTreeMap<String, Reading> = plain.map(|name| (name.clone(), Reading::Categories)).collect();
    all.extend(readings.clone());
    Ok(ReadOptions { readings: all, missing: missing.to_vec(), carried: true, ..ReadOptions::default() })
}
