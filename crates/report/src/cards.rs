//! What the cards of metrics say to a report.

use evenhand_catalog::Card;
use evenhand_metrics::RANKING_METRICS;

/// The card of a metric, of those of outcomes and those of rankings.
pub fn metric(id: &str) -> Option<&'static Card> {
    let rankings = RANKING_METRICS.iter().map(|metric| metric.card());
    evenhand_metrics::metrics().map(evenhand_metrics::Metric::card).chain(rankings).find(|card| card.id == id)
}

/// True when the metric compares groups, false when it is overall performance.
pub fn compares_groups(metric: &str) -> bool {
    !evenhand_metrics::PERFORMANCE.iter().any(|known| known.card().id == metric)
}
