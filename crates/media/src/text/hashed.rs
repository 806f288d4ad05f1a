//! A vector from the words and letter groups of a transcript, without any model.
//!
//! ```text
//! text -> NFKC -> lower case, character by character -> words: longest runs of letters, digits and combining marks
//! families   w: words    b: neighbouring words, joined by a blank    c: groups of 3, 4 and 5 characters of " word "
//! weight     u(g) = (1 + ln count(g)) / |.| of its family            each family that is not empty has length 1
//! v_k = sum over g with bucket(g) = k of sign(g) u(g),   result v / |v|
//! bucket(g) = (h mod 2^63) mod width,  sign(g) = + where h < 2^63, - otherwise
//! h(g) = mix(FNV-1a-64(family letter, UTF-8 bytes of g))
//! mix: h ^= h >> 33; h *= 0xff51afd7ed558ccd; h ^= h >> 33; h *= 0xc4ceb9fe1a85ec53; h ^= h >> 33
//! ```
//!
//! Width: 16 to 65,536, 512 by default. Values in [-1, 1], length 1. Two groups that meet in a bucket add or cancel; with random signs
//! the scalar product of two texts stays right on average, with a standard deviation of about 1/sqrt(width). Undefined (`None`) without
//! a word, and in the freak case that everything cancels.
//!
//! It is no language model: it knows which words and endings occur and which are neighbours, nothing of what they mean. Its use is
//! that everything downstream runs, and can be tested, without a model's files. There are no document frequencies, because those
//! would have to be fitted on training rows and stored.
//!
//! Source: Weinberger et al. 2009 (signed hashing). scikit-learn's `HashingVectorizer` has the same idea with MurmurHash3 and
//! neither families of equal weight nor logarithmic counts.

use evenhand_catalog::limits::{BeyondLimit, TRANSCRIPT_TEXT};
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::{Encoded, MOST_WIDTH, TextEncoder};
use crate::MediaError;

/// Fewer buckets would hold little but collisions.
const LEAST_WIDTH: usize = 16;

/// Hashed words, word pairs and letter groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashedNgrams {
    width: usize,
}

impl Default for HashedNgrams {
    fn default() -> Self {
        HashedNgrams { width: 512 }
    }
}

impl HashedNgrams {
    /// With that many values a vector.
    pub fn new(width: usize) -> Result<Self, MediaError> {
        if (LEAST_WIDTH..=MOST_WIDTH).contains(&width) {
            return Ok(HashedNgrams { width });
        }
        Err(MediaError::BadSetting { setting: "width", value: width.to_string(), expected: format!("from {LEAST_WIDTH} to {MOST_WIDTH}") })
    }
}

/// The three kinds of features; the letter keeps equal spellings of different kinds apart.
#[derive(Debug, Clone, Copy)]
enum Family {
    Words = b'w' as isize,
    Pairs = b'b' as isize,
    Letters = b'c' as isize,
}

/// The text as it is compared. One sign can stand for eighteen.
fn spelled(text: &str) -> Result<String, BeyondLimit> {
    let mut spelled = String::with_capacity(text.len());
    for character in text.nfkc().flat_map(char::to_lowercase) {
        spelled.push(character);
        TRANSCRIPT_TEXT.check(spelled.len() as u64)?;
    }
    Ok(spelled)
}

fn words(spelled: &str) -> Vec<&str> {
    let parts = spelled.split(|character: char| !character.is_alphanumeric() && !is_combining_mark(character));
    parts.filter(|word| !word.is_empty()).collect()
}

fn hash(family: Family, parts: &[&str]) -> u64 {
    let first = family as u8;
    let bytes = std::iter::once(first).chain(parts.iter().flat_map(|part| part.bytes()));
    let mut h = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    h = (h ^ (h >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    h = (h ^ (h >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ (h >> 33)
}

/// Adds the groups of a word's letters.
fn letter_groups(word: &str, hashes: &mut Vec<u64>) {
    let padded = format!(" {word} ");
    let mut starts: Vec<u32> = padded.char_indices().map(|(start, _)| start as u32).collect();
    starts.push(padded.len() as u32);
    for size in 3..=5 {
        hashes.extend(starts.windows(size + 1).map(|ends| hash(Family::Letters, &[&padded[ends[0] as usize..ends[size] as usize]])));
    }
}

/// Adds one family to the vector. The hash of 64 bits stands for the feature itself.
fn add(vector: &mut [f64], mut hashes: Vec<u64>) {
    // Sorted, so that equal ones lie together and the order of the sum is fixed.
    hashes.sort_unstable();
    let counted = || hashes.chunk_by(|a, b| a == b).map(|equal| (equal[0], 1.0 + (equal.len() as f64).ln()));
    let length = counted().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
    for (h, weight) in counted() {
        let bucket = (h & (u64::MAX >> 1)) % vector.len() as u64;
        let sign = if h >> 63 == 0 { 1.0 } else { -1.0 };
        vector[bucket as usize] += sign * weight / length;
    }
}

impl TextEncoder for HashedNgrams {
    fn id(&self) -> &'static str {
        "hashed-ngrams"
    }

    fn width(&self) -> usize {
        self.width
    }

    fn settings(&self) -> Value {
        json!({
            "encoder": self.id(),
            "language_model": false,
            "about": "no language model: words, word pairs and groups of 3 to 5 letters, counted and hashed; nothing of their meaning",
            "width": self.width,
            "hash": "FNV-1a 64, mixed",
            "normalisation": "NFKC, lower case",
        })
    }

    fn encode(&self, text: &str) -> Result<Option<Encoded>, MediaError> {
        let spelled = spelled(text)?;
        let words = words(&spelled);
        let mut vector = vec![0.0; self.width];
        add(&mut vector, words.iter().map(|word| hash(Family::Words, &[word])).collect());
        add(&mut vector, words.windows(2).map(|pair| hash(Family::Pairs, &[pair[0], " ", pair[1]])).collect());
        let mut letters = Vec::new();
        for word in &words {
            letter_groups(word, &mut letters);
        }
        add(&mut vector, letters);
        let length = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
        // Cancelling leaves rounding errors, which are no direction.
        if length < 1e-9 {
            return Ok(None);
        }
        let vector = vector.into_iter().map(|value| (value / length) as f32).collect();
        Ok(Some(Encoded { vector, tokens: words.len(), chunks: 1, unknown: 0 }))
    }
}
