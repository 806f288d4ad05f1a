//! `skew`: the unfairness degree of a file's labels.

use evenhand_audit::scores::sensitive_role;
use evenhand_audit::tilting::{TiltSettings, Wanted, tilt};
use evenhand_audit::write;
use evenhand_data::table;
use evenhand_report::views::tables;
use evenhand_rows::{LabelRole, Schema};

use super::Outcome;
use crate::args::Skew;
use crate::printer;

pub(crate) fn skew(arguments: Skew, json: bool) -> anyhow::Result<Outcome> {
    if arguments.out.is_some() && arguments.alpha.is_none() && arguments.keep.is_none() {
        anyhow::bail!("--out needs the wanted tilt: add --alpha ALPHA or --keep ROWS");
    }
    let wanted = arguments.alpha.map(Wanted::Alpha).or(arguments.keep.map(Wanted::Keep));
    // Without a place to go to nothing is chosen.
    let (wanted, out) = wanted.zip(arguments.out).unzip();
    if let Some(out) = &out {
        write::refuse_input(out, &arguments.files)?;
    }
    let role = sensitive_role(&arguments.group)?;
    let settings = TiltSettings {
        attribute: role.name.clone(),
        pair: arguments.privileged.zip(arguments.unprivileged),
        threshold: arguments.threshold,
        wanted,
        seed: arguments.seed,
    };
    let schema = Schema {
        features: Some(Vec::new()),
        label: Some(LabelRole { column: arguments.label, favourable: arguments.favourable }),
        sensitive: vec![role],
        ..Schema::default()
    };
    let tilted = tilt(&table::read(&arguments.files, &schema)?, &settings)?;
    if let (Some(out), Some(rows)) = (&out, &tilted.rows) {
        write::replace(out, table::rows_as_csv(&arguments.files, rows)?.as_bytes())?;
    }
    if json {
        let mut told = serde_json::to_value(&tilted)?;
        if let Some(out) = &out {
            told["written"] = serde_json::to_value(out)?;
        }
        printer::json(&told)?;
        return Ok(Outcome::Fine);
    }
    let stages: Vec<_> = std::iter::once(&tilted.before).chain(&tilted.after).cloned().collect();
    printer::table(&tables::tilts(&stages))?;
    if let Some(out) = &out {
        printer::tell(&format!("Subset: {}", out.display()));
    }
    Ok(Outcome::Fine)
}
