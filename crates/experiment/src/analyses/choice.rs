//! The choice of a sweep: the best setting among those within the limits, judged on validation rows.
//!
//! What it is best in is a mean over the runs, and so is what limits are compared with: the distance from the metric's fair value, so that gaps of
//! either sign do not cancel (of a ratio the ratio or its inverse, whichever is below 1). Both are measured on the rows that training did
//! not see but early stopping did; the test rows take no part. What the chosen setting does on test rows stands in the report's tables and
//! limits, and may well lie beyond a limit that the validation rows kept: with several settings tried, the best validation value is
//! somewhat lucky.
//!
//! ```text
//! chance    mean gap of the same scores over permutations of the groups, averaged over the runs of the setting that others are told from
//! ```
//!
//! A gap of that size says nothing of the scorer, so that a limit below it asks for less than even-handed scores would show on these rows.

use std::collections::{BTreeMap, BTreeSet};

use evenhand_catalog::Direction;
use evenhand_metrics::Estimate;
use evenhand_rows::Dataset;

use crate::report::{Candidate, Chance, Choice, Collapse, Limited, Measured, MethodReport};
use crate::{ExperimentError, evidence};

/// What a sweep shall choose by.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wish {
    /// What the best setting is best in, `metric` or `metric@attribute`; `None`: Spearman's correlation for continuous labels, accuracy for binary ones.
    pub by: Option<String>,
    /// Limits as in a recipe: `metric` or `metric@attribute`. Without any nothing is chosen, and it is told what chance gives.
    pub limits: BTreeMap<String, f64>,
}

/// A metric, and the attribute whose groups it compares.
type Number = (String, Option<String>);

/// A resolved wish: what must be measured on validation rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    by: Number,
    limits: Vec<(Number, f64)>,
    /// What a limit would be about that nobody gave.
    proposed: Vec<Number>,
}

/// The metric whose limit is proposed where none was given.
const PROPOSED: &str = "spdd";

impl Search {
    /// Checks a wish against the registry and the data.
    pub fn new(wish: &Wish, data: &Dataset) -> Result<Self, ExperimentError> {
        let by = wish.by.clone().unwrap_or_else(|| evidence::usual_performance(data).to_owned());
        evidence::check_key(&by, data)?;
        let by = numbers_of(&by, data).into_iter().next().unwrap_or((by, None));
        if evenhand_metrics::find(&by.0)?.card().direction == Direction::Describes {
            let message = "no value of it is better than another, so that nothing can be best in it; for example accuracy, roc-auc, srcc, mae or spdd";
            return Err(ExperimentError::Setting { setting: "by", value: by.0, message: message.to_owned() });
        }
        if wish.limits.is_empty() && wish.by.is_some() {
            let message =
                "a choice needs a limit: metric=value, for example spdd=0.05; a sweep without either tells what chance gives".to_owned();
            return Err(ExperimentError::Setting { setting: "limit", value: String::new(), message });
        }
        let mut limits = Vec::new();
        for (key, &limit) in &wish.limits {
            evidence::check_key(key, data)?;
            limits.extend(numbers_of(key, data).into_iter().map(|number| (number, limit)));
        }
        let proposed = if limits.is_empty() { numbers_of(PROPOSED, data) } else { Vec::new() };
        Ok(Search { by, limits, proposed })
    }

    /// What is measured: each metric with its attribute once.
    pub fn wanted(&self) -> Vec<Number> {
        let mut wanted = vec![self.by.clone()];
        for number in self.limits.iter().map(|(number, _)| number).chain(&self.proposed) {
            if !wanted.contains(number) {
                wanted.push(number.clone());
            }
        }
        wanted
    }

