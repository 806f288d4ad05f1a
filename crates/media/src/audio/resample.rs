//! Change of the sampling rate by a polyphase filter.
//!
//! ```text
//! y[m] = sum over k of x[k] h(m a/b - k),      a = old rate, b = new rate (both divided by their greatest common divisor)
//! h(t) = sinc(2 c t) I0(beta sqrt(1 - (t/H)^2)) / I0(beta)   for |t| < H, else 0;   scaled so that sum over k of h is 1 at each phase
//! ```
//!
//! t: time in input samples. N: the lower of the two Nyquist frequencies, in cycles per input sample, 1/2 min(1, b/a).
//! c = 0.95 N: cut-off. H = 64/(2 N): half the length of the filter. beta = 0.1102 (100 - 8.7): Kaiser's rule for 100 dB, which with
//! this H leaves a transition band of 0.1 N, so that [0, 0.9 N] passes and everything above N is stopped. x is 0 outside the
//! recording, and results are rounded (ties to even) and clipped to 16 bits.
//!
//! There are b phases of the filter. For b above 512, h is tabulated at 512 phases and interpolated linearly between them, an error
//! below -110 dB, under the rounding to 16 bits.
//!
//! Errors: a rate outside 1,000 to 384,000 Hz. Source: J. F. Kaiser's window design (1974); Crochiere and Rabiner, Multirate Digital
//! Signal Processing (1983). The result differs from that of ffmpeg's swresample, whose default filter is shorter (32 taps) and lets
//! more pass near Nyquist: recordings that ffmpeg has converted already are not converted again.

use std::f64::consts::PI;

use crate::MediaError;

const RATES: std::ops::RangeInclusive<u32> = 1_000..=384_000;
const ZERO_CROSSINGS: f64 = 64.0;
const STOPBAND_DB: f64 = 100.0;
const MOST_PHASES: u64 = 512;
/// Outputs made at a time: as `f64`, a whole recording would take four times its own memory.
const BLOCK: u64 = 1 << 16;

pub(super) fn resampled(samples: &[i16], from: u32, to: u32) -> Result<Vec<i16>, MediaError> {
    for (setting, rate) in [("sampling rate of the recording", from), ("sampling rate to convert to", to)] {
        if !RATES.contains(&rate) {
            return Err(MediaError::BadSetting {
                setting,
                value: format!("{rate} Hz"),
                expected: format!("from {} to {} Hz", RATES.start(), RATES.end()),
            });
        }
    }
    let divisor = greatest_common_divisor(from, to);
    let (a, b) = (u64::from(from / divisor), u64::from(to / divisor));
    let filter = Filter::new(a, b);
    let reach = filter.reach;
    let count = (samples.len() as u64 * b).div_ceil(a);
    let mut output = Vec::with_capacity(count as usize);
    let mut inputs = Vec::new();
    for first in (0..count).step_by(BLOCK as usize) {
        let last = (first + BLOCK).min(count) - 1;
        // An output after input n takes the 2 reach inputs from n - reach + 1 on.
        let start = (first * a / b) as usize;
        let end = (last * a / b) as usize + 2 * reach;
        inputs.clear();
        inputs.extend((start..end).map(|place| {
            let sample = (place + 1).checked_sub(reach).and_then(|place| samples.get(place));
            sample.map_or(0.0, |&sample| f64::from(sample))
        }));
        output.extend((first..=last).map(|index| {
            let (whole, part) = ((index * a / b) as usize, index * a % b);
            filter.at(&inputs[whole - start..], part).round_ties_even().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
        }));
    }
    Ok(output)
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

struct Filter {
    /// Inputs on either side of an output.
    reach: usize,
    /// b: fractions of an input sample at which outputs may fall.
    steps: u64,
    phases: u64,
    /// One row of 2 reach weights per phase, 0 to `phases` inclusive.
    weights: Vec<f64>,
}

impl Filter {
    fn new(a: u64, b: u64) -> Self {
        let nyquist = 0.5 * (b as f64 / a as f64).min(1.0);
        let half = ZERO_CROSSINGS / (2.0 * nyquist);
        let reach = half.ceil() as usize;
        let beta = 0.1102 * (STOPBAND_DB - 8.7);
        let cutoff = 0.95 * nyquist;
        let phases = b.min(MOST_PHASES);
        let mut weights = Vec::with_capacity((phases as usize + 1) * 2 * reach);
        for phase in 0..=phases {
            let start = weights.len();
            weights.extend((0..2 * reach).map(|tap| {
                let time = phase as f64 / phases as f64 + (reach - 1) as f64 - tap as f64;
                let place = time / half;
                if place.abs() < 1.0 { sinc(2.0 * cutoff * time) * bessel_i0(beta * (1.0 - place * place).sqrt()) } else { 0.0 }
            }));
            let sum: f64 = weights[start..].iter().sum();
            for weight in &mut weights[start..] {
                *weight /= sum;
            }
        }
        Filter { reach, steps: b, phases, weights }
    }

    /// The output at `part / steps` after the input at index `reach - 1`.
    fn at(&self, inputs: &[f64], part: u64) -> f64 {
        let taps = 2 * self.reach;
        let row = |phase: u64| &self.weights[phase as usize * taps..(phase as usize + 1) * taps];
        let (phase, rest) = (part * self.phases / self.steps, part * self.phases % self.steps);
        let here = product(&inputs[..taps], row(phase));
        if rest == 0 {
            return here;
        }
        let share = rest as f64 / self.steps as f64;
        here + share * (product(&inputs[..taps], row(phase + 1)) - here)
    }
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    // Eight running sums, so that the additions do not wait for each other.
    let mut sums = [0.0; 8];
    let (mut a_blocks, mut b_blocks) = (a.chunks_exact(8), b.chunks_exact(8));
    for (a, b) in (&mut a_blocks).zip(&mut b_blocks) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let tail: f64 = a_blocks.remainder().iter().zip(b_blocks.remainder()).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + tail
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// Modified Bessel function of order 0 by its power series, which converges for every argument used here (up to about 10).
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut term, mut sum, mut order) = (1.0, 1.0, 1.0);
    while term > 1e-17 * sum {
        term *= quarter / (order * order);
        sum += term;
        order += 1.0;
    }
    sum
}
