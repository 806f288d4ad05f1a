//! SPDD within strata such as jobs, averaged over them.
//!
//! ```text
//! sum over strata j of n_j SPDD_j / sum over strata of n_j
//! SPDD_j the largest pair of groups within stratum j,     n_j rows of the groups that enter there
//! ```
//!
//! What is left of a gap once people are compared with those who applied for the same. Fair value 0. Strata are independent: the bounds of their errors upwards
//! ([`crate::gaps`]) have a mean and a variance each, those downwards a variance, and of the weighted sum the interval takes the mean and z standard deviations.
//! As within each stratum, chance adds to the number the more the smaller the strata are; `by_lot` is the mean of what it adds. Strata where fewer than two groups can be compared are listed and left out; undefined where there are none, and without strata.
//!
//! Source: the conditional (stratified) form of demographic disparity, as in Wachter, Mittelstadt and Russell 2021, "Why fairness cannot be automated".

use std::collections::BTreeMap;

use evenhand_catalog::{Card, Direction, Kind};
use evenhand_rows::UNKNOWN;

use super::spdd;
use crate::gaps::Spread;
use crate::largest::one_sided;
use crate::{Estimate, Finding, Interval, IntervalPlan, Metric, Needs, Outcomes, resample};

const CARD: Card = Card {
    id: "conditional-spdd",
    name: "Conditional SPDD",
    kind: Kind::Metric,
    summary: "SPDD within strata such as jobs, averaged over the strata by their rows.",
    formula: "sum_j n_j SPDD_j / sum_j n_j",
    fair_value: Some(0.0),
    range: "[0, 1] for scores in [0, 1]",
    direction: Direction::Lower,
    source: "Kim et al. 2023, Eq. 5, within strata; Wachter et al. 2021",
    parameters: &[],
};

/// Conditional SPDD.
#[derive(Debug)]
pub(crate) struct ConditionalSpdd;

impl Metric for ConditionalSpdd {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::Strata
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        let mut finding = Finding::new(CARD.id);
        let Some(strata) = outcomes.strata else {
            finding.estimate = Estimate::undefined("no strata were given");
            return finding;
        };
        let mut rows: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (row, &code) in strata.codes().iter().enumerate().filter(|(_, code)| **code != UNKNOWN) {
            rows.entry(code).or_default().push(row);
        }
        let mut found = Vec::new();
        for (code, rows) in rows {
            let part = Part::of(outcomes, &rows);
            let (within, spread) = part.finding(outcomes, plan);
            match within.estimate.reason() {
                Some(reason) => finding.left_out.push((strata.level(code).to_owned(), reason.to_owned())),
                None => found.push((within, spread)),
            }
        }
        combine(&mut finding, &found, plan);
        let unknown = strata.unknown_count();
        if unknown > 0 {
            finding.left_out.push(("unknown".to_owned(), format!("{unknown} rows whose stratum is not known")));
        }
        finding
    }
}

/// The rows of one stratum.
struct Part {
    scores: Vec<f64>,
    weights: Option<Vec<f64>>,
    groups: evenhand_rows::Groups,
}

impl Part {
    fn of(outcomes: &Outcomes, rows: &[usize]) -> Self {
        let pick = |values: &[f64]| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        Part { scores: pick(outcomes.scores), weights: outcomes.weights.map(pick), groups: outcomes.groups.select(rows) }
    }

