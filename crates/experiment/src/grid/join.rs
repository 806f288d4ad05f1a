//! Finished runs joined into methods, and what is said of all of them: means, tilts, fronts.

use evenhand_learn::OBJECTIVES;
use evenhand_metrics::Estimate;
use evenhand_rows::Dataset;

use super::Observer;
use super::parts::Part;
use super::remarks;
use crate::analyses::choice::Wish;
use crate::analyses::{front, importance};
use crate::recipe::{Choice, MethodSection, Recipe, SynthesisSection};
use crate::report::{DataSummary, Front, LimitCheck, MethodChoice, MethodReport, Report, RunReport, Summary, Tilt};
use crate::steps::balance::balance_rows;
use crate::steps::sample::sample_parts;
use crate::{ExperimentError, evidence, lookup};

/// The methods of a report, each with its runs in the order of the parts; `runs` holds them method by method.
pub(crate) fn join_methods(
    recipe: &Recipe,
    data: &Dataset,
    attribute: &str,
    parts: &[Part],
    mut runs: Vec<RunReport>,
) -> Result<Vec<MethodReport>, ExperimentError> {
    let mut methods = Vec::new();
    for (method, runs) in recipe.methods.iter().zip(runs.chunks_mut(parts.len())) {
        for (run, part) in runs.iter_mut().zip(parts) {
            complete_run(recipe, method, data, part, run)?;
        }
        methods.push(MethodReport {
            name: method.name.clone(),
            rebalance: method.rebalance.as_ref().map(Choice::summary),
            sample: method.sample.as_ref().map(Choice::summary),
            synthesise: method.synthesise.as_ref().map(|section| section.method.summary()),
            objective: Some(method.objective.summary()),
            repair: method.repair.as_ref().map(Choice::summary),
            attribute_to_score: method.repair.is_some() || method.objective.build(OBJECTIVES)?.needs().attribute_to_score,
            rerank: method.rerank.as_ref().map(Choice::summary),
            family: method.family.clone(),
            swept: method.swept,
            published: method.published.iter().map(|(metric, value)| (with_attribute(metric, attribute), (*value).into())).collect(),
            summary: summarise(runs),
            runs: runs.to_vec(),
        });
    }
    Ok(methods)
}

/// Tells how long the runs of each method took, and leaves it out of the report.
pub(crate) fn tell_seconds(methods: &mut [MethodReport], observer: &dyn Observer) {
    for method in methods {
        let seconds: Option<Vec<f64>> = method.runs.iter_mut().map(|run| run.seconds.take()).collect();
        if let Some(mean) = seconds.and_then(|seconds| evidence::mean(seconds.into_iter())) {
            observer.method_took(&method.name, mean);
        }
    }
}

/// Adds to a run what the cells do not keep, as it can be told of a finished one.
fn complete_run(recipe: &Recipe, method: &MethodSection, data: &Dataset, part: &Part, run: &mut RunReport) -> Result<(), ExperimentError> {
    if method.sample.is_none() {
        let before = part.split.train.len();
        run.sizes.train_before = (before != run.sizes.train).then_some(before);
    }
    if let Some(found) = &mut run.importances {
        importance::associate(found, data)?;
    }
    if let Some(made) = &mut run.synthesis {
        made.other_jobs = recipe.split.holds_out_jobs();
    }
    run.notes.extend(remarks::mixture(recipe, method)?);
    run.notes.extend(remarks::as_taken(method)?);
    Ok(())
}

/// `spdd` means the gap of the first attribute; overall performance has none.
fn with_attribute(metric: &str, attribute: &str) -> String {
    if metric.contains('@') || !evidence::compares_groups(metric) { metric.to_owned() } else { format!("{metric}@{attribute}") }
}

/// Mean and sample standard deviation of every metric over the runs.
fn summarise(runs: &[RunReport]) -> Vec<Summary> {
    let Some(first) = runs.first() else { return Vec::new() };
    let mut keys: Vec<(String, Option<String>)> = first.performance.iter().map(|finding| (finding.metric.clone(), None)).collect();
    for attribute in &first.attributes {
        keys.extend(attribute.findings.iter().map(|finding| (finding.metric.clone(), Some(attribute.attribute.clone()))));
    }
    keys.into_iter()
        .map(|(metric, attribute)| {
            let estimates: Vec<&Estimate> = runs
                .iter()
                .filter_map(|run| lookup::finding(run, &metric, attribute.as_deref()))
                .map(|finding| &finding.estimate)
                .collect();
            let values: Vec<f64> = estimates.iter().filter_map(|estimate| estimate.number()).collect();
            let undefined = || estimates.first().map_or_else(|| Estimate::undefined("no run measured it"), |estimate| (*estimate).clone());
            let mean = evidence::mean(values.iter().copied()).map_or_else(undefined, Estimate::value);
            Summary { metric, attribute, mean, std: evidence::spread(&values), defined: values.len(), runs: runs.len() }
        })
        .collect()
}

/// What is known of the data, with its tilt at every stage.
pub(crate) fn summarise_data(
    recipe: &Recipe,
    data: &Dataset,
    attribute: &str,
    first: &Part,
    methods: &[MethodReport],
) -> Result<DataSummary, ExperimentError> {
    let mut summary = evidence::data_summary(data, recipe.metrics.label_threshold)?;
    summary.tilt = measure_tilts(recipe, data, attribute, first)?;
    summary.tilt.extend(tilts_of_made(recipe, methods));
    Ok(summary)
}

