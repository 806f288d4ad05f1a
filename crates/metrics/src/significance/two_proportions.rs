//! Tests of equal rates by large samples: the pooled z of two groups, and chi-squared of all groups.
//!
//! ```text
//! z = (x1/n1 - x2/n2) / sqrt(r (1 - r) (1/n1 + 1/n2)),   r = (x1 + x2) / (n1 + n2),   p = P(|Z| >= |z|)
//! chi-squared = sum over groups of (x N - n K)^2 / (n K (N - K)),   k - 1 degrees of freedom
//! ```
//!
//! x of n candidates of a group were selected, K of N of all k groups together. Of two groups, chi-squared is z squared. Differences are taken
//! in integers, so that nearly equal rates lose no digits. Undefined with fewer than two groups, with an empty one, and where nobody or
//! everybody was selected. No continuity correction: scipy's chi2_contingency applies Yates's to two groups unless told not to, as does R's prop.test.
//!
//! The normal and chi-squared distributions are approximations: use [`fisher_exact`](super::fisher_exact) where an expected count is below about 5.
//!
//! Source: Pearson 1900; equals statsmodels.stats.proportion.proportions_ztest and scipy.stats.chi2_contingency(correction=False).

use super::counted::{comparable, cross_difference, total};
use super::normal::{chi_squared_tail, two_sided_p};
use super::{Counted, Undefined};

/// The pooled test of two rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoProportions {
    /// The difference of the rates, the first minus the second, in standard deviations that it would have if the rates were equal.
    pub z: f64,
    /// Two-sided p-value.
    pub p_value: f64,
}

impl TwoProportions {
    /// How many standard deviations the rates are apart, without a sign: the number that is held against 2 or 3 where gaps are read in standard
    /// deviations. 1.96 of them are p = 0.05.
    pub fn standard_deviations(&self) -> f64 {
        self.z.abs()
    }
}

/// The pooled z test of two groups.
///
/// ```
/// use evenhand_metrics::significance::{Counted, two_proportions};
///
/// // 50 of 100 against 30 of 100: 0.2 / sqrt(0.4 x 0.6 x 2 / 100) = 2.887 standard deviations.
/// let tested = two_proportions(Counted::new(50, 100).unwrap(), Counted::new(30, 100).unwrap()).unwrap();
/// assert!((tested.standard_deviations() - 2.8868).abs() < 1e-4);
/// assert!((tested.p_value - 0.00389).abs() < 1e-5);
/// ```
pub fn two_proportions(one: Counted, other: Counted) -> Result<TwoProportions, Undefined> {
    comparable(&[one, other])?;
    let (selected, n) = total(&[one, other]);
    let spread = (one.n() as f64 * other.n() as f64) * (selected as f64 * (n - selected) as f64) / n as f64;
    let z = cross_difference(one, other) as f64 / spread.sqrt();
    Ok(TwoProportions { z, p_value: two_sided_p(z) })
}

/// A statistic that is compared with the chi-squared distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquared {
    /// Its value, 0 or more.
    pub statistic: f64,
    /// Degrees of freedom.
    pub degrees_of_freedom: usize,
    /// P(such a statistic or a larger one).
    pub p_value: f64,
}

impl ChiSquared {
    pub(super) fn new(statistic: f64, degrees_of_freedom: usize) -> Self {
        ChiSquared { statistic, degrees_of_freedom, p_value: chi_squared_tail(statistic, degrees_of_freedom) }
    }
}

/// Pearson's chi-squared test that all groups have the same rate.
///
/// ```
/// use evenhand_metrics::significance::{Counted, chi_squared};
///
/// // Expected are 20 of each 50; (5^2 + 0 + 5^2) / 20 + (5^2 + 0 + 5^2) / 30 = 4.1667.
/// let groups = [(25, 50), (20, 50), (15, 50)].map(|(selected, n)| Counted::new(selected, n).unwrap());
/// let tested = chi_squared(&groups).unwrap();
/// assert!((tested.statistic - 50.0 / 12.0).abs() < 1e-12);
/// assert_eq!(tested.degrees_of_freedom, 2);
/// assert!((tested.p_value - (-25.0_f64 / 12.0).exp()).abs() < 1e-12);
/// ```
pub fn chi_squared(groups: &[Counted]) -> Result<ChiSquared, Undefined> {
    comparable(groups)?;
    let (selected, n) = total(groups);
    let (both, rejected) = (selected as f64, (n - selected) as f64);
    let deviation = |group: &Counted| (i128::from(group.selected()) * n as i128 - i128::from(group.n()) * selected as i128) as f64;
    let statistic = groups.iter().map(|group| deviation(group) / both * (deviation(group) / rejected) / group.n() as f64).sum();
    Ok(ChiSquared::new(statistic, groups.len() - 1))
}
