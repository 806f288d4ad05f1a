//! What a metric is, which ones there are, and how several are evaluated together.

use std::fmt::Debug;

use evenhand_catalog::{Card, CatalogError, unknown_id};

use crate::{Finding, IntervalPlan, MetricError, Outcomes, parity, performance, representation};

/// What a metric reads of the outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// How many of each group were selected.
    Decisions,
    /// How decisions and truth fall together in each group.
    JudgedDecisions,
    /// The scores of each group.
    Scores,
    /// Scores and labels of each row.
    Labels,
    /// The embeddings.
    Latent,
    /// Strata such as jobs.
    Strata,
}

/// One number about outcomes.
///
/// ```
/// use evenhand_metrics::{Outcomes, find};
/// use evenhand_rows::Groups;
///
/// let groups = Groups::from_texts("gender", ["m", "m", "w", "w"].map(Some).into_iter());
/// let outcomes = Outcomes::new(&[0.9, 0.7, 0.6, 0.2], &groups)?;
/// let metric = find("demographic-parity-difference")?;
/// let finding = metric.evaluate(&outcomes);
/// // Both men are selected at 0.5, and one of the two women.
/// assert_eq!(finding.estimate.number(), Some(0.5));
/// assert_eq!(metric.card().fair_value, Some(0.0));
/// # Ok::<(), evenhand_metrics::MetricError>(())
/// ```
pub trait Metric: Debug + Sync {
    /// What the metric says of itself.
    fn card(&self) -> &'static Card;

    /// What it reads; without it every finding is `Undefined`.
    fn needs(&self) -> Needs;

    /// True when the statistic of each group is a score, which a report shows on the scale of the person's own scores.
    fn groups_have_scores(&self) -> bool {
        false
    }

    /// The finding, with intervals and p-values where a plan asks for them and the metric has them.
    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding;

    /// The finding without intervals.
    fn evaluate(&self, outcomes: &Outcomes) -> Finding {
        self.measure(outcomes, None)
    }

    /// True when the outcomes hold what the metric reads.
    fn applies(&self, outcomes: &Outcomes) -> bool {
        match self.needs() {
            Needs::Decisions | Needs::Scores => true,
            Needs::JudgedDecisions | Needs::Labels => outcomes.has_labels(),
            Needs::Latent => outcomes.has_latent(),
            Needs::Strata => outcomes.strata.is_some(),
        }
    }
}

/// Every metric, one slice a folder.
pub const METRICS: &[&[&dyn Metric]] = &[performance::METRICS, parity::METRICS, representation::METRICS];

/// Every metric, in the order of the registry.
pub fn metrics() -> impl Iterator<Item = &'static dyn Metric> {
    METRICS.iter().flat_map(|folder| folder.iter().copied())
}

/// The metric with this id, or an error that names the nearest.
pub fn find(id: &str) -> Result<&'static dyn Metric, CatalogError> {
    metrics().find(|metric| metric.card().id == id).ok_or_else(|| unknown_id(id, metrics().map(Metric::card)))
}

/// Evaluates the metrics with these ids, in this order; without ids all that apply to the outcomes, in the order of the registry.
///
/// ```
/// use evenhand_rows::Groups;
/// use evenhand_metrics::{Outcomes, evaluate};
///
/// let groups = Groups::from_texts("group", [Some("a"), Some("a"), Some("a"), Some("b")].into_iter());
/// let outcomes = Outcomes::new(&[0.2, 0.4, 0.9, 0.3], &groups)?;
/// let findings = evaluate(&["spdd"], &outcomes, None)?;
/// assert!((findings[0].estimate.number().unwrap_or_default() - 0.8 / 3.0).abs() < 1e-12);
/// # Ok::<(), evenhand_metrics::MetricError>(())
/// ```
pub fn evaluate(ids: &[&str], outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Result<Vec<Finding>, MetricError> {
    if let Some(plan) = plan {
        plan.check()?;
    }
    let chosen = if ids.is_empty() {
        metrics().filter(|metric| metric.applies(outcomes)).collect()
    } else {
        ids.iter().map(|id| find(id)).collect::<Result<Vec<_>, _>>()?
    };
    Ok(chosen.into_iter().map(|metric| metric.measure(outcomes, plan)).collect())
}
