//! `weights`: files that the user obtained, in the form that `extract` reads.

use evenhand_experiment::media::face::weights;

use super::Outcome;
use crate::args::{Weights, WeightsCommand};
use crate::printer;

pub(crate) fn weights(arguments: &Weights, json: bool) -> anyhow::Result<Outcome> {
    let WeightsCommand::Convert(arguments) = &arguments.command;
    let converted = weights::convert(&arguments.paths, &arguments.out, arguments.accept_unknown)?;
    printer::tell(&format!("caution: {}", weights::LICENCE_CAUTION));
    if json {
        let sources: Vec<_> = converted
            .sources
            .iter()
            .map(|source| serde_json::json!({ "network": source.network, "sha256": source.sha256, "released": source.released }))
            .collect();
        printer::json(&serde_json::json!({
            "out": converted.out, "sha256": converted.sha256, "parameters": converted.parameters, "sources": sources,
            "caution": weights::LICENCE_CAUTION,
        }))?;
        return Ok(Outcome::Fine);
    }
    for source in &converted.sources {
        let origin = if source.released { "as released" } else { "unknown origin" };
        printer::text(&format!("{}  sha256 {}  {origin}\n", source.network, source.sha256))?;
    }
    printer::text(&format!("{}: {} numbers, sha256 {}\n", converted.out.display(), converted.parameters, converted.sha256))?;
    Ok(Outcome::Fine)
}
