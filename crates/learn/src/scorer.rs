//! A fitted scorer: predicts, keeps its curves, and travels in one folder.
//!
//! ```text
//! FOLDER/scorer.json           format and version, model, architecture, training, objective with resolved parameters, seed, curves,
//!                              and what the caller hands along: encoder, schema, recipe
//! FOLDER/weights.safetensors   a network's arrays, f32; what is no network keeps a JSON file of its own name instead,
//!                              and a mixture a folder for each member beside it
//! FOLDER/digests.json          sha256 of every file, and of all of them: the scorer's digest
//! ```
//!
//! The folder is written under a temporary name beside its place and renamed when whole.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;

use burn_tensor::Device;
use evenhand_catalog::Parameters;
use evenhand_catalog::limits::COLUMNS;
use evenhand_rows::Label;
use evenhand_rows::recordings::Shape;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::LearnError;
use crate::architecture::{Architecture, ParameterValue};
use crate::archive::Archive;
use crate::landscape::surface;
use crate::models::{self, Mode, Model};
use crate::networks::{self, NETWORKS, Network, Sizes};
use crate::objective::Objective;
use crate::objectives::OBJECTIVES;
use crate::randomness::{Purpose, stream};
use crate::recorded::Recorded;
use crate::rows::Candidates;
use crate::seal;
use crate::trainer::EpochRecord;
use crate::training::{DataLoss, Training};
use crate::weights::{Weights, host};

const MANIFEST: &str = "scorer.json";
const WEIGHTS: &str = "weights.safetensors";
const FORMAT: &str = "evenhand-scorer";
const VERSION: u32 = 1;
/// What the temporary names of folders begin with, of one that is being written and of one that is being replaced.
const FRESH: &str = ".scorer-";
const RETIRED: &str = ".retired-";

/// What a scorer says about rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prediction {
    /// A score in [0, 1] per row.
    pub scores: Vec<f64>,
    /// The logit behind each score; empty for a fitted thing that has none.
    pub logits: Vec<f32>,
    /// The logits of the further targets, one vector each; empty where there are none.
    pub targets: Vec<Vec<f32>>,
    /// The embedding, row after row; empty for a fitted thing that has none.
    pub latent: Vec<f32>,
    /// Width of the embedding, 0 when there is none.
    pub latent_width: usize,
}

impl Prediction {
    /// The logits of a target; the label is target 0.
    pub fn logits_of(&self, target: usize) -> &[f32] {
        if target == 0 { &self.logits } else { &self.targets[target - 1] }
    }

    /// The scores of a further target, from 0.
    pub fn target_scores(&self, target: usize) -> Vec<f64> {
        self.targets[target].iter().map(|&logit| score(logit)).collect()
    }
}

/// What a loss landscape is asked of.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The rows.
    pub candidates: Candidates<'a>,
    /// Their labels in [0, 1].
    pub labels: &'a [f64],
    /// The data loss.
    pub loss: DataLoss,
    /// Points a side.
    pub side: usize,
    /// Seed of the directions.
    pub seed: u64,
}

/// A thing that was fitted: a network, trees, a mixture of scorers.
pub trait Fitted: Debug + Send + Sync {
    /// What a model folder calls it: the name of its [`Loader`], or the id of its network.
    fn name(&self) -> &'static str;

    /// Number of input columns.
    fn columns(&self) -> usize;

