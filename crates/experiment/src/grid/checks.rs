//! What can be refused is refused before hours of training.

use std::collections::HashSet;

use evenhand_learn::OBJECTIVES;
use evenhand_rebalance::shares::Shares;
use evenhand_rows::Dataset;

use crate::recipe::{MethodSection, Recipe};
use crate::report::LeftOut;
use crate::{ExperimentError, evidence};

/// Refuses what a recipe asks of these rows and they cannot give. Returns the attribute that gate 1 and the objectives act on.
pub(crate) fn refuse_early(recipe: &Recipe, data: &Dataset) -> Result<String, ExperimentError> {
    recipe.metrics.check(&data.sensitive)?;
    data.sensitive.iter().try_for_each(evenhand_audit::scores::refuse_persons_in)?;
    for key in recipe.limits.keys().chain(recipe.methods.iter().flat_map(|method| method.published.keys())) {
        evidence::check_key(key, data)?;
    }
    refuse_unknown_targets(recipe, data)?;
    let attribute = data
        .sensitive
        .first()
        .map(|groups| groups.name().to_owned())
        .ok_or_else(|| ExperimentError::Request("the data has no sensitive attribute; name one under [[data.sensitive]]".to_owned()))?;
    refuse_single_groups(recipe, data, &attribute)?;
    refuse_unknown_lists(recipe, data, &attribute)?;
    refuse_unknown_shares(recipe, data, &attribute)?;
    Ok(attribute)
}

/// Refuses objectives on targets that the model does not learn.
fn refuse_unknown_targets(recipe: &Recipe, data: &Dataset) -> Result<(), ExperimentError> {
    let label = data.label()?;
    for method in &recipe.methods {
        let known = |name: &String| *name == label.name || data.targets.iter().any(|target| target.name == *name);
        if let Some(name) = recipe.training_of(method)?.regularised.iter().find(|name| !known(name)) {
            let targets: Vec<&str> = std::iter::once(label).chain(&data.targets).map(|target| target.name.as_str()).collect();
            return Err(ExperimentError::Request(format!(
                "training.regularised names `{name}`, which the model does not learn; known are {} (further ones under data.targets)",
                targets.join(", ")
            )));
        }
    }
    Ok(())
}

/// Refuses objectives that compare groups where there is one: their terms are all skipped, and what remains is plain training under another
/// name.
fn refuse_single_groups(recipe: &Recipe, data: &Dataset, attribute: &str) -> Result<(), ExperimentError> {
    match compares_one_group(recipe, data, attribute)?.into_iter().find(|method| !method.offered) {
        None => Ok(()),
        Some(method) => Err(ExperimentError::Request(format!(
            "`{}` compares groups in training, and all rows whose `{attribute}` is known are of one group; act on another attribute, check how \
             its column is read, or train with objective = \"vanilla\"",
            method.name
        ))),
    }
}

/// Methods whose objective compares groups, where all rows of known group are of one.
fn compares_one_group<'a>(recipe: &'a Recipe, data: &Dataset, attribute: &str) -> Result<Vec<&'a MethodSection>, ExperimentError> {
    let present = data.groups(attribute)?.sizes().iter().filter(|rows| **rows > 0).count();
    let mut found = Vec::new();
    for method in recipe.methods.iter().filter(|_| present < 2) {
        if method.objective.build(OBJECTIVES)?.needs().attribute_to_train {
            found.push(method);
        }
    }
    Ok(found)
}

/// Methods that a family brought and that would train on these rows without their own term.
pub(crate) fn unfit(recipe: &Recipe, data: &Dataset, attribute: &str) -> Result<Vec<LeftOut>, ExperimentError> {
    let found = compares_one_group(recipe, data, attribute)?;
    let reason = format!("it compares groups in training, and all rows whose `{attribute}` is known are of one group");
    Ok(found.into_iter().map(|method| LeftOut { method: method.name.clone(), reason: reason.clone(), failed: false }).collect())
}

/// Refuses lists of jobs and shares of groups that the data does not have.
fn refuse_unknown_lists(recipe: &Recipe, data: &Dataset, attribute: &str) -> Result<(), ExperimentError> {
    let Some(shortlist) = &recipe.shortlist else { return Ok(()) };
    let said = |error: String| ExperimentError::Request(format!("[shortlist] {error}"));
    let jobs: HashSet<&String> = data.job.iter().flat_map(|job| &job.levels).collect();
    for (job, wanted) in &shortlist.jobs {
        if !jobs.contains(job) {
            return Err(said(format!("jobs: the data has no job `{job}`")));
        }
        wanted.check_groups(data.groups(attribute)?).map_err(|error| said(format!("jobs.{job}: {error}")))?;
    }
    shortlist.target.check_groups(data.groups(attribute)?).map_err(|error| said(format!("target: {error}")))
}

/// Refuses wanted shares of made rows for groups that the data does not have.
fn refuse_unknown_shares(recipe: &Recipe, data: &Dataset, attribute: &str) -> Result<(), ExperimentError> {
    for section in recipe.methods.iter().filter_map(|method| method.synthesise.as_ref()) {
        let groups = data.groups(attribute)?;
        let shares = Shares::parse(&section.groups).and_then(|shares| shares.resolve(groups.levels(), &groups.sizes()));
        shares.map_err(|error| ExperimentError::Request(format!("synthesise.groups: {error}")))?;
    }
    Ok(())
}
