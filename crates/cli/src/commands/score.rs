//! `score`: a model and a file in, a CSV of scores out.

use evenhand_audit::model;

use super::Outcome;
use crate::args::Score;
use crate::printer;

pub(crate) fn score(arguments: &Score, json: bool) -> anyhow::Result<Outcome> {
    let scored = model::score(&arguments.model, &arguments.files, &arguments.out)?;
    if json {
        printer::json(&serde_json::json!({ "rows": scored.rows, "out": arguments.out, "notes": scored.notes }))?;
    } else {
        for note in &scored.notes {
            printer::tell(&format!("note: {note}"));
        }
        printer::text(&format!("{} rows scored: {}\n", scored.rows, arguments.out.display()))?;
    }
    Ok(Outcome::Fine)
}