    /// Scores the rows; the matrix has [`Fitted::columns`] columns.
    fn predict(&self, candidates: Candidates<'_>) -> Result<Prediction, LearnError>;

    /// What the recordings must look like, where it reads them.
    fn shape(&self) -> Option<Shape> {
        None
    }

    /// The data loss around it, see [`Scorer::landscape`]; `None` for what has no weights to move.
    fn landscape(&self, around: &Around<'_>) -> Option<Result<Vec<f64>, LearnError>> {
        let _ = around;
        None
    }

    /// Writes what [`Fitted::predict`] needs into a folder that exists.
    fn save(&self, folder: &Path) -> Result<(), LearnError>;
}

/// Reads a fitted thing from its folder, as the manifest describes it.
pub type Load = fn(&Path, &Manifest) -> Result<Box<dyn Fitted>, LearnError>;

/// What reads a fitted thing back from a model folder. A method that fits on its own names those of all it may leave behind
/// ([`Objective::loaders`]); networks are known by their registry.
#[derive(Debug, Clone, Copy)]
pub struct Loader {
    /// [`Fitted::name`] of what it reads.
    pub name: &'static str,
    /// Reads it from its folder, as the manifest describes it.
    pub load: Load,
}

/// The loaders of all methods in the registry that fit on their own, each once.
fn loaders() -> Vec<Loader> {
    let mut found: Vec<Loader> = Vec::new();
    for entry in OBJECTIVES {
        // The registry's tests build every method from its defaults.
        let built = Parameters::resolve(entry.card, &BTreeMap::new()).and_then(|parameters| (entry.build)(&parameters));
        for loader in built.iter().flat_map(|objective| objective.loaders()) {
            if found.iter().all(|known| known.name != loader.name) {
                found.push(*loader);
            }
        }
    }
    found
}

/// Reads the fitted thing of this name from a folder; `named_in` is the file that gave the name.
pub(crate) fn load_fitted(name: &str, folder: &Path, named_in: &Path, manifest: &Manifest) -> Result<Box<dyn Fitted>, LearnError> {
    if let Some(network) = networks::described(name, &manifest.architecture) {
        return TrainedNetwork::load(network?.as_ref(), folder, manifest);
    }
    let loaders = loaders();
    let Some(loader) = loaders.iter().find(|loader| loader.name == name) else {
        let networks = NETWORKS.iter().map(|entry| entry.card.id);
        let known: Vec<&str> = networks.chain(loaders.iter().map(|loader| loader.name)).collect();
        return Err(LearnError::BadFile {
            path: named_in.to_owned(),
            problem: format!("names the model `{name}`; this program can read {}", known.join(", ")),
            remedy: "use the program that wrote it",
        });
    };
    (loader.load)(folder, manifest)
}

/// Writes a JSON file of a model folder.
pub(crate) fn write_json(path: &Path, content: &impl Serialize) -> Result<(), LearnError> {
    let text = serde_json::to_string_pretty(content).map_err(|error| LearnError::BadFile {
        path: path.to_owned(),
        problem: format!("cannot hold this model ({error})"),
        remedy: "report this with the recipe that led to it",
    })?;
    crate::archive::write_whole(path, text.as_bytes())
}

/// Reads a JSON file of a model folder. Numbers that are not finite cannot stand in JSON, so none come back.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, LearnError> {
    let text = std::fs::read_to_string(path).map_err(|source| LearnError::Io { action: "reading", path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|error| LearnError::BadFile {
        path: path.to_owned(),
        problem: format!("does not hold a model ({error})"),
        remedy: "it may be cut off or edited; train again or restore it from a copy",
    })
}

/// A network with its weights.
#[derive(Debug)]
pub(crate) struct TrainedNetwork {
    model: Box<dyn Model>,
    weights: Weights,
}

impl TrainedNetwork {
    pub(crate) fn new(model: Box<dyn Model>, weights: Weights) -> Self {
        TrainedNetwork { model, weights }
    }

    fn load(network: &dyn Network, folder: &Path, manifest: &Manifest) -> Result<Box<dyn Fitted>, LearnError> {
        let shape = manifest.shape.filter(Shape::is_plausible);
        if network.reads().recordings() && shape.is_none() {
            return Err(LearnError::BadFile {
                path: folder.join(MANIFEST),
                problem: format!(
                    "describes an {} network without the shape of its recordings, or with sizes out of range",
                    network.card().id
                ),
                remedy: "it may be edited; train again or restore it from a copy",
            });
        }
        let sizes = Sizes { columns: manifest.columns, shape, outputs: 1 + manifest.targets.len() };
        let (model, weights) = network.build(&manifest.architecture, &sizes, &mut stream(0, Purpose::Initialisation, 0))?;
        Self::filled(folder, model, weights)
    }

