//! What a scorer did, seen by group: the input of every metric.

use evenhand_data::Groups;

/// How a score becomes a decision at threshold t.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DecisionRule {
    /// Selected when score > t (Kim et al. 2023, Eq. 3).
    #[default]
    Above,
    /// Selected when score >= t.
    AtOrAbove,
}

/// Whose definition is used where toolkits differ; `docs/metrics.md` lists every difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Definition {
    /// Exact, by sorting.
    #[default]
    Exact,
    /// Mean over the 50 thresholds 0, 0.02, ..., 0.98 with strict `>`, as the public code of Kim et al. 2023 does.
    Grid,
}

/// Choices that hold for every metric of one evaluation.
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Clone)]
pub struct Outcomes<'a> {
    pub(crate) scores: &'a [f64],
    pub(crate) labels: Option<&'a [f64]>,
    pub(crate) groups: &'a Groups,
    pub(crate) weights: Option<&'a [f64]>,
    pub(crate) latent: Option<Latent<'a>>,
    pub(crate) conventions: Conventions,
}
