//! A fitted scorer in its folder: saved by a run, used by `score`.

use std::fmt::Write as _;
use std::path::Path;

use evenhand_data::{Encoder, Schema, table};
use evenhand_learn::{Companions, Scorer};

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

    let mut text = String::from("row");
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
    write::replace(out, text.as_bytes())?;
    Ok(Scored { rows: data.len(), notes })
}

/// The text of one column in a row.
type Field<'a> = Box<dyn Fn(usize) -> String + 'a>;

/// A CSV field, quoted where it must be.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