    /// What chance alone gives of every gap that a limit is about, by the scores of the method that others are told from (else of the first); nothing
    /// where some run has no such number.
    pub fn chance(&self, methods: &[MethodReport], reference: Option<&str>) -> Vec<Chance> {
        let named = methods.iter().find(|method| Some(method.name.as_str()) == reference);
        let Some(method) = named.or(methods.first()) else { return Vec::new() };
        let of = |(metric, attribute): &Number, limit: Option<f64>| {
            let lots: Option<Vec<f64>> =
                method.runs.iter().map(|run| run.validation.iter().find(|one| is_of(one, metric, attribute.as_deref()))?.by_lot).collect();
            // What is drawn is the size of a gap, and no ratio.
            evenhand_metrics::find(metric).ok().filter(|metric| metric.card().fair_value == Some(0.0))?;
            Some(Chance {
                metric: metric.clone(),
                attribute: attribute.clone()?,
                method: method.name.clone(),
                rows: method.runs.iter().map(|run| run.sizes.validation).min()?,
                by_lot: evidence::mean(lots?.into_iter())?,
                limit,
            })
        };
        let limited = self.limits.iter().filter_map(|(number, limit)| of(number, Some(*limit)));
        limited.chain(self.proposed.iter().filter_map(|number| of(number, None))).collect()
    }

    /// The choice among finished methods; `None` where no limit was given.
    pub fn choose(&self, methods: &[MethodReport]) -> Result<Option<Choice>, ExperimentError> {
        if self.limits.is_empty() {
            return Ok(None);
        }
        let card_by = evenhand_metrics::find(&self.by.0)?.card();
        let mut candidates = Vec::new();
        for method in methods {
            let mut limited = Vec::new();
            for ((metric, attribute), limit) in &self.limits {
                let card = evenhand_metrics::find(metric)?.card();
                let estimate = mean(method, metric, attribute.as_deref(), |value| evidence::judged(card, value));
                let met = estimate.number().is_some_and(|value| evidence::within(card, value, *limit));
                limited.push(Limited { metric: metric.clone(), attribute: attribute.clone(), limit: *limit, estimate, met });
            }
            let within = limited.iter().all(|one| one.met);
            let collapsed: BTreeSet<Collapse> = method.runs.iter().flat_map(|run| run.validation_collapsed.iter().copied()).collect();
            candidates.push(Candidate {
                method: method.name.clone(),
                performance: mean(method, &self.by.0, self.by.1.as_deref(), |value| evidence::judged(card_by, value)),
                limited,
                within,
                collapsed: collapsed.into_iter().collect(),
            });
        }
        let mut chosen: Option<(&str, f64)> = None;
        for candidate in candidates.iter().filter(|candidate| candidate.within && candidate.collapsed.is_empty()) {
            // Of equal ones the first stays.
            if let Some(value) = candidate.performance.number()
                && chosen.is_none_or(|(_, best)| evidence::better(card_by, value, best))
            {
                chosen = Some((&candidate.method, value));
            }
        }
        let chosen = chosen.map(|(name, _)| name.to_owned());
        Ok(Some(Choice { by: self.by.0.clone(), of: self.by.1.clone(), candidates, chosen, model: None }))
    }
}

/// The numbers of a key: of a metric that compares groups one for each attribute, or that of the attribute it names.
fn numbers_of(key: &str, data: &Dataset) -> Vec<Number> {
    let (metric, named) = key.split_once('@').map_or((key, None), |(metric, name)| (metric, Some(name.to_owned())));
    let attributes = match (evidence::compares_groups(metric), named) {
        (false, _) => vec![None],
        (true, Some(name)) => vec![Some(name)],
        (true, None) => data.sensitive.iter().map(|groups| Some(groups.name().to_owned())).collect(),
    };
    attributes.into_iter().map(|attribute| (metric.to_owned(), attribute)).collect()
}

fn is_of(measured: &Measured, metric: &str, attribute: Option<&str>) -> bool {
    measured.metric == metric && measured.attribute.as_deref() == attribute
}

