//! From a manifest to a folder of tensors that training reads.
//!
//! ```text
//! OUT/tensors.evenhand      a record a candidate that was extracted, in the order of the manifest (see `evenhand_data::recordings`)
//! OUT/candidates.parquet    a row a candidate: the manifest's columns as text, then those of `columns`
//! OUT/interviews.json       settings, models with their sha256, versions, defences, counts, remarks
//! OUT/.parts/               results of finished steps; gone when the run is
//! ```
//!
//! **Status.** `extracted`: the record holds at least one modality; a missing one has its reason in `video_reason`, `audio_reason`,
//! `text_reason`. Any other status is the reason why there is no record: the recording cannot be used at all (then a transcript is not
//! used either), no modality was found (`nothing-found`), or a face was found in a smaller share of the frames than the floor asks for
//! (`face-floor`; no face at all in a recording that has pictures is a missing modality, `no-face`, under a floor of 0, and the same
//! refusal above it). A recording without pictures is no case for the floor.
//!
//! **Resuming.** Every step of a candidate (source, video, audio, speech, text) has the digest of all it depends on: content of the
//! candidate's files, its id where frames are drawn, the settings of the step, sha256 of the weights, version of ffmpeg. A later run with
//! a longer manifest or other settings takes what is the same from `.parts` or from the finished folder. The same manifest, files and
//! settings give the same bytes, whatever was found, interrupted, or done by how many threads. The floor is applied when the table is
//! written; the tensors of a candidate that was refused are not kept, so a lower floor re-does those of whom it no longer refuses.
//!
//! **Keeping.** A finished record outlives its recording: where the files of a candidate are away, its row and record stand as they are
//! (`kept`), and where they cannot, the run is refused.
//!
//! All files are private to the user: they hold what people said.
//!
//! Memory: one candidate a thread; the table of facts. Candidates never end a run. What would hit all of them does (an unwritable or full
//! folder, a program that cannot be started): what was finished is kept. One extraction at a time writes into a folder.

mod candidate;
pub mod columns;
mod kept;
pub mod origin;
mod parts;
pub mod settings;
pub mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use evenhand_catalog::nearest;
use evenhand_data::digest;
use evenhand_data::loaders::interviews::{CANDIDATES, EXTRACTED, RECORD, SETTINGS, STATUS, TENSORS};
use evenhand_data::recordings::RecordWriter;
use evenhand_data::whole;
pub use evenhand_rows::recordings::Modality;
use evenhand_rows::recordings::{Recording, Shape};
use serde::Serialize;
use serde_json::{Value, json};

use self::candidate::{Models, Outcome, Workshop};
use self::columns::{DIGEST, FACTS, Kind, STATUS_DETAIL, Stage};
use self::kept::{Keeper, Stamp};
use self::origin::Origin;
use self::parts::{Parts, Want};
use self::settings::{Detector, Encoder, Settings};
use self::table::{Cells, Table};
use crate::audio::features::FEATURES;
use crate::manifest::{Manifest, Row, Source};
use crate::video::Decoder;
use crate::{MediaError, face};

/// Version of `interviews.json`.
pub const FORMAT: u32 = 1;

/// Who watches a long run.
pub trait Observer: Sync {
    /// So many candidates will be gone through.
    fn started(&self, _total: usize) {}
    /// A candidate is done: its status, and whether every step of it was found finished.
    fn candidate_finished(&self, _id: &str, _status: &str, _found: bool) {}
}

/// Watches nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Observer for Silent {}

