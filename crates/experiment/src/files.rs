//! A report as files.

use std::fs;
use std::path::{Path, PathBuf};

use evenhand_audit::law::skeletons::{self, ModelFacts};
use evenhand_data::whole;
use evenhand_rows::digest;

use crate::report::{FORMAT, Report, html, views};
use crate::write::{self, FILES};
use crate::{ExperimentError, registry};

/// Where a report was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The page for people.
    pub summary: PathBuf,
    /// The page with everything.
    pub page: PathBuf,
    /// The document itself.
    pub json: PathBuf,
}

/// Writes `report.json`, `report.html`, `summary.html` and `measures.csv` into a folder; each appears whole or not at all. A file that the report was
/// made of is not replaced.
pub fn write_report(report: &Report, folder: &Path) -> Result<Written, ExperimentError> {
    write::refuse_inputs(folder, &FILES, report.data.files.iter().map(|file| (&file.name, &file.sha256)))?;
    write::refuse_no_folder(folder)?;
    write::refuse_strangers(folder)?;
    if kept_law(folder) == Some(true) {
        return Err(other_kind(folder, "an audit by a rule"));
    }
    fs::create_dir_all(folder).map_err(ExperimentError::io(folder, "create the folder"))?;
    let [json, page, summary, table] = FILES.map(|name| folder.join(name));
    // All are made before the first is written.
    let made = [
        report.to_json()?.into_bytes(),
        html::render(report, &registry::cards())?.into_bytes(),
        html::summary(report)?.into_bytes(),
        views::measures::csv(report)?,
    ];
    for (path, bytes) in [&json, &page, &summary, &table].into_iter().zip(made) {
        write::replace(path, &bytes)?;
    }
    Ok(Written { summary, page, json })
}

/// What whoever names no report should have named.
const WANTED: &str = "give the folder that `audit`, `compare`, `sweep`, `run`, `rank` or `balance` wrote, or its report.json";

/// What a place is that holds no finished report.
fn no_report(place: &Path) -> String {
    let has = |name: &str| place.join(name).exists();
    let (shown, report) = (place.display(), FILES[0]);
    if !place.exists() {
        return format!("{shown}: there is no such file or folder; {WANTED}");
    }
    if has("scorer.json") {
        return format!("{shown}: this is the folder of a model; its report lies in the folder that `run` wrote, two above; {WANTED}");
    }
    if has("cells") {
        return format!("{shown}: its runs are not finished, and {report} is written last; the same command goes on and finishes them");
    }
    if let Some(page) = FILES[1..].iter().chain(&LAW_FILES).find(|name| **name != report && has(name)) {
        return format!(
            "{shown}: there is {page}, but no {report}, from which every form is made; make the report again, or bring its {report} back"
        );
    }
    format!("{shown}: there is no finished report in this folder; {WANTED}")
}

/// What bytes are that are no JSON: half a report, a page of one, or another file.
fn no_json(bytes: &[u8], path: &Path, error: &serde_json::Error) -> String {
    let begins = bytes.trim_ascii_start();
    if begins.is_empty() {
        return format!("the file is empty; {WANTED}");
    }
    if begins.starts_with(b"{") && error.is_eof() {
        return format!("the report ends in its middle ({error}), as a copy that was broken off; copy it again, or make it again");
    }
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")) {
        return format!("it is no report, as it is no JSON ({error}); {WANTED}");
    }
    format!("this is no report, but another kind of file; {WANTED}")
}

/// Reads a finished report: its folder, or the file itself.
pub fn read_report(place: &Path) -> Result<Report, ExperimentError> {
    let path = if place.is_dir() { place.join(FILES[0]) } else { place.to_path_buf() };
    let bytes = whole::read_text(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ExperimentError::Request(no_report(place)),
        _ => ExperimentError::io(&path, "read")(error),
    })?;
    let told = |message: String| ExperimentError::Request(format!("{}: {message}", path.display()));
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| told(no_json(&bytes, &path, &error)))?;
    match value.get("format").map(serde_json::Value::as_u64) {
        None => return Err(told(format!("it is JSON, but no report of evenhand: it has no `format`; {WANTED}"))),
        Some(Some(format)) if format > u64::from(FORMAT) => {
            return Err(told(format!(
                "it has format {format}, and this program reads up to {FORMAT}; use the program that wrote it, or a newer one"
            )));
        }
        Some(Some(1..)) if value.get("kind").is_some() => {}
        Some(_) => return Err(told(format!("it is JSON, but no report of evenhand: it lacks what every report has; {WANTED}"))),
    }
    serde_json::from_value(value).map_err(|error| told(format!("the report is damaged or was changed by hand ({error}); make it again")))
}

/// What a report can be rendered as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One or two pages for people.
    Summary,
    /// The page with everything.
    Html,
    /// Every number as a row.
    Csv,
    /// Tables for a paper.
    Latex,
    /// Text with tables.
    Markdown,
    /// Technical documentation as Annex IV of the EU AI Act lists it, to be filled in.
    AnnexIv,
    /// Documentation as Colorado's SB 26-189 asks for it, to be filled in.
    Colorado,
}

