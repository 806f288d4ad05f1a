//! The standard normal distribution.

use statrs::function::erf::{erfc, erfc_inv};

/// Probability below which an interval is never drawn from: beyond it nothing can be told apart.
pub(super) const IMPOSSIBLE: f64 = 1e-300;
/// No value farther out has a probability that is not [`IMPOSSIBLE`].
const FARTHEST: f64 = 38.0;

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

/// The value of an interval below which lies the part `uniform` of its probability, which is not [`IMPOSSIBLE`]. Always finite.
pub(super) fn truncated(low: f64, high: f64, uniform: f64) -> f64 {
    if low > 0.0 {
        return -truncated(-high, -low, 1.0 - uniform);
    }
    let below = probability(low);
    quantile(below + uniform * (probability(high) - below)).clamp(low.max(-FARTHEST), high.min(FARTHEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_in_their_interval_and_finite() {
        let infinity = f64::INFINITY;
        for (low, high) in [(-infinity, infinity), (-infinity, -37.0), (37.0, infinity), (0.0, 1e-9), (-8.5, -8.4), (8.4, 8.5)] {
            assert!(between(low, high) > IMPOSSIBLE, "{low} {high}");
            for uniform in [0.0, 1e-16, 0.3, 1.0 - f64::EPSILON / 2.0] {
                let value = truncated(low, high, uniform);
                assert!(value.is_finite() && value >= low && value <= high, "{low} {high} {uniform}: {value}");
            }
        }
        assert!((truncated(-infinity, infinity, 0.975) - 1.959_963_984_540_054).abs() < 1e-9);
        assert!((between(1.0, 2.0) - 0.135_905_121_983_277_8).abs() < 1e-9);
        assert!(between(40.0, infinity) < IMPOSSIBLE);
    }
}
