//! How the weight of a penalty is measured, so that one weight does the same on labels of any spread and under either data loss.
//!
//! ```text
//! m, sd     mean and standard deviation of the label over the training rows, with their weights
//! data      what the data loss is off where scores are off by sd:     mse: sd^2      bce: sd^2 / (2 m (1 - m)), which is 1/2 for labels of 0 and 1
//! spread    of scores: sd                                             of logits: sd / (m (1 - m))
//! factor    data / spread for distances along one of these;           data for numbers without a unit, ranks among them
//! ```
//!
//! `scale = "label"` multiplies the weight by the factor: a distance then counts in standard deviations of the label, against a data loss in
//! units of the loss that an error of one of them costs. Under a wish to move all scores of a group, both pulls keep their proportion whatever the scale of the label, the
//! share of positives or the loss. `scale = "raw"` takes the weight as it stands, as papers do. Where all labels agree there is no spread, and
//! nothing to weigh: the factor is 0.

use evenhand_catalog::{Allowed, Literal, Parameter, Parameters};

use crate::objective::Setting;
use crate::training::DataLoss;

/// The parameter.
pub(crate) const SCALE: Parameter = Parameter {
    name: "scale",
    default: Literal::Text("label"),
    allowed: Allowed::OneOf(&["label", "raw"]),
    purpose: "what the weight is measured in: `label` spreads of the label and what the data loss makes of them, so that one weight does the same on any label; `raw` takes it as it stands, as papers do",
};

/// How strongly a penalty depends on the scores, and on which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Degree {
    /// A number without a unit.
    Free,
    /// A distance along the scores.
    Score,
    /// A distance along the logits.
    Logit,
}

/// Standard deviation below which labels agree but for rounding.
const NO_SPREAD: f64 = 1e-9;

/// Mean and standard deviation of one target's labels, under a data loss.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spread {
    mean: f64,
    deviation: f64,
    loss: DataLoss,
}

impl Spread {
    /// Of the rows that have a label.
    fn of(labels: &[f64], weights: Option<&[f64]>, loss: DataLoss) -> Self {
        let known = || labels.iter().enumerate().filter(|(_, label)| label.is_finite());
        let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
        let total: f64 = known().map(|(row, _)| weight(row)).sum();
        let mean = known().map(|(row, label)| weight(row) * label).sum::<f64>() / total;
        let variance = known().map(|(row, label)| weight(row) * (label - mean).powi(2)).sum::<f64>() / total;
        Spread { mean, deviation: variance.sqrt(), loss }
    }

    fn factor(self, degree: Degree) -> f64 {
        let Spread { mean, deviation, loss } = self;
        if deviation.is_nan() || deviation < NO_SPREAD {
            return 0.0;
        }
        let curve = mean * (1.0 - mean);
        let data = match loss {
            DataLoss::Bce => deviation * deviation / (2.0 * curve),
            DataLoss::Mse => deviation * deviation,
        };
        match degree {
            Degree::Free => data,
            Degree::Score => data / deviation,
            Degree::Logit => data / (deviation / curve),
        }
    }
}

/// What a weight is measured in, once the training rows are known.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Scale {
    /// For each target its labels' spread; `None` takes weights as they stand.
    spreads: Option<Vec<Spread>>,
}

impl Scale {
    /// The scale of the parameters, from the training rows.
    pub(crate) fn new(parameters: &Parameters, setting: &Setting<'_>) -> Self {
        if parameters.text("scale") == "raw" {
            return Scale::default();
        }
        let rows = setting.train;
        let labels = std::iter::once(rows.labels).chain(rows.targets.iter().map(|target| target.values.as_slice()));
        Scale { spreads: Some(labels.map(|labels| Spread::of(labels, rows.weights, setting.training.loss)).collect()) }
    }

    /// The factor of a weight on one target: 0 is the label.
    pub(crate) fn factor(&self, target: usize, degree: Degree) -> f64 {
        self.spreads.as_ref().map_or(1.0, |spreads| spreads[target].factor(degree))
    }

    /// The mean factor over targets, for penalties that take them together.
    pub(crate) fn mean_factor(&self, targets: &[usize], degree: Degree) -> f64 {
        targets.iter().map(|&target| self.factor(target, degree)).sum::<f64>() / targets.len() as f64
    }

    /// The standard deviation of the label, the unit of widths along its scores; 1 where numbers are taken as they stand or it does not vary.
    pub(crate) fn unit(&self, target: usize) -> f64 {
        self.spreads.as_ref().map(|spreads| spreads[target].deviation).filter(|deviation| *deviation >= NO_SPREAD).unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_does_the_same_on_any_label_and_under_either_loss() {
        // One scorer says c to everybody of a group, apart from the mean by d: the pull of the data loss at d against the pull of a distance of weight 1.
        let pull = |labels: &[f64], loss: DataLoss, apart: f64| {
            let spread = Spread::of(labels, None, loss);
            let score = spread.mean + apart * spread.deviation;
            let slope = match loss {
                DataLoss::Mse => 2.0 * (score - spread.mean),
                // d/ds of the cross-entropy, to first order about the mean.
                DataLoss::Bce => (score - spread.mean) / (spread.mean * (1.0 - spread.mean)),
            };
            slope / spread.factor(Degree::Score)
        };
        let binary = |positives: usize| (0..100).map(|row| f64::from(u8::from(row < positives))).collect::<Vec<f64>>();
        let ratings: Vec<f64> = (0..100).map(|row| 0.45 + 0.002 * f64::from(row)).collect();
        for labels in [binary(5), binary(50), binary(89), ratings] {
            for loss in [DataLoss::Bce, DataLoss::Mse] {
                assert!((pull(&labels, loss, 0.5) - 1.0).abs() < 1e-9, "{loss:?}");
            }
        }
    }

    #[test]
    fn labels_that_agree_have_no_spread_and_unknown_ones_do_not_count() {
        assert_eq!(Spread::of(&[1.0; 4], None, DataLoss::Bce).factor(Degree::Free), 0.0);
        assert_eq!(Spread::of(&[1.0 / 3.0; 7], Some(&[0.1; 7]), DataLoss::Mse).factor(Degree::Score), 0.0);
        assert_eq!(Spread::of(&[f64::NAN; 2], None, DataLoss::Mse).factor(Degree::Free), 0.0);
        let known = Spread::of(&[0.0, f64::NAN, 1.0], Some(&[1.0, 7.0, 3.0]), DataLoss::Bce);
        assert!(known.mean == 0.75 && (known.factor(Degree::Free) - 0.5).abs() < 1e-15);
        assert!((known.factor(Degree::Score) - 0.5 / 0.1875_f64.sqrt()).abs() < 1e-15);
        assert!((known.factor(Degree::Logit) - 0.5 * 0.1875_f64.sqrt()).abs() < 1e-15);
        assert!((Scale::default().factor(3, Degree::Logit) - 1.0).abs() < f64::EPSILON);
    }
}
