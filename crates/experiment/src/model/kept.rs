//! What a model's folder keeps beside the scorer: encoder, recipe, the origin of its recordings, the repair of its scores.

use std::path::Path;

use evenhand_learn::{Companions, Scorer};
use evenhand_media::extract::origin::Origin;
use evenhand_rerank::Fitted;
use evenhand_rows::Encoder;
use serde::{Deserialize, Serialize};

use crate::recipe::Recipe;
use crate::{ExperimentError, write};

/// The file of a model's folder that holds the repair of its scores.
pub(super) const REPAIR: &str = "repair.json";

/// A repair as a model's folder keeps it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeptRepair {
    /// The attribute whose groups it reads.
    pub(super) attribute: String,
    /// Decides what it draws.
    pub(super) seed: u64,
    /// What it learned.
    pub(super) fitted: Fitted,
}

/// Keeps a repair beside a model that was just saved; without one, none of an earlier model stays.
pub(crate) fn save_repair(folder: &Path, repair: Option<&Fitted>, attribute: &str, seed: u64) -> Result<(), ExperimentError> {
    let path = folder.join(REPAIR);
    match repair {
        None if path.exists() => std::fs::remove_file(&path).map_err(ExperimentError::io(&path, "remove")),
        None => Ok(()),
        Some(fitted) => {
            let kept = KeptRepair { attribute: attribute.to_owned(), seed, fitted: fitted.clone() };
            let text = serde_json::to_string(&kept)
                .map_err(|error| ExperimentError::Request(format!("the repair cannot be written as JSON: {error}")))?;
            write::replace(&path, text.as_bytes())
        }
    }
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

/// Keeps a scorer with its encoder, the roles of the columns, the recipe and how its recordings became tensors in one folder.
pub(crate) fn save(
    folder: &Path,
    scorer: &Scorer,
    encoder: &Encoder,
    recipe: &Recipe,
    origin: Option<&Origin>,
) -> Result<(), ExperimentError> {
    let json = |value: serde_json::Result<serde_json::Value>| {
        value.map_err(|error| ExperimentError::Request(format!("the model's companions cannot be written as JSON: {error}")))
    };
    let companions = Companions {
        encoder: json(serde_json::to_value(encoder))?,
        schema: json(serde_json::to_value(&recipe.data))?,
        recipe: recipe.to_json().to_string(),
        recordings: json(serde_json::to_value(origin))?,
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
