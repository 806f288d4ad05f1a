//! Arithmetic on whole slices, compiled for the widest vectors of the processor: what is neither a matrix product nor rare.
//!
//! Logarithm, exponential, sine and cosine are short series without branches, so that the compiler turns a loop over them into vectors.
//! Each is right to a few units of the last place of `f32` (tested against `f64`) and gives the same bits whatever the vectors' width.

#![allow(clippy::inline_always, reason = "bodies must be compiled inside the functions that enable the processor's vectors")]

use std::f32::consts::{LN_2, LOG2_E, PI};

use pulp::Arch;

/// Natural logarithm of a normal positive number: x = 2^e m, m in [1/sqrt 2, sqrt 2), ln m = 2 artanh((m - 1) / (m + 1)).
#[inline(always)]
fn ln(x: f32) -> f32 {
    const LOW: i32 = 0x3f35_04f3; // 1 / sqrt 2
    let bits = x.to_bits() as i32;
    let exponent = (bits - LOW) >> 23;
    let m = f32::from_bits((bits - (exponent << 23)) as u32);
    let s = (m - 1.0) / (m + 1.0);
    let t = s * s;
    let series = t * (1.0 / 3.0 + t * (1.0 / 5.0 + t * (1.0 / 7.0 + t * (1.0 / 9.0))));
    exponent as f32 * LN_2 + 2.0 * (s + s * series)
}

/// Exponential of a number of at most 88; what is below -87 is taken for -87.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // ln 2 in two parts: the first has few bits, so that its multiples are exact.
    const HIGH: f32 = 0.693_359_4;
    const LOW: f32 = -2.121_944_4e-4;
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: adding it rounds to a whole number
    let x = if x < -87.0 { -87.0 } else { x };
    let n = x * LOG2_E + ROUND - ROUND;
    let r = x - n * HIGH - n * LOW;
    let series =
        1.0 + r * (1.0 + r * (1.0 / 2.0 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0)))))));
    series * f32::from_bits(((n as i32 + 127) << 23) as u32)
}

/// Cosine and sine of 2 pi `turns`, `turns` in [-1/2, 1/2].
#[inline(always)]
fn circle(turns: f32) -> (f32, f32) {
    const ROUND: f32 = 12_582_912.0;
    let quarter = 4.0 * turns + ROUND - ROUND;
    let r = (turns - 0.25 * quarter) * (2.0 * PI);
    let t = r * r;
    let sine = r * (1.0 - t * (1.0 / 6.0 - t * (1.0 / 120.0 - t * (1.0 / 5040.0 - t * (1.0 / 362_880.0)))));
    let cosine = 1.0 - t * (1.0 / 2.0 - t * (1.0 / 24.0 - t * (1.0 / 720.0 - t * (1.0 / 40_320.0 - t * (1.0 / 3_628_800.0)))));
    let quarter = quarter as i32;
    let (x, y) = if quarter & 1 == 0 { (cosine, sine) } else { (sine, cosine) };
    let x = if (quarter + 1) & 2 == 0 { x } else { -x };
    let y = if quarter & 2 == 0 { y } else { -y };
    (x, y)
}

/// A uniform number strictly inside (0, 1), in steps of 2^-23, of 32 random bits.
#[inline(always)]
fn uniform(word: u32) -> f32 {
    ((word >> 9) as i32 as f32 + 0.5) * (1.0 / 8_388_608.0)
}

/// Standard normal numbers of as many random words as numbers (one more where the count is odd), by Box and Muller.
pub(super) fn normals(out: &mut [f32], words: &[u32]) {
    let half = out.len().div_ceil(2);
    let (radii, angles) = words.split_at(half);
    let (left, right) = out.split_at_mut(half);
    Arch::new().dispatch(|| {
        for (slot, (&radius, &angle)) in left.iter_mut().zip(radii.iter().zip(angles)) {
            *slot = (-2.0 * ln(uniform(radius))).sqrt() * circle(uniform(angle) - 0.5).0;
        }
        for (slot, (&radius, &angle)) in right.iter_mut().zip(radii.iter().zip(angles)) {
            *slot = (-2.0 * ln(uniform(radius))).sqrt() * circle(uniform(angle) - 0.5).1;
        }
    });
}

