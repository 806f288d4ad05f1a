//! Scores as the columns of a CSV file.

use std::path::Path;

use evenhand_rows::{Dataset, Scale};

use crate::{ExperimentError, write};

/// The text of one column in a row.
pub(super) type Field<'a> = Box<dyn Fn(usize) -> String + 'a>;

/// The roles that the rows have, by the row's position.
pub(super) fn role_columns(data: &Dataset) -> Vec<(&str, Field<'_>)> {
    let mut columns: Vec<(&str, Field<'_>)> = Vec::new();
    for identity in data.person.iter().chain(&data.job) {
        columns.push((&identity.name, Box::new(|row| quoted(&identity.levels[identity.codes[row] as usize]))));
    }
    for groups in &data.sensitive {
        columns.push((groups.name(), Box::new(|row| quoted(groups.level(groups.codes()[row])))));
    }
    if let Some(label) = &data.label {
        let number = |row: usize| label.scale.to_score(label.values[row]);
        columns.push((&label.name, Box::new(move |row| if label.values[row].is_nan() { String::new() } else { number(row).to_string() })));
    }
    columns
}

/// The column of scores, on the scale of the labels that they foretell. A label may be called `score` itself.
pub(super) fn score_column<'a>(columns: &[(&str, Field<'_>)], scores: &'a [f64], scale: Scale) -> (&'static str, Field<'a>) {
    let heading = if columns.iter().any(|(name, _)| *name == "score") { "prediction" } else { "score" };
    (heading, Box::new(move |row| scale.to_score(scores[row]).to_string()))
}

/// Says that scores do not lie from 0 to 1, and how they are read again.
pub(super) fn told_scale(scale: Scale) -> Option<String> {
    (!scale.is_plain()).then(|| {
        format!("the scores lie from {0} to {1}, as the labels do; say so where they are audited (`range` and, of ratings beside them, `label_range` {0},{1})", scale.low, scale.high)
    })
}

/// Writes a header and these rows, whole or not at all; they are of persons. Gives the remark on formulas among them.
pub(super) fn write_rows(
    rows: &[usize],
    columns: &[(&str, Field<'_>)],
    out: &Path,
    spreadsheet_safe: bool,
) -> Result<Option<String>, ExperimentError> {
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
    write::table(out, &write::Table { text: &text, separator: ',', spreadsheet_safe, of_persons: true })
}

/// A CSV field, quoted where it must be.
pub(super) fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
