//! Scores of recordings: a folder of tensors, or a manifest that is extracted as the model's own recordings were.

use std::path::{Path, PathBuf};

use evenhand_data::loaders::interviews;
use evenhand_data::{LoadRequest, Loader as _, table};
use evenhand_learn::Prediction;
use evenhand_media::extract;
use evenhand_media::extract::origin::Origin;
use evenhand_media::extract::settings::{Detector, Encoder as TextEncoder};
use evenhand_media::extract::table::Table as Facts;
use evenhand_media::manifest::Manifest;
use evenhand_rows::recordings::Modality;
use evenhand_rows::{Dataset, Schema};

use super::Model;
use super::columns::{Field, quoted, role_columns, score_column, told_scale, write_rows};
use super::files::{Scored, keep_present};
use super::kept::read_origin;
use crate::ExperimentError;

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

/// Scores recordings.
pub(super) fn score_interviews(
    model: &Model,
    files: &[String],
    (out, spreadsheet_safe): (&Path, bool),
    extraction: &Extraction<'_>,
) -> Result<Scored, ExperimentError> {
    let scorer = &model.scorer;
    if model.repair.is_some() {
        return Err(ExperimentError::Request(
            "this model's scores are repaired by group, which is not done for recordings; train it without `repair`".to_owned(),
        ));
    }
    let [given] = files else {
        return Err(ExperimentError::Request(
            "this model scores recordings: name one manifest (.csv), or one folder that `evenhand extract` wrote".to_owned(),
        ));
    };
    let given = Path::new(given);
    let origin = read_origin(&model.folder, scorer)?;
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
            ExperimentError::Request(
                "the model does not know how its recordings became tensors (they were made up), so it cannot extract others; name a folder \
                 that `evenhand extract` wrote"
                    .to_owned(),
            )
        })?;
        let (folder, kept) = extracted(given, &origin, read, out, extraction)?;
        if kept > 0 {
            notes.push(format!(
                "{kept} candidates are taken as they were extracted before into {}: their recordings or transcripts are away",
                folder.display()
            ));
        }
        folder
    } else {
        return Err(ExperimentError::Request(format!(
            "`{}` does not exist; this model scores recordings: name a manifest (.csv), or a folder that `evenhand extract` wrote",
            given.display()
        )));
    };

    let candidates = folder.join(interviews::CANDIDATES);
    let table = candidates.display().to_string();
    let present = table::columns(std::slice::from_ref(&table), &table::FileOptions::default())?;
    let mut schema = Schema {
        features: Some(model.encoder.inputs().map(str::to_owned).collect()),
        types: model.recipe.schema().types,
        label: None,
        ..model.schema()
    };
    keep_present(&mut schema, &present);
    // All candidates, also those without a record: a person who cannot be scored must not drop out of sight.
    let facts = Facts::read(&candidates)?;
    let status = facts.texts(interviews::STATUS).unwrap_or_default();
    let (data, prediction) = if status.iter().flatten().any(|status| status == interviews::EXTRACTED) {
        let data = interviews::loader().load(&LoadRequest {
            folder: Some(&folder),
            files: &[],
            schema: &schema,
            settings: &evenhand_data::table::TableSettings::default(),
            seed: 0,
        })?;
        let prediction = model.predict(&data)?;
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
    let mut carried = role_columns(&data);
    if data.is_empty() {
        carried.extend(role_names.iter().map(|name| (name.as_str(), Box::new(|_| String::new()) as Field<'_>)));
    }
    carried.retain(|(name, _)| !known.contains(name));
    carried.push(score_column(&columns, &prediction.scores, model.scale()));
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
    notes.extend(write_rows(&rows, &columns, out, spreadsheet_safe)?);
    notes.extend(data.provenance.notes.iter().cloned());
    notes.extend(told_scale(model.scale()));
    Ok(Scored { rows: data.len(), unscored: rows.len() - data.len(), model: model.digest().to_owned(), notes })
}

fn check_origin(model: &Origin, found: &Origin, read: &[Modality], place: &Path) -> Result<(), ExperimentError> {
    let Some(difference) = model.difference(found, read) else { return Ok(()) };
    Err(ExperimentError::Request(format!(
        "{}: `{}` is {} here and {} in what the model was trained on, so its scores would mean nothing; extract again with the model's \
         settings: `evenhand score MODEL MANIFEST.csv` does both",
        place.display(),
        difference.setting,
        difference.there,
        difference.here,
    )))
}

/// Extracts a manifest with the model's settings; the same command goes on where an earlier one stopped. Counts whose files are away and who are
/// kept as they were.
fn extracted(
    manifest: &Path,
    origin: &Origin,
    read: &[Modality],
    out: &Path,
    extraction: &Extraction<'_>,
) -> Result<(PathBuf, usize), ExperimentError> {
    let mut settings = origin.settings().map_err(|error| {
        ExperimentError::Request(format!(
            "the model's settings of extraction are of another version ({error}); train it again with `evenhand run`"
        ))
    })?;
    // Only names of files travel with a model.
    let wants_video = settings.wants(Modality::Video);
    let place = |given: Option<&Path>, kept: &Option<PathBuf>, needed: bool, setting: &'static str, what: &str| match (given, kept) {
        (Some(path), _) => Ok(Some(path.to_owned())),
        (None, Some(name)) if needed => Err(ExperimentError::Setting {
            setting,
            value: String::new(),
            message: format!("the model's recordings were extracted with the {what} `{}`; name its place", name.display()),
        }),
        (None, _) => Ok(None),
    };
    let mtcnn = wants_video && settings.face.detector == Detector::Mtcnn;
    settings.face.weights = place(extraction.weights, &settings.face.weights, mtcnn, "weights", "face detector's weights")?;
    let boxes = wants_video && settings.face.detector == Detector::Boxes;
    settings.face.boxes = place(extraction.boxes, &settings.face.boxes, boxes, "boxes", "boxes")?;
    let bert = settings.wants(Modality::Text) && settings.text.encoder == TextEncoder::Bert;
    settings.text.folder = place(extraction.text_model, &settings.text.folder, bert, "text_model", "language model")?;
    settings.transcript.recogniser = extraction.recogniser.map(str::to_owned);

    let manifest = Manifest::read(manifest)?;
    let found = extract::origin(&manifest, &settings)?;
    check_origin(origin, &found, read, &manifest.path)?;
    let folder = extraction.folder.map_or_else(|| out.with_extension("extracted"), Path::to_path_buf);
    // The folder beside the scores holds the batch at hand; one that the user named may hold more.
    let replace = extraction.folder.is_none() || extraction.options.replace;
    let summary = extract::extract(&manifest, &settings, &folder, extract::Options { replace, ..extraction.options })?;
    Ok((folder, summary.kept))
}
