//! The choice of a sweep: the setting of highest performance among those within the limits, judged on validation rows.
//!
//! Performance is a mean over the runs, and so is what limits are compared with: the distance from the metric's fair value, so that gaps of
//! either sign do not cancel (of a ratio the ratio or its inverse, whichever is below 1). Both are measured on the rows that training did
//! not see but early stopping did; the test rows take no part. What the chosen setting does on test rows stands in the report's tables and
//! limits, and may well lie beyond a limit that the validation rows kept: with several settings tried, the best validation value is
//! somewhat lucky.

use std::collections::{BTreeMap, BTreeSet};

use evenhand_metrics::Estimate;
use evenhand_rows::Dataset;

use crate::report::{Candidate, Choice, Collapse, Limited, Measured, MethodReport};
use crate::{ExperimentError, evidence};

/// What a sweep shall choose by.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wish {
    /// Id of the metric of performance; `None`: Spearman's correlation for continuous labels, accuracy for binary ones.
    pub by: Option<String>,
    /// Limits as in a recipe: `metric` or `metric@attribute`.
    pub limits: BTreeMap<String, f64>,
}

/// A resolved wish: what must be measured on validation rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    by: String,
    limits: Vec<(String, Option<String>, f64)>,
}

impl Search {
    /// Checks a wish against the registry and the data.
    pub fn new(wish: &Wish, data: &Dataset) -> Result<Self, ExperimentError> {
        let by = wish.by.clone().unwrap_or_else(|| evidence::usual_performance(data).to_owned());
        let card = evenhand_metrics::find(&by)?.card();
        if evidence::compares_groups(&by) || card.direction != evenhand_catalog::Direction::Higher {
            let message = "a choice is made by a metric of which more is better, over all rows, for example accuracy, roc-auc or srcc";
            return Err(ExperimentError::Setting { setting: "by", value: by, message: message.to_owned() });
        }
        if wish.limits.is_empty() {
            let message = "a choice needs a limit: metric=value, for example spdd=0.05".to_owned();
            return Err(ExperimentError::Setting { setting: "limit", value: String::new(), message });
        }
        let mut limits = Vec::new();
        for (key, &limit) in &wish.limits {
            evidence::check_key(key, data)?;
            let (metric, named) = key.split_once('@').map_or((key.as_str(), None), |(metric, name)| (metric, Some(name.to_owned())));
            evenhand_metrics::find(metric)?;
            let attributes = match (evidence::compares_groups(metric), named) {
                (false, _) => vec![None],
                (true, Some(name)) => vec![Some(name)],
                (true, None) => data.sensitive.iter().map(|groups| Some(groups.name().to_owned())).collect(),
            };
            limits.extend(attributes.into_iter().map(|attribute| (metric.to_owned(), attribute, limit)));
        }
        Ok(Search { by, limits })
    }

    /// What is measured: each metric with its attribute once.
    pub fn wanted(&self) -> Vec<(String, Option<String>)> {
        let mut wanted = vec![(self.by.clone(), None)];
        for (metric, attribute, _) in &self.limits {
            if !wanted.contains(&(metric.clone(), attribute.clone())) {
                wanted.push((metric.clone(), attribute.clone()));
            }
        }
        wanted
    }

    /// The choice among finished methods.
    pub fn choose(&self, methods: &[MethodReport]) -> Result<Choice, ExperimentError> {
        let mut candidates = Vec::new();
        for method in methods {
            let mut limited = Vec::new();
            for (metric, attribute, limit) in &self.limits {
                let card = evenhand_metrics::find(metric)?.card();
                let estimate = mean(method, metric, attribute.as_deref(), |value| evidence::judged(card, value));
                let met = estimate.number().is_some_and(|value| evidence::within(card, value, *limit));
                limited.push(Limited { metric: metric.clone(), attribute: attribute.clone(), limit: *limit, estimate, met });
            }
            let within = limited.iter().all(|one| one.met);
            let collapsed: BTreeSet<Collapse> = method.runs.iter().flat_map(|run| run.validation_collapsed.iter().copied()).collect();
            candidates.push(Candidate {
                method: method.name.clone(),
                performance: mean(method, &self.by, None, |value| value),
                limited,
                within,
                collapsed: collapsed.into_iter().collect(),
            });
        }
        let mut chosen: Option<(&str, f64)> = None;
        for candidate in candidates.iter().filter(|candidate| candidate.within && candidate.collapsed.is_empty()) {
            // Of equal ones the first stays.
            if let Some(value) = candidate.performance.number()
                && chosen.is_none_or(|(_, best)| value > best)
            {
                chosen = Some((&candidate.method, value));
            }
        }
        let chosen = chosen.map(|(name, _)| name.to_owned());
        Ok(Choice { by: self.by.clone(), candidates, chosen, model: None })
    }
}

