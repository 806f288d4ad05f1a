//! Results of finished steps, found again by the digest of everything they depend on.
//!
//! ```text
//! OUT/.parts/DIGEST    one line of JSON { facts, bytes } | tensor
//! OUT/.parts/candidate-*  a candidate whose steps are done: its digests, and how they came about
//! OUT/.parts/new-*     the finished files before they are put into OUT
//! OUT/.parts/commit    they are whole: who finds this puts them into OUT
//! OUT/.parts/lock      held by the extraction that writes into OUT
//! ```
//!
//! A part appears whole or not at all (a temporary name, then a rename) and says how long it is; a damaged one counts as absent.
//! Results of an earlier, finished extraction are taken from its table and tensors. OUT holds the files of one extraction, the old or
//! the new, whenever a run is cut off: the new ones are complete on the disk before the first of the old ones goes.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use evenhand_data::loaders::interviews::{CANDIDATES, ID, RECORD, SETTINGS, STATUS, TENSORS};
use evenhand_data::lock::{self, FolderLock, LockError};
use evenhand_data::recordings::{RecordSource, RecordStore};
use evenhand_data::whole::{self, WholeFile, sync_folder};
use evenhand_rows::digest::hexadecimal;
use evenhand_rows::recordings::Modality;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::candidate::Outcome;
use super::columns::{Column, DIGEST, FACTS, Kind, STATUS_DETAIL, Stage};
use super::kept::{self, Stamp};
use super::table::{Cells, Table};
use crate::{Failure, MediaError, Reason};

/// Folder of the parts.
pub(super) const PARTS: &str = ".parts";
const LOCK: &str = lock::NAME;
const COMMIT: &str = "commit";

/// What one step found: facts for the table, and its piece of the tensors.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Finding {
    pub(super) facts: Map<String, Value>,
    pub(super) tensor: Option<Vec<u8>>,
}

impl Finding {
    pub(super) fn failed(stage: Stage, failure: &Failure) -> Self {
        let mut finding = Finding::default();
        finding.fail(stage, failure);
        finding
    }

    /// Notes the reason and drops the tensor.
    pub(super) fn fail(&mut self, stage: Stage, failure: &Failure) {
        self.facts.insert(stage.reason().to_owned(), failure.reason.id().into());
        if !failure.detail.is_empty() {
            self.facts.insert(stage.detail().to_owned(), failure.detail.clone().into());
        }
        self.tensor = None;
    }

    /// Notes a fact that exists.
    pub(super) fn note(&mut self, name: &str, value: Option<impl Into<Value>>) {
        debug_assert!(FACTS.iter().any(|column| column.name == name), "`{name}` is a column");
        if let Some(value) = value.map(Into::into).filter(|value: &Value| !value.is_null()) {
            self.facts.insert(name.to_owned(), value);
        }
    }

    pub(super) fn reason(&self, stage: Stage) -> Option<Reason> {
        self.facts.get(stage.reason())?.as_str().and_then(Reason::from_id)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.facts.get(name)?.as_str()
    }

    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.facts.get(name)?.as_f64()
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    facts: Map<String, Value>,
    bytes: Option<usize>,
}

/// An earlier extraction that was finished.
#[derive(Debug)]
struct Finished {
    table: Table,
    records: Vec<Option<f64>>,
    store: RecordStore,
    /// Row of each digest of a step.
    rows: HashMap<String, usize>,
    /// Row of each candidate.
    ids: HashMap<String, usize>,
    /// How it came about, where that can be read.
    stamp: Option<Stamp>,
}

/// What is asked of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// The facts, whether or not the tensor is still there.
    Facts,
    /// The facts, and that the tensor is there.
    Presence,
    /// The facts and the tensor.
    Tensor,
}

/// Everything that is at hand.
#[derive(Debug)]
pub(super) struct Parts {
    folder: PathBuf,
    out: PathBuf,
    finished: Option<Finished>,
    /// Why an earlier extraction that lies here cannot be used.
    damage: Option<String>,
    _lock: FolderLock,
}

