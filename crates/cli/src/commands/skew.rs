//! `skew`: the unfairness degree of a file's labels.

use evenhand_audit::tilting::{TiltRequest, Wanted, tilt};
use evenhand_report::views::tables;

use super::Outcome;
use crate::args::Skew;
use crate::printer;

pub(crate) fn skew(arguments: Skew, json: bool) -> anyhow::Result<Outcome> {
    if arguments.out.is_some() && arguments.alpha.is_none() && arguments.keep.is_none() {
        anyhow::bail!("--out needs the wanted tilt: add --alpha ALPHA or --keep ROWS");
    }
    let wanted = arguments.alpha.map(Wanted::Alpha).or(arguments.keep.map(Wanted::Keep));
    let report = tilt(&TiltRequest {
        files: arguments.files,
        label: arguments.label,
        favourable: arguments.favourable,
        group: arguments.group,
        pair: arguments.privileged.zip(arguments.unprivileged),
        threshold: arguments.threshold,
        cut: wanted.zip(arguments.out),
        seed: arguments.seed,
    })?;
    if json {
        printer::json(&serde_json::to_value(&report)?)?;
        return Ok(Outcome::Fine);
    }
    let stages: Vec<_> = std::iter::once(&report.before).chain(&report.after).cloned().collect();
    printer::table(&tables::tilts(&stages))?;
    if let Some(path) = &report.written {
        printer::tell(&format!("Subset: {}", path.display()));
    }
    Ok(Outcome::Fine)
}
