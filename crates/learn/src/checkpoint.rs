//! The state of a run after an epoch, in one file, so that an interrupted run goes on bit for bit.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::LearnError;
use crate::archive::Archive;
use crate::models::Architecture;
use crate::objective::Objective;
use crate::optimizer::Adam;
use crate::rows::Rows;
use crate::trainer::{Best, EpochRecord};
use crate::training::Training;
use crate::weights::Weights;

/// Name of the file in the checkpoint folder.
pub const FILE: &str = "checkpoint.safetensors";
const VERSION: u32 = 1;

/// What a run must share with the run that wrote a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    version: u32,
    data: String,
    architecture: Architecture,
    training: Training,
    objective: String,
    parameters: BTreeMap<String, String>,
    seed: u64,
}

impl Fingerprint {
    pub(crate) fn new(
        train: &Rows<'_>,
        validation: &Rows<'_>,
        architecture: &Architecture,
        training: &Training,
        objective: &dyn Objective,
        seed: u64,
    ) -> Self {
        let mut digest = Digest::default();
        for rows in [train, validation] {
            digest.add(rows.features.columns() as u64);
            rows.features.values().iter().for_each(|value| digest.add(u64::from(value.to_bits())));
            rows.labels.iter().for_each(|label| digest.add(label.to_bits()));
            rows.groups.codes().iter().for_each(|&code| digest.add(u64::from(code)));
            rows.targets.iter().flat_map(|target| &target.values).for_each(|label| digest.add(label.to_bits()));
            if let Some(recordings) = rows.recordings {
                // The record numbers of a folder extracted anew are the same; what they stand for is not.
                let (shape, (records, content)) = (recordings.shape(), recordings.origin());
                let sizes = [shape.segments, shape.per_segment, shape.side, shape.audio, shape.text, records];
                for size in sizes {
                    digest.add(size as u64);
                }
                content.bytes().for_each(|byte| digest.add(u64::from(byte)));
                recordings.modalities().into_iter().for_each(|modality| digest.add(modality as u64));
                recordings.records().iter().for_each(|&record| digest.add(u64::from(record)));
            }
            if let Some(sensitive) = rows.sensitive {
                sensitive.columns().iter().for_each(|&column| digest.add(column as u64));
                for values in sensitive.groups() {
                    digest.add(values.as_ref().map_or(0, |values| values.len() as u64));
                    values.iter().flatten().for_each(|value| digest.add(u64::from(value.to_bits())));
                }
            }
            rows.weights.into_iter().flatten().for_each(|weight| digest.add(weight.to_bits()));
        }
        Fingerprint {
            version: VERSION,
            data: format!("{:016x}", digest.0),
            architecture: architecture.clone(),
            training: training.clone(),
            objective: objective.card().id.to_owned(),
            parameters: objective.parameters().iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect(),
            seed,
        }
    }

    /// The first part that differs.
    fn difference(&self, other: &Self) -> Option<&'static str> {
        [
            ("the file's version", self.version == other.version),
            ("the rows", self.data == other.data),
            ("[architecture]", self.architecture == other.architecture),
            ("[training]", self.training == other.training),
            ("the objective", self.objective == other.objective),
            ("the objective's parameters", self.parameters == other.parameters),
            ("the seed", self.seed == other.seed),
        ]
        .into_iter()
        .find_map(|(part, same)| (!same).then_some(part))
    }
}

