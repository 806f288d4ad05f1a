//! Where random numbers come from: every use has its own stream, derived from the seed, its purpose and the epoch.
//!
//! A stream depends on nothing that happened before it, so a run resumed at epoch `k` draws the same numbers as one that was never
//! interrupted, and an objective that draws more numbers does not change the order of the rows.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

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
}
