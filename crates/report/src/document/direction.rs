//! A card's direction in a document.

use evenhand_catalog::Direction;
use serde::{Deserialize as _, Deserializer, Serializer, de};

const WORDS: [(Direction, &str); 4] =
    [(Direction::Higher, "higher"), (Direction::Lower, "lower"), (Direction::NearFair, "near-fair"), (Direction::Describes, "describes")];

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
pub(super) fn serialize<S: Serializer>(direction: &Direction, serializer: S) -> Result<S::Ok, S::Error> {
    let word = WORDS.iter().find(|(known, _)| known == direction).map_or("describes", |(_, word)| word);
    serializer.serialize_str(word)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Direction, D::Error> {
    let word = String::deserialize(deserializer)?;
    let known = WORDS.iter().find(|(_, known)| *known == word).map(|(direction, _)| *direction);
    known.ok_or_else(|| de::Error::unknown_variant(&word, &["higher", "lower", "near-fair", "describes"]))
}