/// How a run goes; nothing here changes the result.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Candidates at a time, at least 1.
    pub jobs: usize,
    /// Set to stop; looked at between the steps of a candidate.
    pub interrupted: &'a AtomicBool,
    /// Who watches.
    pub observer: &'a dyn Observer,
    /// Tries again what failed in an earlier run, as after a time limit on a busy machine.
    pub retry_failed: bool,
    /// Drops finished candidates of the folder that the manifest does not name.
    pub replace: bool,
    /// Drops finished candidates whose files are away instead of keeping them.
    pub drop_away: bool,
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Options").field("jobs", &self.jobs).field("retry_failed", &self.retry_failed).finish_non_exhaustive()
    }
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Candidates of the manifest.
    pub candidates: usize,
    /// Candidates with a record.
    pub extracted: usize,
    /// Candidates whose steps were all found finished.
    #[serde(skip)]
    pub found: usize,
    /// Candidates whose files are away and who stand as they were finished.
    #[serde(skip_serializing_if = "is_zero")]
    pub kept: usize,
    /// Candidates without a record, by reason.
    pub failed: BTreeMap<String, usize>,
    /// For each modality the extracted candidates without it, by reason.
    pub missing: BTreeMap<String, BTreeMap<String, usize>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Summary {
    /// Share of the candidates that have no record.
    pub fn failed_share(&self) -> f64 {
        (self.candidates - self.extracted) as f64 / self.candidates.max(1) as f64
    }
}

/// Extracts every candidate of a manifest into a folder.
pub fn extract(manifest: &Manifest, settings: &Settings, out: &Path, options: Options<'_>) -> Result<Summary, MediaError> {
    settings.check()?;
    if options.jobs == 0 {
        return Err(MediaError::BadSetting { setting: "jobs", value: "0".to_owned(), expected: "at least 1".to_owned() });
    }
    if let Some(name) = manifest.clash(&columns::added()) {
        let problem = format!("has a column `{name}`, a name that the extraction gives to a column of its own");
        return Err(manifest.refuse(problem, "rename the column"));
    }
    recordings_are_named(manifest, settings)?;
    let models = models(manifest, settings)?;
    let shape = shape(settings, &models);
    let boxless = boxless(manifest, &models)?;
    let parts = Parts::open(out)?;
    if !options.replace {
        keep_others(manifest, &parts, out)?;
    }
    let (outcomes, kept) = {
        let keeper = Keeper::new(manifest, settings, &parts, origin_of(settings, &models), out, options);
        keeper.check()?;
        let shop = Workshop::new(settings, &models, &parts, options.retry_failed);
        let outcomes = run(manifest, &shop, &keeper, out, options)?;
        let other_words = |(row, outcome): &(&Row, &Outcome)| outcome.kept && shop.has_other_words(row, outcome);
        let other_words = manifest.rows.iter().zip(&outcomes).filter(other_words).count();
        let kept = Kept { other_words, versions: keeper.versions(&outcomes) };
        (outcomes, kept)
    };
    let made = Made { settings, models: &models, shape, boxless, kept };
    write(manifest, &made, parts, &outcomes)
}

/// A slip in the name of a column must not turn interviews into words alone.
fn recordings_are_named(manifest: &Manifest, settings: &Settings) -> Result<(), MediaError> {
    const NAMES: [&str; 3] = ["file", "frames", "wav"];
    let wanted = settings.wants(Modality::Video) || settings.wants(Modality::Audio);
    if !wanted || manifest.columns.iter().any(|name| NAMES.contains(&name.as_str())) {
        return Ok(());
    }
    let near = NAMES.iter().find_map(|name| {
        let column = nearest(name, manifest.columns.iter().map(String::as_str))?;
        Some(format!("; is `{column}` meant to be `{name}`?"))
    });
    Err(manifest.refuse(
        format!(
            "names no recordings: it has none of the columns `file`, `frames`, `wav` (its columns: {}){}",
            manifest.columns.join(", "),
            near.unwrap_or_default()
        ),
        "name the column of the recordings `file`, or ask for the words alone (`modalities` text)",
    ))
}

