//! Parity constraints on a classifier's decisions, as linear moments of it.
//!
//! ```text
//! u(x, y, h)    what shall be even: the decision h, or for error-rate parity the error |h - y|
//! e             an event: which labels take part (all, favourable, unfavourable); equalized odds has two events
//! gamma+(e, g)  = r E[u | e, g] - E[u | e]          r: ratio_bound, 1 for differences
//! gamma-(e, g)  = r E[u | e] - E[u | e, g]          asked: every gamma <= difference_bound
//! ```
//!
//! g runs over the groups that have weight in the event; an event with fewer than two of them is left out, and the report says so. Rows of unknown group take no part in any gamma. All of it depends on the rows
//! only through cells (group, label): how much weight a cell holds, and how much of that the classifier selects.
//!
//! A multiplier lambda on the gammas turns into a cost of selecting a row, the same for all rows of a cell:
//!
//! ```text
//! cost(g, y) = 2 y - 1 + d sum over events e with label y of (sum_g' (lambda+ - r lambda-)(e, g') / P(e) - (r lambda+ - lambda-)(e, g) / P(e, g))
//! ```
//!
//! d = 1 for the decision, 1 - 2 y for the error; P: share of the whole weight. The best answer to lambda is the classifier of least
//! weighted error on labels [cost > 0] with weights |cost|.
//!
//! Source: Agarwal, Beygelzimer, Dudik, Langford and Wallach, "A reductions approach to fair classification", 2018, section 3 and
//! examples 3 and 4.

use evenhand_catalog::{Allowed, Literal, Parameter, Parameters};
use evenhand_rows::UNKNOWN;

use crate::rows::Rows;

/// Words of the parameter `constraint`.
const WORDS: &[&str] = &["demographic-parity", "equalized-odds", "equal-opportunity", "false-positive-rate-parity", "error-rate-parity"];

/// The parameters that describe a constraint, and the cut of the labels.
pub(crate) const CONSTRAINT: Parameter = Parameter {
    name: "constraint",
    default: Literal::Text("demographic-parity"),
    allowed: Allowed::OneOf(WORDS),
    purpose: "which rate shall agree between the groups",
};
/// See [`CONSTRAINT`].
pub(crate) const DIFFERENCE_BOUND: Parameter = Parameter {
    name: "difference_bound",
    default: Literal::Number(0.01),
    allowed: Allowed::Between(0.0, 1.0),
    purpose: "by how much a group's rate may differ from that of all groups together",
};
/// See [`CONSTRAINT`].
pub(crate) const RATIO_BOUND: Parameter = Parameter {
    name: "ratio_bound",
    default: Literal::Number(1.0),
    allowed: Allowed::Between(0.01, 1.0),
    purpose: "below 1, rates are compared as a ratio: that of a group and that of all, times this, may exceed each other by difference_bound",
};
/// See [`CONSTRAINT`].
pub(crate) const LABEL_THRESHOLD: Parameter = Parameter {
    name: "label_threshold",
    default: Literal::Number(0.5),
    allowed: Allowed::Between(0.0, 1.0),
    purpose: "labels at least this high are favourable; continuous labels are cut here",
};

/// The rows' cells: which group and label each row has.
#[derive(Debug)]
pub(crate) struct Cells {
    /// Known groups that have weight among the training rows, in the order of their codes.
    pub(crate) groups: Vec<u32>,
    /// Cell of each row: twice the place of its group (one past the last where it is not known), plus the label.
    pub(crate) of: Vec<usize>,
    /// Weight of each row; rows of positive weight have mean 1.
    pub(crate) rows: Vec<f64>,
    /// Weight of each cell.
    pub(crate) weights: Vec<f64>,
    /// Weight of all rows: the number of rows of positive weight.
    pub(crate) total: f64,
}

impl Cells {
    /// The cells of the training rows.
    pub(crate) fn new(rows: &Rows<'_>, threshold: f64) -> Self {
        let weight = |row: usize| rows.weights.map_or(1.0, |weights| weights[row]);
        let codes = rows.groups.codes();
        let mut groups: Vec<u32> =
            (0..rows.len()).filter(|&row| codes[row] != UNKNOWN && weight(row) > 0.0).map(|row| codes[row]).collect();
        groups.sort_unstable();
        groups.dedup();
        Self::among(rows, threshold, groups)
    }

