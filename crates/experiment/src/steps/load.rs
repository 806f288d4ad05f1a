//! Rows and recordings of a recipe, from where they lie.

use std::path::{Path, PathBuf};

use evenhand_data::{LOADERS, LoadRequest};
use evenhand_media::extract::origin::Origin;
use evenhand_rows::{Dataset, SensitiveRole};

use crate::ExperimentError;
use crate::extraction;
use crate::inputs;
use crate::recipe::Recipe;
use crate::report::ExtractionReport;

/// Loads the rows of a recipe and keeps the attributes that it asks for, in its order.
pub(crate) fn load(recipe: &Recipe, data_folder: Option<&Path>) -> Result<Dataset, ExperimentError> {
    let loader = recipe.data.loader.build(LOADERS)?;
    let folder = folder_of(recipe, data_folder);
    let mut data = loader.load(&LoadRequest {
        folder: folder.as_deref(),
        files: &recipe.files(),
        schema: &recipe.schema(),
        settings: &recipe.data.settings(),
        seed: recipe.data.seed,
    })?;
    if !recipe.data.attributes.is_empty() {
        data.sensitive = recipe.data.attributes.iter().map(|name| data.groups(name).cloned()).collect::<Result<_, _>>()?;
    }
    if recipe.data.loader.id == "table" {
        // What cannot be judged of the inputs stops no training.
        let notes = inputs::notes(&data, recipe.split.tested());
        data.provenance.notes.extend(notes.unwrap_or_else(|problem| vec![format!("the inputs could not be judged: {problem}")]));
    }
    Ok(data)
}

/// The folder of the rows, where the recipe or the user names one.
fn folder_of(recipe: &Recipe, data_folder: Option<&Path>) -> Option<PathBuf> {
    recipe.data.folder.as_ref().map(|folder| recipe.folder.join(folder)).or_else(|| data_folder.map(Path::to_path_buf))
}

/// What the extraction of a recipe's recordings found, and how they became tensors; `None` for rows without recordings, or with made-up ones.
pub(crate) fn read_recordings(recipe: &Recipe, data_folder: Option<&Path>) -> Result<Option<(ExtractionReport, Origin)>, ExperimentError> {
    let extracted = recipe.data.loader.build(LOADERS)?.extracted(folder_of(recipe, data_folder).as_deref());
    let Some(folder) = extracted else { return Ok(None) };
    Ok(Some((compare_extraction(recipe, &folder)?, Origin::read(&folder)?)))
}

/// What the extraction of a recipe's recordings found, by the attributes that the recipe names.
fn compare_extraction(recipe: &Recipe, folder: &Path) -> Result<ExtractionReport, ExperimentError> {
    let schema = recipe.schema();
    let mut sensitive = schema.sensitive.clone();
    if sensitive.is_empty() {
        // A corpus has its attributes from its own files; their columns may stand in the table of candidates, too.
        let known = extraction::columns(folder)?;
        let plain = |name: &String| SensitiveRole { name: name.clone(), columns: vec![name.clone()], rule: None };
        sensitive = recipe.data.attributes.iter().filter(|name| known.contains(name)).map(plain).collect();
    }
    extraction::by_roles(folder, &sensitive, &schema.missing)
}
