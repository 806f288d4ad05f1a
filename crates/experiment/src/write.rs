//! Files that appear whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use evenhand_data::table as tables;
use evenhand_data::whole::{self, WholeFile};
use evenhand_rows::spreadsheet::{self, Formulas};

use crate::ExperimentError;

/// The files of a report.
pub const FILES: [&str; 4] = ["report.json", "report.html", "summary.html", "measures.csv"];

/// Refuses an output that would replace one of its inputs.
pub fn refuse_input(out: &Path, files: &[String]) -> Result<(), ExperimentError> {
    let same = |file: &Path| matches!((fs::canonicalize(file), fs::canonicalize(out)), (Ok(one), Ok(other)) if one == other);
    // A pattern is seen through; a name that stands for nothing is refused by whoever reads it.
    let named: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
    match tables::paths(files).unwrap_or(named).iter().find(|file| same(file)) {
        Some(file) => {
            let message = format!("it would replace the input {}; give another file", file.display());
            Err(ExperimentError::Setting { setting: "out", value: out.display().to_string(), message })
        }
        None => Ok(()),
    }
}

/// Refuses a file that could not be written, before the work whose result it would hold.
pub fn probe(path: &Path) -> Result<(), ExperimentError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(ExperimentError::io(folder, "create the folder"))?;
    refuse_special(path)?;
    whole::temporary(folder, false).map_err(ExperimentError::io(path, "write"))?;
    Ok(())
}

/// Refuses a file, or a place below one, where a folder is to be.
pub fn refuse_no_folder(folder: &Path) -> Result<(), ExperimentError> {
    if folder.exists() && !folder.is_dir() {
        let message = "this is a file, and several files are to be written into a folder; give the name of a folder".to_owned();
        return Err(ExperimentError::Setting { setting: "out", value: folder.display().to_string(), message });
    }
    refuse_below_file(folder)
}

/// Refuses a place below a file.
pub fn refuse_below_file(path: &Path) -> Result<(), ExperimentError> {
    match path.ancestors().skip(1).find(|place| place.exists()) {
        Some(file) if !file.is_dir() => {
            let message = format!("{} is a file, and nothing can be written below it; give another place", file.display());
            Err(ExperimentError::Setting { setting: "out", value: path.display().to_string(), message })
        }
        _ => Ok(()),
    }
}

/// Refuses a folder in which a table of the user's own has the name of a report's.
pub fn refuse_strangers(folder: &Path) -> Result<(), ExperimentError> {
    let [json, page, summary, table] = FILES.map(|name| folder.join(name));
    // A summary of the user's own is as dear as a table.
    if let Some(table) = [table, summary].into_iter().find(|file| file.exists() && !json.exists() && !page.exists()) {
        return Err(ExperimentError::Request(format!(
            "{} is of no report, and a report in this folder would replace it; give another folder",
            table.display()
        )));
    }
    Ok(())
}

/// Refuses to put a file in the place of what is no plain file (a folder, a device, a pipe), or of one that may not be written.
fn refuse_special(path: &Path) -> Result<(), ExperimentError> {
    // A link is followed: what it points to is what would be replaced.
    let Ok(found) = fs::metadata(path) else { return Ok(()) };
    if found.is_dir() {
        return Err(ExperimentError::Request(format!("{} is a folder; give the name of a file", path.display())));
    }
    if !found.is_file() {
        return Err(ExperimentError::Request(format!(
            "{} is no plain file (a device or a pipe), and is not replaced; give another name",
            path.display()
        )));
    }
    if found.permissions().readonly() {
        return Err(ExperimentError::Request(format!("{} is write-protected, and is not replaced; give another name", path.display())));
    }
    Ok(())
}