    /// The cells of other rows, with the groups of the training rows; groups beside them count as unknown.
    pub(crate) fn among(rows: &Rows<'_>, threshold: f64, groups: Vec<u32>) -> Self {
        let weight = |row: usize| rows.weights.map_or(1.0, |weights| weights[row]);
        let count = (0..rows.len()).filter(|&row| weight(row) > 0.0).count() as f64;
        let scale = count / (0..rows.len()).map(weight).sum::<f64>();
        let place = |row: usize| groups.binary_search(&rows.groups.codes()[row]).unwrap_or(groups.len());
        let of: Vec<usize> = (0..rows.len()).map(|row| 2 * place(row) + usize::from(rows.labels[row] >= threshold)).collect();
        let own: Vec<f64> = (0..rows.len()).map(|row| weight(row) * scale).collect();
        let mut cells = Cells { weights: vec![0.0; 2 * (groups.len() + 1)], groups, of, rows: own, total: count };
        cells.weights = cells.sums(|_| true);
        cells
    }

    /// Weight of the rows that `selects` takes, by cell.
    pub(crate) fn sums(&self, selects: impl Fn(usize) -> bool) -> Vec<f64> {
        let mut sums = vec![0.0; self.weights.len()];
        for row in (0..self.of.len()).filter(|&row| selects(row)) {
            sums[self.of[row]] += self.rows[row];
        }
        sums
    }

    /// Share of the weight that is decided wrongly.
    pub(crate) fn error(&self, selected: &[f64]) -> f64 {
        let wrong = |cell: usize| if cell % 2 == 1 { self.weights[cell] - selected[cell] } else { selected[cell] };
        (0..self.weights.len()).map(wrong).sum::<f64>() / self.total
    }

    /// Weight with favourable (1) or unfavourable (0) label.
    pub(crate) fn with_label(&self, label: usize) -> f64 {
        self.weights.iter().skip(label).step_by(2).sum()
    }
}

/// A rate that is held against that of all groups: a group within an event.
#[derive(Debug, Clone, Copy)]
struct Rate {
    event: usize,
    /// Place of the group.
    group: usize,
    /// Weight of the group in the event, and of the event.
    weight: f64,
    event_weight: f64,
}

/// A constraint on the rows of some cells.
#[derive(Debug)]
pub(crate) struct Parity {
    /// The labels of each event.
    events: Vec<&'static [usize]>,
    rates: Vec<Rate>,
    of_errors: bool,
    ratio: f64,
    bound: f64,
    total: f64,
}

impl Parity {
    /// The constraint that the parameters ask for; `None` when no event has two groups.
    pub(crate) fn new(parameters: &Parameters, bound: f64, cells: &Cells) -> Option<Self> {
        let events: &[&'static [usize]] = match parameters.text("constraint") {
            "equalized-odds" => &[&[0], &[1]],
            "equal-opportunity" => &[&[1]],
            "false-positive-rate-parity" => &[&[0]],
            _ => &[&[0, 1]],
        };
        let mut rates = Vec::new();
        for (event, labels) in events.iter().enumerate() {
            let weight = |group: usize| labels.iter().map(|label| cells.weights[2 * group + label]).sum::<f64>();
            let present: Vec<usize> = (0..cells.groups.len()).filter(|&group| weight(group) > 0.0).collect();
            let event_weight = present.iter().map(|&group| weight(group)).sum();
            if present.len() > 1 {
                rates.extend(present.into_iter().map(|group| Rate { event, group, weight: weight(group), event_weight }));
            }
        }
        let parity = Parity {
            events: events.to_vec(),
            of_errors: parameters.text("constraint") == "error-rate-parity",
            ratio: parameters.number("ratio_bound"),
            bound,
            total: cells.total,
            rates,
        };
        (!parity.rates.is_empty()).then_some(parity)
    }

    /// Labels whose event is left out, as fewer than two groups have rows of it (equalized odds).
    pub(crate) fn dropped(&self) -> impl Iterator<Item = usize> {
        let kept = |event: usize| self.rates.iter().any(|rate| rate.event == event);
        (0..self.events.len()).filter(move |&event| !kept(event)).flat_map(|event| self.events[event].iter().copied())
    }

