//! Where random numbers come from: every use has its own stream, derived from the seed, its purpose and the epoch.
//!
//! A stream depends on nothing that happened before it, so a run resumed at epoch `k` draws the same numbers as one that was never
//! interrupted, and an objective that draws more numbers does not change the order of the rows.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream of random numbers is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// First values of the model's weights.
    Initialisation = 1,
    /// Order of the rows and composition of the batches.
    Batches = 2,
    /// Dropout masks.
    Dropout = 3,
    /// First values of an objective's own networks.
    ObjectiveInitialisation = 4,
    /// Whatever an objective draws during an epoch.
    Objective = 5,
    /// Which of a segment's frames an epoch shows.
    Frames = 6,
    /// Directions through the weights of a fitted network.
    Landscape = 7,
    /// Pieces of the validation rows.
    Pieces = 8,
    /// Which rows a trace looks at.
    Trace = 16,
}

/// The stream for this seed, purpose and epoch (0 for what happens before the first epoch).
pub fn stream(seed: u64, purpose: Purpose, epoch: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // ChaCha has 2^64 independent streams per key: purpose in the upper byte, epoch below.
    rng.set_stream(((purpose as u64) << 56) | epoch as u64);
    rng
}

/// A dropout mask: 0 with chance `share` (in steps of 2^-24), otherwise 1 / (1 - share). Takes one 32-bit number a value from the stream.
///
/// Numbers are taken from the stream many at a time: one by one, they cost a quarter of a training step of a small network.
pub(crate) fn dropout_mask(rng: &mut ChaCha8Rng, length: usize, share: f64) -> Vec<f32> {
    const AT_A_TIME: usize = 1024;
    let keep = 1.0 / (1.0 - share as f32);
    let below = (share * f64::from(1_u32 << 24)).ceil() as u32;
    let mut bytes = [0_u8; 4 * AT_A_TIME];
    let mut mask = Vec::with_capacity(length);
    while mask.len() < length {
        let drawn = &mut bytes[..4 * AT_A_TIME.min(length - mask.len())];
        rng.fill_bytes(drawn);
        let (numbers, _) = drawn.as_chunks::<4>();
        mask.extend(numbers.iter().map(|number| if u32::from_le_bytes(*number) >> 8 < below { 0.0 } else { keep }));
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn a_stream_depends_on_seed_purpose_and_epoch_only() {
        let draw = |seed, purpose, epoch| stream(seed, purpose, epoch).random::<u64>();
        assert_eq!(draw(1, Purpose::Batches, 3), draw(1, Purpose::Batches, 3));
        assert_ne!(draw(1, Purpose::Batches, 3), draw(1, Purpose::Batches, 4));
        assert_ne!(draw(1, Purpose::Batches, 3), draw(1, Purpose::Dropout, 3));
        assert_ne!(draw(1, Purpose::Batches, 3), draw(2, Purpose::Batches, 3));
    }

    #[test]
    fn a_mask_takes_one_uniform_number_a_value() {
        for (length, share) in [(0, 0.5), (1, 0.5), (1000, 0.25), (5000, 0.1), (3001, 1.0 / 3.0)] {
            let (mut one_by_one, mut together) = (stream(4, Purpose::Dropout, 1), stream(4, Purpose::Dropout, 1));
            let keep = 1.0 / (1.0 - share as f32);
            let expected: Vec<f32> = (0..length).map(|_| if f64::from(one_by_one.random::<f32>()) < share { 0.0 } else { keep }).collect();
            assert_eq!(dropout_mask(&mut together, length, share), expected);
            assert_eq!(together.random::<u64>(), one_by_one.random::<u64>(), "the streams stand at the same place");
        }
    }
}
