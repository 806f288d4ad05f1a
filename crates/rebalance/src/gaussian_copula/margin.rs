//! The distribution of one column, and its place on the normal scale.

use evenhand_rows::MISSING;

use super::normal;
use crate::synthesis::{Cells, Form};

/// Terms of the Hermite expansion; the rest is below 1e-3 for correlations up to .9.
pub(super) const TERMS: usize = 30;

/// How a normal variable stands for a column, or for whether its value is missing: the line is cut into intervals, one for each value.
#[derive(Debug, Clone)]
pub(super) struct Steps {
    /// Probability below the upper end of each interval; the last is 1.
    upper: Vec<f64>,
    /// The same on the normal scale; the last is infinite.
    cuts: Vec<f64>,
}

impl Steps {
    /// Intervals whose probabilities are the shares of these counts. A count of 0 has an interval without width.
    pub(super) fn new(counts: &[usize]) -> Self {
        let total = counts.iter().sum::<usize>().max(1) as f64;
        let mut below = 0;
        let mut upper: Vec<f64> = counts
            .iter()
            .map(|count| {
                below += count;
                below as f64 / total
            })
            .collect();
        // Without rows the last value stands alone; it is never asked for.
        if below == 0
            && let Some(last) = upper.last_mut()
        {
            *last = 1.0;
        }
        let cuts = upper.iter().map(|&upper| normal::quantile(upper)).collect();
        Steps { upper, cuts }
    }

    /// Ends of an interval on the normal scale.
    pub(super) fn interval(&self, step: usize) -> (f64, f64) {
        (if step == 0 { f64::NEG_INFINITY } else { self.cuts[step - 1] }, self.cuts[step])
    }

    /// Probability of an interval.
    fn share(&self, step: usize) -> f64 {
        self.upper[step] - if step == 0 { 0.0 } else { self.upper[step - 1] }
    }

    /// The interval of a normal value.
    fn find(&self, z: f64) -> usize {
        self.cuts.partition_point(|&cut| cut <= z).min(self.cuts.len() - 1)
    }

    /// Which part of an interval's probability lies below a normal value.
    fn part(&self, step: usize, z: f64) -> f64 {
        let share = self.share(step);
        if share > 0.0 { ((normal::probability(z) - (self.upper[step] - share)) / share).clamp(0.0, 1.0) } else { 0.5 }
    }

    /// Expected normal value in each interval; 0 where an interval has no width.
    pub(super) fn scores(&self) -> Vec<f64> {
        (0..self.upper.len())
            .map(|step| {
                let (low, high) = self.interval(step);
                let share = self.share(step);
                if share > 0.0 { (normal::density(low) - normal::density(high)) / share } else { 0.0 }
            })
            .collect()
    }

    /// Coefficients of the score, as a function of the normal variable, in the normalised Hermite polynomials of degree 1 to [`TERMS`].
    pub(super) fn hermite(&self, scores: &[f64]) -> Vec<f64> {
        let mut coefficients = vec![0.0; TERMS];
        // At each inner cut the function jumps: the integral of h_k times the density up to a cut z is -h_(k-1)(z) density(z) / sqrt(k).
        for (step, &cut) in self.cuts.iter().enumerate().take(scores.len().saturating_sub(1)) {
            if !cut.is_finite() {
                continue;
            }
            let jump = (scores[step + 1] - scores[step]) * normal::density(cut);
            let (mut before, mut polynomial) = (0.0, 1.0);
            for (degree, coefficient) in (1..).zip(&mut coefficients) {
                *coefficient += jump * polynomial / f64::from(degree).sqrt();
                let next = (cut * polynomial - f64::from(degree - 1).sqrt() * before) / f64::from(degree).sqrt();
                (before, polynomial) = (polynomial, next);
            }
        }
        coefficients
    }
}

/// The distribution of a column.
#[derive(Debug, Clone)]
pub(super) enum Margin {
    /// Categories in an order; a missing value is one of them.
    Categories { steps: Steps, order: Vec<u32> },
    /// Numbers. Where some are missing in the table, a normal variable of its own says which (first interval: missing).
    Numbers { form: Form, absent: Option<Steps>, steps: Steps, values: Vec<f64>, counts: Vec<usize> },
}

/// The order in which the categories of a column stand on the line; a missing value, where there are any, among them.
pub(super) type LevelOrder = Vec<u32>;

impl Margin {
    /// The distribution in the chosen rows. `absent` says whether the column has missing values in the whole table.
    pub(super) fn new(cells: &Cells, rows: &[usize], order: &LevelOrder, absent: bool) -> Self {
        match cells {
            Cells::Categories { levels, codes } => {
                let mut position = vec![0; levels.len() + 1];
                let place = |code: u32| if code == MISSING { levels.len() } else { code as usize };
                order.iter().enumerate().for_each(|(at, &code)| position[place(code)] = at);
                let mut counts = vec![0; order.len()];
                for &row in rows {
                    counts[position[place(codes[row])]] += 1;
                }
                Margin::Categories { steps: Steps::new(&counts), order: order.clone() }
            }
            Cells::Numbers { form, values } => {
                let mut sorted: Vec<f64> = rows.iter().map(|&row| values[row]).filter(|value| !value.is_nan()).collect();
                sorted.sort_by(f64::total_cmp);
                let present = sorted.len();
                let mut counts: Vec<usize> = Vec::new();
                let mut distinct: Vec<f64> = Vec::new();
                for value in sorted {
                    if distinct.last() == Some(&value) {
                        let last = counts.len() - 1;
                        counts[last] += 1;
                    } else {
                        distinct.push(value);
                        counts.push(1);
                    }
                }
                let absent = absent.then(|| Steps::new(&[rows.len() - present, present]));
                let steps = Steps::new(if counts.is_empty() { &[0] } else { &counts });
                Margin::Numbers { form: *form, absent, steps, values: distinct, counts }
            }
        }
    }