impl Parts {
    /// Opens the parts of a folder, and an earlier extraction in it where there is one.
    pub(super) fn open(out: &Path) -> Result<Self, MediaError> {
        let folder = out.join(PARTS);
        let lock = lock(&folder)?;
        if folder.join(COMMIT).exists() {
            put_in_place(out, &folder)?;
        }
        let (finished, damage) = match Finished::open(out) {
            Ok(finished) => (finished, None),
            Err(damage) => (None, Some(damage)),
        };
        Ok(Parts { finished, damage, folder, out: out.to_owned(), _lock: lock })
    }

    /// Why an earlier extraction that lies here cannot be used.
    pub(super) fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    /// A candidate of the finished extraction.
    pub(super) fn finished(&self, id: &str) -> Option<kept::Finished> {
        self.finished.as_ref()?.candidate(id)
    }

    /// A candidate that an earlier run had done before it was cut off.
    pub(super) fn remembered(&self, id: &str) -> Option<kept::Finished> {
        serde_json::from_slice(&fs::read(self.candidate(id)).ok()?).ok()
    }

    /// Notes a candidate whose steps are done.
    pub(super) fn remember(&self, id: &str, finished: &kept::Finished) -> Result<(), MediaError> {
        let path = self.candidate(id);
        let failed = |source| MediaError::Io { action: "writing", path: path.clone(), source };
        let bytes = serde_json::to_vec(finished).map_err(|error| failed(io::Error::other(error)))?;
        whole::write(&path, &bytes).map_err(failed)
    }

    fn candidate(&self, id: &str) -> PathBuf {
        self.folder.join(format!("candidate-{}", digest(&[id])))
    }

    /// The candidates of the finished extraction, where there is one.
    pub(super) fn finished_ids(&self) -> Vec<String> {
        let ids = self.finished.as_ref().and_then(|finished| finished.table.texts(ID));
        ids.into_iter().flatten().flatten().collect()
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a file of the finished folder is written first.
    pub(super) fn made(&self, name: &str) -> PathBuf {
        made(&self.folder, name)
    }

    /// The result of a step.
    pub(super) fn find(&self, stage: Stage, digest: &str, want: Want) -> Option<Finding> {
        self.kept(digest, want).or_else(|| self.finished.as_ref()?.find(stage, digest, want))
    }

    fn kept(&self, digest: &str, want: Want) -> Option<Finding> {
        use std::io::{BufRead, BufReader, Read};
        let file = File::open(self.folder.join(digest)).ok()?;
        let length = file.metadata().ok()?.len();
        let mut file = BufReader::new(file);
        let mut line = Vec::new();
        file.read_until(b'\n', &mut line).ok()?;
        let head: Head = serde_json::from_slice(&line).ok()?;
        if length != (line.len() + head.bytes.unwrap_or(0)) as u64 {
            return None;
        }
        let mut tensor = head.bytes.map(|_| Vec::new());
        if let Some(tensor) = tensor.as_mut().filter(|_| want == Want::Tensor) {
            file.read_to_end(tensor).ok()?;
        }
        Some(Finding { facts: head.facts, tensor })
    }

    /// Keeps a result.
    pub(super) fn keep(&self, digest: &str, finding: &Finding) -> Result<(), MediaError> {
        let path = self.folder.join(digest);
        let failed = |source| MediaError::Io { action: "writing", path: path.clone(), source };
        let head = Head { facts: finding.facts.clone(), bytes: finding.tensor.as_ref().map(Vec::len) };
        let mut bytes = serde_json::to_vec(&head).map_err(|error| failed(io::Error::other(error)))?;
        bytes.push(b'\n');
        let mut file = WholeFile::create(&path).map_err(failed)?;
        file.write_all(&bytes).map_err(failed)?;
        if let Some(tensor) = &finding.tensor {
            file.write_all(tensor).map_err(failed)?;
        }
        file.finish().map_err(failed)
    }

    /// Puts the files that were made into the folder, all or none, and takes the parts away. Each of them is on the disk already.
    pub(super) fn commit(mut self) -> Result<(), MediaError> {
        // The files of the earlier extraction are about to be replaced.
        self.finished = None;
        let marker = self.folder.join(COMMIT);
        File::create(&marker)
            .and_then(|file| file.sync_all())
            .and_then(|()| sync_folder(&self.folder))
            .map_err(|source| MediaError::Io { action: "writing", path: marker, source })?;
        put_in_place(&self.out, &self.folder)?;
        self.clear().map_err(|source| MediaError::Io { action: "writing", path: self.folder.clone(), source })
    }

    /// The lock goes last: whoever makes it anew owns the folder, and then the folder stays.
    fn clear(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name() != LOCK {
                fs::remove_file(entry.path())?;
            }
        }
        fs::remove_file(self.folder.join(LOCK))?;
        let _ = fs::remove_dir(&self.folder);
        Ok(())
    }
}

