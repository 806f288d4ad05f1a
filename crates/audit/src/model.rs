//! A fitted scorer in its folder: saved by a run, used by `score`.

use std::path::{Path, PathBuf};

use evenhand_data::loaders::interviews;
use evenhand_data::{LoadRequest, Loader as _, table};
use evenhand_learn::{Candidates, Companions, Prediction, Scorer};
use evenhand_media::extract;
use evenhand_media::extract::origin::Origin;
use evenhand_media::extract::settings::{Detector, Encoder as TextEncoder};
use evenhand_media::extract::table::Table as Facts;
use evenhand_media::manifest::Manifest;
use evenhand_rerank::{Fitted, Shortlist};
use evenhand_rows::recordings::Modality;
use evenhand_rows::{Dataset, Encoder, GROUP_INPUT, Identity, Schema, SensitiveAsFeatures};
use serde::{Deserialize, Serialize};

use crate::recipe::Recipe;
use crate::{AuditError, write};

/// The file of a model's folder that holds the repair of its scores.
const REPAIR: &str = "repair.json";

/// A repair as a model's folder keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct KeptRepair {
    /// The attribute whose groups it reads.
    attribute: String,
    /// Decides what it draws.
    seed: u64,
    /// What it learned.
    fitted: Fitted,
}

/// Keeps a repair beside a model that was just saved; without one, none of an earlier model stays.
pub(crate) fn save_repair(folder: &Path, repair: Option<&Fitted>, attribute: &str, seed: u64) -> Result<(), AuditError> {
    let path = folder.join(REPAIR);
    match repair {
        None if path.exists() => std::fs::remove_file(&path).map_err(AuditError::io(&path, "remove")),
        None => Ok(()),
        Some(fitted) => {
            let kept = KeptRepair { attribute: attribute.to_owned(), seed, fitted: fitted.clone() };
            let text = serde_json::to_string(&kept)
                .map_err(|error| AuditError::Request(format!("the repair cannot be written as JSON: {error}")))?;
            write::replace(&path, text.as_bytes())
        }
    }
}

fn kept_repair(model: &Path) -> Result<Option<KeptRepair>, AuditError> {
    let path = model.join(REPAIR);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(AuditError::io(&path, "read")(error)),
    };
    serde_json::from_str(&text).map(Some).map_err(|error| AuditError::Recipe {
        origin: path.display().to_string(),
        message: format!("the repair kept with the model cannot be read ({error}); train it again with `evenhand run`"),
    })
}

/// Keeps a scorer with its encoder, the roles of the columns, the recipe and how its recordings became tensors in one folder.
pub(crate) fn save(folder: &Path, scorer: &Scorer, encoder: &Encoder, recipe: &Recipe, origin: Option<&Origin>) -> Result<(), AuditError> {
    let json = |value: serde_json::Result<serde_json::Value>| {
        value.map_err(|error| AuditError::Request(format!("the model's companions cannot be written as JSON: {error}")))
    };
    let companions = Companions {
        encoder: json(serde_json::to_value(encoder))?,
        schema: json(serde_json::to_value(&recipe.data))?,
        recipe: recipe.to_json().to_string(),
        recordings: json(serde_json::to_value(origin))?,
    };
    Ok(scorer.save(folder, &companions)?)
}

/// How recordings are extracted before they are scored: the settings are the model's, the places are the user's.
#[derive(Clone, Copy)]
pub struct Extraction<'a> {
    /// Where the tensors go; `None`: beside the scores.
    pub folder: Option<&'a Path>,
    /// The face detector's weights, where the model's recordings needed some.
    pub weights: Option<&'a Path>,
    /// Boxes of the new recordings, where the model's came with boxes.
    pub boxes: Option<&'a Path>,
    /// The language model's folder, where the model's recordings needed one.
    pub text_model: Option<&'a Path>,
    /// Command of a recogniser for candidates without a transcript.
    pub recogniser: Option<&'a str>,
    /// How the run goes.
    pub options: extract::Options<'a>,
}

impl std::fmt::Debug for Extraction<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Extraction").field("folder", &self.folder).field("weights", &self.weights).finish_non_exhaustive()
    }
}

/// What scoring a file did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// Rows scored.
    pub rows: usize,
    /// Rows without a score: candidates whose recording could not be extracted.
    pub unscored: usize,
    /// Notes: unseen categories, missing values.
    pub notes: Vec<String>,
}

