//! Gate 3: scores changed by group, by what a repair learned of the scorer's validation scores.

use evenhand_learn::{Candidates, Prediction, Scorer};
use evenhand_rerank::{Fitted, REPAIRS, Sample, Shortlist};
use evenhand_rows::{Dataset, Identity, Matrix};

use super::RunPlan;
use super::fit::Sides;
use crate::ExperimentError;
use crate::recipe::Choice;

/// What the repair learns of the scorer's validation scores.
pub(crate) fn fit_repair(plan: &RunPlan<'_>, choice: &Choice, scorer: &Scorer, sides: &Sides<'_>) -> Result<Fitted, ExperimentError> {
    let validation = sides.validation;
    if validation.is_empty() {
        return Err(ExperimentError::Request(format!(
            "`{}` is fitted on validation rows, and there are none; give them a share under [split]",
            choice.id
        )));
    }
    let prediction = scorer.predict(Candidates { features: &sides.validation_inputs, recordings: validation.recordings.as_ref() })?;
    let groups = validation.groups(plan.attribute)?;
    let threshold = plan.recipe.metrics.label_threshold;
    let favourable: Vec<bool> = validation.label()?.values.iter().map(|&label| label >= threshold).collect();
    let rows = Shortlist::new(&prediction.scores, groups.codes(), groups.levels())?;
    let mut sample = Sample::new(rows).favourable(&favourable)?;
    if let Some(weights) = &validation.weights {
        sample = sample.weights(weights)?;
    }
    Ok(choice.build(REPAIRS)?.fit(&sample)?)
}

/// Scores of rows, as the run's repair leaves them.
pub(crate) fn score_rows(
    plan: &RunPlan<'_>,
    scorer: &Scorer,
    repair: Option<&Fitted>,
    features: &Matrix,
    data: &Dataset,
) -> Result<Prediction, ExperimentError> {
    let mut prediction = scorer.predict(Candidates { features, recordings: data.recordings.as_ref() })?;
    if let Some(repair) = repair {
        prediction.scores = apply_repair(repair, &prediction.scores, data, plan.attribute, plan.seed)?;
    }
    Ok(prediction)
}

/// Scores as a repair changes them. Where the data names persons, what is drawn hangs on the person and the job, so that a candidate is decided
/// alike in whatever file it comes.
pub(crate) fn apply_repair(
    repair: &Fitted,
    scores: &[f64],
    data: &Dataset,
    attribute: &str,
    seed: u64,
) -> Result<Vec<f64>, ExperimentError> {
    let groups = data.groups(attribute)?;
    let rows = Shortlist::new(scores, groups.codes(), groups.levels())?;
    let Some(person) = &data.person else { return Ok(repair.apply(&rows, seed)?) };
    let text = |identity: &Identity, row: usize| identity.levels[identity.codes[row] as usize].clone();
    let job = |row: usize| data.job.as_ref().map_or_else(String::new, |job| text(job, row));
    let keys: Vec<String> = (0..scores.len()).map(|row| format!("{}\n{}", text(person, row), job(row))).collect();
    Ok(repair.apply_by_key(&rows, &keys, seed)?)
}

#[cfg(test)]
mod tests {
    use evenhand_rows::Identity;

    use super::*;
    use crate::steps::example::rows;

    #[test]
    fn a_repair_lifts_the_lower_group_onto_the_other() {
        let data = rows(60);
        let groups = data.groups("gender").unwrap();
        let scores: Vec<f64> = groups.codes().iter().enumerate().map(|(row, code)| 0.01 * row as f64 + 0.3 * f64::from(*code)).collect();
        let list = Shortlist::new(&scores, groups.codes(), groups.levels()).unwrap();
        let choice: Choice = toml::from_str::<toml::Table>("x = \"quantile-repair\"").unwrap()["x"].clone().try_into().unwrap();
        let fitted = choice.build(REPAIRS).unwrap().fit(&Sample::new(list)).unwrap();
        let repaired = apply_repair(&fitted, &scores, &data, "gender", 0).unwrap();
        let mean = |scores: &[f64], group: u32| {
            let of: Vec<f64> = groups.codes().iter().zip(scores).filter(|(code, _)| **code == group).map(|(_, score)| *score).collect();
            of.iter().sum::<f64>() / of.len() as f64
        };
        let gap = |scores: &[f64]| (mean(scores, 0) - mean(scores, 1)).abs();
        assert!(gap(&repaired) < 0.1 * gap(&scores), "{} after {}", gap(&repaired), gap(&scores));
    }

    #[test]
    fn a_person_is_repaired_alike_in_whatever_file_they_come() {
        let mut data = rows(60);
        let levels: Vec<String> = (0..60).map(|row| format!("p{row}")).collect();
        data.person = Some(Identity { name: "person".to_owned(), levels, codes: (0..60).collect() });
        let scores: Vec<f64> = (0..60).map(|row| f64::from(row % 7) / 7.0).collect();
        let groups = data.groups("gender").unwrap();
        let list = Shortlist::new(&scores, groups.codes(), groups.levels()).unwrap();
        let choice: Choice = toml::from_str::<toml::Table>("x = \"quantile-repair\"").unwrap()["x"].clone().try_into().unwrap();
        let fitted = choice.build(REPAIRS).unwrap().fit(&Sample::new(list)).unwrap();
        let all = apply_repair(&fitted, &scores, &data, "gender", 3).unwrap();
        let few: Vec<usize> = vec![41, 7, 12];
        let some = apply_repair(&fitted, &few.iter().map(|&row| scores[row]).collect::<Vec<_>>(), &data.select(&few), "gender", 3).unwrap();
        assert_eq!(some, few.iter().map(|&row| all[row]).collect::<Vec<_>>());
    }
}
