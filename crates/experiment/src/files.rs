//! A report as files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::report::{Report, html, views};
use crate::write::{self, FILES};
use crate::{ExperimentError, registry};

/// Writes `report.json`, `report.html` and `measures.csv` (the main table's numbers of every run) into a folder; each appears whole or not at all. Gives the
/// first two. A file that the report was made of is not replaced.
pub fn write_report(report: &Report, folder: &Path) -> Result<(PathBuf, PathBuf), ExperimentError> {
    write::refuse_inputs(folder, &FILES, report.data.files.iter().map(|file| (&file.name, &file.sha256)))?;
    write::refuse_strangers(folder)?;
    fs::create_dir_all(folder).map_err(ExperimentError::io(folder, "create the folder"))?;
    let [json, page, table] = FILES.map(|name| folder.join(name));
    write::replace(&json, report.to_json()?.as_bytes())?;
    write::replace(&page, html::render(report, &registry::cards())?.as_bytes())?;
    write::replace(&table, &views::measures::csv(report)?)?;
    Ok((json, page))
}
