//! Functions between the products, written so that the compiler can compute several values at once.
//!
//! ```text
//! exp2(x)     2^round(x) P6(x - round(x))                                  relative error below 3e-7
//! erf(x)      |x| < 1: x A6(x^2);   otherwise sign(x) (1 - exp2(B6(min(|x|, 4))))   absolute error below 1.5e-7
//! gelu(x)     x/2 (1 + erf(x / sqrt 2))
//! softmax     exp(x_i - max x) / sum
//! layer norm  (x - mean) / sqrt(var + eps) w + b                           var: population variance over the row
//! ```
//!
//! P6, A6, B6: polynomials fitted by us (Chebyshev points; least largest error by reweighting). The C library's `erff` and `expf` are
//! no more exact here and take most of the time that the products leave.

const LANES: usize = 8;

/// 2^x, from 2^-126 up; what is smaller comes out as that.
#[inline]
fn exp2(x: f32) -> f32 {
    // Adding it rounds to a whole number and leaves that in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = if x > -126.0 { x } else { -126.0 };
    let rounded = x + ROUND;
    let u = x - (rounded - ROUND);
    let mut p = 0.000_154_614_45_f32;
    for c in [0.001_340_042_8, 0.009_618_057, 0.055_503_27, 0.240_226_5, std::f32::consts::LN_2, 1.0] {
        p = p * u + c;
    }
    let power = rounded.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    p * f32::from_bits(power)
}

#[inline]
fn erf(x: f32) -> f32 {
    let size = x.abs();
    let t = x * x;
    let mut near = 7.889_117e-5_f32;
    for c in [-0.000_802_084_05, 0.005_189_535, -0.026_854_444, 0.112_836, -0.376_126_26, std::f32::consts::FRAC_2_SQRT_PI] {
        near = near * t + c;
    }
    let far_size = if size < 4.0 { size } else { 4.0 };
    let mut exponent = 0.000_267_726_95_f32;
    for c in [-0.004_240_959_4, 0.031_458_433, -0.148_651_53, -0.920_765, -1.625_975_1, -0.000_510_305_1] {
        exponent = exponent * far_size + c;
    }
    let far = (1.0 - exp2(exponent)).copysign(x);
    if size < 1.0 { near * x } else { far }
}

/// Adds the bias to every row, then GELU.
pub(super) fn gelu(rows: &mut [f32], bias: &[f32]) {
    for row in rows.chunks_exact_mut(bias.len()) {
        for (value, bias) in row.iter_mut().zip(bias) {
            let x = *value + *bias;
            *value = 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2));
        }
    }
}

/// Softmax of `scale` times each row of that many columns.
pub(super) fn softmax(rows: &mut [f32], columns: usize, scale: f32) {
    let scale = scale * std::f32::consts::LOG2_E;
    for row in rows.chunks_exact_mut(columns) {
        let largest = fold(row, f32::NEG_INFINITY, |a, b| if b > a { b } else { a });
        for value in row.iter_mut() {
            *value = exp2((*value - largest) * scale);
        }
        let share = 1.0 / fold(row, 0.0, |a, b| a + b);
        for value in row.iter_mut() {
            *value *= share;
        }
    }
}

/// A layer norm's parameters.
#[derive(Debug)]
pub(super) struct Norm {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) epsilon: f32,
}

impl Norm {
    /// Normalises every row in place.
    pub(super) fn apply(&self, rows: &mut [f32]) {
        let width = self.weight.len();
        for row in rows.chunks_exact_mut(width) {
            let mean = fold(row, 0.0, |a, b| a + b) / width as f32;
            for value in row.iter_mut() {
                *value -= mean;
            }
            let variance = sum_of_squares(row) / width as f32;
            let factor = 1.0 / (variance + self.epsilon).sqrt();
            for ((value, weight), bias) in row.iter_mut().zip(&self.weight).zip(&self.bias) {
                *value = *value * factor * weight + bias;
            }
        }
    }
}

/// Several running results, so that the steps do not wait for each other; always in the same order.
#[inline]
fn fold(row: &[f32], start: f32, step: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [start; LANES];
    let (blocks, rest) = row.as_chunks::<LANES>();
    for block in blocks {
        for (lane, value) in lanes.iter_mut().zip(block) {
            *lane = step(*lane, *value);
        }
    }
    lanes.iter().chain(rest).fold(start, |result, value| step(result, *value))
}

fn sum_of_squares(row: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (blocks, rest) = row.as_chunks::<LANES>();
    for block in blocks {
        for (lane, value) in lanes.iter_mut().zip(block) {
            *lane += value * value;
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|value| value * value).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    // erf by its series (|x| < 3) or its continued fraction, in f64.
    fn exact_erf(x: f64) -> f64 {
        if x.abs() < 3.0 {
            let (mut term, mut sum) = (x, x);
            for n in 1..120 {
                term *= -x * x / f64::from(n);
                sum += term / f64::from(2 * n + 1);
            }
            return sum * std::f64::consts::FRAC_2_SQRT_PI;
        }
        let size = x.abs();
        let fraction = (1..60).rev().fold(size, |below, n| size + f64::from(n) / 2.0 / below);
        (1.0 - (-size * size).exp() / fraction / std::f64::consts::PI.sqrt()).copysign(x)
    }

    #[test]
    fn erf_and_gelu_are_exact_to_single_precision() {
        let mut worst: f64 = 0.0;
        for step in -60_000..=60_000 {
            let x = step as f32 / 10_000.0;
            worst = worst.max((f64::from(erf(x)) - exact_erf(f64::from(x))).abs());
        }
        assert!(worst < 1.5e-7, "{worst}");
        assert_eq!(erf(0.0), 0.0);
        let mut row = [1.0, -40.0, 40.0, 0.25];
        gelu(&mut row, &[0.0, 0.0, 0.0, -0.25]);
        assert!((row[0] - 0.841_344_8).abs() < 2e-7 && row[1].abs() < 1e-6 && row[2] == 40.0 && row[3] == 0.0, "{row:?}");
    }

    #[test]
    fn powers_of_two() {
        for step in -126_000..=126_000 {
            let x = step as f32 / 1000.0;
            let exact = f64::from(x).exp2();
            assert!((f64::from(exp2(x)) / exact - 1.0).abs() < 3e-7, "{x}");
        }
        assert!(exp2(-1e30) < 1.2e-38 && exp2(f32::NEG_INFINITY) > 0.0);
    }

    #[test]
    fn softmax_and_norm_by_hand() {
        let mut row = [0.0, 3.0_f32.ln() / 2.0, -1e9, 2.0_f32.ln(), 2.0_f32.ln(), 2.0_f32.ln()];
        softmax(&mut row, 3, 2.0);
        for (found, expected) in row.iter().zip([0.25, 0.75, 0.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0]) {
            assert!((found - expected).abs() < 1e-6, "{row:?}");
        }
        // Mean 5, variance 5: -3, -1, 1, 3 over sqrt 5.
        let norm = Norm { weight: vec![1.0, 1.0, 1.0, 2.0], bias: vec![0.0, 0.0, 0.0, 1.0], epsilon: 0.0 };
        let mut row = [2.0, 4.0, 6.0, 8.0];
        norm.apply(&mut row);
        let root = 5.0_f32.sqrt();
        for (found, expected) in row.iter().zip([-3.0 / root, -1.0 / root, 1.0 / root, 6.0 / root + 1.0]) {
            assert!((found - expected).abs() < 1e-6, "{row:?}");
        }
    }
}
