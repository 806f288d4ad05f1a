//! Randomness: one generator, always from a seed that stands in the recipe.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The generator of a seed and a purpose. Two purposes under one seed draw from streams that do not overlap, so adding a step to a run
/// does not change what the others draw.
pub fn generator(seed: u64, purpose: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(purpose);
    generator
}
