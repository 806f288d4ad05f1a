//! The recipe's `[training]`: how a scorer is fitted, whatever the objective.

use evenhand_rows::Label;
use serde::{Deserialize, Serialize};

use crate::LearnError;
use crate::optimizer::OptimizerKind;

/// The data loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataLoss {
    /// Binary cross-entropy: `log(1 + e^z) - y z` with logit z and label y in [0, 1].
    #[default]
    Bce,
    /// Mean squared error of the score: `(sigmoid(z) - y)^2`.
    Mse,
}

/// How the learning rate changes over the epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decay {
    /// The same rate throughout.
    #[default]
    Constant,
    /// `rate * (1 - e / epochs)` in epoch e = 0, 1, ...
    Linear,
    /// `rate * (1 + cos(pi e / epochs)) / 2` in epoch e = 0, 1, ...
    Cosine,
}

/// Which epoch's weights are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selection {
    /// Lowest validation objective: data loss plus the objective's weighted terms.
    ///
    /// The adversarial methods, Fair Mixup and the penalties on gradients (`gcm`, `iga`, `direct-alignment`) have no term on validation
    /// rows: an adversary's loss rises as it gets worse, and a penalty on gradients is about training. For them this is `Loss`, which
    /// prefers epochs before the penalty took hold; `Last` does not.
    #[default]
    Objective,
    /// Lowest validation data loss.
    Loss,
    /// Highest validation accuracy at threshold 0.5.
    Accuracy,
    /// Highest Pearson correlation of validation scores and labels.
    Correlation,
    /// The last epoch; nothing stops early.
    Last,
}

/// What is recorded at the end of every epoch beside the curves; the training is the same with and without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trace {
    /// How much more one group's rows pull at each weight than another's: [`crate::ContributionDisparity`].
    ContributionDisparity,
}

/// The recipe's `[training]`.
///
/// | key | default | purpose | allowed |
/// |---|---|---|---|
/// | `loss` | `"bce"` | data loss | `bce`, `mse` |
/// | `optimizer` | `"adam"` | optimiser of the scorer | `adam`, `adamw` |
/// | `learning_rate` | `0.001` | step size | above 0 |
/// | `decay` | `"constant"` | course of the learning rate over the epochs | `constant`, `linear`, `cosine` |
/// | `weight_decay` | `0.0` | pull of the weights towards 0 | at least 0 |
/// | `batch_size` | `256` | rows a step | at least 1 |
/// | `epochs` | `50` | passes over the training rows, at most | at least 1 |
/// | `patience` | `10` | epochs without a better one before training stops; 0 never stops early | at least 0 |
/// | `regularised` | the label | names of the label and further targets whose scores the objective evens out | names of targets |
/// | `selection` | `"objective"` | which epoch's weights are kept, judged on validation rows (`objective` is `loss` for methods without a term there, which their cards say) | `objective`, `loss`, `accuracy`, `correlation`, `last` |
/// | `trace` | `[]` | what is recorded at the end of every epoch | `contribution-disparity` |
/// | `trace_rows` | `1000` | rows a cell that a trace looks at, at most | at least 1 |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Training {
    /// Data loss.
    pub loss: DataLoss,
    /// Optimiser of the scorer.
    pub optimizer: OptimizerKind,
    /// Step size.
    pub learning_rate: f64,
    /// Course of the learning rate over the epochs.
    pub decay: Decay,
    /// Pull of the weights towards 0.
    pub weight_decay: f64,
    /// Rows a step.
    pub batch_size: usize,
    /// Passes over the training rows, at most.
    pub epochs: usize,
    /// Epochs without a better one before training stops; 0 never stops early.
    pub patience: usize,
    /// Which epoch's weights are kept.
    pub selection: Selection,
    /// Targets whose scores the objective evens out, by name; empty for the label alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regularised: Vec<String>,
    /// What is recorded at the end of every epoch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<Trace>,
    /// Rows a cell that a trace looks at, at most.
    #[serde(skip_serializing_if = "usual_trace_rows")]
    pub trace_rows: usize,
}

const TRACE_ROWS: usize = 1000;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn usual_trace_rows(rows: &usize) -> bool {
    *rows == TRACE_ROWS
}

impl Default for Training {
    fn default() -> Self {
        Training {
            loss: DataLoss::Bce,
            optimizer: OptimizerKind::Adam,
            learning_rate: 1e-3,
            decay: Decay::Constant,
            weight_decay: 0.0,
            batch_size: 256,
            epochs: 50,
            patience: 10,
            selection: Selection::Objective,
            regularised: Vec::new(),
            trace: Vec::new(),
            trace_rows: TRACE_ROWS,
        }
    }
}

impl Training {
    /// Refuses numbers outside their range.
    pub fn check(&self) -> Result<(), LearnError> {
        let bad = |key, value: String, expected: &str| {
            Err(LearnError::BadSetting { section: "training", key, value, expected: expected.to_owned() })
        };
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return bad("learning_rate", self.learning_rate.to_string(), "a finite number above 0");
        }
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            return bad("weight_decay", self.weight_decay.to_string(), "a finite number, at least 0");
        }
        if self.batch_size == 0 {
            return bad("batch_size", "0".to_owned(), "at least 1");
        }
        if self.epochs == 0 {
            return bad("epochs", "0".to_owned(), "at least 1");
        }
        if self.trace_rows == 0 {
            return bad("trace_rows", "0".to_owned(), "at least 1");
        }
        Ok(())
    }

    /// Indices of the regularised targets: 0 is the label (whatever name is not a further target's), then the further ones in order.
    pub fn regularised_among(&self, further: &[Label]) -> Vec<usize> {
        let mut chosen: Vec<usize> = self
            .regularised
            .iter()
            .map(|name| further.iter().position(|target| target.name == *name).map_or(0, |place| place + 1))
            .collect();
        chosen.sort_unstable();
        chosen.dedup();
        if chosen.is_empty() { vec![0] } else { chosen }
    }

    /// Learning rate in this epoch (from 1), for a first rate of `rate`.
    pub fn rate(&self, rate: f64, epoch: usize) -> f64 {
        let done = (epoch.saturating_sub(1)) as f64 / self.epochs as f64;
        match self.decay {
            Decay::Constant => rate,
            Decay::Linear => rate * (1.0 - done),
            Decay::Cosine => rate * f64::midpoint(1.0, (std::f64::consts::PI * done).cos()),
        }
    }
}
