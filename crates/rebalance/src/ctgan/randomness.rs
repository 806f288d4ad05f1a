//! Random numbers: every use has its own stream, derived from the seed, its purpose, the epoch, the step and the part of the batch.
//!
//! A stream depends on nothing that happened before it, so a fit resumed at an epoch draws what one that was never interrupted draws, and
//! parts of a batch can be drawn by any thread.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::vector;

/// What a stream is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Which mode a number is told by; the step is the column.
    Modes = 1,
    /// First values of the weights.
    Initialisation = 2,
    /// Conditions and real rows of a step.
    Batches = 3,
    /// Noise of a critic's step.
    Critic = 4,
    /// Noise of a generator's step.
    Generator = 5,
    /// Rows made; the step is the batch.
    Sampling = 6,
}

/// All streams of a seed.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    key: ChaCha8Rng,
}

impl Streams {
    pub(super) fn new(seed: u64) -> Self {
        Streams { key: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// The stream of a purpose, an epoch (below 2^20), a step (below 2^28) and a part (below 2^8).
    pub(super) fn stream(&self, purpose: Purpose, epoch: usize, step: usize, part: usize) -> ChaCha8Rng {
        debug_assert!(epoch < 1 << 20 && step < 1 << 28 && part < 1 << 8);
        let mut rng = self.key.clone();
        rng.set_stream(((purpose as u64) << 56) | ((epoch as u64) << 36) | ((step as u64) << 8) | part as u64);
        rng
    }
}

const AT_A_TIME: usize = 1024;

fn words(rng: &mut ChaCha8Rng, count: usize) -> [u32; AT_A_TIME] {
    let mut bytes = [0_u8; 4 * AT_A_TIME];
    rng.fill_bytes(&mut bytes[..4 * count]);
    let (groups, _) = bytes.as_chunks::<4>();
    std::array::from_fn(|place| u32::from_le_bytes(groups[place]))
}

/// Standard normal numbers.
pub(super) fn normals(rng: &mut ChaCha8Rng, out: &mut [f32]) {
    for part in out.chunks_mut(AT_A_TIME) {
        let count = part.len().next_multiple_of(2);
        vector::normals(part, &words(rng, count)[..count]);
    }
}

/// Standard Gumbel numbers.
pub(super) fn gumbels(rng: &mut ChaCha8Rng, out: &mut [f32]) {
    for part in out.chunks_mut(AT_A_TIME) {
        vector::gumbels(part, &words(rng, part.len()));
    }
}

/// Dropout of one half: 0 or 2, a random bit each.
pub(super) fn dropout(rng: &mut ChaCha8Rng, out: &mut [f32]) {
    for part in out.chunks_mut(32 * AT_A_TIME) {
        let words = words(rng, part.len().div_ceil(32));
        for (values, word) in part.chunks_mut(32).zip(words) {
            for (bit, value) in values.iter_mut().enumerate() {
                *value = f32::from((word >> bit & 1) as u8) * 2.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[f32]) -> (f64, f64) {
        let count = values.len() as f64;
        let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
        (mean, values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count)
    }

    #[test]
    fn distributions_have_their_moments() {
        let streams = Streams::new(3);
        let mut values = vec![0.0; 200_001];
        normals(&mut streams.stream(Purpose::Critic, 1, 0, 0), &mut values);
        let (mean, variance) = moments(&values);
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
        let beyond = values.iter().filter(|value| value.abs() > 1.959_964).count() as f64 / 200_001.0;
        assert!((beyond - 0.05).abs() < 0.003, "{beyond}");
        gumbels(&mut streams.stream(Purpose::Critic, 1, 0, 1), &mut values);
        let (mean, variance) = moments(&values);
        assert!((mean - 0.577_215_7).abs() < 0.015 && (variance - std::f64::consts::PI.powi(2) / 6.0).abs() < 0.04, "{mean} {variance}");
        dropout(&mut streams.stream(Purpose::Critic, 1, 0, 2), &mut values);
        let kept = values.iter().filter(|&&value| value == 2.0).count();
        assert_eq!(kept + values.iter().filter(|&&value| value == 0.0).count(), values.len());
        assert!((kept as f64 / 200_001.0 - 0.5).abs() < 0.006);
    }

    #[test]
    fn a_stream_depends_on_all_it_is_asked_by_and_on_nothing_else() {
        let draw = |seed, purpose, epoch, step, part| Streams::new(seed).stream(purpose, epoch, step, part).next_u64();
        let one = draw(1, Purpose::Critic, 2, 3, 1);
        assert_eq!(one, draw(1, Purpose::Critic, 2, 3, 1));
        for other in [
            draw(2, Purpose::Critic, 2, 3, 1),
            draw(1, Purpose::Generator, 2, 3, 1),
            draw(1, Purpose::Critic, 3, 3, 1),
            draw(1, Purpose::Critic, 2, 4, 1),
            draw(1, Purpose::Critic, 2, 3, 2),
        ] {
            assert_ne!(one, other);
        }
    }
}