    /// Number of normal variables.
    pub(super) fn width(&self) -> usize {
        match self {
            Margin::Categories { .. } => 1,
            Margin::Numbers { absent, .. } => 1 + usize::from(absent.is_some()),
        }
    }

    /// For each normal variable: its score in each row (NaN where it plays no part) and its Hermite coefficients.
    pub(super) fn scores(&self, cells: &Cells, rows: &[usize]) -> Vec<(Vec<f64>, Vec<f64>)> {
        match (self, cells) {
            (Margin::Categories { steps, order }, Cells::Categories { levels, codes }) => {
                let of_step = steps.scores();
                let mut of_code = vec![0.0; levels.len() + 1];
                for (&code, &score) in order.iter().zip(&of_step) {
                    of_code[if code == MISSING { levels.len() } else { code as usize }] = score;
                }
                let score = |&row: &usize| of_code[(codes[row] as usize).min(levels.len())];
                vec![(rows.iter().map(score).collect(), steps.hermite(&of_step))]
            }
            (Margin::Numbers { absent, steps, values: distinct, .. }, Cells::Numbers { values, .. }) => {
                let mut variables = Vec::new();
                if let Some(absent) = absent {
                    let of_step = absent.scores();
                    let score = |&row: &usize| of_step[usize::from(!values[row].is_nan())];
                    variables.push((rows.iter().map(score).collect(), absent.hermite(&of_step)));
                }
                let of_step = steps.scores();
                let score = |&row: &usize| {
                    let value = values[row];
                    if value.is_nan() { f64::NAN } else { of_step[distinct.partition_point(|&known| known < value).min(of_step.len() - 1)] }
                };
                variables.push((rows.iter().map(score).collect(), steps.hermite(&of_step)));
                variables
            }
            _ => Vec::new(),
        }
    }

    /// The interval of a category on the normal scale; `None` where no row has it.
    pub(super) fn interval(&self, code: u32) -> Option<(f64, f64)> {
        let Margin::Categories { steps, order } = self else { return None };
        let step = order.iter().position(|&known| known == code)?;
        (steps.share(step) > 0.0).then(|| steps.interval(step))
    }

    /// The category of a normal value.
    pub(super) fn category(&self, z: f64) -> u32 {
        match self {
            Margin::Categories { steps, order } => order[steps.find(z)],
            Margin::Numbers { .. } => MISSING,
        }
    }

    /// The number of the normal values: of a value that several rows have that value, of a single one the stretch up to the middle
    /// between it and its neighbours.
    pub(super) fn number(&self, z: &[f64]) -> f64 {
        let Margin::Numbers { form, absent, steps, values, counts } = self else { return f64::NAN };
        if values.is_empty() || absent.as_ref().is_some_and(|absent| absent.find(z[0]) == 0 && absent.share(0) > 0.0) {
            return f64::NAN;
        }
        let z = z[z.len() - 1];
        let step = steps.find(z).min(values.len() - 1);
        if counts[step] > 1 {
            return values[step];
        }
        let low = if step == 0 { values[0] } else { 0.5 * values[step - 1] + 0.5 * values[step] };
        let high = values.get(step + 1).map_or(values[step], |next| 0.5 * next + 0.5 * values[step]);
        form.round(low + (high - low) * steps.part(step, z)).clamp(values[0], values[values.len() - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fair_coin_has_the_scores_of_the_half_normal() {
        let coin = Steps::new(&[5, 5]);
        let scores = coin.scores();
        // E[Z | Z > 0] = sqrt(2 / pi).
        let expected = (2.0 / std::f64::consts::PI).sqrt();
        assert!((scores[1] - expected).abs() < 1e-12 && (scores[0] + expected).abs() < 1e-12);
        let hermite = coin.hermite(&scores);
        // The first coefficient is E[score Z] = 2 / pi, even ones vanish, and their squares sum to the variance 2 / pi.
        assert!((hermite[0] - 2.0 / std::f64::consts::PI).abs() < 1e-12 && hermite[1].abs() < 1e-12);
        let many: f64 = hermite.iter().map(|coefficient| coefficient * coefficient).sum();
        assert!(many < 2.0 / std::f64::consts::PI && many > 0.55, "{many}");
    }

    #[test]
    fn values_come_back_from_their_intervals() {
        let cells = Cells::Numbers { form: Form::Real { decimals: 1 }, values: vec![1.0, 2.0, 2.0, 2.0, f64::NAN, 10.0] };
        let margin = Margin::new(&cells, &[0, 1, 2, 3, 4, 5], &Vec::new(), true);
        let z = |probability: f64| normal::quantile(probability);
        assert!(margin.number(&[z(0.1), 0.0]).is_nan(), "one of six is missing");
        assert_eq!(margin.number(&[z(0.9), z(0.5)]), 2.0);
        // 1 stands alone in [0, .2): from 1 to the middle between 1 and 2; the half of it is 1.25, written with one decimal.
        assert_eq!(margin.number(&[z(0.9), z(0.1)]), 1.3);
        // 10 stands alone in [.8, 1): from 6 to 10.
        assert_eq!(margin.number(&[z(0.9), z(0.9)]), 8.0);
    }
}
