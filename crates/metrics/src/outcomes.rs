//! What a scorer did, seen by group: the input of every metric.

use std::sync::{Arc, OnceLock};

use evenhand_rows::{Groups, UNKNOWN};
use serde::{Deserialize, Serialize};

use crate::counts::{self, Confusion, GroupCounts};
use crate::gaps::{Resampled, Union};
use crate::pca::{self, Pca};
use crate::rates::RATES;
use crate::sample::{self, Sample, Samples};
use crate::{IntervalPlan, MetricError, rates};

/// How a score becomes a decision at threshold t.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionRule {
    /// Selected when score > t (Kim et al. 2023, Eq. 3).
    #[default]
    Above,
    /// Selected when score >= t.
    AtOrAbove,
}

/// Whose definition is used where toolkits differ; `docs/metrics.md` lists every difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Convention {
    /// Ours: differences are max - min >= 0, ratios min/max <= 1.
    #[default]
    Evenhand,
    /// As fairlearn computes it.
    Fairlearn,
    /// As AIF360 computes it: unprivileged minus (or over) privileged, signed.
    Aif360,
}

/// Whether threshold-free metrics are exact or follow a paper's grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Definition {
    /// Exact, by sorting.
    #[default]
    Exact,
    /// Mean over the 50 thresholds 0, 0.02, ..., 0.98 with strict `>`, as the public code of Kim et al. 2023 does.
    Grid,
}

/// Choices that hold for every metric of one evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conventions {
    /// Threshold on the score for decision metrics.
    pub threshold: f64,
    /// Whether a score equal to the threshold is selected.
    pub decision_rule: DecisionRule,
    /// A continuous label at or above this value counts as positive (paper: score >= 0.5 is high-scoring); binary labels are unaffected.
    pub label_threshold: f64,
    /// Whose definitions.
    pub convention: Convention,
    /// Exact or grid.
    pub definition: Definition,
    /// The privileged group, needed by signed conventions; `None` takes the group with the highest selection rate.
    pub privileged: Option<String>,
    /// Groups with fewer rows are listed as left out of gaps.
    pub minimum_group_size: usize,
}

impl Default for Conventions {
    fn default() -> Self {
        Conventions {
            threshold: 0.5,
            decision_rule: DecisionRule::default(),
            label_threshold: 0.5,
            convention: Convention::default(),
            definition: Definition::default(),
            privileged: None,
            minimum_group_size: 1,
        }
    }
}

/// Embeddings of the rows: `rows x width`, row after row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latent<'a> {
    /// Numbers per row.
    pub width: usize,
    /// All values.
    pub values: &'a [f32],
}

/// Scores, truth, groups and weights of the same rows, borrowed from whoever holds them.
///
/// Lengths agree and every number is finite: `Outcomes::new` checks it, so that no metric has to.
///
/// What several metrics need (counts, sorting orders) is computed once, on first use, and kept.
#[derive(Debug, Clone)]
pub struct Outcomes<'a> {
    pub(crate) scores: &'a [f64],
    pub(crate) labels: Option<&'a [f64]>,
    pub(crate) groups: &'a Groups,
    pub(crate) weights: Option<&'a [f64]>,
    pub(crate) latent: Option<Latent<'a>>,
    pub(crate) strata: Option<&'a Groups>,
    pub(crate) conventions: Conventions,
    cache: Cache,
}

/// Intermediate results; cheap to clone, forgotten when an input or a convention changes.
#[derive(Debug, Clone, Default)]
struct Cache {
    counts: OnceLock<Arc<Vec<GroupCounts>>>,
    samples: OnceLock<Arc<Samples>>,
    tables: OnceLock<((u64, usize), Tables)>,
    /// For each rate what the groups got when they were dealt out anew.
    dealt: [OnceLock<Dealt>; RATES],
    union: OnceLock<Arc<Union>>,
    /// Replicates of the marginal disparities, and of those that follow the paper's grid.
    marginals: [OnceLock<(IntervalPlan, Arc<Resampled>)>; 2],
    plane: OnceLock<Option<Arc<Pca>>>,
}

/// Seed and number of permutations, and what they gave.
type Dealt = ((u64, usize), Arc<Vec<f64>>);

/// Resampled count tables: replicate by level, the unknown last.
pub(crate) type Tables = Arc<Vec<Vec<Confusion>>>;

/// Which groups enter a gap and which do not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// Codes of the groups that have rows.
    pub(crate) present: Vec<u32>,
    /// Codes of the groups that enter gaps: present, and large enough.
    pub(crate) entered: Vec<u32>,
    /// The others, with the reason.
    pub(crate) left_out: Vec<(String, String)>,
}

