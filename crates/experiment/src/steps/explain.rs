//! What a recipe asks of a fitted scorer beyond its scores: other groups, shuffled inputs, moved weights.

use evenhand_learn::{Candidates, Prediction, Scorer};
use evenhand_metrics::Estimate;
use evenhand_rows::seed::generator_for;
use evenhand_rows::{Dataset, Encoder, Matrix, SensitiveInput};

use super::RunPlan;
use super::fit::{Sides, fit_scorer};
use super::measure::measure_numbers;
use crate::analyses::counterfactual;
use crate::analyses::importance;
use crate::fitting::Watched;
use crate::recipe::CounterfactualName;
use crate::report::{Counterfactual, Importances, Landscape, Remark, RemarkKind, RunReport};
use crate::{ExperimentError, evidence};

/// Test rows that a landscape is measured on, at most.
const LANDSCAPE_ROWS: usize = 2000;

/// Adds to a run what its recipe asks of the scorer. `test` are the test rows and their encoded inputs.
pub(crate) fn explain(
    plan: &RunPlan<'_>,
    scorer: &Scorer,
    encoder: &Encoder,
    sides: &Sides<'_>,
    (test, features): (&Dataset, &Matrix),
    watched: Watched<'_>,
    run: &mut RunReport,
) -> Result<(), ExperimentError> {
    let asked = &plan.recipe.analyses;
    if plan.method.repair.is_some() && (asked.counterfactual != CounterfactualName::None || asked.importance + asked.landscape > 0) {
        let text = "counterfactual scores, importances and landscape are those of the scorer before its repair";
        run.notes.push(Remark::new(RemarkKind::BeforeRepair, text));
    }
    if asked.counterfactual != CounterfactualName::None {
        if let Some(input) = &sides.sensitive {
            run.counterfactual = score_as_others(plan, scorer, sides, input, (test, features), watched)?;
        } else {
            let text = format!(
                "no counterfactual scores: {} is no input of the model, or its group does not settle what its inputs hold (see \
                 data.sensitive_as_features)",
                plan.attribute
            );
            run.notes.push(Remark::new(RemarkKind::NoCounterfactual, text));
        }
    }
    if plan.first && asked.importance > 0 {
        let found = shuffle_inputs(plan, scorer, encoder, features, test)?;
        if let Some(reason) = found.inputs.iter().find_map(|one| one.importance.reason()) {
            let text = format!("importances that could not be measured ({}): {reason}", found.performance);
            run.notes.push(Remark::new(RemarkKind::NoImportance, text));
        }
        run.importances = Some(found);
    }
    if plan.first && asked.landscape > 0 {
        run.landscape = walk_landscape(scorer, encoder, test, asked.landscape)?;
    }
    Ok(())
}

/// Scores of the test rows as members of the other groups: of the fitted scorer and, where the recipe asks for it, of one fitted on re-written rows.
fn score_as_others(
    plan: &RunPlan<'_>,
    scorer: &Scorer,
    sides: &Sides<'_>,
    input: &SensitiveInput,
    (test, features): (&Dataset, &Matrix),
    watched: Watched<'_>,
) -> Result<Option<Counterfactual>, ExperimentError> {
    let metrics = &plan.recipe.metrics;
    let columns = evidence::columns(&metrics.table, test, test.label()?.kind)?;
    let wanted: Vec<(String, Option<String>)> = columns.into_iter().map(|column| (column.metric, column.attribute)).collect();
    let conventions = metrics.conventions(plan.attribute);
    let decide = |score: f64| conventions.selects(score);
    let measure = |prediction: &Prediction| measure_numbers(&wanted, metrics, prediction, test);
    let scores = scorer.predict(Candidates { features, recordings: test.recordings.as_ref() })?.scores;
    let mut found = counterfactual::rescored(scorer, input, features, &scores, test, decide, measure)?;
    let swapped = counterfactual::swapped(input, test.groups(plan.attribute)?.codes());
    if let (CounterfactualName::Retrain, Some(found), Some(to)) = (plan.recipe.analyses.counterfactual, found.as_mut(), swapped) {
        let twin = fit_scorer(plan, &swap_groups(plan, sides, input)?, None, watched)?;
        let other = input.rewritten(features, &to);
        let prediction = twin.predict(Candidates { features: &other, recordings: test.recordings.as_ref() })?;
        found.retrained = measure(&prediction)?;
    }
    Ok(found)
}

/// Training and validation rows, each re-written as one of the other of two groups; as they are where there are more.
fn swap_groups<'a>(plan: &RunPlan<'_>, sides: &Sides<'a>, input: &SensitiveInput) -> Result<Sides<'a>, ExperimentError> {
    let rewritten = |data: &Dataset, matrix: &Matrix| -> Result<Matrix, ExperimentError> {
        let codes = data.groups(plan.attribute)?.codes();
        Ok(counterfactual::swapped(input, codes).map_or_else(|| matrix.clone(), |to| input.rewritten(matrix, &to)))
    };
    Ok(Sides {
        train_inputs: rewritten(sides.train, &sides.train_inputs)?,
        validation_inputs: rewritten(sides.validation, &sides.validation_inputs)?,
        ..sides.clone()
    })
}

/// What the scorer rests on: each input shuffled over the test rows.
fn shuffle_inputs(
    plan: &RunPlan<'_>,
    scorer: &Scorer,
    encoder: &Encoder,
    features: &Matrix,
    test: &Dataset,
) -> Result<Importances, ExperimentError> {
    let asked = &plan.recipe.analyses;
    let usual = || [evidence::usual_performance(test).to_owned(), "spdd".to_owned()];
    let [performance, gap] = asked.front.clone().unwrap_or_else(usual);
    let wanted = [(performance.clone(), None), (gap.clone(), Some(plan.attribute.to_owned()))];
    let card = evenhand_metrics::find(&gap)?.card();
    let judge = |prediction: &Prediction| {
        let mut found = measure_numbers(&wanted, &plan.recipe.metrics, prediction, test)?.into_iter().map(|one| one.estimate);
        let performance = found.next().unwrap_or_else(|| Estimate::undefined("not measured"));
        // A gap falls when it comes nearer to its fair value, from whichever side.
        let distance = found.next().and_then(|gap| evidence::distance(card, gap.number()?));
        Ok((performance, distance))
    };
    let mut rng = generator_for(plan.seed, "importance");
    let inputs = importance::importances(scorer, features, test, &encoder.input_columns(), asked.importance, &mut rng, judge)?;
    Ok(Importances { performance, gap, attribute: plan.attribute.to_owned(), repeats: asked.importance, inputs })
}

/// The loss of the first test rows on a plane through the weights; `None` for a scorer without such weights.
fn walk_landscape(scorer: &Scorer, encoder: &Encoder, test: &Dataset, side: usize) -> Result<Option<Landscape>, ExperimentError> {
    let few: Vec<usize> = (0..test.len().min(LANDSCAPE_ROWS)).collect();
    let part = test.select(&few);
    let features = encoder.transform(&part)?;
    let candidates = Candidates { features: &features, recordings: part.recordings.as_ref() };
    let losses = scorer.landscape(candidates, &part.label()?.values, side).transpose()?;
    Ok(losses.map(|losses| Landscape { rows: few.len(), side, losses }))
}