/// Mean over the runs of what is made of each value; undefined when it is undefined in one of them.
fn mean(method: &MethodReport, metric: &str, attribute: Option<&str>, of: impl Fn(f64) -> f64) -> Estimate {
    let estimates: Vec<Option<&Estimate>> = method
        .runs
        .iter()
        .map(|run| run.validation.iter().find(|measured| is_of(measured, metric, attribute)).map(|measured| &measured.estimate))
        .collect();
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
    use crate::report::{RunReport, Sizes};

    fn run(seed: u64, accuracy: f64, gap: f64) -> RunReport {
        let measured = |metric: &str, attribute: Option<&str>, value: f64| Measured {
            metric: metric.to_owned(),
            attribute: attribute.map(str::to_owned),
            estimate: Estimate::value(value),
            by_lot: attribute.map(|_| 0.02 + 0.01 * seed as f64),
        };
        RunReport {
            sizes: Sizes { validation: 400, ..Sizes::default() },
            seed,
            validation: vec![measured("accuracy", None, accuracy), measured("equal-opportunity-difference", Some("sex"), gap)],
            ..RunReport::default()
        }
    }

    fn method(name: &str, runs: Vec<RunReport>) -> MethodReport {
        MethodReport { name: name.to_owned(), runs, ..MethodReport::default() }
    }

    const GAP: &str = "equal-opportunity-difference";

    fn search(limit: f64) -> Search {
        let limits = vec![((GAP.to_owned(), Some("sex".to_owned())), limit)];
        Search { by: ("accuracy".to_owned(), None), limits, proposed: Vec::new() }
    }

    #[test]
    fn what_is_best_low_is_chosen_low() {
        let methods = [method("large", vec![run(0, 0.9, 0.08)]), method("small", vec![run(0, 0.8, -0.03)])];
        assert_eq!(search(0.1).choose(&methods).unwrap().unwrap().chosen.as_deref(), Some("large"));
        let search = Search { by: (GAP.to_owned(), Some("sex".to_owned())), ..search(0.1) };
        let choice = search.choose(&methods).unwrap().unwrap();
        assert_eq!(choice.chosen.as_deref(), Some("small"));
        assert_eq!(choice.candidates[1].performance.number(), Some(0.03), "of gaps the distance from parity");
        assert_eq!(choice.of.as_deref(), Some("sex"));
    }

    #[test]
    fn chance_is_that_of_the_method_that_others_are_told_from() {
        let methods = [method("first", vec![run(9, 0.9, 0.3)]), method("plain", vec![run(0, 0.9, 0.3), run(1, 0.9, 0.1)])];
        let chance = search(0.01).chance(&methods, Some("plain"));
        assert_eq!((chance.len(), chance[0].method.as_str(), chance[0].rows, chance[0].limit), (1, "plain", 400, Some(0.01)));
        assert!((chance[0].by_lot - 0.025).abs() < 1e-12, "the mean of 0.02 and 0.03");
        let open = Search { limits: Vec::new(), proposed: vec![(GAP.to_owned(), Some("sex".to_owned()))], ..search(0.0) };
        assert_eq!(open.chance(&methods, None)[0].limit, None);
        assert_eq!(open.choose(&methods).unwrap(), None, "nothing is chosen without a limit");
        assert_eq!(open.wanted().len(), 2);
    }

    #[test]
    fn a_setting_whose_scores_say_nothing_is_never_chosen() {
        let search = search(0.1);
        let flat = RunReport { validation_collapsed: vec![Collapse::OneDecision], ..run(1, 0.9, 0.0) };
        // The first has the higher accuracy and no gap, and passes everybody in one of its runs.
        let methods = [method("passes all", vec![run(0, 0.9, 0.0), flat]), method("orders", vec![run(0, 0.8, 0.06), run(1, 0.8, 0.06)])];
        let choice = search.choose(&methods).unwrap().unwrap();
        assert_eq!(choice.chosen.as_deref(), Some("orders"));
        assert_eq!(choice.candidates[0].collapsed, [Collapse::OneDecision]);
        assert!(choice.candidates[0].within);
        assert_eq!(search.choose(&methods[..1]).unwrap().unwrap().chosen, None);
    }

    #[test]
    fn gaps_of_either_sign_do_not_cancel() {
        let search = search(0.1);
        // The first is the more accurate, and 0.3 from parity in both runs; the mean of its gaps is 0.
        let methods =
            [method("swings", vec![run(0, 0.9, 0.3), run(1, 0.9, -0.3)]), method("holds", vec![run(0, 0.8, 0.06), run(1, 0.8, -0.04)])];
        let choice = search.choose(&methods).unwrap().unwrap();
        assert_eq!(choice.chosen.as_deref(), Some("holds"));
        let sizes: Vec<f64> = choice.candidates.iter().map(|one| one.limited[0].estimate.number().unwrap()).collect();
        assert!((sizes[0] - 0.3).abs() < 1e-12 && (sizes[1] - 0.05).abs() < 1e-12, "{sizes:?}");
        assert_eq!(choice.candidates.iter().map(|one| one.within).collect::<Vec<_>>(), [false, true]);
    }
}
