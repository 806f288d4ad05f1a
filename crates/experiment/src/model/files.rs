//! Scores of the rows of files.

use std::path::Path;

use evenhand_data::DataError;
use evenhand_data::table::{self, TableSettings};
use evenhand_learn::Scorer;
use evenhand_rows::Schema;

use super::Model;
use super::columns::{Field, role_columns, score_column, told_scale, write_rows};
use super::interviews::{Extraction, score_interviews};
use crate::{ExperimentError, write};

/// What scoring a file did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// Rows scored.
    pub rows: usize,
    /// Rows without a score: candidates whose recording could not be extracted.
    pub unscored: usize,
    /// Notes: unseen categories, missing values.
    pub notes: Vec<String>,
    /// Digest of the model.
    pub model: String,
}

/// Scores the rows of a file with a saved model and writes `row,[person,][job,][groups…,][label,]score` as CSV (the last
/// column is `prediction` when one of the others is called `score`). Labels and scores lie on the label's own scale.
///
/// A model of recordings scores a folder that `evenhand extract` wrote, or a manifest (`.csv`), which is extracted first, with the
/// settings that the model's own recordings had. Each row then has `id`, `status`, whether there were `video`, `audio` and `text`, the
/// reasons where there were not, `faces_found_share`, `words`, and the scores of further targets; candidates that could not be
/// extracted have no score. `out` comes with whether formulas in it get an apostrophe.
pub fn score(
    model: &Path,
    files: &[String],
    settings: &TableSettings,
    (out, spreadsheet_safe): (&Path, bool),
    extraction: &Extraction<'_>,
) -> Result<Scored, ExperimentError> {
    write::refuse_input(out, files)?;
    if let Some(other) = files.iter().find(|file| Scorer::is_in(Path::new(file))) {
        return Err(ExperimentError::Request(format!(
            "`{}` and `{other}` are two models; name one model, then what it is to score",
            model.display()
        )));
    }
    let model = Model::open(model)?;
    if model.reads_recordings() {
        score_interviews(&model, files, (out, spreadsheet_safe), extraction)
    } else {
        score_table(&model, files, settings, (out, spreadsheet_safe))
    }
}

/// Scores the rows of tables.
fn score_table(
    model: &Model,
    files: &[String],
    settings: &TableSettings,
    (out, spreadsheet_safe): (&Path, bool),
) -> Result<Scored, ExperimentError> {
    let mut schema = Schema { keep_unlabelled: true, ..model.schema() };
    keep_present(&mut schema, &table::columns(files, &settings.file)?);
    let mut notes = Vec::new();
    let data = match table::read(files, &schema, settings) {
        Ok(data) => data,
        // A disk that fails is no matter of the label.
        Err(error) if schema.label.is_some() && !matches!(error, DataError::Read { .. }) => {
            // New candidates often have an empty label column; any other error comes back without the label too.
            let data = table::read(files, &Schema { label: None, ..schema }, settings)?;
            notes.push(format!("the label is left out: {error}"));
            data
        }
        Err(error) => return Err(error.into()),
    };
    notes.extend(data.provenance.notes.iter().cloned());
    let found = model.score(&data)?;
    notes.extend(found.notes);

    let rows: Vec<usize> = (0..data.len()).collect();
    let mut columns: Vec<(&str, Field<'_>)> = vec![("row", Box::new(|row| data.rows[row].to_string()))];
    columns.extend(role_columns(&data));
    let scale = model.scale();
    notes.extend(told_scale(scale));
    columns.push(score_column(&columns, &found.scores, scale));
    notes.extend(write_rows(&rows, &columns, out, spreadsheet_safe)?);
    Ok(Scored { rows: data.len(), unscored: 0, model: model.digest().to_owned(), notes })
}

/// Rows to be scored need their inputs only; what else the training knew is carried along where the file has it.
pub(super) fn keep_present(schema: &mut Schema, present: &[String]) {
    let there = |column: &String| present.contains(column);
    schema.label = schema.label.take().filter(|label| there(&label.column));
    schema.sensitive.retain(|role| role.columns.iter().all(there));
    schema.person = schema.person.take().filter(there);
    schema.job = schema.job.take().filter(there);
}
