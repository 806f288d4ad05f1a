//! sha256 of what is at hand.

use sha2::{Digest, Sha256};

/// sha256 of bytes at hand.
pub fn of_bytes(bytes: &[u8]) -> String {
    hexadecimal(Sha256::new_with_prefix(bytes))
}

/// The finished hash in lower-case hexadecimal.
pub fn hexadecimal(hash: Sha256) -> String {
    let digits = hash.finalize().into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}
