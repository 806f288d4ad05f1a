//! A fitted scorer in its folder: saved by a run, used by `score`.

use std::fmt::Write as _;
use std::path::Path;

use evenhand_data::loaders::interviews;
use evenhand_data::recordings::Modality;
use evenhand_data::{Dataset, Encoder, LoadRequest, Loader as _, Schema, table};
use evenhand_learn::{Candidates, Companions, Prediction, Scorer};

use crate::recipe::Recipe;
use crate::{AuditError, write};

/// Keeps a scorer with its encoder, the roles of the columns and the recipe in one folder.
pub(crate) fn save(folder: &Path, scorer: &Scorer, encoder: &Encoder, recipe: &Recipe) -> Result<(), AuditError> {
    let json = |value: serde_json::Result<serde_json::Value>| {
        value.map_err(|error| AuditError::Request(format!("the model's companions cannot be written as JSON: {error}")))
    };
    let companions = Companions {
        encoder: json(serde_json::to_value(encoder))?,
        schema: json(serde_json::to_value(&recipe.data))?,
        recipe: recipe.to_json().to_string(),
    };
    Ok(scorer.save(folder, &companions)?)
}

/// What scoring a file did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// Rows scored.
    pub rows: usize,
    /// Notes: unseen categories, missing values.
    pub notes: Vec<String>,
}

/// Scores the rows of a file with a saved model and writes `row,[person,][job,][groups…,][label,]score` as CSV (the last
/// column is `prediction` when one of the others is called `score`).
pub fn score(model: &Path, files: &[String], out: &Path) -> Result<Scored, AuditError> {
    write::refuse_input(out, files)?;
    let scorer = Scorer::load(model)?;
    let damaged = |what: &str, error: &serde_json::Error| AuditError::Recipe {
        origin: model.display().to_string(),
        message: format!("the {what} kept with the model cannot be read ({error}); train it again with `evenhand run`"),
    };
    let encoder: Encoder = serde_json::from_value(scorer.companions().encoder.clone()).map_err(|error| damaged("encoder", &error))?;
    let recipe: Recipe = serde_json::from_str(&scorer.companions().recipe).map_err(|error| damaged("recipe", &error))?;
    let mut schema: Schema = recipe.schema();
    if scorer.shape().is_some() {
        return score_interviews(&scorer, &encoder, schema, files, out);
    }
    schema.features = Some(encoder.inputs().map(str::to_owned).collect());
    schema.types = encoder.types();
    // Rows to be scored need their inputs only; what else the training knew is carried along where the file has it.
    let present = table::columns(files)?;
    let there = |column: &String| present.contains(column);
    schema.label = schema.label.filter(|label| there(&label.column));
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
    let prediction = scorer.predict(&encoder.transform(&data)?)?;

    write_scores(&data, &prediction, Vec::new(), out)?;
    Ok(Scored { rows: data.len(), notes })
}

/// Scores a folder that `evenhand extract` wrote. Beside the columns of a table's scores each row has the candidate's `id` and whether
/// the model had `video`, `audio` and `text` of it.
fn score_interviews(scorer: &Scorer, encoder: &Encoder, mut schema: Schema, files: &[String], out: &Path) -> Result<Scored, AuditError> {
    let [folder] = files else {
        return Err(AuditError::Request("this model scores recordings: name one folder that `evenhand extract` wrote".to_owned()));
    };
    let folder = Path::new(folder);
    if !folder.is_dir() {
        return Err(AuditError::Request(format!(
            "`{}` is no folder; this model scores recordings: extract them with `evenhand extract MANIFEST.csv --out FOLDER` (with the \
             settings that the training recordings had) and name that folder",
            folder.display()
        )));
    }
    let candidates = folder.join(interviews::CANDIDATES).display().to_string();
    let present = table::columns(std::slice::from_ref(&candidates))?;
    let there = |column: &String| present.contains(column);
    schema.features = Some(encoder.inputs().map(str::to_owned).collect());
    schema.label = None;
    schema.targets = Vec::new();
    schema.sensitive.retain(|role| role.columns.iter().all(there));
    schema.person = schema.person.filter(there);
    schema.job = schema.job.filter(there);
    schema.weight = None;
    let loader = evenhand_data::loaders::interviews::loader();
    let data = loader.load(&LoadRequest { folder: Some(folder), files: &[], schema: &schema, seed: 0 })?;
    let ids = table::read(
        std::slice::from_ref(&candidates),
        &Schema { features: Some(Vec::new()), person: Some(interviews::ID.to_owned()), ..Schema::default() },
    )?;
    let features = encoder.transform(&data)?;
    let prediction = scorer.predict(Candidates { features: &features, recordings: data.recordings.as_ref() })?;

    let mut found: [Vec<bool>; 3] = Default::default();
    let mut buffer = Vec::new();
    for row in 0..data.len() {
        let Some(recordings) = &data.recordings else { break };
        let record = recordings.read(row, &mut buffer)?;
        for (found, modality) in found.iter_mut().zip(Modality::ALL) {
            found.push(record.has(modality));
        }
    }
    let mut columns: Vec<(&str, Field<'_>)> = Vec::new();
    if let Some(identity) = &ids.person {
        let rows = &data.rows;
        columns.push((interviews::ID, Box::new(move |row| quoted(&identity.levels[identity.codes[rows[row] as usize - 1] as usize]))));
    }
    for (found, modality) in found.iter().zip(Modality::ALL) {
        columns.push((modality.name(), Box::new(move |row| found[row].to_string())));
    }
    write_scores(&data, &prediction, columns, out)?;
    Ok(Scored { rows: data.len(), notes: data.provenance.notes.clone() })
}

/// Writes `row`, the given columns, the roles that the rows have, and the score.
fn write_scores<'a>(data: &'a Dataset, prediction: &'a Prediction, first: Vec<(&'a str, Field<'a>)>, out: &Path) -> Result<(), AuditError> {
    let mut text = String::from("row");
    let mut columns: Vec<(&str, Field<'_>)> = first;
    for identity in data.person.iter().chain(&data.job) {
        columns.push((&identity.name, Box::new(|row| quoted(&identity.levels[identity.codes[row] as usize]))));
    }
    for groups in &data.sensitive {
        columns.push((groups.name(), Box::new(|row| quoted(groups.level(groups.codes()[row])))));
    }
    if let Some(label) = &data.label {
        columns.push((&label.name, Box::new(|row| label.values[row].to_string())));
    }
    // A label may be called `score` itself.
    let heading = if columns.iter().any(|(name, _)| *name == "score") { "prediction" } else { "score" };
    columns.push((heading, Box::new(|row| prediction.scores[row].to_string())));
    for (name, _) in &columns {
        text.push(',');
        text.push_str(&quoted(name));
    }
    text.push('\n');
    for row in 0..data.len() {
        let _ = write!(text, "{}", data.rows[row]);
        for (_, value) in &columns {
            text.push(',');
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