/// Scores the rows of a file with a saved model and writes `row,[person,][job,][groups…,][label,]score` as CSV (the last
/// column is `prediction` when one of the others is called `score`).
///
/// A model of recordings scores a folder that `evenhand extract` wrote, or a manifest (`.csv`), which is extracted first, with the
/// settings that the model's own recordings had. Each row then has `id`, `status`, whether there were `video`, `audio` and `text`, the
/// reasons where there were not, `faces_found_share`, `words`, and the scores of further targets; candidates that could not be
/// extracted have no score.
pub fn score(model: &Path, files: &[String], out: &Path, extraction: &Extraction<'_>) -> Result<Scored, AuditError> {
    write::refuse_input(out, files)?;
    if let Some(other) = files.iter().find(|file| Scorer::is_in(Path::new(file))) {
        return Err(AuditError::Request(format!(
            "`{}` and `{other}` are two models; name one model, then what it is to score",
            model.display()
        )));
    }
    let model = &the_model(model)?;
    let scorer = Scorer::load(model)?;
    let damaged = |what: &str, error: &serde_json::Error| AuditError::Recipe {
        origin: model.display().to_string(),
        message: format!("the {what} kept with the model cannot be read ({error}); train it again with `evenhand run`"),
    };
    let encoder: Encoder = serde_json::from_value(scorer.companions().encoder.clone()).map_err(|error| damaged("encoder", &error))?;
    let recipe: Recipe = serde_json::from_str(&scorer.companions().recipe).map_err(|error| damaged("recipe", &error))?;
    let mut schema: Schema = recipe.schema();
    if scorer.shape().is_some() {
        return score_interviews(model, &scorer, &encoder, schema, files, out, extraction);
    }
    // Groups as inputs are made anew from the columns of their attributes.
    let made = |input: &&str| schema.sensitive_as_features == SensitiveAsFeatures::Groups && input.ends_with(GROUP_INPUT);
    schema.features = Some(encoder.inputs().filter(|input| !made(input)).map(str::to_owned).collect());
    schema.types = encoder.types();
    // Rows to be scored need their inputs only; what else the training knew is carried along where the file has it.
    let present = table::columns(files, &table::FileOptions::default())?;
    let there = |column: &String| present.contains(column);
    schema.label = schema.label.filter(|label| there(&label.column));
    schema.targets = Vec::new();
    schema.sensitive.retain(|role| role.columns.iter().all(there));
    schema.person = schema.person.filter(there);
    schema.job = schema.job.filter(there);
    schema.weight = None;
    let mut notes = Vec::new();
    let data = match table::read(files, &schema) {
        Ok(data) => data,
        Err(error) if schema.label.is_some() => {
            // New candidates often have an empty label column; any other error comes back without the label too.
            let data = table::read(files, &Schema { label: None, ..schema })?;
            notes.push(format!("the label is left out: {error}"));
            data
        }
        Err(error) => return Err(error.into()),
    };
    notes.extend(data.provenance.notes.iter().cloned());
    for (input, rows) in encoder.unseen(&data)? {
        notes.push(format!(
            "`{input}`: {rows} of {} rows hold a category that the model never saw, or miss the value where no training row did; such a value counts \
             as no category, or as the mean",
            data.len()
        ));
    }
    let mut prediction = scorer.predict(&encoder.transform(&data)?)?;
    let wanted = recipe.methods.len() == 1 && recipe.methods[0].repair.is_some();
    let kept = kept_repair(model)?;
    if wanted && kept.is_none() {
        return Err(AuditError::Request(format!(
            "{} lacks the repair of its scores ({REPAIR}), without which they would be other scores; train it again with `evenhand run`",
            model.display()
        )));
    }
    if let Some(kept) = kept {
        data.groups(&kept.attribute).map_err(|_| {
            AuditError::Request(format!(
                "the model's scores are repaired by `{0}`, so that every candidate's group is needed to score; add the column of `{0}` to the \
                 file, or train without `repair`",
                kept.attribute
            ))
        })?;
        prediction.scores = repaired(&kept.fitted, &prediction.scores, &data, &kept.attribute, kept.seed)?;
        notes.push(format!("the scores are repaired by the group of every candidate ({})", kept.attribute));
    }

    let rows: Vec<usize> = (0..data.len()).collect();
    let mut columns: Vec<(&str, Field<'_>)> = vec![("row", Box::new(|row| data.rows[row].to_string()))];
    columns.extend(roles(&data));
    columns.push(scores(&columns, &prediction));
    write(&rows, &columns, out)?;
    Ok(Scored { rows: data.len(), unscored: 0, notes })
}

/// Scores as a repair changes them. Where the data names persons, what is drawn hangs on the person and the job, so that a candidate is decided
/// alike in whatever file it comes.
pub(crate) fn repaired(repair: &Fitted, scores: &[f64], data: &Dataset, attribute: &str, seed: u64) -> Result<Vec<f64>, AuditError> {
    let groups = data.groups(attribute)?;
    let rows = Shortlist::new(scores, groups.codes(), groups.levels())?;
    let Some(person) = &data.person else { return Ok(repair.apply(&rows, seed)?) };
    let text = |identity: &Identity, row: usize| identity.levels[identity.codes[row] as usize].clone();
    let job = |row: usize| data.job.as_ref().map_or_else(String::new, |job| text(job, row));
    let keys: Vec<String> = (0..scores.len()).map(|row| format!("{}\n{}", text(person, row), job(row))).collect();
    Ok(repair.apply_by_key(&rows, &keys, seed)?)
}

/// Whether a model scores recordings, which takes long; false where there is no model that can be read.
pub fn reads_recordings(model: &Path) -> bool {
    the_model(model).ok().and_then(|model| Scorer::load(&model).ok()).is_some_and(|scorer| scorer.shape().is_some())
}

/// The model's folder; of a run's folder the one model in it.
fn the_model(given: &Path) -> Result<PathBuf, AuditError> {
    let models = given.join("models");
    if Scorer::is_in(given) || !models.is_dir() {
        return Ok(given.to_owned());
    }
    let entries = std::fs::read_dir(&models).map_err(AuditError::io(&models, "read"))?;
    let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    found.sort();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Ok(given.to_owned()),
        several => Err(AuditError::Request(format!(
            "`{}` holds several models; name one of them: {}",
            given.display(),
            several.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
        ))),
    }
}