    /// Number of gammas.
    pub(crate) fn len(&self) -> usize {
        2 * self.rates.len()
    }

    /// How large a gamma may be.
    pub(crate) fn bound(&self) -> f64 {
        self.bound
    }

    /// The gammas, first all gamma+, then all gamma-, of a classifier that selects so much of each cell of the training rows.
    pub(crate) fn gammas(&self, selected: &[f64], cells: &Cells) -> Vec<f64> {
        self.differences(selected, cells).into_iter().map(|gamma| gamma.unwrap_or(0.0)).collect()
    }

    /// The largest gamma on any rows; `None` when no event has two groups there.
    pub(crate) fn violation(&self, selected: &[f64], cells: &Cells) -> Option<f64> {
        self.differences(selected, cells).into_iter().flatten().reduce(f64::max)
    }

    fn differences(&self, selected: &[f64], cells: &Cells) -> Vec<Option<f64>> {
        // Sum of u and of the weight over a group in an event.
        let sums = |rate: &Rate| {
            self.events[rate.event].iter().fold((0.0, 0.0), |(sum, weight), label| {
                let cell = 2 * rate.group + label;
                let own = if self.of_errors && *label == 1 { cells.weights[cell] - selected[cell] } else { selected[cell] };
                (sum + own, weight + cells.weights[cell])
            })
        };
        let mut events = vec![(0.0, 0.0, 0); self.events.len()];
        for rate in &self.rates {
            let (sum, weight) = sums(rate);
            let event = &mut events[rate.event];
            *event = (event.0 + sum, event.1 + weight, event.2 + usize::from(weight > 0.0));
        }
        let both = self.rates.iter().map(|rate| {
            let ((sum, weight), (all, all_weight, groups)) = (sums(rate), events[rate.event]);
            (weight > 0.0 && groups > 1).then(|| (sum / weight, all / all_weight))
        });
        let upper = both.clone().map(|found| found.map(|(own, all)| self.ratio * own - all));
        upper.chain(both.map(|found| found.map(|(own, all)| self.ratio * all - own))).collect()
    }

    /// What selecting a row of each cell is worth under these multipliers: the sign is the label to learn, the size its weight.
    pub(crate) fn costs(&self, lambda: &[f64], cells: &Cells) -> Vec<f64> {
        let (upper, lower) = lambda.split_at(self.rates.len());
        let mut costs: Vec<f64> = (0..cells.weights.len()).map(|cell| if cell % 2 == 1 { 1.0 } else { -1.0 }).collect();
        let mut shared = vec![0.0; self.events.len()];
        for ((rate, up), down) in self.rates.iter().zip(upper).zip(lower) {
            shared[rate.event] += (up - self.ratio * down) * self.total / rate.event_weight;
        }
        for ((rate, up), down) in self.rates.iter().zip(upper).zip(lower) {
            let worth = shared[rate.event] - (self.ratio * up - down) * self.total / rate.weight;
            for &label in self.events[rate.event] {
                costs[2 * rate.group + label] += if self.of_errors && label == 1 { -worth } else { worth };
            }
        }
        costs
    }

    /// Multipliers of least sum with the same inner product with the gammas of every classifier (differences only).
    ///
    /// Within an event the gamma+ sum to 0 over the groups under their shares P(g | e), so lambda+ - lambda- may be moved along the
    /// shares; a weighted median makes its absolute sum least.
    pub(crate) fn projected(&self, lambda: &[f64]) -> Vec<f64> {
        if self.ratio != 1.0 {
            return lambda.to_vec();
        }
        let (upper, lower) = lambda.split_at(self.rates.len());
        let mut signed: Vec<f64> = upper.iter().zip(lower).map(|(up, down)| up - down).collect();
        for event in 0..self.events.len() {
            let share = |place: usize| self.rates[place].weight / self.rates[place].event_weight;
            let mut places: Vec<usize> = (0..self.rates.len()).filter(|&place| self.rates[place].event == event).collect();
            places.sort_by(|&a, &b| (signed[a] / share(a)).total_cmp(&(signed[b] / share(b))));
            let half = places.iter().map(|&place| share(place)).sum::<f64>() / 2.0;
            let mut below = 0.0;
            let median = places.iter().find(|&&place| {
                below += share(place);
                below >= half
            });
            if let Some(&median) = median {
                let shift = signed[median] / share(median);
                for &place in &places {
                    signed[place] -= share(place) * shift;
                }
            }
        }
        signed.iter().map(|value| value.max(0.0)).chain(signed.iter().map(|value| (-value).max(0.0))).collect()
    }