impl<'a> Outcomes<'a> {
    /// Joins scores and groups of the same rows.
    pub fn new(scores: &'a [f64], groups: &'a Groups) -> Result<Self, MetricError> {
        if scores.is_empty() {
            return Err(MetricError::NoRows);
        }
        length("the group column", scores.len(), groups.len())?;
        finite("the score", scores)?;
        Ok(Outcomes {
            scores,
            labels: None,
            groups,
            weights: None,
            latent: None,
            strata: None,
            conventions: Conventions::default(),
            cache: Cache::default(),
        })
    }

    /// Adds the truth: 0 or 1, or a number that `label_threshold` cuts for decision metrics.
    pub fn labels(mut self, labels: &'a [f64]) -> Result<Self, MetricError> {
        length("the label column", self.scores.len(), labels.len())?;
        finite("the label", labels)?;
        self.labels = Some(labels);
        self.cache = Cache::default();
        Ok(self)
    }

    /// Adds a weight per row. A row of weight 0 counts as a row but moves no number.
    pub fn weights(mut self, weights: &'a [f64]) -> Result<Self, MetricError> {
        length("the weight column", self.scores.len(), weights.len())?;
        finite("the weight", weights)?;
        if let Some(row) = weights.iter().position(|&weight| weight < 0.0) {
            return Err(MetricError::NegativeWeight { row, value: weights[row] });
        }
        if weights.iter().all(|&weight| weight == 0.0) {
            return Err(MetricError::NoWeight);
        }
        self.weights = Some(weights);
        self.cache = Cache::default();
        Ok(self)
    }

    /// Adds the embeddings of the rows.
    pub fn latent(mut self, latent: Latent<'a>) -> Result<Self, MetricError> {
        let rows = self.scores.len();
        if latent.width == 0 || latent.values.len() != rows * latent.width {
            return Err(MetricError::LatentShape { rows, width: latent.width, found: latent.values.len() });
        }
        if let Some(at) = latent.values.iter().position(|value| !value.is_finite()) {
            return Err(MetricError::NotFinite { what: "the embedding", row: at / latent.width, value: f64::from(latent.values[at]) });
        }
        self.latent = Some(latent);
        self.cache = Cache::default();
        Ok(self)
    }

    /// Adds strata such as jobs, within which some metrics compare the groups.
    pub fn strata(mut self, strata: &'a Groups) -> Result<Self, MetricError> {
        length("the stratum column", self.scores.len(), strata.len())?;
        self.strata = Some(strata);
        Ok(self)
    }

    /// Sets threshold, definitions and the other choices.
    #[must_use]
    pub fn conventions(mut self, conventions: Conventions) -> Self {
        self.conventions = conventions;
        self.cache = Cache::default();
        self
    }

    /// Outcomes of which only sums are known: nothing but counts and samples may be read of them.
    pub(crate) fn from_sums(
        groups: &'a Groups,
        labelled: bool,
        conventions: Conventions,
        counts: Arc<Vec<GroupCounts>>,
        samples: Arc<Samples>,
    ) -> Self {
        let cache = Cache { counts: OnceLock::from(counts), samples: OnceLock::from(samples), ..Cache::default() };
        Outcomes { scores: &[], labels: labelled.then_some(&[]), groups, weights: None, latent: None, strata: None, conventions, cache }
    }

    /// The same groups and counts with other samples of their rows, without labels: nothing but counts and samples may be read of them.
    pub(crate) fn with_samples(&self, conventions: Conventions, samples: Arc<Samples>) -> Self {
        self.counts();
        let counts = self.cache.counts.get().cloned().unwrap_or_default();
        Outcomes::from_sums(self.groups, false, conventions, counts, samples)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.counts().iter().map(GroupCounts::rows).sum()
    }

    /// Never true: outcomes have rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The choices in force.
    pub fn chosen(&self) -> &Conventions {
        &self.conventions
    }

    /// True when truth was given.
    pub fn has_labels(&self) -> bool {
        self.labels.is_some()
    }

    /// True when embeddings were given.
    pub fn has_latent(&self) -> bool {
        self.latent.is_some()
    }

    pub(crate) fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    /// Whether the label of a row counts as positive; `false` without labels.
    pub(crate) fn positive(&self, row: usize) -> bool {
        self.labels.is_some_and(|labels| labels[row] >= self.conventions.label_threshold)
    }

    /// Counts of every level, in the order of the levels, and one more entry for the rows of unknown group.
    pub(crate) fn counts(&self) -> &[GroupCounts] {
        self.cache.counts.get_or_init(|| Arc::new(counts::count(self)))
    }

