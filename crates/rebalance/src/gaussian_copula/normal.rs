//! The standard normal distribution.

use statrs::function::erf::{erfc, erfc_inv};

/// Probability below `z`.
pub(super) fn probability(z: f64) -> f64 {
    0.5 * erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// The value below which lies `probability`; infinite at 0 and 1.
pub(super) fn quantile(probability: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * probability)
}

/// Density; 0 at the infinities.
pub(super) fn density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// Probability of an interval, exact in both tails.
pub(super) fn between(low: f64, high: f64) -> f64 {
    if low > 0.0 { probability(-low) - probability(-high) } else { probability(high) - probability(low) }
}

/// The value of an interval below which lies the part `uniform` of its probability.
pub(super) fn truncated(low: f64, high: f64, uniform: f64) -> f64 {
    if low > 0.0 {
        return -truncated(-high, -low, 1.0 - uniform);
    }
    let below = probability(low);
    quantile(below + uniform * (probability(high) - below)).clamp(low, high)
}