/// Refuses to write a file of one of these names into a folder where an input lies under it: inputs are given by name and sha256, so that
/// patterns and folders of corpora are seen through.
pub fn refuse_inputs<'a>(
    folder: &Path,
    names: &[&str],
    inputs: impl Iterator<Item = (&'a String, &'a String)>,
) -> Result<(), ExperimentError> {
    for (name, sha256) in inputs.filter(|(name, _)| names.contains(&name.as_str())) {
        let path = folder.join(name);
        let same = match fs::read(&path) {
            Ok(bytes) => evenhand_rows::digest::of_bytes(&bytes) == *sha256,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => return Err(ExperimentError::io(&path, "read")(error)),
        };
        if same {
            return Err(ExperimentError::Request(format!(
                "a report in {} would replace the input {}, as it has a file of this name; give another folder",
                folder.display(),
                path.display()
            )));
        }
    }
    Ok(())
}

/// A CSV table to be written.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    /// Its text.
    pub text: &'a str,
    /// The sign between its fields.
    pub separator: char,
    /// Whether fields that a spreadsheet program would take for formulas get an apostrophe.
    pub spreadsheet_safe: bool,
    /// Whether its rows are of persons: then only this user may read it.
    pub of_persons: bool,
}

/// Writes a CSV table, and gives the remark on formulas among its fields.
pub fn table(path: &Path, table: &Table<'_>) -> Result<Option<String>, ExperimentError> {
    let safe = table.spreadsheet_safe;
    let (text, found) = spreadsheet::look(table.text, table.separator, safe);
    if table.of_persons {
        replace_privately(path, text.as_bytes())?;
    } else {
        replace(path, text.as_bytes())?;
    }
    Ok(found.map(|Formulas { fields, first, line }| {
        let (out, fields) = (path.display(), if fields == 1 { "a field".to_owned() } else { format!("{fields} fields") });
        if safe {
            format!("{out}: an apostrophe stands before {fields} that a spreadsheet program would take for formulas (line {line}: `{first}`)")
        } else {
            format!(
                "{out}: a spreadsheet program takes {fields} for formulas and runs them (line {line}: `{first}`); an apostrophe before each keeps it a \
                 text (`spreadsheet_safe`)"
            )
        }
    }))
}

/// Writes under a temporary name beside the target, then renames: a reader sees the old file or the new one.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), ExperimentError> {
    replace_with(path, bytes, WholeFile::create_shared)
}

/// The same for what tells of single persons: only this user may read it.
pub fn replace_privately(path: &Path, bytes: &[u8]) -> Result<(), ExperimentError> {
    replace_with(path, bytes, WholeFile::create)
}

/// Writes files of a folder, all of them or none: each is written under its temporary name before the first takes its place.
pub fn replace_all(folder: &Path, files: &[(&str, Vec<u8>)]) -> Result<(), ExperimentError> {
    fs::create_dir_all(folder).map_err(ExperimentError::io(folder, "create the folder"))?;
    let mut written = Vec::new();
    for (name, bytes) in files {
        let path = folder.join(name);
        refuse_special(&path)?;
        let mut file = WholeFile::create_shared(&path).map_err(ExperimentError::io(&path, "write"))?;
        file.write_all(bytes).and_then(|()| file.flush()).map_err(ExperimentError::io(&path, "write"))?;
        written.push((path, file));
    }
    for (path, file) in written {
        file.finish().map_err(ExperimentError::io(&path, "write"))?;
    }
    Ok(())
}

fn replace_with(path: &Path, bytes: &[u8], create: fn(&Path) -> io::Result<WholeFile>) -> Result<(), ExperimentError> {
    refuse_special(path)?;
    // The link stays, and the file that it names is replaced.
    let real = if path.is_symlink() { fs::canonicalize(path).ok() } else { None };
    let path = real.as_deref().unwrap_or(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(ExperimentError::io(folder, "create the folder"))?;
    let mut file = create(path).map_err(ExperimentError::io(path, "write"))?;
    file.write_all(bytes).and_then(|()| file.finish()).map_err(ExperimentError::io(path, "write"))
}
