//! `report`: a finished report once more, in another form.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use evenhand_experiment::{Form, pictures, read_report, write};

use super::Outcome;
use crate::args::{Format, Report};
use crate::printer;

const NO_MODEL: &str =
    "--model tells of the model in annex-iv and colorado-sb26-189 alone; leave it out, or choose one of them with --format";

pub(crate) fn report(arguments: &Report, json: bool) -> anyhow::Result<Outcome> {
    let report = read_report(&arguments.place)?;
    let folder = if arguments.place.is_dir() { arguments.place.as_path() } else { arguments.place.parent().unwrap_or(Path::new(".")) };
    let form = match arguments.format {
        Format::Summary => Form::Summary,
        Format::Html => Form::Html,
        Format::Csv => Form::Csv,
        Format::Latex => Form::Latex,
        Format::Markdown => Form::Markdown,
        Format::AnnexIv => Form::AnnexIv,
        Format::Colorado => Form::Colorado,
        Format::Svg if arguments.model.is_some() => bail!(NO_MODEL),
        Format::Svg => return drawn(arguments, pictures(&report), folder, json),
    };
    if arguments.model.is_some() && form.skeleton().is_none() {
        bail!(NO_MODEL);
    }
    let model = arguments.model.as_deref().map(|folder| evenhand_experiment::model::Model::open(folder).context("--model")).transpose()?;
    let bytes = form.of(&report, model.map(|model| model.facts()).as_ref())?;
    if arguments.out.as_deref() == Some(Path::new("-")) {
        printer::text(&String::from_utf8_lossy(&bytes))?;
        return Ok(Outcome::Fine);
    }
    let out = arguments.out.clone().unwrap_or_else(|| folder.join(form.file()));
    if out.is_dir() {
        bail!("--out {}: this is a folder; give the name of a file, for example {}", out.display(), out.join(form.file()).display());
    }
    // The report itself must not be lost to one of its forms.
    let document = if arguments.place.is_dir() { folder.join(write::FILES[0]) } else { arguments.place.clone() };
    if same(&out, &document) {
        bail!("--out {}: it would replace the report by one of its forms; give another name", out.display());
    }
    write::replace(&out, &bytes)?;
    told(&[out], json)
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Pictures are several files: they go into a folder.
fn drawn(arguments: &Report, pictures: Vec<(String, String)>, folder: &Path, json: bool) -> anyhow::Result<Outcome> {
    let out = arguments.out.clone().unwrap_or_else(|| folder.join("pictures"));
    if out == Path::new("-") {
        bail!("--out -: the pictures are several files; give a folder");
    }
    if out.exists() && !out.is_dir() {
        bail!("--out {}: this is a file; pictures go into a folder", out.display());
    }
    if pictures.is_empty() {
        bail!("{}: the report has no pictures; choose another form with --format", arguments.place.display());
    }
    let mut written = Vec::new();
    for (name, svg) in pictures {
        let path = out.join(name);
        write::replace(&path, svg.as_bytes())?;
        written.push(path);
    }
    told(&written, json)
}

fn told(written: &[PathBuf], json: bool) -> anyhow::Result<Outcome> {
    if json {
        printer::json(&serde_json::json!({ "written": written }))?;
    } else {
        for path in written {
            printer::text(&format!("{}\n", path.display()))?;
        }
    }
    Ok(Outcome::Fine)
}
