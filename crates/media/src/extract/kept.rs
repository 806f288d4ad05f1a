//! Finished candidates whose files are away: raw recordings are often deleted once they are processed.
//!
//! ```text
//! away      a file of the candidate (recording, pictures, sound, transcript file) cannot be reached; a folder without pictures counts as away
//! finished  the folder's table has the candidate, or an earlier run that was cut off had done it
//! kept      its row and its record stand as they are, byte for byte
//! ```
//!
//! A record is kept where it is what this run would make of the same file: the manifest names the files as it did then, and settings and
//! models are the same. Free are limits, which only refuse, names of files whose content is compared, the boxes (recordings that are added
//! bring boxes of their own), the recogniser of who was not heard by one, and the version of ffmpeg, which is told. A record that can
//! neither be kept nor be made anew ends the run before its first step, unless the user gives it up by name. A candidate that had failed keeps its reason.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

use evenhand_rows::recordings::Modality;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Options;
use super::candidate::{ALIKE, EDITION, Outcome, pictures};
use super::columns::Stage;
use super::origin::{Difference, Origin};
use super::parts::{Parts, Want};
use super::settings::{Draw, Settings};
use crate::manifest::{Manifest, Row, Source};
use crate::{MediaError, Reason};

/// Columns that name files.
const PLACES: [&str; 4] = ["file", "frames", "wav", "transcript_file"];

/// Settings that a record may differ in and be kept.
const FREE: [&str; 6] = ["limits", "face.weights", "face.boxes", "face.floor", "text.folder", "transcript.recogniser_seconds"];
/// Those of the recogniser, which count for whom it heard.
const RECOGNISER: [&str; 2] = ["transcript.recogniser", "models.recogniser"];

/// How results came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Stamp {
    /// Edition of the steps; folders that do not say it are of the third.
    #[serde(default = "third")]
    pub(super) edition: String,
    #[serde(flatten)]
    pub(super) origin: Origin,
    /// Versions of ffmpeg that decoded records which were kept before.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) kept_ffmpeg: BTreeSet<String>,
}

fn third() -> String {
    "3".to_owned()
}

impl Stamp {
    pub(super) fn of(origin: Origin) -> Self {
        Stamp { edition: EDITION.to_owned(), origin, kept_ffmpeg: BTreeSet::new() }
    }

    /// Of a folder that does not say how it came about.
    pub(super) fn unknown() -> Self {
        let origin = Origin { settings: Value::Null, models: Value::Null, ffmpeg: Value::Null };
        Stamp { edition: "not known".to_owned(), ..Stamp::of(origin) }
    }

    /// The first difference for which a record that was made so cannot stand beside those that this run makes.
    fn difference(&self, now: &Stamp, settings: &Settings, outcome: &Outcome) -> Option<Difference> {
        if !ALIKE.contains(&&*self.edition) {
            return Some(Difference { setting: "edition".to_owned(), here: now.edition.clone(), there: self.edition.clone() });
        }
        let mut free = FREE.to_vec();
        if settings.draw == Draw::Centre {
            free.push("seed");
        }
        if !outcome.digests.iter().any(|(stage, _)| *stage == Stage::Speech) {
            free.extend(RECOGNISER);
        }
        now.origin.difference_but(&self.origin, &settings.modalities, &free)
    }
}

/// A candidate that was finished, as it is written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Finished {
    pub(super) outcome: Outcome,
    /// What the manifest named, in the order of the columns of places.
    pub(super) places: [Option<String>; 4],
    pub(super) stamp: Stamp,
}

/// Why a finished record cannot be kept.
enum Lost {
    Settings(Difference),
    /// The manifest names other files.
    Other,
}