fn made(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("new-{name}"))
}

/// Makes the folder and locks it: two extractions would mix their files.
fn lock(folder: &Path) -> Result<FolderLock, MediaError> {
    // The user named the folder above.
    let named = || folder.parent().unwrap_or(folder).to_owned();
    lock::hold(folder).map_err(|error| match error {
        LockError::Held(_) => MediaError::BadFile {
            path: named(),
            problem: "is being written by another extraction".to_owned(),
            remedy: "wait for it, or name another folder".to_owned(),
        },
        LockError::Io { cause, .. } => MediaError::Io { action: "writing", path: named(), source: cause },
    })
}

/// Moves what was made to its place, also where an earlier attempt was cut off at any point.
fn put_in_place(out: &Path, folder: &Path) -> Result<(), MediaError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| MediaError::Io { action: "writing", path, source }
    };
    // Without its table the folder is unfinished: no reader can meet new tensors beside an old table.
    let old = out.join(CANDIDATES);
    if made(folder, CANDIDATES).exists() && old.exists() {
        fs::remove_file(&old).map_err(failed(&old))?;
    }
    for name in [TENSORS, SETTINGS, CANDIDATES] {
        let (made, path) = (made(folder, name), out.join(name));
        if made.exists() {
            fs::rename(made, &path).map_err(failed(&path))?;
        }
    }
    sync_folder(out).map_err(failed(out))?;
    let marker = folder.join(COMMIT);
    fs::remove_file(&marker).map_err(failed(&marker))
}