/// Mean over the runs of what is made of each value; undefined when it is undefined in one of them.
fn mean(method: &MethodReport, metric: &str, attribute: Option<&str>, of: impl Fn(f64) -> f64) -> Estimate {
    let found = |measured: &Measured| measured.metric == metric && measured.attribute.as_deref() == attribute;
    let estimates: Vec<Option<&Estimate>> =
        method.runs.iter().map(|run| run.validation.iter().find(|measured| found(measured)).map(|measured| &measured.estimate)).collect();
    let mut sum = 0.0;
    for estimate in &estimates {
        match estimate {
            Some(Estimate::Value { value, .. }) => sum += of(*value),
            Some(Estimate::Undefined { undefined }) => return Estimate::undefined(undefined.clone()),
            None => return Estimate::undefined("not measured on validation rows"),
        }
    }
    Estimate::value(sum / estimates.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::RunReport;

    fn run(seed: u64, accuracy: f64, gap: f64) -> RunReport {
        let measured = |metric: &str, attribute: Option<&str>, value: f64| Measured {
            metric: metric.to_owned(),
            attribute: attribute.map(str::to_owned),
            estimate: Estimate::value(value),
        };
        RunReport {
            seed,
            validation: vec![measured("accuracy", None, accuracy), measured("equal-opportunity-difference", Some("sex"), gap)],
            ..RunReport::default()
        }
    }

    fn method(name: &str, runs: Vec<RunReport>) -> MethodReport {
        MethodReport { name: name.to_owned(), runs, ..MethodReport::default() }
    }

    #[test]
    fn a_setting_whose_scores_say_nothing_is_never_chosen() {
        let limit = ("equal-opportunity-difference".to_owned(), Some("sex".to_owned()), 0.1);
        let search = Search { by: "accuracy".to_owned(), limits: vec![limit] };
        let flat = RunReport { validation_collapsed: vec![Collapse::OneDecision], ..run(1, 0.9, 0.0) };
        // The first has the higher accuracy and no gap, and passes everybody in one of its runs.
        let methods = [method("passes all", vec![run(0, 0.9, 0.0), flat]), method("orders", vec![run(0, 0.8, 0.06), run(1, 0.8, 0.06)])];
        let choice = search.choose(&methods).unwrap();
        assert_eq!(choice.chosen.as_deref(), Some("orders"));
        assert_eq!(choice.candidates[0].collapsed, [Collapse::OneDecision]);
        assert!(choice.candidates[0].within);
        assert_eq!(search.choose(&methods[..1]).unwrap().chosen, None);
    }

    #[test]
    fn gaps_of_either_sign_do_not_cancel() {
        let limit = ("equal-opportunity-difference".to_owned(), Some("sex".to_owned()), 0.1);
        let search = Search { by: "accuracy".to_owned(), limits: vec![limit] };
        // The first is the more accurate, and 0.3 from parity in both runs; the mean of its gaps is 0.
        let methods =
            [method("swings", vec![run(0, 0.9, 0.3), run(1, 0.9, -0.3)]), method("holds", vec![run(0, 0.8, 0.06), run(1, 0.8, -0.04)])];
        let choice = search.choose(&methods).unwrap();
        assert_eq!(choice.chosen.as_deref(), Some("holds"));
        let sizes: Vec<f64> = choice.candidates.iter().map(|one| one.limited[0].estimate.number().unwrap()).collect();
        assert!((sizes[0] - 0.3).abs() < 1e-12 && (sizes[1] - 0.05).abs() < 1e-12, "{sizes:?}");
        assert_eq!(choice.candidates.iter().map(|one| one.within).collect::<Vec<_>>(), [false, true]);
    }
}
