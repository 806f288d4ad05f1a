//! `manifest`: a corpus of recordings in, the list of candidates that `extract` reads out.

use evenhand_data::loaders::first_impressions;

use super::Outcome;
use crate::args::{Manifest, RecordedCorpus};
use crate::printer;

pub(crate) fn manifest(arguments: &Manifest, json: bool) -> anyhow::Result<Outcome> {
    let written = match arguments.corpus {
        RecordedCorpus::FirstImpressions => first_impressions::write_manifest(&arguments.folder, &arguments.out)?,
    };
    if json {
        printer::json(&serde_json::json!({
            "rows": written.rows, "missing": written.missing.len(), "out": arguments.out, "notes": written.notes,
        }))?;
    } else {
        for note in &written.notes {
            printer::tell(&format!("note: {note}"));
        }
        printer::text(&format!("{} candidates: {}\n", written.rows, arguments.out.display()))?;
    }
    Ok(Outcome::Fine)
}
