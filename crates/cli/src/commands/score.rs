//! `score`: a model and candidates in, a CSV of scores out.

use std::sync::atomic::AtomicBool;

use evenhand_experiment::media::extract::Options;
use evenhand_experiment::model::{self, Extraction, Scored};

use super::{Outcome, grid};
use crate::args::Score;
use crate::printer;
use crate::progress::CandidatesBar;

pub(crate) fn score(arguments: &Score, threads: Option<u16>, json: bool) -> anyhow::Result<Outcome> {
    let bar = CandidatesBar::new();
    // A table is scored in a moment, and Ctrl-C then ends the program as everywhere.
    let never = AtomicBool::new(false);
    let recordings = model::reads_recordings(&arguments.model);
    let interrupted = if recordings { grid::interrupted()? } else { &never };
    if recordings {
        super::extract::warn_of_missing_defences();
    }
    let extraction = Extraction {
        folder: arguments.extracted.as_deref(),
        weights: arguments.weights.as_deref(),
        boxes: arguments.boxes.as_deref(),
        text_model: arguments.text_model.as_deref(),
        recogniser: arguments.recogniser.as_deref(),
        options: Options {
            jobs: super::jobs(arguments.jobs, threads),
            interrupted,
            observer: &bar,
            retry_failed: false,
            replace: false,
            drop_away: false,
        },
    };
    let scored = model::score(
        &arguments.model,
        &arguments.files,
        &arguments.reading.settings(&arguments.files)?,
        (&arguments.out, arguments.writing.spreadsheet_safe),
        &extraction,
    );
    bar.clear();
    let scored = scored?;
    if json {
        let Scored { rows, unscored, model, notes } = &scored;
        printer::json(&serde_json::json!({ "rows": rows, "unscored": unscored, "model": model, "out": arguments.out, "notes": notes }))?;
    } else {
        for note in &scored.notes {
            printer::tell(&format!("note: {note}"));
        }
        if scored.unscored > 0 {
            printer::tell(&format!("{} of {} have no score: see the column `status`", scored.unscored, scored.rows + scored.unscored));
        }
        printer::tell(&format!("model: {}", scored.model));
        printer::text(&format!("{} rows scored: {}\n", scored.rows, arguments.out.display()))?;
    }
    Ok(Outcome::Fine)
}
