//! What a metric says: a value with its interval, or the reason why there is none.

use serde::{Deserialize, Serialize};

/// A number that could be estimated, or the reason why it could not. Never `NaN`, never a silent 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", untagged)]
pub enum Estimate {
    /// The value, with an interval where one was asked for and exists.
    Value {
        /// The point estimate; finite.
        value: f64,
        /// Its interval.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        interval: Option<Interval>,
    },
    /// The value does not exist for these rows.
    Undefined {
        /// Why, in one sentence.
        undefined: String,
    },
}

impl Estimate {
    /// A value without an interval; a non-finite number becomes `Undefined`, so that no `NaN` travels.
    pub fn value(value: f64) -> Self {
        if value.is_finite() {
            Estimate::Value { value, interval: None }
        } else {
            Estimate::undefined("the computation left the real numbers")
        }
    }

    /// The same on another scale; one that turns the order swaps the ends of the interval.
    ///
    /// ```
    /// use evenhand_metrics::Estimate;
    ///
    /// assert_eq!(Estimate::value(0.25).mapped(|share| 100.0 * (1.0 - share)), Estimate::value(75.0));
    /// ```
    #[must_use]
    pub fn mapped(&self, to: impl Fn(f64) -> f64) -> Self {
        match self {
            Estimate::Value { value, interval } => Estimate::Value {
                value: to(*value),
                interval: interval.as_ref().map(|interval| {
                    let (one, other) = (to(interval.low), to(interval.high));
                    Interval { low: one.min(other), high: one.max(other), ..interval.clone() }
                }),
            },
            Estimate::Undefined { .. } => self.clone(),
        }
    }

    /// The reason why there is no value.
    pub fn undefined(reason: impl Into<String>) -> Self {
        Estimate::Undefined { undefined: reason.into() }
    }

    /// The number, if there is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Estimate::Value { value, .. } => Some(*value),
            Estimate::Undefined { .. } => None,
        }
    }

    /// The interval, if there is one.
    pub fn interval(&self) -> Option<&Interval> {
        match self {
            Estimate::Value { interval, .. } => interval.as_ref(),
            Estimate::Undefined { .. } => None,
        }
    }

    /// The reason, if there is no value.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Estimate::Value { .. } => None,
            Estimate::Undefined { undefined } => Some(undefined),
        }
    }
}

/// A confidence interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Coverage aimed at, for example 0.95.
    pub level: f64,
    /// How it was made: `count-resampling`, `bootstrap`, `dkw`, `newcombe`, `wilson`.
    pub method: String,
    /// Replicates in which the number was defined (0 for closed forms).
    pub replicates: usize,
}

/// The statistic of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupFinding {
    /// Name of the group.
    pub group: String,
    /// Rows of the group that the statistic rests on (for a true-positive rate: the positives).
    pub n: usize,
    /// Its statistic.
    pub estimate: Estimate,
}

/// The same disparity between two sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// First group.
    pub group: String,
    /// Second group, or `rest` for all other known groups together.
    pub against: String,
    /// The disparity.
    pub estimate: Estimate,
}

/// All that one metric says about one set of outcomes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Id of the metric.
    pub metric: String,
    /// The summary number: the overall value, or for a disparity the largest pair.
    pub estimate: Estimate,
    /// Rows it rests on; jobs for a metric of rankings.
    pub n: usize,
    /// The statistic in every group, where the metric has one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_group: Vec<GroupFinding>,
    /// The two groups between which the disparity is largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest_pair: Option<(String, String)>,
    /// Every group against all others together; empty with fewer than three groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub against_rest: Vec<Comparison>,
    /// Groups that could not enter, with the reason; for a metric of rankings also jobs without the number, and intervals that do not exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<(String, String)>,
    /// The threshold at which a maximum over thresholds lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_threshold: Option<f64>,
    /// The same metric for the best constant prediction (MSE, MAE).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constant_predictor: Option<f64>,
    /// Permutation p-value of the null hypothesis "the scores do not depend on the group", with the +1 correction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// Mean of the disparity over the permutations: what parity would give at these sizes, by chance alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_lot: Option<f64>,
    /// The disparity less what chance adds to it: sqrt(value^2 - by_lot^2), 0 where chance gives as much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bias_corrected: Option<f64>,
}

impl Finding {
    /// A finding that says nothing yet.
    pub(crate) fn new(metric: &str) -> Self {
        Finding {
            metric: metric.to_owned(),
            estimate: Estimate::undefined("not measured"),
            n: 0,
            by_group: Vec::new(),
            largest_pair: None,
            against_rest: Vec::new(),
            left_out: Vec::new(),
            at_threshold: None,
            constant_predictor: None,
            p_value: None,
            by_lot: None,
            bias_corrected: None,
        }
    }
}