/// Refuses to drop finished candidates that the manifest does not name: more likely the folder is the wrong one.
fn keep_others(manifest: &Manifest, parts: &Parts, out: &Path) -> Result<(), MediaError> {
    let known: BTreeSet<&str> = manifest.rows.iter().map(|row| row.id.as_str()).collect();
    let ids = parts.finished_ids();
    let lost: Vec<&String> = ids.iter().filter(|id| !known.contains(id.as_str())).collect();
    let Some(first) = lost.first() else { return Ok(()) };
    Err(MediaError::BadFile {
        path: out.to_owned(),
        problem: format!(
            "holds {} candidates, of whom {} do not stand in {} (the first is `{first}`); they would be dropped",
            ids.len(),
            lost.len(),
            manifest.path.display()
        ),
        remedy: "name another folder, or drop them (`replace`)".to_owned(),
    })
}

/// How the tensors of this manifest would come about; loads the models, reads no recording.
pub fn origin(manifest: &Manifest, settings: &Settings) -> Result<Origin, MediaError> {
    settings.check()?;
    Ok(origin_of(settings, &models(manifest, settings)?))
}

fn origin_of(settings: &Settings, models: &Models) -> Origin {
    Origin {
        settings: settings.described(),
        models: json!({
            "detector": models.detector.as_ref().map(|detector| detector.settings()),
            "encoder": models.encoder.as_ref().map(|encoder| encoder.settings()),
            "recogniser": models.recogniser.as_ref().map(|(_, about)| about),
        }),
        ffmpeg: json!(models.decoder.as_ref().map(Decoder::version)),
    }
}

fn models(manifest: &Manifest, settings: &Settings) -> Result<Models, MediaError> {
    let files = manifest.rows.iter().any(|row| matches!(row.source, Source::File(_)));
    let programs = &settings.programs;
    let decoder = files.then(|| Decoder::find(programs.ffmpeg.as_deref(), programs.ffprobe.as_deref())).transpose()?;
    Ok(Models {
        decoder,
        detector: settings.wants(Modality::Video).then(|| settings.detector()).transpose()?,
        encoder: settings.wants(Modality::Text).then(|| settings.encoder()).transpose()?,
        recogniser: if settings.wants(Modality::Text) { settings.recogniser()? } else { None },
    })
}

/// How many candidates with pictures a detector that looks candidates up does not know; refused where it knows none, as then its ids are
/// of another kind.
fn boxless(manifest: &Manifest, models: &Models) -> Result<usize, MediaError> {
    let Some(known) = models.detector.as_ref().and_then(|detector| detector.candidates()) else { return Ok(0) };
    let known: BTreeSet<&str> = known.into_iter().collect();
    let pictured = |row: &&Row| matches!(row.source, Source::File(_) | Source::Parts { frames: Some(_), .. });
    let pictured: Vec<&Row> = manifest.rows.iter().filter(pictured).collect();
    let without = pictured.iter().filter(|row| !known.contains(row.id.as_str())).count();
    if without < pictured.len() || pictured.is_empty() {
        return Ok(without);
    }
    let other = known.first().map_or_else(|| "it holds no boxes".to_owned(), |id| format!("it holds boxes of `{id}`, for example"));
    Err(MediaError::BadSetting {
        setting: "boxes",
        value: format!("a file without boxes of any candidate of the manifest ({other})"),
        expected: format!("one whose column `candidate` holds the ids of the manifest, such as `{}`", pictured[0].id),
    })
}

fn shape(settings: &Settings, models: &Models) -> Shape {
    Shape {
        segments: settings.segments,
        per_segment: settings.frames_per_segment,
        side: if settings.wants(Modality::Video) { settings.side } else { 0 },
        audio: if settings.wants(Modality::Audio) { FEATURES } else { 0 },
        text: models.encoder.as_ref().map_or(0, |encoder| encoder.width()),
    }
}