/// Scores recordings.
fn score_interviews(
    model: &Path,
    scorer: &Scorer,
    encoder: &Encoder,
    mut schema: Schema,
    files: &[String],
    out: &Path,
    extraction: &Extraction<'_>,
) -> Result<Scored, AuditError> {
    if kept_repair(model)?.is_some() {
        return Err(AuditError::Request(
            "this model's scores are repaired by group, which is not done for recordings; train it without `repair`".to_owned(),
        ));
    }
    let [given] = files else {
        return Err(AuditError::Request(
            "this model scores recordings: name one manifest (.csv), or one folder that `evenhand extract` wrote".to_owned(),
        ));
    };
    let given = Path::new(given);
    let origin = origin(model, scorer)?;
    let read = scorer.architecture().interview.as_ref().map_or(&[][..], |settings| &settings.modalities);
    let read = if read.is_empty() { &Modality::ALL[..] } else { read };
    let mut notes = Vec::new();
    let folder = if given.is_dir() {
        if let Some(origin) = &origin {
            let found = Origin::read(given)?;
            check_origin(origin, &found, read, given)?;
            if origin.ffmpeg != found.ffmpeg && !found.ffmpeg.is_null() && read.iter().any(|modality| *modality != Modality::Text) {
                notes.push(format!("the model's recordings were decoded by ffmpeg {}, these by {}", origin.ffmpeg, found.ffmpeg));
            }
        } else {
            notes.push(
                "the model does not know how its recordings became tensors (they were made up): whether these fit is not checked"
                    .to_owned(),
            );
        }
        given.to_owned()
    } else if given.is_file() {
        let origin = origin.ok_or_else(|| {
            AuditError::Request(
                "the model does not know how its recordings became tensors (they were made up), so it cannot extract others; name a folder \
                 that `evenhand extract` wrote"
                    .to_owned(),
            )
        })?;
        extracted(given, &origin, read, out, extraction)?
    } else {
        return Err(AuditError::Request(format!(
            "`{}` does not exist; this model scores recordings: name a manifest (.csv), or a folder that `evenhand extract` wrote",
            given.display()
        )));
    };

    let candidates = folder.join(interviews::CANDIDATES);
    let table = candidates.display().to_string();
    let present = table::columns(std::slice::from_ref(&table), &table::FileOptions::default())?;
    let there = |column: &String| present.contains(column);
    schema.features = Some(encoder.inputs().map(str::to_owned).collect());
    schema.label = None;
    schema.targets = Vec::new();
    schema.sensitive.retain(|role| role.columns.iter().all(there));
    schema.person = schema.person.filter(there);
    schema.job = schema.job.filter(there);
    schema.weight = None;
    // All candidates, also those without a record: a person who cannot be scored must not drop out of sight.
    let facts = Facts::read(&candidates)?;
    let status = facts.texts(interviews::STATUS).unwrap_or_default();
    let (data, prediction) = if status.iter().flatten().any(|status| status == interviews::EXTRACTED) {
        let data = interviews::loader().load(&LoadRequest { folder: Some(&folder), files: &[], schema: &schema, seed: 0 })?;
        let features = encoder.transform(&data)?;
        let prediction = scorer.predict(Candidates { features: &features, recordings: data.recordings.as_ref() })?;
        (data, prediction)
    } else {
        (Dataset::default(), Prediction::default())
    };
    let mut place = vec![None; facts.rows()];
    for (position, &row) in data.rows.iter().enumerate() {
        place[row as usize - 1] = Some(position);
    }
    let rows: Vec<usize> = (0..facts.rows()).collect();
    let texts = |name: &str| facts.texts(name).unwrap_or_else(|| vec![None; rows.len()]);
    let cell = |name: &str| -> Field<'_> {
        let cells = texts(name);
        Box::new(move |row| cells[row].as_deref().map(quoted).unwrap_or_default())
    };
    let reasons: Vec<(Modality, Vec<Option<String>>)> =
        Modality::ALL.into_iter().map(|modality| (modality, texts(&format!("{}_reason", modality.name())))).collect();
    let mut presence = vec![[false; 3]; facts.rows()];
    if let Some(recordings) = &data.recordings {
        for (position, &row) in data.rows.iter().enumerate() {
            presence[row as usize - 1] = recordings.presence(position)?;
        }
    }
    for (position, modality) in Modality::ALL.into_iter().enumerate().filter(|(_, modality)| read.contains(modality)) {
        let without = place.iter().zip(&presence).filter(|(place, presence)| place.is_some() && !presence[position]).count();
        if without > 0 {
            notes.push(format!(
                "{without} of {} are scored without {}, which the model reads; the column `missing` says why",
                data.len(),
                modality.name()
            ));
        }
    }
    let targets: Vec<Vec<f64>> = match data.len() {
        0 => vec![Vec::new(); scorer.targets().len()],
        _ => (0..scorer.targets().len()).map(|target| prediction.target_scores(target)).collect(),
    };
    let role_names: Vec<String> =
        schema.person.iter().chain(&schema.job).cloned().chain(schema.sensitive.iter().map(|role| role.name.clone())).collect();
    let mut columns: Vec<(&str, Field<'_>)> = vec![
        ("row", Box::new(|row| (row + 1).to_string())),
        (interviews::ID, cell(interviews::ID)),
        (interviews::STATUS, cell(interviews::STATUS)),
    ];
    for (position, modality) in Modality::ALL.into_iter().enumerate() {
        let presence = &presence;
        columns.push((modality.name(), Box::new(move |row| presence[row][position].to_string())));
    }
    columns.push((
        "missing",
        Box::new(|row| {
            let told = reasons.iter().filter_map(|(modality, reasons)| Some(format!("{}: {}", modality.name(), reasons[row].as_ref()?)));
            quoted(&told.collect::<Vec<_>>().join("; "))
        }),
    ));
    columns.extend([("faces_found_share", cell("faces_found_share")), ("words", cell("words"))]);
    let known: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let mut carried = roles(&data);
    if data.is_empty() {
        carried.extend(role_names.iter().map(|name| (name.as_str(), Box::new(|_| String::new()) as Field<'_>)));
    }
    carried.retain(|(name, _)| !known.contains(name));
    carried.push(scores(&columns, &prediction));
    for (name, scores) in scorer.targets().iter().zip(&targets) {
        carried.push((name, Box::new(move |position| scores[position].to_string())));
    }
    for (name, value) in carried {
        let place = &place;
        // Of who has no record the manifest may still know the group.
        let written = facts.texts(name).filter(|_| !scorer.targets().iter().any(|target| target == name) && name != "score");
        columns.push((
            name,
            Box::new(move |row| match (place[row], &written) {
                (Some(position), _) => value(position),
                (None, Some(cells)) => cells[row].as_deref().map(quoted).unwrap_or_default(),
                (None, None) => String::new(),
            }),
        ));
    }
    write(&rows, &columns, out)?;
    notes.extend(data.provenance.notes.iter().cloned());
    Ok(Scored { rows: data.len(), unscored: rows.len() - data.len(), notes })
}

/// How the model's own recordings became tensors; `None` where they were made up.
fn origin(model: &Path, scorer: &Scorer) -> Result<Option<Origin>, AuditError> {
    serde_json::from_value(scorer.companions().recordings.clone()).map_err(|error| AuditError::Recipe {
        origin: model.display().to_string(),
        message: format!("what the model keeps of its recordings cannot be read ({error}); train it again with `evenhand run`"),
    })
}

fn check_origin(model: &Origin, found: &Origin, read: &[Modality], place: &Path) -> Result<(), AuditError> {
    let Some(difference) = model.difference(found, read) else { return Ok(()) };
    Err(AuditError::Request(format!(
        "{}: `{}` is {} here and {} in what the model was trained on, so its scores would mean nothing; extract again with the model's \
         settings: `evenhand score MODEL MANIFEST.csv` does both",
        place.display(),
        difference.setting,
        difference.there,
        difference.here,
    )))
}

/// Extracts a manifest with the model's settings; the same command goes on where an earlier one stopped.
fn extracted(manifest: &Path, origin: &Origin, read: &[Modality], out: &Path, extraction: &Extraction<'_>) -> Result<PathBuf, AuditError> {
    let mut settings = origin.settings().map_err(|error| {
        AuditError::Request(format!(
            "the model's settings of extraction are of another version ({error}); train it again with `evenhand run`"
        ))
    })?;
    // Only names of files travel with a model.
    let wants_video = settings.wants(Modality::Video);
    let place = |given: Option<&Path>, kept: &Option<PathBuf>, needed: bool, flag: &str, what: &str| match (given, kept) {
        (Some(path), _) => Ok(Some(path.to_owned())),
        (None, Some(name)) if needed => Err(AuditError::Request(format!(
            "the model's recordings were extracted with the {what} `{}`; name its place with {flag}",
            name.display()
        ))),
        (None, _) => Ok(None),
    };
    let mtcnn = wants_video && settings.face.detector == Detector::Mtcnn;
    settings.face.weights = place(extraction.weights, &settings.face.weights, mtcnn, "--weights", "face detector's weights")?;
    let boxes = wants_video && settings.face.detector == Detector::Boxes;
    settings.face.boxes = place(extraction.boxes, &settings.face.boxes, boxes, "--boxes", "boxes")?;
    let bert = settings.wants(Modality::Text) && settings.text.encoder == TextEncoder::Bert;
    settings.text.folder = place(extraction.text_model, &settings.text.folder, bert, "--text-model", "language model")?;
    settings.transcript.recogniser = extraction.recogniser.map(str::to_owned);

    let manifest = Manifest::read(manifest)?;
    let found = extract::origin(&manifest, &settings)?;
    check_origin(origin, &found, read, &manifest.path)?;
    let folder = extraction.folder.map_or_else(|| out.with_extension("extracted"), Path::to_path_buf);
    // The folder beside the scores holds the batch at hand; one that the user named may hold more.
    let replace = extraction.folder.is_none() || extraction.options.replace;
    extract::extract(&manifest, &settings, &folder, extract::Options { replace, ..extraction.options })?;
    Ok(folder)
}

/// The roles that the rows have, by the row's position.
fn roles(data: &Dataset) -> Vec<(&str, Field<'_>)> {
    let mut columns: Vec<(&str, Field<'_>)> = Vec::new();
    for identity in data.person.iter().chain(&data.job) {
        columns.push((&identity.name, Box::new(|row| quoted(&identity.levels[identity.codes[row] as usize]))));
    }
    for groups in &data.sensitive {
        columns.push((groups.name(), Box::new(|row| quoted(groups.level(groups.codes()[row])))));
    }
    if let Some(label) = &data.label {
        columns.push((&label.name, Box::new(|row| label.values[row].to_string())));
    }
    columns
}

/// The column of scores. A label may be called `score` itself.
fn scores<'a>(columns: &[(&str, Field<'_>)], prediction: &'a Prediction) -> (&'static str, Field<'a>) {
    let heading = if columns.iter().any(|(name, _)| *name == "score") { "prediction" } else { "score" };
    (heading, Box::new(|row| prediction.scores[row].to_string()))
}

/// Writes a header and these rows, whole or not at all.
fn write(rows: &[usize], columns: &[(&str, Field<'_>)], out: &Path) -> Result<(), AuditError> {
    let names: Vec<String> = columns.iter().map(|(name, _)| quoted(name)).collect();
    let mut text = names.join(",") + "\n";
    for &row in rows {
        for (position, (_, value)) in columns.iter().enumerate() {
            if position > 0 {
                text.push(',');
            }
            text.push_str(&value(row));
        }
        text.push('\n');
    }
    write::replace(out, text.as_bytes())
}

/// The text of one column in a row.
type Field<'a> = Box<dyn Fn(usize) -> String + 'a>;

/// A CSV field, quoted where it must be.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
