//! Holm's step-down correction of the p-values of several tests.
//!
//! ```text
//! of m p-values, ascending, the k-th becomes max over j <= k of min(1, (m - j + 1) p_j)
//! ```
//!
//! The chance that any true hypothesis has an adjusted value at or below a level is at most the level, however the tests depend on each other.
//! Range [0, 1].
//!
//! Source: Holm 1979, "A simple sequentially rejective multiple test procedure"; equals statsmodels' multipletests(method="holm").

/// Adjusted p-values in the order given; what is absent stays so and does not count as a test.
///
/// ```
/// use evenhand_metrics::significance::holm;
///
/// assert_eq!(holm(&[Some(0.5), None, Some(0.125)]), [Some(0.5), None, Some(0.25)]);
/// ```
pub fn holm(p_values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<(usize, f64)> = p_values.iter().enumerate().filter_map(|(place, p)| Some((place, (*p)?))).collect();
    order.sort_by(|one, other| one.1.total_cmp(&other.1).then(one.0.cmp(&other.0)));
    let count = order.len();
    let mut adjusted = vec![None; p_values.len()];
    let mut largest = 0.0_f64;
    for (rank, (place, p)) in order.into_iter().enumerate() {
        largest = largest.max(((count - rank) as f64 * p).min(1.0));
        adjusted[place] = Some(largest);
    }
    adjusted
}