    /// The network with the weights of its folder in place of its first ones.
    fn filled(folder: &Path, model: Box<dyn Model>, mut weights: Weights) -> Result<Box<dyn Fitted>, LearnError> {
        let path = folder.join(WEIGHTS);
        let mut archive = Archive::read(&path)?;
        for array in &mut weights.arrays {
            let found = archive.arrays.remove(&array.name).filter(|(shape, _)| *shape == array.shape);
            let Some((_, values)) = found else {
                return Err(LearnError::BadFile {
                    path,
                    problem: format!("lacks `{}` of shape {:?}, which {MANIFEST} asks for", array.name, array.shape),
                    remedy: "both files must come from the same folder; train again or restore it from a copy",
                });
            };
            if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                return Err(LearnError::BadFile {
                    path,
                    problem: format!("holds {value} in `{}`", array.name),
                    remedy: "weights must be finite; train again or restore it from a copy",
                });
            }
            array.values = values;
        }
        if let Some(name) = archive.arrays.keys().next() {
            return Err(LearnError::BadFile {
                path,
                problem: format!("holds `{name}`, which {MANIFEST} does not know"),
                remedy: "both files must come from the same folder; train again or restore it from a copy",
            });
        }
        Ok(Box::new(TrainedNetwork::new(model, weights)))
    }
}

impl Fitted for TrainedNetwork {
    fn name(&self) -> &'static str {
        self.model.name()
    }

    fn columns(&self) -> usize {
        self.model.columns()
    }

    fn predict(&self, candidates: Candidates<'_>) -> Result<Prediction, LearnError> {
        predict(self.model.as_ref(), &self.weights, candidates)
    }

    fn shape(&self) -> Option<Shape> {
        self.model.shape()
    }

    fn landscape(&self, around: &Around<'_>) -> Option<Result<Vec<f64>, LearnError>> {
        let Around { candidates, labels, loss, side, seed } = *around;
        let mut rng = stream(seed, Purpose::Landscape, 0);
        // Recordings pass too slowly for hundreds of losses.
        let table = candidates.recordings.is_none();
        table.then(|| surface(self.model.as_ref(), &self.weights, candidates, labels, loss, side, &mut rng))
    }

    fn save(&self, folder: &Path) -> Result<(), LearnError> {
        let arrays = self.weights.arrays.iter().map(|array| (array.name.clone(), (array.shape.clone(), array.values.clone())));
        Archive { arrays: arrays.collect(), text: format!("{FORMAT} {VERSION}") }.write(&folder.join(WEIGHTS))
    }
}

/// Scores and embeddings of all rows, block by block on all threads.
///
/// Blocks have a fixed size, so that the number of threads changes nothing.
pub(crate) fn predict(model: &dyn Model, weights: &Weights, candidates: Candidates<'_>) -> Result<Prediction, LearnError> {
    model.accepts(candidates)?;
    let device = Device::flex();
    let bound = weights.bind(&device);
    let (features, size) = (candidates.features, model.block());
    let block = |number: usize| -> Result<(Vec<f32>, Vec<f32>, usize), LearnError> {
        let rows: Vec<usize> = (number * size..((number + 1) * size).min(features.rows())).collect();
        let recorded = candidates.recordings.map(|recordings| Recorded::gather(recordings, &rows, model.modalities(), None)).transpose()?;
        let columns = features.columns();
        let values = features.values()[rows[0] * columns..(rows[0] + rows.len()) * columns].to_vec();
        let output = model.forward(&bound, &models::inputs(values, rows.len(), recorded, &device), &mut Mode::Evaluation);
        let targets = output.targets();
        Ok((host(output.logits), host(output.embedding), targets))
    };
    let count = features.rows().div_ceil(size);
    // A model of recordings uses all threads within a block; blocks beside each other would only need more memory.
    let blocks: Vec<_> = if candidates.recordings.is_some() {
        (0..count).map(block).collect::<Result<_, _>>()?
    } else {
        (0..count).into_par_iter().map(block).collect::<Result<_, _>>()?
    };
    let mut prediction = Prediction { latent_width: model.embedding_width(), ..Prediction::default() };
    for (logits, latent, targets) in blocks {
        prediction.targets.resize(targets - 1, Vec::new());
        for row in logits.chunks(targets) {
            prediction.scores.push(score(row[0]));
            prediction.logits.push(row[0]);
            for (target, &logit) in prediction.targets.iter_mut().zip(&row[1..]) {
                target.push(logit);
            }
        }
        prediction.latent.extend(latent);
    }
    Ok(prediction)
}

