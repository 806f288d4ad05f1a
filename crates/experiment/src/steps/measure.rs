//! The numbers of a run: its scores of the test rows against labels and groups.

use evenhand_learn::{Candidates, Prediction, Scorer};
use evenhand_metrics::{Estimate, Finding, IntervalPlan, Latent, Outcomes};
use evenhand_rows::recordings::Modality;
use evenhand_rows::{Dataset, Groups, Matrix};

use super::RunPlan;
use super::collapse::{self, collapses};
use super::curves::{count_skips, curve_of, trace_disparities};
use super::list::list_candidates;
use crate::ExperimentError;
use crate::evidence::{self, Counted};
use crate::recipe::MetricsSection;
use crate::report::{Measured, Remark, RemarkKind, RunReport, Sizes, TargetFindings, WithoutModality};

/// Everything that a run's scores of the test rows say, `features` being their encoded inputs.
pub(crate) fn measure_run(
    plan: &RunPlan<'_>,
    scorer: &Scorer,
    prediction: &Prediction,
    features: &Matrix,
    test: &Dataset,
    sizes: Sizes,
) -> Result<RunReport, ExperimentError> {
    let metrics = &plan.recipe.metrics;
    let intervals = plan.recipe.intervals.plan();
    let latent = Latent { width: prediction.latent_width, values: &prediction.latent };
    let mut performance = Vec::new();
    let mut attributes = Vec::new();
    for groups in &test.sensitive {
        let outcomes = compare_outcomes(metrics, prediction, test, groups)?;
        let (overall, compared) = evidence::findings(&outcomes, intervals.as_ref())?;
        if performance.is_empty() {
            performance = overall;
        }
        attributes.push(evidence::attribute(&outcomes, Counted::of(groups), compared, plan.first));
    }
    let targets = measure_targets(metrics, prediction, scorer, test)?;
    let modalities = if plan.first { leave_out_modalities(metrics, prediction, scorer, features, test)? } else { Vec::new() };
    let latent = match (plan.first, test.sensitive.first()) {
        (true, Some(groups)) => evidence::latent_plot(latent, groups, &test.label()?.values, metrics.label_threshold),
        _ => None,
    };
    let disparities = trace_disparities(scorer.curves());
    let mut notes = count_skips(scorer.curves());
    notes.extend(scorer.notes().iter().cloned().map(Remark::from));
    let collapsed = collapses(metrics, prediction, test)?;
    notes.extend(collapse::remarks(&collapsed, &prediction.scores));
    if disparities.is_empty() && !plan.recipe.training_of(plan.method)?.trace.is_empty() {
        let text = format!("nothing was traced: {} fits without gradients of the data loss by group", plan.method.objective.id);
        notes.push(Remark::new(RemarkKind::NotTraced, text));
    }
    Ok(RunReport {
        seed: plan.seed,
        fold: plan.fold,
        sizes,
        performance,
        attributes,
        epochs: curve_of(scorer.curves()),
        disparities,
        latent,
        targets,
        modalities,
        shortlists: list_candidates(plan, &prediction.scores, test)?,
        notes,
        collapsed,
        ..RunReport::default()
    })
}

/// Scores of some rows beside their labels, weights and embeddings, to compare the groups of an attribute.
fn compare_outcomes<'a>(
    metrics: &MetricsSection,
    prediction: &'a Prediction,
    data: &'a Dataset,
    groups: &'a Groups,
) -> Result<Outcomes<'a>, ExperimentError> {
    let latent = Latent { width: prediction.latent_width, values: &prediction.latent };
    let mut outcomes =
        Outcomes::new(&prediction.scores, groups)?.labels(&data.label()?.values)?.conventions(metrics.conventions(groups.name()));
    if latent.width > 0 {
        outcomes = outcomes.latent(latent)?;
    }
    if let Some(weights) = &data.weights {
        outcomes = outcomes.weights(weights)?;
    }
    Ok(outcomes)
}

/// Permutations for what chance gives: a mean, of which two digits matter.
const DRAWN: usize = 199;

