//! A folder of extracted interviews: what `evenhand extract` wrote.
//!
//! ```text
//! FOLDER/candidates.parquet   a row a candidate: the manifest's columns, `record` (place in the tensors, empty after a failure),
//!                             `status` (`extracted`, or the reason of the failure), and what was found of each modality
//! FOLDER/tensors.evenhand     frames, audio features and text vectors (see `recordings`)
//! FOLDER/interviews.json      settings and the hashes of every model that took part
//! ```
//!
//! The recipe's schema gives the columns their roles, as for a table. By default no column is an input: the model reads the recordings.
//! A column `person` keeps a person's interviews on one side of every split, also where the recipe does not name it.
//! Candidates whose extraction failed are left out and counted.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use evenhand_catalog::{Card, CatalogError, Direction, Kind, Parameters};

use super::{LoadRequest, Loader};
use crate::recordings::{RecordStore, Recordings};
use crate::table::{Format, RawTable, Source, Wanted};
use crate::{DataError, Dataset, FileDigest, Schema};

pub(super) const CARD: Card = Card {
    id: "interviews",
    name: "Extracted interviews",
    kind: Kind::Corpus,
    summary: "A folder that `evenhand extract` wrote: frames, voice and words of recorded interviews; the recipe's schema says which column \
              is the score and which are sensitive.",
    formula: "",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "the user's recordings",
    parameters: &[],
};

/// Table of candidates.
pub const CANDIDATES: &str = "candidates.parquet";
/// File of tensors.
pub const TENSORS: &str = "tensors.evenhand";
/// Settings.
pub const SETTINGS: &str = "interviews.json";
/// Column that identifies a candidate.
pub const ID: &str = "id";
/// Column that names a candidate's record.
pub const RECORD: &str = "record";
/// Column that says how the extraction went.
pub const STATUS: &str = "status";
/// The status of a candidate whose tensors are there.
pub const EXTRACTED: &str = "extracted";

#[derive(Debug)]
struct Interviews;

/// The loader itself, for whoever holds such a folder and no recipe.
pub fn loader() -> impl Loader {
    Interviews
}

pub(super) fn build(_: &Parameters) -> Result<Box<dyn Loader>, CatalogError> {
    Ok(Box::new(Interviews))
}

impl Loader for Interviews {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn extracted(&self, folder: Option<&Path>) -> Option<PathBuf> {
        folder.map(Path::to_path_buf)
    }

    fn load(&self, request: &LoadRequest) -> Result<Dataset, DataError> {
        let folder = request.folder.ok_or_else(|| DataError::BadRecordings {
            path: TENSORS.to_owned(),
            problem: "no folder was named; give the folder that `evenhand extract` wrote, as `folder` under `[data]` or with --data"
                .to_owned(),
        })?;
        let Extracted { store, table, records, digest } = Extracted::open(folder, Wanted::All)?;
        let schema = schema(request.schema, &table.names);
        let name = folder.file_name().map_or_else(|| CARD.id.to_owned(), |name| name.to_string_lossy().into_owned());
        let mut data = crate::table::dataset(table, &schema, name, CARD.id)?;

        let rows: Vec<usize> = (0..records.len()).filter(|&row| records[row].is_some()).collect();
        data.provenance.files.push(digest);
        if rows.len() < records.len() {
            let lost = records.len() - rows.len();
            data.provenance.notes.push(format!("{lost} of {} candidates are left out: their extraction failed", records.len()));
        }
        let mut kept = data.select(&rows).without_empty_levels();
        kept.recordings = Some(Recordings::new(store, records.into_iter().flatten().collect()));
        Ok(kept)
    }
}

/// A folder that `evenhand extract` wrote, checked.
#[derive(Debug)]
pub(super) struct Extracted {
    pub(super) store: Arc<RecordStore>,
    /// The wanted columns of the candidates.
    pub(super) table: RawTable,
    /// Record of each candidate, `None` after a failure; at least one is there.
    pub(super) records: Vec<Option<u32>>,
    /// The file of tensors.
    pub(super) digest: FileDigest,
}

impl Extracted {
    /// Opens a folder; the wanted columns must hold [`RECORD`].
    pub(super) fn open(folder: &Path, wanted: Wanted) -> Result<Self, DataError> {
        if !folder.join(CANDIDATES).is_file() || !folder.join(TENSORS).is_file() {
            return Err(DataError::BadRecordings {
                path: folder.display().to_string(),
                problem: format!("the folder lacks `{CANDIDATES}` or `{TENSORS}`; name a folder that `evenhand extract` finished"),
            });
        }
        let store = Arc::new(RecordStore::open(&folder.join(TENSORS))?);
        let source = Source { path: folder.join(CANDIDATES), format: Format::Parquet };
        let table = RawTable::read(&[source], wanted)?;
        let damaged = |problem: String| DataError::BadRecordings { path: folder.join(CANDIDATES).display().to_string(), problem };
        let record = |(row, number): (usize, f64)| {
            if number.is_nan() {
                return Ok(None);
            }
            if number < 0.0 || number >= store.len() as f64 || number.fract() != 0.0 {
                return Err(damaged(format!("row {} names record {number}, which the tensors do not hold; extract again", row + 1)));
            }
            Ok(Some(number as u32))
        };
        let records = table.plain_numbers(RECORD)?.into_iter().enumerate().map(record).collect::<Result<Vec<_>, _>>()?;
        if records.iter().all(Option::is_none) {
            return Err(damaged("no candidate was extracted; `evenhand extract --report` says why".to_owned()));
        }
        let digest = crate::table::digest_of_file(&folder.join(TENSORS))?;
        Ok(Extracted { store, table, records, digest })
    }
}

/// The recipe's roles, with no inputs unless it names some, and the person's column where there is one.
fn schema(asked: &Schema, columns: &[String]) -> Schema {
    let person = asked.person.clone().or_else(|| columns.iter().find(|name| *name == "person").cloned());
    Schema { features: Some(asked.features.clone().unwrap_or_default()), person, ..asked.clone() }
}