    /// Places of the rates that a grid of multipliers runs over: in each event all groups but the largest, whose gammas follow from the
    /// others'. Smaller groups come last; of groups of one size the order of their codes decides.
    pub(crate) fn free_rates(&self) -> Vec<usize> {
        let mut free = Vec::new();
        for event in 0..self.events.len() {
            let mut places: Vec<usize> = (0..self.rates.len()).filter(|&place| self.rates[place].event == event).collect();
            places.sort_by(|&a, &b| self.rates[b].weight.total_cmp(&self.rates[a].weight).then(a.cmp(&b)));
            free.extend(places.into_iter().skip(1));
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use evenhand_catalog::{Card, Direction, Kind, Value};
    use evenhand_rows::{Groups, Matrix};

    use super::*;

    static CARD: Card = Card {
        id: "constraint",
        name: "",
        kind: Kind::Objective,
        summary: "",
        formula: "",
        fair_value: None,
        range: "",
        direction: Direction::Describes,
        source: "",
        parameters: &[CONSTRAINT, RATIO_BOUND],
    };

    fn parity(word: &str, ratio: f64, cells: &Cells) -> Option<Parity> {
        let given =
            BTreeMap::from([("constraint".to_owned(), Value::Text(word.to_owned())), ("ratio_bound".to_owned(), Value::Number(ratio))]);
        Parity::new(&Parameters::resolve(&CARD, &given).unwrap(), 0.01, cells)
    }

    /// Ten rows in three groups and one of unknown group, weights 1 and 2.
    fn cells() -> Cells {
        let features = Matrix::new(1, vec![0.0; 11]);
        let labels = [1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.7, 0.2, 1.0];
        let codes = vec![0, 0, 0, 0, 1, 1, 1, 3, 3, 3, UNKNOWN];
        let groups = Groups::new("group", vec!["a".into(), "b".into(), "none".into(), "c".into()], codes);
        let weights = [1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 1.0];
        let rows = Rows {
            features: &features,
            labels: &labels,
            groups: &groups,
            weights: Some(&weights),
            recordings: None,
            targets: &[],
            sensitive: None,
        };
        Cells::new(&rows, 0.5)
    }

    const DECISIONS: [bool; 11] = [true, false, true, false, true, true, false, false, true, false, true];

    #[test]
    fn cells_count_weight_by_group_and_label() {
        let cells = cells();
        // Weights 1, 1, 1, 2, 1, 1, 2, 2, 1, 1, 1 sum to 14 over 11 rows.
        let scale = 11.0 / 14.0;
        assert_eq!(cells.groups, [0, 1, 3]);
        let weights: Vec<f64> = cells.weights.iter().map(|weight| (weight / scale * 1e9).round() / 1e9).collect();
        assert_eq!(weights, [3.0, 2.0, 3.0, 1.0, 1.0, 3.0, 0.0, 1.0]);
        // Wrong: rows 1, 2, 5, 7.
        let selected = cells.sums(|row| DECISIONS[row]);
        assert!((cells.error(&selected) - 5.0 / 14.0).abs() < 1e-12);
    }

    #[test]
    fn gammas_by_hand() {
        let cells = cells();
        let selected = cells.sums(|row| DECISIONS[row]);
        let check = |word: &str, ratio: f64, expected: &[f64]| {
            let found = parity(word, ratio, &cells).unwrap().gammas(&selected, &cells);
            assert_eq!(found.len(), expected.len(), "{word}");
            assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12), "{word} {found:?}");
        };
        // Selected weight 2 of 5, 2 of 4, 1 of 4; together 5 of 13.
        let (rates, all) = ([0.4, 0.5, 0.25], 5.0 / 13.0);
        let both = |ratio: f64| -> Vec<f64> {
            rates.iter().map(|rate| ratio * rate - all).chain(rates.iter().map(|rate| ratio * all - rate)).collect()
        };
        check("demographic-parity", 1.0, &both(1.0));
        check("demographic-parity", 0.8, &both(0.8));
        // Favourable label: 1 of 2, 1 of 1, 1 of 3; together 3 of 6. Unfavourable: 1 of 3, 1 of 3, 0 of 1; together 2 of 7.
        let tpr = [0.0, 0.5, 1.0 / 3.0 - 0.5];
        let fpr = [1.0 / 3.0 - 2.0 / 7.0, 1.0 / 3.0 - 2.0 / 7.0, -2.0 / 7.0];
        let signed = |parts: &[&[f64]]| -> Vec<f64> {
            let upper: Vec<f64> = parts.iter().flat_map(|part| part.iter().copied()).collect();
            upper.iter().copied().chain(upper.iter().map(|value| -value)).collect()
        };
        check("equal-opportunity", 1.0, &signed(&[&tpr]));
        check("false-positive-rate-parity", 1.0, &signed(&[&fpr]));
        check("equalized-odds", 1.0, &signed(&[&fpr, &tpr]));
        // Errors: 2 of 5, 1 of 4, 2 of 4; together 5 of 13.
        check("error-rate-parity", 1.0, &signed(&[&[0.4 - all, 0.25 - all, 0.5 - all]]));
    }

