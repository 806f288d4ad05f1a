//! Where answers go: what could not be written, or would replace something else, is refused before the work.

use std::fs;
use std::path::Path;

use anyhow::bail;
use clap::Args;
use evenhand_experiment::write::{self, FILES, Table};

use crate::printer;

/// Options of every command that writes a table.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Writing {
    /// Put an apostrophe before each field of the written table that a spreadsheet program would take for a formula
    #[arg(long)]
    pub(crate) spreadsheet_safe: bool,
}

impl Writing {
    /// Writes a CSV table of persons, and tells of fields that a spreadsheet program would take for formulas.
    pub(crate) fn write(self, out: &Path, text: &str, separator: char) -> anyhow::Result<()> {
        write_table(out, Table { text, separator, spreadsheet_safe: self.spreadsheet_safe, of_persons: true })
    }

    /// The same of rows that were made.
    pub(crate) fn write_made(self, out: &Path, text: &str, separator: char) -> anyhow::Result<()> {
        write_table(out, Table { text, separator, spreadsheet_safe: self.spreadsheet_safe, of_persons: false })
    }
}

fn write_table(out: &Path, table: Table<'_>) -> anyhow::Result<()> {
    if let Some(note) = write::table(out, &table)? {
        printer::tell(&format!("note: {note}"));
    }
    Ok(())
}

/// Tries the file of an answer and the folder of its report.
pub(crate) fn try_out(out: &Path, report: Option<&Path>, inputs: &[String]) -> anyhow::Result<()> {
    write::refuse_input(out, inputs)?;
    if let Some(ending) = out.extension().and_then(|ending| ending.to_str())
        && ["parquet", "xlsx", "xls", "ods", "json"].contains(&ending.to_ascii_lowercase().as_str())
    {
        bail!("--out {}: the file is written as CSV; give a name that ends in .csv", out.display());
    }
    write::probe(out)?;
    if let Some(folder) = report {
        try_report(folder)?;
        refuse_own_report(out, folder)?;
    }
    Ok(())
}

fn try_report(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() && !folder.is_dir() {
        bail!("--report {}: this is a file; give the name of a folder", folder.display());
    }
    for name in FILES {
        write::probe(&folder.join(name))?;
    }
    Ok(write::refuse_strangers(folder)?)
}

/// Refuses an output that the report beside it would replace. Both folders are there: links and `..` are seen through.
fn refuse_own_report(out: &Path, folder: &Path) -> anyhow::Result<()> {
    let place = |path: &Path| {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        (fs::canonicalize(parent).ok(), path.file_name().map(ToOwned::to_owned))
    };
    if FILES.iter().map(|name| folder.join(name)).any(|file| place(&file) == place(out)) {
        bail!("--out {}: the report writes a file of this name into {}; give another name or folder", out.display(), folder.display());
    }
    Ok(())
}