/// Takes all candidates through their steps, `jobs` at a time.
fn run(
    manifest: &Manifest,
    shop: &Workshop<'_>,
    keeper: &Keeper<'_>,
    out: &Path,
    options: Options<'_>,
) -> Result<Vec<Outcome>, MediaError> {
    let total = manifest.rows.len();
    options.observer.started(total);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.jobs.min(total)).build().map_err(|error| MediaError::Program {
        program: "evenhand".to_owned(),
        problem: format!("could not start its threads ({error})"),
        remedy: "ask for fewer jobs".to_owned(),
    })?;
    let next = AtomicUsize::new(0);
    let failure: Mutex<Option<MediaError>> = Mutex::new(None);
    let outcomes: Mutex<Vec<Option<Outcome>>> = Mutex::new(vec![None; total]);
    let stopped = AtomicBool::new(false);
    let proceed = || !options.interrupted.load(Ordering::Relaxed) && !stopped.load(Ordering::Relaxed);
    pool.scope(|scope| {
        for _ in 0..options.jobs.min(total) {
            scope.spawn(|_| {
                while proceed() {
                    let position = next.fetch_add(1, Ordering::Relaxed);
                    let Some(row) = manifest.rows.get(position) else { return };
                    match candidate(row, shop, keeper, &proceed) {
                        Ok(None) => return,
                        Ok(Some(outcome)) => {
                            options.observer.candidate_finished(&row.id, &outcome.status, outcome.found);
                            outcomes.lock().unwrap_or_else(PoisonError::into_inner)[position] = Some(outcome);
                        }
                        Err(error) => {
                            stopped.store(true, Ordering::Relaxed);
                            failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                            return;
                        }
                    }
                }
            });
        }
    });
    let outcomes: Vec<Option<Outcome>> = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    let finished = outcomes.iter().flatten().count();
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(MediaError::Io { action: "writing", path, source }) => {
            return Err(MediaError::BadFile {
                path,
                problem: format!("could not be written ({source}); {finished} of {total} candidates are finished and kept"),
                remedy: "make room or give access; the same command goes on from there".to_owned(),
            });
        }
        Some(MediaError::Program { program, problem, remedy }) => {
            return Err(MediaError::Program {
                program,
                problem: format!("{problem}; {finished} of {total} candidates are finished and kept"),
                remedy: format!("{remedy}; the same command goes on from there"),
            });
        }
        Some(error) => return Err(error),
        None => {}
    }
    let outcomes: Vec<Outcome> = outcomes.into_iter().flatten().collect();
    if finished < total {
        return Err(MediaError::Interrupted { finished, total, folder: out.to_owned() });
    }
    Ok(outcomes)
}

/// Takes one candidate through its steps, or keeps what was finished of it.
fn candidate(row: &Row, shop: &Workshop<'_>, keeper: &Keeper<'_>, proceed: &dyn Fn() -> bool) -> Result<Option<Outcome>, MediaError> {
    if let Some(kept) = keeper.keep(row)? {
        return Ok(Some(kept));
    }
    let Some(outcome) = shop.candidate(row, proceed)? else { return Ok(None) };
    // Files may go while a long run is at work.
    if (!outcome.extracted() || outcome.lacks_transcript())
        && let Some(kept) = keeper.keep(row)?
    {
        return Ok(Some(kept));
    }
    keeper.remember(row, &outcome)?;
    Ok(Some(outcome))
}

/// What is told of records whose files are away.
struct Kept {
    /// Those whose words in the manifest are others now.
    other_words: usize,
    /// Versions of ffmpeg that decoded them, other than today's.
    versions: BTreeSet<String>,
}

/// What the description of an extraction is made of.
struct Made<'a> {
    settings: &'a Settings,
    models: &'a Models,
    shape: Shape,
    /// Candidates with pictures and without boxes.
    boxless: usize,
    kept: Kept,
}