/// What a run keeps of whom.
pub(super) struct Keeper<'a> {
    manifest: &'a Manifest,
    settings: &'a Settings,
    parts: &'a Parts,
    now: Stamp,
    out: &'a Path,
    replace: bool,
    /// The user gives up what is away.
    drop_away: bool,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(
        manifest: &'a Manifest,
        settings: &'a Settings,
        parts: &'a Parts,
        origin: Origin,
        out: &'a Path,
        options: Options<'_>,
    ) -> Self {
        let Options { replace, drop_away, .. } = options;
        Keeper { manifest, settings, parts, now: Stamp::of(origin), out, replace, drop_away }
    }

    /// Refuses before the work what would end in the loss of finished records.
    pub(super) fn check(&self) -> Result<(), MediaError> {
        if self.drop_away {
            return Ok(());
        }
        let away: Vec<&Row> = self.manifest.rows.iter().filter(|row| self.away(row)).collect();
        let mut lost = Vec::new();
        for row in &away {
            if let Err(why) = self.find(row) {
                lost.push((row.id.as_str(), why));
            }
        }
        if !lost.is_empty() {
            return Err(self.refusal(&lost));
        }
        let Some(damage) = self.parts.damage() else { return Ok(()) };
        let unknown = away.iter().filter(|row| matches!(self.find(row), Ok(None))).count();
        if unknown == 0 {
            return Ok(());
        }
        Err(MediaError::BadFile {
            path: self.out.to_owned(),
            problem: format!("holds an extraction that cannot be read ({damage}), and files of {unknown} candidates are away"),
            remedy: "put a copy of the folder in its place, bring the files back, name another folder, or go on without them (`drop_away`)"
                .to_owned(),
        })
    }

    /// What is kept of a candidate whose files are away; `None` where it has to go through its steps.
    pub(super) fn keep(&self, row: &Row) -> Result<Option<Outcome>, MediaError> {
        if self.drop_away || !self.away(row) {
            return Ok(None);
        }
        self.find(row).map(|found| found.map(|found| found.outcome)).map_err(|why| self.refusal(&[(&row.id, why)]))
    }

    /// Notes a candidate that went through its steps, so that it is finished although this run may not come to its end.
    pub(super) fn remember(&self, row: &Row, outcome: &Outcome) -> Result<(), MediaError> {
        if outcome.digests.is_empty() {
            return Ok(());
        }
        let known = |found: Option<Finished>| found.is_some_and(|found| found.outcome.digests == outcome.digests);
        let same = self.parts.finished(&row.id).filter(|found| found.outcome.status == outcome.status);
        if outcome.found && known(same) {
            return Ok(());
        }
        let finished = Finished { outcome: outcome.clone(), places: self.places(row), stamp: self.now.clone() };
        if self.parts.remembered(&row.id).as_ref() == Some(&finished) {
            return Ok(());
        }
        self.parts.remember(&row.id, &finished)
    }

    /// Versions of ffmpeg behind kept records, other than today's.
    pub(super) fn versions(&self, outcomes: &[Outcome]) -> BTreeSet<String> {
        let decoded = |(row, outcome): &(&Row, &Outcome)| outcome.kept && matches!(row.source, Source::File(_));
        let mut versions = BTreeSet::new();
        for (row, _) in self.manifest.rows.iter().zip(outcomes).filter(decoded) {
            if let Ok(Some(Finished { stamp, .. })) = self.find(row) {
                versions.extend(stamp.kept_ffmpeg);
                versions.extend(stamp.origin.ffmpeg.as_str().map(str::to_owned));
            }
        }
        if let Some(today) = self.now.origin.ffmpeg.as_str() {
            versions.remove(today);
        }
        versions
    }

    /// The finished candidate of a row, one with a record before one without, the newer before the older.
    fn find(&self, row: &Row) -> Result<Option<Finished>, Lost> {
        let whole = |found: &Finished| {
            let there = |(stage, digest): &(Stage, String)| self.parts.find(*stage, digest, Want::Presence).is_some();
            !found.outcome.extracted() || found.outcome.digests.iter().all(there)
        };
        let newer = self.parts.remembered(&row.id).filter(whole);
        let mut found: Vec<Finished> = newer.into_iter().chain(self.parts.finished(&row.id)).collect();
        // A stable order: among those with a record the newer comes first.
        found.sort_by_key(|found| !found.outcome.extracted());
        let mut lost = None;
        for mut finished in found {
            let why = self.differs(row, &finished);
            let Some(why) = why else {
                finished.outcome.kept = true;
                finished.outcome.found = false;
                return Ok(Some(finished));
            };
            // What had failed holds nothing that could be lost; and a batch that replaces another one has other recordings under its ids.
            let given_up = matches!(why, Lost::Other) && self.replace;
            if finished.outcome.extracted() && !given_up {
                lost.get_or_insert(why);
            }
        }
        lost.map_or(Ok(None), Err)
    }

    fn differs(&self, row: &Row, finished: &Finished) -> Option<Lost> {
        if finished.places != self.places(row) {
            return Some(Lost::Other);
        }
        if let Some(difference) = finished.stamp.difference(&self.now, self.settings, &finished.outcome) {
            return Some(Lost::Settings(difference));
        }
        // A higher floor would refuse it, and nothing could bring the record back.
        let floor = self.settings.face.floor;
        let share = finished.outcome.facts.get("faces_found_share").and_then(Value::as_f64);
        let counts = self.settings.wants(Modality::Video) && finished.outcome.extracted();
        if counts && share.is_some_and(|share| share < floor) {
            let there = finished.stamp.origin.settings["face"]["floor"].to_string();
            return Some(Lost::Settings(Difference { setting: "face.floor".to_owned(), here: floor.to_string(), there }));
        }
        None
    }

    /// Whether a file of the candidate cannot be reached.
    fn away(&self, row: &Row) -> bool {
        let words = row.transcript_file.as_deref().filter(|_| self.settings.wants(Modality::Text));
        words.is_some_and(gone)
            || match &row.source {
                Source::File(path) => gone(path),
                Source::Parts { frames, wav } => frames.as_deref().is_some_and(emptied) || wav.as_deref().is_some_and(gone),
                Source::Words => false,
            }
    }

    fn places(&self, row: &Row) -> [Option<String>; 4] {
        PLACES.map(|name| {
            let place = self.manifest.columns.iter().position(|column| column == name)?;
            Some(row.cells[place].trim()).filter(|cell| !cell.is_empty()).map(str::to_owned)
        })
    }

    fn refusal(&self, lost: &[(&str, Lost)]) -> MediaError {
        let (count, (first, why)) = (lost.len(), &lost[0]);
        let told = format!("holds {count} finished candidates whose recordings or transcripts are away (the first is `{first}`), ");
        let (problem, remedy) = match why {
            Lost::Settings(Difference { setting, here, there }) => (
                format!(
                    "{told}and made them with other settings (`{setting}` was {there} and is {here} now): they can neither be kept nor made anew"
                ),
                "extract with the settings they were made with, bring the files back, name another folder, or drop them (`drop_away`)",
            ),
            Lost::Other => (
                format!("{told}and {} names other files for them: their records would be dropped", self.manifest.path.display()),
                "name the files as before, bring them, name another folder, or drop the records (`replace`)",
            ),
        };
        MediaError::BadFile { path: self.out.to_owned(), problem, remedy: remedy.to_owned() }
    }
}

impl Finished {
    /// A finished candidate of a folder's table.
    pub(super) fn of_table(outcome: Outcome, stamp: Stamp, cell: impl Fn(&str) -> Option<String>) -> Self {
        let places = PLACES.map(|name| cell(name).map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty()));
        Finished { outcome, places, stamp }
    }
}

/// Whether a file cannot be opened. What is no file is there, and is refused as what it is; opening a pipe would wait for its other end.
fn gone(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(facts) => facts.is_file() && File::open(path).is_err(),
        Err(_) => true,
    }
}

/// Whether a folder of pictures cannot be read or holds none any more.
fn emptied(folder: &Path) -> bool {
    let reason = pictures(folder).err().map(|failure| failure.reason);
    reason == Some(Reason::NoSuchFile) || (reason == Some(Reason::BadPictures) && folder.is_dir())
}