impl Form {
    /// The name of its file.
    pub fn file(self) -> &'static str {
        match self {
            Form::Summary => FILES[2],
            Form::Html => FILES[1],
            Form::Csv => FILES[3],
            Form::Latex => "report.tex",
            Form::Markdown => "report.md",
            Form::AnnexIv => "annex-iv.md",
            Form::Colorado => "colorado-sb26-189.md",
        }
    }

    /// The document of a law, to be filled in, that this form is.
    pub fn skeleton(self) -> Option<&'static str> {
        match self {
            Form::AnnexIv => Some("annex-iv"),
            Form::Colorado => Some("colorado-sb26-189"),
            _ => None,
        }
    }

    /// The report in this form; a document of a law holds what the model tells of itself, too.
    pub fn of(self, report: &Report, model: Option<&ModelFacts>) -> Result<Vec<u8>, ExperimentError> {
        Ok(match self {
            Form::Summary => html::summary(report)?.into_bytes(),
            Form::Html => html::render(report, &registry::cards())?.into_bytes(),
            Form::Csv => views::measures::csv(report)?,
            Form::Latex => views::latex(report).into_bytes(),
            Form::Markdown => views::markdown(report).into_bytes(),
            Form::AnnexIv => skeletons::document("annex-iv", report, model)?.into_bytes(),
            Form::Colorado => skeletons::document("colorado-sb26-189", report, model)?.into_bytes(),
        })
    }
}

/// The pictures of a report, each with the name of its file.
pub fn pictures(report: &Report) -> Vec<(String, String)> {
    html::pictures(report).into_iter().map(|(name, svg)| (format!("{name}.svg"), svg)).collect()
}

/// The files of an audit by a rule.
pub const LAW_FILES: [&str; 5] = ["summary.html", "workpapers.html", "report.json", "tables.csv", "manifest.json"];

/// Where the files of an audit by a rule lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LawFiles {
    /// What may be published.
    pub summary: PathBuf,
    /// What may not.
    pub workpapers: PathBuf,
    /// What was read, what was written, and by what.
    pub manifest: PathBuf,
}

/// Whether the report of a folder is one of a rule; `None` where there is no report of ours.
fn kept_law(folder: &Path) -> Option<bool> {
    let value: serde_json::Value = serde_json::from_slice(&whole::read_text(&folder.join(FILES[0])).ok()?).ok()?;
    value.get("format")?.as_u64()?;
    Some(value.get("law").is_some_and(|law| !law.is_null()))
}

fn other_kind(folder: &Path, kind: &str) -> ExperimentError {
    ExperimentError::Request(format!(
        "{} holds the report of {kind}, whose files would stand beside those of another report; give another folder",
        folder.display()
    ))
}

/// Refuses a folder in which a file of the user's own has the name of one that an audit by a rule writes, and one that holds another kind of report.
pub fn refuse_law_strangers(folder: &Path) -> Result<(), ExperimentError> {
    match kept_law(folder) {
        Some(true) => Ok(()),
        Some(false) => Err(other_kind(folder, "another kind")),
        None => match LAW_FILES.iter().map(|name| folder.join(name)).find(|file| file.exists()) {
            Some(file) => Err(ExperimentError::Request(format!(
                "{} is of no audit by a rule, and one in this folder would replace it; give another folder",
                file.display()
            ))),
            None => Ok(()),
        },
    }
}

/// Writes the files of an audit by a rule into a folder, all of them or none: `summary.html` for the public, `workpapers.html` with everything that stands
/// behind it, `report.json`, `tables.csv`, and `manifest.json` with the digests of all of them and of what was read. `details`: name and bytes of the file of
/// details. A file that the report was made of is not replaced.
pub fn write_law(report: &Report, details: Option<(&str, &[u8])>, folder: &Path) -> Result<LawFiles, ExperimentError> {
    write::refuse_inputs(folder, &LAW_FILES, report.data.files.iter().map(|file| (&file.name, &file.sha256)))?;
    if let Some((name, bytes)) = details {
        let (name, sha256) = (name.to_owned(), digest::of_bytes(bytes));
        write::refuse_inputs(folder, &LAW_FILES, std::iter::once((&name, &sha256)))?;
    }
    write::refuse_no_folder(folder)?;
    refuse_law_strangers(folder)?;
    let law = report.law.as_ref().ok_or_else(|| ExperimentError::Request("the report holds no tables of a rule".to_owned()))?;
    let [summary, workpapers, json, tables, manifest] = LAW_FILES;
    let mut files: Vec<(&str, Vec<u8>)> = vec![
        (summary, html::summary(report)?.into_bytes()),
        (workpapers, html::render(report, &registry::cards())?.into_bytes()),
        (json, report.to_json()?.into_bytes()),
        (tables, views::law::csv(law)?),
    ];
    let digested = |name: &str, bytes: &[u8]| serde_json::json!({ "name": name, "bytes": bytes.len(), "sha256": digest::of_bytes(bytes) });
    let told = serde_json::json!({
        "law": law.id,
        "made_on": law.made_on,
        "made_from": law.made_from,
        "versions": report.versions,
        "inputs": report.data.files,
        "details": details.map(|(name, bytes)| digested(name, bytes)),
        "settings": report.recipe,
        "files": files.iter().map(|(name, bytes)| digested(name, bytes)).collect::<Vec<_>>(),
    });
    let told = serde_json::to_string_pretty(&told).map_err(|error| ExperimentError::Request(error.to_string()))? + "\n";
    files.push((manifest, told.into_bytes()));
    write::replace_all(folder, &files)?;
    Ok(LawFiles { summary: folder.join(summary), workpapers: folder.join(workpapers), manifest: folder.join(manifest) })
}