/// Writes the three files and puts them in their place.
fn write(manifest: &Manifest, made: &Made<'_>, parts: Parts, outcomes: &[Outcome]) -> Result<Summary, MediaError> {
    let &Made { settings, shape, .. } = made;
    let extracted = outcomes.iter().filter(|outcome| outcome.extracted()).count();
    let tensors = parts.made(TENSORS);
    let mut writer = RecordWriter::create(&tensors, shape, extracted)?;
    for (row, outcome) in manifest.rows.iter().zip(outcomes).filter(|(_, outcome)| outcome.extracted()) {
        writer.push(&record(&parts, &row.id, &shape, outcome)?.to_bytes(&shape)?)?;
    }
    writer.finish()?;
    table(manifest, outcomes).write(&parts.made(CANDIDATES))?;
    let summary = summary(settings, outcomes);
    let (_, tensors_sha256) =
        digest::of_file(&tensors).map_err(|source| MediaError::Io { action: "reading", path: tensors.clone(), source })?;
    let about = parts.made(SETTINGS);
    serde_json::to_string_pretty(&described(made, &summary, &tensors_sha256))
        .map_err(std::io::Error::other)
        .and_then(|text| whole::write(&about, format!("{text}\n").as_bytes()))
        .map_err(|source| MediaError::Io { action: "writing", path: about.clone(), source })?;
    parts.commit()?;
    Ok(summary)
}

fn record(parts: &Parts, id: &str, shape: &Shape, outcome: &Outcome) -> Result<Recording, MediaError> {
    let mut recording = Recording::default();
    for (stage, digest) in &outcome.digests {
        if !matches!(stage, Stage::Video | Stage::Audio | Stage::Text) {
            continue;
        }
        let tensor = parts.find(*stage, digest, Want::Tensor).ok_or_else(|| MediaError::BadFile {
            path: parts.folder().join(digest),
            problem: format!("is gone or damaged; it held the {} of candidate `{id}`", stage.name()),
            remedy: "run the same command again".to_owned(),
        })?;
        let Some(tensor) = tensor.tensor else { continue };
        match stage {
            Stage::Video => recording.video = Some(parts::video(tensor, shape.segments * shape.per_segment)),
            Stage::Audio => recording.audio = Some(parts::floats(&tensor)),
            Stage::Text => recording.text = Some(parts::floats(&tensor)),
            Stage::Source | Stage::Speech => {}
        }
    }
    Ok(recording)
}

fn table(manifest: &Manifest, outcomes: &[Outcome]) -> Table {
    let mut table = Table::default();
    for (place, name) in manifest.columns.iter().enumerate() {
        let cells = manifest.rows.iter().map(|row| Some(row.cells[place].clone()).filter(|cell| !cell.is_empty()));
        table.push(name, Cells::Texts(cells.collect()));
    }
    let mut next = 0;
    let mut place = |outcome: &Outcome| {
        outcome.extracted().then(|| {
            next += 1;
            next - 1
        })
    };
    table.push(RECORD, Cells::Counts(outcomes.iter().map(&mut place).collect()));
    table.push(STATUS, Cells::Texts(outcomes.iter().map(|outcome| Some(outcome.status.clone())).collect()));
    table.push(STATUS_DETAIL, Cells::Texts(outcomes.iter().map(|outcome| outcome.detail.clone()).collect()));
    for column in FACTS {
        let values = outcomes.iter().map(|outcome| outcome.facts.get(column.name));
        let cells = match column.kind {
            Kind::Text => Cells::Texts(values.map(|value| value.and_then(Value::as_str).map(str::to_owned)).collect()),
            Kind::Count => Cells::Counts(values.map(|value| value.and_then(Value::as_i64)).collect()),
            Kind::Number => Cells::Numbers(values.map(|value| value.and_then(Value::as_f64)).collect()),
        };
        table.push(column.name, cells);
    }
    let digests = outcomes.iter().map(|outcome| Some(outcome.digests()).filter(|digests| !digests.is_empty()));
    table.push(DIGEST, Cells::Texts(digests.collect()));
    table
}

