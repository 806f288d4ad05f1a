//! `init`: a table in, a recipe proposed for it out.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::bail;
use evenhand_experiment::proposal::{Proposal, Wishes, propose};
use evenhand_experiment::{Recipe, write};

use super::Outcome;
use crate::args::Init;
use crate::printer;

pub(crate) fn init(arguments: &Init, json: bool) -> anyhow::Result<Outcome> {
    let files = [arguments.file.to_string_lossy().into_owned()];
    let out = arguments.out.clone().unwrap_or_else(|| arguments.file.with_extension("toml"));
    write::refuse_input(&out, &files)?;
    if out.exists() && !arguments.force {
        bail!("{} is there already; give another file with --out, or replace it with --force", out.display());
    }
    let settings = arguments.reading.settings(&files)?;
    let mut wishes = Wishes { label: arguments.label.clone(), sensitive: arguments.sensitive.clone() };
    let mut proposal = propose(&files, &settings, &wishes)?;
    let terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    if !arguments.yes && !terminal {
        printer::tell("Nobody can be asked here: what is proposed is taken, as with --yes.");
    }
    if !arguments.yes && terminal {
        let attributes: Vec<String> = proposal.sensitive.iter().map(|role| role.name.clone()).collect();
        wishes.label = answer("Column with the label", &proposal.label.column)?;
        wishes.sensitive = answer("Sensitive attributes, by commas", &attributes.join(", "))?
            .map(|text| text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect())
            .unwrap_or(wishes.sensitive);
        proposal = propose(&files, &settings, &wishes)?;
    }
    let text = proposal.recipe(&named_from(&arguments.file, &out), &settings);
    // What is proposed must be a recipe: a fault here is ours and leaves no file.
    let folder = out.parent().map(Path::to_path_buf).unwrap_or_default();
    Recipe::parse(&text, &out.display().to_string(), folder)?;
    if !arguments.yes && terminal {
        printer::text(&told(&proposal))?;
        if answer("Write the recipe", "yes")?.is_some_and(|word| !word.to_lowercase().starts_with('y')) {
            printer::tell("Nothing was written.");
            return Ok(Outcome::Fine);
        }
    }
    write::probe(&out)?;
    write::replace(&out, text.as_bytes())?;
    if json {
        printer::json(&in_json(&proposal, &out))?;
    } else if arguments.yes || !terminal {
        printer::text(&printer::printable(&told(&proposal)))?;
    }
    for warning in &proposal.warnings {
        printer::tell(&format!("note: {warning}"));
    }
    let recipe = out.display();
    printer::tell(&format!(
        "Recipe: {recipe}\nNext: evenhand compare {recipe}\n      evenhand sweep {recipe} --over objective.lambda_w=0.02,0.05,0.1,0.2,0.5"
    ));
    Ok(Outcome::Fine)
}

/// The file as the recipe's folder names it.
fn named_from(file: &Path, out: &Path) -> String {
    let folder = |path: &Path| path.parent().map(Path::to_path_buf).unwrap_or_default();
    let found = if folder(file) == folder(out) { file.file_name().map(PathBuf::from) } else { std::path::absolute(file).ok() };
    found.unwrap_or_else(|| file.to_path_buf()).to_string_lossy().into_owned()
}

/// What somebody answers; `None` for the proposed answer.
fn answer(question: &str, proposed: &str) -> anyhow::Result<Option<String>> {
    write!(io::stderr(), "{} [{}]: ", question, printer::printable(proposed))?;
    io::stderr().flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(Some(line.trim().to_owned()).filter(|line| !line.is_empty()))
}

fn told(proposal: &Proposal) -> String {
    let mut lines = Vec::new();
    let range = proposal.label.range.map(|(low, high)| format!(" ({low} to {high})")).unwrap_or_default();
    lines.push(format!("{} rows", proposal.rows));
    lines.push(format!("label       {}{range}", proposal.label.column));
    for (attribute, groups) in &proposal.groups {
        let groups: Vec<String> = groups.iter().map(|(group, rows)| format!("{group} {rows}")).collect();
        lines.push(format!("sensitive   {attribute}: {}", groups.join(", ")));
    }
    for (role, column) in [("person", &proposal.person), ("job", &proposal.job), ("weight", &proposal.weight)] {
        lines.extend(column.iter().map(|column| format!("{role:<11} {column}")));
    }
    lines.push(format!("inputs      {}", proposal.inputs.join(", ")));
    for found in &proposal.left_out {
        lines.push(format!("left out    {}: {}", found.column, found.reason));
    }
    for found in &proposal.excluded {
        lines.push(format!("excluded    {}: {}", found.column, found.reason));
    }
    for told in &proposal.told {
        let Some(auc) = told.auc.estimate.number() else { continue };
        let interval =
            told.auc.estimate.interval().map(|interval| format!(" [{:.2}, {:.2}]", interval.low, interval.high)).unwrap_or_default();
        let strongest: Vec<String> = told.strongest.iter().map(|(input, auc)| format!("{input} {auc:.2}")).collect();
        lines.push(format!(
            "tells       {} = {} from all others: ROC AUC {auc:.2}{interval}, n = {} and {}; alone: {}",
            told.attribute,
            told.group,
            told.rows.0,
            told.rows.1,
            strongest.join(", ")
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn in_json(proposal: &Proposal, out: &Path) -> serde_json::Value {
    let found = |list: &[evenhand_experiment::inputs::Suspicion]| -> Vec<serde_json::Value> {
        list.iter().map(|found| serde_json::json!({ "column": found.column, "reason": found.reason })).collect()
    };
    let told: Vec<serde_json::Value> = proposal
        .told
        .iter()
        .map(|told| {
            let interval = told.auc.estimate.interval().map(|interval| [interval.low, interval.high]);
            serde_json::json!({
                "attribute": told.attribute, "group": told.group, "rows": [told.rows.0, told.rows.1],
                "roc_auc": told.auc.estimate.number(), "interval": interval, "strongest": told.strongest,
            })
        })
        .collect();
    serde_json::json!({
        "rows": proposal.rows,
        "label": { "column": proposal.label.column, "range": proposal.label.range },
        "sensitive": proposal.groups,
        "person": proposal.person, "job": proposal.job, "weight": proposal.weight,
        "inputs": proposal.inputs,
        "left_out": found(&proposal.left_out),
        "excluded": found(&proposal.excluded),
        "tells": told,
        "warnings": proposal.warnings,
        "recipe": out,
    })
}
