//! The files of a report, and the versions that its numbers depend on.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use evenhand_learn::Rows;
use evenhand_rows::{Dataset, Matrix, SensitiveInput};

use crate::report::Report;
use crate::{AuditError, write};

/// Versions that the numbers depend on.
pub fn versions() -> BTreeMap<String, String> {
    BTreeMap::from([
        ("evenhand".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("report format".to_owned(), crate::FORMAT.to_string()),
        ("tensor engine".to_owned(), evenhand_learn::ENGINE.to_owned()),
    ])
}

/// Encoded rows as a training method reads them.
pub fn training_rows<'a>(
    data: &'a Dataset,
    features: &'a Matrix,
    attribute: &str,
    sensitive: Option<&'a SensitiveInput>,
) -> Result<Rows<'a>, AuditError> {
    Ok(Rows {
        features,
        labels: &data.label()?.values,
        groups: data.groups(attribute)?,
        weights: data.weights.as_deref(),
        recordings: data.recordings.as_ref(),
        targets: &data.targets,
        sensitive,
    })
}

/// The files of a report.
pub const FILES: [&str; 3] = ["report.json", "report.html", "measures.csv"];

/// Writes `report.json`, `report.html` and `measures.csv` (the main table's numbers of every run) into a folder; each appears whole or not at all. Gives the
/// first two. A file that the report was made of is not replaced.
pub fn write_report(report: &Report, folder: &Path) -> Result<(PathBuf, PathBuf), AuditError> {
    write::refuse_inputs(folder, &FILES, report.data.files.iter().map(|file| (&file.name, &file.sha256)))?;
    write::refuse_strangers(folder)?;
    fs::create_dir_all(folder).map_err(AuditError::io(folder, "create the folder"))?;
    let [json, page, table] = FILES.map(|name| folder.join(name));
    write::replace(&json, report.to_json()?.as_bytes())?;
    write::replace(&page, crate::report::html::render(report, &crate::registry::cards())?.as_bytes())?;
    write::replace(&table, &crate::report::views::measures::csv(report)?)?;
    Ok((json, page))
}
