//! Randomness: one generator, always from a seed that stands in the recipe.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};

/// The generator of a seed and a purpose. Two purposes under one seed draw from streams that do not overlap, so adding a step to a run
/// does not change what the others draw.
pub fn generator(seed: u64, purpose: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(purpose);
    generator
}

/// The generator of a seed and a purpose in words, for steps that are named and not numbered: two purposes do not share their randomness.
pub fn generator_for(seed: u64, purpose: &str) -> ChaCha8Rng {
    ChaCha8Rng::from_seed(Sha256::digest(format!("{seed} {purpose}")).into())
}

#[cfg(test)]
mod tests {
    use rand::RngExt as _;

    use super::{generator, generator_for};

    #[test]
    fn a_purpose_has_a_stream_of_its_own() {
        let words = |seed, purpose: &str| generator_for(seed, purpose).random::<u64>();
        assert_eq!(words(3, "sample train"), words(3, "sample train"));
        assert_ne!(words(3, "sample train"), words(3, "sample test"));
        assert_ne!(words(3, "sample train"), words(4, "sample train"));
        let numbers = |seed, purpose| generator(seed, purpose).random::<u64>();
        assert_eq!(numbers(3, 1), numbers(3, 1));
        assert_ne!(numbers(3, 1), numbers(3, 2));
    }
}
