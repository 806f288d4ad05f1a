//! What happens to a text before it is cut into pieces.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Steps that a model asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "four independent switches of the file format")]
pub struct Spelling {
    /// Leave out control, format and private-use characters, U+0000 and U+FFFD; make every white space a blank.
    pub clean: bool,
    /// Blanks around ideographs, so that each is a word.
    pub ideographs: bool,
    /// Decompose (NFD) and leave out the combining marks of category Mn. Hangul falls apart into its letters.
    pub strip_accents: bool,
    /// Lower case, character by character.
    pub lowercase: bool,
}

impl Spelling {
    /// The text as the model wants it.
    pub fn apply(&self, text: &str) -> String {
        let mut spelled = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                _ if self.clean && is_dropped(character) => {}
                _ if self.clean && character.is_whitespace() => spelled.push(' '),
                _ if self.ideographs && is_ideograph(character) => spelled.extend([' ', character, ' ']),
                _ => spelled.push(character),
            }
        }
        if self.strip_accents {
            spelled = spelled.nfd().filter(|character| character.general_category() != GeneralCategory::NonspacingMark).collect();
        }
        if self.lowercase {
            // Not `str::to_lowercase`, which knows the Greek final sigma; the models' tokenizers do not.
            spelled = spelled.chars().flat_map(char::to_lowercase).collect();
        }
        spelled
    }
}

/// Hands each word to `each`: runs between white space, punctuation marks one by one.
pub(super) fn words<'a>(text: &'a str, mut each: impl FnMut(&'a str)) {
    for run in text.split_whitespace() {
        let mut begin = 0;
        for (place, character) in run.char_indices().filter(|(_, character)| is_punctuation(*character)) {
            let end = place + character.len_utf8();
            if place > begin {
                each(&run[begin..place]);
            }
            each(&run[place..end]);
            begin = end;
        }
        if begin < run.len() {
            each(&run[begin..]);
        }
    }
}

fn is_dropped(character: char) -> bool {
    use GeneralCategory::{Control, Format, PrivateUse};
    match character {
        '\t' | '\n' | '\r' => false,
        '\u{fffd}' => true,
        _ => matches!(character.general_category(), Control | Format | PrivateUse),
    }
}

fn is_punctuation(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_punctuation();
    }
    character.general_category_group() == GeneralCategoryGroup::Punctuation
}

/// The ranges that BERT's tokenizer names; Hangul, Hiragana and Katakana are written with blanks or stay together.
fn is_ideograph(character: char) -> bool {
    matches!(u32::from(character),
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x20000..=0x2A6DF | 0x2A700..=0x2B73F | 0x2B740..=0x2B81F | 0x2B920..=0x2CEAF | 0xF900..=0xFAFF
            | 0x2F800..=0x2FA1F)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Spelling = Spelling { clean: true, ideographs: true, strip_accents: false, lowercase: false };

    #[test]
    fn each_step_alone() {
        assert_eq!(PLAIN.apply("a\u{200b}\t\u{0}b\u{fffd}\u{e000}É"), "a bÉ");
        assert_eq!(PLAIN.apply("x中y"), "x 中 y");
        assert_eq!(Spelling { strip_accents: true, ..PLAIN }.apply("Ése"), "Ese");
        assert_eq!(Spelling { lowercase: true, ..PLAIN }.apply("ÉΣ"), "éσ");
        let off = Spelling { clean: false, ideographs: false, ..PLAIN };
        assert_eq!(off.apply("a\u{0}中\u{200b}"), "a\u{0}中\u{200b}");
    }

    #[test]
    fn words_and_marks() {
        let mut found = Vec::new();
        words(" it's  -- „so“ ", |word| found.push(word));
        assert_eq!(found, ["it", "'", "s", "-", "-", "„", "so", "“"]);
    }
}
