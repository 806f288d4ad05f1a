//! What a model's folder keeps beside the scorer: encoder, recipe, the origin of its recordings, the repair of its scores.

use std::collections::BTreeMap;
use std::path::Path;

use evenhand_learn::{Companions, Scorer};
use evenhand_media::extract::origin::Origin;
use evenhand_rerank::Fitted;
use evenhand_rows::Encoder;
use serde::{Deserialize, Serialize};

use crate::ExperimentError;
use crate::recipe::Recipe;

/// The file of a model's folder that holds the repair of its scores.
pub(super) const REPAIR: &str = "repair.json";
/// The file of a model's folder that says which cell of a run it is of.
const CELL: &str = "cell";

/// A repair as a model's folder keeps it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptRepair {
    /// The attribute whose groups it reads.
    pub(super) attribute: String,
    /// Decides what it draws.
    pub(super) seed: u64,
    /// What it learned.
    pub(super) fitted: Fitted,
}

impl KeptRepair {
    /// A repair of scores that a run fitted.
    pub(crate) fn new(fitted: &Fitted, attribute: &str, seed: u64) -> Self {
        KeptRepair { attribute: attribute.to_owned(), seed, fitted: fitted.clone() }
    }
}

/// What a model's folder holds beside the scorer.
#[derive(Debug)]
pub(crate) struct Beside<'a> {
    pub(crate) encoder: &'a Encoder,
    pub(crate) recipe: &'a Recipe,
    /// How its recordings became tensors.
    pub(crate) origin: Option<&'a Origin>,
    /// The repair of its scores.
    pub(crate) repair: Option<KeptRepair>,
    /// The digest of the cell that it is of.
    pub(crate) cell: &'a str,
}

/// Whether the model of this very cell is kept in a folder, as it was written.
pub(crate) fn holds(folder: &Path, cell: &str) -> bool {
    let kept = || std::fs::read_to_string(folder.join(CELL)).is_ok_and(|kept| kept == cell);
    Scorer::is_in(folder) && kept() && Scorer::digest_of(folder).is_ok()
}

/// The repair of a kept model; `None` where its scores stand as they are.
pub(super) fn read_repair(model: &Path) -> Result<Option<KeptRepair>, ExperimentError> {
    let path = model.join(REPAIR);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ExperimentError::io(&path, "read")(error)),
    };
    serde_json::from_str(&text).map(Some).map_err(|error| ExperimentError::Recipe {
        origin: path.display().to_string(),
        message: format!("the repair kept with the model cannot be read ({error}); train it again with `evenhand run`"),
    })
}

/// Keeps a scorer with all that raw rows need to be scored in one folder, which appears whole or not at all.
pub(crate) fn save(folder: &Path, scorer: &Scorer, beside: &Beside<'_>) -> Result<(), ExperimentError> {
    let refused = |error: serde_json::Error| ExperimentError::Request(format!("the model's companions cannot be written as JSON: {error}"));
    let mut files = BTreeMap::from([(CELL.to_owned(), beside.cell.as_bytes().to_vec())]);
    if let Some(repair) = &beside.repair {
        files.insert(REPAIR.to_owned(), serde_json::to_vec(repair).map_err(refused)?);
    }
    let companions = Companions {
        encoder: serde_json::to_value(beside.encoder).map_err(refused)?,
        schema: serde_json::to_value(&beside.recipe.data).map_err(refused)?,
        recipe: beside.recipe.to_json().to_string(),
        recordings: serde_json::to_value(beside.origin).map_err(refused)?,
        files,
    };
    Ok(scorer.save(folder, &companions)?)
}

/// How the model's own recordings became tensors; `None` where they were made up.
pub(super) fn read_origin(model: &Path, scorer: &Scorer) -> Result<Option<Origin>, ExperimentError> {
    serde_json::from_value(scorer.companions().recordings.clone()).map_err(|error| ExperimentError::Recipe {
        origin: model.display().to_string(),
        message: format!("what the model keeps of its recordings cannot be read ({error}); train it again with `evenhand run`"),
    })
}