    /// The rows of every level (and of the unknown, and of all) by ascending score.
    pub(crate) fn samples(&self) -> &Samples {
        self.cache.samples.get_or_init(|| Arc::new(sample::sort(self)))
    }

    /// Resampled count tables of a plan; kept for the first plan that asks.
    pub(crate) fn tables(&self, plan: &IntervalPlan) -> Tables {
        let draw = || Arc::new(rates::draw_tables(self.counts(), plan));
        let key = (plan.seed, plan.replicates);
        let (kept, tables) = self.cache.tables.get_or_init(|| (key, draw()));
        if *kept == key { Arc::clone(tables) } else { draw() }
    }

    /// What dealing the groups out anew gives of one rate; kept for the first plan that asks.
    pub(crate) fn dealt(&self, rate: usize, plan: &IntervalPlan, deal: impl Fn() -> Vec<f64>) -> Arc<Vec<f64>> {
        let key = (plan.seed, plan.permutations);
        let (kept, dealt) = self.cache.dealt[rate].get_or_init(|| (key, Arc::new(deal())));
        if *kept == key { Arc::clone(dealt) } else { Arc::new(deal()) }
    }

    /// The samples of the groups that enter on shared places.
    pub(crate) fn union(&self, entered: &[&Sample]) -> Arc<Union> {
        Arc::clone(self.cache.union.get_or_init(|| Arc::new(Union::new(entered))))
    }

    /// Replicates of the disparities that are drawn together under a plan; kept for the first plan that asks.
    pub(crate) fn marginals(&self, on_grid: bool, plan: &IntervalPlan, draw: impl Fn() -> Resampled) -> Arc<Resampled> {
        let (kept, resampled) = self.cache.marginals[usize::from(on_grid)].get_or_init(|| (*plan, Arc::new(draw())));
        if kept == plan { Arc::clone(resampled) } else { Arc::new(draw()) }
    }

    /// The embeddings on their first two principal components.
    pub(crate) fn plane(&self) -> Option<&Pca> {
        self.cache.plane.get_or_init(|| self.latent.map(|latent| Arc::new(pca::pca_2d(latent)))).as_deref()
    }

    /// Which groups enter gaps.
    pub(crate) fn selection(&self) -> Selection {
        let minimum = self.conventions.minimum_group_size.max(1);
        let mut selection = Selection::default();
        let counts = self.counts();
        for (code, level) in self.groups.levels().iter().enumerate() {
            let group = &counts[code];
            let rows = group.rows();
            if rows > 0 {
                selection.present.push(code as u32);
            }
            if rows == 0 {
                selection.left_out.push((level.clone(), "the group has no rows".to_owned()));
            } else if rows < minimum {
                selection.left_out.push((level.clone(), format!("{rows} rows, fewer than the minimum of {minimum}")));
            } else if group.weight() == 0.0 {
                selection.left_out.push((level.clone(), format!("all weights of its {rows} rows are 0")));
            } else {
                selection.entered.push(code as u32);
            }
        }
        let unknown = counts[self.groups.levels().len()].rows();
        if unknown > 0 {
            selection.left_out.push(("unknown".to_owned(), format!("{unknown} rows whose group is not known")));
        }
        selection
    }

    /// Position of a row's group among the levels; one past them for an unknown group.
    pub(crate) fn slot(&self, row: usize) -> usize {
        slot(self.groups.codes()[row], self.groups.levels().len())
    }
}

pub(crate) fn slot(code: u32, levels: usize) -> usize {
    if code == UNKNOWN { levels } else { code as usize }
}

impl Conventions {
    /// Whether a score is selected at the threshold.
    pub fn selects(&self, score: f64) -> bool {
        match self.decision_rule {
            DecisionRule::Above => score > self.threshold,
            DecisionRule::AtOrAbove => score >= self.threshold,
        }
    }
}

fn length(what: &'static str, expected: usize, found: usize) -> Result<(), MetricError> {
    if expected == found { Ok(()) } else { Err(MetricError::Length { what, expected, found }) }
}

pub(crate) fn finite(what: &'static str, values: &[f64]) -> Result<(), MetricError> {
    // The sum of x * 0 is 0 exactly when every x is finite: no branch in the loop.
    if values.iter().map(|value| value * 0.0).sum::<f64>() == 0.0 {
        return Ok(());
    }
    let row = values.iter().position(|value| !value.is_finite()).unwrap_or_default();
    Err(MetricError::NotFinite { what, row, value: values[row] })
}
