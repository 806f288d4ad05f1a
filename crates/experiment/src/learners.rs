//! Learners of this crate as judges of made rows: what can be learned from them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use evenhand_audit::balance::{Judge, JudgeError, Sides};
use evenhand_learn::{Architecture, Candidates, OBJECTIVES, RunHooks, Training};
use evenhand_metrics::{Estimate, Finding, Outcomes};
use evenhand_rebalance::quality::{Efficacy, GroupEfficacy};
use evenhand_rows::{CategoricalEncoding, Dataset, Encoder, Encoding, LabelKind, NumericEncoding};

use crate::settings::Choice;
use crate::{ExperimentError, training_rows};

/// Learners that judge whether made rows can be learned from, with how they are named.
const LEARNERS: [(&str, &str); 2] = [("logistic-regression", "vanilla"), ("boosting", "boosting")];
/// What they are judged by.
const JUDGED: [&str; 3] = ["accuracy", "f1", "roc-auc"];
/// A logistic regression and boosted trees.
#[derive(Debug)]
pub struct Learners<'a> {
    /// Set to stop.
    pub interrupted: &'a AtomicBool,
}

impl Judge for Learners<'_> {
    fn judge(&self, sides: &Sides, attribute: &str, seed: u64) -> Result<Vec<Efficacy>, JudgeError> {
        efficacy(sides, attribute, seed, self.interrupted).map_err(|error| {
            if self.interrupted.load(Ordering::Relaxed) { JudgeError::Stopped } else { JudgeError::Unfit(error.to_string()) }
        })
    }

    fn versions(&self) -> BTreeMap<String, String> {
        crate::versions()
    }
}

/// Learners fitted on the rows that the method learned from and on the rows that it made, both judged on rows that nobody saw.
fn efficacy(sides: &Sides, attribute: &str, seed: u64, interrupted: &AtomicBool) -> Result<Vec<Efficacy>, ExperimentError> {
    let Sides { learned: real, made, unseen: test } = sides;
    let mut found = Vec::new();
    if real.label()?.kind != LabelKind::Binary || real.features.is_empty() {
        return Ok(found);
    }
    for (name, objective) in LEARNERS {
        let judge = |train: &Dataset| -> Result<(Vec<Finding>, Vec<Vec<Finding>>), ExperimentError> {
            let encoding = Encoding { numeric: NumericEncoding::Standardise, categorical: CategoricalEncoding::OneHot };
            let encoder = Encoder::fit(train, encoding)?;
            // One part in five chooses the epoch.
            let all: Vec<usize> = (0..train.len()).collect();
            let (fifth, rest): (Vec<usize>, Vec<usize>) = all.into_iter().partition(|row| row % 5 == 0);
            let (train, validation) = (train.select(&rest), train.select(&fifth));
            let (inputs, validation_inputs) = (encoder.transform(&train)?, encoder.transform(&validation)?);
            let choice = Choice { id: objective.to_owned(), parameters: BTreeMap::new() };
            let scorer = evenhand_learn::fit(
                &training_rows(&train, &inputs, attribute, None)?,
                &training_rows(&validation, &validation_inputs, attribute, None)?,
                &Architecture { hidden: Vec::new(), ..Architecture::default() },
                &Training { learning_rate: 0.01, ..Training::default() },
                choice.build(OBJECTIVES)?,
                seed,
                &mut RunHooks { checkpoint: None, resume: false, on_epoch: &mut |_| {}, interrupted },
            )?;
            let features = encoder.transform(test)?;
            let scores = scorer.predict(Candidates { features: &features, recordings: None })?.scores;
            let groups = test.groups(attribute)?;
            let labels = &test.label()?.values;
            let measure = |rows: &[usize]| -> Result<Vec<Finding>, ExperimentError> {
                let scores: Vec<f64> = rows.iter().map(|&row| scores[row]).collect();
                let labels: Vec<f64> = rows.iter().map(|&row| labels[row]).collect();
                let groups = groups.select(rows);
                Ok(evenhand_metrics::evaluate(&JUDGED, &Outcomes::new(&scores, &groups)?.labels(&labels)?, None)?)
            };
            let everybody: Vec<usize> = (0..test.len()).collect();
            let by_group = (0..groups.levels().len() as u32).map(|code| {
                let of: Vec<usize> = everybody.iter().copied().filter(|&row| groups.codes()[row] == code).collect();
                if of.is_empty() { Ok(Vec::new()) } else { measure(&of) }
            });
            Ok((measure(&everybody)?, by_group.collect::<Result<_, _>>()?))
        };
        let (of_real, of_real_groups) = judge(real)?;
        let (of_made, of_made_groups) = judge(made)?;
        let groups = test.groups(attribute)?;
        for (position, metric) in JUDGED.iter().enumerate() {
            let of = |findings: &[Finding]| {
                findings
                    .get(position)
                    .map_or_else(|| Estimate::undefined("the group has no held-out rows"), |finding| finding.estimate.clone())
            };
            found.push(Efficacy {
                learner: name.to_owned(),
                metric: (*metric).to_owned(),
                trained_on_real: of(&of_real),
                trained_on_synthetic: of(&of_made),
                by_group: groups
                    .levels()
                    .iter()
                    .zip(groups.sizes())
                    .zip(of_real_groups.iter().zip(&of_made_groups))
                    .map(|((group, rows), (real, made))| GroupEfficacy {
                        group: group.clone(),
                        rows,
                        trained_on_real: of(real),
                        trained_on_synthetic: of(made),
                    })
                    .collect(),
            });
        }
    }
    Ok(found)
}
