//! What is needed to make the report again: the resolved recipe, the digests of the data, the versions of the programs.

use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::Report;
use crate::html::grid::{Cell, Grid, Head};
use crate::numbers::count;

pub(super) const SECTION: Section = Section {
    id: "recipe",
    title: "Recipe and provenance",
    folded: true,
    name: "sections/recipe.html",
    template: include_str!("../../../templates/sections/recipe.html"),
    content,
};

/// Lines of a recipe that are printed; a longer one would be the last pages of every print.
const MOST_PRINTED: usize = 50;

#[allow(clippy::unnecessary_wraps, reason = "the signature is that of every section")]
fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let files: Vec<Vec<Cell>> = report
        .data
        .files
        .iter()
        .map(|file| {
            vec![
                Cell::text(&file.name),
                Cell::text(count(usize::try_from(file.bytes).unwrap_or(usize::MAX))),
                Cell { text: file.sha256.clone(), class: "code", ..Cell::default() },
            ]
        })
        .collect();
    let files = (!files.is_empty()).then(|| Grid {
        title: "Data files".to_owned(),
        columns: vec![Head::words("file"), Head::number("bytes"), Head::words("sha256")],
        rows: files,
        ..Grid::default()
    });
    let models: Vec<Vec<Cell>> = report
        .methods
        .iter()
        .flat_map(|method| method.runs.iter().map(move |run| (method, run)))
        .filter_map(|(method, run)| {
            let digest = Cell { text: run.model.clone()?, class: "code", ..Cell::default() };
            let fold = run.fold.map_or_else(String::new, |fold| format!(", fold {fold}"));
            Some(vec![Cell::text(&method.name), Cell::text(format!("{}{fold}", run.seed)), digest])
        })
        .collect();
    let models = (!models.is_empty()).then(|| Grid {
        title: "Models that were kept".to_owned(),
        columns: vec![Head::words("method"), Head::words("seed"), Head::words("digest")],
        rows: models,
        ..Grid::default()
    });
    let versions: Vec<Value> =
        report.versions.iter().map(|(name, version)| context! { name => name.clone(), version => version.clone() }).collect();
    let recipe = text(&report.recipe);
    let long = recipe.as_ref().map(|recipe| recipe.lines().count()).filter(|lines| *lines > MOST_PRINTED);
    Some(context! { recipe => recipe, long => long, versions => versions, files => files, models => models })
}

/// The recipe as TOML; what TOML cannot hold is shown as JSON.
fn text(recipe: &serde_json::Value) -> Option<String> {
    if recipe.is_null() {
        return None;
    }
    let mut plain = recipe.clone();
    drop_nulls(&mut plain);
    toml::to_string(&plain).ok().or_else(|| serde_json::to_string_pretty(recipe).ok())
}

/// TOML has no null: an absent key says the same.
fn drop_nulls(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
