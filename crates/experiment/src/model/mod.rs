//! A fitted scorer in its folder: kept by a run, opened to score rows in memory or in files.

mod columns;
mod files;
mod interviews;
mod kept;

use std::path::{Path, PathBuf};

use evenhand_audit::law::skeletons::ModelFacts;
use evenhand_catalog::READS_THE_GROUP;
use evenhand_learn::{Candidates, Prediction, Scorer};
use evenhand_rows::{Dataset, Encoder, GROUP_INPUT, Scale, Schema, SensitiveAsFeatures};

use crate::ExperimentError;
use crate::recipe::Recipe;
use crate::steps::repair::apply_repair;
pub(crate) use kept::KeptRepair;
use kept::{REPAIR, read_repair};

pub use files::{Scored, score};
pub use interviews::Extraction;
pub(crate) use kept::{Beside, holds, save};

/// Categories spelled anew that a note names.
const MOST_TOLD: usize = 20;

/// A model that a run kept: scorer, encoder, the recipe that it was trained by, and the repair of its scores.
#[derive(Debug)]
pub struct Model {
    folder: PathBuf,
    scorer: Scorer,
    encoder: Encoder,
    recipe: Recipe,
    repair: Option<KeptRepair>,
}

/// Scores of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// A score in [0, 1] a row, in the rows' order, as the model's repair leaves it.
    pub scores: Vec<f64>,
    /// Scores of the further targets that the model learned, by their names.
    pub targets: Vec<(String, Vec<f64>)>,
    /// What the reader must know: unseen categories, missing values, a repair by group.
    pub notes: Vec<String>,
}

impl Model {
    /// Opens a model's folder, or that of a run that kept one model.
    pub fn open(folder: &Path) -> Result<Self, ExperimentError> {
        let folder = find_folder(folder)?;
        let scorer = Scorer::load(&folder)?;
        let damaged = |what: &str, error: &serde_json::Error| ExperimentError::Recipe {
            origin: folder.display().to_string(),
            message: format!("the {what} kept with the model cannot be read ({error}); train it again with `evenhand run`"),
        };
        let encoder: Encoder = serde_json::from_value(scorer.companions().encoder.clone()).map_err(|error| damaged("encoder", &error))?;
        let recipe: Recipe = serde_json::from_str(&scorer.companions().recipe).map_err(|error| damaged("recipe", &error))?;
        let repair = read_repair(&folder)?;
        let repaired = recipe.methods.len() == 1 && recipe.methods[0].repair.is_some();
        if repaired && repair.is_none() {
            return Err(ExperimentError::Request(format!(
                "{} lacks the repair of its scores ({REPAIR}), without which they would be other scores; train it again with `evenhand run`",
                folder.display()
            )));
        }
        Ok(Model { folder, scorer, encoder, recipe, repair })
    }

    /// The digest by which reports name it: that of all files of its folder.
    pub fn digest(&self) -> &str {
        self.scorer.digest().unwrap_or_default()
    }

    /// Whether it scores recordings, which takes long.
    pub fn reads_recordings(&self) -> bool {
        self.scorer.shape().is_some()
    }

    /// What its folder tells of it, for documents that somebody fills in.
    pub fn facts(&self) -> ModelFacts {
        let recipe = &self.recipe;
        let json = |value: serde_json::Result<String>| value.unwrap_or_default();
        let method = recipe.methods.first().map(|method| {
            let training = recipe.training_of(method).ok().map(|training| json(serde_json::to_string(&training))).unwrap_or_default();
            format!("{}: {}; training: {training}", method.name, json(serde_json::to_string(method)))
        });
        let label = recipe.data.label.as_ref().map(|label| format!(", label {}", label.column)).unwrap_or_default();
        let files = if recipe.data.files.is_empty() { String::new() } else { format!(", files {}", recipe.data.files.join(", ")) };
        ModelFacts {
            digest: self.digest().to_owned(),
            method: method.unwrap_or_default(),
            data: format!("loader {}{files}{label}", recipe.data.loader.id),
            features: self.encoder.inputs().map(str::to_owned).collect(),
        }
    }

    /// The attribute whose group every candidate must have to be scored; `None` where none is needed.
    pub fn repaired_by(&self) -> Option<&str> {
        self.repair.as_ref().map(|kept| kept.attribute.as_str())
    }

    /// The roles and types of the columns that it reads: those of the rows that it was trained on.
    pub fn schema(&self) -> Schema {
        let mut schema = self.recipe.schema();
        // Groups as inputs are made anew from the columns of their attributes.
        let made = |input: &&str| schema.sensitive_as_features == SensitiveAsFeatures::Groups && input.ends_with(GROUP_INPUT);
        schema.features = Some(self.encoder.inputs().filter(|input| !made(input)).map(str::to_owned).collect());
        schema.types = self.encoder.types();
        schema.targets = Vec::new();
        schema.weight = None;
        schema
    }

