//! Tails of the normal and of the chi-squared distribution.
//!
//! The normal tail is that of its square, by the incomplete gamma function: statrs 0.19 has `erfc` with constants of ten digits, so that it is off by
//! up to 1e-10 of its value above 0.5.

use statrs::function::gamma::checked_gamma_ur;

use super::Undefined;
use crate::proportions::normal_quantile;

/// P(|Z| >= |z|). Below about 1e-308 it is 0.
pub(super) fn two_sided_p(z: f64) -> f64 {
    chi_squared_tail(z * z, 1)
}

/// P(Z <= z).
pub(super) fn at_most(z: f64) -> f64 {
    let half = two_sided_p(z) / 2.0;
    if z > 0.0 { 1.0 - half } else { half }
}

/// The z with P(|Z| <= z) = level, for a level in (0, 1).
pub(super) fn two_sided_quantile(level: f64) -> Result<f64, Undefined> {
    if level > 0.0 && level < 1.0 { Ok(normal_quantile(level)) } else { Err(Undefined::NotAProbability { name: "level", value: level }) }
}

/// P(a chi-squared number with so many degrees of freedom >= statistic).
pub(super) fn chi_squared_tail(statistic: f64, degrees_of_freedom: usize) -> f64 {
    // Refused only where the statistic is 0 or less: then all of the distribution lies beyond it.
    checked_gamma_ur(degrees_of_freedom as f64 / 2.0, statistic / 2.0).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values: scipy 1.17.1, `norm.ppf`, `norm.cdf` and `chi2.sf`.
    #[test]
    fn tails_and_quantiles_agree_with_scipy() {
        for (level, expected) in [
            (0.001, 0.001_253_314_465_432_555_7),
            (0.1, 0.125_661_346_855_074_02),
            (0.5, 0.674_489_750_196_081_7),
            (0.8, 1.281_551_565_544_600_4),
            (0.9, 1.644_853_626_951_472_9),
            (0.99, 2.575_829_303_548_900_4),
            (0.999, 3.290_526_731_491_894_5),
            (0.999_999, 4.891_638_475_692_932_5),
        ] {
            let found = two_sided_quantile(level).unwrap();
            assert!((found / expected - 1.0).abs() < 1e-12, "{level}: {found} instead of {expected}");
        }
        for (z, expected) in [
            (-37.0, 5.725_571_222_523_926_6e-300),
            (-8.0, 6.220_960_574_271_74e-16),
            (-1.0, 0.158_655_253_931_457_07),
            (-0.72, 0.235_762_497_779_251_18),
            (0.0, 0.5),
            (0.71, 0.761_147_931_910_013_3),
            (3.0, 0.998_650_101_968_369_9),
        ] {
            assert!((at_most(z) / expected - 1.0_f64).abs() < 1e-12, "{z}: {} instead of {expected}", at_most(z));
        }
        for (statistic, freedom, expected) in [
            (1e-09, 1, 0.999_974_768_674_784),
            (0.51, 1, 0.475_138_856_083_203_83),
            (2.0, 1, 0.157_299_207_050_281_05),
            (700.0, 1, 2.990_226_975_124_623e-154),
            (1.0, 2, 0.606_530_659_712_633_4),
            (3.0, 7, 0.885_002_231_643_150_6),
            (60.0, 7, 1.509_555_302_298_915_4e-10),
            (90.0, 99, 0.729_834_410_284_651),
            (120.0, 99, 0.074_243_855_805_966_92),
            (1300.0, 49, 5.341_690_819_261_053e-240),
        ] {
            let found = chi_squared_tail(statistic, freedom);
            assert!((found / expected - 1.0_f64).abs() < 1e-12, "{statistic}, {freedom}: {found} instead of {expected}");
        }
        assert_eq!((chi_squared_tail(0.0, 3), two_sided_p(0.0), two_sided_p(60.0)), (1.0, 1.0, 0.0));
        assert!(two_sided_quantile(1.0).is_err() && two_sided_quantile(f64::NAN).is_err());
    }
}