/// Standard Gumbel numbers: -ln(-ln u).
pub(super) fn gumbels(out: &mut [f32], words: &[u32]) {
    Arch::new().dispatch(|| {
        for (slot, &word) in out.iter_mut().zip(words) {
            *slot = -ln(-ln(uniform(word)));
        }
    });
}

/// Softmax of each segment of a row, given the places where segments end (the first begins at 0): `values` holds the logits and gets the
/// shares. `temperature` divides the logits first.
pub(super) fn softmax(values: &mut [f32], ends: &[usize], temperature: f32) {
    let slope = 1.0 / temperature;
    Arch::new().dispatch(|| {
        let mut start = 0;
        for &end in ends {
            let segment = &mut values[start..end];
            let mut highest = f32::NEG_INFINITY;
            for &value in &*segment {
                highest = if value > highest { value } else { highest };
            }
            for value in segment {
                *value = (*value - highest) * slope;
            }
            start = end;
        }
        for value in &mut *values {
            *value = exp(*value);
        }
        let mut start = 0;
        for &end in ends {
            let segment = &mut values[start..end];
            let total: f32 = segment.iter().sum();
            let share = 1.0 / total;
            for value in segment {
                *value *= share;
            }
            start = end;
        }
    });
}

/// Hyperbolic tangents.
pub(super) fn tanh(values: &mut [f32]) {
    Arch::new().dispatch(|| {
        for value in values {
            // 1 - 2 / (e^2x + 1) loses no more than it has: both ends are bounded.
            let x = if *value > 40.0 { 40.0 } else { *value };
            *value = 1.0 - 2.0 / (exp(2.0 * x) + 1.0);
        }
    });
}

/// `sum += values`.
pub(super) fn add(sum: &mut [f32], values: &[f32]) {
    Arch::new().dispatch(|| {
        for (slot, &value) in sum.iter_mut().zip(values) {
            *slot += value;
        }
    });
}

/// `sum += factor values`.
pub(super) fn add_scaled(sum: &mut [f32], values: &[f32], factor: f32) {
    Arch::new().dispatch(|| {
        for (slot, &value) in sum.iter_mut().zip(values) {
            *slot += factor * value;
        }
    });
}

/// `values = keep values + (1 - keep) others`; exactly `others` when nothing is kept.
pub(super) fn approach(values: &mut [f32], others: &[f32], keep: f32) {
    Arch::new().dispatch(|| {
        for (slot, &other) in values.iter_mut().zip(others) {
            *slot = other + keep * (*slot - other);
        }
    });
}

/// `values *= factors`, place by place.
pub(super) fn scale(values: &mut [f32], factors: &[f32]) {
    Arch::new().dispatch(|| {
        for (slot, &factor) in values.iter_mut().zip(factors) {
            *slot *= factor;
        }
    });
}

/// The scalar product, in 16 sums that are added at the end.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    Arch::new().dispatch(|| {
        let mut sums = [0.0_f32; 16];
        let (a_whole, a_rest) = a.as_chunks::<16>();
        let (b_whole, b_rest) = b.as_chunks::<16>();
        for (x, y) in a_whole.iter().zip(b_whole) {
            for lane in 0..16 {
                sums[lane] += x[lane] * y[lane];
            }
        }
        let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
        sums.iter().sum::<f32>() + rest
    })
}

/// Moments of a block of rows: the mean of every column and the sum of squares about it.
pub(super) fn moments(rows: &[f32], width: usize, means: &mut [f32], squares: &mut [f32]) {
    let share = 1.0 / (rows.len() / width).max(1) as f32;
    Arch::new().dispatch(|| {
        means.fill(0.0);
        squares.fill(0.0);
        for row in rows.chunks_exact(width) {
            for (sum, &value) in means.iter_mut().zip(row) {
                *sum += value;
            }
        }
        for mean in &mut *means {
            *mean *= share;
        }
        for row in rows.chunks_exact(width) {
            for (square, (&value, &mean)) in squares.iter_mut().zip(row.iter().zip(&*means)) {
                *square += (value - mean) * (value - mean);
            }
        }
    });
}

/// Batch normalisation and ReLU of a row: `values` becomes (values - mean) / deviation, `out` the rectified scaled result.
pub(super) fn normalise(values: &mut [f32], out: &mut [f32], mean: &[f32], inverse: &[f32], gamma: &[f32], beta: &[f32]) {
    Arch::new().dispatch(|| {
        let columns = values.iter_mut().zip(out).zip(mean.iter().zip(inverse)).zip(gamma.iter().zip(beta));
        for (((value, slot), (&mean, &inverse)), (&gamma, &beta)) in columns {
            *value = (*value - mean) * inverse;
            let raised = gamma * *value + beta;
            *slot = if raised > 0.0 { raised } else { 0.0 };
        }
    });
}