/// The sigmoid in `f64`: large logits keep apart that `f32` would round to the same score.
pub(crate) fn score(logit: f32) -> f64 {
    let small = (-f64::from(logit.abs())).exp();
    if logit >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) }
}

/// What the caller hands along with a scorer so that raw rows can be scored later; this crate keeps it and does not look inside.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Companions {
    /// The fitted encoder.
    pub encoder: serde_json::Value,
    /// The roles of the columns.
    pub schema: serde_json::Value,
    /// The resolved recipe's text.
    pub recipe: String,
    /// How the recordings became tensors; null for a table.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub recordings: serde_json::Value,
    /// Further files of the folder by their names, which lead into no other folder.
    #[serde(skip)]
    pub files: BTreeMap<String, Vec<u8>>,
}

/// What a model folder says of itself in `scorer.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    format: String,
    version: u32,
    model: String,
    columns: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shape: Option<Shape>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    targets: Vec<String>,
    architecture: Architecture,
    training: Training,
    objective: String,
    parameters: BTreeMap<String, ParameterValue>,
    seed: u64,
    curves: Vec<EpochRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    companions: Companions,
}

impl Manifest {
    /// Input columns of what was fitted.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// What its recordings look like, where it reads any.
    pub fn shape(&self) -> Option<Shape> {
        self.shape
    }

    /// Names of its further targets.
    pub fn targets(&self) -> &[String] {
        &self.targets
    }

    /// Refuses recordings and further targets for a thing that knows neither; `what` names such things.
    pub(crate) fn table_alone(&self, what: &str, folder: &Path) -> Result<(), LearnError> {
        if self.shape.is_none() && self.targets.is_empty() {
            return Ok(());
        }
        Err(LearnError::BadFile {
            path: folder.join(MANIFEST),
            problem: format!("gives {what} recordings to read or further targets, and they know neither"),
            remedy: "it may be edited; train again or restore it from a copy",
        })
    }
}

/// A fitted scorer.
#[derive(Debug)]
pub struct Scorer {
    fitted: Box<dyn Fitted>,
    manifest: Manifest,
    digest: Option<String>,
}