    /// The scale of the labels that it learned: its scores in a file lie on it. Decisions in words have none of their own.
    pub fn scale(&self) -> Scale {
        let label = self.recipe.schema().label.filter(|label| label.favourable.is_empty());
        label.map(|label| label.scale()).unwrap_or_default()
    }

    /// Scores rows: those need the model's inputs, its recordings where it reads some, and the groups that its repair reads. Labels take no part.
    pub fn score(&self, rows: &Dataset) -> Result<Scores, ExperimentError> {
        let mut notes = Vec::new();
        for (input, respelled) in self.encoder.respelled(rows)? {
            let pairs =
                respelled.iter().take(MOST_TOLD).map(|(given, known)| format!("`{given}` is `{known}`")).collect::<Vec<_>>().join(", ");
            let more = respelled.len().saturating_sub(MOST_TOLD);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            notes.push(format!("`{input}`: spelled in another way than the model learned it: {pairs}{more}"));
        }
        for (input, unseen) in self.encoder.unseen(rows)? {
            notes.push(format!(
                "`{input}`: {unseen} of {} rows hold a category that the model never saw, or miss the value where no training row did; such a value counts \
                 as no category, or as the mean",
                rows.len()
            ));
        }
        for (input, (far, low, high)) in self.encoder.far(rows)? {
            notes.push(format!(
                "`{input}`: {far} of {} rows lie far outside of {low} to {high}, which the training rows held; the model has seen nothing like them",
                rows.len()
            ));
        }
        let mut prediction = self.predict(rows)?;
        if let Some(kept) = &self.repair {
            rows.groups(&kept.attribute).map_err(|_| {
                ExperimentError::Request(format!(
                    "the model's scores are repaired by `{0}`, so that every candidate's group is needed to score; add the column of `{0}` to the \
                     file, or train without `repair`",
                    kept.attribute
                ))
            })?;
            prediction.scores = apply_repair(&kept.fitted, &prediction.scores, rows, &kept.attribute, kept.seed)?;
            notes.push(format!("the scores are repaired by the group of every candidate ({})", kept.attribute));
            notes.push(format!("repaired: {READS_THE_GROUP}"));
        }
        let read: Vec<&str> = self.encoder.sensitive_inputs().collect();
        if !read.is_empty() {
            notes.push(format!("`{}` among the inputs: {READS_THE_GROUP}", read.join("`, `")));
        }
        let names = self.scorer.targets().iter().enumerate();
        let targets = names.map(|(place, name)| (name.clone(), prediction.target_scores(place))).collect();
        Ok(Scores { scores: prediction.scores, targets, notes })
    }

    /// What the scorer says of rows, before any repair: numbers, or an error with the row.
    fn predict(&self, rows: &Dataset) -> Result<Prediction, ExperimentError> {
        let features = self.encoder.transform(rows)?;
        let prediction = self.scorer.predict(Candidates { features: &features, recordings: rows.recordings.as_ref() })?;
        // Scores of further targets come from logits of their own.
        let targets = (0..self.scorer.targets().len()).map(|place| prediction.target_scores(place));
        let broken = |scores: &[f64]| scores.iter().position(|score| !score.is_finite());
        match broken(&prediction.scores).or_else(|| targets.into_iter().find_map(|scores| broken(&scores))) {
            None => Ok(prediction),
            Some(row) => Err(ExperimentError::Request(format!(
                "`{}`, data row {}: the model's score is no number; a weight of the model or an input of this row is out of all bounds: \
                 correct the row, or train the model again",
                rows.name,
                rows.rows.get(row).copied().unwrap_or(row as u64 + 1)
            ))),
        }
    }
}

/// The digest of a model's folder, whose files are compared with what was written.
pub fn digest(model: &Path) -> Result<String, ExperimentError> {
    Ok(Scorer::digest_of(&find_folder(model)?)?)
}

/// Whether a model scores recordings; false where there is no model that can be read.
pub fn reads_recordings(model: &Path) -> bool {
    find_folder(model).ok().and_then(|model| Scorer::load(&model).ok()).is_some_and(|scorer| scorer.shape().is_some())
}

/// The model's folder; of a run's folder the one model in it.
fn find_folder(given: &Path) -> Result<PathBuf, ExperimentError> {
    let models = given.join("models");
    if Scorer::is_in(given) || !models.is_dir() {
        return Ok(given.to_owned());
    }
    let entries = std::fs::read_dir(&models).map_err(ExperimentError::io(&models, "read"))?;
    let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    found.sort();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Ok(given.to_owned()),
        several => Err(ExperimentError::Request(format!(
            "`{}` holds several models; name one of them: {}",
            given.display(),
            several.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
        ))),
    }
}