/// Some numbers of scores and embeddings, each a metric and the attribute that it compares, without intervals, and what chance gives of gaps.
pub(crate) fn measure_numbers(
    wanted: &[(String, Option<String>)],
    metrics: &MetricsSection,
    prediction: &Prediction,
    data: &Dataset,
) -> Result<Vec<Measured>, ExperimentError> {
    let plan = IntervalPlan { replicates: 0, permutations: DRAWN, ..IntervalPlan::default() };
    let mut found = Vec::new();
    for (metric, attribute) in wanted {
        let groups = match (attribute, data.sensitive.first()) {
            (Some(name), _) => data.groups(name)?,
            (None, Some(first)) => first,
            (None, None) => continue,
        };
        let outcomes = compare_outcomes(metrics, prediction, data, groups)?;
        let findings = evenhand_metrics::evaluate(&[metric.as_str()], &outcomes, attribute.as_ref().map(|_| &plan))?;
        let (estimate, by_lot) = findings
            .into_iter()
            .next()
            .map_or_else(|| (Estimate::undefined("not measured"), None), |finding| (finding.estimate, finding.by_lot));
        found.push(Measured { metric: metric.clone(), attribute: attribute.clone(), estimate, by_lot });
    }
    Ok(found)
}

/// What a page says of a set of scores beside the main ones: correlations, error and the gap of the first attribute.
const BRIEF: [&str; 4] = ["pcc", "srcc", "mae", "spdd"];

fn measure_briefly(metrics: &MetricsSection, scores: &[f64], labels: &[f64], test: &Dataset) -> Result<Vec<Finding>, ExperimentError> {
    let Some(groups) = test.sensitive.first() else { return Ok(Vec::new()) };
    let mut outcomes = Outcomes::new(scores, groups)?.labels(labels)?.conventions(metrics.conventions(groups.name()));
    if let Some(weights) = &test.weights {
        outcomes = outcomes.weights(weights)?;
    }
    Ok(evenhand_metrics::evaluate(&BRIEF, &outcomes, None)?)
}

/// What the scorer learned beside the label.
fn measure_targets(
    metrics: &MetricsSection,
    prediction: &Prediction,
    scorer: &Scorer,
    test: &Dataset,
) -> Result<Vec<TargetFindings>, ExperimentError> {
    let scored = scorer.targets().iter().zip(&test.targets).enumerate();
    scored
        .map(|(place, (name, target))| {
            let findings = measure_briefly(metrics, &prediction.target_scores(place), &target.values, test)?;
            Ok(TargetFindings { target: name.clone(), findings })
        })
        .collect()
}

/// The test rows scored once more without each modality that the model reads.
fn leave_out_modalities(
    metrics: &MetricsSection,
    prediction: &Prediction,
    scorer: &Scorer,
    features: &Matrix,
    test: &Dataset,
) -> Result<Vec<WithoutModality>, ExperimentError> {
    let Some(recordings) = &test.recordings else { return Ok(Vec::new()) };
    let read = scorer.architecture().interview.as_ref().map_or(&[][..], |settings| &settings.modalities);
    let mut found = Vec::new();
    for modality in recordings.modalities().into_iter().filter(|modality| read.is_empty() || read.contains(modality)) {
        let place = Modality::ALL.iter().position(|one| *one == modality).unwrap_or_default();
        let mut rows = 0;
        for row in 0..recordings.len() {
            rows += usize::from(recordings.presence(row)?[place]);
        }
        let without = recordings.without(modality);
        let other = scorer.predict(Candidates { features, recordings: Some(&without) })?;
        let change: f64 = prediction.scores.iter().zip(&other.scores).map(|(with, without)| (with - without).abs()).sum();
        found.push(WithoutModality {
            modality: modality.name().to_owned(),
            rows,
            score_change: change / prediction.scores.len() as f64,
            findings: measure_briefly(metrics, &other.scores, &test.label()?.values, test)?,
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::example::rows;

    #[test]
    fn numbers_by_hand() {
        // Labels alternate 1, 1, 0, 0 in both groups but for the tilt that `rows` gives; scores are the labels, so all is right and the gap is theirs.
        let data = rows(40);
        let labels = data.label.as_ref().unwrap().values.clone();
        let rate = |group: u32| {
            let of: Vec<f64> = data.sensitive[0].codes().iter().zip(&labels).filter(|(code, _)| **code == group).map(|(_, y)| *y).collect();
            of.iter().sum::<f64>() / of.len() as f64
        };
        let prediction = Prediction { scores: labels.clone(), ..Prediction::default() };
        let wanted = [("accuracy".to_owned(), None), ("demographic-parity-difference".to_owned(), Some("gender".to_owned()))];
        let found = measure_numbers(&wanted, &MetricsSection::default(), &prediction, &data).unwrap();
        assert_eq!(found[0].estimate.number(), Some(1.0));
        assert!((found[1].estimate.number().unwrap() - (rate(0) - rate(1)).abs()).abs() < 1e-12);
        let unknown = [("accuracy".to_owned(), None), ("spdd".to_owned(), Some("race".to_owned()))];
        assert!(measure_numbers(&unknown, &MetricsSection::default(), &prediction, &data).is_err());
    }
}