    fn finding(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> (Finding, Option<Spread>) {
        let made = Outcomes::new(&self.scores, &self.groups).and_then(|part| match &self.weights {
            Some(weights) => part.weights(weights),
            None => Ok(part),
        });
        match made {
            Ok(part) => spdd::measure_with_spread(&part.conventions(outcomes.conventions.clone()), plan),
            Err(error) => (Finding { estimate: Estimate::undefined(error.to_string()), ..Finding::new(CARD.id) }, None),
        }
    }
}

/// The mean of the strata by their rows.
fn combine(finding: &mut Finding, strata: &[(Finding, Option<Spread>)], plan: Option<&IntervalPlan>) {
    let rows: usize = strata.iter().map(|(stratum, _)| stratum.n).sum();
    finding.n = rows;
    if rows == 0 {
        finding.estimate = Estimate::undefined("no stratum in which two groups can be compared");
        return;
    }
    let share = |stratum: &Finding| stratum.n as f64 / rows as f64;
    let mean = |of: fn(&Finding) -> Option<f64>| {
        strata.iter().map(|(stratum, _)| of(stratum).map(|value| value * share(stratum))).sum::<Option<f64>>()
    };
    finding.estimate =
        mean(|stratum| stratum.estimate.number()).map_or_else(|| Estimate::undefined("a stratum has no number"), Estimate::value);
    let spreads: Option<Vec<(f64, Spread)>> = strata.iter().map(|(stratum, spread)| Some((share(stratum), (*spread)?))).collect();
    if let (Some(plan), Some(spreads), Some(value)) = (plan, spreads, finding.estimate.number()) {
        let z = one_sided(1, (1.0 - plan.level) / 2.0);
        let up: f64 = spreads.iter().map(|(share, spread)| share * spread.up).sum();
        let deviation = |of: fn(&Spread) -> f64| spreads.iter().map(|(share, spread)| share * share * of(spread)).sum::<f64>().sqrt();
        let interval = Interval {
            low: (value - up - z * deviation(|spread| spread.up_variance)).max(0.0),
            high: value + z * deviation(|spread| spread.down_variance),
            level: plan.level,
            method: crate::gaps::METHOD.to_owned(),
            replicates: plan.replicates,
        };
        finding.estimate = resample::with_interval(finding.estimate.clone(), Some(interval));
    }
    finding.by_lot = mean(|stratum| stratum.by_lot);
    finding.bias_corrected = finding.by_lot.zip(finding.estimate.number()).map(|(by_lot, value)| resample::less_chance(value, by_lot));
}

#[cfg(test)]
mod tests {
    use evenhand_rows::Groups;

    use super::*;

    #[test]
    fn two_strata_by_hand() {
        // Job x: a .2 .4 against b .6 (W1 = .3, 3 rows); job y: a .9 against b .9 (0, 2 rows); one row of unknown job.
        let groups = Groups::from_texts("g", ["a", "a", "b", "a", "b", "b"].map(Some).into_iter());
        let jobs = Groups::from_texts("job", [Some("x"), Some("x"), Some("x"), Some("y"), Some("y"), None].into_iter());
        let scores = [0.2, 0.4, 0.6, 0.9, 0.9, 0.1];
        let outcomes = Outcomes::new(&scores, &groups).unwrap().strata(&jobs).unwrap();
        let finding = ConditionalSpdd.measure(&outcomes, None);
        assert!((finding.estimate.number().unwrap() - 3.0 * 0.3 / 5.0).abs() < 1e-12);
        assert_eq!((finding.n, finding.left_out.len()), (5, 1));
        let without = ConditionalSpdd.measure(&Outcomes::new(&scores, &groups).unwrap(), None);
        assert_eq!(without.estimate.reason(), Some("no strata were given"));
    }

    #[test]
    fn a_stratum_of_one_group_is_listed() {
        let groups = Groups::from_texts("g", ["a", "b", "a", "a"].map(Some).into_iter());
        let jobs = Groups::from_texts("job", ["x", "x", "y", "y"].map(Some).into_iter());
        let outcomes = Outcomes::new(&[0.2, 0.4, 0.6, 0.9], &groups).unwrap().strata(&jobs).unwrap();
        let finding =
            ConditionalSpdd.measure(&outcomes, Some(&IntervalPlan { replicates: 20, permutations: 9, ..IntervalPlan::default() }));
        assert_eq!(finding.left_out[0].0, "y");
        let interval = finding.estimate.interval().unwrap();
        assert!(interval.low <= 0.2 && 0.2 <= interval.high && finding.by_lot.is_some());
    }

    /// Twenty strata of two groups of 50 at parity: the mean of the gaps is far above 0, and no interval may say so more often than it should.
    #[test]
    fn many_small_strata_at_parity_are_no_gap() {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let plan = IntervalPlan { replicates: 100, ..IntervalPlan::default() };
        let above = (0..60)
            .filter(|_| {
                let scores: Vec<f64> = (0..2000).map(|_| rng.random()).collect();
                let groups = Groups::new("g", vec!["a".to_owned(), "b".to_owned()], (0..2000).map(|row| row % 2).collect());
                let jobs = Groups::new("job", (0..20).map(|job| job.to_string()).collect(), (0..2000).map(|row| row / 100).collect());
                let outcomes = Outcomes::new(&scores, &groups).unwrap().strata(&jobs).unwrap();
                let finding = ConditionalSpdd.measure(&outcomes, Some(&plan));
                assert!(finding.estimate.number().unwrap() > 0.03);
                finding.estimate.interval().unwrap().low > 0.0
            })
            .count();
        // 60 x .025 = 1.5 expected.
        assert!(above <= 6, "{above} of 60");
    }
}