    /// Costs are the change of error + lambda . gamma, per unit of the whole weight, when a row becomes selected (with the sign turned).
    #[test]
    fn costs_are_the_slopes_of_the_lagrangian() {
        let cells = cells();
        for word in WORDS {
            for ratio in [1.0, 0.7] {
                let parity = parity(word, ratio, &cells).unwrap();
                let lambda: Vec<f64> = (0..parity.len()).map(|place| 0.3 * (place as f64 + 1.0) * (1.0 + (place % 3) as f64)).collect();
                let value = |selected: &[f64]| {
                    let gammas = parity.gammas(selected, &cells);
                    cells.error(selected) + gammas.iter().zip(&lambda).map(|(gamma, lambda)| gamma * lambda).sum::<f64>()
                };
                let costs = parity.costs(&lambda, &cells);
                let none = vec![0.0; cells.weights.len()];
                for (cell, cost) in costs.iter().enumerate() {
                    let mut some = none.clone();
                    some[cell] = 0.5;
                    let slope = (value(&some) - value(&none)) / 0.5 * cells.total;
                    assert!((slope + cost).abs() < 1e-9, "{word} {ratio} cell {cell}: {slope} against {}", -cost);
                }
            }
        }
    }

    #[test]
    fn projection_keeps_the_product_and_lowers_the_sum() {
        let cells = cells();
        for word in WORDS {
            let parity = parity(word, 1.0, &cells).unwrap();
            let lambda: Vec<f64> = (0..parity.len()).map(|place| [5.0, 0.5, 2.0, 0.1, 3.0][place % 5]).collect();
            let projected = parity.projected(&lambda);
            assert!(projected.iter().all(|value| *value >= 0.0) && projected.iter().sum::<f64>() < lambda.iter().sum());
            for decisions in [DECISIONS, [true; 11], DECISIONS.map(|decision| !decision)] {
                let gammas = parity.gammas(&cells.sums(|row| decisions[row]), &cells);
                let product = |lambda: &[f64]| gammas.iter().zip(lambda).map(|(gamma, lambda)| gamma * lambda).sum::<f64>();
                assert!((product(&lambda) - product(&projected)).abs() < 1e-12, "{word}");
            }
        }
    }

    #[test]
    fn one_group_has_no_constraint() {
        let features = Matrix::new(1, vec![0.0; 3]);
        let groups = Groups::new("group", vec!["a".into(), "b".into()], vec![0, 0, 1]);
        let labels = [1.0, 0.0, 0.0];
        let rows =
            Rows { features: &features, labels: &labels, groups: &groups, weights: None, recordings: None, targets: &[], sensitive: None };
        let cells = Cells::new(&rows, 0.5);
        assert!(parity("demographic-parity", 1.0, &cells).is_some());
        assert!(parity("equal-opportunity", 1.0, &cells).is_none(), "only one group has a favourable label");
        let odds = parity("equalized-odds", 1.0, &cells).unwrap();
        assert_eq!((odds.len(), odds.dropped().collect::<Vec<_>>()), (4, vec![1]));
        assert_eq!(parity("demographic-parity", 1.0, &cells).unwrap().dropped().count(), 0);
    }
}
