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
//! A column `person` keeps a person's interviews on one side of every split, also where the recipe does not name it; where it is empty
//! the candidate is then a person of their own. Candidates whose extraction failed are left out and counted.
//!
//! The three files must be of one extraction: the settings hold the sha256 of the tensors, and the table names every record once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use evenhand_catalog::{Card, CatalogError, Direction, Kind, Parameters};
use serde::Deserialize;

use super::{LoadRequest, Loader};
use crate::recordings::{RecordSource, RecordStore, Recordings};
use crate::table::{FileOptions, Format, RawTable, Source, Wanted};
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
/// Column that says whose interview it is.
const PERSON: &str = "person";
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
        let folder = request.folder.ok_or_else(|| {
            let problem = "no folder was named; give the folder that `evenhand extract` wrote, as `folder` under `[data]` (`data`)";
            DataError::bad_recordings(Path::new(TENSORS), problem.to_owned())
        })?;
        let Extracted { store, table, records, digest } = Extracted::open(folder, Wanted::All)?;
        // No column is an input unless the recipe names some.
        let schema = Schema { features: Some(request.schema.features.clone().unwrap_or_default()), ..request.schema.clone() };
        let persons = schema.person.is_none() && table.names.iter().any(|name| name == PERSON);
        let persons = persons
            .then(|| {
                evenhand_rows::roles::check_roles(&Schema { person: Some(PERSON.to_owned()), ..schema.clone() })?;
                crate::table::identity_or(&table, PERSON, ID, &schema.missing)
            })
            .transpose()?;
        let name = folder.file_name().map_or_else(|| CARD.id.to_owned(), |name| name.to_string_lossy().into_owned());
        let mut data = crate::table::dataset(table, &schema, name, CARD.id).map_err(in_the_manifest)?;
        if let Some((persons, alone)) = persons {
            if alone > 0 {
                let note = format!("`{PERSON}` is empty for {alone} candidates; each counts as a person of their own");
                data.provenance.notes.push(note);
            }
            data.person = Some(persons);
        }

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
        let bad = |path: &Path, problem: String| DataError::bad_recordings(path, problem);
        if let Some(absent) = [CANDIDATES, TENSORS, SETTINGS].into_iter().find(|name| !folder.join(name).is_file()) {
            return Err(bad(folder, format!("the folder lacks `{absent}`; name a folder that `evenhand extract` finished")));
        }
        let store = RecordStore::open(&folder.join(TENSORS))?;
        let digest = crate::table::digest_of_file(&folder.join(TENSORS))?;
        let path = folder.join(SETTINGS);
        let about = crate::whole::read_text(&path).map_err(|source| DataError::Read { path: path.display().to_string(), source })?;
        let about: About = serde_json::from_slice(&about)
            .map_err(|error| bad(&path, format!("it cannot be read ({error}); extract again or restore it from a copy")))?;
        if about.tensors_sha256 != digest.sha256 {
            let problem = format!(
                "it is not the file that `{SETTINGS}` describes: it was damaged, or comes from another extraction; extract again or restore \
                 the whole folder from a copy"
            );
            return Err(bad(&folder.join(TENSORS), problem));
        }
        let store = Arc::new(store.with_digest(digest.sha256.clone()));
        let source = Source { path: folder.join(CANDIDATES), format: Format::Parquet };
        let table = RawTable::read(&[source], wanted, &FileOptions::default())?;
        let damaged = |problem: String| bad(&folder.join(CANDIDATES), problem);
        let mut named = vec![false; store.len()];
        let record = |(row, number): (usize, f64)| {
            if number.is_nan() {
                return Ok(None);
            }
            if number < 0.0 || number >= store.len() as f64 || number.fract() != 0.0 {
                return Err(damaged(format!("row {} names record {number}, which the tensors do not hold; extract again", row + 1)));
            }
            if std::mem::replace(&mut named[number as usize], true) {
                return Err(damaged(format!("row {} names record {number}, as an earlier row does; extract again", row + 1)));
            }
            Ok(Some(number as u32))
        };
        let records = table.plain_numbers(RECORD)?.into_iter().enumerate().map(record).collect::<Result<Vec<_>, _>>()?;
        if records.iter().all(Option::is_none) {
            return Err(damaged("no candidate was extracted; `evenhand extract --report` says why".to_owned()));
        }
        if let Some(record) = named.iter().position(|named| !named) {
            return Err(damaged(format!(
                "no row names record {record} of {}; rows were taken out, or the table comes from another extraction: extract again",
                store.len()
            )));
        }
        Ok(Extracted { store, table, records, digest })
    }
}

/// What a reader of the recordings needs of the settings.
#[derive(Debug, Deserialize)]
struct About {
    tensors_sha256: String,
}

/// The table of candidates is made of the manifest, so that is where a value is put right.
fn in_the_manifest(error: DataError) -> DataError {
    match error {
        DataError::Rows(crate::RowsError::BadValue { file, column, row, value, remedy }) => {
            let remedy = format!("{remedy}; do so in the manifest, and extract again (finished steps are not repeated)");
            crate::RowsError::BadValue { file, column, row, value, remedy }.into()
        }
        other => other,
    }
}