/// Tilt of the data as loaded, after `skew`, and after gate 1 of each method, on the rows of the first run.
fn measure_tilts(recipe: &Recipe, data: &Dataset, attribute: &str, part: &Part) -> Result<Vec<Tilt>, ExperimentError> {
    let pair = recipe.skew.as_ref().map(|skew| (skew.privileged.clone(), skew.unprivileged.clone()));
    let threshold = recipe.skew.as_ref().map_or(recipe.metrics.label_threshold, |skew| skew.threshold);
    let attribute = recipe.skew.as_ref().and_then(|skew| skew.attribute.as_deref()).unwrap_or(attribute);
    let Some(loaded) = evidence::tilt("as loaded", data, attribute, pair, threshold)? else { return Ok(Vec::new()) };
    // All stages speak of the same two groups in the same order, also where gate 1 made their rates equal.
    let pair = Some((loaded.privileged.clone(), loaded.unprivileged.clone()));
    let mut stages = vec![loaded];
    if recipe.skew.is_some() {
        let train = data.select(&part.split.train);
        stages.extend(evidence::tilt("training rows after skew", &train, attribute, pair.clone(), threshold)?);
    }
    let changes = |method: &&MethodSection| (method.rebalance.is_some() || method.sample.is_some()) && method.swept.is_none();
    let gates = |method: &MethodSection| (method.sample.clone(), method.rebalance.clone());
    // Where methods share a stage, all stages are named by what was done, else by the one method that did it.
    let all: Vec<_> = recipe.methods.iter().filter(changes).map(gates).collect();
    let shared = all.iter().enumerate().any(|(position, one)| all[..position].contains(one));
    let mut told = Vec::new();
    for method in recipe.methods.iter().filter(changes) {
        if told.contains(&gates(method)) {
            continue;
        }
        told.push(gates(method));
        let [train, ..] = sample_parts(method, data, attribute, &part.split, part.seed)?;
        let rows = balance_rows(method, &train, attribute, part.seed)?;
        let uncounted = if rows.weights.is_some() && rows.weights != train.weights { " (rows counted, not its weights)" } else { "" };
        let name = if shared { name_apart(recipe, method) } else { method.name.clone() };
        let stage = format!("training rows after {name}{uncounted}");
        stages.extend(evidence::tilt(&stage, &rows, attribute, pair.clone(), threshold)?);
    }
    Ok(stages)
}

/// What gate 1 leaves of a method's rows, with the parameters that tell it from the recipe's other methods.
fn name_apart(recipe: &Recipe, method: &MethodSection) -> String {
    let gates = |method: &MethodSection| [&method.sample, &method.rebalance].into_iter().flatten().map(Choice::summary).collect::<Vec<_>>();
    let all: Vec<MethodChoice> = recipe.methods.iter().flat_map(gates).collect();
    gates(method).iter().map(|choice| crate::report::naming::apart(choice, &all)).collect::<Vec<_>>().join("; ")
}

/// Tilt of the rows that synthesisers made in the first run; methods that learned from the same rows show them once.
fn tilts_of_made(recipe: &Recipe, methods: &[MethodReport]) -> Vec<Tilt> {
    // How many rows are compared with real ones changes none of them.
    let source = |section: &MethodSection| {
        let made = section.synthesise.clone().map(|made| SynthesisSection { compared: 0, ..made });
        (section.sample.clone(), section.rebalance.clone(), made)
    };
    let sections: Vec<&MethodSection> = recipe.methods.iter().filter(|section| section.swept.is_none()).collect();
    let mut told = Vec::new();
    let mut stages = Vec::new();
    for section in &sections {
        let method = methods.iter().find(|method| method.name == section.name);
        let Some(made) = method.and_then(|method| method.runs.first()?.synthesis.as_ref()) else { continue };
        let source_here = source(section);
        if told.contains(&source_here) {
            continue;
        }
        let alike = sections.iter().filter(|other| source(other) == source_here).count();
        told.push(source_here);
        stages.extend(made.tilt.iter().cloned().map(|tilt| match alike {
            1 => tilt,
            _ => Tilt { stage: format!("rows made for {} and {} more", section.name, alike - 1), ..tilt },
        }));
    }
    stages
}

/// The planes of performance and fairness, one an attribute and sample.
pub(crate) fn draw_fronts(recipe: &Recipe, report: &Report) -> Vec<Front> {
    let usual = || Some([lookup::performance_metric(report)?, "spdd".to_owned()]);
    let Some([performance, gap]) = recipe.analyses.front.clone().or_else(usual) else { return Vec::new() };
    let attributes = lookup::attributes(report);
    attributes.iter().flat_map(|attribute| front::compare(&report.methods, &performance, &gap, attribute)).collect()
}

/// Judges the limits. A sweep answers for the setting it chose; one that chose nothing has failed its limits already, and one without limits has none.
pub(crate) fn judge_limits(recipe: &Recipe, wish: Option<&Wish>, report: &Report) -> Result<Vec<LimitCheck>, ExperimentError> {
    match (wish, &report.choice) {
        (Some(wish), Some(choice)) => {
            Ok(evidence::check_limits(&wish.limits, recipe.judge, report, |method| choice.chosen.as_ref() == Some(&method.name))?)
        }
        _ => Ok(evidence::check_limits(&recipe.limits, recipe.judge, report, |_| true)?),
    }
}