impl Finished {
    /// `None` where there is none. One that cannot be used is made anew, where the recordings are there.
    fn open(out: &Path) -> Result<Option<Self>, String> {
        let (candidates, tensors) = (out.join(CANDIDATES), out.join(TENSORS));
        if !candidates.exists() && !tensors.exists() {
            return Ok(None);
        }
        let table = Table::read(&candidates).map_err(|error| error.to_string())?;
        let store = RecordStore::open(&tensors).map_err(|error| error.to_string())?;
        let lacks = |name: &str| format!("`{}` has no column `{name}`", candidates.display());
        let Some(Cells::Numbers(records)) = table.column(RECORD) else { return Err(lacks(RECORD)) };
        let records = records.clone();
        let Some(Cells::Texts(digests)) = table.column(DIGEST) else { return Err(lacks(DIGEST)) };
        let ids = table.texts(ID).ok_or_else(|| lacks(ID))?;
        let ids = ids.into_iter().enumerate().filter_map(|(row, id)| Some((id?, row))).collect();
        let stamp = fs::read(out.join(SETTINGS)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let mut rows = HashMap::new();
        for (row, digests) in digests.iter().enumerate() {
            for digest in digests.iter().flat_map(|digests| digests.split(' ')) {
                if let Some((stage, digest)) = digest.split_once(':') {
                    let stage = Stage::ALL.into_iter().find(|known| known.name() == stage);
                    let holds = |row: usize| records[row].is_some() && stage.is_some_and(|stage| table.text(stage.reason(), row).is_none());
                    // Of equal results one whose record holds what the step found is worth more.
                    let better = rows.get(digest).is_none_or(|&known: &usize| !holds(known) && holds(row));
                    if better {
                        rows.insert(digest.to_owned(), row);
                    }
                }
            }
        }
        Ok(Some(Finished { table, records, store, rows, ids, stamp }))
    }

    /// A candidate as its row tells of it. Without the settings nobody knows what its record means.
    fn candidate(&self, id: &str) -> Option<kept::Finished> {
        let row = *self.ids.get(id)?;
        let cell = |name: &str| self.table.text(name, row).map(str::to_owned);
        let mut facts = Finding::default();
        FACTS.iter().try_for_each(|column| self.fact(column, row, &mut facts))?;
        let digests = cell(DIGEST).unwrap_or_default();
        let digests = digests.split(' ').filter_map(|digest| {
            let (name, digest) = digest.split_once(':')?;
            Some((Stage::ALL.into_iter().find(|stage| stage.name() == name)?, digest.to_owned()))
        });
        let outcome = Outcome {
            status: cell(STATUS)?,
            detail: cell(STATUS_DETAIL),
            facts: facts.facts,
            digests: digests.collect(),
            found: false,
            kept: false,
        };
        // Of whom nothing was read there is nothing to keep.
        (!outcome.digests.is_empty()).then(|| kept::Finished::of_table(outcome, self.stamp.clone().unwrap_or_else(Stamp::unknown), cell))
    }

    /// Notes what the table says of a row in one column; `None` where the column is not as it was written.
    fn fact(&self, column: &Column, row: usize, finding: &mut Finding) -> Option<()> {
        let value = match (self.table.column(column.name)?, column.kind) {
            (Cells::Texts(texts), Kind::Text) => texts[row].clone().map(Value::from),
            (Cells::Numbers(numbers), Kind::Count) => numbers[row].map(|number| Value::from(number as u64)),
            (Cells::Numbers(numbers), Kind::Number) => numbers[row].map(Value::from),
            _ => return None,
        };
        finding.note(column.name, value);
        Some(())
    }

    fn find(&self, stage: Stage, digest: &str, want: Want) -> Option<Finding> {
        let row = *self.rows.get(digest)?;
        let mut finding = Finding::default();
        FACTS.iter().filter(|column| column.stage == stage).try_for_each(|column| self.fact(column, row, &mut finding))?;
        let modality = match stage {
            Stage::Video => Modality::Video,
            Stage::Audio => Modality::Audio,
            Stage::Text => Modality::Text,
            Stage::Source | Stage::Speech => return Some(finding),
        };
        if finding.reason(stage).is_some() {
            return Some(finding);
        }
        if want == Want::Facts {
            finding.tensor = Some(Vec::new());
            return Some(finding);
        }
        // A candidate that was refused has facts and no record: who wants its tensors has to make them again.
        let record = self.records[row].filter(|record| *record >= 0.0 && *record < self.store.len() as f64)? as usize;
        let mut tensor = Vec::new();
        if want == Want::Tensor {
            let mut buffer = Vec::new();
            let record = self.store.read(record, &mut buffer).ok()?;
            if !record.has(modality) {
                return None;
            }
            let recording = record.to_recording();
            tensor = match modality {
                Modality::Video => recording.video.map(|(frames, found)| video_bytes(&frames, &found))?,
                Modality::Audio => float_bytes(&recording.audio?),
                Modality::Text => float_bytes(&recording.text?),
            };
        }
        finding.tensor = Some(tensor);
        Some(finding)
    }
}

pub(super) fn float_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

pub(super) fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word)).collect()
}

/// A byte a frame, then the frames.
pub(super) fn video_bytes(frames: &[u8], found: &[bool]) -> Vec<u8> {
    let mut bytes: Vec<u8> = found.iter().map(|&found| u8::from(found)).collect();
    bytes.extend_from_slice(frames);
    bytes
}

pub(super) fn video(mut bytes: Vec<u8>, count: usize) -> (Vec<u8>, Vec<bool>) {
    let frames = bytes.split_off(count.min(bytes.len()));
    (frames, bytes.into_iter().map(|byte| byte != 0).collect())
}

/// A digest of texts, of which none can run into the next. 128 bits of sha256.
pub(super) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let mut digits = hexadecimal(hash);
    digits.truncate(32);
    digits
}
