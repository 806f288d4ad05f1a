//! Gate 2: a scorer fitted on training rows, and told by validation rows when to stop.

use std::path::Path;

use evenhand_learn::{OBJECTIVES, RunHooks, Scorer};
use evenhand_rows::{Dataset, Encoder, Matrix, SensitiveInput};

use super::RunPlan;
use crate::ExperimentError;
use crate::fitting::Watched;
use crate::training_rows;

/// Training and validation rows, encoded.
#[derive(Debug, Clone)]
pub(crate) struct Sides<'a> {
    pub(crate) train: &'a Dataset,
    pub(crate) validation: &'a Dataset,
    pub(crate) train_inputs: Matrix,
    pub(crate) validation_inputs: Matrix,
    /// Where the attribute stands among the inputs; `None` where it is none of them.
    pub(crate) sensitive: Option<SensitiveInput>,
}

impl<'a> Sides<'a> {
    /// Encodes both sides.
    pub(crate) fn encode(encoder: &Encoder, train: &'a Dataset, validation: &'a Dataset, attribute: &str) -> Result<Self, ExperimentError> {
        Ok(Sides {
            train_inputs: encoder.transform(train)?,
            validation_inputs: encoder.transform(validation)?,
            sensitive: encoder.sensitive_input(train, attribute)?,
            train,
            validation,
        })
    }
}

/// Fits the scorer of a run. With a checkpoint the fit goes on where an interrupted one stopped.
pub(crate) fn fit_scorer(
    plan: &RunPlan<'_>,
    sides: &Sides<'_>,
    checkpoint: Option<&Path>,
    watched: Watched<'_>,
) -> Result<Scorer, ExperimentError> {
    let sensitive = sides.sensitive.as_ref();
    Ok(evenhand_learn::fit(
        &training_rows(sides.train, &sides.train_inputs, plan.attribute, sensitive)?,
        &training_rows(sides.validation, &sides.validation_inputs, plan.attribute, sensitive)?,
        &plan.recipe.model_of(plan.method)?,
        &plan.recipe.training_of(plan.method)?,
        plan.method.objective.build(OBJECTIVES)?,
        plan.seed,
        &mut RunHooks {
            checkpoint: checkpoint.map(Path::to_path_buf),
            resume: checkpoint.is_some(),
            on_epoch: &mut |record| (watched.epoch)(record.epoch, record.epochs),
            interrupted: watched.interrupted,
        },
    )?)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use evenhand_learn::Candidates;
    use evenhand_rows::Encoding;

    use super::*;
    use crate::steps::example::{plan, recipe, rows};

    #[test]
    fn a_fit_is_the_same_again_and_stops_when_it_is_told_to() {
        let (train, validation) = (rows(40), rows(16));
        let recipe = recipe("objective = \"vanilla\"");
        let encoder = Encoder::fit(&train, Encoding::default()).unwrap();
        let sides = Sides::encode(&encoder, &train, &validation, "gender").unwrap();
        assert!(sides.sensitive.is_none(), "the attribute is no input");
        let told = std::sync::Mutex::new(Vec::new());
        let on_epoch = |epoch, epochs| told.lock().unwrap().push((epoch, epochs));
        let fit =
            |stop: bool| fit_scorer(&plan(&recipe, 0), &sides, None, Watched { epoch: &on_epoch, interrupted: &AtomicBool::new(stop) });
        let score = |scorer: &Scorer| scorer.predict(Candidates { features: &sides.validation_inputs, recordings: None }).unwrap().scores;
        let first = score(&fit(false).unwrap());
        assert_eq!(*told.lock().unwrap(), [(1, 2), (2, 2)]);
        assert_eq!(score(&fit(false).unwrap()), first);
        assert!(fit(true).unwrap_err().is_interrupt());
    }
}
