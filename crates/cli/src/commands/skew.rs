//! `skew`: the unfairness degree of a file's labels.

use evenhand_audit::tilting::{TiltSettings, Wanted, tilt};
use evenhand_data::table;
use evenhand_experiment::write;
use evenhand_report::views::tables;
use evenhand_rows::{LabelRole, Schema, SensitiveRole};

use super::Outcome;
use crate::args::Skew;
use crate::printer;
use crate::reading::label_threshold;

pub(crate) fn skew(arguments: Skew, json: bool) -> anyhow::Result<Outcome> {
    if arguments.out.is_some() && arguments.alpha.is_none() && arguments.keep.is_none() {
        anyhow::bail!("--out needs the wanted tilt: add --alpha ALPHA or --keep ROWS");
    }
    let threshold = label_threshold("--threshold", arguments.threshold, arguments.label_range)?;
    let wanted = arguments.alpha.map(Wanted::Alpha).or(arguments.keep.map(Wanted::Keep));
    // Without a place to go to nothing is chosen.
    let (wanted, out) = wanted.zip(arguments.out).unzip();
    if let Some(out) = &out {
        write::refuse_input(out, &arguments.files)?;
    }
    let tables = arguments.reading.settings(&arguments.files)?;
    let role = SensitiveRole::parse(&arguments.group, &table::columns(&arguments.files, &tables.file)?)?;
    let settings = TiltSettings {
        attribute: role.name.clone(),
        pair: arguments.privileged.zip(arguments.unprivileged),
        threshold,
        wanted,
        seed: arguments.seed,
    };
    let schema = Schema {
        features: Some(Vec::new()),
        label: Some(LabelRole {
            column: arguments.label,
            favourable: arguments.favourable,
            undecided: arguments.undecided,
            range: arguments.label_range,
        }),
        sensitive: vec![role],
        missing: arguments.reading.missing.clone(),
        categories: arguments.reading.categories()?,
        ..Schema::default()
    };
    let data = table::read(&arguments.files, &schema, &tables)?;
    let tilted = tilt(&data, &settings)?;
    if let (Some(out), Some(rows)) = (&out, &tilted.rows) {
        // Rows as the files have them: some of those that were read may have been left out before.
        let rows: Vec<usize> = rows.iter().map(|&row| data.rows[row] as usize - 1).collect();
        let (text, separator) = table::rows_as_csv(&arguments.files, &rows, &tables.file)?;
        arguments.writing.write(out, &text, separator)?;
    }
    if json {
        let mut told = serde_json::to_value(&tilted)?;
        if let Some(out) = &out {
            told["written"] = serde_json::to_value(out)?;
        }
        printer::json(&told)?;
        return Ok(Outcome::Fine);
    }
    for note in &data.provenance.notes {
        printer::tell(&format!("note: {note}"));
    }
    let stages: Vec<_> = std::iter::once(&tilted.before).chain(&tilted.after).cloned().collect();
    printer::table(&tables::tilts(&stages, data.label()?.scale))?;
    if let Some(out) = &out {
        printer::tell(&format!("Subset: {}", out.display()));
    }
    Ok(Outcome::Fine)
}