fn summary(settings: &Settings, outcomes: &[Outcome]) -> Summary {
    let mut summary = Summary {
        candidates: outcomes.len(),
        extracted: 0,
        found: outcomes.iter().filter(|outcome| outcome.found).count(),
        kept: outcomes.iter().filter(|outcome| outcome.kept).count(),
        failed: BTreeMap::new(),
        missing: Modality::ALL
            .into_iter()
            .filter(|modality| settings.wants(*modality))
            .map(|modality| (modality.name().to_owned(), BTreeMap::new()))
            .collect(),
    };
    for outcome in outcomes {
        if !outcome.extracted() {
            *summary.failed.entry(outcome.status.clone()).or_default() += 1;
            continue;
        }
        summary.extracted += 1;
        for stage in [Stage::Video, Stage::Audio, Stage::Text] {
            let reason = outcome.facts.get(stage.reason()).and_then(Value::as_str);
            if let (Some(reason), Some(missing)) = (reason, summary.missing.get_mut(stage.name())) {
                *missing.entry(reason.to_owned()).or_default() += 1;
            }
        }
    }
    summary
}

fn described(made: &Made<'_>, summary: &Summary, tensors: &str) -> Value {
    let &Made { settings, models, shape, boxless, ref kept } = made;
    let mut notes = Vec::new();
    if settings.wants(Modality::Video) {
        match settings.face.detector {
            Detector::Centre => {
                notes.push("No face detector took part: every frame is the centre of its picture, whoever it shows.".to_owned());
            }
            Detector::Mtcnn => notes.push(face::weights::LICENCE_CAUTION.to_owned()),
            Detector::Boxes if boxless > 0 => {
                notes.push(format!("The file of boxes holds none of {boxless} candidates that have pictures: for them no face is known."));
            }
            Detector::Boxes => {}
        }
    }
    if settings.wants(Modality::Text) && settings.text.encoder == Encoder::Hashed {
        notes.push("No language model took part: words and letter groups are hashed; nothing of their meaning is known.".to_owned());
    }
    if summary.extracted < summary.candidates {
        let failed = summary.candidates - summary.extracted;
        notes.push(format!(
            "{failed} of {} candidates have no record. Failures may hit one group more often than another: see the report by group.",
            summary.candidates
        ));
    }
    if summary.kept > 0 {
        notes.push(format!(
            "{} of {} candidates are kept as they were finished: their recordings or transcripts are away.",
            summary.kept, summary.candidates
        ));
    }
    if kept.other_words > 0 {
        notes.push(format!("Of {} of them the manifest holds other words than those of their record.", kept.other_words));
    }
    if !kept.versions.is_empty() {
        let versions: Vec<&str> = kept.versions.iter().map(String::as_str).collect();
        notes.push(format!("Some of them were decoded by ffmpeg {}: their pixels may differ in the last bits.", versions.join(", ")));
    }
    let missing = if models.decoder.is_some() { Decoder::missing_defences() } else { Vec::new() };
    notes.extend(missing.iter().map(|missing| format!("While the recordings were decoded this system lacked {missing}.")));
    let Stamp { edition, origin, .. } = Stamp::of(origin_of(settings, models));
    let mut about = json!({
        "format": FORMAT,
        "evenhand": env!("CARGO_PKG_VERSION"),
        "edition": edition,
        "shape": shape,
        "settings": origin.settings,
        "models": origin.models,
        "ffmpeg": origin.ffmpeg,
        "defences": models.decoder.as_ref().map(Decoder::defences),
        "counts": summary,
        "tensors_sha256": tensors,
        "columns": FACTS.iter().map(|column| (column.name.to_owned(), Value::from(column.about))).collect::<serde_json::Map<_, _>>(),
        "notes": notes,
    });
    if !kept.versions.is_empty() {
        about["kept_ffmpeg"] = json!(kept.versions);
    }
    about
}

/// The status of a candidate whose tensors are there.
pub const STATUS_EXTRACTED: &str = EXTRACTED;
