//! A fitted scorer in its folder: saved by a run, used by `score`.

use std::fmt::Write as _;
use std::path::Path;

use evenhand_data::{Encoder, Schema, table};
use evenhand_learn::{SavedScorer, Scorer};

use crate::recipe::Recipe;
use crate::{AuditError, write};

/// Keeps a scorer with its encoder, the roles of the columns and the recipe in one folder.
pub(crate) fn save(folder: &Path, scorer: &Scorer, encoder: &Encoder, recipe: &Recipe) -> Result<(), AuditError> {
    Ok(scorer.save(folder, encoder, &recipe.to_json())?)
}

/// What scoring a file did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// Rows scored.
    pub rows: usize,
    /// Notes: unseen categories, missing values.
    pub notes: Vec<String>,
}

/// Scores the rows of a file with a saved model and writes `row,[person,][job,][groups…,][label,]score` as CSV.
pub fn score(model: &Path, files: &[String], out: &Path) -> Result<Scored, AuditError> {
    let SavedScorer { scorer, encoder, recipe } = Scorer::load(model)?;
    let recipe: Recipe = serde_json::from_value(recipe).map_err(|error| AuditError::Recipe {
        origin: model.join("model.json").display().to_string(),
        message: format!("the recipe kept with the model cannot be read: {error}"),
    })?;
    let mut schema: Schema = recipe.schema();
    schema.features = Some(encoder.features().to_vec());
    // Rows to be scored need their inputs only; what else the training knew is carried along where the file has it.
    let present = table::columns(files)?;
    let there = |column: &String| present.contains(column);
    schema.label = schema.label.filter(|label| there(&label.column));
    schema.sensitive.retain(|role| role.columns.iter().all(there));
    schema.person = schema.person.filter(there);
    schema.job = schema.job.filter(there);
    schema.weight = None;
    let data = table::read(files, &schema)?;
    let prediction = scorer.predict(&encoder.transform(&data)?);

    let mut text = String::from("row");
    let mut columns: Vec<(&str, Box<dyn Fn(usize) -> String + '_>)> = Vec::new();
    for identity in data.person.iter().chain(&data.job) {
        columns.push((&identity.name, Box::new(|row| quoted(&identity.levels[identity.codes[row] as usize]))));
    }
    for groups in &data.sensitive {
        columns.push((groups.name(), Box::new(|row| quoted(groups.level(groups.codes()[row])))));
    }
    if let Some(label) = &data.label {
        columns.push((&label.name, Box::new(|row| label.values[row].to_string())));
    }
    columns.push(("score", Box::new(|row| prediction.scores[row].to_string())));
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
    write::replace(out, text.as_bytes())?;
    Ok(Scored { rows: data.len(), notes: data.provenance.notes.clone() })
}

/// A CSV field, quoted where it must be.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