/// The way back through ReLU, and the sums that batch normalisation needs: slopes of a row are cut where the output is 0, `betas` gets
/// their sum, `gammas` that of slope times normalised value.
pub(super) fn rectified(slopes: &mut [f32], outputs: &[f32], normalised: &[f32], betas: &mut [f32], gammas: &mut [f32]) {
    Arch::new().dispatch(|| {
        let columns = slopes.iter_mut().zip(outputs).zip(normalised).zip(betas.iter_mut().zip(gammas));
        for (((slope, &output), &normalised), (beta, gamma)) in columns {
            let cut = if output > 0.0 { *slope } else { 0.0 };
            *slope = cut;
            *beta += cut;
            *gamma += cut * normalised;
        }
    });
}

/// The way back through batch normalisation, in place: `normalised` gets gamma / deviation (slope - mean slope - normalised mean product).
pub(super) fn denormalise(normalised: &mut [f32], slopes: &[f32], factor: &[f32], betas: &[f32], gammas: &[f32], share: f32) {
    Arch::new().dispatch(|| {
        let columns = normalised.iter_mut().zip(slopes).zip(factor).zip(betas.iter().zip(gammas));
        for (((value, &slope), &factor), (&beta, &gamma)) in columns {
            *value = factor * (slope - share * (beta + *value * gamma));
        }
    });
}

/// One step of Adam; the constants are those of [`super::adam::Rate`].
pub(super) fn adam(values: &mut [f32], first: &mut [f32], second: &mut [f32], gradient: &[f32], constants: [f32; 6]) {
    let [decay, keep_first, keep_second, step, correction, epsilon] = constants;
    Arch::new().dispatch(|| {
        let places = values.iter_mut().zip(first.iter_mut().zip(second)).zip(gradient);
        for ((value, (first, second)), &gradient) in places {
            let slope = gradient + decay * *value;
            *first = keep_first * *first + (1.0 - keep_first) * slope;
            *second = keep_second * *second + (1.0 - keep_second) * slope * slope;
            *value -= step * *first / (second.sqrt() * correction + epsilon);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_agree_with_double_precision() {
        for place in 0..20_000_u32 {
            let x = 1e-30_f32 * 1.007_f32.powi(place as i32 % 19_000 % 9_000);
            let truth = f64::from(x).ln();
            assert!((f64::from(ln(x)) - truth).abs() <= 3e-7 * truth.abs().max(1e-3), "ln {x}");
            let close = 1.0 - 5.960_464_5e-8 * place as f32;
            let truth = f64::from(close).ln();
            assert!((f64::from(ln(close)) - truth).abs() <= 3e-7 * truth.abs(), "ln {close}");
            let x = -87.0 + place as f32 * (175.0 / 20_000.0);
            let truth = f64::from(x).exp();
            assert!((f64::from(exp(x)) - truth).abs() <= 3e-7 * truth, "exp {x}");
            let turns = -0.5 + place as f32 / 20_000.0;
            let (x, y) = circle(turns);
            let angle = 2.0 * std::f64::consts::PI * f64::from(turns);
            assert!((f64::from(x) - angle.cos()).abs() < 3e-7 && (f64::from(y) - angle.sin()).abs() < 3e-7, "circle {turns}");
            let mut z = [-20.0 + place as f32 / 500.0];
            let truth = f64::from(z[0]).tanh();
            tanh(&mut z);
            assert!((f64::from(z[0]) - truth).abs() < 2e-7);
        }
        assert_eq!(exp(-1e30), exp(-87.0));
        let mut z = [1e30, -1e30];
        tanh(&mut z);
        assert_eq!(z, [1.0, -1.0]);
    }

    #[test]
    fn shares_by_hand() {
        let mut values = [0.0, 3.0_f32.ln(), 5.0, -1e30, 0.0];
        softmax(&mut values, &[2, 3, 5], 1.0);
        for (value, expected) in values.iter().zip([0.25, 0.75, 1.0, 0.0, 1.0]) {
            assert!((value - expected).abs() < 1e-6, "{values:?}");
        }
    }
}