/// FNV-1a over 64-bit words: tells accidental mix-ups apart, which is all a checkpoint needs.
struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Digest(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    fn add(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(29);
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Header {
    fingerprint: Fingerprint,
    curves: Vec<EpochRecord>,
    steps: u64,
    best: Option<(usize, f64)>,
}

/// A run's state.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    header: Header,
    arrays: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

impl Checkpoint {
    pub(crate) fn capture(
        fingerprint: &Fingerprint,
        weights: &Weights,
        optimizer: &Adam,
        objective: &dyn Objective,
        factors: &[f32],
        curves: &[EpochRecord],
        best: Option<&Best>,
    ) -> Self {
        let mut arrays = BTreeMap::new();
        let mut keep = |name: String, values: &[f32]| arrays.insert(name, (vec![values.len()], values.to_vec()));
        for (array, [first, second]) in weights.arrays.iter().zip(optimizer.moments()) {
            keep(format!("weights/{}", array.name), &array.values);
            keep(format!("first/{}", array.name), first);
            keep(format!("second/{}", array.name), second);
        }
        for array in best.iter().flat_map(|best| &best.weights.arrays) {
            keep(format!("best/{}", array.name), &array.values);
        }
        for (name, values) in objective.state() {
            keep(format!("objective/{name}"), &values);
        }
        keep("factors".to_owned(), factors);
        let header = Header {
            fingerprint: fingerprint.clone(),
            curves: curves.to_vec(),
            steps: optimizer.steps(),
            best: best.map(|best| (best.epoch, best.merit)),
        };
        Checkpoint { header, arrays }
    }

    pub(crate) fn save(self, folder: &Path) -> Result<(), LearnError> {
        let path = folder.join(FILE);
        let text = serde_json::to_string(&self.header).map_err(|error| LearnError::BadFile {
            path: path.clone(),
            problem: format!("cannot hold this state ({error})"),
            remedy: "report this with the recipe that led to it",
        })?;
        Archive { arrays: self.arrays, text }.write(&path)
    }

    /// The folder's checkpoint, `None` when there is none, an error when it belongs to another run or is damaged.
    pub(crate) fn load(folder: &Path, fingerprint: &Fingerprint) -> Result<Option<Self>, LearnError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let archive = Archive::read(&path)?;
        let header: Header = serde_json::from_str(&archive.text).map_err(|error| LearnError::BadFile {
            path: path.clone(),
            problem: format!("has a header that cannot be read ({error})"),
            remedy: "remove it to start afresh",
        })?;
        if let Some(part) = header.fingerprint.difference(fingerprint) {
            return Err(LearnError::BadFile {
                path,
                problem: format!("belongs to another run: {part} differ(s)"),
                remedy: "give the recipe that was interrupted, or remove the checkpoint to start afresh",
            });
        }
        Ok(Some(Checkpoint { header, arrays: archive.arrays }))
    }

    pub(crate) fn restore(
        mut self,
        weights: &mut Weights,
        optimizer: &mut Adam,
        objective: &mut dyn Objective,
        factors: &mut Vec<f32>,
        curves: &mut Vec<EpochRecord>,
        best: &mut Option<Best>,
    ) -> Result<(), LearnError> {
        let mut take = |name: String, length: Option<usize>| -> Result<Vec<f32>, LearnError> {
            let found = self.arrays.remove(&name).map(|(_, values)| values);
            found.filter(|values| length.is_none_or(|length| length == values.len())).ok_or_else(|| LearnError::BadFile {
                path: FILE.into(),
                problem: format!("lacks `{name}` or holds it with another size"),
                remedy: "remove it to start afresh",
            })
        };
        let mut kept_best = weights.clone();
        let mut moments = Vec::new();
        for (array, best) in weights.arrays.iter_mut().zip(&mut kept_best.arrays) {
            array.values = take(format!("weights/{}", array.name), Some(array.values.len()))?;
            let trained = if array.trained { array.values.len() } else { 0 };
            moments.push([take(format!("first/{}", array.name), Some(trained))?, take(format!("second/{}", array.name), Some(trained))?]);
            if self.header.best.is_some() {
                best.values = take(format!("best/{}", array.name), Some(array.values.len()))?;
            }
        }
        *factors = take("factors".to_owned(), Some(factors.len()))?;
        *best = self.header.best.map(|(epoch, merit)| Best { epoch, merit, weights: kept_best });
        *curves = self.header.curves;
        let own = self.arrays.into_iter().filter_map(|(name, (_, values))| Some((name.strip_prefix("objective/")?.to_owned(), values)));
        if !optimizer.restore(self.header.steps, moments) || !objective.restore(&own.collect()) {
            return Err(LearnError::BadFile {
                path: FILE.into(),
                problem: "does not fit the optimiser or the objective".to_owned(),
                remedy: "remove it to start afresh",
            });
        }
        Ok(())
    }
}
