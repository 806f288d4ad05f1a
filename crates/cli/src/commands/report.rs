//! `report`: a finished report once more, in another form.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use evenhand_experiment::{Form, pictures, read_report, write};
use evenhand_report::Report;

use super::Outcome;
use crate::args::{Format, Report as Asked};
use crate::printer;

const NO_MODEL: &str =
    "--model tells of the model in annex-iv and colorado-sb26-189 alone; leave it out, or choose one of them with --format";

pub(crate) fn report(arguments: &Asked, json: bool) -> anyhow::Result<Outcome> {
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
    refuse_loss(&report, &arguments.place, &out, form)?;
    write::replace(&out, &bytes)?;
    told(&[out], json)
}

/// Refuses to write a form over the report itself, over what it was made of, and over a file of another kind, which is somebody's own.
fn refuse_loss(report: &Report, place: &Path, out: &Path, form: Form) -> anyhow::Result<()> {
    let document = if place.is_dir() { place.join(write::FILES[0]) } else { place.to_path_buf() };
    if same(out, &document) {
        bail!("--out {}: it would replace the report by one of its forms; give another name", out.display());
    }
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Some(name) = out.file_name().and_then(|name| name.to_str()) {
        let inputs = report.data.files.iter().map(|file| (&file.name, &file.sha256));
        if write::refuse_inputs(folder, &[name], inputs).is_err() {
            bail!("--out {}: the report was made of this file, and its form would replace it; give another name", out.display());
        }
    }
    let ending = |path: &Path| path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    if out.exists() && ending(out) != ending(Path::new(form.file())) {
        bail!(
            "--out {}: this file exists and is of another kind than {}; give a name that is free, or one of that kind to replace it",
            out.display(),
            form.file()
        );
    }
    write::refuse_below_file(out)?;
    Ok(())
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Pictures are several files: they go into a folder.
fn drawn(arguments: &Asked, pictures: Vec<(String, String)>, folder: &Path, json: bool) -> anyhow::Result<Outcome> {
    let out = arguments.out.clone().unwrap_or_else(|| folder.join("pictures"));
    if out == Path::new("-") {
        bail!("--out -: the pictures are several files; give a folder");
    }
    if out.exists() && !out.is_dir() {
        bail!("--out {}: this is a file; pictures go into a folder", out.display());
    }
    write::refuse_no_folder(&out)?;
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