impl Scorer {
    pub(crate) fn new(
        fitted: Box<dyn Fitted>,
        objective: &dyn Objective,
        architecture: &Architecture,
        training: &Training,
        seed: u64,
        curves: Vec<EpochRecord>,
    ) -> Self {
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            model: fitted.name().to_owned(),
            columns: fitted.columns(),
            shape: fitted.shape(),
            targets: Vec::new(),
            architecture: architecture.clone(),
            training: training.clone(),
            objective: objective.card().id.to_owned(),
            parameters: objective.parameters().iter().map(|(name, value)| (name.to_owned(), ParameterValue::from(value))).collect(),
            seed,
            curves,
            notes: Vec::new(),
            companions: Companions::default(),
        };
        Scorer { fitted, manifest, digest: None }
    }

    /// Scores the rows of a matrix, which the encoder that travels with the scorer makes; one with another number of columns than
    /// [`Scorer::columns`] is refused.
    pub fn predict<'a>(&self, candidates: impl Into<Candidates<'a>>) -> Result<Prediction, LearnError> {
        let candidates = candidates.into();
        let (found, wanted) = (candidates.features.columns(), self.columns());
        if found != wanted {
            let reason = format!("they have {found} input columns where it reads {wanted}; encode them with the encoder saved beside it");
            return Err(LearnError::Unreadable { reason });
        }
        self.fitted.predict(candidates)
    }

    /// The data loss of the network on a plane through its weights, `side` x `side` points on [-1, 1] in both directions, row by row;
    /// directions are random with the length of the weights, column by column. The loss is the label's alone, every row counting alike,
    /// whatever row weights and further targets the network was trained with. `None` for what is no network, and for recordings.
    pub fn landscape<'a>(
        &self,
        candidates: impl Into<Candidates<'a>>,
        labels: &'a [f64],
        side: usize,
    ) -> Option<Result<Vec<f64>, LearnError>> {
        let (loss, seed) = (self.training().loss, self.seed());
        self.fitted.landscape(&Around { candidates: candidates.into(), labels, loss, side, seed })
    }

    pub(crate) fn into_fitted(self) -> Box<dyn Fitted> {
        self.fitted
    }

    /// What the recordings of candidates must look like; `None` for a scorer of tables.
    pub fn shape(&self) -> Option<Shape> {
        self.manifest.shape
    }

    /// Names of the further targets, in the order of [`Prediction::targets`].
    pub fn targets(&self) -> &[String] {
        &self.manifest.targets
    }

    pub(crate) fn name_targets(&mut self, targets: &[Label]) {
        self.manifest.targets = targets.iter().map(|target| target.name.clone()).collect();
    }

    /// Number of input columns.
    pub fn columns(&self) -> usize {
        self.fitted.columns()
    }

    /// The training curves, one record an epoch.
    pub fn curves(&self) -> &[EpochRecord] {
        &self.manifest.curves
    }

    /// Remarks of the method on its fit.
    pub fn notes(&self) -> &[String] {
        &self.manifest.notes
    }

    pub(crate) fn tell(&mut self, notes: Vec<String>) {
        self.manifest.notes = notes;
    }

    /// The epoch whose weights these are, from 1; `None` for a thing fitted without epochs.
    pub fn best_epoch(&self) -> Option<usize> {
        self.curves().iter().rev().find(|record| record.best).map(|record| record.epoch)
    }

    /// Id of the objective it was trained under.
    pub fn objective(&self) -> &str {
        &self.manifest.objective
    }

    /// The architecture it was trained with.
    pub fn architecture(&self) -> &Architecture {
        &self.manifest.architecture
    }

    /// The training settings it was trained with.
    pub fn training(&self) -> &Training {
        &self.manifest.training
    }

    /// Seed of its run.
    pub fn seed(&self) -> u64 {
        self.manifest.seed
    }

    /// What was handed along when it was saved; empty for a scorer that was not loaded.
    pub fn companions(&self) -> &Companions {
        &self.manifest.companions
    }

    /// The digest of the folder that it was loaded from, by which reports name it; `None` for one that was not loaded.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Writes the scorer into a folder, which appears whole or not at all. A folder that already holds a scorer is replaced; any
    /// other one that exists and is not empty is left alone with an error.
    pub fn save(&self, folder: &Path, companions: &Companions) -> Result<(), LearnError> {
        let failed = |source| LearnError::Io { action: "writing", path: folder.to_owned(), source };
        let occupied = folder.exists() && std::fs::read_dir(folder).map_err(failed)?.next().is_some();
        if occupied && !folder.join(MANIFEST).is_file() {
            return Err(LearnError::BadFile {
                path: folder.to_owned(),
                problem: format!("holds other files and no {MANIFEST}"),
                remedy: "name a new folder for the scorer",
            });
        }
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).map_err(failed)?;
        crate::archive::sweep(parent, &[FRESH, RETIRED]);
        let (fresh, lives) = crate::archive::temporary(parent, FRESH).map_err(failed)?;
        self.fitted.save(fresh.path())?;
        let manifest = Manifest { companions: companions.clone(), ..self.manifest.clone() };
        let text = serde_json::to_string_pretty(&manifest).map_err(|error| LearnError::BadFile {
            path: folder.join(MANIFEST),
            problem: format!("cannot hold this scorer ({error})"),
            remedy: "report this with the recipe that led to it",
        })?;
        crate::archive::write_whole(&fresh.path().join(MANIFEST), text.as_bytes())?;
        for (name, bytes) in &companions.files {
            crate::archive::write_whole(&fresh.path().join(name), bytes)?;
        }
        seal::seal(fresh.path())?;
        // Two renames: between them the old scorer stands under a temporary name, never a mixture of both.
        let (retired, _lives) = crate::archive::temporary(parent, RETIRED).map_err(failed)?;
        let _ = std::fs::remove_file(fresh.path().join(crate::archive::LIVES));
        let earlier = retired.path().join("scorer");
        if folder.exists() {
            std::fs::rename(folder, &earlier).map_err(failed)?;
        }
        if let Err(error) = std::fs::rename(fresh.path(), folder) {
            // The old scorer would go with its temporary folder.
            let _ = std::fs::rename(&earlier, folder);
            return Err(failed(error));
        }
        // It is gone from its temporary name.
        let _ = fresh.keep();
        drop(lives);
        crate::archive::sync_folder(parent);
        Ok(())
    }

    /// The digest of the scorer in a folder, whose files are compared with what was written.
    pub fn digest_of(folder: &Path) -> Result<String, LearnError> {
        Ok(seal::verified(folder)?.scorer)
    }

    /// Whether a scorer was saved in this folder.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(MANIFEST).is_file()
    }

    /// Reads a scorer back.
    pub fn load(folder: &Path) -> Result<Self, LearnError> {
        let path = folder.join(MANIFEST);
        let problem = |problem: String, remedy| LearnError::BadFile { path: path.clone(), problem, remedy };
        if !folder.is_dir() {
            let problem = "is no folder".to_owned();
            return Err(LearnError::BadFile { path: folder.to_owned(), problem, remedy: "name the folder that a scorer was saved in" });
        }
        if !path.is_file() {
            let problem = format!("holds no {MANIFEST}");
            return Err(LearnError::BadFile { path: folder.to_owned(), problem, remedy: "name the folder that a scorer was saved in" });
        }
        let digest = seal::verified(folder)?.scorer;
        let text = std::fs::read_to_string(&path).map_err(|source| LearnError::Io { action: "reading", path: path.clone(), source })?;
        let damaged = "it may be cut off or edited; train again or restore it from a copy";
        let header: serde_json::Value = serde_json::from_str(&text).map_err(|error| problem(format!("is no JSON ({error})"), damaged))?;
        if header["format"] != FORMAT {
            return Err(problem(
                format!("does not describe a scorer (`format` is not \"{FORMAT}\")"),
                "name the folder that a scorer was saved in",
            ));
        }
        if header["version"] != VERSION {
            return Err(problem(
                format!("has format version {}, this program reads {VERSION}", header["version"]),
                "use the program that wrote it, or train again",
            ));
        }
        let manifest: Manifest = serde_json::from_value(header).map_err(|error| problem(format!("is incomplete ({error})"), damaged))?;
        manifest.architecture.check()?;
        if manifest.columns == 0 && manifest.shape.is_none() {
            return Err(problem("has 0 input columns".to_owned(), damaged));
        }
        COLUMNS.check(manifest.columns as u64).map_err(|limit| problem(limit.to_string(), damaged))?;
        Ok(Scorer { fitted: load_fitted(&manifest.model, folder, &path, &manifest)?, manifest, digest: Some(digest) })
    }
}
